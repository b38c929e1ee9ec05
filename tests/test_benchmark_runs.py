"""Runs of the benchmark: tables are found, cells are complete and resumable."""

import json
import math
from itertools import count

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import RandomUnderSampler

from benchmarks import determinism, metrics, protocol, run, suites
from benchmarks.demo import SHOWN
from benchmarks.methods import METHODS, Method
from benchmarks.preparation import Setting, on_encoded
from benchmarks.protocol import COLUMNS, Cell
from benchmarks.provenance import beside, command
from benchmarks.storage import Store
from benchmarks.tables import (
    DATA_VARIABLE,
    EMBEDDED,
    MissingDataError,
    data_folder,
    load_table,
)
from tests.small_benchmarks import CHEAP, QUICK, TIMED, cells, patched, tiny

# Tables and suites


@pytest.mark.parametrize("name", sorted(EMBEDDED))
def test_embedded_tables_have_a_minority_of_ones_and_no_missing_cells(name):
    table = EMBEDDED[name]()
    assert table.name == name
    assert set(table.y) == {0, 1}
    assert 10 < table.n_minority < len(table.y) / 3
    assert table.X.index.equals(table.y.index)
    assert not table.X.isna().any(axis=None)
    assert set(table.categorical) == set(table.X.select_dtypes("category"))


def test_without_data_the_error_says_what_is_missing_and_what_there_is(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    assert data_folder() is None
    with pytest.raises(MissingDataError, match=r"glass4.*--data-dir.*wine-third"):
        load_table("glass4", None)


@pytest.mark.parametrize("suite", ["keel", "autogan", "mixed", "images"])
def test_suites_of_shared_tables_offer_the_embedded_ones_where_they_are_missing(suite, monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with pytest.raises(SystemExit, match=rf"{suite}: .*--data-dir.*wine-third"):
        run.main([suite])


def test_tables_are_read_through_the_manifest(tmp_path, monkeypatch):
    entry = {"name": "t", "path": "t.csv", "family": "f", "categorical": ["kind"], "minority": "2"}
    (tmp_path / "manifest.json").write_text(json.dumps([entry]))
    (tmp_path / "t.csv").write_text("kind,size,target\n1,0.5,2\n1,,3\n")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    table = load_table("t", data_folder())
    assert table.y.tolist() == [1, 0]
    assert isinstance(table.X["kind"].dtype, pd.CategoricalDtype)
    assert table.numeric == ("size",)
    with pytest.raises(ValueError, match="Unknown table 'u'"):
        load_table("u", data_folder())


def test_autogan_tables_are_used_as_scaled_as_they_come(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    (tmp_path / "autogan" / "tor").mkdir(parents=True)
    rows = np.random.default_rng(0).uniform(-1, 1, (30, 4))
    np.savez(tmp_path / "autogan" / "tor" / "20_0.5.npz", data=rows, labels=(np.arange(30) < 10) * 1.0)
    assert suites.SUITES["autogan"].names(tmp_path) == ["tor/20_0.5"]
    (tmp_path / "autogan" / "fmnist24").mkdir()
    (tmp_path / "autogan" / "fmnist24" / "20_0.5.npz").touch()
    for suite, root in (("autogan", "tor"), ("images", "fmnist24"), ("keel", "fmnist24")):
        chosen = run._chosen_tables(["*/20_*"], tmp_path, suites.SUITES[suite].names)
        assert f"{root}/20_0.5" in chosen
        assert len(chosen) == 1 + (suite == "keel")
    table = load_table("tor/20_0.5", tmp_path)
    assert (table.family, table.n_minority) == ("tor", 10)
    fold = protocol.resample("none", table, table, seed=0)
    assert np.array_equal(fold.X, rows)


@pytest.mark.parametrize(("what", "value"), [("rows", 300), ("columns", 30), ("minority", 10)])
def test_made_tables_have_the_size_asked_for(what, value):
    table = suites.made(what, value)
    size = {"rows": len(table.y), "columns": table.X.shape[1], "minority": table.n_minority}
    assert size == {**suites.TYPICAL, what: value}


# Runs


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
    (out.with_suffix(".parts") / "00000009.parquet.draft").parent.mkdir(exist_ok=True)
    (out.with_suffix(".parts") / "00000009.parquet.draft").write_text("half a file")
    monkeypatch.setattr(run, "evaluate", evaluate)
    again = run.run(cells(), out)
    pd.testing.assert_frame_equal(again.drop(columns=TIMED), whole.drop(columns=TIMED))
    assert not out.with_suffix(".parts").exists()


def test_jobs_change_nothing(tmp_path):
    one = run.run(cells(), tmp_path / "one.parquet")
    two = run.run(cells(), tmp_path / "two.parquet", jobs=2, backend="threading")
    pd.testing.assert_frame_equal(one.drop(columns=TIMED), two.drop(columns=TIMED))


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


def test_inner_folds_too_small_for_a_sampler_leave_the_other_scores(monkeypatch):
    patched(monkeypatch, five=Method("five", lambda setting: on_encoded(setting, SMOTE(k_neighbors=5))))
    for row in protocol.evaluate(Cell(tiny(n_minority=9), 0, 0, "five", QUICK, tuned=True)):
        assert row["tuning_error"].startswith("ValueError")
        assert (row["error"], math.isnan(row["f1_tuned"])) == ("", True)
        assert 0 <= row["f1"] <= 1


def test_files_of_other_columns_are_refused(tmp_path):
    pd.DataFrame({"other": [1]}).to_parquet(tmp_path / "r.parquet")
    with pytest.raises(ValueError, match="--fresh"):
        run.run(cells(), tmp_path / "r.parquet")


def test_parts_are_absorbed_before_they_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.storage.MAX_PARTS", 2)
    store = Store(tmp_path / "s.parquet", ("k",), ("k", "v"), (), ("k",))
    for k in (3, 1, 2):
        store.append([{"k": k, "v": k / 2}])
    assert len(list(store.parts.glob("*"))) == 1
    assert store.read()["k"].tolist() == [1, 2, 3]
    store.forget(lambda rows: rows["k"] == 2)
    assert store.read()["v"].tolist() == [0.5, 1.5]


# The rest


def test_recorded_commands_name_no_folders_of_this_machine():
    argv = ["/x/benchmarks/run.py", "--data-dir", "/home/me/data", "--out=/tmp/a.csv"]
    assert command(argv) == "python -m benchmarks.run --data-dir data --out=a.csv"


def test_digests_ignore_the_container():
    X = np.eye(2)
    assert determinism.digest(X, [0, 1]) == determinism.digest(pd.DataFrame(X), pd.Series([0, 1]))
    assert determinism.digest(X, [0, 1]) != determinism.digest(X, [1, 0])


def test_the_demo_shows_known_methods():
    assert set(SHOWN) <= set(METHODS)
