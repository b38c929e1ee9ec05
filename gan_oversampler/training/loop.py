"""The AutoGAN loop: train a unit, score, keep the best, stop when it no longer improves.

Nazari, Branco & Jourdan 2023, with the defects of the released code mended: scores come from rows that the
scored member never saw, untrained generators are scored too, a score that is not finite is a failure, weights
that are not finite are rolled back at half the rates, and training stops after exactly ``patience`` failures
in a row. Several oracles may track one training; each has its own best step and its own end.
"""

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

    specification: int  # position of the GAN in the user's list
    step: int  # generator updates so far
    snapshots: dict[int | None, Snapshot]  # by the fold never seen; None: the first that saw all rows
    losses: tuple[float, float] = (math.nan, math.nan)  # of critic and generator, since the last round
    replicas: tuple[Snapshot, ...] = ()  # further members that saw all rows; they sample beside the first
    is_collapsed: bool = False  # whether a controller found that generated rows are all alike
    # whether it is the untrained start of a generator that begins with noise. It is scored for comparison,
    # but never kept: such rows lie so far from all others that a downstream score hardly minds them
    is_noise: bool = False

    @property
    def samplers(self) -> tuple[Snapshot, ...]:
        """Generators that saw all rows, from which new rows are drawn in the end: one or more replicas."""
        return (self.snapshots[None], *self.replicas)

    @property
    def is_finite(self) -> bool:
        """Whether no member has diverged, that is, all of them have finite weights."""
        return all(snapshot.is_finite for snapshot in (*self.snapshots.values(), *self.replicas))

    @property
    def is_sound(self) -> bool:
        """Whether training may go on from it, because it has neither diverged nor collapsed."""
        return self.is_finite and not self.is_collapsed

    @property
    def may_be_kept(self) -> bool:
        """Whether it may sample in the end: it is sound, and it is not an untrained generator of noise."""
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
        """Mean utility over the folds, by which candidates are compared; NaN where there are no folds."""
        return float(np.mean(self.utilities)) if self.utilities.size else math.nan


class Population(Protocol):
    """What the loop asks of a population; ``specification`` is a position in the user's list of GANs."""

    def advance(self, n_steps: int, goes_on: Callable[[int], bool]) -> int:
        """Train every specification that has not been dropped for some generator steps, and count these.

        ``goes_on`` is called with the steps done so far after each of them; if it returns False, no more
        steps are done.
        """

    def candidates(self, step: int) -> Sequence[Candidate]:
        """List those specifications as they are now, after ``step`` steps; an empty list ends the loop."""

    def save(self, specification: int) -> None:
        """Remember the numbers of a specification, because an oracle found its best score so far."""

    def roll_back(self, specification: int) -> None:
        """Go back to the numbers remembered last, at half the learning rates."""

    def drop(self, specification: int) -> None:
        """Train a specification no further, and leave it out of ``candidates``."""

    def trains(self, specification: int) -> bool:
        """Tell whether a specification has any loss term to be trained by."""

    @property
    def active(self) -> Sequence[int]:
        """Specifications that have not been dropped, in the user's order."""


Score = Callable[[Sequence[Candidate]], Sequence[NDArray[np.float64]]]


@dataclass(frozen=True)
class Budget:
    """How long to train."""

    epoch_unit: int  # steps between two evaluation rounds
    patience: int  # scores in a row without improvement after which a specification stops
    max_steps: int  # steps after which all stop
    max_time: float = math.inf  # seconds since the fit began after which no further step is begun
    growth: float = (
        0.0  # share of ``max_steps`` by which specifications go on that improved in their last round
    )

    def next_unit(self, step: int, seconds: float) -> int:
        """Count the steps to train from ``step`` to the next evaluation round; 0 when the budget is spent.

        A unit ends at ``max_steps`` and at ``last_step`` at the latest. No unit is begun when ``seconds``
        since the fit began, together with those that are needed after the training, reach ``max_time``.
        """
        end = self.max_steps if step < self.max_steps else self.last_step
        return 0 if seconds >= self.max_time else min(self.epoch_unit, end - step)

    @property
    def last_step(self) -> int:
        """Step at which training ends even where scores still improve, with all the growth allowed."""
        return self.max_steps + int(self.growth * self.max_steps)

    @property
    def max_rounds(self) -> int:
        """Most evaluation rounds, with that of the untrained generators and all the growth allowed.

        >>> Budget(epoch_unit=50, patience=2, max_steps=120, growth=0.5).max_rounds
        6
        """
        grown = self.last_step - self.max_steps
        return 1 + math.ceil(self.max_steps / self.epoch_unit) + math.ceil(grown / self.epoch_unit)

    def has_grown(self, step: int) -> bool:
        """Tell whether only those specifications go on from a step that improved in its evaluation round."""
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
        """Take in the next score, and tell whether it beats all before; ties and NaN count as failures."""
        improved = math.isfinite(score) and score > self.best
        self.best = score if improved else self.best
        self.n_failed = 0 if improved else self.n_failed + 1
        return improved

    @property
    def stopped(self) -> bool:
        """Whether patience has run out: as many scores in a row as it allows were no improvement."""
        return self.n_failed >= self.patience


@dataclass
class OracleTracker:
    """One oracle that tracks a training, with best scores and stopping steps of its own."""

    score: Score  # candidates to their utilities per fold
    patience: float  # failures in a row after which a specification stops; ``inf`` never stops one
    on_round: Callable[[Sequence[Scored]], None] = lambda scored: None  # called after every evaluation round
    scored: list[Scored] = field(default_factory=list)  # all candidates that it has scored, in order
    trackers: dict[int, Tracker] = field(default_factory=dict)  # best scores and failures, by specification
    finished: set[int] = field(default_factory=set)  # specifications whose budget did not grow any more

    def evaluate(
        self, candidates: Sequence[Candidate], budget: Budget, seconds: Callable[[], float]
    ) -> list[Scored]:
        """Score the candidates of an evaluation round whose specifications the oracle still tracks.

        Their order is kept. Candidates that diverged or collapsed count as failures with any score; untrained
        noise is scored, but neither improves nor fails. ``seconds`` tells the time since the fit began. In
        the part of a budget that has grown, a specification that does not improve is finished.
        """
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
        """Tell whether the oracle tracks a specification no longer: patience or growth has ended."""
        stopped = specification in self.trackers and self.trackers[specification].stopped
        return stopped or specification in self.finished


class Watcher:
    """Looks on while the loop runs. This one sees nothing and lets it run on; subclasses may end it."""

    def round_begins(self) -> None:
        """Called before the untrained generators are scored, and before each unit of training."""

    def step_ends(self, step: int) -> None:
        """Called after every generator step, with the number of steps so far."""

    def round_ends(self, step: int) -> bool:
        """Called once all oracles have scored what there is after ``step`` steps; True ends the training."""
        return False

    def seconds_after(self) -> float:
        """Estimate the seconds needed after the last step of training, which ``max_time`` includes."""
        return 0.0


def train(
    population: Population,
    trackers: Sequence[OracleTracker],
    budget: Budget,
    seconds: Callable[[], float],
    log: Log = lambda *decision: None,
    watcher: Watcher | None = None,
    begun: int | None = None,
) -> None:
    """Train and score in turn, until no oracle tracks a specification any more or the budget is spent.

    Each specification has a tracker of its own in that of every oracle, so its trajectory depends neither on
    what else trains nor on which other oracles look on. Only after weights that are not finite, or generated
    rows that are all alike, it goes back to the last state in which any oracle's score improved. A budget may
    grow for one oracle and end for another. ``seconds`` tells the time since the fit began; ``log`` is called
    with the step, the specification, the name and the words of every decision. Where time runs out within a
    unit, the steps done until then are scored as the last evaluation round. A training that has ``begun``
    goes on from the evaluation round of this step, which is told of, but not scored again.
    """
    watcher, step, is_cut = watcher or Watcher(), begun or 0, False
    watcher.round_begins()
    if begun is None:
        _score(population, trackers, budget, seconds, log, step)
    while True:
        is_over, after = watcher.round_ends(step) or is_cut, watcher.seconds_after()
        unit = 0 if is_over else budget.next_unit(step, seconds() + after)
        if not unit or not population.active:
            break
        for number in population.active if budget.has_grown(step) else ():
            log(step, number, "growth", f"scores still improve: trained on to step {step + unit}")

        def goes_on(n_done: int, begun: int = step, after: float = after) -> bool:
            watcher.step_ends(begun + n_done)
            return seconds() + after < budget.max_time

        watcher.round_begins()
        n_done = population.advance(unit, goes_on)
        step, is_cut = step + n_done, n_done < unit
        _score(population, trackers, budget, seconds, log, step)


def _score(
    population: Population,
    trackers: Sequence[OracleTracker],
    budget: Budget,
    seconds: Callable[[], float],
    log: Log,
    step: int,
) -> None:
    """Let all oracles score what there is after some steps, and drop what none of them tracks any more."""
    candidates = population.candidates(step)
    rounds = [tracker.evaluate(candidates, budget, seconds) for tracker in trackers]
    improved = {scored.candidate.specification for found in rounds for scored in found if scored.improved}
    for candidate in candidates:
        number = candidate.specification
        _settle(population, candidate, number in improved, log)
        if all(tracker.has_left(number) for tracker in trackers) or not population.trains(number):
            population.drop(number)


def _settle(population: Population, candidate: Candidate, has_improved: bool, log: Log) -> None:
    """Save a specification that has improved; roll back one that has diverged or collapsed."""
    number = candidate.specification
    if has_improved:
        population.save(number)
    elif not candidate.is_sound:
        population.roll_back(number)
        why = "new rows were all alike" if candidate.is_finite else "weights were not finite"
        log(candidate.step, number, "rollback", f"{why}: back to the best state, at half the rates")
