"""What a fit found out, as frozen values: scores, gains, parameters, and everything else that reports show.

Nothing is rendered here. ``report.py`` turns these facts into text and JSON, ``html.py`` into a page.
"""

from __future__ import annotations

import math
import platform
import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field, fields
from itertools import compress
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.callbacks import Event
from gan_oversampler.reporting.evidence import Evidence, Fidelity
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.search_facts import SearchFacts

MAX_SHOWN: Final = 24  # entries; a report with more shows a selection
DIRECTIONS: Final = MappingProxyType({True: "higher is better", False: "lower is better", None: ""})
LIBRARIES: Final = ("gan_oversampler", "numpy", "pandas", "scipy", "torch", "sklearn", "imblearn", "narwhals")
PIP_NAMES: Final = MappingProxyType({"sklearn": "scikit-learn", "imblearn": "imbalanced-learn"})


def versions() -> dict[str, str]:
    """Versions of Python, of this package, and of the libraries it computes with, by their names for pip.

    A library that was never imported is left out.

    >>> sorted({"python", "numpy", "torch", "scikit-learn"} - set(versions()))
    []
    """
    found = {PIP_NAMES.get(n, n): str(sys.modules[n].__version__) for n in LIBRARIES if n in sys.modules}
    return {"python": platform.python_version(), **found}


@dataclass(frozen=True, slots=True)
class Entry:
    """Score of one baseline or candidate over all folds: one line of a report.

    Parameters
    ----------
    name : str
        Name of the baseline, or label of the candidate's specification.
    step : int or None
        Generator updates before the candidate was scored; None for a baseline.
    score, standard_error : float
        Mean over the folds and its standard error, which knows that folds share training rows, in the
        oracle's own unit.
    kept : bool, default=False
        Whether new rows are drawn from this candidate or baseline.
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


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Scores of predicted labels, where the oracle adds up probabilities in their place.

    Smooth F1 is another quantity than F1, and gains in them may differ, even in sign. Folds, classifiers and
    new rows are those of the oracle; labels are predicted at a threshold of one half.

    Parameters
    ----------
    name : str
        Name of the score, such as ``"F1"``.
    kept : Entry
        Score of all that draws new rows, together.
    baselines : tuple of Entry
        Scores of the baselines.
    gains : dict of str to Gain
        Gain of what is kept over each baseline, paired over the folds.
    """

    name: str
    kept: Entry
    baselines: tuple[Entry, ...]
    gains: dict[str, Gain]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the sampler: its value, or a short text of it, and whether it is not the default."""

    value: Any
    changed: bool = False


@dataclass(frozen=True, slots=True)
class ClassSize:
    """Rows of one class: those of the table, and the new ones that ``fit_resample`` adds to them."""

    label: Any
    n_rows: int
    n_added: int = 0


@dataclass(frozen=True, slots=True)
class TableSize:
    """Size of the table that was given, class by class, and of what ``fit_resample`` adds to it.

    Parameters
    ----------
    n_columns : int
        Columns of ``X``.
    classes : tuple of ClassSize
        Rows and new rows of each class, the most frequent class first.

    Examples
    --------
    >>> print(TableSize(8, (ClassSize("no", 90), ClassSize("yes", 10, 80))))
    100 rows, 8 columns, 2 classes; 80 rows are added
    """

    n_columns: int
    classes: tuple[ClassSize, ...]

    @property
    def n_rows(self) -> int:
        """Rows of all classes."""
        return sum(size.n_rows for size in self.classes)

    @property
    def n_added(self) -> int:
        """New rows of all classes."""
        return sum(size.n_added for size in self.classes)

    def __str__(self) -> str:
        columns = "1 column" if self.n_columns == 1 else f"{self.n_columns:,} columns"
        size = f"{self.n_rows:,} rows, {columns}, {len(self.classes)} classes"
        return f"{size}; {self.n_added:,} rows are added"


@dataclass(frozen=True, slots=True)
class Copies:
    """How many of the rows that ``fit_resample`` drew equalled a row of the table, and what became of them.

    Rows are compared in all columns, with the rows of all classes, as they are written; numbers without a
    grid as precisely as they are encoded, in 32 bits.

    Parameters
    ----------
    n_rows : int
        New rows that were compared.
    n_redrawn, n_moved : int
        Copies in whose place other rows were drawn, and copies of which one column was changed.
    n_left : int
        Copies among the new rows.
    n_common : int, default=0
        New rows that equal five or more rows of the table, such as rows of zeros. These are no copies, as
        they tell of nobody (k-anonymity [1]_), and stay.
    reason : str, default=""
        Why copies are left.

    References
    ----------
    .. [1] L. Sweeney, "k-anonymity: a model for protecting privacy", International Journal of Uncertainty,
       Fuzziness and Knowledge-Based Systems 10(5), 2002.

    Examples
    --------
    >>> print(Copies(80, 2, 1, 0))
    of 80 new rows 3 equalled a row of the table: 2 were drawn again, 1 changed in one column, 0 left
    """

    n_rows: int
    n_redrawn: int
    n_moved: int
    n_left: int
    n_common: int = 0
    reason: str = ""

    def __str__(self) -> str:
        n_found = self.n_redrawn + self.n_moved + self.n_left
        text = f"of {self.n_rows:,} new rows {n_found:,} equalled a row of the table"
        if n_found:
            why = f", because {self.reason}" if self.reason else ""
            changed = f"{self.n_redrawn:,} were drawn again, {self.n_moved:,} changed in one column"
            text += f": {changed}, {self.n_left:,} left{why}"
        if self.n_common:
            text += f"; {self.n_common:,} equal five or more rows of the table, and stay"
        return text


@dataclass(frozen=True)
class ReportFacts:
    """Everything that is known about a fit and the choice that one oracle made in it.

    Dicts are copied when a report is made, so a report never changes afterwards. ``dataclasses.replace``
    makes a report with other facts.

    Parameters
    ----------
    oracle : str
        The oracle as Python prints it, or ``"none"``.
    choice : str
        Name of what draws new rows now.
    reason : str
        Why it was chosen.
    score_name : str, default="score"
        What the oracle's score is called, such as ``"smooth F1"``.
    meaning : str, default=""
        The same in a sentence: what is scored, and by which classifiers.
    greater_is_better : bool or None, default=None
        Whether high scores of the oracle are good; None if no oracle scored anything.
    entries : tuple of Entry
        Baselines first, then all candidates, specification by specification.
    notes : tuple of str
        What a user should know, such as classes with too few rows to learn from or oracles that failed.
    seconds : dict of str to float
        Time spent in each phase.
    gains : dict of str to Gain
        Gain of the best kept candidate over each baseline.
    advice : str
        What the scores support, in two sentences with figures: to resample, to weigh classes, to move the
        decision threshold, or to leave the table as it is. Empty where no new rows were scored.
    advised : str
        The same in a word: ``"resample"``, ``"class_weight"``, ``"threshold"`` or ``"none"``; empty where
        the scores do not tell.
    ranking : Gain or None
        Average precision of a forest on held-out rows with the new rows minus without them, where the oracle
        scores classifiers fitted to real and new rows.
    labels : LabelScores or None
        Scores of predicted labels, where those of the oracle are smooth.
    history : DataFrame or None
        One row per scored candidate.
    parameters : dict of str to Parameter
        Parameters of the sampler.
    versions : dict of str to str
        Versions of Python and of the libraries.
    evidence : Evidence or None
        Real rows, held-out ones where there are any, and new rows of generators that never saw them.
    summary : ModelSummary or None
        Layers and parameters of the networks.
    events : tuple of Event
        Decisions in the order in which they were made: of controllers, rollbacks, budgets that grew, scorings
        that failed.
    draw_options : DataFrame or None
        Where the oracle chose a policy or a ratio, one row per combination that it tried: name, spread,
        border, filter, ratio, score, standard_error, kept.
    constraints : tuple of str
        Relations that new rows keep, given or found, such as ``"start <= end"``; functions as Python prints
        them.
    near_constraints : tuple of str
        Relations that hold in nearly all rows, or would spoil a column; new rows may break them.
    table : TableSize or None
        Rows, columns and classes of the table, and how many rows are added to each class.
    copies : Copies or None
        New rows of ``fit_resample`` that equalled a row of the table, and what became of them; None before.
    search : SearchFacts or None
        Trials of a search for a better GAN, and what it found.
    """

    oracle: str
    choice: str
    reason: str
    _: KW_ONLY
    score_name: str = "score"
    meaning: str = ""
    greater_is_better: bool | None = None
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    gains: dict[str, Gain] = field(default_factory=dict)
    advice: str = ""
    advised: str = ""
    ranking: Gain | None = None
    labels: LabelScores | None = None
    history: pd.DataFrame | None = field(default=None, compare=False, repr=False)
    parameters: dict[str, Parameter] = field(default_factory=dict, compare=False, repr=False)
    versions: dict[str, str] = field(default_factory=versions, compare=False, repr=False)
    evidence: Evidence | None = field(default=None, compare=False, repr=False)
    summary: ModelSummary | None = field(default=None, compare=False, repr=False)
    events: tuple[Event, ...] = field(default=(), repr=False)
    draw_options: pd.DataFrame | None = field(default=None, compare=False, repr=False)
    constraints: tuple[str, ...] = ()
    near_constraints: tuple[str, ...] = ()
    table: TableSize | None = None
    copies: Copies | None = None
    search: SearchFacts | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("seconds", "gains", "parameters", "versions"):
            object.__setattr__(self, name, dict(getattr(self, name)))

    @property
    def direction(self) -> str:
        """Which scores are good: ``"higher is better"``, ``"lower is better"``, or ``""`` without scores."""
        return DIRECTIONS[self.greater_is_better]

    @property
    def oracle_text(self) -> str:
        """The oracle and its direction as one text, such as ``"FrechetOracle(), lower is better"``."""
        return f"{self.oracle}, {self.direction}" if self.direction else self.oracle

    @property
    def fidelity(self) -> Fidelity | None:
        """How near new rows come to held-out rows of their class, beside SMOTE's; None if none were."""
        return None if self.evidence is None else self.evidence.fidelity

    @property
    def shown(self) -> tuple[Entry, ...]:
        """Entries that a page or a print shows, in their order: all of them unless there are more than 24.

        Of more than that, it keeps the baselines, the kept entries, and the first and the best entry of each
        name.
        """
        if len(self.entries) <= MAX_SHOWN:
            return self.entries
        frame = self.to_frame()
        utility = frame["score"] * (-1.0 if self.greater_is_better is False else 1.0)
        utility = utility.where(np.isfinite(utility), -math.inf)
        keep = frame["step"].isna() | frame["kept"] | ~frame["name"].duplicated()
        keep[utility.groupby(frame["name"]).idxmax()] = True
        return tuple(compress(self.entries, keep))

    def to_frame(self) -> pd.DataFrame:
        """Entries as a table of name, step (missing for baselines), score, standard_error and kept."""
        return _table_of(Entry, self.entries).astype({"kept": bool})

    def events_to_frame(self) -> pd.DataFrame:
        """Events as a table of step (missing where it has none), gan, member, controller and decision.

        >>> event = Event(50, "guided", "fold 0", "pacing", "critic steps 1 -> 0")
        >>> facts = ReportFacts("none", "smote", "few rows", events=(event,))
        >>> facts.events_to_frame()["decision"].tolist()
        ['critic steps 1 -> 0']
        """
        return _table_of(Event, self.events)


def _table_of(kind: type, items: Sequence[Any]) -> pd.DataFrame:
    """One row per dataclass instance; steps stay integers where some are missing."""
    columns = [part.name for part in fields(kind)]
    return pd.DataFrame([asdict(item) for item in items], columns=columns).astype({"step": "Int64"})
