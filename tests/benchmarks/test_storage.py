"""Rows are stored whole, in one sorted file in the end."""

import json

import pandas as pd
import pytest

from benchmarks import run
from benchmarks.protocol import COLUMNS, COUNTS, KEY, TEXT
from benchmarks.storage import Store
from tests.benchmarks.small_benchmarks import TIMED, cells


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
