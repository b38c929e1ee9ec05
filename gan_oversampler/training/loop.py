"""The AutoGAN loop: train a unit, score, keep the best, stop when it no longer improves.

Nazari, Branco & Jourdan 2023, with the defects of the released code mended: scores come from rows that
the scored member never saw, untrained generators are scored too, a score that is not finite is a failure
and rolls back, and training stops after exactly ``patience`` failures in a row.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.training.members import Snapshot


@dataclass(frozen=True)
class Candidate:
    """What an oracle scores: all members of one specification at one step.

    Attributes
    ----------
    specification, step : int
        Which GAN, after how many generator updates.
    snapshots : dict of (int or None) to Snapshot
        By the fold that the member never saw; None for the member that saw all rows.
    losses : tuple of float
        Mean critic and generator loss since the rung before.
    """

    specification: int
    step: int
    snapshots: dict[int | None, Snapshot]
    losses: tuple[float, float] = (math.nan, math.nan)

    @property
    def finite(self) -> bool:
        return all(snapshot.finite for snapshot in self.snapshots.values())


@dataclass(frozen=True)
class Scored:
    """A candidate with its utility per fold (higher is better) and the loop's verdict."""

    candidate: Candidate
    utilities: NDArray[np.float64]
    improved: bool
    failed: int
    seconds: float

    @property
    def mean(self) -> float:
        return float(np.mean(self.utilities)) if self.utilities.size else math.nan


class Population(Protocol):
    """What the loop asks of whoever trains."""

    def advance(self, n_steps: int) -> None:
        """Train all active specifications."""

    def candidates(self, step: int) -> Sequence[Candidate]:
        """Active specifications as they are now."""

    def save(self, specification: int) -> None:
        """Remember the training state of a specification."""

    def rollback(self, specification: int) -> None:
        """Go back to the state remembered last."""

    def drop(self, specification: int) -> None:
        """Train a specification no further."""

    def trains(self, specification: int) -> bool:
        """Whether there is anything that pulls a specification."""


Score = Callable[[Sequence[Candidate]], Sequence[NDArray[np.float64]]]


@dataclass
class Tracker:
    """Best score and failures in a row of one specification.

    Examples
    --------
    >>> tracker = Tracker(patience=2)
    >>> [tracker.observe(score) for score in (1.0, 2.0, 2.0, float("nan"))]
    [True, True, False, False]
    >>> tracker.stopped
    True
    """

    patience: int
    best: float = -math.inf
    failed: int = 0

    def observe(self, score: float) -> bool:
        """Whether the score beats all before; ties and numbers that are not finite do not."""
        improved = math.isfinite(score) and score > self.best
        self.best = score if improved else self.best
        self.failed = 0 if improved else self.failed + 1
        return improved

    @property
    def stopped(self) -> bool:
        return self.failed >= self.patience


@dataclass(frozen=True)
class Budget:
    """How long to train.

    Parameters
    ----------
    epoch_unit : int
        Steps between two rungs.
    patience : int
        Failures in a row after which a specification stops.
    max_steps : int
        Steps after which all stop.
    max_time : float
        Seconds after which no further unit is begun.
    """

    epoch_unit: int
    patience: int
    max_steps: int
    max_time: float = math.inf
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def next_unit(self, step: int) -> int:
        """Steps to train before the next rung; 0 when the budget is spent."""
        return 0 if self.seconds >= self.max_time else min(self.epoch_unit, self.max_steps - step)


def train(
    population: Population,
    score: Score,
    budget: Budget,
    *,
    on_rung: Callable[[Sequence[Scored]], None] = lambda rung: None,
) -> list[Scored]:
    """Run the loop for every specification; all scored candidates in order.

    Each specification has its own tracker, so its trajectory does not depend on who else trains.
    """
    trackers: dict[int, Tracker] = {}
    scored: list[Scored] = []
    step = 0
    while candidates := population.candidates(step):
        rung = [
            _judge(population, trackers.setdefault(c.specification, Tracker(budget.patience)), c, u, budget)
            for c, u in zip(candidates, score(candidates), strict=True)
        ]
        scored += rung
        on_rung(rung)
        unit = budget.next_unit(step)
        if not unit:
            break
        population.advance(unit)
        step += unit
    return scored


def _judge(
    population: Population,
    tracker: Tracker,
    candidate: Candidate,
    utilities: NDArray[np.float64],
    budget: Budget,
) -> Scored:
    """Tell the population what follows from a score."""
    score = float(np.mean(utilities)) if candidate.finite and utilities.size else math.nan
    improved = tracker.observe(score)
    if improved:
        population.save(candidate.specification)
    elif not math.isfinite(score):
        population.rollback(candidate.specification)
    if tracker.stopped or not population.trains(candidate.specification):
        population.drop(candidate.specification)
    return Scored(candidate, utilities, improved, tracker.failed, budget.seconds)
