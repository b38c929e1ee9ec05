"""Which candidates, ratio and draw options are kept, in numbers small enough to check by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler import GAN
from gan_oversampler._utils import standard_error
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.selection.choice import (
    OF_ALL,
    Choice,
    better_baseline,
    choose,
    choose_draw_options,
    choose_ratio,
    gains_over,
    runners_up,
)
from tests.scored import noise, scored


def _chosen(entries, *min_gains_in_se, kinds=None):
    """All specifications need two standard errors unless others are given."""
    n = 1 + max((entry.candidate.specification for entry in entries), default=0)
    return choose(entries, min_gains_in_se or [2.0] * n, kinds)


def _best(entries, *min_gains_in_se):
    return _chosen(entries, *min_gains_in_se).best


def _steps(choice):
    return [entry.candidate.step for entry in choice.mixture]


# --- within a specification


def test_training_must_gain_more_than_two_standard_errors():
    start = scored(0, 0, 1.0, 2.0)
    # Gains (3, 5): mean 4, standard error 1. Gains (1, 3): mean 2, standard error 1.
    significant, not_so = scored(0, 50, 4.0, 7.0), scored(0, 50, 2.0, 5.0)
    assert _best([start, significant]) is significant
    assert _best([start, not_so]) is start


def test_the_gain_is_asked_for_in_standard_errors():
    # Gains (1, 3): mean 2, standard error 1.
    start, later = scored(0, 0, 1.0, 2.0), scored(0, 50, 2.0, 5.0)
    assert _best([start, later], 2.0) is start
    assert _best([start, later], 1.9) is later


def test_where_0_are_asked_for_any_gain_counts():
    start, erratic = scored(0, 0, 0.0, 0.0), scored(0, 50, -9.0, 9.1)
    assert _best([start, erratic], 0.0) is erratic
    assert _best([start, scored(0, 50, -9.0, 9.0)], 0.0) is start


def test_below_0_training_counts_although_it_seems_to_lose():
    # Gains (-3, 1): mean -1, standard error 2. Gains (-4, -2): mean -3, standard error 1.
    start, within, worse = scored(0, 0, 4.0, 4.0), scored(0, 50, 1.0, 5.0), scored(0, 50, 0.0, 2.0)
    assert _best([start, within], -1.0) is within
    assert _best([start, within], 0.0) is start
    assert _best([start, worse], -1.0) is start
    assert _best([start, scored(0, 50, 4.0, 4.0)], -1.0) is start


def test_without_its_untrained_score_a_specification_keeps_its_best_step():
    entries = [scored(0, 0, math.nan, 1.0), scored(0, 50, 4.0, 4.0), scored(0, 100, 1.0, 5.0)]
    assert _best(entries, -1.0) is entries[1]


def test_each_specification_has_its_own_least_gain():
    starts, gains = [scored(n, 0, 0, 0) for n in (0, 1)], [scored(0, 50, 0, 6), scored(1, 50, 1, 5)]
    assert _best([*starts, *gains], 2.0, 0.0) is gains[1]
    assert _best([*starts, *gains], 0.0, 2.0) is gains[0]


def test_the_scatter_of_gains_is_pooled_over_all_steps():
    # The best step gains 3 in both folds; another one gains 0 and 6, a standard error of 3.
    start, best, erratic = scored(0, 0, 0, 0), scored(0, 50, 3, 3), scored(0, 100, 0, 6)
    assert _best([start, best]) is best
    assert _best([start, best, erratic]) is start


def test_gains_are_paired_over_the_folds():
    # The folds differ by 100, the steps by 1 in each: unpaired, no gain would be significant.
    start, later = scored(0, 0, 0.0, 100.0), scored(0, 50, 1.0, 101.0)
    assert _best([start, later]) is later


def test_the_best_step_stands_for_its_specification():
    entries = [scored(0, 0, 1, 1), scored(0, 10, 5, 5), scored(0, 20, 3, 3)]
    assert _best(entries) is entries[1]


def test_equal_steps_go_to_the_earlier():
    entries = [scored(0, 0, 1, 1), scored(0, 10, 5, 5), scored(0, 20, 5, 5)]
    assert _best(entries) is entries[1]
    assert _best([entries[0], scored(0, 10, 1, 1)]) is entries[0]


def test_of_a_single_fold_any_gain_counts():
    entries = [scored(0, 0, 1.0), scored(0, 50, 1.1)]
    assert _best(entries) is entries[1]


def test_noise_is_never_kept_unless_there_is_nothing_else():
    untrained, trained = noise(0, 9.0, 9.0), [scored(0, 50, 2.0, 2.0), scored(0, 100, 3.0, 3.0)]
    assert _best([untrained, *trained], 0.0) is trained[1]
    assert untrained not in _chosen([untrained, *trained], 0.0).mixture
    assert _best([untrained], 0.0) is untrained


# --- among specifications


def test_the_highest_mean_wins():
    entries = [scored(0, 0, 1, 1), scored(1, 0, 2, 2), scored(2, 0, 0, 0)]
    assert _best(entries) is entries[1]


def test_equal_specifications_go_to_the_earlier():
    entries = [scored(0, 0, 0, 0), scored(1, 0, 2, 2), scored(2, 0, 2, 2)]
    assert _best(entries) is entries[1]


def test_the_first_specification_is_kept_unless_the_best_one_is_significantly_better():
    # Gains (0, 2): mean 1, standard error 1. Gains (1, 3): mean 2, standard error 1.
    first, not_so, significant = scored(0, 0, 1, 1), scored(1, 0, 1, 3), scored(1, 0, 2, 4)
    assert _best([first, not_so]) is first
    assert _best([first, significant]) is significant


def test_the_first_specification_is_the_first_in_the_list_not_the_first_that_was_scored():
    other, first = scored(1, 0, 2.0, 2.0), scored(0, 50, 2.0, 2.0)
    assert _best([noise(0, 9.0, 9.0), other, first], 0.0, 0.0) is first


def test_a_step_that_did_not_gain_enough_does_not_win_against_others():
    lucky, steady = [scored(0, 0, 1, 2), scored(0, 50, 1, 4)], scored(1, 0, 2, 3)
    assert _best([*lucky, steady]) is steady


@pytest.mark.parametrize(
    "useless",
    [
        scored(0, 0, math.nan),
        scored(0, 0, math.inf, 1),
        scored(0, 0, 9, 9, is_finite=False),
        scored(0, 50, 9, 9, is_collapsed=True),
    ],
    ids=["nan", "inf", "diverged", "collapsed"],
)
def test_candidates_without_a_finite_score_or_sound_weights_are_passed_over(useless):
    good = scored(1, 0, -3, -3)
    assert _best([useless, good]) is good
    with pytest.raises(ValueError, match="No candidate has a finite score"):
        _best([useless])


def test_nothing_to_choose_from_is_an_error():
    with pytest.raises(ValueError, match="No candidate has a finite score"):
        _best([])


# --- mixtures


def test_the_mixture_is_what_lies_within_a_standard_error_of_the_best():
    # Gains of the best over the others: (0, 0.4), (1, 0) and (2, 2); their standard errors are 0.2, 0.5
    # and 0, together sqrt((0.04 + 0.25 + 0) / 3) = 0.31. Only the first, 0.2 on average, is within that.
    start, best = scored(0, 0, 3.9, 3.9), scored(0, 50, 4.0, 4.0)
    others = [scored(0, 10, 4.0, 3.6), scored(0, 20, 3.0, 4.0), scored(0, 60, 2.0, 2.0)]
    choice = _chosen([start, *others[:2], best, others[2]], 0.0)
    assert choice.best is best
    assert _steps(choice) == [10, 50]


def test_the_untrained_one_is_never_mixed_in():
    entries = [scored(0, 0, 3, 3), scored(0, 50, 3, 4), scored(0, 100, 4, 3)]
    choice = _chosen(entries, 0.0)
    assert choice.best is entries[1]
    assert _steps(choice) == [50, 100]


def test_an_untrained_best_stands_alone():
    entries = [scored(0, 0, 3, 3), scored(0, 50, 3, 3), scored(1, 0, 3, 3), scored(1, 50, 3, 3)]
    assert _chosen(entries).mixture == (entries[0],)


def test_a_best_that_is_significantly_better_stands_alone():
    entries = [scored(0, 0, 1, 1), scored(0, 50, 9, 9), scored(0, 100, 8, 8)]
    assert _chosen(entries).mixture == (entries[1],)


def test_another_specification_is_mixed_in_only_if_it_is_of_the_same_kind():
    entries = [
        scored(n, step, score, score) for n, step, score in ((0, 0, 1), (0, 9, 5), (1, 0, 1), (1, 9, 5))
    ]
    assert _chosen(entries).mixture == (entries[1],)
    assert _chosen(entries, 2.0, 2.0, kinds=["a", "b"]).mixture == (entries[1],)
    assert _chosen(entries, 2.0, 2.0, kinds=["a", "a"]).mixture == (entries[1], entries[3])


def test_a_first_one_that_is_kept_is_not_mixed_with_what_scores_far_higher():
    first, higher = scored(0, 50, 0.0, 0.0), scored(1, 50, 5.0, 5.0)
    erratic = scored(2, 0, -30.0, 9.0)  # gains scatter so much that the second one's is not significant
    choice = _chosen([first, higher, erratic], 0.0, 0.0, 0.0, kinds=("a", "a", "b"))
    assert choice.best is first
    assert choice.mixture == (first,)


def test_candidates_that_are_not_finite_are_never_mixed_in():
    start, best = scored(0, 0, 1, 1), scored(0, 50, 9, 9)
    useless = [scored(0, 60, math.nan, 9), scored(0, 70, 9, 9, is_finite=False)]
    assert _chosen([start, best, *useless]).mixture == (best,)


UTILITIES = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=2, max_size=2)


@given(
    st.lists(UTILITIES, min_size=1, max_size=5),
    st.lists(UTILITIES, max_size=5),
    st.sampled_from([-1.0, 0.0, 2.0]),
)
def test_a_mixture_is_the_best_and_trained_ones_of_its_specification_in_order(first, second, min_gain):
    entries = [scored(n, 10 * i, *u) for n, side in enumerate((first, second)) for i, u in enumerate(side)]
    choice = _chosen(entries, min_gain, min_gain)
    assert choice.best in choice.mixture
    assert {s.candidate.specification for s in choice.mixture} == {choice.best.candidate.specification}
    assert _steps(choice) == sorted(_steps(choice))
    assert choice.best.mean == max(entry.mean for entry in choice.mixture)
    assert len(choice.mixture) == 1 or 0 not in _steps(choice)


def test_a_mixture_is_named_after_its_best_one():
    entries = [scored(1, 50, 5, 5), scored(1, 100, 5, 5), scored(1, 150, 5, 5)]
    gans = [GAN(base="star"), GAN("guided")]
    assert Choice(entries[0], tuple(entries[:1])).name(gans) == "guided at step 50"
    assert Choice(entries[0], tuple(entries)).name(gans) == "guided at step 50 mixed with 2 like it"


# --- runners-up


def _runners_up(entries, kinds=None):
    n = 1 + max(entry.candidate.specification for entry in entries)
    rules = [0.0] * n, kinds or list(range(n))
    return runners_up(entries, choose(entries, *rules), *rules)


def test_runners_up_are_the_best_of_all_other_specifications_best_first():
    kept, second, third = scored(0, 0, 9, 9), scored(1, 50, 5, 5), scored(2, 0, 7, 7)
    entries = [kept, second, third, scored(1, 0, 1, 1), scored(2, 50, 3, 3)]
    assert [choice.best for choice in _runners_up(sorted(entries, key=lambda s: s.candidate.step))] == [
        third,
        second,
    ]


def test_who_is_in_the_mixture_is_no_runner_up():
    entries = [scored(0, 50, 5, 5), scored(1, 50, 5, 5), scored(2, 50, 4, 4)]
    (other,) = _runners_up(entries, kinds=["a", "a", "b"])
    assert other.best is entries[2]


def test_who_draws_alike_is_tried_once():
    entries = [scored(0, 0, 9, 8), scored(1, 0, 9, 8), scored(2, 0, 5, 5), scored(3, 0, 5, 5)]
    assert [choice.best for choice in _runners_up(entries)] == [entries[2]]


def test_who_may_not_be_kept_is_no_runner_up():
    kept = scored(0, 50, 9, 9)
    others = [noise(1, 8, 8), scored(2, 50, math.nan, 1), scored(3, 50, 8, 8, is_collapsed=True)]
    assert _runners_up([kept, *others]) == []


# --- ratios


def _ratio(**utilities):
    """Ratio that is chosen, given utilities by name: ``half=[1, 2]`` and so on."""
    names = {"quarter": 0.25, "half": 0.5, "most": 0.75, "all": 1.0}
    return choose_ratio({names[name]: np.array(u, float) for name, u in utilities.items()})


def test_the_smallest_ratio_within_a_standard_error_of_the_best_is_chosen():
    # The best gains (0, 2) over a half: mean 1, standard error 1. Over a quarter it gains (2, 2).
    assert _ratio(quarter=[1, 3], half=[3, 3], all=[3, 5]) == 0.5
    assert _ratio(quarter=[1, 3], half=[2.9, 3], all=[3, 5]) == 1.0  # gains 1.05, standard error 0.95


def test_the_best_ratio_is_chosen_where_it_is_significantly_better():
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


# --- draw options


def _number(*utilities):
    """Number of the candidate that is chosen, of candidates at one ratio."""
    return choose_draw_options([{1.0: np.array(u, float)} for u in utilities])[0]


def test_other_draw_options_must_gain_more_than_a_standard_error():
    assert _number([1, 1], [2, 4]) == 1  # gains 2, standard error 1
    assert _number([1, 1], [1, 3]) == 0  # gains 1, standard error 1
    assert _number([1, 1], [2, 2], [3, 3]) == 2
    assert _number([0, 100], [1, 101]) == 1  # paired over the folds


def test_the_best_of_many_must_gain_more_than_chance_gives():
    # All others gain with a standard error of 1; the best of six has to gain sqrt(2 ln 6) = 1.893.
    equal = [[9, 11]] * 5
    assert _number([10, 10], *equal, [10.9, 12.9]) == 6
    assert _number([10, 10], *equal, [10.8, 12.8]) == 0
    assert _number([10, 10], [10.8, 12.8]) == 1


def test_draw_options_count_at_their_best_ratio_and_get_the_smallest_good_one():
    plain = {0.5: np.array([4.0, 4.0]), 1.0: np.array([5.0, 5.0])}
    better = {0.25: np.array([0.0, 0.0]), 0.5: np.array([6.0, 8.0]), 1.0: np.array([7.0, 9.0])}
    assert choose_draw_options([plain, better]) == (1, 1.0)
    assert choose_draw_options([plain, {**better, 0.5: np.array([7.0, 9.0])}]) == (1, 0.5)
    assert choose_draw_options([plain, {0.25: np.array([0.0, 0.0])}]) == (0, 1.0)


def test_a_small_ratio_may_not_cost_the_gain_for_which_draw_options_were_chosen():
    plain = {1.0: np.array([10.0, 10.0])}
    other = {0.25: np.array([2.0, 14.0]), 1.0: np.array([11.0, 12.0])}
    assert choose_draw_options([plain, other]) == (1, 1.0)


def test_draw_options_without_a_finite_score_do_not_count():
    assert _number([1, 1], [math.nan, 9]) == 0
    assert _number([1, 1], [9, math.inf]) == 0
    assert _number([math.nan, 1], [2, 2]) == 0
    assert choose_draw_options([{1.0: np.array([math.nan, 1.0])}]) == (0, 1.0)


# --- gains


def _gains(kept, *others, heldout_ratio=None, **baselines):
    arrays = {name: np.array(values, float) for name, values in baselines.items()}
    return gains_over(np.array(kept, float), arrays, [np.array(o, float) for o in others], heldout_ratio)


def test_a_gain_is_the_mean_difference_over_the_folds():
    gain = _gains([1, 100], smote=[0, 97])["smote"]
    assert (gain.mean, gain.by_fold) == (2.0, (1.0, 3.0))
    assert gain.standard_error == pytest.approx(standard_error(np.array([1.0, 3.0])))


def test_the_error_of_a_gain_is_partly_that_of_all_gains():
    # Differences (1, 3) and (0, 8): variances of the means are 1 and 16, thrice that with shared rows.
    own, pooled = np.array([3.0, 48.0]), 25.5
    gains = _gains([1, 8], none=[0, 5], smote=[1, 0])
    errors = [gain.standard_error for gain in gains.values()]
    np.testing.assert_allclose(np.square(errors), (own + OF_ALL * pooled) / (1 + OF_ALL))
    more = _gains([1, 8], [1, 0], none=[0, 5], smote=[1, 0])  # one more difference of (0, 8)
    assert more["none"].standard_error ** 2 == pytest.approx((3 + OF_ALL * 33) / (1 + OF_ALL))


def test_the_more_folds_the_less_do_other_gains_matter():
    kept, flat = np.array([1.0, 3.0] * 4), np.arange(8.0)
    gains = _gains(kept, none=np.zeros(8), smote=kept - flat)
    own, other = (standard_error(values) ** 2 for values in (kept, flat))
    expected = (7 * own + OF_ALL * (own + other) / 2) / (7 + OF_ALL)
    assert gains["none"].standard_error ** 2 == pytest.approx(expected)


def test_rows_that_are_drawn_alike_gain_nothing_and_without_error():
    gains = _gains([1, 8], [1, 8], none=[0, 5], smote=[1, 8])
    assert gains["smote"] == Gain(0.0, 0.0)
    assert gains["none"].standard_error == pytest.approx(math.sqrt(3))  # equal rows say nothing of scatter


def test_a_baseline_without_a_score_says_nothing_of_the_others():
    gains = _gains([1, 8], [math.nan, 8], none=[0, 5], smote=[math.nan, 0])
    assert math.isnan(gains["smote"].mean)
    assert gains["none"] == Gain(2.0, pytest.approx(math.sqrt(3)))


def test_of_a_single_fold_no_error_is_known():
    assert _gains([3], smote=[1], none=[2]) == {"smote": Gain(2.0, 0.0), "none": Gain(1.0, 0.0)}


def test_training_rows_that_overlap_less_err_less():
    few, many = (_gains([1, 3], none=[0, 0], heldout_ratio=r)["none"].standard_error for r in (0.25, 1.0))
    assert few / many == pytest.approx(math.sqrt((1 / 2 + 1 / 4) / (1 / 2 + 1)))


# --- baselines


def _better(kept, **baselines):
    return better_baseline(np.array(kept, float), {n: np.array(u, float) for n, u in baselines.items()})


@pytest.mark.parametrize(
    ("baseline", "expected"), [([0, 2], None), ([0.1, 2], "smote"), ([-1, -1], None), ([0, 0], None)]
)
def test_a_baseline_is_better_when_it_leads_by_more_than_an_uncorrected_error(baseline, expected):
    # Leads (0, 2): mean 1, uncorrected error 1. Leads (0.1, 2): mean 1.05, uncorrected error 0.95.
    assert _better([0, 0], smote=baseline) == expected


def test_of_better_baselines_the_best_is_named():
    leads = {"none": [1, 1], "random": [3, 3], "smote": [2, 2], "erratic": [-10, 98]}
    assert _better([0, 0], **leads) == "random"


def test_no_baseline_no_better_one():
    assert _better([0, 0]) is None
    assert _better([0, 0], none=[math.nan, 1]) is None
