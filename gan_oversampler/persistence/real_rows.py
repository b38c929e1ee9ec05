"""The real rows that a stored sampler holds: those that drawing needs, counted for those who share files.

Most sources need rows of the classes that they draw only. Rows of other classes are needed by guided
generators that mix rows with those of any class, by policies that compare distances to both sides, and by
bases that use other classes.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from torch import Tensor

from gan_oversampler.nn.generator import GuidedGenerator
from gan_oversampler.nn.learned_geometry import ANY_CLASS
from gan_oversampler.reporting.report import Report
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.neighbourhood import Neighbourhood
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.rejection import RejectionSource
from gan_oversampler.sampling.sources import BaseSource, GeneratorSource, Mixture, Source
from gan_oversampler.workflow import Fit

Attributes = dict[str, Any]


def without_unneeded_rows(state: Attributes) -> Attributes:
    """Return the attributes of a fitted sampler with those real rows only that drawing needs.

    Mixing and some policies need rows of all classes; other generators and bases need the rows that they
    start from, and some bases neighbours of other classes. Generators that start from noise need none.
    """
    fitted = dict(state["_fitted"])
    cache: dict[Any, FoldData] = {}
    fit: Fit = fitted["fit"]
    outcomes = {
        name: replace(outcome, source=_lean(outcome.source, cache)) for name, outcome in fit.outcomes.items()
    }
    fitted["fit"] = replace(fit, outcomes=outcomes)
    return {**state, "_fitted": fitted}


def without_other_classes(state: Attributes) -> Attributes:
    """Return the attributes with the sample in the reports of the oversampled classes only.

    Metrics of the reports rest on rows of all classes, so they are computed before, where they were not yet.
    """

    def lean(report: Report) -> Report:
        return report if report.evidence is None else replace(report, evidence=report.evidence.of_targets())

    return _with_reports(state, lean)


def without_real_rows(state: Attributes) -> Attributes:
    """Return the attributes without any real row: reports lose their evidence, and candidates are dropped.

    ``state`` comes from ``without_unneeded_rows``. Raises ``ValueError`` if it holds rows nevertheless.
    """
    fit: Fit = state["_fitted"]["fit"]
    if any(data.neighbourhoods or data.rows for o in fit.outcomes.values() for _, data in _data_of(o.source)):
        raise ValueError(
            f"rows=False is not possible: what was kept, {state['report_'].choice!r}, draws from real rows."
            " Save with rows=True, or fit generators that start from noise, gan=GAN('classic'), without a"
            " policy; every class to oversample must have enough rows to be learned. To leave out the rows of"
            " other classes only, fit gan=GAN('guided', mixing='own_class') and save with rows=True."
        )
    encoder = replace(state["_fitted"]["encoder"], real=None)  # who knows the key of a row can ask for it
    state = {**state, "_fitted": {**state["_fitted"], "encoder": encoder, "fit": Fit(fit.outcomes)}}
    return _with_reports(state, lambda report: replace(report, evidence=None))


def _with_reports(state: Attributes, change: Callable[[Report], Report]) -> Attributes:
    """The attributes with other reports, wherever these are referred to."""
    fit: Fit = state["_fitted"]["fit"]
    reports = {name: change(report) for name, report in state["reports_"].items()}
    outcomes = {name: replace(o, report=reports[name]) for name, o in fit.outcomes.items()}
    fitted = {**state["_fitted"], "fit": replace(fit, outcomes=outcomes)}
    return {**state, "_fitted": fitted, "reports_": reports, "report_": next(iter(reports.values()))}


def _lean(source: Source, cache: dict[Any, FoldData]) -> Source:
    """The same source with the rows only that it needs; sources that shared their rows still do."""
    if isinstance(source, Mixture):
        return Mixture(tuple(_lean(part, cache) for part in source.sources))
    if isinstance(source, RejectionSource):
        return replace(source, source=_lean(source.source, cache))
    if isinstance(source, PolicySource):
        data, drawn = source.data, source.data.new_per_real
        every = source.policy.compares_classes
        rows = {code: its for code, its in data.rows.items() if every or code in drawn}
        return replace(source, source=_lean(source.source, cache), data=_only(data, {}, rows))
    if not isinstance(source, BaseSource | GeneratorSource):
        return source
    data = source.data
    codes, mixes = set(data.neighbourhoods) & set(data.new_per_real), ""
    if isinstance(source, GeneratorSource):
        generator = source.snapshot.generator
        mixes = source.snapshot.mixing if isinstance(generator, GuidedGenerator) else ""
        codes -= set() if generator.uses_base else set(data.classes)
    needs_others = BASES[source.base].uses_other_classes
    key = id(data), frozenset(codes), mixes, needs_others
    if key not in cache:
        near = {code: its for code, its in data.neighbourhoods.items() if code in codes}
        if not needs_others:
            near = {code: replace(its, others_nKF=its.others_nKF[:, :0]) for code, its in near.items()}
        rows = {c: its for c, its in data.rows.items() if mixes == ANY_CLASS or (mixes and c in near)}
        cache[key] = _only(data, near, rows)
    return replace(source, data=cache[key])


def _only(data: FoldData, near: dict[int, Neighbourhood], rows: dict[int, Tensor]) -> FoldData:
    """The data with these rows, their places in the table, and nothing else that tells of single rows."""
    positions = {code: its for code, its in data.positions.items() if code in near or code in rows}
    return replace(data, neighbourhoods=near, rows=rows, positions=positions, weights=None, groups=None)


def _data_of(source: Any) -> Iterator[tuple[str, FoldData]]:
    """Rows that a source draws with, and what those of all classes are for."""
    if isinstance(source, Mixture):
        for part in source.sources:
            yield from _data_of(part)
    elif isinstance(source, PolicySource):
        yield "rows that distances are measured to", source.data
        yield from _data_of(source.source)
    elif isinstance(source, RejectionSource):
        yield from _data_of(source.source)
    else:
        yield "partners that rows mix with", source.data


def count_real_rows(state: Attributes) -> dict[str, dict[str, int]]:
    """Count the real rows that the attributes of a fitted sampler hold, per purpose and class label."""
    fit: Fit = state["_fitted"]["fit"]
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for outcome in fit.outcomes.values():
        for purpose, data in _data_of(outcome.source):
            for code, its in data.neighbourhoods.items():
                found["seeds of new rows"] |= Counter({code: len(its.rows_nF)})
                found["neighbours of other classes"] |= Counter({code: math.prod(its.others_nKF.shape[:2])})
            found[purpose] |= Counter({code: len(rows) for code, rows in data.rows.items()})
        if outcome.report.evidence is not None:
            found["sample in the report"] |= Counter(outcome.report.evidence.real.codes.tolist())
    if fit.training is not None:
        found["whole table, for rescore"] |= Counter(fit.training.problem.rows.codes.tolist())
    names = state["_fitted"]["target"].names
    return {
        purpose: {str(names[code]): n for code, n in sorted(counts.items())}
        for purpose, counts in found.items()
        if counts
    }
