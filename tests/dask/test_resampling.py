"""A Dask DataFrame in, a Dask DataFrame out: the rows of a frame in memory, drawn when they are needed."""

import sys

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("dask.dataframe")
import dask
import dask.dataframe as dd

from gan_oversampler import load
from gan_oversampler.dask import appending
from gan_oversampler.dask.partitions import Drawing
from tests.dask.tables import LABELS, N_RARE, N, assert_same, in_partitions, mixed, quick
from tests.samplers import few_rows

N_NEW = N - 2 * N_RARE


@pytest.fixture(autouse=True)
def in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def thinned(monkeypatch):
    """More rows than are gathered, and several partitions of new rows."""
    monkeypatch.setattr("gan_oversampler.dask.counting.MIN_GATHERED", 30)
    monkeypatch.setattr(appending, "ROWS_PER_PARTITION", 200)
    with dask.config.set({"gan-oversampler.gathered-rows": 300}):
        yield


@pytest.mark.parametrize(
    "labels", [LABELS, LABELS == "yes", pd.Categorical(LABELS), pd.array(LABELS == "yes")]
)
def test_a_table_that_is_gathered_whole_gives_the_rows_of_one_in_memory(labels):
    X, y = in_partitions(mixed(), labels, 3)
    ours, theirs = quick(), quick()
    found = ours.fit_resample(X, y)
    assert_same(found, theirs.fit_resample(X.compute(), y.compute()))
    assert found[0].dtypes.equals(X.dtypes)
    assert ours.sampling_strategy_ == theirs.sampling_strategy_
    assert ours.report_.table == theirs.report_.table
    assert ours.report_.notes == theirs.report_.notes


def test_the_ratio_that_the_oracle_chooses_is_one_of_the_whole_table(thinned):
    sampler = quick(sampling_strategy="oracle", oracle=few_rows, baselines=(), cv=2)
    X_new, _ = sampler.fit_resample(*in_partitions(mixed()[["size", "rooms"]], LABELS, 3))
    assert sampler.sampling_strategy_ == {"yes": (N - N_RARE) // 4 - N_RARE}
    assert len(X_new) == N + (N - N_RARE) // 4 - N_RARE


def test_weights_and_groups_come_with_their_rows():
    X, y = in_partitions(mixed(), LABELS, 3)
    weights, groups = X["rooms"].fillna(1).astype(int), X["sold"].dt.day
    known = {"sample_weight": weights, "groups": groups}
    ours, theirs = (quick(oracle="energy", cv=2, baselines=()) for _ in range(2))
    found = ours.fit_resample(X, y, **known)
    in_memory = {name: series.compute() for name, series in known.items()}
    assert_same(found, theirs.fit_resample(X.compute(), y.compute(), **in_memory))
    assert ours.report_.entries == theirs.report_.entries


def test_the_result_depends_neither_on_partitions_nor_on_divisions(thinned):
    first = quick().fit_resample(*in_partitions(mixed(), LABELS, 1))
    expected = [collection.compute() for collection in first]
    assert_same(quick().fit_resample(*in_partitions(mixed(), LABELS, 9)), expected)
    unknown = [collection.clear_divisions() for collection in in_partitions(mixed(), LABELS, 4)]
    assert_same(quick().fit_resample(*unknown), expected)


def test_a_sample_is_gathered_and_new_rows_are_counted_for_the_whole_table(thinned):
    X, y = in_partitions(mixed(), LABELS, 4)
    sampler = quick()
    X_new, y_new = sampler.fit_resample(X, y)
    assert y_new.value_counts().compute().to_dict() == {"no": N - N_RARE, "yes": N - N_RARE}
    assert sampler.sampling_strategy_ == {"yes": N_NEW}
    assert (sampler.report_.table.n_rows, sampler.report_.table.n_added) == (N, N_NEW)
    (note,) = [text for text in sampler.report_.notes if text.startswith("Learned from")]
    assert f"of {N - N_RARE} of class 'no' and all of other classes" in note
    assert sampler.report_ is sampler.reports_["none"]
    new = X_new.compute()[N:]
    assert len(new.drop_duplicates()) == N_NEW


def test_originals_come_first_and_as_they_were(thinned):
    table = mixed().set_index(pd.date_range("2024", periods=N, freq="h", name="time"))
    X, y = in_partitions(table, LABELS, 4)
    X_new, y_new = quick().fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new.compute()[:N], table.reset_index(drop=True).astype(X.dtypes))
    assert y_new.compute()[:N].tolist() == LABELS.tolist()
    assert X_new.index.compute().tolist() == list(range(N + N_NEW))
    assert X_new.divisions == (0, 150, 300, 450, 600, 800, 1000, N + N_NEW - 1)
    assert X_new.npartitions == y_new.npartitions == 7


def test_nothing_is_drawn_before_it_is_needed(thinned, monkeypatch):
    drawn = []
    rows = Drawing.rows

    def noted(self, part, number, first):
        drawn.append(number)
        return rows(self, part, number, first)

    monkeypatch.setattr(Drawing, "rows", noted)
    X_new, y_new = quick().fit_resample(*in_partitions(mixed(), LABELS, 4))
    assert y_new.value_counts().compute().sum() == N + N_NEW
    X_new.partitions[:4].compute()
    assert not drawn
    X_new.partitions[5].compute()
    assert drawn == [1]


def test_a_later_fit_does_not_change_rows_that_were_not_drawn_yet(thinned):
    sampler = quick()
    X_new, _ = sampler.fit_resample(*in_partitions(mixed(), LABELS, 4))
    before = X_new.compute()
    sampler.fit_resample(*in_partitions(mixed(seed=1), LABELS, 4))
    pd.testing.assert_frame_equal(X_new.compute(), before)


def test_categories_that_nobody_knows_yet_come_from_all_partitions():
    def part(i):
        rng = np.random.default_rng(i)
        kind = pd.Categorical(rng.choice(list("abcdefg")[i : i + 3], 100))
        return pd.DataFrame({"kind": kind, "size": rng.normal(size=100), "y": np.arange(100) % 10 == 0})

    ddf = dd.from_map(part, range(5))
    ddf["kind"] = ddf["kind"].cat.as_unknown()
    X, y = ddf[["kind", "size"]], ddf["y"]
    X_new, y_new = quick().fit_resample(X, y)
    assert not X_new["kind"].cat.known
    known = [collection.compute().reset_index(drop=True) for collection in (X, y)]
    assert_same((X_new, y_new), quick().fit_resample(*known))


@pytest.mark.parametrize("filesystem", ["fsspec", "arrow"])
def test_files_give_the_rows_of_a_table_in_memory(tmp_path, filesystem):
    table = mixed().drop(columns="price").assign(y=LABELS)
    dd.from_pandas(table, npartitions=20).to_parquet(tmp_path, write_index=False)
    ddf = dd.read_parquet(tmp_path, filesystem=filesystem)
    X, y = ddf[["size", "city"]], ddf["y"]
    whole = ddf.compute().reset_index(drop=True)
    assert_same(quick().fit_resample(X, y), quick().fit_resample(whole[["size", "city"]], whole["y"]))


def test_partitions_may_be_empty():
    X, y = in_partitions(mixed(), LABELS, 6)
    empty = X.map_partitions(lambda part: part[part.index % 200 > 100], meta=X._meta)
    labels = y.map_partitions(lambda part: part[part.index % 200 > 100], meta=y._meta)
    known = [collection.compute().reset_index(drop=True) for collection in (empty, labels)]
    assert_same(quick().fit_resample(empty, labels), quick().fit_resample(*known))


def test_a_fitted_sampler_behaves_as_ever(thinned, tmp_path):
    X, y = in_partitions(mixed(), LABELS, 4)
    sampler = quick().fit(X, y)
    sampler.save(tmp_path / "sampler")
    copy = load(tmp_path / "sampler")
    pd.testing.assert_frame_equal(copy.sample(5), sampler.sample(5))
    assert str(copy.report_) == str(sampler.report_)
    assert "600 rows, 7 columns, 2 classes; 520 rows are added" in str(copy.report_)
    assert sampler.feature_names_in_.tolist() == list(X.columns)


@pytest.mark.parametrize("limit", [0, -5, "many", True, float("nan")])
def test_a_setting_that_is_no_number_of_rows_is_refused(limit):
    with (
        dask.config.set({"gan-oversampler.gathered-rows": limit}),
        pytest.raises(ValueError, match="gathered-rows' must be a number of rows"),
    ):
        quick().fit(*in_partitions(mixed(), LABELS, 2))


def test_where_no_rows_are_asked_for_the_table_comes_back():
    X, y = in_partitions(mixed(), LABELS, 3)
    X_new, y_new = quick(sampling_strategy={"yes": N_RARE}).fit_resample(X, y)
    assert_same((X_new, y_new), (X.compute().reset_index(drop=True), y.compute().reset_index(drop=True)))


@pytest.mark.parametrize("array", [False, True])
def test_streams_need_rows_in_memory(array):
    X, y = in_partitions(mixed()[["size", "old"]], LABELS, 3)
    sampler = quick().fit(X, y)
    with pytest.raises(TypeError, match=r"Call `.compute\(\)`"):
        sampler.stream(X.to_dask_array(lengths=True) if array else X, y)


def test_without_what_it_needs_of_dask_an_error_says_what_to_install(monkeypatch):
    X, y = in_partitions(mixed(), LABELS, 2)
    monkeypatch.setitem(sys.modules, "gan_oversampler.dask.resampling", None)
    monkeypatch.delattr("gan_oversampler.dask.resampling")
    with pytest.raises(ImportError, match=r"pip install .gan-oversampler\[dask\]."):
        quick().fit(X, y)
