"""How far a training has come: all that it has changed, so that another process can go on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.callbacks import Event
from gan_oversampler.gans.gan import GAN
from gan_oversampler.selection.history import HistoryWriter
from gan_oversampler.selection.scoring import Evaluator, ScoringFailure
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import OracleTracker, Scored, Tracker
from gan_oversampler.training.population import CrossFittedPopulation, PopulationNumbers

OTHER_FOLDS: Final = (
    "The checkpoint cannot be gone on from: it has other folds, because `cv` draws new ones for every fit."
    " Give `cv` an integer as random_state, or set warm_start=False, which begins anew."
)


@dataclass(frozen=True)
class Tracked:
    """What one oracle has made of a training so far."""

    scored: list[Scored]
    trackers: dict[int, Tracker]
    finished: set[int]
    failures: list[ScoringFailure]  # candidates that it could not score
    history: pd.DataFrame  # the same scores as a table


@dataclass(frozen=True)
class Progress:
    """A training at the end of an evaluation round.

    Seeds of random streams are not part of it, as streams have names: only the positions of those that
    members draw their batches and dropout from are.
    """

    step: int
    population: PopulationNumbers
    tracked: tuple[Tracked, ...]  # one per oracle
    heldout: tuple[NDArray[np.intp], ...]  # positions of the held-out rows of each fold
    events: tuple[Event, ...]
    seconds: float  # since the fit began
    by_phase: dict[str, float]
    gans: tuple[GAN, ...]
    data: TrainingData  # what snapshots draw with

    @classmethod
    def of(
        cls,
        step: int,
        population: CrossFittedPopulation,
        trackers: Sequence[OracleTracker],
        evaluators: Sequence[Evaluator],
        **facts: Any,
    ) -> Progress:
        """Collect what a training has changed until a step.

        There is one tracker per evaluator, or a single one and no evaluator. ``facts`` are the events, and
        the seconds.
        """
        its_evaluators: Sequence[Evaluator | None] = evaluators or [None]
        pairs = zip(trackers, its_evaluators, strict=True)
        tracked = [_tracked(population.gans, *pair) for pair in pairs]
        return cls(
            step,
            population.numbers(),
            tuple(tracked),
            _heldout(evaluators),
            gans=tuple(population.gans),
            data=population.data.without_folds(),
            **facts,
        )

    def restore(
        self,
        population: CrossFittedPopulation,
        trackers: Sequence[OracleTracker],
        evaluators: Sequence[Evaluator],
    ) -> None:
        """Bring a training that has not begun to where this one was; ``ValueError`` if its folds differ."""
        here = _heldout(evaluators)
        if len(here) != len(self.heldout) or not all(map(np.array_equal, here, self.heldout)):
            raise ValueError(OTHER_FOLDS)
        population.restore(self.population)
        for tracker, found in zip(trackers, self.tracked, strict=True):
            tracker.scored, tracker.trackers = found.scored, found.trackers
            tracker.finished = found.finished
        for evaluator, found in zip(evaluators, self.tracked, strict=False):
            evaluator.failures += found.failures


class Checkpoint(Protocol):
    """What a training is written to after every evaluation round."""

    found: Progress | None  # of an earlier process, which is to be gone on from

    def write(self, progress: Progress) -> None:
        """Replace what was written before."""


def _tracked(gans: Sequence[GAN], tracker: OracleTracker, evaluator: Evaluator | None) -> Tracked:
    failures = [failure for failure in evaluator.failures if failure.step is not None] if evaluator else []
    writer = HistoryWriter(gans, *((evaluator.sign, evaluator.heldout_ratio) if evaluator else (np.nan,)))
    history = writer.history(tracker.scored)
    trackers = {number: replace(its) for number, its in tracker.trackers.items()}  # these change
    return Tracked(list(tracker.scored), trackers, set(tracker.finished), failures, history)


def _heldout(evaluators: Sequence[Evaluator]) -> tuple[NDArray[np.intp], ...]:
    folds = evaluators[0].folds if evaluators else ()
    return tuple(fold.heldout.origin for fold in folds if fold.heldout.origin is not None)
