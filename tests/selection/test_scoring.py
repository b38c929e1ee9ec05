"""Scores on held-out rows: paired over folds and streams; what cannot be scored is noted."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler import GAN, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.encoding import table_encoder
from gan_oversampler.sampling.sources import BaseSource, Drawn
from gan_oversampler.selection.scoring import (
    BASELINE_BASES,
    FoldEvaluator,
    ScoringFailure,
    n_new_at_ratio,
)
from tests.fits import (
    BASE,
    FIRST_COLUMN,
    NUMBER_OF_ROWS,
    Constant,
    Failing,
    Loss,
    Measured,
    candidates_of,
    evaluator_of,
    folds_of,
    table,
)

# --- ratios

COUNTS = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(1, 999), st.integers(0, 999)), min_size=1)


@given(COUNTS, st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_a_class_comes_to_the_ratio_of_its_full_size_unless_it_is_larger(counts, ratio):
    n_rows, n_new = ({code: pair[side] for code, pair in counts.items()} for side in (0, 1))
    found = n_new_at_ratio(n_rows, n_new, ratio)
    assert found.keys() == n_new.keys()
    for code, n in found.items():
        full = n_rows[code] + n_new[code]
        assert 0 <= n <= n_new[code]
        if n:
            assert n_rows[code] + n <= ratio * full < n_rows[code] + n + 1
        else:
            assert n_rows[code] + 1 > ratio * full or n_new[code] == 0


@given(COUNTS)
def test_a_ratio_of_1_changes_nothing(counts):
    n_rows, n_new = ({code: pair[side] for code, pair in counts.items()} for side in (0, 1))
    assert n_new_at_ratio(n_rows, n_new, 1.0) == n_new


# --- one fold


def _fold(oracle=NUMBER_OF_ROWS, new_per_real=None, rows=None):
    rows = table() if rows is None else rows
    train, heldout = folds_of(rows)[0]
    new_per_real = {1: 1.5} if new_per_real is None else new_per_real
    return FoldEvaluator.of(0, oracle, rows.at(train), rows.at(heldout), new_per_real, Streams(0))


def test_so_many_rows_are_scored_as_the_training_rows_of_the_fold_ask_for():
    fold = _fold()
    assert (fold.n_rows, fold.n_new) == ({1: 12}, {1: 18})
    assert fold.utility(Constant(0.0)) == (18.0, "")


def test_a_class_gets_at_least_one_row_and_none_if_the_fold_has_none_of_it():
    rows = table((60, 24, 2))
    train = np.flatnonzero(rows.codes < 2)
    fold = FoldEvaluator.of(0, NUMBER_OF_ROWS, rows.at(train), rows, {1: 0.001, 2: 9.0}, Streams(0))
    assert fold.n_new == {1: 1}


def test_the_users_oracle_is_left_alone():
    oracle = Measured(lambda holdout, new: 0.0)
    fold = _fold(oracle)
    assert not hasattr(oracle, "train_")
    assert len(fold.oracle.train_) == 42
    assert fold.oracle.targets_ == (1,)


def test_all_sources_draw_from_the_same_streams():
    seen = []

    class Recording(Constant):
        def draw(self, code, n, streams):
            seen.append(streams.seed)
            return super().draw(code, n, streams)

    fold = _fold()
    for value in (0.0, 1.0):
        fold.utility(Recording(value))
    assert len(set(seen)) == 1


def test_oracles_see_held_out_rows_and_new_ones_of_the_classes_to_oversample():
    seen = []
    fold = _fold(Measured(lambda *rows: seen.append(rows) or 0.0), {2: 1.0, 1: 0.5}, table((60, 24, 12)))
    fold.utility(Constant(7.0))
    ((heldout, new),) = seen
    assert sorted(set(heldout.codes)) == [0, 1, 2]
    assert np.bincount(new.codes).tolist() == [0, 6, 6]
    assert (new.values == 7).all()
    assert (new.classes == heldout.classes).all()


def test_an_oracle_may_score_a_share_of_the_rows():
    class Sharing(Measured):
        share_ = 0.5

    fold = _fold(Sharing(lambda holdout, new: len(new)))
    assert fold.utility(Constant(0.0)) == (9.0, "")
    assert fold.at_ratio(0.75).n_new == _fold().at_ratio(0.75).n_new  # of scores only, not of what is drawn


def test_rows_are_scored_as_the_user_gets_them_with_the_same_numbers_for_all_sources():
    def recode(values, rng, codes, redraw):
        return np.round(values) + rng.integers(0, 2, values.shape) * 100 + codes[:, None]

    seen = []
    rows = replace(table(), recode=recode)
    fold = _fold(Measured(lambda *found: seen.append(found) or 0.0), rows=rows)
    for value in (0.4, 7.4):
        fold.utility(Constant(value))
    (heldout, few), (_, more) = seen
    np.testing.assert_array_equal(heldout.values, rows.at(folds_of(rows)[0][1]).values)  # real ones stay
    assert set(few.values.flatten()) == {1.0, 101.0}
    np.testing.assert_array_equal(more.values - few.values, 7.0)


def test_a_codec_that_ruins_a_column_lowers_the_score(monkeypatch):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [120, 30])
    X = rng.normal(size=(150, 2)) + [[3.0, 0.0]] * y[:, None]

    def fitted():
        gan = GAN(base="smote", loss_weights={})
        return GANOversampler(gan=gan, max_steps=0, random_state=0).fit(X, y).report_

    sound, decode = fitted(), table_encoder.decode_columns

    def shuffled(columns, rows, rng, codes=None):
        pairs = zip(columns, decode(columns, rows, rng, codes), strict=True)
        return [replace(c, values=rng.uniform(*column.observed, len(c))) for column, c in pairs]

    monkeypatch.setattr(table_encoder, "decode_columns", shuffled)
    with warnings.catch_warnings(action="ignore"):
        ruined = fitted()
    before, after = ({entry.name: entry.score for entry in report.entries} for report in (sound, ruined))
    assert after["none"] == before["none"]
    assert after["smote"] < before["smote"] - 0.1
    assert abs(ruined.evidence.metrics.set_index("name").value["energy distance"]) > 3 * abs(
        sound.evidence.metrics.set_index("name").value["energy distance"]
    )


def test_nothing_is_scored_as_no_rows():
    seen = []
    assert _fold(Measured(lambda holdout, new: seen.append(new) or len(new))).utility(None) == (0.0, "")
    assert seen[0].values.shape == (0, 2)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda holdout, new: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda holdout, new: math.nan, "the score is nan"),
        (lambda holdout, new: -math.inf, "the score is -inf"),
    ],
)
def test_what_cannot_be_scored_says_why(function, message):
    utility, why = _fold(Measured(function)).utility(Constant(0.0))
    assert not math.isfinite(utility)
    assert why == message


def test_a_source_that_cannot_draw_counts_as_failed():
    utility, why = _fold().utility(Failing())
    assert math.isnan(utility)
    assert why == "RuntimeError: nothing to draw"


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 18), (0.75, 10), (0.5, 3), (0.25, None)])
def test_at_a_ratio_a_fold_scores_the_rows_with_which_classes_come_to_it(ratio, expected):
    # 12 rows and 18 new ones: 30 at the full ratio.
    fold = _fold().at_ratio(ratio)
    assert (fold and fold.n_new) == (expected and {1: expected})


def test_at_a_ratio_a_fold_is_the_same_but_for_the_number_of_new_rows():
    whole = _fold()
    half = whole.at_ratio(0.5)
    assert whole.at_ratio(1.0) == whole
    assert replace(half, n_new=whole.n_new) == whole
    assert half.oracle is whole.oracle


def test_at_a_ratio_a_class_that_has_enough_gets_one_row():
    fold = _fold(new_per_real={1: 0.25, 2: 9.0}, rows=table((60, 24, 12))).at_ratio(0.5)
    assert fold.n_new == {1: 1, 2: 24}


# --- all folds


def test_candidates_are_scored_by_generators_that_never_saw_the_fold():
    gans = [GAN(base="bootstrap", loss_weights={})]
    rows = table()
    seen = []

    def known(holdout, new):
        real = {tuple(row) for row in holdout.values}
        seen.append(sum(tuple(row) in real for row in new.values))
        return 0.0

    evaluator = evaluator_of(Measured(known), gans, rows)
    evaluator(candidates_of(gans, evaluator.data))
    assert seen == [0, 0]


def test_utilities_come_per_candidate_and_fold():
    gans = [BASE, GAN(base="star", loss_weights={})]
    evaluator = evaluator_of(FIRST_COLUMN, gans)
    scores = evaluator(candidates_of(gans, evaluator.data))
    assert [values.shape for values in scores] == [(2,), (2,)]
    for gan, values in zip(gans, scores, strict=True):
        sources = [BaseSource(evaluator.data.fold(None, fold), gan.base) for fold in range(2)]
        np.testing.assert_array_equal(evaluator.scores([sources], ["same"])[0], values)


def test_baselines_are_scored_by_name():
    evaluator = evaluator_of(FIRST_COLUMN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the mean of nothing
        found = evaluator.baselines(["none", "random", "star"])
    assert list(found) == ["none", "random", "star"]
    assert np.isnan(found["none"]).all()
    for name in ("random", "star"):
        base = BASELINE_BASES.get(name, name)
        sources = [BaseSource(evaluator.data.fold(None, fold), base) for fold in range(2)]
        np.testing.assert_array_equal(evaluator.scores([sources], ["same"])[0], found[name])


def test_a_distance_of_nothing_has_no_value_and_is_no_failure():
    evaluator = evaluator_of(Measured(lambda holdout, new: math.nan if not len(new) else 1.0))
    with warnings.catch_warnings(action="error"):
        assert np.isnan(evaluator.baselines(["none"])["none"]).all()
    assert evaluator.failures == []


@pytest.mark.parametrize(("kind", "sign"), [(Measured, 1.0), (Loss, -1.0)])
def test_the_sign_turns_utility_into_the_oracles_own_unit(kind, sign):
    evaluator = evaluator_of(kind(lambda holdout, new: 5.0))
    assert evaluator.sign == sign
    (utilities,) = evaluator.scores([[Constant(0.0)] * 2], ["five"])
    assert (evaluator.sign * utilities).tolist() == [5.0, 5.0]


def test_another_oracle_sees_the_same_rows_and_starts_without_failures():
    evaluator = evaluator_of(Measured(lambda holdout, new: math.nan))
    with pytest.warns(RuntimeWarning, match="could not score"):
        evaluator.baselines(["smote"])
    other = evaluator.with_oracle(NUMBER_OF_ROWS)
    expected = evaluator_of(NUMBER_OF_ROWS).baselines(["none", "smote"])
    for name, found in other.baselines(["none", "smote"]).items():
        np.testing.assert_array_equal(found, expected[name])
    assert (len(evaluator.failures), other.failures) == (1, [])


def test_scores_do_not_depend_on_the_number_of_jobs():
    evaluator = evaluator_of(FIRST_COLUMN)
    (candidate,) = candidates_of([BASE], evaluator.data)
    one, two = (replace(evaluator, n_jobs=n)([candidate])[0] for n in (1, 2))
    np.testing.assert_array_equal(one, two)


# --- failures


def test_a_candidate_that_cannot_be_scored_is_warned_of_and_noted_once():
    evaluator = evaluator_of(Measured(lambda holdout, new: 1 / 0))
    (candidate,) = candidates_of([BASE], evaluator.data)
    with pytest.warns(RuntimeWarning, match=r"could not score base\(smote\) at step 0") as caught:
        (utilities,) = evaluator([candidate])
    assert np.isnan(utilities).all()
    assert len(caught) == 1
    assert evaluator.failures == [
        ScoringFailure(
            "base(smote) at step 0", "ZeroDivisionError: division by zero", 0, "Measured(<lambda>)"
        )
    ]
    assert str(caught[0].message) == str(evaluator.failures[0])
    event = evaluator.failures[0].event
    assert (event.step, event.controller) == (0, "oracle")
    assert event.decision == "could not score it: ZeroDivisionError: division by zero"


def test_of_many_failures_at_once_the_first_is_reported_with_the_number_of_others():
    evaluator = evaluator_of(NUMBER_OF_ROWS)
    sources = [[Failing()] * 2, [Constant(0.0)] * 2, [Failing()] * 2]
    with pytest.warns(RuntimeWarning, match="could not score a and 1 more"):
        scores = evaluator.scores(sources, ["a", "b", "c"])
    assert np.isnan(scores).all(axis=1).tolist() == [True, False, True]
    assert [failure.name for failure in evaluator.failures] == ["a and 1 more"]


def test_a_baseline_that_cannot_be_scored_is_named():
    evaluator = evaluator_of(Measured(lambda holdout, new: 1 / 0))
    with pytest.warns(RuntimeWarning, match="could not score smote"):
        evaluator.baselines(["smote"])
    assert evaluator.failures[0].step is None


def test_failures_at_a_ratio_are_failures_of_the_oracle():
    evaluator = evaluator_of(NUMBER_OF_ROWS)
    with pytest.warns(RuntimeWarning, match="could not score half"):
        evaluator.at_ratio(0.5).scores([[Failing()] * 2], ["half"])
    assert [failure.name for failure in evaluator.failures] == ["half"]


def test_a_ratio_at_which_some_fold_needs_no_rows_is_not_scored():
    evaluator = evaluator_of(NUMBER_OF_ROWS)  # 12 rows and 18 new ones in each fold
    assert [fold.n_new for fold in evaluator.at_ratio(0.75).folds] == [{1: 10}] * 2
    assert evaluator.at_ratio(0.25) is None
    fuller = replace(evaluator.folds[1], n_new={1: 1})
    assert replace(evaluator, folds=[evaluator.folds[0], fuller]).at_ratio(0.5) is None


def test_rows_of_another_width_are_a_failure():
    class Wide:
        def draw(self, code, n, streams):
            return Drawn(np.zeros((n, 5), np.float32), n)

    utility, why = _fold().utility(Wide())
    assert math.isnan(utility)
    assert why.startswith("ValueError")
