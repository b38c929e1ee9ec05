"""Sources of new rows: a geometric sampler, a trained generator over it, and mixtures of these."""

# n row, F encoded column, C class, Z latent

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_oversampler._utils import Streams, single_threaded
from gan_oversampler.nn.generator import GuidedGenerator, Snapshot
from gan_oversampler.nn.learned_geometry import GuidedStart
from gan_oversampler.sampling.base_samplers import BASES, systematic_resampling
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.neighbourhood import StartNumbers
from gan_oversampler.sampling.quasi_random import sobol
from gan_oversampler.sampling.raking import capped, raked, slack_at

MAX_SEED_ODDS: Final = 4.0  # how often a seed may be drawn, over how often it is if all are alike
CHUNK: Final = 8192  # rows drawn at once, so that memory stays small however many are asked for

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Drawn:
    """New rows of one class, and what they took."""

    rows: Rows  # as many encoded rows as were asked for
    n_proposals: int  # rows that were drawn for them
    n_rejected: int = 0  # the last so many rows had been rejected, and fill up where proposals ran out


class Source(Protocol):
    """Anything that draws new rows of a class."""

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` encoded rows of the class with this code; equal streams give equal rows."""


@dataclass(frozen=True)
class BaseSource:
    """New rows from a geometric sampler."""

    data: FoldData  # real rows it may use
    base: str  # name in ``BASES``

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of one class from the base, out of the random stream of that class."""
        generator, neighbourhood = streams.torch("base", code), self.data.neighbourhoods[code]
        draw = partial(BASES[self.base].draw, neighbourhood, generator=generator)
        return _drawn([draw(size) for size in _chunks(n)], self.data, n)


@dataclass(frozen=True)
class GeneratorSource:
    """New rows from a trained generator; classes that it has not learned are drawn from its base.

    Base rows and noise have random streams of their own, so two generators over one base are compared on the
    same base rows and the same noise; guided generators on the same neighbours, steps and noise, if their
    latents are of one length.
    """

    data: FoldData  # real rows it may use
    base: str  # name in ``BASES``
    snapshot: Snapshot  # the generator

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of one class from the generator, chunk by chunk, so that memory stays small.

        Seeds, neighbours, steps and noise of a guided generator come from one Sobol' sequence per chunk;
        others get base rows and independent noise.
        """
        if code not in self.data.classes:
            return BaseSource(self.data, self.base).draw(code, n, streams)
        base, noise = streams.torch("base", code), streams.torch("noise", code)
        chunks = []
        for size in _chunks(n):
            start: Tensor | GuidedStart | None = None
            if isinstance(self.snapshot.generator, GuidedGenerator):
                start, noise_nZ = self._guided_start(code, size, base)
            else:
                if self.snapshot.generator.uses_base:
                    start = BASES[self.base].draw(self.data.neighbourhoods[code], size, generator=base)
                noise_nZ = self.snapshot.latent.draw(size, noise)
            chunks.append(self.snapshot(start, noise_nZ, self.data.one_hot(code, size)))
        return _drawn(chunks, self.data, n)

    def _guided_start(self, code: int, n: int, generator: torch.Generator) -> tuple[GuidedStart, Tensor]:
        """Starts and noise of a guided generator, all from one Sobol' sequence, in random order."""
        # Neighbours in the sequence go to one seed, which is drawn as often as the generator has learned, up
        # to the shares of states: so each seed alone has neighbours, steps and noise of all kinds.
        neighbourhood, latent = self.data.neighbourhoods[code], self.snapshot.latent
        labels_nC = self.data.one_hot(code, len(neighbourhood.rows_nF))
        probabilities_n = self.snapshot.seed_probabilities(neighbourhood.traits_nK, labels_nC)
        probabilities_n = capped(probabilities_n, MAX_SEED_ODDS)
        if weight := self.snapshot.fidelity:
            rows_nF, space = neighbourhood.rows_nF, self.data.space
            probabilities_n = raked(probabilities_n, rows_nF, space, slack_at(weight))
        order = torch.randperm(n, generator=generator)
        seeds = systematic_resampling(probabilities_n, n, generator=generator).sort().values[order]
        n_columns = self.data.space.width
        uniform = sobol(n, 2 + n_columns + latent.length, generator)[order]
        place_n1, numbers_nU, noise_nZ = uniform.tensor_split([1, 2 + n_columns], dim=1)
        neighbours = neighbourhood.any_neighbour(seeds, place_n1[:, 0], generator)
        (partners,) = self.data.mixing_partners((1, n), generator)
        numbers = StartNumbers.from_uniform(numbers_nU)
        return neighbourhood.start(seeds, neighbours, partners, numbers, generator), latent.of(noise_nZ)


@dataclass(frozen=True)
class Mixture:
    """Several sources that draw equal shares; with more rows than sources the first ones draw one more."""

    sources: tuple[Source, ...]

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of one class, source by source, each from random streams of its own."""
        counts = np.bincount(np.arange(n) % len(self.sources), minlength=len(self.sources)).tolist()
        roots = [streams, *(streams.child("part", i) for i in range(1, len(counts)))]
        parts = [s.draw(code, k, root) for s, k, root in zip(self.sources, counts, roots, strict=True)]
        return Drawn(np.concatenate([part.rows for part in parts]), sum(part.n_proposals for part in parts))


@dataclass(frozen=True)
class DrawnClasses:
    """New rows of several classes, class by class."""

    codes: NDArray[np.intp]  # class code of each row
    rows: Rows  # encoded rows
    by_class: Mapping[int, Drawn]  # the same rows by class code, and what they took


def draw_classes(source: Source, n_new: Mapping[int, int], streams: Streams, width: int) -> DrawnClasses:
    """Draw as many rows of each class as ``n_new`` says by code, class by class, ``width`` columns each."""
    by_class = {code: source.draw(code, n, streams) for code, n in n_new.items()}
    rows = [np.empty((0, width), np.float32), *(drawn.rows for drawn in by_class.values())]
    codes = np.repeat(np.array(list(n_new), np.intp), [len(drawn.rows) for drawn in by_class.values()])
    return DrawnClasses(codes, np.concatenate(rows), by_class)


def draw_again(
    source: Source, codes: NDArray[np.intp], streams: Streams, width: int, at: NDArray[np.intp], attempt: int
) -> Rows:
    """Draw other rows of the same classes for the positions ``at``, at which rows break a constraint."""
    labels, counts = np.unique(codes[at], return_counts=True)
    rows = np.empty((len(at), width), np.float32)
    for code, n in zip(labels.tolist(), counts.tolist(), strict=True):
        with single_threaded():
            rows[codes[at] == code] = source.draw(code, n, streams.child("again", attempt)).rows
    return rows


def _chunks(n: int) -> list[int]:
    return [min(CHUNK, n - start) for start in range(0, n, CHUNK)]


def _drawn(chunks: Sequence[Tensor], data: FoldData, n: int) -> Drawn:
    return Drawn(torch.cat([torch.empty(0, data.space.width), *chunks]).numpy(), n)
