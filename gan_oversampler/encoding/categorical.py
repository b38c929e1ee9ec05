"""Columns of a fixed set of levels: categories, booleans, numbers of two values, and constants."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.encoding.cells import NO_CLASSES, Cells, ClassRows, Values, index_of
from gan_oversampler.encoding.identifiers import check_texts
from gan_oversampler.encoding.layout import Block, EncodedRows

# Every state is an input and an output of all networks, and a level of few rows teaches them little: on two
# tables of 300 levels average precision was .25 with 16 states, .31 with 32, .27 with 64 and .27 with 320,
# which took three times as long.
MAX_STATES: Final = 32
# Rows of one class give a level a state if there are so many of them. Fewer may be there by chance, and the
# state would tell the class of held-out rows, too: that raised their F1 by .03 where levels say nothing.
MIN_CLASS_ROWS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A column that holds one value, or missing cells only, and so needs no encoded column.

    ``cell`` is that one cell; decoding returns copies of it. The methods are those of `Column`.

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

    @property
    def n_values(self) -> int:
        return 1

    def block(self, start: int) -> Block:
        return Block(self.name, start, 0, None)

    def encode(self, cells: Cells) -> EncodedRows:
        return np.empty((len(cells), 0), dtype=np.float32)

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        picked = np.zeros(len(rows), dtype=np.intp)
        return Cells(self.cell.values[picked], self.cell.missing[picked], self.cell.category)

    def step(self, rows: EncodedRows, by: NDArray[np.intp]) -> EncodedRows:
        return rows


@dataclass(frozen=True, slots=True, eq=False)
class Categorical:
    """A column of levels with a one-hot state for each; rare levels share one, missing cells have the last.

    Examples
    --------
    >>> cells = Cells(np.array(["b", "a", "b"], dtype=object), np.zeros(3, dtype=bool))
    >>> learn_categorical("city", cells, ids_allowed=True).encode(cells).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    """

    name: Hashable  # name of the column
    levels: Values  # the levels that have a state of their own, then those that share one
    n_own: int  # how many levels have a state of their own
    # frequency of each of the other levels among them; empty if there are none
    rare_probabilities: NDArray[np.float64]
    # the same within each class that holds any of them, by class code
    rare_by_class: Mapping[int, NDArray[np.float64]]
    has_missing: bool  # whether missing cells were seen

    @property
    def n_states(self) -> int:
        """Length of the one-hot group: own levels, rare ones together, missing cells."""
        return self.n_own + bool(len(self.rare_probabilities)) + self.has_missing

    @property
    def numeric(self) -> bool:
        return self.levels.dtype.kind in "biuf"

    @property
    def n_values(self) -> int:
        return len(self.levels) + self.has_missing

    def block(self, start: int) -> Block:
        return Block(self.name, start, self.n_states, None, self.has_missing)

    def encode(self, cells: Cells) -> EncodedRows:
        """Return one-hot rows; a level that was not learned, or newly missing cells, raise ``ValueError``."""
        cells.refuse_new_missing(self.name, has_missing=self.has_missing)
        state = np.minimum(self.positions(cells), self.n_own)  # rare levels come after the own ones
        state[cells.missing] = self.n_states - 1
        return np.eye(self.n_states, dtype=np.float32)[state]

    def positions(self, cells: Cells) -> NDArray[np.intp]:
        """Return the position of each cell's level ``(n,)``, -1 for missing cells; errors as in `encode`."""
        found = index_of(self.levels).get_indexer(index_of(cells.present))
        if (found < 0).any():
            raise ValueError(
                f"Column {self.name!r} holds the unknown category {cells.present[found < 0][0]!r};"
                f" {len(self.levels)} levels were seen when it was learned."
                " Learn on rows that hold every level, or map this one."
            )
        positions = np.full(len(cells), -1)
        positions[~cells.missing] = found
        return positions

    def decode(
        self, rows: EncodedRows, rng: np.random.Generator, codes: NDArray[np.intp] | None = None
    ) -> Cells:
        """Return the level of each row's largest state.

        The state that rare levels share becomes one of those that the class of the row holds, drawn by their
        frequencies there; by those in the whole table if the class is unknown or holds none of them.
        """
        state = rows.argmax(axis=1)
        missing = (state == self.n_states - 1) & self.has_missing
        level = np.where(missing, 0, state)
        rare = np.flatnonzero(level == self.n_own)
        if len(rare):
            level[rare] += self._draw_rare(np.full(len(rare), -1) if codes is None else codes[rare], rng)
        return Cells(self.levels[level], missing)

    def step(self, rows: EncodedRows, by: NDArray[np.intp]) -> EncodedRows:
        """Return rows in another state, so many further on, the first one after the last; see `Column.step`.

        Missing cells stay, and no others become missing.
        """
        n_present, state = self.n_states - self.has_missing, rows.argmax(axis=1)
        moved = np.where(state < n_present, (state + by) % n_present, state)
        return np.eye(self.n_states, dtype=np.float32)[moved]

    def narrowed(self, allowed: NDArray[np.bool_]) -> Categorical:
        """Return the same column, of whose rare levels only the ``allowed`` ones are decoded.

        The mask is one of all levels ``(n_levels,)``. Classes that hold none of these keep their levels.
        """
        rare = allowed[self.n_own :]

        def shares(old: NDArray[np.float64]) -> NDArray[np.float64]:
            return _shares(old * rare) if (old * rare).any() else old

        by_class = {code: shares(old) for code, old in self.rare_by_class.items()}
        return replace(self, rare_probabilities=shares(self.rare_probabilities), rare_by_class=by_class)

    def _draw_rare(self, codes: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Positions among the rare levels of one level per class code."""
        drawn = np.empty(len(codes), dtype=np.intp)
        for code in np.unique(codes).tolist():
            shares, of_class = self.rare_by_class.get(code, self.rare_probabilities), codes == code
            drawn[of_class] = rng.choice(len(shares), size=int(of_class.sum()), p=shares)
        return drawn


def learn_categorical(
    name: Hashable, cells: Cells, *, ids_allowed: bool, drawn: ClassRows = NO_CLASSES
) -> Categorical | Constant:
    """Learn the levels of a column and how often each occurs, in all rows and in the classes to be drawn.

    At least one cell must not be missing. A column has 32 states at most; of more levels, those that are
    frequent in the classes of ``drawn`` (positions of their rows by class code), with three rows there or
    more, and then those that are frequent in the table, have states of their own, and all others share one.
    A column of one level without missing cells is a constant.

    Raises ``ValueError`` if a value is infinite or not hashable, or if the column looks like identifiers
    and ``ids_allowed`` is false because neither the user nor the container declared it a category.
    """
    levels, level_of_cell = _sorted_levels(name, cells)
    n_levels = len(levels)
    # Missing cells are counted as one more level, and left out.
    counts = np.bincount(level_of_cell, minlength=n_levels + 1)[:-1]
    if not ids_allowed:
        check_texts(name, counts)
    has_missing = bool(cells.missing.any())
    if n_levels == 1 and not has_missing:
        return Constant(name, Cells(levels, np.array([False])))
    by_class = {c: np.bincount(level_of_cell[rows], minlength=n_levels + 1)[:-1] for c, rows in drawn.items()}
    room = MAX_STATES - has_missing
    n_own = n_levels if n_levels <= room else room - 1
    # Shares, not counts, so that small classes keep their levels beside larger ones.
    frequent = (_shares(found * (found >= MIN_CLASS_ROWS)) for found in by_class.values())
    by_rank = np.lexsort((-counts, -sum(frequent, np.zeros(n_levels))))
    order = np.concatenate([np.sort(by_rank[:n_own]), np.sort(by_rank[n_own:])])
    rare = order[n_own:]
    rare_by_class = {code: _shares(found[rare]) for code, found in by_class.items() if found[rare].any()}
    return Categorical(name, levels[order], n_own, _shares(counts[rare]), rare_by_class, has_missing)


def _shares(counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(counts / (counts.sum() or 1))


def _sorted_levels(name: Hashable, cells: Cells) -> tuple[Values, NDArray[np.intp]]:
    """The distinct values, sorted so that they do not depend on the order of the rows, and that of each cell.

    The number of levels stands for missing cells.
    """
    if cells.values.dtype.kind == "f":
        cells.to_floats(name)  # refuses infinity
    try:
        codes, levels = pd.factorize(cells.present)
    except TypeError as error:
        raise ValueError(
            f"Column {name!r} holds cells that are no single values ({error})."
            " Spread them over several columns, or drop the column."
        ) from error
    levels = np.asarray(levels)
    try:
        order = np.argsort(levels, kind="stable")
    except TypeError:  # values of several types: by type, then by text
        keys = [(type(level).__name__, str(level)) for level in levels]
        order = np.array(sorted(range(len(levels)), key=keys.__getitem__))
    level_of_cell = np.full(len(cells), len(levels))
    level_of_cell[~cells.missing] = np.argsort(order)[codes]
    return levels[order], level_of_cell
