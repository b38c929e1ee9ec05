"""New rows that equal a real one are drawn again, or moved by the smallest step that there is."""

# n row

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.cells import Cells, replaced
from gan_oversampler.encoding.copies import copied, stepped
from gan_oversampler.encoding.layout import EncodedRows
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.nn.generator import ResidualGenerator
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.sources import BaseSource, GeneratorSource, Mixture, Redrawing, Source

N_ROUNDS: Final = 3  # in which copies are drawn again
STEPS: Final = (1, -1, 2, -2)  # of the grid of a number, tried one after the other
MAX_MOVES: Final = 200  # tries, of all columns and steps together

FEW_POSSIBLE: Final = "the columns can form {:,} rows only, of which the table holds {:,}"
REPEATED: Final = "the base 'bootstrap' is there to repeat rows"
NO_OTHER: Final = "no value near them leads to a row that may be drawn and equals none of the table"

Moves = Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]
"""The column of each row that moves ``(n,)``, and by how many steps ``(n,)``, try by try."""


@dataclass
class CopyTally:
    """Counts what became of new rows that equalled a real one, over all draws that it is given to."""

    n_rows: int = 0  # new rows that were compared
    n_redrawn: int = 0  # copies in whose place others were drawn
    n_moved: int = 0  # copies of which one column was changed
    n_left: int = 0  # copies that stay
    n_common: int = 0  # rows that equal five or more real ones, which are no copies
    reason: str = ""  # why they stay


@dataclass(frozen=True)
class CopyReplacement:
    """Replaces decoded rows that equal a real one, and counts them.

    Copies are drawn again up to three times, from random streams of their own. Of those that are left, one
    column moves by a step of its grid or to another level, numbers first, until the row equals no real one.
    Whatever replaces a copy keeps all constraints and conditions; where nothing does, the copy stays, as all
    do in tables whose columns can form few other rows, and of a base that is there to repeat rows. Rows that
    stand in the table five times or more are no copies.
    """

    encoder: TableEncoder  # knows the real rows
    again: Redrawing  # draws other rows
    streams: Streams
    tally: CopyTally

    def __call__(self, cells: list[Cells]) -> list[Cells]:
        """Return the cells of all columns with other rows in place of copies."""
        if self.encoder.real is None:
            return cells
        is_copy, is_common = copied(self.encoder, cells)
        at = np.flatnonzero(is_copy)
        self.tally.n_rows += len(cells[0])
        self.tally.n_common += int(is_common.sum())
        reason = self._reason_to_leave()
        if len(at) and not reason:
            rng = self.streams.numpy("decode")
            cells, rest = self._drawn_again(cells, at, rng)
            self.tally.n_redrawn += len(at) - len(rest)
            cells, at = self._moved(cells, rest, rng)
            self.tally.n_moved += len(rest) - len(at)
        self.tally.n_left += len(at)
        if len(at):
            self.tally.reason = reason or NO_OTHER
        return cells

    def _reason_to_leave(self) -> str:
        real = self.encoder.real
        if real is not None and real.fill_space:
            return FEW_POSSIBLE.format(real.n_possible, len(real.keys))
        return REPEATED if repeats(self.again.source) else ""

    def _drawn_again(
        self, cells: list[Cells], at: NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[list[Cells], NDArray[np.intp]]:
        """Draw other rows in place of copies; the positions of those that are still there come back."""
        for attempt in range(N_ROUNDS):
            if not len(at):
                break
            drawn = self.again.drawn(at, self.streams.child("again", attempt))
            cells, is_new = self._put(cells, at, drawn.rows, rng)
            self.again.seeds[at[is_new]] = drawn.seed_indices[is_new]
            at = at[~is_new]
        return cells, at

    def _moved(
        self, cells: list[Cells], at: NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[list[Cells], NDArray[np.intp]]:
        """Move copies by one column; the positions of those for which that does not help come back."""
        left = np.arange(len(at))
        for columns, by in islice(self._moves(len(at), rng), MAX_MOVES):
            if not len(left):
                break
            rows = stepped(self.encoder, [part.at(at[left]) for part in cells], columns[left], by[left])
            cells, is_new = self._put(cells, at[left], rows, rng)
            left = left[~is_new]
        return cells, at[left]

    def _put(
        self, cells: list[Cells], at: NDArray[np.intp], rows: EncodedRows, rng: np.random.Generator
    ) -> tuple[list[Cells], NDArray[np.bool_]]:
        """Put other rows at some positions, as far as they are new and allowed, and tell which are."""
        others = self.encoder.decode_cells(rows, rng, self.again.codes[at])
        is_copy, is_common = copied(self.encoder, others)
        is_new = ~is_copy
        if self.encoder.is_constrained:
            is_new[self.encoder.broken(others)] = False
        self.tally.n_common += int((is_new & is_common).sum())
        return replaced(cells, [part.at(is_new) for part in others], at[is_new]), is_new

    def _moves(self, n: int, rng: np.random.Generator) -> Moves:
        """Moves of ``n`` rows: each begins with a number of its own, and then with a category of its own."""
        blocks = [column.block(0) for column in self.encoder.columns]
        is_number = np.array([block.pinned is not None for block in blocks])
        numbers, levels = np.flatnonzero(is_number), np.flatnonzero(~is_number)
        most = max((blocks[i].n_states for i in levels), default=1)
        sign = rng.choice([-1, 1], size=n)
        for places, steps in ((numbers, STEPS), (levels, range(1, most))):
            first = rng.integers(max(len(places), 1), size=n)
            for by in steps:
                for k in range(len(places)):
                    yield places[(first + k) % len(places)], by * sign


def repeats(source: Source) -> bool:
    """Tell whether all that a source draws starts as a real row, unchanged, because its user wants that."""
    if isinstance(source, Mixture):
        return all(map(repeats, source.sources))
    if isinstance(source, GeneratorSource):
        return isinstance(source.snapshot.generator, ResidualGenerator) and BASES[source.base].repeats
    if isinstance(source, BaseSource):
        return BASES[source.base].repeats
    inner = getattr(source, "source", None)  # of policies, rejection and conditions
    return inner is not None and repeats(inner)
