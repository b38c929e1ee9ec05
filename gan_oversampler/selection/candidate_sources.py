"""Sources of a candidate: what draws in the end, and what draws in each fold without having seen its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.sources import BaseSource, GeneratorSource, Mixture, Source
from gan_oversampler.training.data import TrainingData
from gan_oversampler.training.loop import Candidate


@dataclass(frozen=True)
class CrossFittedSources:
    """A source that saw all rows, and for every fold one that never saw its held-out rows."""

    full: Source  # draws the new rows in the end
    by_fold: tuple[Source, ...] = ()  # is scored and shown, fold by fold; empty where nothing was held out

    def each(self, change: Callable[[int | None, Source], Source]) -> CrossFittedSources:
        """Replace every source by what a function makes of its fold (None for the full one) and of itself."""
        by_fold = tuple(change(fold, source) for fold, source in enumerate(self.by_fold))
        return CrossFittedSources(change(None, self.full), by_fold)


def fold_source(gan: GAN, candidate: Candidate, data: TrainingData, fold: int) -> GeneratorSource:
    """Make the source of a candidate in one fold: its generator that never saw that fold's held-out rows."""
    return GeneratorSource(data.fold(gan, fold), gan.base, candidate.snapshots[fold])


def generator_sources(
    gans: Sequence[GAN], candidates: Sequence[Candidate], data: TrainingData, n_folds: int
) -> CrossFittedSources:
    """Make the sources of candidates that sample together, in equal shares.

    In the end all replicas of each candidate draw; in a fold each candidate has one generator. Without folds
    (``n_folds=0``) there is only the source of the end.
    """
    full: list[Source] = []
    for candidate in candidates:
        gan = gans[candidate.specification]
        # Replicas of an untrained generator are all alike, so one is enough.
        samplers = candidate.samplers if candidate.step else candidate.samplers[:1]
        full += [GeneratorSource(data.full(gan), gan.base, snapshot) for snapshot in samplers]
    by_fold = tuple(
        Mixture(tuple(fold_source(gans[c.specification], c, data, fold) for c in candidates))
        for fold in range(n_folds)
    )
    return CrossFittedSources(Mixture(tuple(full)), by_fold)


def base_sources(base: str, data: TrainingData, n_folds: int) -> CrossFittedSources:
    """Make the sources of a geometric sampler: of all rows, and of the training rows of each fold."""
    by_fold = tuple(BaseSource(data.fold(None, fold), base) for fold in range(n_folds))
    return CrossFittedSources(BaseSource(data.full(), base), by_fold)
