"""Tables in files: CSV and Parquet, read with the types they have, written whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from gan_oversampler._writing import written_whole

FORMATS: Final = {".csv": ",", ".tsv": "\t", ".parquet": None, ".pq": None}  # and what separates columns
COMPRESSED: Final = (".gz", ".bz2", ".zst", ".lz4")  # CSV only; Parquet compresses by itself
NOT_UTF_8: Final = "is not UTF-8 in {}. Convert it, such as by iconv -f latin1 -t utf8."
# Numbers that would not come back as they are written: leading zeros, and more digits than floats have.
NOT_A_NUMBER: Final = {pa.int64(): r"^[+-]?0[0-9]", pa.float64(): r"^[+-]?[0-9]{17,}$"}


def read_table(path: Path) -> pa.Table:
    """Read a table whose format is that of the path's ending, with the types that its columns have.

    Of CSV files, types are inferred from all cells: integers, floats, booleans, ISO dates and times, else
    text. Numbers with leading zeros stay text, and so do whole numbers of more digits than floats can hold.
    Cells that are empty are missing. The separator is that of comma, semicolon and tab which the header
    has most of; beside semicolons, numbers may have decimal commas. Of Parquet files written by pandas, an
    index is left out.

    Raises ``ValueError`` if the ending is unknown, the file is broken, or columns have no or equal names.
    """
    is_csv = bool(separator_of(path))
    try:
        table = _read_csv(path) if is_csv else _read_parquet(path)
        names = table.column_names
    except UnicodeDecodeError as error:
        raise ValueError(f"{str(path)!r} {NOT_UTF_8.format('names of columns')}") from error
    except Exception as error:  # of Arrow, the system, or the metadata of pandas
        raise ValueError(f"{str(path)!r} cannot be read: {error}") from error
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Columns of {str(path)!r} need different names, got {twice} twice. Rename one.")
    if binary := [field.name for field in table.schema if is_csv and pa.types.is_binary(field.type)]:
        raise ValueError(f"{str(path)!r} {NOT_UTF_8.format(f'columns {binary}')}")
    return table


def separator_of(path: Path) -> str | None:
    """What separates columns in files with the ending of this path; None for Parquet.

    Raises ``ValueError`` for unknown endings.

    >>> separator_of(Path("table.csv.gz")), separator_of(Path("table.parquet"))
    (',', None)
    """
    plain = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    suffix = plain.suffix.lower()
    if suffix not in FORMATS or (plain != path and not FORMATS[suffix]):
        raise ValueError(
            f"The ending of a path gives its format: .csv, .tsv (also {', '.join(COMPRESSED)}) or .parquet."
            f" Got {path.name!r}."
        )
    return FORMATS[suffix]


def _read_csv(path: Path) -> pa.Table:
    parse = csv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True)
    table = csv.read_csv(path, parse_options=parse)
    if parse.delimiter == ";":
        table = _with_decimal_commas(table, path, parse)
    numbers = [field.name for field in table.schema if field.type in NOT_A_NUMBER]
    if numbers and len(set(table.column_names)) == table.num_columns:
        convert = csv.ConvertOptions(
            include_columns=numbers, column_types=dict.fromkeys(numbers, pa.string())
        )
        texts = csv.read_csv(path, parse_options=parse, convert_options=convert)
        for name in numbers:
            j, pattern = table.column_names.index(name), NOT_A_NUMBER[table.schema.field(name).type]
            if pc.any(pc.match_substring_regex(texts[name], pattern)).as_py():
                text = pc.if_else(pc.is_null(table[name]), None, texts[name])
                table = table.set_column(j, name, text)
    for j, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            column = table.column(j)
            table = table.set_column(j, field, pc.if_else(pc.equal(column, ""), None, column))
    return table


def _with_decimal_commas(table: pa.Table, path: Path, parse: csv.ParseOptions) -> pa.Table:
    """Replace columns of text by numbers where all cells are numbers with decimal commas, or missing."""
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    if not texts or len(set(table.column_names)) < table.num_columns:
        return table
    convert = csv.ConvertOptions(include_columns=texts, decimal_point=",")
    for name, column in zip(texts, csv.read_csv(path, parse_options=parse, convert_options=convert)):
        if pa.types.is_floating(column.type):
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _delimiter(path: Path) -> str:
    """What separates columns: of comma, semicolon and tab the one that the header has most of."""
    with pa.input_stream(str(path)) as stream:
        start = re.sub(
            r'"[^"]*"', "", stream.read(1 << 16).decode(errors="replace")
        )  # quoted names may hold any
    header = start.lstrip().split("\n", 1)[0]
    expected = separator_of(path) or ","
    return max((expected, ",", ";", "\t"), key=header.count)


def _read_parquet(path: Path) -> pa.Table:
    table = pq.ParquetFile(path).read()
    table.validate(full=True)  # or a broken index of a dictionary shows later, or not at all
    index = (table.schema.pandas_metadata or {}).get("index_columns", [])
    return table.drop_columns([name for name in index if name in table.column_names])


def check_outputs(paths: Sequence[Path | None], *, force: bool) -> None:
    """Refuse files that cannot or must not be written, before anything takes time.

    Raises ``ValueError`` if a file exists and ``force`` is false, two outputs are one file, the path is that
    of something else than a file, or its folder does not exist or cannot be written to.
    """
    given = [path for path in paths if path is not None]
    if len({path.resolve() for path in given}) < len(given):
        raise ValueError("Each output needs a path of its own; two are the same.")
    for path in given:
        name = str(path)
        if path.exists() and not path.is_file():
            raise ValueError(f"{name!r} is not a file. Give the path of a file.")
        if path.exists() and not force:
            raise ValueError(f"{name!r} exists. Give another path, or --force to replace it.")
        if not path.resolve().parent.is_dir():
            raise ValueError(f"{name!r} cannot be written, its folder does not exist. Make it first.")
        if not os.access(path.resolve().parent, os.W_OK):
            raise ValueError(f"{name!r} cannot be written, its folder is read-only. Give another path.")


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[Any]:
    """Write a table piece by piece, by ``write_table`` of what is yielded, in the format of the ending.

    In CSV, categories become their values. A file appears only if all went well. Cells are written as they
    are, also those that begin with ``=``, which spreadsheets run as formulas: a table is data, and comes back
    as it was.
    """
    separator, suffix = separator_of(path), path.suffix.lower()
    compression = pa.Codec.detect(str(path)).name if suffix in COMPRESSED else None
    with (
        written_whole(path) as temporary,
        pa.output_stream(str(temporary), compression=compression) as stream,
    ):
        if separator is None:
            with pq.ParquetWriter(stream, schema) as writer:
                yield writer
        else:
            plain = csv_schema(schema)
            options = csv.WriteOptions(delimiter=separator)
            with csv.CSVWriter(stream, plain, write_options=options) as writer:
                yield _Casting(writer, plain)


def csv_schema(schema: pa.Schema) -> pa.Schema:
    """The types of a table in CSV; raises ``ValueError`` for columns that CSV cannot hold."""
    if nested := [field.name for field in schema if pa.types.is_nested(field.type)]:
        raise ValueError(f"CSV has no lists or records, as in the columns {nested}. Write .parquet instead.")
    return pa.schema([(field.name, _plain(field.type)) for field in schema])


class _Casting:
    """A writer that casts tables to its schema first."""

    def __init__(self, writer: Any, schema: pa.Schema) -> None:
        self.writer = writer
        self.schema = schema

    def write_table(self, table: pa.Table) -> None:
        self.writer.write_table(table.cast(self.schema))


def _plain(dtype: pa.DataType) -> pa.DataType:
    return dtype.value_type if pa.types.is_dictionary(dtype) else dtype
