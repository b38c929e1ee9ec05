"""What a search found, as frozen values: its trials, the best GAN, and scores that can be trusted or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.gain import Gain

COMPLETE: Final = "complete"
PRUNED: Final = "pruned"
FAILED: Final = "failed"


@dataclass(frozen=True)
class TrialFacts:
    """One trial of a search.

    Parameters
    ----------
    number : int
        Position in the search, from 0; the first trial is the GAN that the search began with.
    state : {"complete", "pruned", "failed"}
        A pruned trial was stopped before its training was over.
    score : float
        Mean over the folds in the oracle's own unit; NaN where there is none.
    by_fold : tuple of float
        The scores themselves.
    step : int
        Generator updates until the best score.
    seconds : float
        Its share of the time of training and scoring.
    n_parameters : int
        Of the generator.
    params : dict of str to value
        What was chosen in each dimension of the space.
    same_as : int or None
        An earlier trial of the same GAN, whose score this one has.
    error : str
        Why there is no score.
    """

    number: int
    state: str
    score: float
    by_fold: tuple[float, ...] = ()
    step: int = 0
    seconds: float = 0.0
    n_parameters: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    same_as: int | None = None
    error: str = ""


@dataclass(frozen=True)
class SearchFacts:
    """Everything that a search found.

    Parameters
    ----------
    strategy : str
        Its name, or the sampler as Python prints it.
    n_architectures : int
        How many different GANs the space holds.
    trials : tuple of TrialFacts
        In the order in which they were proposed.
    best : int
        Number of the trial with the best score.
    best_gan : GAN
        What it trained, usable on any table.
    best_policy : Policy or None
        How its rows were drawn.
    score_name : str, greater_is_better : bool
        As in the report.
    heldout : tuple of float
        Scores of the best GAN and of the first trial's on rows that the search did not see; empty where none
        were held out.
    gain : Gain or None
        Utility of the best GAN minus that of the first trial's on these rows, paired over parts of them.
    importances : dict of str to float
        Share of the scores' variance that each dimension explains (fANOVA, Hutter et al. 2014); empty where
        too few trials tell.
    seconds : float
        Of the whole search.
    """

    strategy: str
    n_architectures: int
    trials: tuple[TrialFacts, ...]
    best: int
    best_gan: Any
    best_policy: Any = None
    score_name: str = "score"
    greater_is_better: bool = True
    heldout: tuple[float, ...] = ()
    gain: Gain | None = None
    importances: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def best_trial(self) -> TrialFacts:
        """The trial with the best score."""
        return next(trial for trial in self.trials if trial.number == self.best)

    @property
    def is_better(self) -> bool:
        """Whether another GAN than the first was best, and gained on rows that the search did not see."""
        return self.best != self.trials[0].number if self.gain is None else self.gain.mean > 0

    @property
    def sign(self) -> float:
        """Turns scores into utilities, of which more is better, and back."""
        return 1.0 if self.greater_is_better else -1.0

    @property
    def ranked(self) -> list[TrialFacts]:
        """Trials with the best score first, those without any last."""

        def place(trial: TrialFacts) -> tuple[float, int]:
            return -self.sign * trial.score if np.isfinite(trial.score) else np.inf, trial.number

        return sorted(self.trials, key=place)

    def to_dict(self) -> dict[str, Any]:
        """All facts as plain values; the best GAN and policy as Python prints them."""
        facts = {part.name: getattr(self, part.name) for part in fields(self)} | {
            "best_gan": repr(self.best_gan),
            "best_policy": None if self.best_policy is None else repr(self.best_policy),
            "trials": [asdict(trial) for trial in self.trials],
            "gain": None if self.gain is None else asdict(self.gain),
        }
        return facts

    def to_frame(self) -> pd.DataFrame:
        """Trials as a table: what they brought, and a column for each dimension of the space."""
        rows = []
        for trial in self.trials:
            facts = {
                name: getattr(trial, name) for name in TrialFacts.__dataclass_fields__ if name != "params"
            }
            rows.append(facts | dict(trial.params))
        return pd.DataFrame(rows).astype({"same_as": "Int64"})

    def pareto_front(self) -> pd.DataFrame:
        """Trials that no other one beats in score, seconds and parameters together, the best score first."""
        scored = [trial for trial in self.trials if np.isfinite(trial.score) and trial.same_as is None]
        costs = np.array([(-self.sign * t.score, t.seconds, t.n_parameters) for t in scored]).reshape(-1, 3)
        front = [
            trial.number
            for trial, its in zip(scored, costs, strict=True)
            if not ((costs <= its).all(axis=1) & (costs < its).any(axis=1)).any()
        ]
        frame = self.to_frame()
        return frame[frame["number"].isin(front)].sort_values("score", ascending=not self.greater_is_better)

    def __str__(self) -> str:
        n_scored = sum(np.isfinite(trial.score) for trial in self.trials)
        best = self.best_trial
        n_different = sum(trial.same_as is None for trial in self.trials)
        lines = [
            f"Search: {self.strategy}, {len(self.trials)} trials of {n_different} GANs out of"
            f" {self.n_architectures:,} in {self.seconds:.0f} s, {n_scored} of them scored",
            f"Best: trial {self.best}, {self.score_name} {best.score:.4f} on rows that the search compared,"
            " which is the best of many and so too good",
        ]
        if self.gain is not None:
            ours, first = self.heldout
            lines.append(
                f"On rows that the search did not see: {ours:.4f}, the GAN it began with {first:.4f}; gain"
                f" {self.gain}"
                + (
                    ", so it joins; rows that chose it count in its scores"
                    if self.is_better
                    else ", so it is left out"
                )
            )
        return "\n".join(lines)
