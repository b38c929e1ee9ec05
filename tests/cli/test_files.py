import datetime
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gan_oversampler.cli.files import check_outputs, read_table, table_writer

HOSTILE = ["=cmd(1)", "a,b", 'quo"te', " lead ", "", "línea\nnew", "$x$", "--y", "__index_level_0__", "'; --"]
MIXED = pa.table(
    {
        "n": [1, None, 3],
        "x": [0.1, 2.5, None],
        "text": ["x,y", 'q"q', None],
        "flag": [True, None, False],
        "day": [datetime.date(2024, 5, 1), None, datetime.date(1999, 12, 31)],
        "stamp": pa.array([datetime.datetime(2024, 5, 1, 12), None, None], pa.timestamp("s")),
        "time": pa.array([datetime.time(9, 30), None, None], pa.time32("s")),
        "lines": ["a\nb", "c", "d"],
        "zip": ["00501", "99501", None],
        "long": ["123456789012345678901", "1", "2"],
    }
)


def write(path, table, pieces=1):
    with table_writer(path, table.schema) as writer:
        for start in range(0, table.num_rows, -(-table.num_rows // pieces)):
            writer.write_table(table.slice(start, -(-table.num_rows // pieces)))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz", ".csv.bz2", ".csv.zst", ".parquet"])
def test_what_is_written_is_read(tmp_path, ending):
    path = tmp_path / f"table{ending}"
    write(path, MIXED, pieces=2)
    # Parquet has no seconds, only thousands of them.
    assert read_table(path).cast(MIXED.schema).equals(MIXED)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_columns_may_have_any_name(tmp_path, ending):
    table = pa.table([pa.array([j, 2 * j]) for j in range(len(HOSTILE))], names=HOSTILE)
    write(tmp_path / f"table{ending}", table)
    assert read_table(tmp_path / f"table{ending}").equals(table)


def test_numbers_that_floats_and_integers_would_change_stay_text(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(
        "id,long,zero,price,big\n007,12345678901234567890,0,0.50,9007199254740993\n8,1,,007.5,1\n"
    )
    found = read_table(path)
    assert found["id"].to_pylist() == ["007", "8"]
    assert found["long"].to_pylist() == ["12345678901234567890", "1"]
    assert found["zero"].to_pylist() == [0, None]
    assert found["price"].to_pylist() == [0.5, 7.5]
    assert found["big"].to_pylist() == [9007199254740993, 1]


def test_missing_cells_of_text_are_missing_and_words_stay(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('country,value\nNA,NA\n,1.5\n"",nan\nCH,2\n')
    assert read_table(path)["country"].to_pylist() == ["NA", None, None, "CH"]
    assert read_table(path)["value"].null_count == 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(tmp_path, separator):
    path = tmp_path / "table.csv"
    path.write_text(f'"a,;\t\n,;b"{separator}c{separator}d\n1{separator}2{separator}3\n')
    assert read_table(path).num_columns == 3


def test_decimal_commas_beside_semicolons_are_numbers(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('price;count;code;point\n1234,5;1;1,2;1.5\n;2;x;2.5\n"-0,25";3;3,4;3.5\n')
    found = read_table(path)
    assert found["price"].to_pylist() == [1234.5, None, -0.25]
    assert found["code"].to_pylist() == ["1,2", "x", "3,4"]
    assert (found["count"].type, found["point"].type) == (pa.int64(), pa.float64())
    path.write_text('price\tcount\n"1,234"\t1\n')  # elsewhere commas may part thousands
    assert read_table(path)["price"].to_pylist() == ["1,234"]


def test_the_index_of_pandas_is_no_column(tmp_path):
    path = tmp_path / "table.parquet"
    frame = pa.table({"x": [1.0, 2.0]}).to_pandas().set_axis(["r1", "r2"])
    frame.to_parquet(path)
    assert "__index_level_0__" in pq.read_schema(path).names
    assert read_table(path).column_names == ["x"]


def test_broken_categories_are_told_at_once(tmp_path, monkeypatch):
    broken = pa.DictionaryArray.from_arrays(pa.array([0, 9], pa.int32()), pa.array(["a"]), safe=False)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda _: pa.table({"city": broken}))
    pq.write_table(pa.table({"city": ["a"]}), tmp_path / "table.parquet")
    with pytest.raises(ValueError, match="cannot be read"):
        read_table(tmp_path / "table.parquet")


def test_categories_are_kept_in_parquet_and_are_texts_in_csv(tmp_path):
    table = pa.table({"city": pa.array(["Rome", "Oslo", "Rome"]).dictionary_encode()})
    for ending in ("csv", "parquet"):
        write(tmp_path / f"table.{ending}", table)
    assert read_table(tmp_path / "table.parquet").equals(table)
    assert read_table(tmp_path / "table.csv")["city"].to_pylist() == ["Rome", "Oslo", "Rome"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("table.xlsx", b"", "ending"),
        ("table.parquet.gz", b"", "ending"),
        ("table.csv", b"", "cannot be read"),
        ("table.csv", b"a,b\n1,2,3\n", "Expected 2 columns"),
        ("table.csv", b"a,a\n1,2\n", "different names"),
        ("table.csv", "a\nl\xe9\n".encode("latin-1"), "UTF-8"),
        ("table.csv", "\xe9,b\n1,2\n".encode("latin-1"), "UTF-8"),
        ("table.parquet", b"PAR1", "cannot be read"),
        ("table.csv.gz", b"not compressed", "cannot be read"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path / name)


def test_nothing_is_left_of_a_file_that_failed(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match="names"), table_writer(path, MIXED.schema) as writer:
        writer.write_table(MIXED.select(["text"]).rename_columns(["n"]))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_outputs_are_checked_before_they_are_written(tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("")
    check_outputs([new, None], force=False)
    check_outputs([old], force=True)
    for paths, force, message in (
        ([old], False, "--force"),
        ([new, tmp_path / "." / "new.csv"], True, "same"),
        ([tmp_path], True, "not a file"),
        ([tmp_path / "none" / "new.csv"], True, "folder does not exist"),
    ):
        with pytest.raises(ValueError, match=message):
            check_outputs(paths, force=force)
