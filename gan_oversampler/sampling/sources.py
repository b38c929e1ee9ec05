"""Sources of new rows: a geometric sampler, a trained generator over it, and mixtures of these."""

# n row, F encoded column, C class, Z latent

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_oversampler._utils import Streams, single_threaded
from gan_oversampler.nn.generator import GuidedGenerator, Snapshot
from gan_oversampler.nn.learned_geometry import OWN_CLASS, GuidedStart
from gan_oversampler.sampling.base_samplers import BASES, systematic_resampling
from gan_oversampler.sampling.fold_data import FoldData, Masks
from gan_oversampler.sampling.neighbourhood import StartNumbers
from gan_oversampler.sampling.quasi_random import sobol
from gan_oversampler.sampling.raking import capped, raked, slack_at

# How often a seed may be drawn, over how often it is if all are alike; shares of states may ask for more.
MAX_SEED_ODDS: Final = 4.0
N_EXTRA: Final = 16  # rows drawn beyond those needed: all parts of a mixture have a share, few batches fail
CHUNK: Final = 8192  # rows drawn at once, so that memory stays small however many are asked for

Rows = NDArray[np.float32]
_Chunk = tuple[Tensor, Tensor | None]  # rows, and the positions of their seeds in the class, if there are any


@dataclass(frozen=True)
class Drawn:
    """New rows of one class, and what they took."""

    rows: Rows  # as many encoded rows as were asked for
    n_proposals: int  # rows that were drawn for them
    # position in the user's table of the real row that each one started from; None: from none
    seeds: NDArray[np.intp] | None = None
    # which rows had been rejected, and fill up where proposals ran out; None: none
    rejected: NDArray[np.bool_] | None = None

    @property
    def seed_indices(self) -> NDArray[np.intp]:
        """Positions of the seeds in the user's table ``(n,)``; -1 for rows that started from noise alone."""
        return np.full(len(self.rows), -1) if self.seeds is None else self.seeds

    @property
    def is_rejected(self) -> NDArray[np.bool_]:
        """Which rows had been rejected ``(n,)``, and fill up."""
        return np.zeros(len(self.rows), bool) if self.rejected is None else self.rejected

    @property
    def n_rejected(self) -> int:
        """How many rows had been rejected."""
        return int(self.is_rejected.sum())

    def at(self, index: NDArray[np.intp]) -> Drawn:
        """Return the rows at some positions, with what is known of them; they took the proposals of all."""
        return Drawn(self.rows[index], self.n_proposals, self.seed_indices[index], self.is_rejected[index])

    @classmethod
    def joined(cls, parts: Sequence[Drawn]) -> Drawn:
        """Join one or more draws, one after the other."""
        known = zip(*((part.rows, part.seed_indices, part.is_rejected) for part in parts))
        rows, seeds, rejected = map(np.concatenate, known)
        return cls(rows, sum(part.n_proposals for part in parts), seeds, rejected)


class Source(Protocol):
    """Anything that draws new rows of a class."""

    @property
    def data(self) -> FoldData:
        """Real rows that new ones start from."""

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` encoded rows of the class with this code; equal streams give equal rows."""

    def among(self, code: int, masks: Masks) -> Source:
        """Return a source of rows of one class that start from, and mix with, some of the real rows only."""


@dataclass(frozen=True)
class BaseSource:
    """New rows from a geometric sampler."""

    data: FoldData  # real rows it may use
    base: str  # name in ``BASES``

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of one class from the base, out of the random stream of that class."""
        generator = streams.torch("base", code)
        chunks: list[_Chunk] = [
            _base_rows(self.data, self.base, code, size, generator) for size in _chunks(n)
        ]
        return _drawn(chunks, self.data, code)

    def among(self, code: int, masks: Masks) -> BaseSource:
        """Return the source over some real rows."""
        return replace(self, data=self.data.among(code, masks))


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
        chunks: list[_Chunk] = []
        for size in _chunks(n):
            start: Tensor | GuidedStart | None = None
            seeds: Tensor | None = None
            if isinstance(self.snapshot.generator, GuidedGenerator):
                start, noise_nZ, seeds = self._guided_start(code, size, base)
            else:
                if self.snapshot.generator.uses_base:
                    start, seeds = _base_rows(self.data, self.base, code, size, base)
                noise_nZ = self.snapshot.latent.draw(size, noise)
            chunks.append((self.snapshot(start, noise_nZ, self.data.one_hot(code, size)), seeds))
        return _drawn(chunks, self.data, code)

    def among(self, code: int, masks: Masks) -> GeneratorSource:
        """Return the source over some real rows; which of these are drawn how often stays as learned."""
        return replace(self, data=self.data.among(code, masks))

    def _guided_start(
        self, code: int, n: int, generator: torch.Generator
    ) -> tuple[GuidedStart, Tensor, Tensor]:
        """Starts, noise and seeds of a guided generator, from one Sobol' sequence, in random order."""
        # Neighbours in the sequence go to one seed, which is drawn as often as the generator has learned, up
        # to the shares of states: so each seed alone has neighbours, steps and noise of all kinds.
        neighbourhood, latent = self.data.neighbourhoods[code], self.snapshot.latent
        probabilities_n = self._seed_probabilities(code)
        order = torch.randperm(n, generator=generator)
        seeds = systematic_resampling(probabilities_n, n, generator=generator).sort().values[order]
        n_columns = self.data.space.width
        uniform = sobol(n, 2 + n_columns + latent.length, generator)[order]
        place_n1, numbers_nU, noise_nZ = uniform.tensor_split([1, 2 + n_columns], dim=1)
        neighbours = neighbourhood.any_neighbour(seeds, place_n1[:, 0], generator)
        only = code if self.snapshot.mixing == OWN_CLASS else None
        (partners,) = self.data.mixing_partners((1, n), generator, only=only)
        numbers = StartNumbers.from_uniform(numbers_nU, self.data.space.values_V)
        start = neighbourhood.start(seeds, neighbours, partners, numbers, generator)
        return start, latent.of(noise_nZ), seeds

    def _seed_probabilities(self, code: int) -> Tensor:
        """How likely each row of a class is a seed ``(n,)``, computed once for all draws."""
        if code not in self._known_probabilities:
            near, snapshot = self.data.neighbourhoods[code], self.snapshot
            labels_nC = self.data.one_hot(code, len(near.rows_nF))
            found_n = capped(snapshot.seed_probabilities(near.traits_nK, labels_nC), MAX_SEED_ODDS)
            if near.weight_n is not None:
                found_n = found_n * near.weight_n / (found_n * near.weight_n).sum()
            if snapshot.fidelity:
                slack = slack_at(snapshot.fidelity)
                found_n = raked(found_n, near.rows_nF, self.data.space, slack, near.weight_n)
            self._known_probabilities[code] = found_n
        return self._known_probabilities[code]

    @cached_property
    def _known_probabilities(self) -> dict[int, Tensor]:
        return {}


@dataclass(frozen=True)
class Mixture:
    """Several sources that draw equal shares; with more rows than sources the first ones draw one more."""

    sources: tuple[Source, ...]

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of one class, source by source, each from random streams of its own."""
        counts = np.bincount(np.arange(n) % len(self.sources), minlength=len(self.sources)).tolist()
        roots = [streams, *(streams.child("part", i) for i in range(1, len(counts)))]
        parts = zip(self.sources, counts, roots, strict=True)
        return Drawn.joined([source.draw(code, k, root) for source, k, root in parts])

    @property
    def data(self) -> FoldData:
        """Real rows that new ones start from, of the source that has kept most classes of them."""
        return max((source.data for source in self.sources), key=lambda data: len(data.known_rows))

    def among(self, code: int, masks: Masks) -> Mixture:
        """Return the mixture over some real rows."""
        return Mixture(tuple(source.among(code, masks) for source in self.sources))


@dataclass(frozen=True)
class DrawnClasses:
    """New rows of several classes, class by class."""

    codes: NDArray[np.intp]  # class code of each row
    rows: Rows  # encoded rows
    by_class: Mapping[int, Drawn]  # the same rows by class code, and what they took

    @property
    def seed_indices(self) -> NDArray[np.intp]:
        """Positions in the user's table of the real rows that they started from ``(n,)``, -1 for none."""
        return np.concatenate([np.empty(0, np.intp), *(d.seed_indices for d in self.by_class.values())])


def draw_classes(source: Source, n_new: Mapping[int, int], streams: Streams, width: int) -> DrawnClasses:
    """Draw as many rows of each class as ``n_new`` says by code, class by class, ``width`` columns each."""
    by_class = {code: source.draw(code, n, streams) for code, n in n_new.items()}
    rows = [np.empty((0, width), np.float32), *(drawn.rows for drawn in by_class.values())]
    codes = np.repeat(np.array(list(n_new), np.intp), [len(drawn.rows) for drawn in by_class.values()])
    return DrawnClasses(codes, np.concatenate(rows), by_class)


def draw_in_random_order(
    source: Source, code: int, n: int, streams: Streams, rng: np.random.Generator
) -> Drawn:
    """Draw ``n`` rows of one class in random order: mixtures draw one source after the other."""
    return source.draw(code, n, streams).at(rng.permutation(n))


@dataclass(frozen=True)
class Redrawing:
    """Draws other rows in place of some that cannot stay, of the same classes, and notes where they start."""

    source: Source
    codes: NDArray[np.intp]  # class code of every row
    seeds: NDArray[np.intp]  # positions of the real rows that they started from, changed in place
    streams: Streams

    def __call__(self, at: NDArray[np.intp], attempt: int) -> Rows:
        """Draw rows for some positions: ``(n, F)`` for ``at`` ``(n,)``; each attempt has its own streams."""
        found = self.drawn(at, self.streams.child("again", attempt))
        self.seeds[at] = found.seed_indices
        return found.rows

    def drawn(self, at: NDArray[np.intp], streams: Streams) -> Drawn:
        """Draw rows for some positions, of which none is replaced yet."""
        codes = self.codes[at]
        places = {code: np.flatnonzero(codes == code) for code in np.unique(codes).tolist()}
        with single_threaded():
            drawn = [self._some(code, len(place), streams) for code, place in places.items()]
        return Drawn.joined(drawn).at(np.argsort(np.concatenate(list(places.values()))))

    def _some(self, code: int, n: int, streams: Streams) -> Drawn:
        rng = streams.numpy("order", code)
        return draw_in_random_order(self.source, code, n + N_EXTRA, streams, rng).at(np.arange(n))


def _chunks(n: int) -> list[int]:
    return [min(CHUNK, n - start) for start in range(0, n, CHUNK)]


def _base_rows(
    data: FoldData, name: str, code: int, n: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Rows of a base ``(n, F)``, and the positions of their seeds among the rows of the class."""
    base, neighbourhood = BASES[name], data.neighbourhoods[code]
    seeds = base.draw_seeds(neighbourhood, n, generator=generator)
    return base.rows_from(neighbourhood, seeds, generator=generator), seeds


def _drawn(chunks: Sequence[_Chunk], data: FoldData, code: int) -> Drawn:
    """Rows and seeds of all chunks; seeds become positions in the table."""
    rows = torch.cat([torch.empty(0, data.space.width), *(rows for rows, _ in chunks)]).numpy()
    known = [seeds for _, seeds in chunks if seeds is not None]
    if not known:
        return Drawn(rows, len(rows))
    return Drawn(rows, len(rows), seeds=data.positions[code][torch.cat(known).numpy()])
