"""The study of speed gives ratios of two times of one run."""

import pandas as pd
import pytest

from benchmarks.peers.client import PeerMissing
from benchmarks.studies import speed_bars
from benchmarks.suites import made


def test_ratios_are_medians_over_tables_and_missing_peers_are_left_out(monkeypatch):
    tables = [made("rows", 300), made("rows", 1000), made("columns", 5)]
    seconds = {"ctgan": [20.0, 40.0, 60.0], "ours": [1.0, 4.0, 5.0]}

    def fit_seconds(method, table):
        if method == "tvae":
            raise PeerMissing("not built")
        return seconds[method][[t is table for t in tables].index(True)]

    monkeypatch.setattr(speed_bars, "fit_seconds", fit_seconds)
    (bar,) = speed_bars.against_peers(tables, "KEEL", {"ctgan": 10.0, "tvae": 2.0})
    assert bar == {"bar": "KEEL: ctgan / ours", "other_s": 40.0, "ours_s": 4.0, "ratio": 12.0, "wanted": 10.0}
    assert not list(speed_bars.against_peers(tables, "adult", {"ctgan": None}))


def test_a_fit_is_measured_and_the_page_says_what_is_wanted():
    assert speed_bars.fit_seconds("smote", made("rows", 300)) > 0
    page = speed_bars.report(pd.DataFrame([speed_bars._bar("500 columns", 10.0, 2.0, 5.0, 4.0)]))
    assert "| 500 columns | 10.0 | 2.0 | 5.0 | at least 4 |" in page


@pytest.mark.parametrize("n_columns", speed_bars.BEFORE)
def test_wide_tables_are_measured_in_units_of_a_forest(n_columns, monkeypatch):
    monkeypatch.setattr(speed_bars, "forest_seconds", lambda: 2.0)
    monkeypatch.setattr(speed_bars, "cpu_seconds", lambda work: 4.0)
    assert speed_bars.wide(n_columns)["ratio"] == pytest.approx(speed_bars.BEFORE[n_columns] / 2)
