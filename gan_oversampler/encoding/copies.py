"""Copies: new rows that equal a row of the table in all columns, and the nearest other rows."""

# n row

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.categorical import Categorical
from gan_oversampler.encoding.cells import Cells, read_array
from gan_oversampler.encoding.layout import EncodedRows
from gan_oversampler.encoding.real_rows import COMMON, Keys, RealRows, row_keys
from gan_oversampler.encoding.table_encoder import TableEncoder

CHUNK: Final = 8192  # rows encoded at once, so that memory stays small
MAX_COUNTED: Final = 2**63  # possible rows; products of thousands of columns have too many digits for files


def knowing(encoder: TableEncoder, X: Any) -> tuple[TableEncoder, Any]:
    """Return the encoder with the knowledge which rows ``X`` holds, and these rows as `Rows` take them.

    Raises ``ValueError`` as `TableEncoder.encode` does.
    """
    cells = encoder.cells_of(X)
    rows = encoder.encode_on_demand(cells)
    keys = _keys(encoder, cells, rows) if isinstance(rows, np.ndarray) else _keys_in_chunks(encoder, cells)
    return replace(encoder, real=RealRows.of(keys, _n_possible(encoder))), rows


def _n_possible(encoder: TableEncoder) -> int | None:
    """How many rows the columns can form; None if they cannot be counted, or are more than any table has."""
    n_possible = 1
    for column in encoder.columns:
        if column.n_values is None or n_possible > MAX_COUNTED:
            return None
        n_possible *= column.n_values or 1
    return n_possible


def copied(encoder: TableEncoder, cells: list[Cells]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which of ``n`` decoded rows equal few rows that the encoder knows, and which five or more.

    Numbers are compared as the container stores them, and as precisely as they are encoded, in 32 bits.
    """
    if encoder.real is None:
        return np.zeros(len(cells[0]), bool), np.zeros(len(cells[0]), bool)
    formats = encoder.container.formats
    kept = [read_array(f.restore(c))[0] if f.rounds else c for c, f in zip(cells, formats, strict=True)]
    times = encoder.real.times(_keys_in_chunks(encoder, kept))
    return (times > 0) & (times < COMMON), times == COMMON


def _keys_in_chunks(encoder: TableEncoder, cells: list[Cells]) -> Keys:
    keys = [np.empty(0, np.uint64)]
    for start in range(0, len(cells[0]), CHUNK):
        some = [part.at(slice(start, start + CHUNK)) for part in cells]
        keys.append(_keys(encoder, some, encoder.encode_cells(some)))
    return np.concatenate(keys)


def _keys(encoder: TableEncoder, cells: list[Cells], rows: EncodedRows) -> Keys:
    """Keys of rows, given as cells and encoded: rare levels share a state, and are told apart here."""
    rare = [
        column.positions(part)
        for column, part in zip(encoder.columns, encoder.relations.reduce(cells), strict=True)
        if isinstance(column, Categorical) and len(column.rare_probabilities)
    ]
    return row_keys(rows, rare)


def stepped(
    encoder: TableEncoder, cells: list[Cells], columns_n: NDArray[np.intp], by_n: NDArray[np.intp]
) -> EncodedRows:
    """Return decoded rows, encoded, each with one column so many steps of its grid, or levels, away."""
    rows = encoder.encode_cells(cells)
    stops = np.cumsum([column.block(0).width for column in encoder.columns])
    for i in np.unique(columns_n):
        column, at = encoder.columns[i], np.flatnonzero(columns_n == i)
        part = slice(stops[i] - column.block(0).width, stops[i])
        rows[at, part] = column.step(rows[at, part], by_n[at])
    return rows
