"""Which columns of numbers or times are in order in all rows, and which of these orders are surely laws.

An order is *seen* if all rows keep it although many could break it: were the columns independent, it would
hold with a probability below ``ALPHA`` in a whole table. It is a *law* if, besides, its gaps begin abruptly
at 0, which correlated columns a distance apart do not, or if the columns are times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from gan_oversampler.encoding.cells import Cells, Mask, Values
from gan_oversampler.encoding.derived import as_numbers
from gan_oversampler.encoding.number_format import decimals_of

Columns = Sequence[Cells]
Pair = tuple[int, int]  # positions of two columns, the lower one first

MIN_ROWS: Final = 50  # that hold all cells of a relation, and distinct ones that could break it
ALPHA: Final = 1e-4  # probability that chance alone makes one relation of a kind hold in a whole table
MIN_OVERLAP: Final = 0.05  # share of random pairs of cells that would break an order
MAX_BROKEN: Final = 0.01  # share of rows that break what nearly is a law
MAX_SEEN: Final = 12  # orders that may be no laws; those that random pairs break most often
EDGE: Final = 0.1  # the smallest gap of an order, at most, as a share of the median one
N_TAIL: Final = 40  # at least, of the smallest gaps
MIN_DISTINCT: Final = 4  # gaps; fewer have no shape
MAX_SHAPE_ROWS: Final = 2000  # whose gaps are looked at; the order itself is checked in all rows
COARSE: Final = 8  # distinct gaps up to the median one; a shape of so few is hard to tell


@dataclass(frozen=True, slots=True)
class Orders:
    """Pairs of columns in order: by law, as far as was seen, and by law but for a few rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> start = rng.integers(0, 300, size=200)
    >>> some = [start, start + rng.geometric(0.3, size=200), start + rng.integers(20, 60, size=200)]
    >>> found = Orders.find([0, 1, 2], [Cells(values, np.zeros(200, bool)) for values in some])
    >>> found.laws, found.seen
    ([(0, 1)], [(1, 2)])
    """

    laws: list[Pair]
    seen: list[Pair]
    near: list[Pair]

    @classmethod
    def find(cls, places: Sequence[int], columns: Columns) -> Orders:
        """Compare all columns at these positions, which are of one kind; orders that others imply go.

        Of the orders that were seen, `MAX_SEEN` are kept, those that random pairs break most often.
        """
        laws: list[Pair] = []
        near: list[Pair] = []
        seen: dict[Pair, float] = {}
        n_pairs = max(1, len(places) * (len(places) - 1))
        for pair, low, high, kept in _candidates(places, columns):
            share = _share_broken_at_random(low[kept], high[kept])
            if not _is_telling(low[kept], high[kept], share, n_pairs):
                continue
            if columns[pair[0]].is_time or _begins_at_zero(low[kept], high[kept], n_pairs):
                (laws if kept.all() else near).append(pair)
            elif kept.all():
                seen[pair] = share
        laws = _without_implied(laws, laws)
        direct = _without_implied(list(seen), [*laws, *seen])
        ranked = sorted(direct, key=lambda pair: -seen[pair])[:MAX_SEEN]
        return cls(laws, ranked, [(a, b) for a, b in near if (b, a) not in {*laws, *seen, *near}])


def _candidates(places: Sequence[int], columns: Columns) -> Iterator[tuple[Pair, Values, Values, Mask]]:
    """Pairs in order but for few rows, with the cells of at most 2000 rows and which of these are in order.

    Rows are all in order if the other ones of the table are, too.
    """
    hopeless = _hopeless(places, columns)
    for a in places:
        for b in places:
            if a == b or (a, b) in hopeless:
                continue
            known = np.flatnonzero(~(columns[a].missing | columns[b].missing))
            if len(known) < MIN_ROWS or _n_broken(columns, a, b, known[:MIN_ROWS]) > 1:
                continue
            some = known[:: int(np.ceil(len(known) / MAX_SHAPE_ROWS))]
            if _n_broken(columns, a, b, some) > MAX_BROKEN * len(some):
                continue
            low, high = as_numbers([Cells(columns[i].values[some], columns[i].missing[some]) for i in (a, b)])
            n_broken, kept = _n_broken(columns, a, b, known), low <= high
            if n_broken > MAX_BROKEN * len(known) or (low == high).all():
                continue
            if n_broken and kept.all():  # the rows that break it are not in the sample
                kept[0] = False
            yield (a, b), low, high, kept


def _hopeless(places: Sequence[int], columns: Columns) -> set[Pair]:
    """Pairs of complete columns of one dtype that are not in order in the first rows, found all at once."""
    found: set[Pair] = set()
    complete = [i for i in places if not columns[i].missing.any()]
    for dtype in {columns[i].values.dtype for i in complete}:
        alike = [i for i in complete if columns[i].values.dtype == dtype]
        first_nK = np.stack([columns[i].values[:MIN_ROWS] for i in alike], axis=1)
        n_broken = (first_nK[:, :, None] > first_nK[:, None, :]).sum(axis=0)
        found |= {(alike[a], alike[b]) for a, b in np.argwhere(n_broken > 1).tolist()}
    return found


def _n_broken(columns: Columns, a: int, b: int, rows: NDArray[np.intp]) -> int:
    return int((columns[a].values[rows] > columns[b].values[rows]).sum())


def _share_broken_at_random(low: Values, high: Values) -> float:
    """Share of all pairs of a lower and a higher cell, of any two rows, that are out of order."""
    return float(np.searchsorted(np.sort(high), low).mean() / len(high))


def _is_telling(low: Values, high: Values, share: float, n_pairs: int) -> bool:
    """Whether an order of these cells needs a reason: independent columns would hardly show it.

    Rows that could not break it, because the lower cell is below all higher ones or the reverse, prove
    nothing. In the others, some must differ.
    """
    if share < MIN_OVERLAP or len(low) * np.log1p(-share) > np.log(ALPHA / n_pairs):
        return False
    pairs = _could_break(low, high)
    return int((~pd.DataFrame(pairs).duplicated()).sum()) >= MIN_ROWS


def _could_break(low: Values, high: Values) -> Values:
    telling = (low > high.min()) & (high < low.max())
    return np.column_stack([low[telling], high[telling]])


def _begins_at_zero(low: Values, high: Values, n_pairs: int) -> bool:
    """Whether gaps of numbers have an edge at 0, and of positive ones the logarithms of ratios, too."""
    pairs = _could_break(low, high)
    gaps = np.diff(pairs, axis=1)[:, 0].astype(np.float64)
    if pairs.dtype.kind == "f" and (decimals := decimals_of(np.unique(pairs))) is not None:
        gaps = np.round(gaps, decimals)
    distinct, counts = np.unique(gaps, return_counts=True)
    is_coarse = np.searchsorted(distinct, np.median(gaps)) < COARSE
    # Two rounded columns a fixed distance apart have few gaps, too, but not most often the smallest one.
    if len(distinct) < MIN_DISTINCT or (is_coarse and counts[0] < counts.max()):
        return False
    step = float(np.diff(distinct).min()) if len(distinct) <= len(gaps) / 2 else 0.0
    if step and gaps.min() <= 1.5 * step:  # strict orders on a grid begin at one step
        gaps -= gaps.min()
    positive = pairs[:, 0] > 0
    ratios = np.log1p(gaps[positive] / pairs[positive, 0])
    return has_edge(gaps, n_pairs, step) and (len(ratios) < MIN_ROWS or has_edge(ratios, n_pairs))


def has_edge(gaps: NDArray[np.float64], n_pairs: int, step: float = 0.0) -> bool:
    """Whether nonnegative gaps, of shape ``(n,)``, begin abruptly at 0 rather than fade out above it.

    If gaps were normal, and none of n is negative with probability ALPHA per pair or more, their mean is so
    many standard deviations above 0 that the density rises from 0 on, and the smallest gaps lie high between
    0 and the largest of them. Gaps with an edge lie lower, both the smallest half and the smallest eighth;
    and the very smallest is near 0. Gaps on a grid are taken as intervals of one ``step``.

    >>> rng = np.random.default_rng(0)
    >>> has_edge(rng.exponential(size=200), n_pairs=10), has_edge(rng.normal(4, 1, size=200), n_pairs=10)
    (True, False)
    """
    gaps, n = np.sort(gaps), len(gaps)
    if gaps[0] > EDGE * float(np.median(gaps)):
        return False
    z = float(ndtri((ALPHA / n_pairs) ** (1 / n)))
    for share in (1 / 2, max(1 / 8, min(N_TAIL / n, 1 / 2))):
        smallest = gaps[: int(np.ceil(share * n))]
        if smallest.mean() + step / 2 > (smallest[-1] + step) * _relative_mean(z, share):
            return False
    return True


def _relative_mean(z: float, share: float) -> float:
    """Mean of the smallest ``share`` of a normal law of mean z and variance 1, cut at 0, over its end."""
    largest = z + ndtri(ndtr(-z) + share * ndtr(z))
    density = np.exp(-(np.array([z, largest - z]) ** 2) / 2) / np.sqrt(2 * np.pi)
    return cast(float, (z + (density[0] - density[1]) / (share * ndtr(z))) / largest)


def _without_implied(pairs: Sequence[Pair], known: Sequence[Pair]) -> list[Pair]:
    """Those of the pairs that do not follow from two of the known orders."""
    middle, every = {b for _, b in known}, set(known)
    return [(a, c) for a, c in pairs if not any((a, b) in every and (b, c) in every for b in middle)]
