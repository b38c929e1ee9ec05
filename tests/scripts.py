"""A population that follows a script of scores, for tests of the loop: no network, no clock."""

import math
from dataclasses import dataclass, field

import numpy as np

from gan_oversampler.training.loop import Budget, Candidate, OracleTracker, train

NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Weights:
    """All that the loop asks of a snapshot."""

    is_finite: bool = True


@dataclass
class Script:
    """A population that only takes notes.

    ``scores`` are per specification and evaluation round; the last one repeats. Weights in ``broken`` are
    not finite; specifications in ``untrained`` have no loss term.
    """

    scores: dict[int, list[float]]
    broken: set[tuple[int, int]] = field(default_factory=set)
    folds: tuple[int, ...] = (0, 1)
    untrained: frozenset[int] = frozenset()

    def __post_init__(self):
        self.active, self.round, self.log = list(self.scores), 0, []

    def advance(self, n_steps, goes_on):
        self.round += 1
        done = next((n for n in range(1, n_steps + 1) if not goes_on(n)), n_steps)
        self.log.append(("advance", done))
        return done

    def candidates(self, step):
        return [
            Candidate(n, step, {f: Weights((n, self.round) not in self.broken) for f in (*self.folds, None)})
            for n in self.active
        ]

    def score(self, candidates):
        now = {n: scores[min(self.round, len(scores) - 1)] for n, scores in self.scores.items()}
        return [np.full(len(self.folds), now[c.specification]) for c in candidates]

    def save(self, specification):
        self.log.append(("save", specification, self.round))

    def roll_back(self, specification):
        self.log.append(("rollback", specification, self.round))

    def drop(self, specification):
        self.active.remove(specification)
        self.log.append(("drop", specification, self.round))

    def trains(self, specification):
        return specification not in self.untrained

    def noted(self, word):
        return [entry[1:] for entry in self.log if entry[0] == word]


class Seconds:
    """A clock that goes on by one second whenever it is asked."""

    def __init__(self):
        self.now = -1.0

    def __call__(self):
        self.now += 1
        return self.now


def run(population, trackers, budget):
    """What is logged while a population is trained."""
    log = []
    train(population, trackers, budget, Seconds(), lambda *event: log.append(event))
    return log


def scored_by(script, *, unit=10, patience=3, max_steps=1000, **options):
    """All that an oracle has scored of a script."""
    tracker = OracleTracker(script.score, patience)
    run(script, [tracker], Budget(unit, patience, max_steps, **options))
    return tracker.scored


def trajectory(scored, specification=0):
    """Steps, improvements and failures in a row of one specification."""
    own = [s for s in scored if s.candidate.specification == specification]
    return [s.candidate.step for s in own], [s.improved for s in own], [s.n_failed for s in own]
