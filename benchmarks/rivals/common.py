"""What both rivals need: seeded streams and layers, the range of the columns, rows added at the end."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

Rows = NDArray[np.float64]
Labels = NDArray[np.int64]


def seed_of(random_state: int, purpose: str) -> int:
    """Derive the seed of one purpose, so that one more draw for it changes no other."""
    sequence = np.random.SeedSequence([random_state, zlib.crc32(purpose.encode())])
    return int(sequence.generate_state(1)[0])


def stream_of(random_state: int, purpose: str) -> torch.Generator:
    """Make the source of randomness for one purpose."""
    return torch.Generator().manual_seed(seed_of(random_state, purpose))


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit torch, BLAS and OpenMP to one thread, as the package does while it fits."""
    before = torch.get_num_threads()
    with threadpool_limits(1):
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


class Dense(nn.Module):
    """Linear layer that starts as Keras has it (Glorot, zero bias) or as PyTorch has it.

    Like PyTorch's own, but its start is drawn from a stream, and it may have no outputs.
    """

    def __init__(self, inputs: int, outputs: int, stream: torch.Generator, *, glorot: bool):
        super().__init__()
        bound = math.sqrt(6 / (inputs + outputs)) if glorot else 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(uniform((outputs, inputs), bound, stream))
        self.bias = nn.Parameter(uniform((outputs,), 0.0 if glorot else bound, stream))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


def uniform(shape: tuple[int, ...], bound: float, stream: torch.Generator) -> Tensor:
    """Draw numbers between minus and plus the bound."""
    return torch.empty(shape).uniform_(-bound, bound, generator=stream)


def gradient_step(loss: Tensor, parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
    """Update these parameters once, without gradients for any others."""
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()


@dataclass(frozen=True)
class ColumnRange:
    """Smallest value and extent of every column: rows to [0, 1] and back; constant columns stay constant.

    >>> scale = ColumnRange.of(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> scale.back(scale.to_unit(np.array([[2.0, 7.0]])))
    array([[2., 5.]])
    """

    low: Rows
    extent: Rows

    @classmethod
    def of(cls, X: Rows) -> ColumnRange:
        return cls(X.min(axis=0), X.max(axis=0) - X.min(axis=0))

    def to_unit(self, X: Rows) -> Rows:
        return (X - self.low) / np.where(self.extent > 0, self.extent, 1.0)

    def back(self, unit: Rows) -> Rows:
        return self.low + unit * self.extent


@dataclass(frozen=True)
class Task:
    """A table with two classes, the rarer of which is to be filled up."""

    X: Rows  # as given
    y: NDArray[Any]
    codes: Labels  # labels as 0 and 1, in the order of the sorted labels
    minority: int  # code of the rarer class
    n_new: int  # rows it lacks

    @classmethod
    def of(cls, X: Any, y: Any) -> Task:
        X, y = np.asarray(X, dtype=np.float64), np.asarray(y)
        labels, codes = np.unique(y, return_inverse=True)
        if len(labels) != 2:
            raise ValueError(f"Needs two classes, got {len(labels)}: {labels.tolist()}.")
        counts = np.bincount(codes)
        return cls(X, y, codes, int(counts.argmin()), int(np.ptp(counts)))

    def with_new(self, new: Rows) -> tuple[Rows, NDArray[Any]]:
        """Append rows of the minority to those given."""
        label = self.y[self.codes == self.minority][:1]
        return np.concatenate([self.X, new]), np.concatenate([self.y, np.repeat(label, len(new))])
