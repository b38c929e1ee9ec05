"""The study of the oracle says what its rows say; it runs on a small table."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import oracle
from benchmarks.tables import load_table

CANDIDATES = [oracle.DEFAULT, "border at 0", f"guided at {oracle.STEPS}"]


def _rows(truths, utilities):
    """One cell; all oracles think the same."""
    columns = dict.fromkeys(oracle.ORACLES, utilities) | {"kept": [0.0, 1.0, 1.0]}
    return pd.DataFrame({"table": "t", "fold": 0, "candidate": CANDIDATES, "truth": truths, **columns})


def _line(rows, name):
    return oracle.summary(rows).set_index("oracle").loc[name]


def test_an_oracle_that_ranks_like_the_truth_has_no_regret():
    line = _line(_rows([0.2, 0.5, 0.4], [1.0, 3.0, 2.0]), "smooth F1")
    assert (line["Spearman"], line["F1"], line["regret"]) == (1.0, 0.5, 0.0)


def test_regret_is_what_the_choice_loses_against_the_best():
    rows = _rows([0.2, 0.5, 0.4], [1.0, 2.0, 3.0])
    line = _line(rows, "F1")
    assert line["regret"] == pytest.approx(0.1)
    assert line["regret / (best - SMOTE)"] == pytest.approx(1 / 3, abs=1e-3)
    assert line["Spearman"] == pytest.approx(0.5)
    assert _line(rows, "last step")["F1"] == 0.4
    assert _line(rows, "SMOTE")["F1"] == 0.2
    assert _line(rows, "best in hindsight")["regret"] == 0.0


def test_equal_utilities_have_no_rank_correlation_and_choose_any():
    line = _line(_rows([0.2, 0.5, 0.4], [1.0, 1.0, 1.0]), "energy")
    assert np.isnan(line["Spearman"])
    assert line["F1"] == pytest.approx(1.1 / 3, abs=1e-4)


def test_what_is_kept_counts_with_the_mean_of_its_truths():
    assert _line(_rows([0.2, 0.5, 0.4], [1.0, 2.0, 3.0]), "kept by smooth F1")["F1"] == 0.45


def test_means_over_folds_rank_more_surely_than_folds():
    folds = [_rows([0.2, 0.5, 0.4], [1.0, 3.0, 2.0]), _rows([0.2, 0.3, 0.35], [1.0, 2.0, 1.5]).assign(fold=1)]
    line = _line(pd.concat(folds, ignore_index=True), "F1")
    assert line["Spearman"] == pytest.approx((1 + 0.5) / 2)
    assert line["Spearman, tables"] == 1.0


def test_the_truth_of_other_folds_is_what_could_be_foreseen():
    first, second = _rows([0.2, 0.5, 0.4], [1.0, 2.0, 3.0]), _rows([0.2, 0.3, 0.35], [1.0, 2.0, 3.0])
    rows = pd.concat([first, second.assign(fold=1)], ignore_index=True)
    line = _line(rows, "truth on the other folds")  # takes the third in one fold, the second in the other
    assert line["F1"] == pytest.approx((0.4 + 0.3) / 2)
    assert line["Spearman"] == pytest.approx(0.5)
    assert "truth on the other folds" not in set(oracle.summary(first)["oracle"])


def test_cells_in_which_nothing_was_judged_are_left_out():
    told, rest = _rows([0.2, 0.5, 0.4], [1.0, 2.0, 3.0]), _rows([0.9, 0.9, 0.9], [np.nan] * 3)
    rows = pd.concat([told, rest.assign(table="tiny")])
    pd.testing.assert_frame_equal(oracle.summary(rows), oracle.summary(told))
    assert "1 of 2 KEEL tables" in oracle.report(rows)


def test_a_cell_holds_every_candidate_with_its_truth_and_utilities(monkeypatch):
    monkeypatch.setattr(oracle, "STEPS", oracle.UNIT)
    rows = pd.DataFrame(oracle.cell(load_table("diabetes-worst-tenth", None), 0))
    guided = ["guided at 0", f"guided at {oracle.UNIT}"]
    assert sorted(rows["candidate"]) == sorted([*(f"{base} at 0" for base in oracle.BASES), *guided])
    assert rows["truth"].between(0, 1).all()
    assert np.isfinite(rows[list(oracle.ORACLES)]).all(axis=None)
    assert rows["kept"].isin([0, 1]).all()
    assert rows["kept"].sum() > 0
    assert (rows[["Frechet", "energy"]] <= 0).all(axis=None)  # distances, turned round


def test_nobody_can_agree_with_noisy_truths_more_than_these_agree_with_each_other():
    truths = {("t", 0): [0.2, 0.4, 0.5], ("t", 1): [0.1, 0.3, 0.2]}
    truths |= {("u", fold): [0.3, 0.2, 0.1] for fold in (0, 1)}
    cells = [_rows(values, [1.0, 2.0, 3.0]).assign(table=t, fold=f) for (t, f), values in truths.items()]
    rows = pd.concat(cells, ignore_index=True)
    assert oracle.agreement(rows) == pytest.approx((0.5 + 1.0) / 2)
    page = oracle.report(rows)
    assert "rank correlation of 0.75" in page
    assert f"about {0.75**0.5:.2f} with one fold" in page
    assert f"about {(1.5 / 1.75) ** 0.5:.2f} with the means of 2" in page
    assert "about" not in oracle.report(rows[rows["fold"] == 0])
