"""Tables are found, and read as their folder describes them."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import protocol, run, suites
from benchmarks.tables import DATA_VARIABLE, EMBEDDED, MissingDataError, data_folder, load_table


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
