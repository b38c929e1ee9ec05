"""Runs of the benchmark are complete and resumable."""

import json
from itertools import count

import numpy as np
import pandas as pd
import pytest
from imblearn.under_sampling import RandomUnderSampler

from benchmarks import metrics, protocol, run
from benchmarks.methods import Method
from benchmarks.preparation import Setting, on_encoded
from benchmarks.protocol import COLUMNS, Cell
from benchmarks.provenance import beside
from tests.benchmarks.small_benchmarks import CHEAP, QUICK, TIMED, cells, patched, tiny


def test_the_smoke_suite_runs(tmp_path, capsys):
    out = tmp_path / "smoke.parquet"
    options = ["--methods", "none,random,smote,ours_base_only", "--tune", "none", "--out", str(out)]
    run.main(["smoke", *options])
    rows = pd.read_parquet(out)
    assert len(rows) == 2 * 4 * 7
    assert (rows["error"] == "").all()
    assert rows[[*metrics.LABEL_SCORES, *metrics.RANKING_SCORES]].notna().all(axis=None)
    assert "0 of them failures" in capsys.readouterr().out
    assert json.loads(beside(out, "_meta.json").read_text())["runs"][0]["versions"]["scikit-learn"]


def test_a_run_has_every_cell_with_every_classifier(tmp_path):
    rows = run.run(cells(), tmp_path / "r.parquet")
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == len(CHEAP) * len(QUICK) * 2
    assert (rows["n_new"] == np.where(rows["method"] == "smote", 64 - 16, 0)).all()
    assert rows["f1_tuned"].isna().all()


def test_a_second_run_adds_nothing(tmp_path):
    out = tmp_path / "r.parquet"
    run.run(cells(), out)
    before = out.read_bytes(), beside(out, "_meta.json").read_bytes()
    run.run(cells(), out)
    assert (out.read_bytes(), beside(out, "_meta.json").read_bytes()) == before


@pytest.mark.parametrize("survived", [0, 1, 4])
def test_a_killed_run_is_completed_to_the_same_rows(tmp_path, monkeypatch, survived):
    whole = run.run(cells(), tmp_path / "whole.parquet")
    out, number, evaluate = tmp_path / "cut.parquet", count(), protocol.evaluate

    def dies(cell: Cell):
        if next(number) == survived:
            raise KeyboardInterrupt
        return evaluate(cell)

    monkeypatch.setattr(run, "evaluate", dies)
    with pytest.raises(KeyboardInterrupt):
        run.run(cells(), out)
    draft = out.with_suffix(".parts") / f".00000009.parquet.{'0' * 32}"
    draft.parent.mkdir(exist_ok=True)
    draft.write_text("half a file")
    monkeypatch.setattr(run, "evaluate", evaluate)
    again = run.run(cells(), out)
    pd.testing.assert_frame_equal(again.drop(columns=TIMED), whole.drop(columns=TIMED))
    assert not out.with_suffix(".parts").exists()


def test_jobs_change_nothing(tmp_path):
    one = run.run(cells(), tmp_path / "one.parquet")
    two = run.run(cells(), tmp_path / "two.parquet", jobs=2, backend="threading")
    pd.testing.assert_frame_equal(one.drop(columns=TIMED), two.drop(columns=TIMED))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_cells_on_a_cluster_of_dask_have_the_same_rows(tmp_path):
    pytest.importorskip("distributed")
    from tests.dask.clusters import small_cluster, tasks_of

    here = run.run(cells(), tmp_path / "here.parquet")
    with small_cluster() as client:
        there = run.run(cells(), tmp_path / "there.parquet", jobs=2, backend="dask")
        assert any("evaluate" in name for name in tasks_of(client))
    pd.testing.assert_frame_equal(there.drop(columns=TIMED), here.drop(columns=TIMED))


def test_thresholds_may_be_tuned_later(tmp_path):
    out = tmp_path / "r.parquet"
    plain = run.run(cells(folds=1), out)
    tuned = run.run(cells(folds=1, tune="all"), out)
    assert tuned["f1_tuned"].between(0, 1).all()
    assert not tuned["f1_tuned"].equals(tuned["f1"])
    assert tuned["f1"].equals(plain["f1"])
    assert not list(run._todo(cells(folds=1, tune="all"), tuned))
    more = run.run(cells(names=(*QUICK, "tree"), folds=1), out)
    assert more.loc[more["classifier"] != "tree", "f1_tuned"].notna().all()
    assert more.loc[more["classifier"] == "tree", "f1_tuned"].isna().all()


def test_what_is_done_again_is_what_was_chosen(tmp_path, capsys):
    out, options = tmp_path / "r.parquet", ["smoke", "--tune", "none", "--classifiers", "knn"]
    options += ["--out", str(out), "--methods", "none,random"]
    run.main(options)
    run.main([*options, "--tables", "wine-third", "--redo", "random"])
    rows = pd.read_parquet(out)
    assert len(rows) == 4
    run.main([*options, "--classifiers", "logistic"])
    run.main([*options, "--redo", "random"])
    assert len(pd.read_parquet(out)) == 8  # what another classifier said was not asked for, and stays
    assert f"report r --results {tmp_path}" in capsys.readouterr().out


def test_a_fresh_start_needs_nothing_of_what_was_there(tmp_path):
    out = tmp_path / "r.parquet"
    pd.DataFrame({"other": [1]}).to_parquet(out)
    options = ["smoke", "--tables", "wine-*", "--tune", "none", "--classifiers", "knn", "--out", str(out)]
    run.main([*options, "--methods", "none", "--fresh"])
    run.main([*options, "--methods", "random", "--fresh"])
    assert pd.read_parquet(out)["method"].tolist() == ["random"]
    assert len(json.loads(beside(out, "_meta.json").read_text())["runs"]) == 1


def test_what_could_not_run_is_remembered_until_it_can(tmp_path):
    out = tmp_path / "r.parquet"
    run._note_missing(out, ["lee", "arf"], {"lee": "missing: x", "arf": "missing: x"})
    run._note_missing(out, ["none"], {})
    assert set(json.loads(beside(out, "_missing.json").read_text())) == {"lee", "arf"}
    run._note_missing(out, ["lee"], {})
    assert set(json.loads(beside(out, "_missing.json").read_text())) == {"arf"}


def test_tables_of_ones_own_are_found_by_name(tmp_path, monkeypatch):
    entry = {"name": "mine", "path": "my.csv", "family": "f", "categorical": [], "minority": "1"}
    (tmp_path / "manifest.json").write_text(json.dumps([entry]))
    tiny().X.assign(target=tiny().y).to_csv(tmp_path / "my.csv", index=False)
    options = ["--tables", "mine", "--methods", "none", "--classifiers", "knn", "--tune", "none"]
    run.main(["keel", "--data-dir", str(tmp_path), *options, "--out", str(tmp_path / "r.parquet")])
    assert pd.read_parquet(tmp_path / "r.parquet")["table"].unique().tolist() == ["mine"]


def test_a_failing_method_is_recorded_with_its_error(tmp_path, monkeypatch):
    def fails(setting: Setting):
        return on_encoded(setting, RandomUnderSampler(sampling_strategy={1: 10_000}))

    patched(monkeypatch, fails=Method("fails", fails))
    rows = run.run(cells(("none", "fails")), tmp_path / "r.parquet")
    failed = rows[rows["method"] == "fails"]
    assert len(failed) == len(QUICK) * 2
    assert failed["error"].str.startswith("ValueError: ").all()
    assert failed["f1"].isna().all()
