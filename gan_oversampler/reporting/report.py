"""What happened in a fit: scores against baselines, the choice and why, timings."""

from __future__ import annotations

import inspect
import math
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import metadata
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, Final

import pandas as pd

from gan_oversampler.callbacks import Event
from gan_oversampler.reporting.evidence import Evidence
from gan_oversampler.reporting.html import card, page
from gan_oversampler.reporting.model_summary import ModelSummary

LIBRARIES: Final = ("numpy", "pandas", "scipy", "torch", "sklearn", "imblearn", "narwhals")
LONGEST: Final = 300  # of a parameter in words
MOST: Final = 24  # entries that are shown in full


@dataclass(frozen=True, slots=True)
class Entry:
    """Score of a baseline or of a candidate, over the folds.

    Parameters
    ----------
    name : str
        Baseline or specification.
    step : int or None
        Generator updates; None for a baseline.
    score, standard_error : float
        Mean over the folds, in the oracle's own unit.
    kept : bool
        Whether this is the candidate that samples.
    """

    name: str
    step: int | None
    score: float
    standard_error: float
    kept: bool = False

    def __str__(self) -> str:
        when = "baseline" if self.step is None else f"step {self.step}"
        mark = "  <- kept" if self.kept else ""
        return f"{self.name:<32} {when:>10}  {self.score:9.4f} ± {self.standard_error:.4f}{mark}"


def _rank(score: float) -> float:
    """The score; below all others where there is none."""
    return score if math.isfinite(score) else -math.inf


@dataclass(frozen=True, slots=True)
class Gain:
    """Utility of the kept candidate minus that of a baseline, over the folds; negative if it is worse.

    Attributes
    ----------
    mean, standard_error : float
        Of the differences.

    Examples
    --------
    >>> gain = Gain(0.04, 0.02)
    >>> round(gain.expected, 3), str(gain)
    (0.03, '+0.0400 ± 0.0200')
    """

    mean: float
    standard_error: float

    @property
    def expected(self) -> float:
        """What to expect on new rows: shrunk by its noise, because the best of many looks too good.

        The positive-part James-Stein factor: nothing is left of a gain within a standard error.
        """
        if abs(self.mean) <= self.standard_error:
            return 0.0
        return self.mean * (1.0 - (self.standard_error / self.mean) ** 2)

    def __str__(self) -> str:
        return f"{self.mean:+.4f} ± {self.standard_error:.4f}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the sampler in words, and whether it is another than by default."""

    value: Any
    changed: bool = False


def parameters_of(sampler: Any) -> dict[str, Parameter]:
    """Parameters of an estimator as they are now.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> found = parameters_of(LogisticRegression(C=2.0))
    >>> found["C"], found["max_iter"].changed
    (Parameter(value=2.0, changed=True), False)
    """
    usual = inspect.signature(type(sampler).__init__).parameters
    return {
        name: Parameter(_short(value), _short(value) != _short(usual[name].default))
        for name, value in sampler.get_params(deep=False).items()
    }


def _short(value: Any) -> Any:
    """Numbers and the like as they are, all else in words that hold no address in memory."""
    if not isinstance(value, str):
        value = plain(value)
    if not isinstance(value, str):
        return value if len(repr(value)) <= LONGEST else _short(repr(value))
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def plain(value: Any) -> Any:
    """The same value as JSON knows it: no NaN, no types of NumPy or pandas, other objects in words.

    >>> import numpy as np
    >>> plain({1: (np.int64(2), math.nan, np.True_), "day": pd.Timestamp("2024-01-01")})
    {'1': [2, None, True], 'day': '2024-01-01 00:00:00'}
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return [plain(dict(zip(value.columns, line))) for line in value.itertuples(index=False)]
    if hasattr(value, "tolist"):  # arrays and scalars of NumPy
        items = value.tolist()
        return plain(items) if isinstance(items, list) or type(items) is not type(value) else str(value)
    if isinstance(value, Iterable) and not hasattr(value, "get_params"):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    return str(value) if isinstance(value, pd.Timestamp | pd.Timedelta) else repr(value)


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = {"python": platform.python_version()}
    try:
        found["gan_oversampler"] = metadata.version("gan-oversampler")
    except metadata.PackageNotFoundError:  # run from a folder that was not installed
        found["gan_oversampler"] = "not installed"
    for name in LIBRARIES:
        if name in sys.modules:
            found[_distribution(name)] = str(sys.modules[name].__version__)
    return tuple(found.items())


def _distribution(module: str) -> str:
    return {"sklearn": "scikit-learn", "imblearn": "imbalanced-learn"}.get(module, module)


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of what it computes with.

    >>> sorted({"python", "numpy", "torch", "scikit-learn"} - set(versions()))
    []
    """
    return dict(_versions())


@dataclass(frozen=True)
class Report:
    """The choice that a fit made, and everything it rests on.

    Attributes
    ----------
    oracle : str
        Who judged.
    choice : str
        What samples now.
    reason : str
        Why.
    entries : tuple of Entry
        Baselines first, then all candidates, specification by specification.
    notes : tuple of str
        What a user should know: classes too small to learn from, oracles that failed.
    seconds : dict of str to float
        Time per phase.
    gains : dict of str to Gain
        Utility of the best kept candidate minus that of each baseline.
    history : DataFrame or None
        One row per scored candidate.
    parameters : dict of str to Parameter
        Parameters of the sampler.
    versions : dict of str to str
        Of Python and of the libraries.
    evidence : Evidence or None
        Real rows, held-out ones where there are any, and new rows of generators that never saw them.
    summary : ModelSummary or None
        Layers and parameters of the networks.
    draw_options : DataFrame or None
        Where the oracle chose a policy or a ratio, all ways to draw that it tried: name, border, filter,
        spread, ratio, score, standard_error, kept.
    events : tuple of Event
        Decisions in the order in which they were made: of controllers, rollbacks, budgets that grew, scorings
        that failed.

    Examples
    --------
    >>> report = Report("F1, higher is better", "smote, untrained", "best held-out score")
    >>> report.direction
    'higher is better'
    >>> report.to_html().startswith("<!doctype html>")
    True
    """

    oracle: str
    choice: str
    reason: str
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    gains: dict[str, Gain] = field(default_factory=dict)
    history: pd.DataFrame | None = field(default=None, compare=False, repr=False)
    parameters: dict[str, Parameter] = field(default_factory=dict, compare=False, repr=False)
    versions: dict[str, str] = field(default_factory=versions, compare=False, repr=False)
    evidence: Evidence | None = field(default=None, compare=False, repr=False)
    summary: ModelSummary | None = field(default=None, compare=False, repr=False)
    events: tuple[Event, ...] = field(default=(), repr=False)
    draw_options: pd.DataFrame | None = field(default=None, compare=False, repr=False)
    greater_is_better: bool | None = None

    @property
    def direction(self) -> str:
        """``"higher is better"``, ``"lower is better"``, or nothing where nobody judged."""
        end = self.oracle.rpartition(", ")[2]
        return end if end in ("higher is better", "lower is better") else ""

    @property
    def shown(self) -> tuple[Entry, ...]:
        """All entries; of very many the baselines, the kept ones, and of each GAN the first and the best."""
        if len(self.entries) <= MOST:
            return self.entries
        sign = -1.0 if self.direction.startswith("lower") else 1.0
        by_name: dict[str, list[Entry]] = {}
        for entry in self.entries:
            by_name.setdefault(entry.name, []).append(entry)
        ends = [(group[0], max(group, key=lambda e: _rank(sign * e.score))) for group in by_name.values()]
        asked = {id(entry) for pair in ends for entry in pair}
        return tuple(e for e in self.entries if e.step is None or e.kept or id(e) in asked)

    def to_frame(self) -> pd.DataFrame:
        """One row per entry: name, step, score, standard_error, kept."""
        columns = list(Entry.__slots__)
        rows = [[getattr(entry, name) for name in columns] for entry in self.entries]
        return pd.DataFrame(rows, columns=columns).astype({"step": "Int64", "kept": bool})

    def events_to_frame(self) -> pd.DataFrame:
        """One row per event: step, gan, member, controller, decision.

        Examples
        --------
        >>> event = Event(50, "guided", "fold 0", "pacing", "critic steps 1 -> 0")
        >>> report = Report("none", "smote", "few rows", events=(event,))
        >>> report.events_to_frame()["decision"].tolist()
        ['critic steps 1 -> 0']
        """
        columns = list(Event.__slots__)
        rows = [[getattr(event, name) for name in columns] for event in self.events]
        return pd.DataFrame(rows, columns=columns).astype({"step": "Int64"})

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON knows it; of the evidence its figures and how many rows it rests on.

        Examples
        --------
        >>> import json
        >>> told = Report("none", "smote", "few rows", gains={"none": Gain(math.nan, 0.0)}).to_dict()
        >>> json.loads(json.dumps(told, allow_nan=False))["gains"]
        {'none': {'mean': None, 'standard_error': 0.0, 'expected': None}}
        """
        told = {
            **{name: getattr(self, name) for name in ("oracle", "choice", "reason", "direction")},
            "entries": [asdict(entry) for entry in self.entries],
            "notes": self.notes,
            "seconds": self.seconds,
            "gains": {name: {**asdict(g), "expected": g.expected} for name, g in self.gains.items()},
            "history": self.history,
            "parameters": {name: asdict(parameter) for name, parameter in self.parameters.items()},
            "versions": self.versions,
            "evidence": None if self.evidence is None else self.evidence.to_dict(),
            "summary": None if self.summary is None else self.summary.to_frame(),
            "events": [asdict(event) for event in self.events],
            "draw_options": self.draw_options,
        }
        return plain(told)

    def to_html(self, path: str | PathLike[str] | None = None) -> str:
        """One page with pictures, that needs no network and no scripts.

        Parameters
        ----------
        path : path-like, default=None
            Where to write it, too.

        Returns
        -------
        html : str
            The page. Without matplotlib it has no pictures, and says so.
        """
        html = page(self)
        if path is not None:
            Path(path).write_text(html, "utf-8")
        return html

    def noting(self, *notes: str) -> Report:
        """The same report with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def _repr_html_(self) -> str:
        return card(self)

    def __str__(self) -> str:
        lines = [f"Kept: {self.choice}", f"Why:  {self.reason}", f"Oracle: {self.oracle}"]
        lines += [f"  {entry}" for entry in self.shown]
        more = len(self.entries) - len(self.shown)
        lines += [f"  and {more} more, in report_.entries"] if more else []
        lines += [
            f"Gain over {name}: {gain}, to be expected {gain.expected:+.4f}"
            for name, gain in self.gains.items()
            if math.isfinite(gain.mean)
        ]
        lines += [f"Note: {note}" for note in self.notes]
        lines += [", ".join(f"{name} {value:.2f} s" for name, value in self.seconds.items())]
        return "\n".join(line for line in lines if line)
