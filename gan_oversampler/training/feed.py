"""What a member trains on: the rows it may see, and endless batches of them."""

# T batch, B row, F encoded column, Z latent, C class

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gan_oversampler.bases import Base, Neighbourhood, systematic
from gan_oversampler.space import RowSpace


@dataclass(frozen=True)
class Pool:
    """Rows of each class that the members of one fold may see, with their neighbourhoods.

    Attributes
    ----------
    classes : tuple of int
        Class codes that generators learn; position in it is the one-hot label.
    hoods : dict of int to Neighbourhood
        One per class that is drawn from a base.
    reals : dict of int to Tensor
        ``(n, F)`` rows per learned class.
    """

    space: RowSpace
    classes: tuple[int, ...]
    hoods: dict[int, Neighbourhood]
    reals: dict[int, Tensor]

    @classmethod
    def of(
        cls,
        rows: NDArray[np.float32],
        codes: NDArray[np.intp],
        space: RowSpace,
        *,
        learned: Sequence[int],
        drawn: Sequence[int],
    ) -> Pool:
        """Pool of rows ``(n, F)`` with class codes ``(n,)``.

        ``learned`` are the classes GANs are trained on, ``drawn`` those that need a base.
        """
        return cls(
            space,
            tuple(learned),
            {
                c: Neighbourhood.of(rows[codes == c], rows[codes != c], space)
                for c in drawn
                if (codes == c).any()
            },
            {c: torch.from_numpy(rows[codes == c]) for c in learned},
        )

    def label(self, code: int) -> int:
        """Position of a class among the learned ones."""
        return self.classes.index(code)


@dataclass(frozen=True, slots=True)
class Batches:
    """T batches of one member, or of P when stacked: leading dimension T, then P if stacked."""

    real: Tensor
    base: Tensor
    noise: Tensor
    label: Tensor
    mix: Tensor

    @classmethod
    def stack(cls, parts: Sequence[Batches], device: torch.device) -> Batches:
        """Batches of a population: ``(T, B, ...)`` of each member to ``(T, P, B, ...)``."""

        def stacked(name: str) -> Tensor:
            return torch.stack([getattr(part, name) for part in parts], dim=1).to(device)

        return cls(*map(stacked, cls.__slots__))

    def take(self, index: int | Sequence[int]) -> Batches:
        """Some along the leading dimension."""
        return Batches(*(getattr(self, name)[index] for name in self.__slots__))


@dataclass(frozen=True)
class Feed:
    """Batches of one member from its own stream: real and base rows of the same class, paired."""

    pool: Pool
    base: Base | None
    batch_size: int
    latent: int
    stream: torch.Generator

    def draw(self, n_batches: int, *, balanced: bool = True) -> Batches:
        """The next batches, ``(T, B, ...)`` each, classes in equal shares or in those of the rows."""
        n = n_batches * self.batch_size
        counts = self._counts(n, balanced=balanced)
        order = torch.randperm(n, generator=self.stream)
        real = torch.cat([self._real(c, k) for c, k in zip(self.pool.classes, counts, strict=True)])
        label = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))

        def batched(rows: Tensor) -> Tensor:
            return rows.unflatten(0, (n_batches, self.batch_size))

        return Batches(
            real=batched(real[order]),
            base=batched(self._base(counts)[order]),
            noise=batched(torch.randn(n, self.latent, generator=self.stream)),
            label=batched(F.one_hot(label[order], len(counts)).float()),
            mix=batched(torch.rand(n, 1, generator=self.stream)),
        )

    def _counts(self, n: int, *, balanced: bool) -> list[int]:
        """Rows per class."""
        sizes = [1 if balanced else len(self.pool.reals[c]) for c in self.pool.classes]
        ends = -(-n * np.cumsum(sizes) // sum(sizes))
        return np.diff(ends, prepend=0).tolist()

    def _real(self, code: int, n: int) -> Tensor:
        rows = self.pool.reals[code]
        return rows[systematic(torch.ones(len(rows)), n, generator=self.stream)]

    def _base(self, counts: Sequence[int]) -> Tensor:
        if self.base is None:
            return torch.zeros(sum(counts), self.pool.space.width)
        drawn = zip(self.pool.classes, counts, strict=True)
        return torch.cat([self.base.draw(self.pool.hoods[c], k, generator=self.stream) for c, k in drawn])
