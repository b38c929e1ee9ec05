"""Endless batches of the rows that a member may see."""

# T batch, B row, F encoded column, Z latent, C class

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.gans.utility import Lesson
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.learned_geometry import Start
from gan_oversampler.sampling.base_samplers import Base, systematic
from gan_oversampler.sampling.pool import Pool
from gan_oversampler.training.lessons import Lessons


@dataclass(frozen=True, slots=True)
class Batches:
    """T batches of one member, or of P when stacked: leading dimension T, then P if stacked."""

    real: Tensor
    start: Start
    noise: Tensor
    label: Tensor
    mix: Tensor
    lesson: Lesson | None = None

    @classmethod
    def stack(cls, parts: Sequence[Batches], device: torch.device) -> Batches:
        """Batches of a population: ``(T, B, ...)`` of each member to ``(T, P, B, ...)``."""
        return cls(*(_stack([getattr(part, field.name) for part in parts], device) for field in fields(cls)))

    def take(self, index: int | Sequence[int]) -> Batches:
        """Some along the leading dimension."""
        return Batches(*(_take(getattr(self, field.name), index) for field in fields(self)))


def _stack(parts: Sequence[Any], device: torch.device) -> Any:
    """Tensors, nothing at all, or values made of them, side by side along the second dimension."""
    first = parts[0]
    if first is None:
        return None
    if isinstance(first, Tensor):
        return torch.stack(list(parts), dim=1).to(device)
    names = [field.name for field in fields(first)]
    return type(first)(*(_stack([getattr(part, name) for part in parts], device) for name in names))


def _take(part: Any, index: int | Sequence[int]) -> Any:
    if part is None:
        return None
    if isinstance(part, Tensor):
        return part[index]
    return type(part)(*(_take(getattr(part, field.name), index) for field in fields(part)))


@dataclass(frozen=True)
class Feed:
    """Batches of one member from its own stream: real rows and starts of the same class, paired.

    Without ``base`` starts are empty, with ``lessons`` they are made of the rows that a lesson studies.
    """

    pool: Pool
    base: Base | None
    batch_size: int
    latent: Latent
    stream: torch.Generator
    lessons: Lessons | None = None

    def draw(self, n_batches: int, *, balanced: bool = True) -> Batches:
        """The next batches, ``(T, B, ...)`` each, classes in equal shares or in those of the rows."""
        if self.lessons is not None:
            return self._with_lessons(n_batches, self.lessons)
        n = n_batches * self.batch_size
        counts = self._counts(n, balanced=balanced)
        order = torch.randperm(n, generator=self.stream)
        real = torch.cat([self._real(c, k) for c, k in zip(self.pool.classes, counts, strict=True)])
        label = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))

        def batched(rows: Tensor) -> Tensor:
            return rows.unflatten(0, (n_batches, self.batch_size))

        return Batches(
            real=batched(real[order]),
            start=Start(batched(self._base(counts)[order])),
            noise=batched(self.latent.draw(n, self.stream)),
            label=batched(F.one_hot(label[order], len(counts)).float()),
            mix=batched(torch.rand(n, 1, generator=self.stream)),
        )

    def _with_lessons(self, n_batches: int, lessons: Lessons) -> Batches:
        """Batches whose classes come in equal shares, in the order of the learned ones."""
        start, label_B, lesson = lessons.draw(n_batches, self.batch_size)
        n = n_batches * self.batch_size
        label_TB = label_B.expand(n_batches, -1)
        real = torch.empty(n_batches, self.batch_size, self.pool.space.width)
        for number, code in enumerate(self.pool.classes):
            mine = label_TB == number
            real[mine] = self._real(code, int(mine.sum()))
        return Batches(
            real,
            start,
            self.latent.draw(n, self.stream).unflatten(0, (n_batches, -1)),
            F.one_hot(label_TB, len(self.pool.classes)).float(),
            torch.rand(n_batches, self.batch_size, 1, generator=self.stream),
            lesson,
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
