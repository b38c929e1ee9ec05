"""The study of tables with more than two classes."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from benchmarks.studies import multiclass


def test_a_constant_answer_finds_one_class_of_three():
    """Its F1 is 2/4 for the class that it names and 0 for the others; it correlates with nothing."""
    y = pd.Series(["a", "b", "c"])
    scores = multiclass.scores_of(y, np.array(["a", "a", "a"]))
    assert scores == pytest.approx({"macro_f1": 1 / 6, "mcc": 0.0, "balanced_accuracy": 1 / 3})


def test_all_classes_are_filled_up_and_held_out_rows_keep_their_number():
    """SMOTE draws up to the largest class; rows to be predicted are only encoded."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    kept = np.r_[0:10, 50:80, 100:150]
    X, y = X.iloc[kept].reset_index(drop=True), y.iloc[kept].astype(str).reset_index(drop=True)
    rows, labels, held_out = multiclass.resampled("smote", X, y, X.iloc[:5], (), 0)
    assert set(pd.Series(labels).value_counts()) == {50}
    assert len(rows) == 150
    assert held_out.shape == (5, 4)


def test_a_method_that_fails_is_scored_as_doing_nothing():
    """Of two rows of a class one is held out, and SMOTE needs two."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    kept = np.r_[0:2, 50:80, 100:150]
    table = X.iloc[kept].reset_index(drop=True), y.iloc[kept].astype(str).reset_index(drop=True)
    smote, none = (multiclass.cell("iris", *table, (), 0, method) for method in ("smote", "none"))
    assert all("n_neighbors" in row["error"] for row in smote)
    assert not any(row["error"] for row in none)
    assert [row["macro_f1"] for row in smote] == [row["macro_f1"] for row in none]
    assert multiclass.failures(pd.DataFrame([*smote, *none])) == "Failed: SMOTE on iris (1 folds)."


def test_gains_are_differences_of_means_over_tables():
    """Ours is .1 above all others on one table and .3 on the other: .2 ± .1, two tables won."""
    scores = {"ours": {"x": 0.6, "y": 0.8}}
    rows = pd.DataFrame(
        [
            {"table": table, "method": method, "classifier": name, "error": ""}
            | dict.fromkeys(multiclass.SCORES, scores.get(method, {"x": 0.5, "y": 0.5})[table])
            for method, table, name in product(multiclass.COMPARED, "xy", ("tree", "forest"))
        ]
    )
    found = multiclass.summary(rows)
    assert set(found["macro f1"]) == {"+0.200 ± 0.100"}
    assert set(found["macro F1 won, lost"]) == {"2, 0"}
