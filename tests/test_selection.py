"""Which candidate is kept, in numbers small enough to check by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.nn.generator import Snapshot
from gan_oversampler.selection.choice import better_baseline, choose, choose_ratio, gain_over, standard_error
from gan_oversampler.selection.history import reason
from gan_oversampler.training.loop import Candidate, Scored


class Broken(Snapshot):
    finite = False

    def __init__(self):
        pass


def _scored(specification, step, *utilities, broken=False):
    snapshots = {None: Broken()} if broken else {}
    return Scored(Candidate(specification, step, snapshots), np.array(utilities, float), False, 0, 0.0)


def _chosen(entries, *proofs, kinds=None):
    """All specifications need two standard errors unless told otherwise."""
    n = 1 + max((entry.candidate.specification for entry in entries), default=0)
    return choose(entries, proofs or [2.0] * n, kinds)


def _best(entries, *proofs):
    return _chosen(entries, *proofs).best


def _steps(choice):
    return [entry.candidate.step for entry in choice.mixture]


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
    assert _best([start, sure]) is sure
    assert _best([start, unsure]) is start


def test_proof_is_how_many_standard_errors_a_gain_must_exceed():
    # Gains (1, 3): mean 2, standard error 1.
    start, later = _scored(0, 0, 1.0, 2.0), _scored(0, 50, 2.0, 5.0)
    assert _best([start, later], 2.0) is start
    assert _best([start, later], 1.9) is later


def test_without_proof_any_gain_counts():
    start, erratic = _scored(0, 0, 0.0, 0.0), _scored(0, 50, -9.0, 9.1)
    assert _best([start, erratic], 0.0) is erratic
    assert _best([start, _scored(0, 50, -9.0, 9.0)], 0.0) is start


def test_below_no_proof_training_counts_although_it_seems_to_lose():
    # Gains (-3, 1): mean -1, standard error 2. Gains (-4, -2): mean -3, standard error 1.
    start, unsure, worse = _scored(0, 0, 4.0, 4.0), _scored(0, 50, 1.0, 5.0), _scored(0, 50, 0.0, 2.0)
    assert _best([start, unsure], -1.0) is unsure
    assert _best([start, unsure], 0.0) is start
    assert _best([start, worse], -1.0) is start
    assert _best([start, _scored(0, 50, 4.0, 4.0)], -1.0) is start


def test_without_its_untrained_score_a_specification_keeps_its_best_step():
    broken = [_scored(0, 0, math.nan, 1.0), _scored(0, 50, 4.0, 4.0), _scored(0, 100, 1.0, 5.0)]
    assert _best(broken, -1.0) is broken[1]


def test_the_first_specification_is_the_first_in_the_list_whatever_was_scored_first():
    noise = _scored(0, 0, 9.0, 9.0)
    noise = replace(noise, candidate=replace(noise.candidate, noise=True))
    other, first = _scored(1, 0, 2.0, 2.0), _scored(0, 50, 2.0, 2.0)
    assert _best([noise, other, first], 0.0, 0.0) is first


def test_a_privileged_first_one_is_not_mixed_with_what_scores_far_higher():
    first, higher = _scored(0, 50, 0.0, 0.0), _scored(1, 50, 5.0, 5.0)
    erratic = _scored(2, 0, -30.0, 9.0)  # gains scatter so much that the second one is not surely better
    choice = _chosen([first, higher, erratic], 0.0, 0.0, 0.0, kinds=("a", "a", "b"))
    assert choice.best is first
    assert choice.mixture == (first,)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([_scored(0, 50, 1, 1), _scored(1, 0, 0, 0)], "best held-out score of all GANs"),
        ([_scored(0, 50, 1, 1), _scored(1, 0, 1, 1)], "best held-out score of all GANs"),
        ([_scored(0, 50, 1, 1), _scored(1, 0, 0, 4)], "no GAN is surely better by its held-out scores"),
        ([_scored(0, 0, math.nan, 1), _scored(0, 50, 1, 1)], "best held-out score of all GANs"),
    ],
)
def test_the_report_says_whether_the_kept_one_has_the_best_score(entries, told):
    choice = _chosen(entries, 0.0, 0.0)
    assert choice.best.candidate.specification == 0
    assert reason(entries, choice, choice.best.utilities, {}).split("; ")[0] == told


def test_noise_is_never_kept_unless_there_is_nothing_else():
    noise = _scored(0, 0, 9.0, 9.0)
    noise = replace(noise, candidate=replace(noise.candidate, noise=True))
    trained = [_scored(0, 50, 2.0, 2.0), _scored(0, 100, 3.0, 3.0)]
    assert _best([noise, *trained], 0.0) is trained[1]
    assert noise not in _chosen([noise, *trained], 0.0).mixture
    assert _best([noise], 0.0) is noise


def test_each_specification_has_its_own_proof():
    starts, gains = [_scored(n, 0, 0, 0) for n in (0, 1)], [_scored(0, 50, 0, 6), _scored(1, 50, 1, 5)]
    assert _best([*starts, *gains], 2.0, 0.0) is gains[1]
    assert _best([*starts, *gains], 0.0, 2.0) is gains[0]


def test_all_steps_say_how_much_gains_scatter():
    # The best step gains 3 in both folds; another one gains 0 and 6, a standard error of 3.
    start, best, erratic = _scored(0, 0, 0, 0), _scored(0, 50, 3, 3), _scored(0, 100, 0, 6)
    assert _best([start, best]) is best
    assert _best([start, best, erratic]) is start


def test_gains_are_paired_over_the_folds():
    # The folds differ by 100, the steps by 1 in each: unpaired, nothing would be sure.
    start, later = _scored(0, 0, 0.0, 100.0), _scored(0, 50, 1.0, 101.0)
    assert _best([start, later]) is later


def test_the_best_step_stands_for_its_specification():
    entries = [_scored(0, 0, 1, 1), _scored(0, 10, 5, 5), _scored(0, 20, 3, 3)]
    assert _best(entries) is entries[1]


def test_equal_steps_go_to_the_earlier():
    entries = [_scored(0, 0, 1, 1), _scored(0, 10, 5, 5), _scored(0, 20, 5, 5)]
    assert _best(entries) is entries[1]
    assert _best([entries[0], _scored(0, 10, 1, 1)]) is entries[0]


def test_the_highest_mean_wins_among_specifications():
    entries = [_scored(0, 0, 1, 1), _scored(1, 0, 2, 2), _scored(2, 0, 0, 0)]
    assert _best(entries) is entries[1]


def test_equal_specifications_go_to_the_earlier():
    entries = [_scored(0, 0, 0, 0), _scored(1, 0, 2, 2), _scored(2, 0, 2, 2)]
    assert _best(entries) is entries[1]


def test_the_first_specification_is_kept_unless_the_best_one_is_surely_better():
    # Gains (0, 2): mean 1, standard error 1. Gains (1, 3): mean 2, standard error 1.
    first, unsure, sure = _scored(0, 0, 1, 1), _scored(1, 0, 1, 3), _scored(1, 0, 2, 4)
    assert _best([first, unsure]) is first
    assert _best([first, sure]) is sure


def test_a_gain_that_was_not_earned_does_not_win_against_others():
    lucky, steady = [_scored(0, 0, 1, 2), _scored(0, 50, 1, 4)], _scored(1, 0, 2, 3)
    assert _best([*lucky, steady]) is steady


def test_a_single_fold_knows_no_error():
    entries = [_scored(0, 0, 1.0), _scored(0, 50, 1.1)]
    assert _best(entries) is entries[1]


@pytest.mark.parametrize(
    "useless", [_scored(0, 0, math.nan), _scored(0, 0, math.inf, 1), _scored(0, 0, 9, 9, broken=True)]
)
def test_candidates_without_a_finite_score_or_weights_are_passed_over(useless):
    good = _scored(1, 0, -3, -3)
    assert _best([useless, good]) is good
    with pytest.raises(ValueError, match="finite"):
        _best([useless])


def test_nothing_to_choose_from_is_an_error():
    with pytest.raises(ValueError, match="finite"):
        _best([])


# --- mixtures


def test_the_mixture_is_what_cannot_be_told_from_the_best():
    # Gains of the best over the others: (0, 0.4), (1, 0) and (2, 2); their standard errors are 0.2, 0.5
    # and 0, together sqrt((0.04 + 0.25 + 0) / 3) = 0.31. Only the first, 0.2 on average, is within that.
    start, best = _scored(0, 0, 3.9, 3.9), _scored(0, 50, 4.0, 4.0)
    others = [_scored(0, 10, 4.0, 3.6), _scored(0, 20, 3.0, 4.0), _scored(0, 60, 2.0, 2.0)]
    choice = _chosen([start, *others[:2], best, others[2]], 0.0)
    assert choice.best is best
    assert _steps(choice) == [10, 50]


def test_the_untrained_one_is_never_mixed_in():
    entries = [_scored(0, 0, 3, 3), _scored(0, 50, 3, 4), _scored(0, 100, 4, 3)]
    choice = _chosen(entries, 0.0)
    assert choice.best is entries[1]
    assert _steps(choice) == [50, 100]


def test_an_untrained_best_stands_alone():
    entries = [_scored(0, 0, 3, 3), _scored(0, 50, 3, 3), _scored(1, 0, 3, 3), _scored(1, 50, 3, 3)]
    assert _chosen(entries).mixture == (entries[0],)


def test_a_best_that_surely_leads_stands_alone():
    entries = [_scored(0, 0, 1, 1), _scored(0, 50, 9, 9), _scored(0, 100, 8, 8)]
    assert _chosen(entries).mixture == (entries[1],)


def test_another_specification_is_mixed_in_only_if_it_is_of_the_same_kind():
    entries = [
        _scored(n, step, score, score) for n, step, score in ((0, 0, 1), (0, 9, 5), (1, 0, 1), (1, 9, 5))
    ]
    assert _chosen(entries).mixture == (entries[1],)
    assert _chosen(entries, 2.0, 2.0, kinds=["a", "b"]).mixture == (entries[1],)
    assert _chosen(entries, 2.0, 2.0, kinds=["a", "a"]).mixture == (entries[1], entries[3])


def test_candidates_that_are_not_finite_are_never_mixed_in():
    start, best = _scored(0, 0, 1, 1), _scored(0, 50, 9, 9)
    useless = [_scored(0, 60, math.nan, 9), _scored(0, 70, 9, 9, broken=True)]
    assert _chosen([start, best, *useless]).mixture == (best,)


UTILITIES = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=2, max_size=2)


@given(
    st.lists(UTILITIES, min_size=1, max_size=5),
    st.lists(UTILITIES, max_size=5),
    st.sampled_from([-1.0, 0.0, 2.0]),
)
def test_a_mixture_is_the_best_and_trained_ones_of_its_specification_in_order(first, second, proof):
    entries = [_scored(n, 10 * i, *u) for n, side in enumerate((first, second)) for i, u in enumerate(side)]
    choice = _chosen(entries, proof, proof)
    assert choice.best in choice.mixture
    assert {entry.candidate.specification for entry in choice.mixture} == {
        choice.best.candidate.specification
    }
    assert _steps(choice) == sorted(_steps(choice))
    assert choice.best.mean == max(entry.mean for entry in choice.mixture)
    assert len(choice.mixture) == 1 or 0 not in _steps(choice)


# --- ratios


def _ratio(**utilities):
    """Utilities by name: ``half=[1, 2]`` and so on."""
    names = {"quarter": 0.25, "half": 0.5, "most": 0.75, "all": 1.0}
    return choose_ratio({names[name]: np.array(u, float) for name, u in utilities.items()})


def test_the_smallest_ratio_within_a_standard_error_of_the_best_is_chosen():
    # The best gains (0, 2) over a half: mean 1, standard error 1. Over a quarter it gains (2, 2).
    assert _ratio(quarter=[1, 3], half=[3, 3], all=[3, 5]) == 0.5
    assert _ratio(quarter=[1, 3], half=[2.9, 3], all=[3, 5]) == 1.0  # gains 1.05, standard error 0.95


def test_the_best_ratio_is_chosen_where_it_surely_is():
    assert _ratio(quarter=[1, 1], half=[9, 9], most=[2, 2], all=[8, 8]) == 0.5


def test_equal_ratios_go_to_the_smallest():
    assert _ratio(all=[1, 2], quarter=[1, 2], half=[1, 2]) == 0.25


def test_ratios_are_paired_over_the_folds():
    assert _ratio(quarter=[0, 100], all=[1, 101]) == 1.0


@pytest.mark.parametrize("useless", [[math.nan, 9], [math.inf, 9], [-math.inf, -math.inf]])
def test_ratios_without_a_finite_score_are_passed_over(useless):
    assert _ratio(quarter=useless, half=[1, 1], all=[0, 0]) == 0.5
    assert _ratio(quarter=useless) == 1.0


def test_without_ratios_classes_are_filled_up():
    assert _ratio() == 1.0


# --- baselines


def test_a_gain_is_the_mean_difference_over_the_folds():
    gain = gain_over(np.array([1.0, 100.0]), np.array([0.0, 97.0]))
    assert (gain.mean, gain.standard_error) == (2.0, 1.0)


def test_a_baseline_is_better_when_it_leads_by_more_than_a_standard_error():
    kept = np.zeros(2)
    assert better_baseline(kept, {"smote": np.array([0.0, 2.0])}) is None  # mean 1, standard error 1
    assert better_baseline(kept, {"smote": np.array([0.1, 2.0])}) == "smote"
    assert better_baseline(kept, {"smote": np.array([-1.0, -1.0])}) is None


def test_of_better_baselines_the_best_is_named():
    sides = {"none": [2, 2], "random": [4, 4], "smote": [3, 3], "erratic": [-9, 99]}
    assert better_baseline(np.ones(2), {n: np.array(u, float) for n, u in sides.items()}) == "random"


@pytest.mark.parametrize("baselines", [{}, {"none": np.full(2, math.nan)}])
def test_no_baseline_no_better_one(baselines):
    assert better_baseline(np.ones(2), baselines) is None
