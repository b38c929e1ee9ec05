"""Draw options: which are tried, which is chosen, and what is said of it."""

import numpy as np
import pytest

from gan_oversampler import GAN, Policy
from gan_oversampler.sampling.policy import POLICIES
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.selection.candidate_sources import generator_sources
from gan_oversampler.selection.choice import choose
from gan_oversampler.selection.draw_options import (
    N_CHOICES,
    RATIOS,
    as_frame,
    best_draw_options,
    describe,
    n_draw_options,
    rules_of,
    scored_draw_options,
)
from gan_oversampler.training.loop import Scored
from tests.fits import FIRST_COLUMN, NUMBER_OF_ROWS, Measured, candidates_of, evaluator_of, table
from tests.scored import alone, noise, options, scored

GANS = [GAN(base=base, loss_weights={}) for base in ("smote", "star", "border", "local_gaussian")]
FEW = table((60, 12))  # each of two folds trains on 6 rare rows, of 30 when classes are balanced


def _scored(evaluator):
    candidates = candidates_of(GANS, evaluator.data)
    return [Scored(c, u, True, 0, 0.0) for c, u in zip(candidates, evaluator(candidates), strict=True)]


def _tried(oracle=FIRST_COLUMN, *, policy=None, choose_ratio=False, rows=FEW, **known):
    evaluator = evaluator_of(oracle, GANS, rows)
    entries = _scored(evaluator)
    choice = choose(entries, *rules_of(GANS))
    options = {"policy": policy, "choose_ratio": choose_ratio, **known}
    return choice, scored_draw_options(evaluator, entries, choice, **options)


# --- what is tried


def test_without_anything_to_choose_there_is_one_that_draws_as_rows_come():
    choice, tried = _tried()
    ((only,),) = tried
    assert only.choice is choice
    assert (only.ratio, only.policy.changes_nothing) == (1.0, True)
    assert only.utilities is choice.best.utilities


def test_a_policy_that_is_given_is_scored_and_nothing_else():
    choice, tried = _tried(policy=Policy(spread=0.5))
    ((only,),) = tried
    assert only.choice is choice
    assert str(only.policy) == "Policy(spread=0.5)"
    assert not np.array_equal(only.utilities, choice.best.utilities)


@pytest.mark.parametrize(
    ("policy", "choose_ratio", "n_groups"),
    [
        ("oracle", False, N_CHOICES * len(POLICIES)),
        (None, True, N_CHOICES),
        (Policy(spread=0.5), True, N_CHOICES),
        ("oracle", True, N_CHOICES * len(POLICIES)),
    ],
)
def test_the_best_specifications_are_tried_with_every_policy_and_ratio(policy, choose_ratio, n_groups):
    choice, tried = _tried(policy=policy, choose_ratio=choose_ratio)
    assert len(tried) == n_groups
    assert sum(map(len, tried)) == n_draw_options(len(GANS), policy, choose_ratio)
    assert all([o.ratio for o in group] == (list(RATIOS) if choose_ratio else [1.0]) for group in tried)
    assert all(len({(str(o.policy), id(o.choice)) for o in group}) == 1 for group in tried)
    assert tried[0][0].choice is choice
    policies = {str(group[0].policy) for group in tried}
    assert policies == {str(p) for p in (POLICIES if policy == "oracle" else [policy or Policy()])}
    means = [group[0].choice.best.mean for group in tried[:: len(policies)]]
    assert means[1] >= means[2]


def test_draw_options_as_rows_come_have_the_scores_of_their_candidates():
    _, tried = _tried(policy="oracle")
    for (only,) in tried[:: len(POLICIES)]:
        assert only.policy.changes_nothing
        np.testing.assert_array_equal(only.utilities, only.choice.best.utilities)


def test_a_score_is_that_of_the_rows_that_would_be_drawn():
    evaluator = evaluator_of(FIRST_COLUMN, GANS, FEW)
    entries = _scored(evaluator)
    choice = choose(entries, *rules_of(GANS))
    tried = scored_draw_options(evaluator, entries, choice, policy=Policy(spread=0.5), choose_ratio=True)
    candidates = [entry.candidate for entry in choice.mixture]
    sources = generator_sources(GANS, candidates, evaluator.data, 2).by_fold
    moved = [PolicySource(s, Policy(spread=0.5), evaluator.data.fold(None, i)) for i, s in enumerate(sources)]
    for option in tried[0]:
        (expected,) = evaluator.at_ratio(option.ratio).scores([moved], ["same"])
        np.testing.assert_array_equal(option.utilities, expected)


def test_ratios_are_scored_with_as_many_rows_as_they_ask_for():
    _, tried = _tried(NUMBER_OF_ROWS, choose_ratio=True)
    found = {option.ratio: option.utilities.tolist() for option in tried[0]}
    assert found == {0.0: [0, 0], 0.25: [1, 1], 0.5: [9, 9], 0.75: [16, 16], 1.0: [24, 24]}


def test_a_ratio_that_asks_for_no_rows_is_not_tried():
    _, tried = _tried(choose_ratio=True, rows=table((60, 24)))
    assert [option.ratio for option in tried[0]] == [0.5, 0.75, 1.0]


def test_no_new_rows_are_tried_once_if_the_oracle_can_score_that():
    _, tried = _tried(NUMBER_OF_ROWS, policy="oracle", choose_ratio=True)
    assert [option.ratio for group in tried for option in group].count(0.0) == 1
    assert (tried[0][0].ratio, tried[0][0].utilities.tolist()) == (0.0, [0, 0])


def test_no_rows_are_not_scored_again_where_the_baselines_have_them():
    known = np.array([7.0, 8.0])
    _, tried = _tried(NUMBER_OF_ROWS, choose_ratio=True, baselines={"none": known})
    assert tried[0][0].utilities is known
    assert tried[0][0].ratio == 0.0


def test_of_noise_nothing_is_tried():
    evaluator = evaluator_of(FIRST_COLUMN, GANS, FEW)
    entry = noise(0, 3.0, 3.0)
    tried = scored_draw_options(evaluator, [entry], alone(entry), policy="oracle", choose_ratio=True)
    assert [[o.utilities.tolist() for o in group] for group in tried] == [[[3.0, 3.0]]]


def test_draw_options_that_cannot_be_scored_are_noted_and_not_chosen():
    def picky(holdout, new):
        if len(new) < 9:
            raise RuntimeError("too few")
        return -float(len(new))

    evaluator = evaluator_of(Measured(picky), GANS, FEW)
    entries = _scored(evaluator)
    choice = choose(entries, *rules_of(GANS))
    with pytest.warns(RuntimeWarning, match=r"could not score .*, Policy\(\), ratio 0.25") as caught:
        tried = scored_draw_options(evaluator, entries, choice, policy=None, choose_ratio=True)
    assert len(caught) == 1
    assert [o.ratio for o in tried[0] if np.isnan(o.utilities).all()] == [0.25]
    assert best_draw_options(tried).ratio == 0.5
    assert [failure.reason for failure in evaluator.failures] == ["RuntimeError: too few"]


def test_rules_are_those_of_the_families():
    gans = [GAN(), GAN("guided"), GAN("classic")]
    assert rules_of(gans) == ([2.0, -1.0, 0.0], ["residual", "guided", "classic"])


# --- what is chosen


def test_the_best_draw_options_are_the_chosen_ones_at_the_chosen_ratio():
    plain, other = scored(0, 0, 4, 4), scored(1, 50, 3, 3)
    tried = [
        [options(plain, (4, 4), 0.5), options(plain, (5, 5), 1.0)],
        [options(other, (7, 9), 0.5), options(other, (7, 9), 1.0)],
    ]
    assert best_draw_options(tried) is tried[1][0]
    assert best_draw_options(tried[:1]) is tried[0][1]


# --- what is said


def _three_tried():
    first, other = scored(0, 0, 4, 4), scored(1, 50, 3, 3)
    return [
        [options(first, (4, 6), 0.5), options(first, (5, 5), 1.0)],
        [options(other, (7, 9), 0.5, Policy(spread=0.5))],
    ]


def test_all_that_were_tried_are_a_table():
    tried = _three_tried()
    frame = as_frame(tried, tried[1][0], GANS, sign=-1.0)
    assert frame.columns.tolist() == [
        "name",
        "border",
        "filter",
        "spread",
        "ratio",
        "score",
        "standard_error",
        "kept",
    ]
    assert frame["name"].tolist() == ["base(smote) at step 0"] * 2 + ["base(star) at step 50"]
    assert frame["spread"].tolist() == [1.0, 1.0, 0.5]
    assert frame["ratio"].tolist() == [0.5, 1.0, 0.5]
    assert frame["score"].tolist() == [-5, -5, -8]
    assert frame["standard_error"].tolist() == pytest.approx([3**0.5, 0, 3**0.5])
    assert frame["kept"].tolist() == [False, False, True]
    assert not as_frame(tried, None, GANS, sign=1.0)["kept"].any()


def test_a_choice_is_reported_with_its_score_and_that_without_a_choice():
    tried = _three_tried()
    assert describe(tried, tried[1][0], GANS, 1.0) == (
        "Of 3 ways to draw the oracle chose base(star) at step 50, Policy(spread=0.5), a ratio of 0.5 to the"
        " largest class: 8.0000 ± 1.7321, 5.0000 ± 0.0000 without a choice; all are in report_.draw_options."
    )


@pytest.mark.parametrize(
    ("changes", "has_policy", "has_ratio"),
    [
        ([{"ratio": 0.5}, {"ratio": 1.0}], False, True),
        ([{"policy": Policy()}], False, False),
    ],
)
def test_only_what_could_be_chosen_is_reported(changes, has_policy, has_ratio):
    entry = scored(0, 0, 4, 4)
    tried = [[options(entry, **change) for change in changes], [options(scored(1, 0, 3, 3), **changes[0])]]
    text = describe(tried, tried[0][0], GANS, 1.0)
    assert ("Policy" in text, "a ratio of" in text) == (has_policy, has_ratio)


def test_a_policy_is_reported_where_there_were_several():
    entry = scored(0, 0, 4, 4)
    tried = [[options(entry)], [options(entry, policy=Policy(filter=0.5))]]
    assert "chose base(smote) at step 0, Policy(): " in describe(tried, tried[0][0], GANS, 1.0)
