"""Columns of a fixed set of levels: categories, booleans, and constants that have one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.encoding.cells import Cells, Values
from gan_oversampler.encoding.layout import Block

Rows = NDArray[np.float32]

MAX_STATES: Final = 64
ID_MIN_DISTINCT: Final = 20
ID_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A column with one value, or with missing cells only: nothing to learn, nothing to encode.

    Examples
    --------
    >>> column = Constant("unit", Cells(np.array([7]), np.array([False])))
    >>> column.decode(np.empty((2, 0), dtype=np.float32), np.random.default_rng(0)).values.tolist()
    [7, 7]
    """

    name: Hashable
    cell: Cells

    @property
    def numeric(self) -> bool:
        return bool(self.cell.missing.all()) or not (self.cell.is_label or self.cell.is_time)

    def block(self, start: int) -> None:
        return None

    def encode(self, cells: Cells) -> Rows:
        return np.empty((len(cells), 0), dtype=np.float32)

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        picked = np.zeros(len(rows), dtype=np.intp)
        return Cells(self.cell.values[picked], self.cell.missing[picked], self.cell.category)


@dataclass(frozen=True, eq=False)
class Levels:
    """One state per level; rare levels share one, and missing cells have one of their own.

    Parameters
    ----------
    name : hashable
        Name of the column.
    levels : array
        The levels that have a state of their own, then those that share one.
    n_own : int
        How many have their own.
    shares : array
        Frequency of each rare level among the rare ones.
    has_missing : bool
        Whether missing cells were seen.

    Examples
    --------
    >>> cells = Cells(np.array(["b", "a", "b"], dtype=object), np.zeros(3, dtype=bool))
    >>> learn_levels("city", cells, ids_allowed=True).encode(cells).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """

    name: Hashable
    levels: Values
    n_own: int
    shares: NDArray[np.float64]
    has_missing: bool

    @property
    def n_states(self) -> int:
        return self.n_own + bool(len(self.shares)) + self.has_missing

    @property
    def numeric(self) -> bool:
        return self.levels.dtype.kind in "biuf"

    @cached_property
    def index(self) -> pd.Index:
        return _index(self.levels)

    def block(self, start: int) -> Block:
        return Block(self.name, start, self.n_states, None)

    def encode(self, cells: Cells) -> Rows:
        refuse_new_missing(self.name, cells, self.has_missing)
        state = np.full(len(cells), self.n_states - 1)
        found = self.index.get_indexer(_index(cells.present))
        if (found < 0).any():
            self._refuse_unknown(cells.present[found < 0][0])
        state[~cells.missing] = np.minimum(found, self.n_own)
        return one_hot(state, self.n_states)

    def decode(self, rows: Rows, rng: np.random.Generator) -> Cells:
        state = rows.argmax(axis=1)
        missing = (state == self.n_states - 1) & self.has_missing
        level = np.where(missing, 0, state)
        rare = np.flatnonzero((level == self.n_own) & ~missing)
        if len(rare):
            level[rare] += rng.choice(len(self.shares), size=len(rare), p=self.shares)
        return Cells(self.levels[level], missing)

    def _refuse_unknown(self, level: object) -> None:
        raise ValueError(
            f"Column {self.name!r} holds the unknown category {level!r}; {len(self.levels)} levels"
            " were seen when it was learned. Learn on rows that hold every level, or map this one."
        )


def learn_levels(name: Hashable, cells: Cells, *, ids_allowed: bool) -> Levels | Constant:
    """Levels of a column; text that looks like ids is an error unless ``ids_allowed``."""
    if cells.values.dtype.kind == "f":
        finite(name, cells)
    try:
        codes, levels = pd.factorize(cells.present)
    except TypeError as error:
        raise ValueError(
            f"Column {name!r} holds cells that are no single values ({error})."
            " Spread them over several columns, or drop the column."
        ) from error
    levels = np.asarray(levels)
    if not ids_allowed:
        _refuse_ids(name, len(levels), len(codes))
    order = _sorted_order(levels)
    counts = np.bincount(codes, minlength=len(levels))[order]
    return levels_of(name, levels[order], counts, has_missing=bool(cells.missing.any()))


def levels_of(
    name: Hashable, levels: Values, counts: NDArray[np.intp], *, has_missing: bool
) -> Levels | Constant:
    """Levels with their counts: the rarest share a state where there are too many."""
    if len(levels) == 1 and not has_missing:
        return Constant(name, Cells(levels, np.array([False])))
    room = MAX_STATES - has_missing
    n_own = len(levels) if len(levels) <= room else room - 1
    by_count = np.argsort(-counts, kind="stable")
    order = np.concatenate([np.sort(by_count[:n_own]), np.sort(by_count[n_own:])])
    rare = counts[order[n_own:]]
    return Levels(name, levels[order], n_own, rare / max(rare.sum(), 1), has_missing)


def finite(name: Hashable, cells: Cells, fill: float = 0.0) -> NDArray[np.float64]:
    """Cells as float64, missing ones filled; infinity is an error."""
    values = np.asarray(cells.values, dtype=np.float64)
    if cells.missing.any():
        values = np.where(cells.missing, fill, values)
    if not np.isfinite(values).all():
        raise ValueError(
            f"Input X contains infinity in column {name!r} ({int(np.isinf(values).sum())} cells);"
            " values must be finite. Clip them, or mark them as missing."
        )
    return values


def _sorted_order(levels: Values) -> NDArray[np.intp]:
    """By value, or by type and text where values of several types have no order."""
    try:
        return np.argsort(levels, kind="stable")
    except TypeError:
        keys = [(type(level).__name__, str(level)) for level in levels]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


def _index(values: Values) -> pd.Index:
    return pd.Index(values, dtype=object if values.dtype.kind == "O" else None)


def one_hot(state: NDArray[np.intp], n_states: int) -> Rows:
    """States ``(n,)`` to one-hot rows ``(n, n_states)``."""
    rows = np.zeros((len(state), n_states), dtype=np.float32)
    rows[np.arange(len(state)), state] = 1.0
    return rows


def _refuse_ids(name: Hashable, n_distinct: int, n_cells: int) -> None:
    if n_distinct > ID_MIN_DISTINCT and n_distinct > ID_SHARE * n_cells:
        raise ValueError(
            f"Column {name!r} looks like an identifier or free text: {n_distinct} distinct values"
            f" in {n_cells} cells, a category has at most {ID_SHARE:.0%}. Drop it, list it in"
            " `categorical_features`, or convert it to numbers or dates."
        )


def refuse_new_missing(name: Hashable, cells: Cells, has_missing: bool) -> None:
    """Raise if cells are missing in a column that had none when it was learned."""
    if not has_missing and cells.missing.any():
        raise ValueError(
            f"Column {name!r} holds {int(cells.missing.sum())} missing cells but had none when it"
            " was learned. Learn on rows that hold some, or fill them."
        )
