"""Keys of the rows of a table, which tell a copy of a real row from a new one without the rows themselves."""

# n row, F encoded column

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.layout import EncodedRows

Keys = NDArray[np.uint64]
# In a table of nearly all combinations of six grades (car evaluation), rows that may equal no real one belong
# to another class: F1 fell from .65 to .31. With one combination in 2,000 (flare) it rose.
FULL: Final = 0.25  # share of all possible rows
# Rows that as many share single nobody out (k-anonymity, Sweeney 2002) and are habits of the table, such as
# all cells zero or missing: without them new rows would have other shares.
COMMON: Final = 5  # new rows may equal rows that stand in the table so often
SEED: Final = 20_010_903  # of the multipliers; keys in files depend on it


@dataclass(frozen=True, slots=True, eq=False)
class RealRows:
    """The rows of a table, as 64-bit keys in rising order, and how often each stands there.

    Examples
    --------
    >>> rows = np.eye(3, dtype=np.float32)
    >>> real = RealRows.of(row_keys(rows[[0, 1, 1]]), n_possible=3)
    >>> real.times(row_keys(rows)).tolist(), real.fill_space
    ([1, 2, 0], True)
    """

    keys: Keys  # each once
    times_of_keys: NDArray[np.uint8]  # counted up to `COMMON`
    # how many rows the columns can form; None: more than any table has, as of numbers without a grid
    n_possible: int | None

    @classmethod
    def of(cls, keys_n: Keys, n_possible: int | None) -> RealRows:
        """Keep the keys of some rows."""
        keys, times = np.unique(keys_n, return_counts=True)
        return cls(keys, np.minimum(times, COMMON).astype(np.uint8), n_possible)

    @property
    def fill_space(self) -> bool:
        """Whether real rows are so large a share of all possible ones that new ones have to equal them."""
        return self.n_possible is not None and len(self.keys) / FULL >= self.n_possible

    def times(self, keys_n: Keys) -> NDArray[np.uint8]:
        """Return how often each of some keys stands in the table ``(n,)``, counted up to five."""
        if not len(self.keys):
            return np.zeros(len(keys_n), np.uint8)
        place = np.searchsorted(self.keys, keys_n).clip(max=len(self.keys) - 1)
        return np.where(self.keys[place] == keys_n, self.times_of_keys[place], np.uint8(0))


def row_keys(rows_nF: EncodedRows, more: Sequence[NDArray[np.integer[Any]]] = ()) -> Keys:
    """Return a 64-bit key of each row ``(n,)``, from its float32 cells and from further integers ``(n,)``.

    Equal rows have equal keys. Different ones share a key so rarely that there is hardly ever such a pair
    in a million new rows beside a million real ones.
    """
    words_nF = np.ascontiguousarray(rows_nF + np.float32(0)).view(np.uint32)  # minus zero equals zero
    multipliers = np.random.default_rng(SEED).integers(2**64, size=rows_nF.shape[1] + len(more), dtype="u8")
    odd = multipliers | np.uint64(1)
    # Cells such as 0 and 1 differ in high bits only; these have to reach the low ones before the product.
    words_nF = (words_nF ^ (words_nF >> np.uint32(16))) + np.uint32(1)
    keys_n = words_nF.astype(np.uint64) @ odd[: rows_nF.shape[1]]
    for integers_n, multiplier in zip(more, odd[rows_nF.shape[1] :], strict=True):
        keys_n += integers_n.astype(np.uint64) * multiplier
    return np.asarray(keys_n)
