"""The structure of encoded rows: a *block* per column of the user, a *layout* of all blocks.

A row is a float32 vector. A block is a group of one-hot *states* followed by at most one *value*::

    continuous, integer or decimal column         value
    the same with a spike or missing cells        regular | spike | missing, value
    category, boolean                             level 1 | level 2 | ...

While a block is in its first state (``regular``) its value is free; every other state pins the value, so
that a spike or a missing cell always has the same one. A row is called valid if exactly one state of each
group is 1 and all others are 0, and if every pinned value is exact.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

EncodedRows = NDArray[np.float32]  # (n, width)
Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Block:
    """The encoded columns of one column of the user.

    Examples
    --------
    >>> Block("income", start=0, n_states=2, pinned=(0.0, -0.7)).width
    3
    """

    column: Hashable  # name of the user's column
    start: int  # position of the first encoded column
    n_states: int  # length of the one-hot group, 0 if the block is a value alone
    # encoded value that goes with each state (that of the first, free one is ignored); None if the block has
    # no value, as for categories
    pinned: tuple[float, ...] | None
    has_missing: bool = False  # whether the last state is that of missing cells

    @property
    def width(self) -> int:
        """Number of encoded columns."""
        return self.n_states + (self.pinned is not None)

    @property
    def states(self) -> range:
        """Positions of the states among all encoded columns."""
        return range(self.start, self.start + self.n_states)

    @property
    def value(self) -> int | None:
        """Position of the value among all encoded columns, None if there is none."""
        return None if self.pinned is None else self.start + self.n_states


@dataclass(frozen=True)
class Layout:
    """All blocks of a table, and the index arrays that operations on rows need.

    Examples
    --------
    >>> layout = Layout((Block("age", 0, 0, ()), Block("city", 1, 3, None)))
    >>> layout.width, layout.values.tolist(), layout.groups[3].tolist()
    (4, [0], [[1, 2, 3]])
    """

    blocks: tuple[Block, ...]  # in the order of the encoded columns
    # all columns of the user, including constant ones without a block; if empty, those of the blocks
    names: tuple[Hashable, ...] = ()

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """Names of the user's columns."""
        return self.names or tuple(block.column for block in self.blocks)

    @cached_property
    def width(self) -> int:
        """Number of encoded columns."""
        return sum(block.width for block in self.blocks)

    @cached_property
    def values(self) -> Index:
        """Positions of the encoded columns that hold a value, in their order."""
        return np.array([b.value for b in self.blocks if b.value is not None], dtype=np.intp)

    @cached_property
    def states(self) -> Index:
        """Positions of the encoded columns that are part of a one-hot group, in their order."""
        return np.array([i for b in self.blocks for i in b.states], dtype=np.intp)

    @cached_property
    def groups(self) -> dict[int, Index]:
        """Positions of the one-hot groups, stacked by length: ``{length: (n_groups, length)}``."""
        lengths = sorted({b.n_states for b in self.blocks if b.n_states})
        return {n: np.array([list(b.states) for b in self.blocks if b.n_states == n]) for n in lengths}

    @cached_property
    def guarded(self) -> tuple[Index, Index]:
        """Positions of the values that states can pin, and of the ``regular`` state that frees each value."""
        pairs = [(b.value, b.start) for b in self.blocks if b.n_states and b.value is not None]
        values, regular = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        return values, regular

    @cached_property
    def pins(self) -> NDArray[np.float32]:
        """Matrix of shape ``(width, n_guarded)`` that maps valid rows to the values that their states pin.

        The product of a row and the matrix is 0 for values that are free, so it can be added to those.
        """
        guarding = [(b.states, b.pinned) for b in self.blocks if b.n_states and b.pinned is not None]
        pins = np.zeros((self.width, len(guarding)), dtype=np.float32)
        for j, (states, pinned) in enumerate(guarding):
            pins[states[1:], j] = pinned[1:]
        return pins

    @cached_property
    def scale(self) -> NDArray[np.float32]:
        """Weight of each encoded column in distances between rows, of shape ``(width,)``.

        Values have unit variance; a differing state counts as much as one standard deviation, as in
        SMOTENC (Chawla et al. 2002, section 6.1).
        """
        scale = np.ones(self.width, dtype=np.float32)
        scale[self.states] = np.sqrt(0.5)  # two encoded columns differ where a state differs
        return scale
