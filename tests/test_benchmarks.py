"""The benchmark harness keeps its promises: cells are complete, resumable, honest about failures."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler

from benchmarks import determinism, protocol, quick
from benchmarks.demo import SHOWN
from benchmarks.methods import METHODS, Setting, Steps, on_encoded
from benchmarks.protocol import CLASSIFIERS, Cell
from benchmarks.results_io import ResultFile, beside, command
from benchmarks.summary import holm, summarise, to_text
from benchmarks.tables import (
    DATA_VARIABLE,
    EMBEDDED,
    MissingDataError,
    Table,
    data_folder,
    load_table,
    load_tables,
)

CHEAP = ("none", "random", "smote")


def tiny(categorical: tuple[str, ...] = (), n_minority: int = 20) -> Table:
    """Two shifted clouds, of which the minority is the smaller one."""
    rng = np.random.default_rng(0)
    y = np.arange(100) < n_minority
    X = pd.DataFrame(rng.normal(size=(100, 3)) + y[:, None], columns=["a", "b", "c"])
    for column in categorical:
        X[column] = pd.cut(X[column], 3, labels=["low", "mid", "high"])
    return Table("tiny", "made", X, pd.Series(y.astype(int)), categorical)


def smoke(out: Path, table: Table | None = None, methods: tuple[str, ...] = CHEAP) -> pd.DataFrame:
    """One fold of a benchmark."""
    return quick.run(quick.cells_of([table or tiny()], methods, folds=1), out)


def without_seconds(path: Path) -> list[str]:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return frame.drop(columns="seconds").to_csv().splitlines()


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
        load_tables(["wine-third", "glass4"], None)


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


def test_a_run_has_every_cell_with_every_classifier(tmp_path):
    rows = smoke(tmp_path / "r.csv")
    assert len(rows) == len(CHEAP) * len(CLASSIFIERS)
    assert set(zip(rows["method"], rows["classifier"])) == {(m, c) for m in CHEAP for c in CLASSIFIERS}
    assert rows[["f1", "g_mean", "average_precision"]].apply(lambda s: s.between(0, 1)).all(axis=None)
    assert (rows.loc[rows["method"] != "none", "n_new"] == 64 - 16).all()


def test_a_second_run_adds_nothing(tmp_path):
    out = tmp_path / "r.csv"
    smoke(out)
    before = out.read_bytes(), beside(out, "_meta.json").read_bytes()
    smoke(out)
    assert (out.read_bytes(), beside(out, "_meta.json").read_bytes()) == before


@pytest.mark.parametrize("keep", [0.05, 0.45, 0.99])
def test_a_cut_off_file_is_completed_to_the_same_content(tmp_path, keep):
    out = tmp_path / "r.csv"
    smoke(out)
    whole = without_seconds(out)
    text = out.read_text()
    out.write_text(text[: max(int(len(text) * keep), text.index("\n") + 1)])
    smoke(out)
    assert without_seconds(out) == whole


def test_a_failing_method_is_recorded_and_counts_as_nothing(tmp_path, monkeypatch):
    def fails(setting: Setting) -> Steps:
        return on_encoded(setting, RandomUnderSampler(sampling_strategy={1: 10_000}))

    monkeypatch.setattr(protocol, "METHODS", {**METHODS, "fails": fails})
    rows = smoke(tmp_path / "r.csv", methods=("none", "fails"))
    failed = rows[rows["method"] == "fails"]
    assert len(failed) == len(CLASSIFIERS)
    assert failed["error"].str.startswith("ValueError: ").all()
    assert failed["f1"].isna().all()
    overall = summarise(rows).set_index(["classifier", "method"]).loc[("all", "fails")]
    assert (overall["f1"], overall["failed_cells"]) == (0.0, 1)


def test_a_cell_equals_the_pipeline_it_stands_for():
    table = tiny(categorical=("c",))
    train, test = protocol.split(table, 0, 0)
    steps = METHODS["smote"](Setting.of(train, 0))
    stages = [("before", steps.before), ("sampler", steps.sampler), ("after", steps.after)]
    pipeline = Pipeline([*stages, ("classifier", CLASSIFIERS["tree"]())]).fit(train.X, train.y)
    expected = protocol.METRICS["f1"](test.y, pipeline.predict(test.X), None)
    (row,) = protocol.evaluate(Cell(table, 0, 0, "smote"), classifiers=["tree"])
    assert math.isclose(row["f1"], expected, abs_tol=1e-6)


@pytest.mark.parametrize("categorical", [(), ("c",), ("a", "b", "c")])
@pytest.mark.parametrize("method", ["random", "smote", "borderline", "smoothed_bootstrap", "ours_untrained"])
def test_methods_work_on_numbers_categories_and_few_rows(method, categorical):
    for row in protocol.evaluate(Cell(tiny(categorical, n_minority=6), 0, 0, method)):
        assert row["error"] == ""


def test_ranks_are_shared_on_ties_and_holm_steps_down():
    rows = pd.DataFrame(
        {"table": "t", "repeat": 0, "fold": 0, "classifier": "c", "seconds": 1.0, "error": ""}
        | {"method": ["ours", "b", "c"], **{m: [0.9, 0.9, 0.1] for m in protocol.METRICS}}
    )
    summary = summarise(rows)
    assert summary[summary["classifier"] == "all"]["rank_f1"].tolist() == [1.5, 1.5, 3.0]
    assert max(map(len, to_text(summary).splitlines())) <= 100
    assert holm([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06]


def test_result_files_of_other_columns_are_refused(tmp_path):
    out = tmp_path / "r.csv"
    out.write_text("other\n1\n")
    with pytest.raises(ValueError, match="--fresh"):
        ResultFile(out, ("a", "b"), ("a",)).resume()


def test_recorded_commands_name_no_folders_of_this_machine():
    argv = ["/x/benchmarks/quick.py", "--data-dir", "/home/me/data", "--out=/tmp/a.csv"]
    assert command(argv) == "python -m benchmarks.quick --data-dir data --out=a.csv"


def test_digests_ignore_the_container():
    X = np.eye(2)
    assert determinism.digest(X, [0, 1]) == determinism.digest(pd.DataFrame(X), pd.Series([0, 1]))
    assert determinism.digest(X, [0, 1]) != determinism.digest(X, [1, 0])


def test_the_demo_shows_known_methods():
    assert set(SHOWN) <= set(METHODS)
