"""The report of a fit: its facts as text, JSON, a notebook card and an HTML page."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from numbers import Integral, Real
from os import PathLike
from typing import Any, Final

import pandas as pd

from gan_oversampler._utils import text_of, visible
from gan_oversampler._writing import write_whole
from gan_oversampler.reporting.facts import LabelScores, Parameter, ReportFacts
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.html import card, page

ADVICE: Final = frozenset({"advice", "advised", "ranking"})  # facts that may be computed late
MAX_LENGTH: Final = 300  # characters of a parameter's value


class Report(ReportFacts):
    """What a fit did: the choice of one oracle and everything it rests on.

    ``print`` it for a summary, let a notebook display it, or write it as a page with pictures by ``to_html``.
    Its attributes, the facts, are those of :class:`~gan_oversampler.reporting.facts.ReportFacts`.

    Examples
    --------
    >>> report = Report("F1", "smote, untrained", "best held-out score", greater_is_better=True)
    >>> report.direction
    'higher is better'
    >>> report.to_html().startswith("<!doctype html>")
    True
    """

    def completed_by(self, facts: Callable[[], Mapping[str, Any]]) -> "Report":
        """Return this report, in which a function computes the advice once somebody asks for any of it.

        Most fits are never asked, and it takes as long as a good part of the scores. Copies and files hold
        the advice as it is then, whoever asks first.
        """
        vars(self)["_facts"] = facts
        return self

    def changed(self, **facts: Any) -> "Report":
        """Make a report with other facts, as ``dataclasses.replace`` does, without computing the advice."""
        found = object.__new__(type(self))
        vars(found).update(vars(self) | facts)
        found.__post_init__()
        return found

    def __getattribute__(self, name: str) -> Any:
        if name in ADVICE and "_facts" in vars(self):
            vars(self).update(vars(self)["_facts"]())
            vars(self).pop("_facts", None)
        return super().__getattribute__(name)

    def __getstate__(self) -> dict[str, Any]:
        _ = self.advice  # what is to be computed cannot be stored
        return dict(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """All facts, and the direction of the oracle, as values that the ``json`` module can write.

        NaN becomes None. Of the evidence there are the metrics and the number of rows, not the rows; of the
        summary one record per layer.

        >>> import json
        >>> facts = Report("none", "smote", "few rows", seconds={"training": math.nan}).to_dict()
        >>> json.loads(json.dumps(facts, allow_nan=False))["seconds"]
        {'training': None}
        """
        facts = {part.name: getattr(self, part.name) for part in fields(self)} | {
            "direction": self.direction,
            "entries": [asdict(entry) for entry in self.entries],
            "gains": _gains_to_dict(self.gains),
            "labels": self.labels and asdict(self.labels) | {"gains": _gains_to_dict(self.labels.gains)},
            "ranking": None if self.ranking is None else asdict(self.ranking),
            "parameters": {name: asdict(parameter) for name, parameter in self.parameters.items()},
            "evidence": None if self.evidence is None else self.evidence.to_dict(),
            "summary": None if self.summary is None else self.summary.to_frame(),
            "events": [asdict(event) for event in self.events],
            "table": None if self.table is None else asdict(self.table),
            "copies": None if self.copies is None else asdict(self.copies),
            "search": None if self.search is None else self.search.to_dict(),
        }
        return json_value(facts)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """The report as one HTML page with pictures, which needs no network and no scripts.

        The page is returned, and written to a file if a path is given, whole or not at all. Without
        matplotlib it says that pictures are missing and how to get them. Raises ``OSError``, with the path,
        where that cannot be written.
        """
        html = page(self)
        if path is not None:
            write_whole(path, html)
        return html

    def _repr_html_(self) -> str:
        return card(self)

    def __str__(self) -> str:
        lines = [f"Kept: {self.choice}", f"Why:  {self.reason}", f"Oracle: {self.oracle_text}"]
        lines += [f"Table: {self.table}"] if self.table else []
        lines += [f"Score: {self.meaning}"] if self.meaning else []
        lines += [f"  {'':<44}{self.score_name:>9} ± standard error over the folds"] if self.entries else []
        lines += [f"  {entry}" for entry in self.shown]
        if n_hidden := len(self.entries) - len(self.shown):
            lines.append(f"  and {n_hidden} more, in report_.entries")
        lines += [f"Gain {line}" for line in _gain_lines(self.score_name, self.gains)]
        lines += _label_lines(self.labels) if self.labels else []
        lines += str(self.search).splitlines() if self.search else []
        lines += [f"Advice: {self.advice}"] if self.advice else []
        lines += [f"Fidelity: {self.fidelity}"] if self.fidelity else []
        lines += [f"Copies: {self.copies}"] if self.copies else []
        if self.constraints:
            lines.append(f"Constraints, kept by all new rows: {'; '.join(self.constraints)}")
        lines += [f"Not kept: {text}" for text in self.near_constraints]
        lines += [f"Note: {note}" for note in self.notes]
        if self.seconds:
            lines.append(", ".join(f"{name} {value:.2f} s" for name, value in self.seconds.items()))
        return visible("\n".join(lines))


def _label_lines(labels: LabelScores) -> list[str]:
    """Scores of predicted labels, a line each, with the gains over the baselines beside them."""
    lines = [f"{labels.name} of predicted labels (threshold one half), on the same folds, ± standard error:"]
    for entry in (labels.kept, *labels.baselines):
        gain = f"  gain over it {labels.gains[entry.name]}" if entry.name in labels.gains else ""
        lines.append(f"  {entry.name:<44}{entry.score:9.4f} ± {entry.standard_error:.4f}{gain}")
    return lines


def _gains_to_dict(gains: Mapping[str, Gain]) -> dict[str, dict[str, float]]:
    return {name: {**asdict(gain), "expected": gain.expected} for name, gain in gains.items()}


def _gain_lines(score_name: str, gains: Mapping[str, Gain]) -> list[str]:
    """Gains over the baselines that have a score, a line each."""
    return [
        f"in {score_name} over {name}: {gain}, to be expected {gain.expected:+.4f}"
        for name, gain in gains.items()
        if math.isfinite(gain.mean)
    ]


def json_value(value: Any) -> Any:
    """The same value made of what JSON knows: None, bool, int, float, str, list and dict.

    Numbers that are not finite and missing values become None, tables lists of records, arrays and other
    iterables lists, keys of mappings texts, and all other objects their ``repr``.

    >>> import numpy as np
    >>> json_value({1: (np.int64(2), math.nan, np.True_), "day": pd.Timestamp("2024-01-01")})
    {'1': [2, None, True], 'day': '2024-01-01 00:00:00'}
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(name): json_value(item) for name, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return [json_value(record) for record in value.to_dict("records")]
    if hasattr(value, "tolist"):  # arrays and scalars of NumPy
        items = value.tolist()
        # Some scalars, such as long doubles, are their own list; these would recur for ever.
        return json_value(items) if isinstance(items, list) or type(items) is not type(value) else str(value)
    if isinstance(value, Iterable) and not hasattr(value, "get_params"):  # pipelines are iterable, too
        return [json_value(item) for item in value]
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return str(value) if isinstance(value, pd.Timestamp | pd.Timedelta) else text_of(value)


def parameters_of(sampler: Any) -> dict[str, Parameter]:
    """Parameters of an estimator as they are now, and which of them are not the default.

    Values are those that JSON knows; objects and long values are texts of at most 300 characters, without
    addresses in memory, so that equal samplers give equal reports.

    >>> from sklearn.linear_model import LogisticRegression
    >>> found = parameters_of(LogisticRegression(C=2.0))
    >>> found["C"], found["max_iter"].changed
    (Parameter(value=2.0, changed=True), False)
    """
    signature = inspect.signature(type(sampler).__init__).parameters
    values = {name: _short(value) for name, value in sampler.get_params(deep=False).items()}
    return {name: Parameter(v, v != _short(signature[name].default)) for name, v in values.items()}


def _short(value: Any) -> Any:
    value = json_value(value)
    if not isinstance(value, str) and len(repr(value)) <= MAX_LENGTH:
        return value
    text = value if isinstance(value, str) else text_of(value)
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"
