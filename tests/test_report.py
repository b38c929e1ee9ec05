"""What the report says follows from the rows: failures, gaps, ties and families are told as they are."""

import json
import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import benchmarks
from benchmarks import (
    markdown,
    metrics,
    pictures,
    provenance,
    report,
    report_autogan,
    significance,
    statistics,
)
from benchmarks import report_sections as sections
from benchmarks.statistics import COSTS, DRAWN, LOSSES, METRICS, SCORES
from tests.samples import global_state

CLASSIFIERS = {"tree": "weak", "knn": "weak", "forest": "strong"}
N_TABLES, N_FOLDS = 7, 2


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Fewer metrics and samples than in earnest; names for readers without the samplers behind them."""
    monkeypatch.setattr(statistics, "TESTED", ("f1", "average_precision"))
    monkeypatch.setattr(significance, "POSTERIOR_SAMPLES", 300)
    monkeypatch.setattr(significance, "RESAMPLES", 1000)
    stub = ModuleType("benchmarks.methods")
    stub.SETTINGS = {"ours_plain": "ours"}
    stub.TITLES = {"ours": "GANOversampler", "none": "nothing", "smote": "SMOTE"}
    monkeypatch.setitem(sys.modules, "benchmarks.methods", stub)
    monkeypatch.setattr(benchmarks, "methods", stub, raising=False)


def made(gains, tables=None):
    """Rows of methods whose scores differ from "none" by a constant; every table its own family."""
    tables = tables or [f"t{i}" for i in range(N_TABLES)]
    rng = np.random.default_rng(0)
    tuned = np.array([0.005 * name.endswith("_tuned") for name in SCORES])
    base = {table: rng.uniform(0.3, 0.6) + tuned for table in tables}
    rows = [
        {"table": table, "family": table, "method": method, "classifier": classifier, "block": block}
        | {
            "error": "",
            "tuning_error": "",
            "repeat": 0,
            "fold": fold,
            "n_train": 80,
            "n_minority": 9,
            "n_new": 62,
        }
        | {"n_features": 3, **dict(zip(SCORES, base[table] + gain)), **dict.fromkeys(LOSSES, 0.2 - gain)}
        | {**dict.fromkeys(COSTS, 1.0 + gain), **dict.fromkeys(DRAWN, np.nan if method == "none" else 0.6)}
        for table in tables
        for method, gain in gains.items()
        for fold in range(N_FOLDS)
        for classifier, block in CLASSIFIERS.items()
    ]
    return pd.DataFrame(rows)


def failing(rows, chosen):
    """The rows with some of them failed."""
    rows = rows.copy()
    rows.loc[chosen, [*METRICS, *COSTS, *DRAWN]] = np.nan
    rows.loc[chosen, "error"] = "ValueError: too | few"
    return rows


def line(frame, **where):
    """The one line of a frame where columns have these values."""
    for name, value in where.items():
        frame = frame[frame[name] == value]
    (index,) = frame.index
    return frame.loc[index]


def headline(rows):
    """The first lines of the page."""
    rows = statistics.prepare(rows)
    return sections.headline(statistics.summary(rows), statistics.comparisons(rows, "ours"), "ours")


def reported(folder, rows, suite="made", **side):
    """The page that is written for rows."""
    rows.to_parquet(folder / f"{suite}.parquet")
    for ending, content in side.items():
        (folder / f"{suite}_{ending}.json").write_text(json.dumps(content))
    report.main([suite, "--results", str(folder)])
    return (folder / f"{suite}.md").read_text("utf-8")


def test_a_method_better_everywhere_wins_all_tables_and_its_interval_is_above_zero():
    rows = statistics.prepare(made({"none": 0.0, "smote": 0.02, "ours": 0.07}))
    against = line(statistics.comparisons(rows, "ours"), block="weak", metric="f1", opponent="smote")
    assert (against["won"], against["tied"], against["lost"]) == (N_TABLES, 0, 0)
    assert against[["low", "difference", "high"]].tolist() == pytest.approx([0.05] * 3)
    assert against["wilcoxon"] == pytest.approx(2 / 2**N_TABLES)
    assert against["p_better"] > 0.99
    assert statistics.summary(rows).query("method == 'ours'")["rank_f1"].tolist() == [1.0, 1.0]


def test_comparisons_turn_round_with_the_sides():
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_arrays([list("aabbcc"), range(6)])
    a, b = (pd.Series(rng.uniform(size=6), index) for _ in range(2))
    there, back = significance.compare(a, b), significance.compare(b, a)
    assert there["won"] == back["lost"]
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["low"] == pytest.approx(-back["high"], abs=0.02)
    assert there["p_better"] == pytest.approx(back["p_worse"], abs=0.05)


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
    paired = line(statistics.incomplete(frame, "ours"), block="weak", method="slow")
    assert (paired["cells"], paired["tables"], paired["f1_lost"]) == (4, 2, 2)
    assert paired["f1"] - paired["f1_ours"] == pytest.approx(0.1)
    assert paired["f1"] - paired["f1_smote"] == pytest.approx(0.2)


def test_identical_methods_tie():
    frame = statistics.prepare(made({"none": 0.0, "ours": 0.1, "twin": 0.1}))
    summary = statistics.summary(frame).query("block == 'strong'").set_index("method")
    assert summary.loc[["ours", "twin"], "rank_average_precision"].tolist() == [1.5, 1.5]
    against = line(statistics.comparisons(frame, "ours"), block="strong", metric="f1", opponent="twin")
    assert (against["tied"], against["wilcoxon"], against["holm"]) == (N_TABLES, 1.0, 1.0)


def test_copies_of_families_do_not_narrow_the_interval():
    gains, families = np.array([0.1, -0.05, 0.02, 0.04, -0.01]), list("abcde")
    once = significance.family_interval(gains, families)
    often = significance.family_interval(np.repeat(gains, 30), np.repeat(families, 30))
    assert often == pytest.approx(once)
    independent = significance.family_interval(np.repeat(gains, 30), np.arange(150))
    assert np.ptp(independent) < np.ptp(once) / 3


def test_one_family_gives_no_interval():
    assert np.isnan(significance.family_interval(np.full(30, 0.1), ["a"] * 30)).all()


def test_the_headline_is_honest_when_ours_loses():
    page = headline(made({"none": 0.0, "smote": 0.1, "ours": 0.03}))
    assert "By F1 in the weak block, GANOversampler ranks 2nd of 4 (mean rank 2.0)" in page
    assert "the best is SMOTE 1.0" in page
    assert "Against SMOTE: -0.070 on average" in page
    assert f"0 tables won, 0 tied, {N_TABLES} lost" in page
    assert "worse than 1 of" in page


def test_the_headline_says_when_ours_was_not_run_everywhere():
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.3})
    kept = (rows["method"] != "ours") | (rows["table"] != "t0")
    assert "GANOversampler has no rank: it was not run on every cell" in headline(rows[kept])


def test_everything_is_written(tmp_path, capsys):
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.2})
    rows = failing(rows, (rows["method"] == "smote") & (rows["table"] == "t1"))
    run = {"commit": "abc", "versions": {"numpy": "2"}, "hardware": {"cpu": "fast"}, "seed": 7}
    page = reported(tmp_path, rows, meta={"runs": [run]}, missing={"rival": "needs a key"})
    endings = ["_tables.csv", "_summary.csv", "_tests.csv", ".md"]
    endings += [f"_{name}.png" for name in ("cd_weak", "cd_strong", "wins", "seconds")]
    assert all((tmp_path / f"made{ending}").stat().st_size for ending in endings)
    assert all(
        text in page for text in ("ValueError: too \\| few", "needs a key", "abc", "cpu fast", "seed 7")
    )
    assert f"{N_TABLES} tables of {N_TABLES} families, 2 folds per table" in page
    assert "ranks 1st" in capsys.readouterr().out


def test_autogan_is_compared_on_the_cells_that_both_have(tmp_path):
    rows = made({"none": 0.0, "ours": 0.1}, ["tor/100_0.1", "tor/100_0.2", "new/100_0.1"])
    rows = pd.concat([rows, rows[rows["classifier"] == "tree"].assign(classifier="mlp20", block="paper")])
    published = {"root": "tor", "n_majority": 100, "ratio": [0.1, 0.4], "method": "cas_real"}
    scores = {"minority_f1": [0.7, 0.1], "majority_f1": [0.9, 0.1]}
    frame, cells = report_autogan.comparison(statistics.prepare(rows), pd.DataFrame(published | scores))
    assert cells == 1
    assert frame.loc[("published", "cas_real"), ("f1", "mlp20")] == 0.7
    mine = rows.query("method == 'ours' and classifier == 'tree' and table == 'tor/100_0.1'")
    assert frame.loc[("run here", "ours"), ("f1", "mlp20")] == pytest.approx(mine["f1"].mean())
    assert "not on this machine" in report_autogan.section(rows, tmp_path, "ours")


def test_speed_is_shown_against_the_swept_value(tmp_path):
    sizes = ["rows=1000", "rows=300", "columns=5", "columns=30"]
    page = reported(tmp_path, made({"none": 0.0, "ours": 0.5}, sizes), "speed")
    assert "| method | 300 | 1000 |" in page
    assert "| ▸ GANOversampler | 1.5 | 1.5 |" in page
    assert (tmp_path / "speed_speed.png").stat().st_size


def test_a_missing_suite_is_said(tmp_path):
    with pytest.raises(SystemExit, match="run the suite 'absent' first"):
        report.main(["absent", "--results", str(tmp_path)])


def test_the_best_is_bold_after_rounding():
    column = pd.Series([0.8996, 0.9, 0.1, np.nan])
    assert markdown.numbers(column, 3, markdown.HIGHEST).tolist() == ["**0.900**", "**0.900**", "0.100", "–"]
    assert markdown.numbers(column, 1, 0.5).tolist() == ["**0.9**", "**0.9**", "**0.1**", "–"]


def test_the_front_keeps_what_no_quicker_method_equals():
    points = pd.DataFrame({"x": [1.0, 2.0, 2.0, 3.0], "f1": [0.5, 0.4, 0.7, 0.7]})
    assert pictures.pareto(points, "f1").index.tolist() == [0, 2]


def test_all_scores_that_are_measured_are_reported():
    assert set(METRICS) == set(metrics.SCORES)


def test_other_settings_of_ours_have_no_rank_and_are_no_opponents(tmp_path):
    rows = made({"none": 0.0, "smote": 0.05, "ours": 0.04, "ours_plain": 0.06})
    page = reported(tmp_path, rows)
    assert "ranks 2nd of 4" in page.splitlines()[2]  # ours, smote, none, none tuned
    assert "Other settings of ours" in page
    prepared = statistics.prepare(rows)
    assert "ours_plain" not in set(statistics.comparisons(prepared, "ours", ["ours_plain"])["opponent"])
    pair = line(statistics.ablations(prepared, "ours", ["ours_plain"]), block="weak", metric="f1")
    assert pair["difference"] == pytest.approx(-0.02)


def test_many_small_wins_do_not_hide_few_large_losses():
    ours = pd.Series([0.001 + i / 1e5 for i in range(6)] + [-0.5 - i / 100 for i in range(5)])
    ours.index = pd.MultiIndex.from_arrays([[f"f{i}" for i in range(11)]] * 2)
    pair = significance.compare(ours, 0 * ours)
    assert (pair["won"], pair["lost"], pair["direction"]) == (6, 5, -1)
    lines = pd.DataFrame([{**pair, "block": "weak", "metric": "f1", "opponent": "x"}])
    lines = lines.assign(holm=0.01, holm_families=0.01)
    assert "better than 0 and worse than 1 of 1" in sections.verdicts(lines, "weak", "f1")


def test_tests_over_families_count_every_family_once():
    gains = pd.Series(np.linspace(0.01, 0.02, 30))
    gains.index = pd.MultiIndex.from_arrays([["one"] * 28 + ["two", "three"], range(30)])
    pair = significance.compare(gains, 0 * gains)
    assert pair["wilcoxon"] < 1e-6
    assert pair["wilcoxon_families"] == 0.25  # three families cannot say more


def test_families_have_a_direction_of_their_own():
    """One large family that gains outweighs fourteen small ones that lose, by tables but not by families."""
    gains = pd.Series(np.r_[np.linspace(0.04, 0.06, 30), np.linspace(-0.03, -0.01, 14)])
    gains.index = pd.MultiIndex.from_arrays([["big"] * 30 + list("abcdefghijklmn"), range(44)])
    pair = significance.compare(gains, 0 * gains)
    assert (pair["direction"], pair["direction_families"]) == (1, -1)
    lines = pd.DataFrame([{**pair, "block": "weak", "metric": "f1", "opponent": "x"}])
    told = sections.verdicts(lines.assign(holm=0.01, holm_families=0.01), "weak", "f1")
    assert "better than 1 and worse than 0 of 1" in told
    assert "better than 0 and worse than 1 over means of families" in told


def test_a_faultless_run_says_so(tmp_path):
    assert "No cell failed." in reported(tmp_path, made({"none": 0.0, "ours": 0.05}))


def test_cells_that_could_not_be_tuned_take_the_tuned_scores_of_none(tmp_path):
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.05})
    hit = (rows["method"] == "smote") & (rows["table"] == "t0")
    tuned = [name for name in SCORES if name.endswith("_tuned")]
    rows.loc[hit, tuned] = np.nan
    rows.loc[hit, "tuning_error"] = "ValueError: too few"
    prepared = statistics.prepare(rows)
    none = prepared[(prepared["method"] == "none") & (prepared["table"] == "t0")]
    found = prepared[(prepared["method"] == "smote") & (prepared["table"] == "t0")]
    assert found["f1_tuned"].to_list() == none["f1_tuned"].to_list()
    assert found["f1"].mean() == pytest.approx(none["f1"].mean() + 0.1)
    assert "none_tuned" in statistics.complete_methods(prepared[prepared["block"] == "weak"])
    failure = line(statistics.errors(prepared), method="smote")
    assert (failure["failed"], failure["untuned"]) == (0, N_FOLDS)
    assert "ValueError: too few" in reported(tmp_path, rows)


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


def test_a_suite_without_tuned_thresholds_is_told_without_them(tmp_path):
    tuned = [name for name in SCORES if name.endswith("_tuned")]
    rows = made({"none": 0.0, "ours": 0.05}).assign(**dict.fromkeys(tuned, np.nan))
    page = reported(tmp_path, rows)
    assert "Tuned thresholds" not in page
    assert "ranks 1st of 2" in page


def test_probabilities_are_compared_where_all_methods_have_them(tmp_path):
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.05})
    rows.loc[rows["table"] == "t0", "brier"] = 9.0
    rows.loc[(rows["table"] == "t0") & (rows["method"] == "smote"), "calibration"] = np.nan
    weak = statistics.prepare(rows).query("block == 'weak'")
    losses = statistics.probabilities(weak)
    assert line(losses, method="ours")["brier"] == pytest.approx(0.15)
    assert set(losses["cells"]) == {(N_TABLES - 1) * N_FOLDS}
    assert f"on {(N_TABLES - 1) * N_FOLDS} cells" in reported(tmp_path, rows)
    rows.loc[rows["method"] == "smote", "calibration"] = np.nan
    assert "calibration" not in statistics.probabilities(statistics.prepare(rows).query("block == 'weak'"))


def test_memory_that_was_measured_here_and_there_says_so(tmp_path):
    rows = made({"none": 0.0, "smote": 0.1, "ours": 0.05})
    rows.loc[(rows["fold"] > 0) & (rows["method"] == "smote"), "peak_mb"] = np.nan
    page = reported(tmp_path, rows)
    assert f"({N_TABLES} cells)" in page
    assert page.count(f"({N_TABLES} cells)") == 2  # once a block


@pytest.mark.parametrize("suite", ["keel", "autogan", "mixed"])
def test_committed_reports_tell_of_the_committed_rows(suite):
    rows = statistics.prepare(pd.read_parquet(provenance.RESULTS / f"{suite}.parquet"))
    told = pd.read_csv(provenance.RESULTS / f"{suite}_summary.csv").set_index(["block", "method"])
    means = statistics.table_means(rows).groupby(["block", "method"])["f1"].mean()
    assert means.reindex(told.index).round(4).tolist() == pytest.approx(told["f1"].tolist(), abs=2e-4)
    cells = rows.drop_duplicates(["block", "method", *statistics.CELL]).groupby(["block", "method"]).size()
    assert cells.reindex(told.index).tolist() == told["cells"].tolist()
    assert set(cells.index) == set(told.index)
