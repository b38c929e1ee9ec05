"""Rows are stored whole, in one sorted file in the end."""

import pandas as pd
import pytest

from benchmarks import run
from benchmarks.storage import Store
from tests.benchmarks.small_benchmarks import cells


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
