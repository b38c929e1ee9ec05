"""Means, ranks and comparisons follow the rules of the report."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import metrics
from benchmarks.reporting import statistics
from benchmarks.reporting.statistics import METRICS, SCORES
from tests.benchmarks.reporting.made_rows import N_FOLDS, N_TABLES, failing, line, made
from tests.samples import global_state


def test_a_method_better_everywhere_wins_all_tables_and_its_interval_is_above_zero():
    rows = statistics.prepare(made({"none": 0.0, "smote": 0.02, "ours": 0.07}))
    against = line(statistics.comparisons(rows, "ours"), block="weak", metric="f1", opponent="smote")
    assert (against["won"], against["tied"], against["lost"]) == (N_TABLES, 0, 0)
    assert against[["low", "difference", "high"]].tolist() == pytest.approx([0.05] * 3)
    assert against["wilcoxon"] == pytest.approx(2 / 2**N_TABLES)
    assert against["p_better"] > 0.99
    assert statistics.summary(rows).query("method == 'ours'")["rank_f1"].tolist() == [1.0, 1.0]


def test_tests_are_deterministic_and_leave_the_global_state_alone():
    rows = statistics.prepare(made({"none": 0.0, "ours": 0.004}))
    before = global_state()
    first, second = (statistics.comparisons(rows, "ours") for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert global_state() == before


def test_a_small_gain_is_practically_none_however_many_tables_it_wins():
    rows = statistics.prepare(made({"none": 0.0, "ours": 0.004}))
    against = line(statistics.comparisons(rows, "ours"), block="weak", metric="f1", opponent="none")
    assert against["won"] == N_TABLES
    assert against["p_equal"] > 0.95


def test_failed_rows_count_as_none():
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.2})
    failed = (rows["method"] == "ours") & (rows["table"] != "t0")
    frame = statistics.prepare(failing(rows, failed))
    ours, none = (frame[(frame["method"] == name) & (frame["table"] == "t1")] for name in ("ours", "none"))
    np.testing.assert_array_equal(ours[list(METRICS)], none[list(METRICS)])
    summary = line(statistics.summary(frame), block="weak", method="ours")
    assert (summary["failures"], summary["cells"]) == (2 * (N_TABLES - 1), 2 * N_TABLES)
    assert statistics.errors(frame)["failed"].tolist() == [2 * (N_TABLES - 1)]


def test_a_failure_gives_an_untuned_method_no_tuned_score():
    rows = made({"none": 0.0, "slow": 0.1})
    slow = rows["method"] == "slow"
    rows.loc[slow, "f1_tuned"] = np.nan
    frame = statistics.prepare(failing(rows, slow & (rows["table"] == "t0")))
    assert frame.loc[frame["method"] == "slow", "f1_tuned"].isna().all()
    assert frame.loc[frame["method"] == "slow", "f1"].notna().all()


def test_a_method_that_always_fails_is_none():
    rows = made({"none": 0.0, "ours": 0.1, "broken": 0.1})
    summary = statistics.summary(statistics.prepare(failing(rows, rows["method"] == "broken")))
    broken, none = (line(summary, block="weak", method=name) for name in ("broken", "none"))
    assert broken[list(METRICS)].tolist() == none[list(METRICS)].tolist()
    assert broken["rank_f1"] == none["rank_f1"]


def test_none_tuned_has_the_tuned_labels_and_is_ranked_by_these_only():
    rows = made({"none": 0.0, "ours": 0.1})
    frame = statistics.prepare(rows)
    tuned, none = (frame[frame["method"] == name].reset_index() for name in ("none_tuned", "none"))
    assert tuned["f1"].tolist() == none["f1_tuned"].tolist()
    assert tuned["roc_auc"].tolist() == none["roc_auc"].tolist()
    summary = line(statistics.summary(frame), block="weak", method="none_tuned")
    assert summary["rank_f1"] >= 1
    assert np.isnan(summary["rank_roc_auc"])
    comparisons = statistics.comparisons(frame, "ours")
    assert set(comparisons.query("opponent == 'none_tuned'")["metric"]) == {"f1"}


def test_incomplete_methods_never_enter_the_ranks():
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.2, "slow": 0.3})
    rows = rows[(rows["method"] != "slow") | rows["table"].isin(["t0", "t1"])]
    frame = statistics.prepare(rows)
    summary = statistics.summary(frame).query("block == 'weak'")
    assert summary.set_index("method").loc["slow", ["complete", "tables"]].tolist() == [False, 2]
    assert summary.query("method == 'slow'")["rank_f1"].isna().all()
    assert summary.query("method == 'ours'")["rank_f1"].tolist() == [1.0]
    assert "slow" not in set(statistics.comparisons(frame, "ours")["opponent"])
    paired = line(statistics.incomplete(frame.query("block == 'weak'"), "ours"), method="slow")
    assert (paired["cells"], paired["tables"], paired["f1_lost"]) == (4, 2, 2)
    assert paired["f1"] - paired["f1_ours"] == pytest.approx(0.1)
    assert paired["f1"] - paired["f1_smote"] == pytest.approx(0.2)


def test_identical_methods_tie():
    frame = statistics.prepare(made({"none": 0.0, "ours": 0.1, "twin": 0.1}))
    summary = statistics.summary(frame).query("block == 'strong'").set_index("method")
    assert summary.loc[["ours", "twin"], "rank_average_precision"].tolist() == [1.5, 1.5]
    against = line(statistics.comparisons(frame, "ours"), block="strong", metric="f1", opponent="twin")
    assert (against["tied"], against["wilcoxon"], against["holm"]) == (N_TABLES, 1.0, 1.0)


def test_all_scores_that_are_measured_are_reported():
    assert set(METRICS) == set(metrics.SCORES)


def test_a_method_tuned_here_and_there_takes_no_tuned_scores_from_others():
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.05})
    tuned = [name for name in SCORES if name.endswith("_tuned")]
    rows.loc[(rows["method"] == "smote") & (rows["table"] != "t0"), tuned] = np.nan
    shown = statistics.at_tuned_thresholds(statistics.prepare(rows))
    assert set(shown["method"]) == {"none", "ours"}
    assert (shown["cells"] == N_TABLES * N_FOLDS).all()


def test_without_none_methods_that_fail_are_incomplete():
    rows = made({"smote": 0.1, "ours": 0.05})
    rows = statistics.prepare(failing(rows, (rows["method"] == "smote") & (rows["table"] == "t0")))
    assert statistics.complete_methods(rows) == ["ours"]


def test_ours_is_no_line_among_those_not_run_everywhere():
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.05})
    rows = statistics.prepare(rows[(rows["method"] != "ours") | (rows["table"] != "t0")])
    pairs = statistics.incomplete(rows, "ours")
    assert pairs.empty or "ours" not in set(pairs["method"])
