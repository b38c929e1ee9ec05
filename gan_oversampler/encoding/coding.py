"""All columns of a table encoded and decoded: those of continuous numbers together, others one by one."""

# K column, n row, F encoded column

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.columns import Column
from gan_oversampler.encoding.grids import reflect
from gan_oversampler.encoding.layout import EncodedRows
from gan_oversampler.encoding.numeric import Numeric

MAX_CELLS: Final = 1_000_000  # coded together, so that memory stays small


def encode_columns(columns: Sequence[Column], cells: Sequence[Cells]) -> EncodedRows:
    """Return the encoded rows ``(n, F)`` of the cells of all columns, as each column's ``encode`` does."""
    starts, groups = _plan(columns, len(cells[0]))
    encoded = np.empty((len(cells[0]), starts[-1]), dtype=np.float32)
    for group in groups:
        encoded[:, starts[group.places]] = group.encode([cells[i] for i in group.places]).T
    for i in _others(columns, groups):
        encoded[:, starts[i] : starts[i + 1]] = columns[i].encode(cells[i])
    return encoded


def decode_columns(
    columns: Sequence[Column],
    rows: EncodedRows,
    rng: np.random.Generator,
    codes: NDArray[np.intp] | None = None,
) -> list[Cells]:
    """Return the cells of encoded rows ``(n, F)``, column by column, as each column's ``decode`` does.

    Plain columns draw no random numbers, so all others get the same as if they were decoded one by one.
    """
    starts, groups = _plan(columns, len(rows))
    columns_Fn = np.ascontiguousarray(rows.T)  # column by column is how rows are read now
    found: dict[int, Cells] = {}
    for group in groups:
        found |= zip(group.places.tolist(), group.decode(columns_Fn[starts[group.places]]), strict=True)
    for i in _others(columns, groups):
        found[i] = columns[i].decode(columns_Fn[starts[i] : starts[i + 1]].T, rng, codes)
    return [found[i] for i in range(len(columns))]


def _plan(columns: Sequence[Column], n: int) -> _Plan:
    """The first encoded column of each column, and the plain columns in groups that ``MAX_CELLS`` allows."""
    size = max(1, MAX_CELLS // max(n, 1))
    starts = np.cumsum([0, *(column.block(0).width for column in columns)])
    plain = [i for i, column in enumerate(columns) if isinstance(column, Numeric) and column.is_plain]
    return starts, [_PlainColumns.of(columns, plain[i : i + size]) for i in range(0, len(plain), size)]


def _others(columns: Sequence[Column], groups: Sequence[_PlainColumns]) -> list[int]:
    together = {i for group in groups for i in group.places.tolist()}
    return [i for i in range(len(columns)) if i not in together]


@dataclass(frozen=True, slots=True, eq=False)
class _PlainColumns:
    """Columns that are nothing but standardised values, with their parameters as arrays ``(K, 1)``."""

    places: NDArray[np.intp]  # their positions among all columns
    columns: Sequence[Numeric]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    ends: NDArray[np.float64]  # smallest and largest value, ``(2, K, 1)``

    @classmethod
    def of(cls, columns: Sequence[Column], places: Sequence[int]) -> _PlainColumns:
        mine = [column for i in places if isinstance(column := columns[i], Numeric)]
        mean, std, low, high = (
            np.array([[getattr(column, name)] for column in mine]) for name in ("mean", "std", "low", "high")
        )
        return cls(np.array(places), mine, mean, std, np.stack([low, high]))

    def encode(self, cells: Sequence[Cells]) -> NDArray[np.float32]:
        values_Kn = np.array([its.values for its in cells], dtype=np.float64)
        for column, its in zip(self.columns, cells, strict=True):
            its.refuse_new_missing(column.name, has_missing=False)
        if not np.isfinite(values_Kn).all():
            for column, its in zip(self.columns, cells, strict=True):
                its.to_floats(column.name)  # names the column
        return self._standardise(values_Kn)

    def decode(self, encoded_Kn: NDArray[np.float32]) -> Iterator[Cells]:
        low, high = self._standardise(self.ends).astype(np.float64)
        reflected_Kn = reflect(encoded_Kn.astype(np.float64), low, high)
        with np.errstate(over="ignore"):
            values_Kn = reflected_Kn * self.std + self.mean
        values_Kn = np.clip(values_Kn, *self.ends)
        return (Cells(values, np.zeros(len(values), dtype=bool)) for values in values_Kn)

    def _standardise(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        # Halves, as in one column: the difference of the largest floats is infinite.
        return ((values / 2 - self.mean / 2) / self.std * 2).astype(np.float32)


_Plan = tuple[NDArray[np.intp], list[_PlainColumns]]
