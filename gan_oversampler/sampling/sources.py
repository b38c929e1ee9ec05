"""Drawing rows: a base, corrected by a trained generator where there is one."""

# n row, F encoded column

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.nn.generator import Snapshot
from gan_oversampler.nn.learned_geometry import Start
from gan_oversampler.sampling.base_samplers import BASES, Chance, systematic
from gan_oversampler.sampling.pool import Pool
from gan_oversampler.sampling.quasi_random import even

CHUNK: Final = 8192  # rows drawn at once, so that memory stays small however many are asked

Move = Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]
"""``(noise to rows, noise)`` to other noise, for the same starts."""


class Drawer(Protocol):
    """Whatever draws rows."""

    def draw(self, code: int, n: int, streams: Streams) -> NDArray[np.float32]:
        """Rows ``(n, F)`` of one class."""


@dataclass(frozen=True)
class Source:
    """Where new rows come from.

    Parameters
    ----------
    pool : Pool
        Real rows it may use.
    base : str
        Geometric sampler.
    snapshot : Snapshot or None
        Trained generator; None draws from the base alone.
    """

    pool: Pool
    base: str
    snapshot: Snapshot | None = None

    def draw(self, code: int, n: int, streams: Streams, *, move: Move | None = None) -> NDArray[np.float32]:
        """Rows ``(n, F)`` of one class; ``move`` may change the noise of a generator.

        Base and noise have streams of their own, so two generators over one base are compared on the
        same base rows and the same noise; those that learn their geometry on the same friends, steps and
        noise, if their latents are of one length.
        """
        base = streams.torch("base", code)
        noise = streams.torch("noise", code)
        sizes = [min(CHUNK, n - start) for start in range(0, n, CHUNK)]
        chunks = [self._chunk(code, size, base, noise, move) for size in sizes]
        return torch.cat([torch.empty(0, self.pool.space.width), *chunks]).numpy()

    def _chunk(
        self, code: int, n: int, base: torch.Generator, noise: torch.Generator, move: Move | None
    ) -> Tensor:
        hood = self.pool.hoods[code]
        if self.snapshot is None or code not in self.pool.classes:
            return BASES[self.base].draw(hood, n, generator=base)
        label_nC = self._labels(code, n)
        if self.snapshot.generator.family.learnt:
            start, noise_nZ = self._even(code, n, base)
        else:
            start = Start(BASES[self.base].draw(hood, n, generator=base))
            noise_nZ = self.snapshot.latent.draw(n, noise)
        if move is not None:
            noise_nZ = move(partial(self.snapshot.rows, start, label_nC=label_nC), noise_nZ)
        return self.snapshot(start, noise_nZ, label_nC)

    def _even(self, code: int, n: int, generator: torch.Generator) -> tuple[Start, Tensor]:
        """Starts of a learnt geometry and noise, all from numbers that fill their space evenly.

        Neighbours in the even sequence go to the same seed, which is taken as often as the generator has
        learnt to: so each seed alone has friends, steps and noise of all kinds. The order is random.
        """
        assert self.snapshot is not None
        hood, latent = self.pool.hoods[code], self.snapshot.latent
        odds = self.snapshot.odds(hood.traits_nK, self._labels(code, len(hood.rows_nF)))
        order = torch.randperm(n, generator=generator)
        seeds = systematic(odds, n, generator=generator).sort().values[order]
        n_columns = self.pool.space.width
        uniform = even(n, 2 + n_columns + latent.length, generator)[order]
        friend_n, chance_nU, noise_nZ = uniform.tensor_split([1, 2 + n_columns], dim=1)
        friends = hood.any_friend(seeds, friend_n[:, 0], generator)
        (donors,) = self.pool.donors((1, n), generator)
        return hood.start(seeds, friends, donors, Chance.of(chance_nU), generator), latent.of(noise_nZ)

    def _labels(self, code: int, n: int) -> Tensor:
        """One-hot class ``(n, C)``."""
        return F.one_hot(torch.full((n,), self.pool.label(code)), len(self.pool.classes)).float()


@dataclass(frozen=True)
class Mixture:
    """Several sources that draw equal shares.

    Parameters
    ----------
    sources : tuple of whatever draws rows
        At least one; with more rows than sources the first ones draw one more.
    """

    sources: tuple[Drawer, ...]

    def draw(self, code: int, n: int, streams: Streams) -> NDArray[np.float32]:
        """Rows ``(n, F)`` of one class, source by source, each from streams of its own."""
        counts = np.bincount(np.arange(n) % len(self.sources), minlength=len(self.sources)).tolist()
        roots = [streams, *(streams.child("part", i) for i in range(1, len(counts)))]
        parts = zip(self.sources, counts, roots, strict=True)
        return np.concatenate([source.draw(code, k, root) for source, k, root in parts])
