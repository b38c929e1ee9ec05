"""A cell is one row, whatever happens, and is measured once."""

import numpy as np
import pytest

from benchmarks.studies.fidelity import __main__ as study
from benchmarks.studies.fidelity import arms, cells
from tests.benchmarks.small_benchmarks import QUICK, tiny


def cell(arm="smote", fold=0):
    return cells.Cell("made", tiny(("a",)), 0, fold, arm, QUICK)


def test_a_cell_measures_rows_and_scores():
    row = cells.evaluate(cell())
    assert row["error"] == ""
    assert set(row) == set(cells.COLUMNS)
    assert np.isfinite([row[name] for name in ("distance", "c2st", "category_error", "f1_weak")]).all()
    assert np.isnan(row["f1_strong"])


def test_doing_nothing_has_scores_only():
    row = cells.evaluate(cell("none"))
    assert row["n_new"] == 0
    assert np.isnan(row["distance"])
    assert np.isfinite(row["average_precision_weak"])


def test_a_failure_is_a_row(monkeypatch):
    def fails(arm, setting):
        raise RuntimeError("no rows\ntoday")

    monkeypatch.setattr(cells, "steps_of", fails)
    assert cells.evaluate(cell())["error"] == "RuntimeError: no rows today"


def test_what_was_measured_is_not_measured_again(tmp_path):
    store = cells.store(tmp_path / "rows.parquet")
    cells.run([cell()], store, jobs=1)
    assert [left.fold for left in cells.todo([cell(), cell(fold=1)], store.read())] == [1]


def test_arms_that_the_package_lacks_are_left_out(monkeypatch, capsys):
    monkeypatch.setattr(arms, "SETTINGS", {"ours": {}, "future": {"time_travel": 1}})
    assert arms.available(("none", "ours", "future")) == ("none", "ours")
    assert "no parameter time_travel" in capsys.readouterr().out


def test_without_data_the_study_says_what_to_do(monkeypatch):
    monkeypatch.delenv("GAN_OVERSAMPLER_DATA", raising=False)
    with pytest.raises(SystemExit, match="--data-dir"):
        study.main(["run", "--suites", "keel"])
