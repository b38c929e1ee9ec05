"""Targets: tables in CSV and Parquet files, read and written by the command line."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import json
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from gan_oversampler.cli.files import check_outputs, read_table, table_writer
from gan_oversampler.cli.resampling import counts_of, labels_of, split
from tests.fuzz.mutations import PIECES, TEXTS, bytes_mutated
from tests.tables import mixed

CELLS = (
    "1",
    "-2.5",
    "1e5",
    "007",
    "12345678901234567890",
    "true",
    "2024-05-01",
    "2024-05-01 12:00",
    "a",
    "",
    *TEXTS,
)
ENDINGS = (b".csv", b".tsv", b".csv.gz", b".parquet")


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """Files of tables, each after a line with its ending."""
    X, y = mixed(120)
    table = pa.Table.from_pandas(X.assign(kind=y).iloc[::6])
    nested = pa.table({"a": [[1], [2]], "b": [{"c": 1}, None], "d": pa.array(["x", "y"]).dictionary_encode()})
    found = [
        b".csv\na,b,c\n1,2.5,x\n2,,y\n3,4.5,x\n",
        b'.csv\n\xef\xbb\xbfn;"q;""r";=cmd()\n007;1;2024-01-01\n8;2;\n',
        b".tsv\nname\tage\nAnn\t31\nBob\t\n",
        b".csv.gz\n" + gzip.compress(b"a,b\n1,2\n3,4\n"),
        b".csv\n" + X.assign(kind=y).iloc[::6].to_csv(index=False).encode(),
    ]
    for content in (table, nested):
        pq.write_table(content, stream := pa.BufferOutputStream())
        found.append(b".parquet\n" + stream.getvalue().to_pybytes())
    return tuple(found)


def mutated(data: bytes, random: Random) -> bytes:
    """Mutate bytes or cells; now and then the ending, or a table made anew."""
    ending, _, content = data.partition(b"\n")
    way = random.random()
    if way < 0.02:
        return random.choice(ENDINGS) + b"\n" + content
    if way < 0.1 and ending != b".parquet":
        return ending + b"\n" + _table(random)
    if way < 0.5 and ending in (b".csv", b".tsv"):
        return ending + b"\n" + _cells_mutated(content, random)
    if way < 0.55:
        return ending + b"\n" + content.replace(random.choice(PIECES), random.choice(PIECES))[: 1 << 18]
    return ending + b"\n" + bytes_mutated(content, random)[: 1 << 18]


def _table(random: Random) -> bytes:
    """A table of cells of all kinds, in an encoding that may be a wrong one."""
    n, width = random.choice((0, 1, 2, 5, 40)), random.choice((1, 2, 3, 30))
    names = [random.choice((f"c{j}", f"c{j}", random.choice(CELLS))) for j in range(width)]
    kinds = [random.sample(CELLS, 3) for _ in names]
    rows = [[random.choice(kind) for kind in kinds] for _ in range(n)]
    if rows and random.random() < 0.2:
        random.choice(rows).append("one more")
    text = io.StringIO()
    csv.writer(text, delimiter=random.choice(",;\t|")).writerows([names, *rows])
    encoding = random.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"))
    return text.getvalue().encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace")


def _cells_mutated(content: bytes, random: Random) -> bytes:
    lines = content.split(b"\n")
    i = random.randrange(len(lines))
    cells = lines[i].split(b",")
    cells[random.randrange(len(cells))] = random.choice(CELLS).encode("utf-8", "surrogatepass")
    lines[i] = b",".join(cells)
    return b"\n".join(lines)


def run(data: bytes, folder: Path) -> str:
    """Read a table; what is written of it is read as the same."""
    ending, _, content = data.partition(b"\n")
    path = folder / f"table{ending.decode()}"
    path.write_bytes(content)
    table = read_table(path)
    target = table.column_names[0]
    try:
        _, y = split(table, target)
    except ValueError as error:
        from tests.fuzz.engine import is_lawful

        if not is_lawful(error):
            raise
    else:
        assert y.notna().all()
        counts_of(table, target, labels_of(table, target))
    _check_written(table, folder / "again.parquet")
    if table.num_columns > 1:  # of a single one, rows without a value are empty lines
        _check_written(table, folder / "again.csv")
    return "read"


def _check_written(table: pa.Table, path: Path) -> None:
    check_outputs([path], force=False)
    with table_writer(path, table.schema) as writer:
        writer.write_table(table)
    assert [each.name for each in path.parent.iterdir() if each.name.endswith(".tmp")] == []
    again = read_table(path)
    assert again.num_rows == table.num_rows
    assert again.column_names == table.column_names
    if path.suffix == ".parquet":
        assert _cells(again.cast(table.schema)) == _cells(table)  # Parquet has no seconds


def _cells(table: pa.Table) -> str:
    """All cells, in which NaN equals NaN; times as integers, since Python has no years beyond 9999."""
    for j, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(j, field.name, table.column(j).cast(pa.int64()))
    return json.dumps(table.to_pylist(), default=str)
