"""A geometric sampler whose numbers can be learnt: which rows it takes, and how far it leaves them."""

# P member, B row, C class, F encoded column, K trait

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.nn.batched_ops import product

USUAL_BANDWIDTH: Final = 0.5  # before training, in units of Silverman's
USUAL_DRIFT: Final = -3.0  # before training, a logit: 5 % of the way to a row of any class
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
    drift : Tensor or None
        From each row to a row of any class, in about half of the columns; 0 where a cell cannot move.
    """

    rows: Tensor
    shift: Tensor | None = None
    jitter: Tensor | None = None
    traits: Tensor | None = None
    drift: Tensor | None = None

    def each(self, change: Callable[[Tensor], Tensor]) -> Start:
        """The same change to every tensor."""
        parts = (self.shift, self.jitter, self.traits, self.drift)
        return Start(change(self.rows), *(None if part is None else change(part) for part in parts))


@dataclass(frozen=True)
class Geometry:
    """Per class: a share of the way to a friend, bandwidth and drift per column, odds of being taken.

    Drift moves rows a little toward rows of any class, some columns at a time: what it adds is the noise
    that a class seen in few rows is missing most, that of the columns which do not tell it from the others.

    Parameters
    ----------
    n_classes, n_columns, n_traits : int
        Lengths.

    Examples
    --------
    >>> geometry = Geometry(1, 2, 1)
    >>> parts = [part[None] for part in geometry.init()]
    >>> rows, to_friend, still = torch.zeros(1, 1, 2), torch.ones(1, 1, 2), torch.zeros(1, 1, 2)
    >>> start = Start(rows, shift=to_friend, jitter=still, drift=still)
    >>> geometry.rows(parts, start, torch.ones(1, 1, 1))
    tensor([[[0.5000, 0.5000]]])
    """

    n_classes: int
    n_columns: int
    n_traits: int

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Parameter matrices: logit of the share, log bandwidth, slope of the odds, logit of the drift."""
        widths = (1, self.n_columns, self.n_traits, self.n_columns)
        return [(self.n_classes, width) for width in widths]

    def init(self) -> list[Tensor]:
        """One member before training: half of the way, half a bandwidth, equal odds, little drift."""
        share, bandwidth, slope, drift = (torch.zeros(shape) for shape in self.shapes)
        return [share, bandwidth + math.log(USUAL_BANDWIDTH), slope, drift + USUAL_DRIFT]

    def rows(self, parts: Sequence[Tensor], start: Start, label_PBC: Tensor) -> Tensor:
        """Rows ``(P, B, F)``."""
        share_PC1, bandwidth_PCF, _, drift_PCF = parts
        assert start.shift is not None
        assert start.jitter is not None
        assert start.drift is not None
        share_PB1 = product(label_PBC, share_PC1).sigmoid()
        bandwidth_PBF = product(label_PBC, bandwidth_PCF.clamp(LEAST, MOST).exp())
        drift_PBF = product(label_PBC, drift_PCF).sigmoid()
        near_PBF = start.rows + share_PB1 * start.shift + bandwidth_PBF * start.jitter
        return near_PBF + drift_PBF * start.drift

    def log_odds(self, parts: Sequence[Tensor], traits_PBK: Tensor, label_PBC: Tensor) -> Tensor:
        """Logarithm of how often each row is taken, up to a constant per class: ``(P, B)``."""
        return (product(label_PBC, parts[2]) * traits_PBK).sum(-1)
