"""Feedback laws: what they remember, their bounds, and where they come to rest."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.gans.controllers import (
    CONTROLLERS,
    FASTEST,
    HOLD,
    INTERVAL,
    LEAST_RATIO,
    MAX_CRITIC_STEPS,
    MOST_STRENGTH,
    PENALTIES,
    SLOWEST,
    SPEED,
    TARGET,
    WARM_UP,
    WINDOW,
    gap_factor,
)
from gan_oversampler.gans.signals import Signals, deviation
from tests.populations import one

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
    assert set(CONTROLLERS[name].logged) <= set(after)


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
    "critic_steps": (0, MAX_CRITIC_STEPS),
    "strength": (0, MOST_STRENGTH),
    "penalty": PENALTIES,
    "adversarial": (0, 1),
    "restarts": (0, math.inf),
    "collapsed": (0, 1),
}


@pytest.mark.parametrize("name", ALL)
@given(script=st.lists(SIGNALS, min_size=1, max_size=12))
def test_outputs_stay_within_their_bounds(name, script):
    for numbers in _run(name, script):
        for output in CONTROLLERS[name].logged:
            low, high = BOUNDS[output]
            assert low * (1 - 1e-6) <= numbers[output] <= high * (1 + 1e-6)


# --- set-points


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


def test_the_adversarial_term_fades_in_and_out_again_as_far_as_the_critic_is_too_sure():
    factors = [numbers["adversarial"] for numbers in _run("fade", [{"confidence": 0.0}] * WARM_UP)]
    assert factors == pytest.approx([(i + 1) / WARM_UP for i in range(WARM_UP)])
    assert _last("fade", [{"confidence": TARGET}] * 400)["adversarial"] == pytest.approx(1)
    assert _last("fade", [{"confidence": (1 + TARGET) / 2}] * 400)["adversarial"] == pytest.approx(
        0.5, abs=1e-4
    )
    assert _last("fade", [{"confidence": 1.0}] * 400)["adversarial"] == pytest.approx(0, abs=1e-4)


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
