"""Bars compare what was measured with a bound, over tables that both arms have."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.fidelity import bars, cells, pictures
from benchmarks.studies.fidelity.bars import Bar
from benchmarks.studies.fidelity.checks import nothing
from benchmarks.studies.fidelity.page import Evidence, bars_table, report

DISTANCES = {"ours": (0.2, 0.6), "smote": (0.1, 0.1), "none": (np.nan, np.nan)}


def rows(suite="keel"):
    """Two tables; ours costs .1 of strong AP on the second, where its advice is to leave the table."""
    found = []
    for arm, distances in DISTANCES.items():
        for number, distance in enumerate(distances):
            row = dict.fromkeys(cells.MEASURES, 0.5)
            row |= {"suite": suite, "table": "ab"[number], "family": "ab"[number], "repeat": 0, "fold": 0}
            row |= {"arm": arm, "distance": distance, "n_minority": 9, "n_new": 9, "advice": "", "error": ""}
            if arm == "ours":
                row |= {"f1_weak": 0.6, "average_precision_strong": (0.5, 0.4)[number]}
                row["advice"] = ("Resample: it helps.", "Leave the table as it is: no gain.")[number]
            found.append(row)
    return pd.DataFrame(found, columns=list(cells.COLUMNS))


def committed(f1=0.7):
    known = {"method": "ours", "classifier": "knn", "repeat": 0, "fold": 0}
    return pd.DataFrame([{"table": table, "f1": f1, **known} for table in "ab"])


@pytest.mark.parametrize(("measured", "met"), [(1.0, True), (1.1, False), (np.nan, None)])
def test_a_bar_is_met_broken_or_not_measured(measured, met):
    assert Bar("what", measured, 1.0).met is met
    assert Bar("what", -measured, -1.0, at_most=False).met is met


def test_the_ratio_is_that_of_means_and_of_medians_over_tables():
    means = bars.per_table(rows())
    assert bars.ratio(means, "ours", "distance") == pytest.approx(4)
    assert np.isnan(bars.ratio(means, "fidelity=1", "distance"))


def test_arms_of_fewer_folds_are_compared_on_these():
    other = rows().query("arm != 'ours'").assign(fold=1, distance=9.0, f1_weak=0.9)
    both = pd.concat([rows(), other])
    for name in ("ratio", "ratio_median", "f1_gain"):
        assert bars.facts(both, "ours")[name] == pytest.approx(bars.facts(rows(), "ours")[name])
    assert (bars.facts(both, "ours")["folds"], bars.facts(both, "smote")["folds"]) == (1, 2)


def test_a_failure_scores_as_doing_nothing():
    failed = rows()
    failed.loc[failed["arm"] == "ours", [*cells.MEASURES, "error"]] = [np.nan] * len(cells.MEASURES) + ["no"]
    means = bars.per_table(failed).set_index("arm")
    assert (means.loc["ours", "f1_weak"] == 0.5).all()
    assert (means.loc["ours", "failed"] == 1).all()


def test_harmed_tables_are_told_from_others_and_flags_counted():
    found = bars.advice_table(rows()).set_index("harmed")
    assert found["tables"].to_dict() == {False: 1, True: 1}
    assert found["flagged"].to_dict() == {False: 0, True: 1}


def test_families_are_compared_on_the_same_folds():
    elsewhere = committed(f1=0.0).assign(fold=1)
    change = bars.families(rows(), pd.concat([committed(), elsewhere]))
    assert change["mean"].to_dict() == pytest.approx({"a": -0.1, "b": -0.1})
    assert change["tables"].to_dict() == {"a": 1, "b": 1}


def test_surely_harmed_tables_lose_more_than_their_error_over_folds():
    folds = [rows().assign(fold=fold) for fold in range(4)]
    assert bars.surely_harmed(pd.concat(folds), "ours") == 0.5
    for fold, loss in zip(folds, (0.4, 0.0, 0.1, -0.1), strict=True):
        fold.loc[(fold["arm"] == "ours") & (fold["table"] == "b"), "average_precision_strong"] = 0.5 - loss
    assert bars.surely_harmed(pd.concat(folds), "ours") == 0
    assert np.isnan(bars.surely_harmed(rows(), "ours"))


def test_the_page_says_of_every_bar_whether_it_is_met():
    now, before = Evidence(rows(), nothing()), Evidence(rows().iloc[:0], nothing())
    text = report(now, before, committed())
    table = bars_table(now.bars(committed()), before.bars(committed())).set_index("what")
    assert table.loc["distance over SMOTE's, ratio of means (KEEL), default", "met"] == "yes"
    assert table.loc["tables whose strong AP loses more than .02 (KEEL)", "met"] == "**no**"
    assert set(table["before"]) == {"–"}
    assert all(f"| {what} |" in text for what in table.index)


def test_the_frontier_is_drawn_from_the_arms_there_are(tmp_path):
    pictures.frontier(rows(), tmp_path / "frontier.png")
    assert (tmp_path / "frontier.png").stat().st_size > 5_000
