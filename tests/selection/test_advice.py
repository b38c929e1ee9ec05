"""What the scores support: the simplest action within noise of the best, no harm to strong classifiers."""

import math

import numpy as np
import pytest
from sklearn.base import clone

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.selection import advice
from gan_oversampler.selection.advice import ACTIONS, NOT_SCORED, RANKER, Ranking, advise
from gan_oversampler.selection.choice import gains_over
from tests.fits import Constant, evaluator_of, table

NONE = np.array([0.5, 0.5, 0.5])
WIDE = np.array([0.4, 0.5, 0.6])  # mean 0.5; its gain over NONE has a standard error of 0.058


def _advised(rows, ranking=None, none=NONE, **others):
    return advise(np.asarray(rows, float), {"none": none, **others}, ranking)


# --- the action


def test_new_rows_that_gain_more_than_noise_are_advised():
    assert _advised(NONE + 0.1).action == "resample"
    assert _advised(NONE + 0.1, class_weight=NONE, threshold=NONE + 0.05).action == "resample"


@pytest.mark.parametrize("rows", [NONE, NONE - 0.1, WIDE, WIDE + 0.05])
def test_where_nothing_gains_more_than_noise_the_table_stays_as_it_is(rows):
    assert _advised(rows).action == "none"
    assert _advised(rows, class_weight=NONE, threshold=NONE).action == "none"


@pytest.mark.parametrize("name", ["class_weight", "threshold"])
def test_what_needs_no_rows_is_advised_if_new_rows_are_not_better_than_it(name):
    for rows in (NONE + 0.2, NONE + 0.1, NONE, WIDE + 0.2):
        assert _advised(rows, **{name: NONE + 0.2}).action == name


def test_of_equals_the_simplest_is_advised():
    better = NONE + 0.1
    assert _advised(better, class_weight=better, threshold=better).action == "threshold"
    assert list(ACTIONS) == ["none", "threshold", "class_weight", "resample"]


def test_a_strong_classifier_that_ranks_worse_overrules_the_panel():
    for harm in (Gain(-0.04, 0.01), Gain(-0.021, 0.02)):
        assert _advised(NONE + 0.1, harm).action == "threshold"
        assert _advised(NONE, harm).action == "none"
    for harmless in (Gain(0.0, 0.0), Gain(-0.02, 0.02), Gain(0.04, 0.01), Gain(math.nan, math.nan)):
        assert _advised(NONE + 0.1, harmless).action == "resample"


def test_baselines_that_draw_rows_or_have_no_score_play_no_part():
    nan = np.full(3, np.nan)
    assert _advised(NONE + 0.1, smote=NONE + 0.9, class_weight=nan).action == "resample"


@pytest.mark.parametrize(
    ("rows", "baselines"), [(NONE, {}), (NONE, {"none": NONE * np.nan}), (NONE * np.nan, {"none": NONE})]
)
def test_without_a_score_of_doing_nothing_there_is_no_action(rows, baselines):
    advice = advise(rows, baselines)
    assert (advice.action, advice.text) == ("", NOT_SCORED)


# --- the text


@pytest.mark.parametrize("ranking", [None, Gain(0.01, 0.02), Gain(-0.04, 0.01)])
@pytest.mark.parametrize("lead", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize("others", [{}, {"threshold": NONE + 0.05}, {"class_weight": NONE + 0.05}])
def test_advice_is_two_sentences_with_figures(ranking, lead, others):
    text = _advised(NONE + lead, ranking, **others).text
    assert len([part for part in text.split(". ") if part[0].isupper()]) == 2
    rival = max([0.5, *(float(values[0]) for values in others.values())])
    assert f"new rows gain {0.5 + lead - rival:+.4f} ± 0.0000 over " in text
    assert ranking is None or str(ranking) in text
    assert ("a tuned threshold was not scored" in text) == ("threshold" not in others)


def test_advice_names_the_action_and_the_best_alternative():
    text = _advised(NONE, class_weight=NONE + 0.1, threshold=NONE).text
    assert text.startswith('Weigh the classes (class_weight="balanced"): new rows gain -0.1000 ± 0.0000 over')
    assert "over class weights, the best alternative without them. " in text


@pytest.mark.parametrize("lead", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize("others", [{}, {"threshold": NONE + 0.05}, {"class_weight": NONE + 0.05}])
@pytest.mark.parametrize("loss", [0.0, 0.009, 0.011, 0.04])
def test_the_text_begins_with_what_is_advised_and_names_a_threshold_only_if_that_is_it(lead, others, loss):
    plain, found = (_advised(NONE + lead, ranking, **others) for ranking in (None, Gain(-loss, 0.01)))
    assert found.text.startswith(f"{ACTIONS[found.action][0]}: ")
    overruled = plain.action == "resample" and loss > 0.01
    assert found.action == ("threshold" if overruled else plain.action)
    assert ("so move its threshold instead" in found.text) == overruled


def test_where_new_rows_change_nothing_the_ranking_seldom_overrules():
    """One-sided t of two degrees of freedom, at the square root of 1 + 3 / 2: 13 %."""
    folds = np.random.default_rng(0).normal(size=(2000, 3))
    gains = [gains_over(fold, {"none": np.zeros(3)})["none"] for fold in folds]
    overruled = np.mean([_advised(NONE + 0.1, gain).action == "threshold" for gain in gains])
    assert overruled == pytest.approx(0.127, abs=0.02)


@pytest.mark.parametrize(
    ("ranking", "said"),
    [
        (Gain(-0.04, 0.01), "ranks worse with them, so move its threshold instead"),
        (Gain(-0.015, 0.02), "may rank worse with them"),
        (Gain(-0.005, 0.02), "ranks about as well with them"),
        (Gain(0.01, 0.02), "ranks about as well with them"),
        (Gain(0.04, 0.01), "ranks better with them"),
    ],
)
def test_what_is_said_of_the_ranking_knows_its_noise(ranking, said):
    figures = f"(gain in average precision of a forest {ranking})"
    text = _advised(NONE + 0.1, ranking).text
    assert text.endswith(f". A strong classifier {said} {figures}.")


# --- the ranking


def test_rows_amid_the_other_class_make_a_forest_rank_worse_and_real_ones_do_not():
    rows = table((120, 40))
    evaluator = evaluator_of(DownstreamOracle(), rows=rows)
    harm = Ranking.prepare(evaluator, [Constant(0.0)] * 2).gain()
    assert harm.mean < -0.02
    far = Ranking.prepare(evaluator, [Constant(50.0)] * 2).gain()
    assert abs(far.mean) < abs(harm.mean)
    assert evaluator.failures == []


def test_a_ranking_is_that_of_whole_folds_and_holds_few_rows():
    evaluator = evaluator_of(DownstreamOracle(), rows=table((120, 40)))
    sources = [Constant(0.0)] * 2
    ranking = Ranking.prepare(evaluator, sources)
    whole = evaluator.with_oracle(RANKER)
    (with_rows,), without = whole.scores([sources], [""]), whole.baselines(["none"])["none"]
    assert ranking.gain().mean == pytest.approx(float(np.mean(with_rows - without)), abs=1e-12)
    few = clone(RANKER).set_params(max_rows=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advice, "RANKER", few)
        folds = Ranking.prepare(evaluator, sources).folds
    for ranker, heldout, new in folds:
        assert len(ranker.train_) <= 22
        assert len(heldout) <= 10
        assert len(new) <= 22
        assert all(rows.recode is Rows.recode for rows in (ranker.train_, heldout, new))


def test_a_ranking_is_the_same_whoever_asks():
    evaluator = evaluator_of(DownstreamOracle())
    assert (
        Ranking.prepare(evaluator, [Constant(0.0)] * 2).gain()
        == Ranking.prepare(evaluator, [Constant(0.0)] * 2).gain()
    )
