"""The vocabulary of encoded tables: a *block* per user column, a *layout* of all blocks.

A row is a float32 vector. A block is a group of one-hot *states* followed by at most one *value*::

    continuous, integer or decimal column   value
    the same with a spike or missing cells  regular | spike | missing, value
    category, boolean                       level 1 | level 2 | ...

While a block is in its first state (``regular``) its value is free; every other state pins it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Block:
    """The encoded columns of one user column.

    Parameters
    ----------
    column : hashable
        Name of the user's column.
    start : int
        First encoded column.
    n_states : int
        Length of the one-hot group, 0 when the block is a value alone.
    pinned : tuple of float or None
        Encoded value that goes with each state (the first, free one is ignored); ``None`` when the
        block has no value, as for categories.

    Examples
    --------
    >>> Block("income", start=0, n_states=2, pinned=(0.0, -0.7)).width
    3
    """

    column: Hashable
    start: int
    n_states: int
    pinned: tuple[float, ...] | None

    @property
    def width(self) -> int:
        return self.n_states + (self.pinned is not None)

    @property
    def states(self) -> range:
        return range(self.start, self.start + self.n_states)

    @property
    def value(self) -> int | None:
        return None if self.pinned is None else self.start + self.n_states


@dataclass(frozen=True)
class Layout:
    """All blocks of a table, and the index arrays that row operations need.

    Parameters
    ----------
    blocks : tuple of Block
        In the order of the encoded columns.
    names : tuple of hashable
        All columns of the user, also constant ones, which have no block; without any, those of the blocks.

    Examples
    --------
    >>> layout = Layout((Block("age", 0, 0, ()), Block("city", 1, 3, None)))
    >>> layout.width, layout.values.tolist(), layout.groups[3].tolist()
    (4, [0], [[1, 2, 3]])
    """

    blocks: tuple[Block, ...]
    names: tuple[Hashable, ...] = ()

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The user's columns."""
        return self.names or tuple(block.column for block in self.blocks)

    @cached_property
    def width(self) -> int:
        return sum(block.width for block in self.blocks)

    @cached_property
    def values(self) -> Index:
        """Encoded columns that hold a value."""
        return np.array([b.value for b in self.blocks if b.value is not None], dtype=np.intp)

    @cached_property
    def states(self) -> Index:
        """Encoded columns that are part of a one-hot group."""
        return np.array([i for b in self.blocks for i in b.states], dtype=np.intp)

    @cached_property
    def groups(self) -> dict[int, Index]:
        """One-hot groups by their length: ``{length: (n_groups, length)}``."""
        lengths = sorted({b.n_states for b in self.blocks if b.n_states})
        return {
            length: np.array([list(b.states) for b in self.blocks if b.n_states == length])
            for length in lengths
        }

    @cached_property
    def guarded(self) -> tuple[Index, Index]:
        """Values that a one-hot group may pin, and the ``regular`` state that frees each of them."""
        blocks = [b for b in self.blocks if b.n_states and b.value is not None]
        return (
            np.array([b.value for b in blocks], dtype=np.intp),
            np.array([b.start for b in blocks], dtype=np.intp),
        )

    @cached_property
    def pins(self) -> NDArray[np.float32]:
        """``(width, n_guarded)``: a row's states times this give the values they pin."""
        pins = np.zeros((self.width, len(self.guarded[0])), dtype=np.float32)
        blocks = (b for b in self.blocks if b.n_states and b.pinned is not None)
        for j, block in enumerate(blocks):
            assert block.pinned is not None
            pins[list(block.states)[1:], j] = block.pinned[1:]
        return pins

    @cached_property
    def scale(self) -> NDArray[np.float32]:
        """Weight of each encoded column in distances.

        Values have unit variance; a differing state counts as much as one standard deviation, as in
        SMOTENC (Chawla et al. 2002, section 6.1).
        """
        scale = np.ones(self.width, dtype=np.float32)
        scale[self.states] = np.sqrt(0.5)
        return scale
