"""What happened in a fit: scores against baselines, the choice and why, timings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import pandas as pd


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
        Baselines first, then the candidates of each specification that could be kept.
    notes : tuple of str
        What a user should know: classes too small to learn from, oracles that failed.
    seconds : dict of str to float
        Time per phase.
    gains : dict of str to Gain
        Utility of the best kept candidate minus that of each baseline.
    """

    oracle: str
    choice: str
    reason: str
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    gains: dict[str, Gain] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """One row per entry: name, step, score, standard_error, kept."""
        columns = list(Entry.__slots__)
        rows = [[getattr(entry, name) for name in columns] for entry in self.entries]
        return pd.DataFrame(rows, columns=columns).astype({"step": "Int64", "kept": bool})

    def noting(self, *notes: str) -> Report:
        """The same report with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def __str__(self) -> str:
        lines = [f"Kept: {self.choice}", f"Why:  {self.reason}", f"Oracle: {self.oracle}"]
        lines += [f"  {entry}" for entry in self.entries]
        lines += [
            f"Gain over {name}: {gain}, to be expected {gain.expected:+.4f}"
            for name, gain in self.gains.items()
            if math.isfinite(gain.mean)
        ]
        lines += [f"Note: {note}" for note in self.notes]
        lines += [", ".join(f"{name} {value:.2f} s" for name, value in self.seconds.items())]
        return "\n".join(line for line in lines if line)
