"""Which relations hold for every row of a table, by rules that chance and correlation do not pass.

Three kinds are sought: sums, columns that another one determines, and orders. Every rule asks for a
*surprise*: that the relation were broken somewhere if it did not hold by law, whatever the number of pairs
that are looked at. Relations that need no enforcing, such as an order of ranges that do not overlap, are not
reported; nor are those that new rows could keep only by chance, or at the cost of a column's own law.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.constraints import OneOf, Order, Sum
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.order_search import ALPHA, MIN_ROWS, Orders
from gan_oversampler.encoding.sum_search import Sums

Columns = Sequence[Cells]

MAX_COLUMNS: Final = 200  # of one kind that are compared
MAX_ROWS: Final = 50_000  # in which columns that others determine are sought, before all rows are looked at
MAX_KEY_LEVELS: Final = 64  # of a column of numbers or times that determines another one
PREDICTABLE: Final = 0.9  # share of cells that a column may share with others without being determined


@dataclass(frozen=True, slots=True)
class Found:
    """Relations of a table: those to build in, those to check, and those that are only worth a word.

    Those to build in can be so together: a column that a sum computes stands in no order, and one that
    belongs to a determined column is neither computed nor the upper one of an order. Orders to check could
    not be built in with the others; flags of which exactly one is set are checked, too, because repairing
    them would move their shares. Others nearly hold, or hold in all rows and may still be no laws.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> start = rng.integers(0, 300, size=200)
    >>> columns = [Cells(v, np.zeros(200, bool)) for v in (start, start + rng.geometric(0.3, size=200))]
    >>> [str(rule) for rule in Found.search(["start", "end"], columns).built_in]
    ['start <= end']
    """

    built_in: list[Sum | OneOf | Order]
    checked: list[Order | OneOf]
    near: list[Sum | Order]

    @classmethod
    def search(
        cls, names: Sequence[Hashable], columns: Columns, categorical: Set[Hashable] = frozenset()
    ) -> Found:
        """Find sums, then determined columns, then orders.

        ``categorical`` are columns that the user declared categories: their numbers are codes, which have no
        sums and no order.
        """
        usable = [i for i, cells in enumerate(columns) if _is_usable(cells)]
        amounts = [i for i in usable if columns[i].values.dtype.kind != "O" and names[i] not in categorical]
        keyed = usable[:MAX_COLUMNS]
        labels = {i for i in keyed if columns[i].is_label or names[i] in categorical}
        groups = [[key, *others] for key, others in _dependencies(keyed, labels, columns)]
        combined = {i for group in groups for i in group}
        numbers = [i for i in amounts if not columns[i].is_time][:MAX_COLUMNS]
        sums = Sums.find(numbers, columns, combined)
        found = cls([_sum(names, *solution) for solution in sums.computed], [], [])
        found.built_in.extend(OneOf([names[i] for i in group]) for group in groups)
        found.near.extend(_sum(names, *solution) for solution in sums.near)
        flags = [i for i in numbers if i not in combined]
        found.checked.extend(OneOf([names[i] for i in run]) for run in _exclusive(flags, columns))
        totals = {total for total, _, _ in sums.computed}
        related = {frozenset((s[0], part)) for s in (*sums.computed, *sums.near) for part in s[1]}
        for kind in ("biuf", "M", "m"):
            alike = [i for i in amounts if columns[i].values.dtype.kind in kind and i not in totals]
            orders = Orders.find(alike[:MAX_COLUMNS], columns)
            for pairs, listed in (
                ([p for p in orders.laws if p[1] not in combined], found.built_in),
                ([p for p in orders.laws if p[1] in combined], found.checked),
                ([*orders.near, *orders.seen], found.near),
            ):
                for a, b in (pair for pair in pairs if frozenset(pair) not in related):
                    strict = listed is not found.built_in and _differ(columns[a], columns[b])
                    listed.append(Order(names[a], names[b], strict))
        return found


def _differ(a: Cells, b: Cells) -> bool:
    """Whether no row holds equal cells in both columns."""
    return not (~a.missing & ~b.missing & (a.values == b.values)).any()


def _sum(names: Sequence[Hashable], total: int, parts: list[int], weights: list[float]) -> Sum:
    plain = all(weight == 1 for weight in weights)
    return Sum(names[total], [names[part] for part in parts], None if plain else weights)


def _is_usable(cells: Cells) -> bool:
    """Whether a column holds at least two distinct values, all of them finite and hashable."""
    present = cells.present
    if len(present) < MIN_ROWS or (present.dtype.kind == "f" and not np.isfinite(present).all()):
        return False
    try:
        return bool((pd.factorize(present[: 10 * MIN_ROWS])[0] > 0).any() or len(pd.unique(present)) > 1)
    except TypeError:
        return False


def _dependencies(
    places: Sequence[int], labels: Set[int], columns: Columns
) -> Iterator[tuple[int, list[int]]]:
    """Keys with the columns that they determine; no column is determined twice.

    Of n rows and k keys, n - k rows could break the relation. It is reported if chance would have
    predicted so many with a probability below ALPHA per pair, even if 90 % of the cells, or the share of the
    most frequent one, could be predicted. Rows that occur twice count once. Every row of an identifier is a
    key of its own, so it determines nothing; nor do numbers determine numbers. In large tables evenly spaced
    rows must say so, and no other row may break it.
    """
    if len(places) < 2 or not labels:
        return
    step = -(-len(columns[0]) // MAX_ROWS)
    codes = {i: _codes(columns[i].at(slice(None, None, step))) for i in places}
    distinct = ~pd.DataFrame(codes).duplicated().to_numpy()
    codes = {i: code[distinct] for i, code in codes.items()}
    keys = [i for i in places if _is_key(codes[i], columns[i].is_label or i in labels)]
    limit = np.log(ALPHA / max(1, len(keys) * (len(places) - 1)))
    determined: dict[int, list[int]] = {}
    for key in sorted(keys, key=lambda i: (-codes[i].max(), i not in labels)):
        for other in places if key in labels else sorted(labels):
            mutual = key in determined.get(other, [])
            if other == key or mutual or not _determines(codes[key], codes[other], limit):
                continue
            if step == 1 or _is_function(_codes(columns[key]), _codes(columns[other])):
                determined.setdefault(key, []).append(other)
    settled: set[int] = set()
    for key, others in determined.items():
        fresh = [i for i in others if i not in settled]
        if fresh and not (key in settled and len(fresh) < len(others)):
            settled |= {key, *fresh}
            yield key, fresh


def _exclusive(places: Sequence[int], columns: Columns) -> Iterator[list[int]]:
    """Runs of neighbouring flags, numbers 0 and 1 without missing cells, of which each row sets exactly one.

    Independent flags of these shares would do so with a probability below ALPHA in all rows. Two flags that
    are opposites are such a run, too.
    """
    flags = {
        i: columns[i].values.astype(bool)
        for i in places
        if not columns[i].missing.any() and np.isin(columns[i].values, (0, 1)).all()
    }
    run: list[int] = []
    for i in flags:
        if run and (i != run[-1] + 1 or any((flags[i] & flags[j]).any() for j in run)):
            run = []
        run.append(i)
        if sum(flags[j].sum() for j in run) == len(flags[i]):
            shares = np.array([flags[j].mean() for j in run])
            chance = (shares / (1 - shares)).sum() * np.prod(1 - shares)
            if len(flags[i]) * np.log(chance) <= np.log(ALPHA / len(flags)):
                yield run
            run = []


def _codes(cells: Cells) -> NDArray[np.intp]:
    codes = np.full(len(cells), -1)
    codes[~cells.missing] = pd.factorize(cells.present)[0]
    return codes


def _is_key(codes: NDArray[np.intp], label: bool) -> bool:
    n_levels, n = int(codes.max()) + 1, int((codes >= 0).sum())
    return n_levels <= (n / 2 if label else min(MAX_KEY_LEVELS, n / 10))


def _determines(key: NDArray[np.intp], other: NDArray[np.intp], limit: float) -> bool:
    known = (key >= 0) & (other >= 0)
    key, other = key[known], other[known]
    if len(key) < MIN_ROWS or other.min() == other.max() or not _is_function(key, other):
        return False
    n_keys, frequent = len(np.unique(key)), np.bincount(other).max() / len(other)
    return bool((len(key) - n_keys) * np.log(max(frequent, PREDICTABLE)) <= limit)


def _is_function(key: NDArray[np.intp], other: NDArray[np.intp]) -> bool:
    """Whether all rows of a key hold the same other code, where neither is missing."""
    known = (key >= 0) & (other >= 0)
    key, other = key[known], other[known]
    first = np.empty(key.max(initial=-1) + 1, dtype=np.intp)
    first[key] = other
    return bool((first[key] == other).all())
