"""The study of seeds measures the spread within tables."""

import pandas as pd
import pytest

from benchmarks.studies import spread
from benchmarks.tables import load_table


def test_spread_is_that_over_seeds_within_tables():
    """Differences between tables are no spread."""
    swing = {"smote": 0.1, "smoothed_bootstrap": 0.2, "ours": 0.05}
    rows = pd.DataFrame(
        {
            "table": table,
            "method": method,
            "average_precision": level + sign * swing[method],
            "f1": level + sign * swing[method] / 2,
        }
        for table, level in (("a", 0.2), ("b", 0.9))
        for method in spread.METHODS
        for sign in (-1, 0, 1)
    )
    told = spread.summary(rows).set_index("method")
    assert told["SD of AP"].tolist() == pytest.approx([0.1, 0.2, 0.05])
    assert told["F1, of SMOTE's"].tolist() == pytest.approx([1.0, 2.0, 0.5])


def test_a_cell_of_the_spread_is_a_mean_of_classifiers():
    table = load_table("diabetes-worst-tenth", None)
    same, again, other = (row for seed in (0, 0, 1) for row in spread.cell(table, "smote", seed))
    assert same == again
    assert same["average_precision"] != other["average_precision"]
    assert 0 < same["f1"] < 1
