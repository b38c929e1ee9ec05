"""Feedback laws at their set-points, rows as a critic sees them, and members that decide alone."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler import GAN
from gan_oversampler.gans.controllers import (
    CONTROLLERS,
    FASTEST,
    HOLD,
    INTERVAL,
    LEAST_RATIO,
    MOST_STEPS,
    MOST_STRENGTH,
    PENALTIES,
    SLOWEST,
    SPEED,
    TARGET,
    WARM_UP,
    WINDOW,
    gap_factor,
)
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.signals import Signals, deviation
from gan_oversampler.training.control import Control
from tests.populations import cohort_of, differences, numbers_of, one, plain_pool, pool_of, population_of

HEALTHY = {
    "critic": 0.7,
    "generator": 0.7,
    "gap": 0.0,
    "accuracy": 0.65,
    "confidence": 0.3,
    "spread": 1.0,
    "variety": 1.0,
}
ALL = tuple(CONTROLLERS)
SHAPE = {"widths": (16,), "batch_size": 32, "penalty": "r1_r2", "loss": "bce"}
STRONG_CRITIC = {**SHAPE, "critic_learning_rate": 0.03, "penalty_weight": 0.01, "critic_widths": (32,)}


def _run(name, script):
    """Numbers that a controller remembers after each step of a script of signals."""
    memory = {column: one(start) for column, start in CONTROLLERS[name].start.items()}
    for signals in script:
        seen = Signals(**{key: one(value) for key, value in {**HEALTHY, **signals}.items()})
        memory = CONTROLLERS[name].update(memory, seen)
        yield {column: value.item() for column, value in memory.items()}


def _last(name, script):
    return list(_run(name, script))[-1]


# --- laws over the registry


@pytest.mark.parametrize("name", ALL)
def test_a_controller_remembers_what_it_says_and_no_more(name):
    (after,) = _run(name, [{}])
    assert set(after) == set(CONTROLLERS[name].start)
    assert set(CONTROLLERS[name].told) <= set(after)


NUMBERS = st.floats(-3, 3, width=32)
SIGNALS = st.fixed_dictionaries(
    {
        "critic": NUMBERS,
        "generator": NUMBERS,
        "gap": st.floats(-50, 50, width=32),
        "accuracy": st.floats(0, 1, width=32),
        "confidence": st.floats(-1, 1, width=32),
        "spread": st.floats(0, 4, width=32),
        "variety": st.floats(0, 4, width=32),
    }
)
BOUNDS = {
    "critic_rate": (SLOWEST, FASTEST),
    "generator_rate": (LEAST_RATIO, 1.0),
    "critic_steps": (0, MOST_STEPS),
    "strength": (0, MOST_STRENGTH),
    "penalty": PENALTIES,
    "pull": (0, 1),
    "restarts": (0, math.inf),
    "collapsed": (0, 1),
}


@pytest.mark.parametrize("name", ALL)
@given(script=st.lists(SIGNALS, min_size=1, max_size=12))
def test_outputs_stay_within_their_bounds(name, script):
    for numbers in _run(name, script):
        for output in CONTROLLERS[name].told:
            low, high = BOUNDS[output]
            assert low * (1 - 1e-6) <= numbers[output] <= high * (1 + 1e-6)


# --- set-points


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.equilibrium is not None])
def test_an_equilibrium_is_the_least_loss_of_a_critic_that_cannot_tell(name):
    outputs = torch.linspace(-3, 3, 6001)[:, None]
    least = LOSSES[name].critic(outputs, outputs).min().item()
    assert LOSSES[name].equilibrium == pytest.approx(least, abs=1e-5)


@pytest.mark.parametrize(
    "name", [n for n, loss in LOSSES.items() if loss.ratio and loss.threshold is not None]
)
def test_a_threshold_is_where_real_and_new_rows_are_equally_likely(name):
    assert LOSSES[name].ratio(torch.tensor(LOSSES[name].threshold)).item() == pytest.approx(1)


@pytest.mark.parametrize("name", sorted(DIVERGENCES))
def test_the_middle_of_a_critic_lies_at_the_threshold_of_its_divergence(name):
    divergence = DIVERGENCES[name]
    middle = divergence.activation(torch.tensor(divergence.middle)).item()
    assert middle == pytest.approx(divergence.threshold, abs=1e-4)


@pytest.mark.parametrize("equilibrium", [0.0, 0.25, 2.0])
def test_a_critic_is_sped_up_above_its_equilibrium_and_slowed_down_below(equilibrium):
    width = 0.1 * (equilibrium or 1.0)
    losses = torch.tensor([[equilibrium + k * width] for k in (-2, -1, -0.5, 0, 0.5, 1, 2)])
    factors = gap_factor(deviation(losses, equilibrium))[:, 0].tolist()
    expected = [0.1, 0.1, 0.1**0.5, 1, 2**0.5, 2, 2]
    assert factors == pytest.approx(expected, rel=1e-4)


def test_the_factor_of_a_gap_increases():
    factors = gap_factor(torch.linspace(-1, 1, 101)[:, None])[:, 0]
    assert (factors.diff() > 0).all()


def test_a_generator_that_changes_faster_is_slowed_down_and_freed_again():
    moving = [{"generator": 0.7 + 0.1 * (-1) ** i} for i in range(200)]
    assert _last("two_time_scale", moving)["generator_rate"] == pytest.approx(LEAST_RATIO)
    freed = [{"critic": 0.7 + 0.1 * (-1) ** i} for i in range(200)]
    assert _last("two_time_scale", moving + freed)["generator_rate"] == 1.0


def _paces(accuracies):
    return [numbers["critic_steps"] for numbers in _run("pacing", [{"accuracy": a} for a in accuracies])]


def test_the_pace_follows_a_script_with_hysteresis():
    # A running mean of decay .9 that starts at .675: 1 exceeds .8 at the fifth step; after that 0.675 takes
    # the mean down for ever nearer to the middle, where a critic at rest does not wake; 0.6 wakes it.
    paces = _paces([1.0] * 5 + [0.68] * 30 + [0.6] * 30)
    assert paces[:4] == [1] * 4
    assert paces[4:35] == [0] * 31
    woken = paces.index(1, 5)
    assert 35 <= woken < 40
    assert paces[woken:] == [1] * (65 - woken)


def test_the_pace_moves_one_step_at_a_time_and_then_holds():
    paces = _paces([0.0] * 60)
    moves = [i for i in range(1, 60) if paces[i] != paces[i - 1]]
    assert [paces[i] for i in moves] == [2, 3, 4, 5]
    assert {b - a for a, b in itertools.pairwise(moves)} == {HOLD}
    assert _paces([0.675] * 60) == [1] * 60


@pytest.mark.parametrize("name", ["ada", "apa"])
def test_strength_rises_above_the_target_and_falls_below(name):
    rising = [numbers["strength"] for numbers in _run(name, [{"confidence": TARGET + 0.1}] * 3 * INTERVAL)]
    assert rising[INTERVAL - 2 : INTERVAL] == pytest.approx([0, INTERVAL * SPEED])
    assert rising[-1] == pytest.approx(3 * INTERVAL * SPEED)
    up_and_down = [{"confidence": 0.9}] * 80 + [{"confidence": 0.1}] * 80
    strengths = [numbers["strength"] for numbers in _run(name, up_and_down)]
    assert max(strengths) == pytest.approx(MOST_STRENGTH)
    assert strengths[-1] == 0


def test_the_critic_is_let_in_gradually_and_out_where_it_is_too_sure():
    pulls = [numbers["pull"] for numbers in _run("fade", [{"confidence": 0.0}] * WARM_UP)]
    assert pulls == pytest.approx([(i + 1) / WARM_UP for i in range(WARM_UP)])
    assert _last("fade", [{"confidence": TARGET}] * 400)["pull"] == pytest.approx(1)
    assert _last("fade", [{"confidence": (1 + TARGET) / 2}] * 400)["pull"] == pytest.approx(0.5, abs=1e-4)
    assert _last("fade", [{"confidence": 1.0}] * 400)["pull"] == pytest.approx(0, abs=1e-4)


def test_a_critic_that_is_not_let_in_moves_no_generator():
    cohort = cohort_of(GAN(**SHAPE, controllers=("fade",)), pool_of())
    before = cohort.state.generator_PN.clone()
    cohort.advance(1)
    assert torch.equal(cohort.state.generator_PN, before)
    cohort.advance(1)
    assert not torch.equal(cohort.state.generator_PN, before)


def test_the_penalty_rests_at_the_target():
    assert _last("r1", [{"confidence": TARGET}] * 50)["penalty"] == pytest.approx(1)
    up = _last("r1", [{"confidence": 1.0}] * 10)["penalty"]
    down = _last("r1", [{"confidence": 0.2}] * 10)["penalty"]
    assert up == pytest.approx(math.exp(0.05 * 0.4 * 10))
    assert up * down == pytest.approx(1)


def test_members_begin_anew_only_where_still_losses_are_far_from_equilibrium():
    stuck = [numbers["restarts"] for numbers in _run("reset", [{"gap": -4.0}] * (2 * WINDOW + 2))]
    assert stuck == [0] * WINDOW + [1] * (WINDOW + 1) + [2]
    assert _last("reset", [{}] * 3 * WINDOW)["restarts"] == 0
    moving = [{"gap": -4.0, "critic": 0.5 + 0.2 * (-1) ** i} for i in range(3 * WINDOW)]
    assert _last("reset", moving)["restarts"] == 0


def test_collapse_is_noticed_and_passes():
    assert _last("collapse", [{"spread": 0.0}] * 30)["collapsed"] == 1
    assert _last("collapse", [{"variety": 1 / 32}] * 30)["collapsed"] == 1
    assert _last("collapse", [{"spread": 0.5, "variety": 0.8}] * 200)["collapsed"] == 0
    assert _last("collapse", [{"spread": 0.0}] * 30 + [{}] * 5)["collapsed"] == 0


# --- members decide alone


def _crowd(**changes):
    bases = ["border", "bootstrap", "translation", "star", "local_gaussian"] * 3
    return [GAN(base=base, **changes) for base in bases]


NOISY = {"batch_norm": True, "critic_dropout": 0.25, "label_noise": 0.1, "widths": (16, 8)}
# every controller by itself once, and all of them with all that draws random numbers
SETTINGS = [
    *({**STRONG_CRITIC, "controllers": (name,)} for name in ALL),
    {**STRONG_CRITIC, "controllers": ALL, **NOISY},
    {"family": "guided", "widths": (16,), "batch_size": 32, "controllers": ALL},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: f"{len(s)}-{'-'.join(s['controllers'])}")
def test_a_member_decides_the_same_alone_and_among_sixteen(settings):
    gan, crowd = GAN(**settings).validate(), _crowd(**settings)
    alone, among = population_of([gan]), population_of([*crowd[:7], gan, *crowd[7:]])
    for population in (alone, among):
        population.advance(16)
    for dropped in range(4, 7):
        among.drop(dropped)
    for population in (alone, among):
        population.advance(6)
    assert not differences(numbers_of(alone, 0), numbers_of(among, 7))
    assert set(alone.events) <= set(among.events)


def test_members_that_begin_anew_do_so_alone():
    settings = {**SHAPE, "controllers": ("reset",), "critic_learning_rate": 1e-9, "learning_rate": 1e-9}
    gan, crowd = GAN(**settings), _crowd(**settings)[:4]
    alone, among = population_of([gan]), population_of([*crowd[:2], gan, *crowd[2:]])
    for population, p in ((alone, 0), (among, 2)):
        _saturate(population.cohorts[0], p)
        population.advance(WINDOW + 3)
    assert [event.decision for event in alone.events] == ["restarts 0 -> 1"]
    assert [event.decision for event in among.events] == ["restarts 0 -> 1"]
    assert not differences(numbers_of(alone, 0), numbers_of(among, 2))


def _saturate(cohort, p):
    """A critic that calls every row real, whatever it is."""
    cohort.state.critic_PN[p] = 0.0
    cohort.critic.split(cohort.state.critic_PN)[-1][p] = 5.0


def test_a_fresh_start_is_fresh():
    cohort = cohort_of(
        GAN(**SHAPE, controllers=("reset",), critic_learning_rate=1e-9, learning_rate=1e-9), pool_of()
    )
    _saturate(cohort, 0)
    cohort.state.rate_P1[0] = 0.5
    cohort.advance(WINDOW + 1)
    assert cohort.state.critic_PN[0].abs().sum() > 1
    assert (cohort.state.critic_decay_P2[0] == 1).all()
    assert cohort.state.rate_P1[0].item() == 0.5
    other = GAN(**SHAPE, controllers=("reset",))
    first = cohort_of(other, pool_of()).state.critic_PN[0]
    assert not torch.equal(cohort.state.critic_PN[0], first)


@pytest.mark.parametrize("name", sorted(set(ALL) - {"reset", "collapse"}))
def test_a_controller_changes_what_a_strong_critic_learns(name):
    without, changed = (_two_clusters(0, controllers=names) for names in ((), (name,)))
    for cohort in (without, changed):
        cohort.advance(40)
    assert not torch.equal(without.state.critic_PN[0], changed.state.critic_PN[0])
    assert not torch.equal(without.state.generator_PN[0], changed.state.generator_PN[0])


def test_the_order_of_the_names_does_not_matter():
    first, second = (Control(GAN(controllers=names)) for names in (ALL, ALL[::-1]))
    assert first.columns == second.columns


def test_a_pace_begins_with_the_users():
    control = Control(GAN(critic_steps=7, controllers=("pacing",)))
    assert control.read(control.start[None], "pacing", "critic_steps").item() == 7
    assert control.read(control.start[None], "pacing", "most").item() == 7


def test_a_critic_at_rest_keeps_all_its_numbers():
    cohort = cohort_of(GAN(**SHAPE, controllers=("pacing",)), pool_of())
    cohort.advance(2)
    k = cohort.control.columns.index(("pacing", "critic_steps"))
    cohort.state.control_PK[:, k] = 0.0
    cohort.state.control_PK[:, cohort.control.columns.index(("pacing", "wait"))] = 5.0
    before = cohort.state.take(range(2))
    losses = cohort.advance(3)
    changed = differences(before, cohort.state)
    assert not {"critic_PN", "critic_moments_P2N", "critic_decay_P2"} & set(changed)
    assert "generator_PN" in changed
    assert losses[0, 0] > 0


# --- what they are for


def _two_clusters(seed, **changes):
    """A critic with ten times its usual rate, and rows that its generator does not reach soon."""
    noise = torch.randn(24, 2, generator=torch.Generator().manual_seed(0))
    rows = 0.1 * noise + torch.tensor([[3.0, 0.0], [-3.0, 1.0]]).repeat(12, 1)
    settings = {**SHAPE, "penalty_weight": 0.01, "learning_rate": 1e-3, "critic_learning_rate": 1e-2}
    return cohort_of(GAN("classic", **{**settings, **changes}).validate(), plain_pool(rows.numpy()), seed)


def test_a_critic_too_strong_ends_closer_to_equilibrium_with_a_controller():
    def distance(seed, *controllers):
        cohort = _two_clusters(seed, controllers=controllers)
        cohort.advance(90)
        return abs(cohort.advance(20)[0, 0].item() - LOSSES["bce"].equilibrium)

    without, gap, pacing = (
        torch.tensor([distance(seed, *names) for seed in range(5)]) for names in ((), ("gap",), ("pacing",))
    )
    assert (gap < without).all()
    assert pacing.mean() < without.mean()


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"controllers": ("gapp",)}, "Unknown controller 'gapp'. Did you mean 'gap'"),
        ({"controllers": ("pacing",), "forces": {}}, "only under the force 'adversarial'"),
        ({"controllers": ("ada",), "family": "guided", "forces": {"utility": 1.0}}, "leave the controllers"),
        ({"controllers": ("r1",), "penalty": "none"}, "penalty='r1_r2'"),
        ({"controllers": ("r1",), "loss": "bce"}, "there is none"),
        ({"controllers": ("r1",), "penalty_weight": 0}, "there is none"),
        ({"controllers": ("gap", "gap")}, "different names"),
        ({"controllers": ("gap", None)}, "by its name, a string"),
        ({"controllers": (["gap"],)}, "by its name, a string"),
        ({"controllers": "gap"}, "must be an instance of 'tuple'"),
    ],
)
def test_controllers_that_could_do_nothing_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        GAN(**changes).validate()


@pytest.mark.parametrize("loss", sorted(name for name, game in LOSSES.items() if game.equilibrium is None))
@pytest.mark.parametrize("name", ["gap", "reset"])
def test_distances_from_equilibrium_needone(name, loss):
    with pytest.raises(ValueError, match=rf"equilibrium is known\. Got loss='{loss}'"):
        GAN(loss=loss, controllers=(name,)).validate()
