"""Which columns of numbers are sums of others, or multiples of one, in all rows or in all but few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.constraints import Sum
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.derived import TakenValues
from gan_oversampler.encoding.number_format import decimals_of

Columns = Sequence[Cells]
Plane = tuple[int, list[int], NDArray[np.float64]]  # total, parts and weights
Solution = tuple[int, list[int], list[float]]  # the same of columns of the table

MIN_ROWS: Final = 50  # that hold all cells of a sum
MAX_ROWS: Final = 50_000  # in which sums are sought, evenly spaced; what is found there is checked in all
MAX_BROKEN: Final = 0.01  # share of rows that break what nearly is a sum
N_SAMPLES: Final = 5  # of the rows, in which sums that nearly hold are sought
# Variance of a computed column, at least, as a share of the sum of those of its parts: it is 1 if these are
# independent, and small if they make up for each other, as only rows drawn perfectly would.
MIN_SPREAD: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums that new rows can keep, and others: those that few rows break, or that would spoil a column.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a, b, c, d = rng.integers(0, 99, size=(4, 200))
    >>> some = [a, b, a + b, c, d, np.where(np.arange(200) == 7, 0, c + d)]
    >>> found = Sums.find(range(6), [Cells(values, np.zeros(200, bool)) for values in some])
    >>> found.computed, found.near
    ([(2, [0, 1], [1.0, 1.0])], [(5, [3, 4], [1.0, 1.0])])
    """

    computed: list[Solution]
    near: list[Solution]

    @classmethod
    def find(cls, places: Sequence[int], columns: Columns, combined: Set[int] = frozenset()) -> Sums:
        """Project each column of numbers at these positions on the smaller ones.

        If nothing is left of it in any row, and the coefficients are 1 (or there is one part), it is a sum.
        No random column is: its rows would have to lie in a plane. Of its columns the first one is computed,
        the total before its parts, that keeps its own law so and is neither in an earlier sum nor
        ``combined`` with others. Sums that nearly hold are sought in parts of the rows.
        """
        places, table = _complete(places, columns)
        if len(places) < 2:
            return cls([], [])
        computed, others = [], []
        taken = set(combined)  # a column of an earlier sum could close a circle
        for plane in _planes(table):
            solutions = [_at(places, *solution) for solution in _solutions(*plane)]
            free = (s for s in solutions if s[0] not in taken and _can_be_computed(*s, columns))
            if solution := next(free, None):
                taken |= {solution[0], *solution[1]}
                computed.append(solution)
            else:
                others.append(solutions[0])
        others += [_at(places, *plane) for plane in _planes_of_parts(table)]
        known = {frozenset((total, *parts)) for total, parts, _ in computed}
        distinct = {frozenset((s[0], *s[1])): s for s in others}
        return cls(
            computed, [s for key, s in distinct.items() if key not in known and _nearly_holds(*s, columns)]
        )


def _at(places: Sequence[int], total: int, parts: list[int], weights: Iterable[float]) -> Solution:
    return places[total], [places[part] for part in parts], [float(weight) for weight in weights]


def _complete(places: Sequence[int], columns: Columns) -> tuple[list[int], NDArray[np.float64]]:
    """Columns that hold enough common rows, and some of these rows; without such columns none at all."""
    places = [i for i in places if columns[i].missing.mean() <= 0.5]
    complete = ~np.any([columns[i].missing for i in places], axis=0) if places else np.zeros(0, bool)
    if complete.sum() < max(MIN_ROWS, 2 * len(places)):
        places = [i for i in places if not columns[i].missing.any()]
        complete = np.ones(len(complete), dtype=bool)
    if len(places) < 2 or complete.sum() < max(MIN_ROWS, 2 * len(places)):
        return [], np.empty((0, 0))
    rows = np.flatnonzero(complete)
    some = rows[:: -(-len(rows) // MAX_ROWS)]
    return places, np.column_stack([columns[i].values[some].astype(np.float64) for i in places])


def _planes_of_parts(table: NDArray[np.float64]) -> Iterator[Plane]:
    """Planes of a few samples of the rows, of which one hardly holds the few rows that break a sum."""
    n_rows = max(MIN_ROWS, 2 * table.shape[1])
    step = len(table) // n_rows
    for first in range(min(step, N_SAMPLES) if step > 1 else 0):
        yield from _planes(table[first::step][:n_rows])


def _nearly_holds(total: int, parts: list[int], weights: list[float], columns: Columns) -> bool:
    """Whether at most 1 % of the rows break a sum, and at least 50 distinct ones keep it.

    No more than 1 % of the distinct rows may break it, either: flags that are hardly ever set are equal in
    most rows, but not in those that tell.
    """
    involved = [columns[i] for i in (total, *parts)]
    known = ~np.any([cells.missing for cells in involved], axis=0)
    cells = [part.values[known] for part in involved]
    holds = Sum(0, range(len(parts)), weights).holds(*cells)
    fresh = ~pd.DataFrame(dict(enumerate(cells))).duplicated().to_numpy()
    is_rare = (~holds).mean() <= MAX_BROKEN and (~holds[fresh]).mean() <= MAX_BROKEN
    return bool(is_rare and holds[fresh].sum() >= MIN_ROWS)


def _solutions(total: int, parts: list[int], weights: NDArray[np.float64]) -> Iterator[Solution]:
    """A sum, solved for its total and then for each of its parts."""
    yield total, parts, weights.tolist()
    for part in parts if len(parts) > 1 else []:
        others = [j for j in parts if j != part]
        yield part, [total, *others], [1.0] + [-1.0] * len(others)


def _can_be_computed(target: int, parts: list[int], weights: list[float], columns: Columns) -> bool:
    """Whether a sum holds in all rows, and parts that are drawn nearly well leave the target its law.

    A target of few levels, or of fewer decimals than its parts, would take values that no real row has, and
    one whose parts make up for each other would spread far wider than it does.
    """
    involved = [columns[i] for i in (target, *parts)]
    known = ~np.any([cells.missing for cells in involved], axis=0)
    cells = [part.values[known] for part in involved]
    if not Sum(0, range(len(parts)), weights).holds(*cells).all():
        return False
    if len(parts) == 1:
        return True
    total, *terms = (values.astype(np.float64) for values in cells)
    precisions = [decimals_of(np.unique(values)) for values in (total, *terms)]
    own, *needed = (np.inf if decimals is None else decimals for decimals in precisions)
    if TakenValues.learn(total).levels is not None or own < max(needed):
        return False
    return bool(np.var(total) >= MIN_SPREAD * sum(np.var(term) for term in terms))


def _planes(table: NDArray[np.float64]) -> Iterator[Plane]:
    """Columns that are a sum of others, or a multiple of one: position, parts and weights."""
    with np.errstate(over="ignore"):
        size = np.linalg.norm(table, axis=0)
    sized = np.flatnonzero((size > 0) & np.isfinite(size))  # others have no direction
    basis: list[int] = []
    q = np.empty((len(table), 0))
    for j in sized[np.argsort(size[sized], kind="stable")]:
        unit = table[:, j] / size[j]
        remainder = unit - q @ (q.T @ unit)
        remainder -= q @ (q.T @ remainder)  # twice is enough
        if (length := np.linalg.norm(remainder)) > 1e-9:
            basis.append(int(j))
            q = np.column_stack([q, remainder / length])
            continue
        scaled = np.linalg.lstsq(table[:, basis] / size[basis], unit, rcond=None)[0]
        weights = scaled * size[j] / size[basis]
        used = np.abs(scaled) > 1e-6
        members, signs = [int(j), *np.array(basis)[used].tolist()], np.array([-1.0, *weights[used]])
        if len(members) == 2 and signs[1] > 0 and len(np.unique(table[:, members[1]])) > 2:
            weight = np.median(table[:, j][table[:, members[1]] != 0] / _nonzero(table[:, members[1]]))
            yield members[0], members[1:], np.array([round(float(weight), 12)])
        elif len(members) > 2 and np.allclose(np.abs(signs), 1, atol=1e-5):
            # With "profit = sales - costs" it is the sales that are a sum.
            alone = np.flatnonzero(np.sign(signs) == (1 if (signs > 0).sum() == 1 else -1))
            if len(alone) == 1 and len(np.unique(table[:, members[alone[0]]])) > 2:
                total = members.pop(int(alone[0]))
                yield total, sorted(members), np.ones(len(members))


def _nonzero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[values != 0]
