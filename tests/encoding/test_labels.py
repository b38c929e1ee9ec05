"""Labels are coded by rarity and come back in their container; strategies are those of imbalanced-learn."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.utils import check_sampling_strategy

from gan_oversampler.encoding.labels import Target
from tests.label_types import LABEL_TYPES, cells

TWO = np.repeat([7, 3], [10, 4])
THREE = np.repeat(["a", "b", "c"], [5, 20, 8])

CONTAINERS = {
    "list of str": ["no", "yes", "no"],
    "list of int": [5, 9, 5],
    "list of bool": [False, True, False],
    "tuple": ("no", "yes", "no"),
    "int32": np.array([5, 9, 5], np.int32),
    "uint8": np.array([0, 1, 0], np.uint8),
    "bool": np.array([False, True, False]),
    "whole floats": np.array([0.0, 1.0, 0.0]),
    "str array": np.array(["no", "yes", "no"]),
    "object array": np.array(["no", "yes", "no"], dtype=object),
    "column vector": np.array([[5], [9], [5]]),
    "one-hot array": np.array([[1, 0], [0, 1], [1, 0]]),
    "one-hot int8": np.array([[0, 1, 0], [0, 0, 1], [0, 1, 0]], np.int8),
    "one-hot list": [[1, 0], [0, 1], [1, 0]],
    "one-hot frame": pd.DataFrame({"no": [1, 0, 1], "yes": [0, 1, 0]}),
    "int series": pd.Series([5, 9, 5], name="y"),
    "int8 series": pd.Series([5, 9, 5], dtype="int8"),
    "nullable": pd.Series([5, 9, 5], dtype="Int64"),
    "nullable bool": pd.Series([False, True, False], dtype="boolean"),
    "string": pd.Series(["no", "yes", "no"], dtype="string"),
    "object series": pd.Series(["no", "yes", "no"], dtype=object),
    "category": pd.Series(["no", "yes", "no"], dtype=pd.CategoricalDtype(["yes", "no", "never"])),
    "ordered": pd.Series(pd.Categorical([5, 9, 5], categories=[9, 5], ordered=True), name="y"),
    "frame": pd.DataFrame({"label": ["no", "yes", "no"]}),
    "category frame": pd.DataFrame({"label": pd.Categorical(["no", "yes", "no"])}),
    "polars str": pl.Series("y", ["no", "yes", "no"]),
    "polars int": pl.Series("y", [5, 9, 5], dtype=pl.Int16),
    "polars bool": pl.Series("y", [False, True, False]),
    "polars enum": pl.Series("y", ["no", "yes", "no"], dtype=pl.Enum(["yes", "no"])),
    "polars categorical": pl.Series("y", ["no", "yes", "no"], dtype=pl.Categorical),
}


def _plain(y):
    """Cells as nested lists."""
    if isinstance(y, pd.DataFrame):
        return y.to_numpy().tolist()
    return y.tolist() if hasattr(y, "tolist") else [*y] if not hasattr(y, "to_list") else y.to_list()


# --- containers


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_new_labels_join_in_the_container_they_came_in(name):
    y = CONTAINERS[name]
    target = Target.of(y)
    assert target.codes.tolist() == [0, 1, 0]
    stacked = target.stack(y, np.array([1, 1, 0]))
    cells = _plain(y)
    assert _plain(stacked) == [*cells, cells[1], cells[1], cells[0]]
    assert type(stacked) is type(y)
    for attribute in ("dtype", "dtypes", "name", "columns"):
        if hasattr(y, attribute):
            assert np.all(getattr(stacked, attribute) == getattr(y, attribute))


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_no_new_labels_change_nothing(name):
    y = CONTAINERS[name]
    assert _plain(Target.of(y).stack(y, np.array([], np.intp))) == _plain(y)


def test_a_stacked_series_counts_on():
    y = pd.Series(["a", "b", "a"], index=[10, 20, 30])
    assert Target.of(y).stack(y, np.array([1])).index.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_the_given_labels_are_not_changed(name):
    y = CONTAINERS[name]
    before = _plain(y)
    Target.of(y).stack(y, np.array([1, 1]))
    assert _plain(y) == before


# --- types


@pytest.mark.parametrize("name", sorted(LABEL_TYPES))
def test_labels_of_every_type_join_as_the_same_objects_in_the_same_dtype(name):
    (common, rare), make = LABEL_TYPES[name]
    y = make([common, rare, common])
    target = Target.of(y)
    stacked = target.stack(y, np.array([1, 0]))
    assert cells(stacked) == [common, rare, common, rare, common]
    assert [type(cell) for cell in cells(stacked)] == [type(cell) for cell in cells(make([common] * 5))]
    assert type(stacked) is type(y)
    for attribute in (
        ["schema"] if isinstance(y, pa.Table) else ("dtype", "dtypes", "type", "name", "columns")
    ):
        if hasattr(y, attribute):
            assert np.all(getattr(stacked, attribute) == getattr(y, attribute))


@pytest.mark.parametrize("name", sorted(LABEL_TYPES))
def test_classes_and_keys_of_every_type_are_the_labels_themselves(name):
    (common, rare), make = LABEL_TYPES[name]
    target = Target.of(make([common, rare, common, common]))
    assert target.names == [common, rare]
    assert [type(label) for label in target.names] == [type(common)] * 2
    assert np.all(target.classes == np.array(target.names, target.classes.dtype))
    assert target.code_of(rare) == 1
    assert target.strategy("auto") == {rare: 2} == target.strategy({rare: 1.0})


def test_containers_that_labels_cannot_come_back_in_are_refused():
    with pytest.raises(TypeError, match="no RecordBatch"):
        Target.of(pa.record_batch({"y": ["a", "b"]}))
    with pytest.raises(ValueError, match=r"'y' is a string_view.*Cast it"):
        Target.of(pd.Series(pd.arrays.ArrowExtensionArray(pa.array(["a"], pa.string_view())), name="y"))


def test_labels_that_no_file_can_hold_are_refused():
    with pytest.raises(ValueError, match="lone surrogates"):
        Target.of(np.array(["a", "\ud800"], object))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "U3", "M8[D]", "M8[ns]", "m8[s]"])
def test_classes_of_arrays_keep_their_dtype(dtype):
    y = np.array([0, 1, 0]).astype(dtype)
    assert Target.of(y).classes.dtype == y.dtype


# --- codes


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_codes_order_classes_by_rarity(y):
    target = Target.of(np.array(y))
    assert target.labels.tolist() == y
    assert target.counts.tolist() == sorted(target.counts, reverse=True)
    assert target.counts.tolist() == [y.count(label) for label in target.classes.tolist()]
    assert [target.code_of(label) for label in target.classes] == list(range(len(target.classes)))


def test_equally_frequent_classes_keep_the_order_of_their_labels():
    assert Target.of(["c", "a", "b"]).classes.tolist() == ["a", "b", "c"]


def test_an_unknown_class_is_an_error_that_says_which_are_known():
    with pytest.raises(ValueError, match=r"Unknown class 'd'\. Known are: 'b', 'c', 'a'"):
        Target.of(THREE).code_of("d")


# --- strategies


def _more_of_each(y):
    return {label: int(count) + 2 for label, count in zip(*np.unique(y, return_counts=True), strict=True)}


@pytest.mark.parametrize("y", [TWO, THREE])
@pytest.mark.parametrize(
    "requested",
    ["auto", "minority", "not minority", "not majority", "all", _more_of_each],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_strategies_are_those_of_imbalanced_learn(y, requested):
    expected = check_sampling_strategy(requested, y, "over-sampling")
    assert Target.of(y).strategy(requested) == dict(expected)


@pytest.mark.parametrize(
    ("y", "requested"), [(TWO, 0.8), (TWO, 1.0), (TWO, {3: 9}), (THREE, {"a": 9, "c": 8})]
)
def test_numbers_and_totals_are_those_of_imbalanced_learn(y, requested):
    expected = check_sampling_strategy(requested, y, "over-sampling")
    assert Target.of(y).strategy(requested) == dict(expected)


def test_strategies_speak_plain_python():
    strategy = Target.of(TWO).strategy("auto")
    assert strategy == {3: 6}
    assert [type(x) for pair in strategy.items() for x in pair] == [int, int]


@pytest.mark.parametrize(
    ("ratio", "expected"), [(1.0, {"a": 15, "c": 12}), (0.5, {"a": 5, "c": 2}), (0.3, {"a": 1, "c": 0})]
)
def test_a_float_is_a_ratio_for_many_classes(ratio, expected):
    assert Target.of(THREE).strategy(ratio) == expected


@pytest.mark.parametrize("ratio", [0.5, 0.75, 1.0])
def test_a_ratio_means_the_same_for_two_classes_and_in_a_mapping(ratio):
    target = Target.of(TWO)
    assert target.strategy({3: ratio}) == target.strategy(ratio)


def test_ratios_and_totals_may_be_mixed():
    assert Target.of(THREE).strategy({"a": 0.5, "c": 11}) == {"a": 5, "c": 3}
    assert Target.of(THREE).strategy({"a": 0.1}) == {"a": 0}


@pytest.mark.parametrize("ratio", [0.0, -0.5, 1.5, float("nan")])
def test_a_ratio_outside_its_range_is_an_error(ratio):
    with pytest.raises(ValueError, match=r"class 'a'.*must be in"):
        Target.of(THREE).strategy({"a": ratio})


@pytest.mark.parametrize(
    "requested",
    [{"z": 10}, {"z": 0.5}, {"a": 2}, "most", 0.0, 1.5, -1.0, lambda y: {"z": 3}],
    ids=["unknown class", "its ratio", "too few", "word", "0", "1.5", "-1", "callable"],
)
def test_impossible_strategies_are_errors(requested):
    with pytest.raises(ValueError, match=r".+"):
        Target.of(THREE).strategy(requested)


def test_a_ratio_that_would_remove_rows_is_an_error_for_two_classes():
    with pytest.raises(ValueError, match="remove"):
        Target.of(TWO).strategy(0.1)


# --- errors


@pytest.mark.parametrize(
    "y",
    [
        [1.0, float("nan"), 2.0],
        np.array([0.0, np.nan, 1.0]),
        ["a", None, "b"],
        pd.Series([1, None, 2], dtype="Int64"),
        pd.Series(["a", None, "b"], dtype="string"),
        pd.Series(["a", None, "b"], dtype="category"),
        pd.DataFrame({"y": ["a", None, "b"]}),
        pl.Series(["a", None, "b"]),
        pd.Series([datetime.datetime(2024, 1, 1), pd.NaT]),
    ],
    ids=lambda y: type(y).__name__,
)
def test_missing_labels_are_counted(y):
    with pytest.raises(ValueError, match="1 missing label"):
        Target.of(y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, "a"], "mixes texts"),
        (np.array([1, "a"], dtype=object), "mixes texts"),
        (pd.Series([[1], [2]]), "hashable"),
        ([1, datetime.date(2024, 1, 1)], "sortable"),
        (np.array([0.25, 0.5, 0.8], dtype=object), "continuous"),
        (pd.Series([0.25, 0.5, 0.8], dtype="Float64"), "continuous"),
    ],
)
def test_labels_that_are_no_classes_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        Target.of(y)


@pytest.mark.parametrize("y", [[0.1, 0.2, 0.35], [[1, 2], [2, 3]], np.array([[1, 1], [0, 1]]), None])
def test_a_target_that_is_not_one_of_classes_is_an_error(y):
    with pytest.raises(ValueError, match=r".+"):
        Target.of(y)


def test_where_no_class_was_oversampled_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="No class was oversampled, so there are no new rows to draw"):
        Target.of([0, 1, 0, 1]).code_to_draw(None, [])
