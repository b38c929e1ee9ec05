"""Which candidate is kept, in numbers small enough to check by hand."""

import math

import numpy as np
import pytest

from gan_oversampler.selection import choose, standard_error
from gan_oversampler.training.loop import Candidate, Scored
from gan_oversampler.training.members import Snapshot


class Broken(Snapshot):
    finite = False

    def __init__(self):
        pass


def _scored(specification, step, *utilities, broken=False):
    snapshots = {None: Broken()} if broken else {}
    return Scored(Candidate(specification, step, snapshots), np.array(utilities, float), False, 0, 0.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 3], 1.0), ([0, 2, 4], 2 / math.sqrt(3)), ([5, 5, 5], 0.0), ([7], 0.0), ([1, 1, 1, 5], 1.0)],
)
def test_standard_error_of_a_mean(values, expected):
    assert standard_error(np.array(values, float)) == pytest.approx(expected)


def test_training_must_gain_more_than_two_standard_errors():
    start = _scored(0, 0, 1.0, 2.0)
    # Gains (3, 5): mean 4, standard error 1. Gains (1, 3): mean 2, standard error 1.
    sure, unsure = _scored(0, 50, 4.0, 7.0), _scored(0, 50, 2.0, 5.0)
    assert choose([start, sure]) is sure
    assert choose([start, unsure]) is start


def test_all_steps_say_how_much_gains_scatter():
    # The best step gains 3 in both folds; another one gains 0 and 6, a standard error of 3.
    start, best, erratic = _scored(0, 0, 0, 0), _scored(0, 50, 3, 3), _scored(0, 100, 0, 6)
    assert choose([start, best]) is best
    assert choose([start, best, erratic]) is start


def test_gains_are_paired_over_the_folds():
    # The folds differ by 100, the steps by 1 in each: unpaired, nothing would be sure.
    start, later = _scored(0, 0, 0.0, 100.0), _scored(0, 50, 1.0, 101.0)
    assert choose([start, later]) is later


def test_the_best_step_stands_for_its_specification():
    entries = [_scored(0, 0, 1, 1), _scored(0, 10, 5, 5), _scored(0, 20, 3, 3)]
    assert choose(entries) is entries[1]


def test_equal_steps_go_to_the_earlier():
    entries = [_scored(0, 0, 1, 1), _scored(0, 10, 5, 5), _scored(0, 20, 5, 5)]
    assert choose(entries) is entries[1]
    assert choose([entries[0], _scored(0, 10, 1, 1)]) is entries[0]


def test_the_highest_mean_wins_among_specifications():
    entries = [_scored(0, 0, 1, 1), _scored(1, 0, 2, 2), _scored(2, 0, 0, 0)]
    assert choose(entries) is entries[1]


def test_equal_specifications_go_to_the_earlier():
    entries = [_scored(0, 0, 0, 0), _scored(1, 0, 2, 2), _scored(2, 0, 2, 2)]
    assert choose(entries) is entries[1]


def test_a_gain_that_was_not_earned_does_not_win_against_others():
    lucky, steady = [_scored(0, 0, 1, 2), _scored(0, 50, 1, 4)], _scored(1, 0, 2, 2)
    assert choose([*lucky, steady]) is steady


def test_a_single_fold_knows_no_error():
    entries = [_scored(0, 0, 1.0), _scored(0, 50, 1.1)]
    assert choose(entries) is entries[1]


@pytest.mark.parametrize(
    "useless", [_scored(0, 0, math.nan), _scored(0, 0, math.inf, 1), _scored(0, 0, 9, 9, broken=True)]
)
def test_candidates_without_a_finite_score_or_weights_are_passed_over(useless):
    good = _scored(1, 0, -3, -3)
    assert choose([useless, good]) is good
    with pytest.raises(ValueError, match="finite"):
        choose([useless])


def test_nothing_to_choose_from_is_an_error():
    with pytest.raises(ValueError, match="finite"):
        choose([])
