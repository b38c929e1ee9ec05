"""The study of errors of gains knows the truth of its laws, and counts what lies near it."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import gain_errors as study


@pytest.mark.parametrize("law", study.LAWS)
def test_a_law_moves_the_rare_class_only(law):
    X, y = study.draw(law, 20_000, np.random.default_rng(0))
    assert y.mean() == pytest.approx(study.SHARE, abs=0.01)
    assert np.abs(X[y == 0].mean(axis=0)).max() < 0.05
    assert np.abs(X[y == 0].std(axis=0) - 1).max() < 0.05
    rare = X[y == 1]
    assert max(np.abs(rare.mean(axis=0)).max(), np.abs(rare.std(axis=0) - 1).max()) > 0.4


def test_sure_and_right_predictions_score_one():
    y = np.repeat([0, 1], 50)
    X = 20.0 * y[:, None] + np.random.default_rng(0).normal(size=(100, 1))
    assert study.score((X, y), (X, y), 0) == pytest.approx(1, abs=0.01)


def test_the_summary_counts_gains_near_the_truth_and_leaves_out_those_of_equal_rows():
    facts = {"law": "ring", "folds": 3, "baseline": "none", "truth": 0.0}
    rows = pd.DataFrame(
        [
            {**facts, "seed": seed, "gain": gain, "standard_error": 2.0, "independent": independent}
            for seed, (gain, independent) in enumerate([(1.0, 1.0), (-3.0, 1.0), (5.0, 1.0), (0.0, 0.0)])
        ]
    )
    line = study.summary(rows).iloc[0]
    assert line["gains"] == 3
    assert line["bias"] == pytest.approx(1)
    assert line["independent ±1"] == line["independent ±2"] == pytest.approx(100 / 3)
    assert line["reported ±1"] == pytest.approx(100 / 3)
    assert line["reported ±2"] == pytest.approx(200 / 3)
    assert "33.3" in study.report(rows)


def test_a_cell_has_a_row_per_baseline(monkeypatch):
    monkeypatch.setattr(study, "N_FRESH", 500)
    monkeypatch.setattr(study, "STEPS", 0)
    rows = pd.DataFrame(study.cell("shifted", 2, 0))
    assert rows["baseline"].tolist() == list(study.BASELINES)
    assert np.isfinite(rows[["gain", "truth"]].to_numpy()).all()
    assert (rows["standard_error"] >= 0).all()
