"""A geometric sampler whose numbers can be learnt: which rows it takes, and how far it leaves them."""

# P member, B row, C class, F encoded column, K trait

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from gan_oversampler._products import product

USUAL_BANDWIDTH: Final = 0.5  # before training, in units of Silverman's
LEAST, MOST = math.log(0.02), math.log(3.0)  # of the logarithm of a bandwidth


@dataclass(frozen=True, slots=True)
class Start:
    """Rows that generators start from; a learnt geometry also needs what the rows may become.

    Attributes
    ----------
    rows : Tensor
        ``(..., F)``.
    shift : Tensor or None
        From each row to a point on the way to one of its friends; 0 where a cell cannot move.
    jitter : Tensor or None
        Noise of Silverman's bandwidth; 0 where a cell cannot move.
    traits : Tensor or None
        ``(..., K)`` what the neighbourhood of each row is like.
    """

    rows: Tensor
    shift: Tensor | None = None
    jitter: Tensor | None = None
    traits: Tensor | None = None

    def each(self, change: Callable[[Tensor], Tensor]) -> Start:
        """The same change to every tensor."""
        parts = (self.shift, self.jitter, self.traits)
        return Start(change(self.rows), *(None if part is None else change(part) for part in parts))


@dataclass(frozen=True)
class Geometry:
    """Per class: a share of the way to a friend, a bandwidth per column, odds of being taken per trait.

    Parameters
    ----------
    n_classes, n_columns, n_traits : int
        Lengths.

    Examples
    --------
    >>> geometry = Geometry(1, 2, 1)
    >>> parts = [part[None] for part in geometry.init()]
    >>> start = Start(torch.zeros(1, 1, 2), torch.ones(1, 1, 2), torch.zeros(1, 1, 2))
    >>> geometry.rows(parts, start, torch.ones(1, 1, 1))
    tensor([[[0.5000, 0.5000]]])
    """

    n_classes: int
    n_columns: int
    n_traits: int

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Parameter matrices: logit of the share, logarithm of the bandwidth, slope of the odds."""
        return [(self.n_classes, 1), (self.n_classes, self.n_columns), (self.n_classes, self.n_traits)]

    def init(self) -> list[Tensor]:
        """One member before training: half of the way, half a bandwidth, equal odds."""
        share, bandwidth, slope = (torch.zeros(shape) for shape in self.shapes)
        return [share, bandwidth + math.log(USUAL_BANDWIDTH), slope]

    def rows(self, parts: Sequence[Tensor], start: Start, label_PBC: Tensor) -> Tensor:
        """Rows ``(P, B, F)``."""
        share_PC1, bandwidth_PCF, _ = parts
        assert start.shift is not None
        assert start.jitter is not None
        share_PB1 = product(label_PBC, share_PC1).sigmoid()
        bandwidth_PBF = product(label_PBC, bandwidth_PCF.clamp(LEAST, MOST).exp())
        return start.rows + share_PB1 * start.shift + bandwidth_PBF * start.jitter

    def log_odds(self, parts: Sequence[Tensor], traits_PBK: Tensor, label_PBC: Tensor) -> Tensor:
        """Logarithm of how often each row is taken, up to a constant per class: ``(P, B)``."""
        return (product(label_PBC, parts[2]) * traits_PBK).sum(-1)
