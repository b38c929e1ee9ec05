"""Rows are stored whole, in one sorted file in the end."""

import json
from itertools import count
from threading import Event

import pandas as pd
import pytest

from benchmarks import run, storage
from benchmarks.protocol import COLUMNS, COUNTS, KEY, TEXT
from benchmarks.provenance import beside
from benchmarks.storage import Store
from benchmarks.writing import append_csv, read_csv
from tests.benchmarks.small_benchmarks import CHEAP, TIMED, cells
from tests.kills import kill_at_random


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


# --- kills


def _cell(cell):
    """Rows of a cell, at no cost."""
    row = {**dict.fromkeys(COLUMNS, 0.5), **dict.fromkeys(TEXT, ""), **dict.fromkeys(COUNTS, 1)}
    row |= dict(zip(KEY, (cell.table.name, cell.repeat, cell.fold, cell.method)))
    return [{**row, "classifier": name} for name in cell.classifiers]


def _runs(began, out):
    run.evaluate, storage.MAX_PARTS = _cell, 3
    began.set()
    run.run(cells(folds=4), out)
    append_csv(pd.DataFrame({"a": range(9), "b": "text"}), out.with_suffix(".csv"))


def check_kills(folder, monkeypatch, kills, seconds):
    monkeypatch.setattr(run, "evaluate", _cell)
    monkeypatch.setattr(storage, "MAX_PARTS", 3)
    (folder / "whole").mkdir()
    _runs(Event(), folder / "whole" / "r.parquet")
    expected = pd.read_parquet(folder / "whole" / "r.parquet")
    out = folder / "r.parquet"
    for was_killed in kill_at_random(_runs, out, kills=kills, seconds=seconds):
        if out.exists():
            assert set(pd.read_parquet(out)["method"]) <= set(CHEAP)
        assert (rows := read_csv(out.with_suffix(".csv"))) is None or len(rows) % 9 == 0
        if not was_killed:
            pd.testing.assert_frame_equal(pd.read_parquet(out), expected)
            json.loads(beside(out, "_meta.json").read_text())
            for path in (out, out.with_suffix(".csv"), beside(out, "_meta.json")):
                path.unlink()
    _runs(Event(), out)
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected)
    assert not out.with_suffix(".parts").exists()


def test_a_run_that_is_killed_ends_with_the_same_rows(tmp_path, monkeypatch):
    check_kills(tmp_path, monkeypatch, kills=2, seconds=0.2)


@pytest.mark.slow
def test_a_run_that_is_killed_fifty_times_ends_with_the_same_rows(tmp_path, monkeypatch):
    check_kills(tmp_path, monkeypatch, kills=50, seconds=0.3)


def test_a_torn_last_line_is_left_out_and_written_over(tmp_path):
    path, rows = tmp_path / "rows.csv", pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    append_csv(rows, path)
    path.write_text(path.read_text() + "3,half")
    pd.testing.assert_frame_equal(read_csv(path), rows, check_dtype=False)
    append_csv(rows, path)
    assert read_csv(path)["a"].tolist() == [1, 2, 1, 2]
    path.write_text("a,")
    assert read_csv(path) is None
    append_csv(rows, path)
    assert read_csv(path)["a"].tolist() == [1, 2]


def test_forgotten_rows_do_not_come_back_with_parts_that_outlive_a_kill(tmp_path, monkeypatch):
    store = Store(tmp_path / "s.parquet", ("k",), ("k", "v"), (), ("k",))
    store.append([{"k": 1, "v": 0.5}])
    monkeypatch.setattr(storage, "_write", interrupted_at(2, storage._write))
    with pytest.raises(KeyboardInterrupt):
        store.forget(lambda rows: rows["k"] == 1)
    monkeypatch.undo()
    store.forget(lambda rows: rows["k"] == 1)
    assert not len(store.read())


def interrupted_at(number, write):
    calls = count(1)

    def interrupts(*args):
        if next(calls) == number:
            raise KeyboardInterrupt
        write(*args)

    return interrupts


# --- strays


def _strays(folder):
    """What may lie beside parts: files of others, halves of files, folders."""
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"a": [1]}).to_parquet(folder / "notes.parquet")
    (folder / "Thumbs.db").write_bytes(b"\0")
    (folder / "00000002.parquet").write_bytes(b"PAR1 cut off")
    (folder / "00000007.parquet").mkdir()
    (folder / "١٢٣٤٥٦٧٨.parquet").write_bytes(b"")


def test_a_run_goes_on_whatever_lies_in_its_folder(tmp_path):
    out = tmp_path / "r.parquet"
    (tmp_path / "r_meta.json").write_text("[cut o")
    (tmp_path / "other.parquet").write_bytes(b"no table")
    store = Store(out, KEY, COLUMNS, TEXT, COUNTS)
    whole = run.run(cells(), tmp_path / "whole.parquet")
    store.append(whole.iloc[:2].to_dict("records"))
    _strays(store.parts)
    again = run.run(cells(), out)
    assert again["error"].eq("").all()
    pd.testing.assert_frame_equal(again.drop(columns=TIMED), whole.drop(columns=TIMED))
    pd.testing.assert_frame_equal(pd.read_parquet(out), again)
    left = {path.name for path in store.parts.iterdir()}  # what is not ours is not removed
    assert left == {"notes.parquet", "Thumbs.db", "00000007.parquet", "١٢٣٤٥٦٧٨.parquet"}
    assert json.loads((tmp_path / "r_meta.json").read_text())["runs"]


def test_results_that_cannot_be_read_are_kept_and_named(tmp_path):
    options = ["smoke", "--tables", "wine-*", "--methods", "none", "--classifiers", "knn", "--tune", "none"]
    for name, make in (
        ("cut", lambda path: path.write_bytes(b"PAR1")),
        ("folder", lambda path: path.mkdir()),
    ):
        out = tmp_path / f"{name}.parquet"
        make(out)
        with pytest.raises(SystemExit, match=rf"{name}.parquet cannot be read .* --fresh"):
            run.main([*options, "--out", str(out)])
    assert (tmp_path / "cut.parquet").read_bytes() == b"PAR1"
