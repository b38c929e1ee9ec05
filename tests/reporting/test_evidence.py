"""Evidence is held out, bounded, and finds copies."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from gan_oversampler import GAN
from gan_oversampler.reporting.evidence import MAX_DRAWN, MAX_REAL, METRICS, as_pandas
from tests.fitted_samplers import fitted, gathered
from tests.tables import mixed, numbers


def test_generators_of_a_fold_draw_nothing_of_its_holdout():
    X, y = numbers()
    sampler = fitted(X, y, gan=GAN(base="bootstrap", loss_weights={}), max_steps=0)
    for seen, unseen, new in sampler.report_.evidence.folds():
        assert not set(map(tuple, seen.values)) & set(map(tuple, unseen.values))
        assert not set(map(tuple, new.values)) & set(map(tuple, unseen.values))
    for seen, _, new in gathered(X, y, "bootstrap").folds():
        assert set(map(tuple, new.values)) <= set(map(tuple, seen.values))


def test_copies_are_found():
    metrics = gathered(*numbers(), "bootstrap").metrics.set_index("name")
    assert metrics.index.tolist() == list(METRICS)
    assert metrics.loc["copies", "value"] == 1
    assert metrics.loc["distance to closest record", "value"] == 0
    fresh = gathered(*numbers()).metrics.set_index("name")
    assert metrics.loc["membership inference", "value"] == 1
    assert metrics.loc["members found", "value"] >= 0.9
    assert 0.3 < fresh.loc["membership inference", "value"] < 0.9
    assert fresh.loc["copies", "value"] == 0
    assert fresh.loc["distance to closest record", "value"] > 0.2
    assert fresh["value"].notna().all()


def test_real_rows_say_what_is_attainable_by_fidelity_only():
    metrics = gathered(*numbers()).metrics.set_index("name")
    fidelity = [name for name, metric in METRICS.items() if metric.fidelity]
    assert set(metrics.index[metrics["real"].notna()]) == set(fidelity)


def test_smotes_rows_stand_beside_the_new_ones():
    evidence = gathered(*numbers(), "smote")
    metrics = evidence.metrics.set_index("name")
    assert metrics["smote"].tolist() == pytest.approx(metrics["value"].tolist())  # drawn alike
    assert evidence.fidelity.energy_ratio == pytest.approx(1)
    assert evidence.fidelity.auc == evidence.fidelity.smote_auc
    assert not evidence.fidelity.is_far


def _moved(evidence, by):
    """The same evidence with new rows moved away from their class."""
    folds = [
        replace(f, synthetic=replace(f.synthetic, values=f.synthetic.values + np.float32(by)))
        for f in evidence.by_fold
    ]
    return replace(evidence, by_fold=tuple(folds))


def test_rows_that_are_moved_away_are_far_and_told_apart():
    evidence = gathered(*numbers())
    moved = [_moved(evidence, by) for by in (0, 1, 9)]
    assert [its.is_far for its in moved] == [False, False, True]
    assert not any("fidelity" in vars(its) for its in moved)  # not measured before it is asked for
    near, far, very_far = (its.fidelity for its in moved)
    assert near.energy_ratio < far.energy_ratio < very_far.energy_ratio
    assert near.smote_auc == far.smote_auc == very_far.smote_auc
    assert very_far.auc == pytest.approx(1)
    assert not near.is_far
    assert very_far.is_far
    assert very_far.is_very_far


def test_of_many_rows_of_a_class_a_sample_is_compared(monkeypatch):
    monkeypatch.setattr("gan_oversampler.reporting.evidence.MAX_COMPARED", 5)
    evidence = gathered(*mixed())
    few = evidence._thinned(evidence.real)
    assert np.bincount(few.codes).tolist() == [0, 5, 5]
    assert np.isfinite(evidence.fidelity.energy_ratio)


@pytest.mark.parametrize("cv", [None, 3])
def test_fidelity_needs_held_out_rows_and_those_of_smote(cv):
    evidence = gathered(*numbers(), cv=cv)
    evidence = (
        evidence
        if cv is None
        else replace(evidence, by_fold=tuple(replace(f, smote=None) for f in evidence.by_fold))
    )
    assert evidence.fidelity is None
    assert evidence.to_dict()["fidelity"] is None


def test_of_a_class_of_one_value_nothing_is_said_of_fidelity():
    X, y = numbers()
    X[y == 1] = 7.0
    with warnings.catch_warnings(action="error", category=RuntimeWarning):
        evidence = gathered(X, y, "smote")
        assert evidence.fidelity is None
        assert _moved(evidence, 1).fidelity is None
        assert "Fidelity" not in str(fitted(X, y, max_steps=0).report_)


def test_errors_of_metrics_know_how_many_rows_are_held_out():
    evidence = gathered(*numbers())
    (fold, *_), twice = evidence.by_fold, replace(evidence, by_fold=evidence.by_fold * 2)
    ratio = len(fold.unseen) / len(fold.seen)
    once, both = (
        e.metrics.set_index("name").loc["energy distance", "standard_error"] for e in (evidence, twice)
    )
    n = len(evidence.by_fold)
    # Every value counts twice: the sum of squares doubles, the rows that are held out of a fold stay as many.
    by_variance = 2 * (n - 1) / (2 * n - 1) * (1 / (2 * n) + ratio) / (1 / n + ratio)
    assert both / once == pytest.approx(by_variance**0.5, rel=0.02)


def test_fidelity_is_part_of_the_facts():
    facts = gathered(*numbers()).to_dict()
    assert set(facts["fidelity"]) == {"energy_ratio", "auc", "smote_auc"}


def test_of_very_wide_tables_the_two_sample_test_is_left_out(monkeypatch):
    monkeypatch.setattr("gan_oversampler.reporting.evidence.MAX_TEST_COLUMNS", 3)
    metrics = gathered(*numbers(columns=4)).metrics.set_index("name")
    assert metrics.index[metrics["value"].isna()].tolist() == ["classifier two-sample test"]


def test_every_held_out_row_is_shown_once_and_only_the_class_asked_for():
    X, y = mixed()
    evidence = gathered(X, y)
    assert evidence.held_out
    assert evidence.labels == ["rarest", "rare"]
    assert len(evidence.real_table("rare")) == 30
    assert len(evidence.real_table("rare", others=True)) == 90
    assert len(evidence.new_table("rarest")) == 3 * 100
    with pytest.raises(ValueError, match=r"class 'common'.*Known are"):
        evidence.new_table("common")


def test_evidence_is_bounded_and_leads_nowhere_else():
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(5000, int), np.ones(1500, int)]
    evidence = gathered(rng.normal(size=(len(y), 2)), y)
    assert np.bincount(evidence.real.codes).tolist() == [MAX_REAL, MAX_REAL]
    assert all(len(fold.synthetic) == MAX_DRAWN for fold in evidence.by_fold)
    assert evidence.real.frame is evidence.real.values


def test_where_nothing_was_held_out_there_are_pictures_but_no_metrics():
    evidence = gathered(*numbers(), cv=None)
    assert not evidence.held_out
    assert evidence.metrics.empty
    assert len(evidence.real_table(1)) == 24


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: X.to_numpy(),
        lambda X: X.to_numpy().tolist(),
        lambda X: tuple(X.to_numpy().tolist()),
        lambda X: sparse.csr_array(X.to_numpy()),
        lambda X: pl.DataFrame({name: X[name].to_numpy() for name in X}),
    ],
)
def test_any_container_becomes_a_pandas_frame(make):
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 3.0]})
    table = as_pandas(make(X))
    assert isinstance(table, pd.DataFrame)
    np.testing.assert_array_equal(table.to_numpy(float), X.to_numpy())


def test_times_that_python_cannot_hold_become_those_of_numpy():
    seconds = [0, 10**12]  # the later one in the year 33,658
    table = as_pandas(pa.table({"when": pa.array(seconds, pa.timestamp("s"))}))
    assert table["when"].astype("int64").tolist() == seconds
