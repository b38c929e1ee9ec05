"""The study of several draws pairs tables, and takes those that every method has."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.reporting.statistics import METRICS
from benchmarks.studies import ensemble


def _rows(gain, tables=("a", "b", "c"), missing=()):
    """Scores that differ from table to table, five draws of ours being better by a gain for each."""
    known = [
        {
            "table": table,
            "repeat": 0,
            "fold": 0,
            "method": method,
            "classifier": classifier,
            "block": block,
            "error": "",
            "tuning_error": "",
            **dict.fromkeys(METRICS, np.nan),
            "f1": 0.1 * place + (gain[place] if method == "ours_x5" else 0.0),
            "average_precision": 0.5,
        }
        for place, table in enumerate(tables)
        for method in ensemble.METHODS
        for classifier, block in (("tree", "weak"), ("forest", "strong"))
        if (table, method) not in missing
    ]
    return pd.DataFrame(known)


def test_gains_are_paired_by_table_and_have_the_error_over_tables():
    told = ensemble.gains(ensemble.means(_rows((0.0, 0.1, 0.2))))
    first = told[(told["block"] == "weak") & told["difference"].str.endswith("− GANOversampler")]
    assert first["F1"].tolist() == [f"+0.100 ± {0.1 / 3**0.5:.3f} (2 of 3)"]
    assert first["AP"].tolist() == ["+0.000 ± 0.000 (0 of 3)"]


def test_tables_that_a_method_lacks_do_not_count():
    rows = _rows((0.0, 0.1, 0.2), missing=[("c", "smote")])
    assert ensemble.means(rows).index.unique("table").tolist() == ["a", "b"]


def test_what_fails_has_the_scores_of_doing_nothing():
    rows = _rows((0.0, 0.0, 0.0))
    failed = (rows["method"] == "ours_x5") & (rows["table"] == "c")
    rows.loc[failed, ["f1", "error"]] = [np.nan, "ValueError: no"]
    assert ensemble.means(rows).loc[("weak", "ours_x5", "c"), "f1"] == pytest.approx(0.2)


def test_the_page_compares_rivals_where_there_are_any():
    rows = _rows((0.0, 0.1, 0.2))
    assert "Samplers that" not in ensemble.report(rows)
    rival = rows[(rows["method"] == "ours") & (rows["table"] != "c")].assign(method="sona")
    text = ensemble.report(pd.concat([rows, rival.assign(f1=rival["f1"] - 0.05)]))
    assert text.startswith("# Are several draws better than one?\n\n3 KEEL tables")
    assert "on 2 of the tables" in text
    assert "GANOversampler − SONA | +0.050 ± 0.000 (2 of 2)" in text
