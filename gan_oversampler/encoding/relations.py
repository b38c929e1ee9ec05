"""Relations between columns: checked, taken out of what is encoded, and put back into what is decoded.

A generator cannot break what it does not draw: the upper column of an order is encoded as its distance from
the lower one, a total as nothing (``derived.py``). Combinations that nobody has seen are replaced after
decoding. What cannot be built in, such as a function of the user, is checked on the decoded rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
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
class Check:
    """A constraint at its place in a table, which tells the rows that break it."""

    rule: Constraint
    positions: tuple[int, ...] = ()  # of its columns; none of a function
    seen: Combinations | None = None  # that it allows
    built_in: bool = False  # whether decoded rows cannot break it

    def broken(self, columns: Columns, table: Any) -> Mask:
        """Tell for each of ``n`` rows, given as cells and as a table of the user, whether it is broken."""
        if self.seen is not None:
            return ~self.seen.holds(columns)
        if isinstance(self.rule, Order | Sum | Between):
            return ~holding(self.rule, [columns[i] for i in self.positions])
        return ~_answer(self.rule, table, len(columns[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """All relations of a table, and how new rows keep them.

    ``reduce`` comes before encoding and ``restore`` after decoding; ``holds`` tells which rows keep all
    constraints, also those that are not built in.
    """

    checks: tuple[Check, ...] = ()  # one per constraint
    derived: tuple[Derived, ...] = ()  # every column after those that it is computed from
    dtypes: tuple[np.dtype[Any], ...] = ()  # of the cells of all columns
    n_found: int = 0  # how many of the constraints, the last ones, were found rather than given
    near: tuple[str, ...] = ()  # what nearly holds, and is not kept, in words

    @classmethod
    def stated(
        cls, constraints: Sequence[Constraint], names: Sequence[Hashable], columns: Columns
    ) -> Relations:
        """Return relations that can be checked but are not built in; all columns must be known."""
        places = {name: i for i, name in enumerate(names)}
        checks: list[Check] = []
        settled: set[int] = set()  # columns of an earlier rule come first, so that their cells are kept
        for rule in constraints:
            where = tuple(places[name] for name in rule.columns) if isinstance(rule, Relation) else ()
            seen = None
            if isinstance(rule, OneOf):
                seen = Combinations.learn(sorted(where, key=lambda i: i not in settled), columns)
                settled |= set(where)
            checks.append(Check(rule, where, seen))
        return cls(tuple(checks), (), tuple(cells.values.dtype for cells in columns))

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """What all new rows keep, the last ones found and the others given."""
        return tuple(check.rule for check in self.checks)

    @classmethod
    def learn(
        cls,
        constraints: Sequence[Constraint],
        names: Sequence[Hashable],
        columns: Columns,
        *,
        checked: Sequence[Constraint] = (),
        n_found: int = 0,
    ) -> Relations:
        """Build in as many relations as possible; the rows keep all of them.

        An order whose upper column is a total is not built in, nor are those that are ``checked``; they
        follow the other constraints. Raises ``ValueError`` if two sums have the same total, or relations run
        in a circle.
        """
        stated = cls.stated([*constraints, *checked], names, columns)
        pairs = [(check.rule, check.positions) for check in stated.checks[: len(constraints)]]
        sums: dict[int, tuple[Sum, tuple[int, ...]]] = {}
        for rule, where in pairs:
            if isinstance(rule, Sum):
                total, *parts = where
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
        checks = tuple(
            replace(check, built_in=number < len(pairs) and _is_built_in(*pairs[number], derived))
            for number, check in enumerate(stated.checks)
        )
        return replace(stated, checks=checks, derived=tuple(derived), n_found=n_found)

    @property
    def not_built_in(self) -> Relations:
        """The same without the constraints that decoded rows cannot break."""
        return replace(self, checks=tuple(check for check in self.checks if not check.built_in))

    @property
    def need_table(self) -> bool:
        """Whether some constraint is a function of rows in the container of the user."""
        return not all(isinstance(rule, Relation) for rule in self.constraints)

    def reduce(self, columns: Columns) -> list[Cells]:
        """Return the columns with the remainders of those that are computed from others in their place."""
        remainders = {rule.target: rule.reduce(columns) for rule in self.derived}
        return [remainders.get(i, cells) for i, cells in enumerate(columns)]

    def restore(self, columns: Columns, rng: np.random.Generator) -> list[Cells]:
        """Return decoded columns, of which some are remainders, with all relations that are built in."""
        restored = list(columns)
        for check in self.checks:
            if check.seen is not None and check.built_in:
                restored = check.seen.repair(restored, rng)
        for rule in self.derived:
            remainder = restored[rule.target]
            restored[rule.target] = rule.restore(remainder, restored, self.dtypes[rule.target])
        return restored

    def depending(self, positions: Iterable[int]) -> set[int]:
        """Return some columns and all those that decide what is decoded there, by their positions."""
        deciding = [({rule.target}, set(rule.sources)) for rule in self.derived]
        combined = [set(check.positions) for check in self.checks if check.seen is not None]
        deciding += [(positions, positions) for positions in combined]
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
                " each. Generated rows hardly ever meet it: state it as Order, Sum or OneOf, which are"
                " built in, give wider bounds, drop constraints that leave it hardly any rows,"
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
        for check in self.checks:
            yield check.rule, check.broken(columns, table)


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


def _answer(rule: Any, table: Any, n: int) -> Mask:
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


def _is_built_in(rule: Constraint, where: tuple[int, ...], derived: Sequence[Derived]) -> bool:
    """Whether restored columns keep a constraint: what is computed does, combinations of the others, too."""
    by_target = {column.target: column for column in derived}
    if isinstance(rule, OneOf):
        return by_target.keys().isdisjoint(where)
    return isinstance(rule, Sum) or (isinstance(rule, Order) and isinstance(by_target[where[1]], Gap))
