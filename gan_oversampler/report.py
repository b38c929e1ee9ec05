"""What happened in a fit: scores against baselines, the choice and why, timings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

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
    """

    oracle: str
    choice: str
    reason: str
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """One row per entry: name, step, score, standard_error, kept."""
        columns = list(Entry.__slots__)
        rows = [[getattr(entry, name) for name in columns] for entry in self.entries]
        return pd.DataFrame(rows, columns=columns).astype({"step": "Int64", "kept": bool})

    def gain_over(self, baseline: str) -> float:
        """Score of the kept candidate minus that of a baseline, signed; NaN where there is none."""
        scores = {entry.name: entry.score for entry in self.entries if entry.step is None}
        kept = [entry.score for entry in self.entries if entry.kept]
        return kept[0] - scores[baseline] if kept and baseline in scores else math.nan

    def __str__(self) -> str:
        lines = [f"Kept: {self.choice}", f"Why:  {self.reason}", f"Oracle: {self.oracle}"]
        lines += [f"  {entry}" for entry in self.entries]
        lines += [f"Note: {note}" for note in self.notes]
        lines += [", ".join(f"{name} {value:.2f} s" for name, value in self.seconds.items())]
        return "\n".join(line for line in lines if line)
