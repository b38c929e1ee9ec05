"""Relations between columns: checked, taken out of what is encoded, and put back into what is decoded.

A generator cannot break what it does not draw: the upper column of an order is encoded as its distance from
the lower one, a total as nothing (``derived.py``). Combinations that nobody has seen are replaced after
decoding. What cannot be built in, such as a function of the user, is checked on the decoded rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler._utils import warn_user
from gan_oversampler.constraints import Between, Constraint, OneOf, Order, Relation, Sum, described
from gan_oversampler.encoding.cells import Cells, Mask, index_of
from gan_oversampler.encoding.derived import Derived, Gap, Total

Columns = Sequence[Cells]


@dataclass(frozen=True, slots=True, eq=False)
class Combinations:
    """The combinations of cells of some columns that real rows hold, and how often they do.

    Examples
    --------
    >>> city, canton = (Cells(np.array(v), np.zeros(3, bool)) for v in (["Chur", "Davos", "Bern"], [7, 7, 2]))
    >>> seen = Combinations.learn([0, 1], [city, canton])
    >>> new = [replace(city, values=np.array(["Bern", "Chur"])), replace(canton, values=np.array([2, 2]))]
    >>> new = [replace(cells, missing=np.zeros(2, bool)) for cells in new]
    >>> seen.repair(new, np.random.default_rng(0))[1].values.tolist()
    [2, 7]
    """

    positions: tuple[int, ...]
    levels: tuple[pd.Index, ...]  # distinct cells of each column
    seen: NDArray[np.intp]  # (m combinations, k columns) positions of their cells among the levels
    counts: NDArray[np.intp]  # (m,)

    @classmethod
    def learn(cls, positions: Sequence[int], columns: Columns) -> Combinations:
        """Learn all combinations of rows that hold all cells; there must be such a row."""
        parts = [columns[i] for i in positions]
        known = ~np.any([part.missing for part in parts], axis=0)
        coded = [pd.factorize(index_of(part.values[known]), sort=not part.is_label) for part in parts]
        seen, counts = np.unique(np.column_stack([codes for codes, _ in coded]), axis=0, return_counts=True)
        return cls(tuple(positions), tuple(levels for _, levels in coded), seen, counts)

    def holds(self, columns: Columns) -> Mask:
        """Tell for each row whether its combination was seen, or a cell is missing."""
        known, codes = self._codes(columns, nearest=False)
        return ~known | (self._find(codes) >= 0)

    def repair(self, columns: Columns, rng: np.random.Generator) -> list[Cells]:
        """Return the columns with combinations that were seen only.

        Of a combination that was not seen, numbers first become the nearest ones that were; then the row
        takes the combination that agrees with it in the first columns, drawn by frequency if there are
        several.
        """
        known, codes = self._codes(columns, nearest=True)
        found = self._find(codes)
        broken = known & (found < 0)
        unseen, which = np.unique(codes[broken], axis=0, return_inverse=True)
        drawn = np.empty(len(which), dtype=np.intp)
        for i, combination in enumerate(unseen):
            agreement = (self.seen == combination) @ (2.0 ** -np.arange(len(self.positions)))
            best, rows = np.flatnonzero(agreement == agreement.max()), np.flatnonzero(which.ravel() == i)
            drawn[rows] = rng.choice(best, size=len(rows), p=self.counts[best] / self.counts[best].sum())
        found[broken] = drawn
        repaired = list(columns)
        for j, position in enumerate(self.positions):
            cells, levels = columns[position], self.levels[j].to_numpy()
            values = cells.values.astype(np.result_type(cells.values, levels))
            values[known] = levels[self.seen[found[known], j]]
            repaired[position] = replace(cells, values=values)
        return repaired

    def _codes(self, columns: Columns, *, nearest: bool) -> tuple[Mask, NDArray[np.intp]]:
        parts = [columns[i] for i in self.positions]
        known = ~np.any([part.missing for part in parts], axis=0)
        codes = np.full((len(known), len(parts)), -1)
        for j, (part, levels) in enumerate(zip(parts, self.levels, strict=True)):
            closest = nearest and part.values.dtype.kind in "iufmM"
            values = index_of(part.values[known])
            codes[known, j] = levels.get_indexer(values, method="nearest" if closest else None)
        return known, codes

    def _find(self, codes: NDArray[np.intp]) -> NDArray[np.intp]:
        seen = pd.MultiIndex.from_arrays(self.seen.T)
        return np.asarray(seen.get_indexer(pd.MultiIndex.from_arrays(codes.T)))


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """All relations of a table, and how new rows keep them.

    ``reduce`` comes before encoding and ``restore`` after decoding; ``holds`` tells which rows keep all
    constraints, also those that are not built in.
    """

    constraints: tuple[Constraint, ...] = ()
    positions: tuple[tuple[int, ...], ...] = ()  # of the columns of each constraint
    combinations: tuple[Combinations, ...] = ()
    derived: tuple[Derived, ...] = ()  # every column after those that it is computed from
    dtypes: tuple[np.dtype[Any], ...] = ()  # of the cells of all columns
    n_found: int = 0  # how many of the constraints, the last ones, were found rather than given

    @classmethod
    def stated(
        cls, constraints: Sequence[Constraint], names: Sequence[Hashable], columns: Columns
    ) -> Relations:
        """Return relations that can be checked but are not built in; all columns must be known."""
        places = {name: i for i, name in enumerate(names)}
        known = [rule for rule in constraints if isinstance(rule, Relation)]
        positions = tuple(tuple(places[name] for name in rule.columns) for rule in known)
        combined = [where for rule, where in zip(known, positions, strict=True) if isinstance(rule, OneOf)]
        seen = tuple(_combinations(combined, columns))
        return cls(tuple(constraints), positions, seen, (), tuple(cells.values.dtype for cells in columns))

    @classmethod
    def learn(
        cls,
        constraints: Sequence[Constraint],
        names: Sequence[Hashable],
        columns: Columns,
        *,
        n_found: int = 0,
    ) -> Relations:
        """Build in as many relations as possible; the rows keep all of them.

        An order whose upper column is a total is not built in. Raises ``ValueError`` if two sums have the
        same total, or relations run in a circle.
        """
        stated = cls.stated(constraints, names, columns)
        known = [rule for rule in constraints if isinstance(rule, Relation)]
        pairs = list(zip(known, stated.positions, strict=True))
        sums: dict[int, tuple[Sum, tuple[int, ...]]] = {}
        for rule, (total, *parts) in pairs:
            if isinstance(rule, Sum):
                if total in sums:
                    raise ValueError(
                        f"Column {rule.total!r} is the total of two sums in `constraints`: {rule} and"
                        f" {sums[total][0]}. Keep one of them."
                    )
                sums[total] = rule, tuple(parts)
        lower: dict[int, list[int]] = {}
        for rule, where in pairs:
            if isinstance(rule, Order) and where[1] not in sums:
                lower.setdefault(where[1], []).append(where[0])
        derived: list[Derived] = []
        for target in _in_order(lower | {total: list(parts) for total, (_, parts) in sums.items()}, names):
            if target in sums:
                derived.append(Total.learn(target, sums[target][1], columns, sums[target][0].factors))
            elif target in lower:
                derived.append(Gap.learn(target, lower[target], columns))
        return replace(stated, derived=tuple(derived), n_found=n_found)

    def reduce(self, columns: Columns) -> list[Cells]:
        """Return the columns with the remainders of those that are computed from others in their place."""
        remainders = {rule.target: rule.reduce(columns) for rule in self.derived}
        return [remainders.get(i, cells) for i, cells in enumerate(columns)]

    def restore(self, columns: Columns, rng: np.random.Generator) -> list[Cells]:
        """Return decoded columns, of which some are remainders, with all relations that are built in."""
        restored = list(columns)
        computed = {rule.target for rule in self.derived}
        for seen in self.combinations:
            if computed.isdisjoint(seen.positions):
                restored = seen.repair(restored, rng)
        for rule in self.derived:
            remainder = restored[rule.target]
            restored[rule.target] = rule.restore(remainder, restored, self.dtypes[rule.target])
        return restored

    def depending(self, positions: Iterable[int]) -> set[int]:
        """Return some columns and all those that decide what is decoded there, by their positions."""
        deciding = [({rule.target}, set(rule.sources)) for rule in self.derived]
        deciding += [(set(seen.positions), set(seen.positions)) for seen in self.combinations]
        found = set(positions)
        for _ in deciding:  # one more link of a chain each time
            found |= {i for targets, sources in deciding if targets & found for i in sources}
        return found

    def holds(self, columns: Columns, table: Any) -> Mask:
        """Tell for each of ``n`` rows, given as cells and as a table of the user, whether it is allowed."""
        found = np.ones(len(columns[0]), dtype=bool)
        for _, broken in self.broken(columns, table):
            found &= ~broken
        return found

    def in_range(self, columns: Columns) -> Mask:
        """Tell for each row whether all totals lie in the ranges of the training rows."""
        totals = [rule.in_range(columns) for rule in self.derived if isinstance(rule, Total)]
        return np.all([np.ones(len(columns[0]), dtype=bool), *totals], axis=0)

    def refuse_broken(self, columns: Columns, table: Any, n_attempts: int) -> None:
        """Raise ``ValueError`` if rows break a given constraint after all attempts, warn of found ones."""
        broken = [(described(rule), int(mask.sum())) for rule, mask in self.broken(columns, table)]
        n_given = len(broken) - self.n_found
        text, n = max(broken[:n_given], key=lambda pair: pair[1], default=("", 0))
        if n:
            raise ValueError(
                f"{n} of {len(columns[0])} new rows break the constraint {text} after {n_attempts} attempts"
                " each. It cannot be met: give wider bounds, drop constraints that leave it hardly any rows,"
                " or leave it out."
            )
        for text, n in broken[n_given:]:
            if n:
                warn_user(
                    f"{n} of {len(columns[0])} new rows do not keep {text}, which was found in X. Pass it in"
                    " `constraints` to enforce it, or None to look for nothing."
                )

    def broken(self, columns: Columns, table: Any) -> Iterable[tuple[Constraint, Mask]]:
        """Yield each constraint with the rows that break it."""
        positions, combinations = iter(self.positions), iter(self.combinations)
        for rule in self.constraints:
            if not isinstance(rule, Relation):
                yield rule, ~_answer(rule, table, len(columns[0]))
            elif isinstance(rule, OneOf):
                next(positions)
                yield rule, ~next(combinations).holds(columns)
            else:
                yield rule, ~holding(rule, [columns[i] for i in next(positions)])


def holding(rule: Order | Sum | Between, parts: Columns) -> Mask:
    """Tell for each row whether it keeps a rule of these columns; rows that miss a cell always do.

    Examples
    --------
    >>> start, end = Cells(np.array([3, 3]), np.array([False, True])), Cells(np.ones(2), np.zeros(2, bool))
    >>> holding(Order("start", "end"), [start, end]).tolist()
    [False, True]
    """
    known = ~np.any([part.missing for part in parts], axis=0)
    found = np.ones(len(known), dtype=bool)
    found[known] = rule.holds(*(part.values[known] for part in parts))
    return found


def _answer(rule: Callable[[Any], Any], table: Any, n: int) -> Mask:
    mask = np.asarray(rule(table))
    if mask.shape != (n,) or mask.dtype != bool:
        raise ValueError(
            f"A function in `constraints` must return one True or False per row: for {n} rows"
            f" {described(rule)} returned {mask.dtype} of shape {mask.shape}."
        )
    return mask


def _in_order(sources: dict[int, list[int]], names: Sequence[Hashable]) -> list[int]:
    try:
        return list(TopologicalSorter(sources).static_order())
    except CycleError as error:
        circle = ", ".join(repr(names[i]) for i in error.args[1][1:])
        raise ValueError(
            f"The constraints on columns {circle} run in a circle, so no column can be computed first."
            " Drop one of them; columns that are always equal are `Sum(a, [b])`."
        ) from None


def _combinations(combined: Sequence[tuple[int, ...]], columns: Columns) -> Iterable[Combinations]:
    """Combinations of cells; columns that an earlier rule settles come first, so that these are kept."""
    settled: set[int] = set()
    for where in combined:
        yield Combinations.learn(sorted(where, key=lambda i: i not in settled), columns)
        settled |= set(where)
