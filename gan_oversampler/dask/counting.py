"""From numbers of rows per class to plans: how many new rows, which share to gather, what to train for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final

import numpy as np
import pandas as pd
from imblearn.utils import check_sampling_strategy

from gan_oversampler.encoding.labels import Target
from gan_oversampler.reporting.facts import ClassSize, TableSize

MIN_GATHERED: Final = 1000  # rows of a class that are gathered, if it has as many, whatever the limit is


@dataclass(frozen=True)
class Counts:
    """How many rows a table in partitions has, by class and by partition.

    Examples
    --------
    >>> counts = Counts.of(pd.Series([90, 10], index=["no", "yes"]), [60, 40])
    >>> counts.n_rows, counts.starts, counts.by_label
    (100, [0, 60], {'no': 90, 'yes': 10})
    """

    target: Target  # classes and their numbers of rows, without the codes of rows
    lengths: list[int]  # rows of each partition

    @classmethod
    def of(cls, by_label: pd.Series, lengths: list[int]) -> Counts:
        """Order the classes as in the target of a table in memory; ``by_label`` has labels as its index.

        Raises ``ValueError`` if there are no rows, labels are missing, or are no classes.
        """
        by_label = by_label[by_label > 0]
        if by_label.empty:
            raise ValueError("X must have at least one row. Got partitions without any.")
        if n_missing := int(by_label[by_label.index.isna()].sum()):
            raise ValueError(
                f"The target holds {n_missing} missing labels (NaN). Drop those rows, or give them a label of"
                " their own."
            )
        target = Target.of(pd.Series(by_label.index))
        counts = np.empty(len(by_label), np.intp)
        counts[target.codes] = by_label.to_numpy(dtype=np.intp)
        order = np.argsort(-counts, kind="stable")
        names = [target.names[code] for code in order]
        return cls(Target(target.classes[order], names, target.codes[:0], counts[order]), lengths)

    @property
    def n_rows(self) -> int:
        """Rows of all partitions."""
        return sum(self.lengths)

    @property
    def starts(self) -> list[int]:
        """Position in the whole table of the first row of each partition."""
        return np.cumsum([0, *self.lengths[:-1]]).tolist()

    @property
    def by_label(self) -> dict[Any, int]:
        """Rows of each class, the most frequent one first."""
        return dict(zip(self.target.names, self.target.counts.tolist(), strict=True))

    def n_new(self, sampling_strategy: Any) -> dict[Any, int]:
        """Return the number of new rows per class label, as `Target.strategy` does, which needs all labels.

        Raises ``ValueError`` for a function, which would need them, too, and for what no table allows.
        """
        target, order = self.target, np.argsort(self.target.classes, kind="stable").tolist()
        if callable(sampling_strategy):
            raise ValueError(
                "A function as 'sampling_strategy' is called with the labels of all rows, which a table of"
                " Dask never has in one place. Give a ratio, or a dict of ratios or totals by class."
            )
        if isinstance(sampling_strategy, Mapping | Real):
            is_ratio = isinstance(sampling_strategy, Real)
            given: Any = sampling_strategy
            by_label = dict.fromkeys(target.names[1:], given) if is_ratio else given
            totals = self._totals(by_label, is_ratio=is_ratio)
        else:
            # Which classes a word means depends on the order of sizes alone, so few rows stand for many.
            ranks = np.unique(target.counts, return_inverse=True)[1] + 1
            codes = np.repeat(np.arange(len(ranks)), ranks)
            named = check_sampling_strategy(sampling_strategy, codes, "over-sampling")
            totals = dict.fromkeys(named, int(target.counts[0]))
        n_rows = target.counts.tolist()
        return {target.names[code]: totals[code] - n_rows[code] for code in order if code in totals}

    def _totals(self, by_label: Mapping[Any, Any], *, is_ratio: bool) -> dict[int, int]:
        """Rows of classes, by code, after resampling, from ratios and totals by label."""
        target = self.target
        if len(target.names) < 2:
            raise ValueError(f"The target needs more than one class. Got {target.names[0]!r} only.")
        totals = target.totals(by_label)
        for code, total in totals.items():
            name, n = target.names[code], int(target.counts[code])
            if total < n or (total == n and is_ratio and len(target.names) == 2):
                raise ValueError(
                    f"'sampling_strategy' asks for {total:,} rows of class {name!r}, which has {n:,}. Rows"
                    " are only added, so ask for more."
                )
        return totals

    def shares(self, limit: int) -> dict[Any, float]:
        """Return which share of each class is gathered to learn from: 1 is all of its rows.

        Up to ``limit`` rows the table is gathered whole. Of more rows every class gives the same share, so
        that about ``limit`` rows come, but at least a part of the limit, half of it divided by the number of
        classes: rare classes come whole.

        >>> Counts.of(pd.Series([900_000, 100_000, 50], index=list("abc")), [1_000_050]).shares(100_000)["c"]
        1.0
        """
        wanted = min(1.0, limit / self.n_rows)
        least = max(limit / (2 * len(self.target.names)), MIN_GATHERED)
        return {label: min(1.0, max(wanted, least / n)) for label, n in self.by_label.items()}

    def n_new_of(self, gathered: Target, n_new: Mapping[Any, int]) -> dict[Any, int]:
        """Scale numbers of new rows down to gathered rows: classes come to the same ratio to the largest one.

        Classes that have this ratio already, as a smaller share of the largest one was gathered, get as many
        new rows as they have real ones. No class gets more than in the whole table; if all of it was
        gathered, numbers stay.
        """
        found = {}
        for label, n in n_new.items():
            n_gathered = int(gathered.counts[gathered.code_of(label)])
            ratio = (self.by_label[label] + n) / int(self.target.counts[0])
            missing = round(ratio * int(gathered.counts[0])) - n_gathered
            found[label] = min(n, max(missing, n_gathered))
        return found

    def table_size(self, n_columns: int, n_new: Mapping[Any, int]) -> TableSize:
        """Say the size of the whole table, as reports do."""
        sizes = (ClassSize(label, n, n_new.get(label, 0)) for label, n in self.by_label.items())
        return TableSize(n_columns, tuple(sizes))

    def note(self, gathered: Target) -> str:
        """Say how many rows of each class were gathered; empty if all were."""
        counts = dict(zip(gathered.names, gathered.counts.tolist(), strict=True))
        thinned = {label: n for label, n in self.by_label.items() if counts[label] < n}
        if not thinned:
            return ""
        each = ", ".join(f"{counts[label]:,} of {n:,} of class {label!r}" for label, n in thinned.items())
        others = " and all of other classes" if len(thinned) < len(counts) else ""
        return f"Learned from, and scored on, {each}{others}; new rows are counted for the whole table."
