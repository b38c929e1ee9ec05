"""The AutoGAN loop: train a unit, score, keep the best, stop when it no longer improves.

Nazari, Branco & Jourdan 2023, with the defects of the released code mended: scores come from rows that
the scored member never saw, untrained generators are scored too, a score that is not finite is a failure,
weights that are not finite are rolled back at half the rates, and training stops after exactly ``patience``
failures in a row. Several oracles may track one training; each has its own best step and its own end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.callbacks import Log
from gan_oversampler.nn.generator import Snapshot


@dataclass(frozen=True)
class Candidate:
    """What an oracle scores: all members of one specification at one step."""

    specification: int  # which GAN, after how many generator updates
    step: int
    # by the fold that the member never saw; None for the first member that saw all rows
    snapshots: dict[int | None, Snapshot]
    # mean critic and generator loss since the evaluation round before
    losses: tuple[float, float] = (math.nan, math.nan)
    replicas: tuple[Snapshot, ...] = ()  # further members that saw all rows; they sample beside the first
    is_collapsed: bool = False  # whether a controller found that generated rows are all alike
    # whether it is the untrained start of a generator that begins with noise. It is scored for comparison,
    # but never kept: such rows lie so far from all others that a downstream score hardly minds them
    is_noise: bool = False

    @property
    def samplers(self) -> tuple[Snapshot, ...]:
        """Generators that saw all rows, from which new rows are drawn in the end."""
        return (self.snapshots[None], *self.replicas)

    @property
    def is_finite(self) -> bool:
        """Whether no member has diverged."""
        return all(snapshot.is_finite for snapshot in (*self.snapshots.values(), *self.replicas))

    @property
    def is_sound(self) -> bool:
        """Whether training may go on from it: it has neither diverged nor collapsed."""
        return self.is_finite and not self.is_collapsed

    @property
    def may_be_kept(self) -> bool:
        """Whether it may sample in the end: it is sound and no untrained noise."""
        return self.is_sound and not self.is_noise


@dataclass(frozen=True)
class Scored:
    """A candidate with its utilities, as one oracle tracked it."""

    candidate: Candidate  # what was scored
    utilities: NDArray[np.float64]  # per fold; higher is better
    improved: bool  # whether it beat all candidates of its specification before it
    n_failed: int  # scores in a row without improvement, with this one
    seconds: float  # since the fit began

    @property
    def mean(self) -> float:
        """Mean utility over the folds."""
        return float(np.mean(self.utilities)) if self.utilities.size else math.nan


class Population(Protocol):
    """What the loop asks of a population."""

    def advance(self, n_steps: int) -> None:
        """Train all active specifications."""

    def candidates(self, step: int) -> Sequence[Candidate]:
        """Active specifications as they are now."""

    def save(self, specification: int) -> None:
        """Remember the training state of a specification."""

    def roll_back(self, specification: int) -> None:
        """Go back to the state remembered last, at half the rates."""

    def drop(self, specification: int) -> None:
        """Train a specification no further."""

    def trains(self, specification: int) -> bool:
        """Whether a specification has any loss term to be trained by."""


Score = Callable[[Sequence[Candidate]], Sequence[NDArray[np.float64]]]


@dataclass(frozen=True)
class Budget:
    """How long to train."""

    epoch_unit: int  # steps between two evaluation rounds
    patience: int  # scores in a row without improvement after which a specification stops
    max_steps: int  # steps after which all stop
    max_time: float = math.inf  # seconds since the fit began after which no further unit is begun
    # share of ``max_steps`` by which specifications may go on that improved in their last round
    growth: float = 0.0

    def next_unit(self, step: int, seconds: float) -> int:
        """Steps to train before the next evaluation round; 0 when the budget is spent."""
        end = self.max_steps if step < self.max_steps else self.last_step
        return 0 if seconds >= self.max_time else min(self.epoch_unit, end - step)

    @property
    def last_step(self) -> int:
        """Step at which training ends even where scores still improve."""
        return self.max_steps + int(self.growth * self.max_steps)

    def has_grown(self, step: int) -> bool:
        """Whether only specifications that improved at this step may go on from it."""
        return self.max_steps <= step < self.last_step


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

    patience: float
    best: float = -math.inf
    n_failed: int = 0

    def observe(self, score: float) -> bool:
        """Take in a score; True if it beats all before. Ties and numbers that are not finite do not."""
        improved = math.isfinite(score) and score > self.best
        self.best = score if improved else self.best
        self.n_failed = 0 if improved else self.n_failed + 1
        return improved

    @property
    def stopped(self) -> bool:
        """Whether patience has run out."""
        return self.n_failed >= self.patience


def _no_listener(scored: Sequence[Scored]) -> None:
    """Tell nobody."""


@dataclass
class OracleTracker:
    """One oracle that tracks a training, with best scores and stopping steps of its own."""

    score: Score  # candidates to their utilities per fold
    # scores in a row without improvement after which a specification stops; ``inf`` never stops one
    patience: float
    # called with the scored candidates of every evaluation round
    on_round: Callable[[Sequence[Scored]], None] = _no_listener
    scored: list[Scored] = field(default_factory=list)  # all candidates that it has scored, in order
    trackers: dict[int, Tracker] = field(default_factory=dict)  # best scores and failures, by specification
    finished: set[int] = field(default_factory=set)  # specifications whose budget did not grow any more

    def evaluate(
        self, candidates: Sequence[Candidate], budget: Budget, seconds: Callable[[], float]
    ) -> list[Scored]:
        """Score those candidates of an evaluation round whose specifications it still tracks."""
        tracked = [c for c in candidates if not self.has_left(c.specification)]
        if not tracked:
            return []
        scores = self.score(tracked)
        found = []
        for candidate, utilities in zip(tracked, scores, strict=True):
            improved, n_failed = False, 0
            if not candidate.is_noise:
                tracker = self.trackers.setdefault(candidate.specification, Tracker(self.patience))
                is_scored = candidate.is_sound and utilities.size
                improved = tracker.observe(float(np.mean(utilities)) if is_scored else math.nan)
                n_failed = tracker.n_failed
            found.append(Scored(candidate, utilities, improved, n_failed, seconds()))
        self.scored += found
        self.on_round(found)
        self.finished |= {s.candidate.specification for s in found if budget.has_grown(s.candidate.step)}
        self.finished -= {s.candidate.specification for s in found if s.improved}
        return found

    def has_left(self, specification: int) -> bool:
        """Tell whether it tracks a specification no longer."""
        stopped = specification in self.trackers and self.trackers[specification].stopped
        return stopped or specification in self.finished


def _no_log(step: int, specification: int, controller: str, decision: str) -> None:
    """Log nothing."""


def train(
    population: Population,
    trackers: Sequence[OracleTracker],
    budget: Budget,
    seconds: Callable[[], float],
    log: Log = _no_log,
) -> None:
    """Run the loop for every specification until no oracle tracks it any more.

    Each specification has its own tracker in every oracle's tracker, so its trajectory depends neither on
    what else trains nor on which other oracles look on. Only after weights that are not finite, or generated
    rows that are all alike, it goes back to the state that pleased any oracle last. A budget may grow for
    one oracle and end for another.

    Parameters
    ----------
    population : Population
        What is trained.
    trackers : sequence of OracleTracker
        One per oracle.
    budget : Budget
        How long to train.
    seconds : callable
        Seconds since the fit began.
    log : callable
        Called with every decision: step, specification, who decided, what.
    """
    step = 0
    while candidates := population.candidates(step):
        rounds = [tracker.evaluate(candidates, budget, seconds) for tracker in trackers]
        improved = {scored.candidate.specification for found in rounds for scored in found if scored.improved}
        for candidate in candidates:
            number = candidate.specification
            has_left = all(tracker.has_left(number) for tracker in trackers)
            if number in improved:
                population.save(number)
            elif not candidate.is_sound:
                population.roll_back(number)
                why = "new rows were all alike" if candidate.is_finite else "weights were not finite"
                log(step, number, "rollback", f"{why}: back to the best state, at half the rates")
            if not population.trains(number) or has_left:
                population.drop(number)
            if budget.has_grown(step) and budget.next_unit(step, seconds()) and not has_left:
                end = min(step + budget.epoch_unit, budget.last_step)
                log(step, number, "growth", f"scores still improve: trained on to step {end}")
        unit = budget.next_unit(step, seconds())
        if not unit:
            break
        population.advance(unit)
        step += unit
