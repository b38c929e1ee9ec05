"""The AutoGAN loop: train a unit, score, keep the best, stop when it no longer improves.

Nazari, Branco & Jourdan 2023, with the defects of the released code mended: scores come from rows that
the scored member never saw, untrained generators are scored too, a score that is not finite is a failure,
weights that are not finite are rolled back at half the rates, and training stops after exactly ``patience``
failures in a row. Several oracles may follow one training; each has its own best step and its own end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.callbacks import Log
from gan_oversampler.nn.generator import Snapshot


@dataclass(frozen=True)
class Candidate:
    """What an oracle scores: all members of one specification at one step.

    Attributes
    ----------
    specification, step : int
        Which GAN, after how many generator updates.
    snapshots : dict of (int or None) to Snapshot
        By the fold that the member never saw; None for the first member that saw all rows.
    losses : tuple of float
        Mean critic and generator loss since the rung before.
    others : tuple of Snapshot
        Further members that saw all rows; they sample beside the first.
    collapsed : bool
        Whether a controller found that new rows are all alike.
    noise : bool
        Whether it is the untrained start of a generator that begins with noise. It is scored for comparison,
        but never kept: such rows lie so far from all others that a downstream score hardly minds them.
    """

    specification: int
    step: int
    snapshots: dict[int | None, Snapshot]
    losses: tuple[float, float] = (math.nan, math.nan)
    others: tuple[Snapshot, ...] = ()
    collapsed: bool = False
    noise: bool = False

    @property
    def finals(self) -> tuple[Snapshot, ...]:
        """Generators that sample in the end."""
        return (self.snapshots[None], *self.others)

    @property
    def finite(self) -> bool:
        return all(snapshot.finite for snapshot in (*self.snapshots.values(), *self.others))

    @property
    def sound(self) -> bool:
        """Whether training may go on from it."""
        return self.finite and not self.collapsed

    @property
    def keepable(self) -> bool:
        """Whether it may be kept."""
        return self.sound and not self.noise


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
        """Go back to the state remembered last, at half the rates."""

    def drop(self, specification: int) -> None:
        """Train a specification no further."""

    def breed(self, scores: Mapping[int, float]) -> None:
        """Let lineages of one evolution go on from the best of them."""

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
    growth : float
        Share of ``max_steps`` by which those may go on that improved in their last rung.
    """

    epoch_unit: int
    patience: int
    max_steps: int
    max_time: float = math.inf
    growth: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def next_unit(self, step: int) -> int:
        """Steps to train before the next rung; 0 when the budget is spent."""
        end = self.max_steps if step < self.max_steps else self.last_step
        return 0 if self.seconds >= self.max_time else min(self.epoch_unit, end - step)

    @property
    def last_step(self) -> int:
        """Step at which training ends even where scores still improve."""
        return self.max_steps + int(self.growth * self.max_steps)

    def grown(self, step: int) -> bool:
        """Whether only those may go on from a step that improved there."""
        return self.max_steps <= step < self.last_step


@dataclass
class Follower:
    """One oracle that follows the training, with best scores and stopping steps of its own.

    Parameters
    ----------
    score : callable
        Candidates to their utilities per fold.
    patience : int
        Failures in a row after which a specification stops for this oracle.
    on_rung : callable
        Told of every rung.

    Attributes
    ----------
    scored : list of Scored
        All candidates that it has seen, in order.
    trackers : dict of int to Tracker
        Best scores and failures, by specification.
    over : set of int
        Specifications whose budget did not grow any more.
    """

    score: Score
    patience: int
    on_rung: Callable[[Sequence[Scored]], None] = lambda rung: None
    scored: list[Scored] = field(default_factory=list)
    trackers: dict[int, Tracker] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)

    def follow(self, candidates: Sequence[Candidate], budget: Budget) -> list[Scored]:
        """Score those of a rung that it still follows."""
        watched = [c for c in candidates if not self.has_left(c.specification)]
        if not watched:
            return []
        rung = [self._verdict(c, u, budget) for c, u in zip(watched, self.score(watched), strict=True)]
        self.scored += rung
        self.on_rung(rung)
        self.over |= {c.candidate.specification for c in rung if budget.grown(c.candidate.step)}
        self.over -= {c.candidate.specification for c in rung if c.improved}
        return rung

    def has_left(self, specification: int) -> bool:
        """Whether it follows a specification no longer."""
        stopped = specification in self.trackers and self.trackers[specification].stopped
        return stopped or specification in self.over

    def _verdict(self, candidate: Candidate, utilities: NDArray[np.float64], budget: Budget) -> Scored:
        if candidate.noise:
            return Scored(candidate, utilities, False, 0, budget.seconds)
        tracker = self.trackers.setdefault(candidate.specification, Tracker(self.patience))
        score = float(np.mean(utilities)) if candidate.sound and utilities.size else math.nan
        return Scored(candidate, utilities, tracker.observe(score), tracker.failed, budget.seconds)


def _unheard(step: int, specification: int, controller: str, decision: str) -> None:
    """Log nothing."""


def train(population: Population, followers: Sequence[Follower], budget: Budget, log: Log = _unheard) -> None:
    """Run the loop for every specification until its last follower has left.

    Each specification has its own tracker in every follower, so its trajectory depends neither on who else
    trains nor on who else follows. (Only after weights that are not finite, or new rows that are all alike,
    it goes back to what pleased any follower last; and lineages of an evolution by the oracle are bred by the
    first follower, while it follows them.) A budget may grow for one follower and end for another.
    """
    step = 0
    while candidates := population.candidates(step):
        rungs = [follower.follow(candidates, budget) for follower in followers]
        improved = {entry.candidate.specification for rung in rungs for entry in rung if entry.improved}
        for candidate in candidates:
            _settle(population, candidate, improved, followers)
            _log(candidate, improved, followers, budget, log)
        population.breed({c.candidate.specification: c.mean for c in rungs[0] if c.candidate.keepable})
        unit = budget.next_unit(step)
        if not unit:
            break
        population.advance(unit)
        step += unit


def _settle(
    population: Population, candidate: Candidate, improved: set[int], followers: Sequence[Follower]
) -> None:
    """Tell the population what follows from the scores of a candidate."""
    number = candidate.specification
    if number in improved:
        population.save(number)
    elif not candidate.sound:
        population.rollback(number)
    if not population.trains(number) or all(follower.has_left(number) for follower in followers):
        population.drop(number)


def _log(
    candidate: Candidate, improved: set[int], followers: Sequence[Follower], budget: Budget, log: Log
) -> None:
    """Tell the log what was decided about a candidate."""
    number, step = candidate.specification, candidate.step
    if number not in improved and not candidate.sound:
        why = "new rows were all alike" if candidate.finite else "weights were not finite"
        log(step, number, "rollback", f"{why}: back to the best state, at half the rates")
    goes_on = not all(follower.has_left(number) for follower in followers)
    if budget.grown(step) and budget.next_unit(step) and goes_on:
        end = min(step + budget.epoch_unit, budget.last_step)
        log(step, number, "growth", f"scores still improve: trained on to step {end}")
