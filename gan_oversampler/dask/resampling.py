"""Fits to a Dask DataFrame: count, gather, train here, and let tasks draw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from dask import config

from gan_oversampler._utils import Streams
from gan_oversampler.dask.appending import NewRows
from gan_oversampler.dask.counting import Counts
from gan_oversampler.dask.gathering import check_collections, count, gather
from gan_oversampler.dask.partitions import Drawing
from gan_oversampler.encoding.labels import Target
from gan_oversampler.sampling.policy import CHOSEN_BY_ORACLE
from gan_oversampler.selection.scoring import n_new_at_ratio

GATHERED_ROWS: Final = 200_000  # unless Dask's setting "gan-oversampler.gathered-rows" is another number


def fit(sampler: Any, X: Any, y: Any, **metadata: Any) -> Any:
    """Fit a sampler to the rows of a Dask DataFrame that are gathered, see `Gathered.of`."""
    Gathered.of(sampler, X, y, metadata).train(sampler, every_class=False)
    return sampler


def fit_resample(sampler: Any, X: Any, y: Any, **metadata: Any) -> tuple[Any, Any]:
    """Fit a sampler, and return the table and its labels, each with partitions of new rows, not drawn yet.

    New rows are the same whatever the partitions of ``X``, the number of workers and the order of tasks.
    """
    gathered = Gathered.of(sampler, X, y, metadata)
    target = gathered.train(sampler, every_class=True)
    fitted = sampler._fitted
    drawing = Drawing(fitted.fit.first.source, fitted.encoder, target.names, fitted.streams)
    examples = gathered.y.iloc[np.unique(target.codes, return_index=True)[1]]
    n_new = {target.code_of(label): n for label, n in sampler.sampling_strategy_.items() if n}
    counts = gathered.counts
    return NewRows.of(drawing, examples, n_new, counts.n_rows).appended(X, y, counts)


@dataclass(frozen=True)
class Gathered:
    """What a fit needs of a table in partitions."""

    counts: Counts  # of the whole table
    n_new: dict[Any, int]  # new rows of the whole table, by label
    X: Any  # rows to learn from, a pandas frame
    y: Any  # their labels, a series
    metadata: dict[str, Any]  # their weights and groups, a series each, or None

    @classmethod
    def of(cls, sampler: Any, X: Any, y: Any, metadata: Mapping[str, Any]) -> Gathered:
        """Count classes, and gather rare rows and a sample of the others.

        Up to ``dask.config.get("gan-oversampler.gathered-rows")`` rows, 200,000 by default, come whole; see
        `Counts.shares` for more. The sample depends on ``random_state``, not on partitions.
        """
        check_collections(X, y, metadata)
        limit = _gathered_rows()
        counts = count(y)
        strategy = sampler.sampling_strategy
        n_new = counts.n_new("auto" if _is_chosen(strategy) else strategy)
        given = {name: value for name, value in metadata.items() if value is not None}
        seed = Streams.of(sampler.random_state).child_seed("gathered")
        frame, labels, *values = gather([X, y, *given.values()], counts, counts.shares(limit), seed)
        others = {"sample_weight": None, "groups": None, **dict(zip(given, values))}
        return cls(counts, n_new, frame, labels, others)

    def train(self, sampler: Any, *, every_class: bool) -> Target:
        """Fit the sampler to the gathered rows, and let it tell of the whole table what is true there."""
        n_new = self.counts.n_new_of(Target.of(self.y), self.n_new)
        found = sampler._train(self.X, self.y, **self.metadata, every_class=every_class, n_new=n_new)
        self._tell(sampler, found)
        return found

    def _tell(self, sampler: Any, target: Target) -> None:
        """Replace numbers of gathered rows by those of the whole table."""
        note = self.counts.note(target)
        outcomes = {}
        for name, outcome in sampler._fitted.fit.outcomes.items():
            n_new = n_new_at_ratio(self.counts.by_label, self.n_new, outcome.ratio)
            table = self.counts.table_size(self.X.shape[1], n_new)
            notes = (*outcome.report.notes, *([note] if note else []))
            report = outcome.report.changed(table=table, notes=notes)
            outcomes[name] = replace(outcome, report=report)
        fit = replace(sampler._fitted.fit, outcomes=outcomes)
        sampler._fitted = replace(sampler._fitted, fit=fit)
        sampler.reports_ = {name: outcome.report for name, outcome in outcomes.items()}
        sampler.report_ = fit.first.report
        n_new = n_new_at_ratio(self.counts.by_label, self.n_new, fit.first.ratio)
        sampler.sampling_strategy_ = {label: n_new.get(label, 0) for label in self.n_new}


def _gathered_rows() -> int:
    """Dask's setting, from code, files or the environment; ``ValueError`` if it is no number of rows."""
    limit = config.get("gan-oversampler.gathered-rows", GATHERED_ROWS)
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not 1 <= limit < math.inf:
        raise ValueError(
            "Dask's setting 'gan-oversampler.gathered-rows' must be a number of rows, at least 1. Got"
            f" {limit!r}."
        )
    return int(limit)


def _is_chosen(strategy: Any) -> bool:
    return isinstance(strategy, str) and strategy == CHOSEN_BY_ORACLE
