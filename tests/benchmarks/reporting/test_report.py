"""What a report says follows from the rows: failures, gaps and ties are shown as they are."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import provenance
from benchmarks.reporting import report, statistics
from benchmarks.reporting.statistics import SCORES
from tests.benchmarks.reporting.made_rows import N_FOLDS, N_TABLES, failing, line, made


def reported(folder, rows, suite="made", **side):
    """The page that is written for rows."""
    rows.to_parquet(folder / f"{suite}.parquet")
    for ending, content in side.items():
        (folder / f"{suite}_{ending}.json").write_text(json.dumps(content))
    report.main([suite, "--results", str(folder)])
    return (folder / f"{suite}.md").read_text("utf-8")


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


def test_speed_is_shown_against_the_swept_value(tmp_path):
    sizes = ["rows=1000", "rows=300", "columns=5", "columns=30"]
    page = reported(tmp_path, made({"none": 0.0, "ours": 0.5}, sizes), "speed")
    assert "| method | 300 | 1000 |" in page
    assert "| ▸ GANOversampler | 1.5 | 1.5 |" in page
    assert (tmp_path / "speed_speed.png").stat().st_size


def test_a_missing_suite_is_said(tmp_path):
    with pytest.raises(SystemExit, match="run the suite 'absent' first"):
        report.main(["absent", "--results", str(tmp_path)])


def test_other_settings_of_ours_have_no_rank_and_are_no_opponents(tmp_path):
    rows = made({"none": 0.0, "smote": 0.05, "ours": 0.04, "ours_plain": 0.06})
    page = reported(tmp_path, rows)
    assert "ranks 2nd of 4" in page.splitlines()[2]  # ours, smote, none, none tuned
    assert "Other settings of ours" in page
    prepared = statistics.prepare(rows)
    assert "ours_plain" not in set(statistics.comparisons(prepared, "ours", ["ours_plain"])["opponent"])
    weak = prepared[prepared["block"] == "weak"]
    pair = line(statistics.ablations(weak, "ours", ["ours_plain"]), metric="f1")
    assert pair["difference"] == pytest.approx(-0.02)


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
