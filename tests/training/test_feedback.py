"""Feedback at work: what controllers adjust in a step, members that decide alone, restarts, and the log."""

from dataclasses import replace

import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.controllers import CONTROLLERS, MAX_CRITIC_STEPS, WINDOW
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.parts import Critic
from gan_oversampler.gans.signals import Signals
from gan_oversampler.gans.validation import validated
from gan_oversampler.training.augmentation import Augmentation
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.feedback import Feedback, streams_of_active
from gan_oversampler.training.members import Member
from tests.populations import (
    CPU,
    cohort_of,
    crowd_of,
    differences,
    fold_data,
    next_batch,
    numbers_of,
    one,
    plain_data,
    population_of,
    randn,
    small,
    stream_of,
)
from tests.tables import MIXED

ALL = tuple(CONTROLLERS)


def _gan(family="residual", **changes):
    return validated(small(family, **{"loss": "bce", "critic__penalty": "r1_r2", **changes}))


def _with_memory(cohort, name, **numbers):
    """The state of a cohort whose controller remembers these numbers, of all members or one by one."""
    control_PK = cohort.state.control_PK.clone()
    for column, value in numbers.items():
        control_PK[:, cohort.feedback.columns.index((name, column))] = value
    return replace(cohort.state, control_PK=control_PK)


def _ready(*names, **changes):
    cohort = cohort_of(_gan(controllers=names, **changes))
    return cohort, next_batch(cohort)


# --- what controllers adjust


@pytest.mark.parametrize(
    ("name", "output", "side"),
    [("gap", "critic_rate", "critic"), ("two_time_scale", "generator_rate", "generator")],
)
def test_a_rate_scales_the_step_of_its_side(name, output, side):
    cohort, batch = _ready(name)
    moves = []
    for rate in (1.0, 0.5):
        state = _with_memory(cohort, name, **{output: rate})
        after, _ = getattr(cohort.steps, f"{side}_step")(state, batch, cohort.streams)
        moves.append(getattr(after, side).weights_PN - getattr(state, side).weights_PN)
    torch.testing.assert_close(moves[1], moves[0] / 2, atol=1e-7, rtol=1e-3)
    assert moves[0].abs().max() > 0


def test_the_penalty_has_the_factor_of_its_controller():
    cohort, batch = _ready("r1")
    terms = []
    for factor in (1.0, 3.0):
        _, result = cohort.steps.critic_step(
            _with_memory(cohort, "r1", penalty=factor), batch, cohort.streams
        )
        terms.append(result.total_P - result.loss_P)
    torch.testing.assert_close(terms[1], 3 * terms[0])


def test_the_adversarial_term_has_the_factor_of_its_controller():
    cohort, batch = _ready("fade")
    losses = [
        cohort.steps.generator_step(_with_memory(cohort, "fade", adversarial=factor), batch, cohort.streams)[
            1
        ]
        for factor in (1.0, 0.25, 0.0)
    ]
    torch.testing.assert_close(losses[1], losses[0] / 4)
    assert not losses[2].any()


def test_a_generator_does_not_move_before_the_adversarial_term_fades_in():
    cohort, _ = _ready("fade")
    before = cohort.state.generator.weights_PN
    cohort.advance(1)
    assert torch.equal(cohort.state.generator.weights_PN, before)
    cohort.advance(1)
    assert not torch.equal(cohort.state.generator.weights_PN, before)


def test_the_critic_sees_rows_augmented_with_the_strength_of_its_controller():
    cohort, batch = _ready("ada")
    steps, n = cohort.steps, len(cohort.streams)
    parts = steps.critic.split(cohort.state.critic.weights_PN)
    for strength in (0.0, 0.6):
        state = _with_memory(cohort, "ada", strength=strength)
        augmented = Augmentation(MIXED)(
            batch.real, batch.real, torch.full((n, 1), strength), [stream_of(p) for p in range(n)]
        )
        seen = steps.critic_fn(state, parts, batch, [stream_of(p) for p in range(n)])(batch.real)
        torch.testing.assert_close(seen, steps.critic_fn(state, parts, batch, None)(augmented))
        assert torch.equal(augmented, batch.real) is (strength == 0)


def test_real_rows_are_replaced_by_generated_ones_as_often_as_the_controller_says():
    cohort, _ = _ready("apa")
    real, generated = torch.zeros(2, 4000, 3), torch.ones(2, 4000, 3)
    streams = [stream_of(p) for p in range(2)]
    for chance in (0.0, 0.3):
        state = _with_memory(cohort, "apa", strength=chance)
        rows = cohort.feedback.real_rows(real, lambda: generated, state, streams)
        assert rows.mean(1)[:, 0].tolist() == pytest.approx([chance] * 2, abs=0.03)
        assert (rows == rows[..., :1]).all()


def test_factors_of_several_controllers_are_multiplied_and_are_1_without_any():
    cohort, _ = _ready("gap", "r1")
    state = _with_memory(cohort, "gap", critic_rate=0.5)
    assert cohort.feedback.factor(state, "critic_rate").unique().tolist() == [0.5]
    assert cohort.feedback.factor(state, "generator_rate").unique().tolist() == [1.0]
    again = cohort.feedback
    again.columns = [*again.columns, ("gap", "critic_rate")]
    assert again.factor(state, "critic_rate").unique().tolist() == [0.25]


# --- pacing


@pytest.mark.parametrize("critic_steps", [1, 7])
def test_a_pace_begins_with_the_users(critic_steps):
    feedback = Feedback(GAN(controllers=("pacing",), critic=Critic(steps=critic_steps)), MIXED)
    start = feedback.start_K[None]
    assert feedback.read(start, "pacing", "critic_steps").item() == critic_steps
    assert feedback.read(start, "pacing", "most").item() == max(MAX_CRITIC_STEPS, critic_steps)


def test_critics_take_as_many_steps_as_their_controllers_say():
    """The powers of Adam's decay rates count the updates of every member."""
    members = [Member(0, p, _gan(controllers=("pacing",)), fold_data(p), Streams(p)) for p in range(4)]
    cohort, paces = Cohort(members, CPU), [0, 1, 2, 5]
    cohort.state = _with_memory(cohort, "pacing", critic_steps=torch.tensor(paces), wait=9.0)
    cohort.advance(1)
    decay_P = cohort.state.critic.moments.decay_P2[:, 1]
    assert decay_P.tolist() == pytest.approx([0.99**n for n in paces])


def test_a_critic_at_rest_keeps_all_its_numbers():
    cohort, _ = _ready("pacing")
    cohort.advance(2)
    cohort.state = _with_memory(cohort, "pacing", critic_steps=0.0, wait=5.0)
    before = cohort.state
    losses = cohort.advance(3)
    changed = differences(before, cohort.state)
    assert not [path for path in changed if path.startswith("critic.")]
    assert "generator.weights_PN" in changed
    assert losses[0, 0] > 0


def test_streams_of_members_that_rest_stay_where_they_are():
    streams = [stream_of(p) for p in range(3)]
    active = streams_of_active(streams, [1])
    assert active[0] is streams[0]
    assert active[2] is streams[2]
    torch.rand(5, generator=active[1])
    assert torch.equal(streams[1].get_state(), stream_of(1).get_state())


# --- memory


def test_the_order_of_the_names_does_not_matter():
    first, second = (Feedback(GAN(controllers=names), MIXED) for names in (ALL, ALL[::-1]))
    assert first.columns == second.columns
    assert torch.equal(first.start_K, second.start_K)


def test_a_buffer_of_memory_is_updated_controller_by_controller():
    feedback = Feedback(GAN(controllers=ALL), MIXED)
    fields = ("critic", "generator", "gap", "accuracy", "confidence", "spread", "variety")
    signals = Signals(**{name: one(0.3 + 0.1 * i) for i, name in enumerate(fields)})
    after = feedback.control_after(feedback.start_K[None], signals)
    assert after.shape == (1, len(feedback.columns))
    for name in ALL:
        start = {
            column: feedback.read(feedback.start_K[None], name, column) for column in CONTROLLERS[name].start
        }
        for column, value in CONTROLLERS[name].update(start, signals).items():
            assert torch.equal(feedback.read(after, name, column), value)


def test_changes_worth_a_line_are_logged_with_their_description():
    feedback = Feedback(GAN(controllers=("gap", "pacing")), MIXED)
    before, after = feedback.start_K, feedback.start_K.clone()
    after[feedback.columns.index(("gap", "gap"))] = 7.0  # no output
    after[feedback.columns.index(("gap", "critic_rate"))] = 1.05
    assert feedback.decisions(before, after) == []
    after[feedback.columns.index(("gap", "critic_rate"))] = 1.5
    after[feedback.columns.index(("pacing", "critic_steps"))] = 0.0
    assert feedback.decisions(before, after) == [
        ("gap", "factor of the critic's rate 1 -> 1.5"),
        ("pacing", "critic steps 1 -> 0"),
    ]


@pytest.mark.parametrize("names", [(), ("gap",), ("collapse",)], ids=str)
def test_members_whose_rows_are_all_alike_are_found_by_the_controller_that_looks(names):
    cohort, _ = _ready(*names)
    if names == ("collapse",):
        cohort.state = _with_memory(cohort, "collapse", collapsed=1.0)
    assert cohort.collapsed()[0] is (names == ("collapse",))


# --- members decide alone


STRONG_CRITIC = {"critic__learning_rate": 0.03, "critic__penalty_weight": 0.01, "critic__widths": (32,)}
NOISY = {
    "generator__widths": (16, 8),
    "generator__norm": "batch",
    "critic__dropout": 0.25,
    "critic__widths": (32, 16),
    "critic__label_noise": 0.1,
}
# every controller by itself once, and all of them with all that draws random numbers
DECIDING = {
    **{name: _gan(controllers=(name,), **STRONG_CRITIC) for name in ALL},
    "noisy": _gan(controllers=ALL, **STRONG_CRITIC | NOISY),
    "guided": _gan("guided", controllers=ALL),
}


@pytest.mark.parametrize("name", sorted(DECIDING))
def test_a_member_decides_the_same_whoever_is_beside_it(name):
    gan = DECIDING[name]
    crowds = crowd_of(gan, "border", "bootstrap"), crowd_of(gan, "translation", "star")
    populations = [population_of(crowd, (0, None)) for crowd in crowds]
    for population in populations:
        population.advance(16)
        population.drop(0)
        population.advance(6)
    assert not differences(*(numbers_of(population, 1) for population in populations))
    if gan.family == "residual":
        mine, others = ([e for e in p.events if e.gan == gan.label] for p in populations)
        assert mine == others


# --- restarts


STUCK = _gan(controllers=("reset",), critic__learning_rate=1e-9, generator__learning_rate=1e-9)


def _saturate(cohort, p):
    """Make a critic call every row real."""
    cohort.state.critic.weights_PN[p] = 0.0
    cohort.steps.critic.split(cohort.state.critic.weights_PN)[-1][p] = 5.0


def test_members_that_begin_anew_do_so_alone():
    population = population_of(crowd_of(STUCK, "border", "star"))
    bystander = population_of(crowd_of(STUCK, "border", "star"))
    _saturate(population.cohorts[0], 1)
    for some in (population, bystander):
        some.advance(WINDOW + 3)
    assert [event.decision for event in population.events] == ["restarts 0 -> 1"]
    assert not bystander.events
    for p in (0, 2):
        assert not differences(numbers_of(population, p), numbers_of(bystander, p))


def test_a_fresh_start_has_other_weights_no_memory_and_the_rates_of_before():
    cohort = cohort_of(STUCK)
    first = cohort.state.critic.weights_PN[0].clone()
    _saturate(cohort, 0)
    cohort.state.rate_P1[0] = 0.5
    cohort.advance(WINDOW + 1)
    assert cohort.state.critic.weights_PN[0].abs().sum() > 1
    assert not torch.equal(cohort.state.critic.weights_PN[0], first)
    assert (cohort.state.critic.moments.decay_P2[0] == 1).all()
    assert cohort.state.rate_P1[0].item() == 0.5
    remembered = dict(zip(cohort.feedback.columns, cohort.state.control_PK[0].tolist(), strict=True))
    assert remembered.pop(("reset", "restarts")) == 1
    assert not any(remembered.values())


# --- what they are for


def _two_clusters(seed, **changes):
    """A critic with ten times its usual rate, and rows that its generator does not reach soon."""
    rows = 0.1 * randn(24, 2) + torch.tensor([[3.0, 0.0], [-3.0, 1.0]]).repeat(12, 1)
    rates = {"generator__learning_rate": 1e-3, "critic__learning_rate": 1e-2, "critic__penalty_weight": 0.01}
    gan = _gan("classic", generator__widths=(16,), **rates, **changes)
    return cohort_of(gan, plain_data(rows.numpy()), seed)


def test_a_critic_too_strong_ends_closer_to_equilibrium_with_a_controller():
    def distance(seed, *controllers):
        cohort = _two_clusters(seed, controllers=controllers)
        cohort.advance(90)
        return abs(cohort.advance(20)[0, 0].item() / 20 - LOSSES["bce"].equilibrium)

    without, gap, pacing = (
        torch.tensor([distance(seed, *names) for seed in range(5)]) for names in ((), ("gap",), ("pacing",))
    )
    assert (gap < without).all()
    assert pacing.mean() < without.mean()
