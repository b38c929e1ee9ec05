"""A geometric sampler with learned numbers: which real rows it starts from, and how far it leaves them."""

# P member, B row, C class, F encoded column, K trait

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

OWN_CLASS, ANY_CLASS = "own_class", "any_class"  # whose rows new ones are mixed with
INITIAL_BANDWIDTH: Final = 0.5  # in units of Silverman's
INITIAL_MIXING: Final = -3.0  # a logit: 5 % of the way to a mixing partner
MIN_LOG_BANDWIDTH, MAX_LOG_BANDWIDTH = math.log(0.02), math.log(3.0)


@dataclass(frozen=True, slots=True)
class GuidedStart:
    """Seeds ``(..., F)`` and moves away from them, which are 0 where a cell cannot move."""

    rows: Tensor  # real rows: the seeds
    to_neighbour: Tensor  # from each seed to a point on the way to one of its same-class neighbours
    noise: Tensor  # noise of Silverman's bandwidth
    traits: Tensor  # ``(..., K)`` numbers that describe the neighbourhood of each seed
    to_partner: Tensor  # to its mixing partner, in about half of the columns


@dataclass(frozen=True)
class LearnedGeometry:
    """Numbers per class: share of the way to a neighbour, bandwidths, seed probabilities and mixing.

    Mixing moves rows a little toward *partners*, rows of any class or of their own, some columns at a time.
    It adds the noise that a class seen in few rows is missing most: that of the columns which do not tell it
    from the others.
    """

    n_classes: int  # lengths
    n_columns: int
    n_traits: int

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Shapes of the four parameter matrices, each of which has one row per class.

        They are the logit of the step ``(C, 1)``, logarithms of bandwidths ``(C, F)``, slopes of the seeds'
        log odds ``(C, K)`` and logits of mixing ``(C, F)``.
        """
        widths = (1, self.n_columns, self.n_traits, self.n_columns)
        return [(self.n_classes, width) for width in widths]

    def init(self) -> list[Tensor]:
        """Parameters before training, in the order of ``shapes``; they are the same for every member.

        New rows lie half of the way to a neighbour, have half of Silverman's bandwidth, equal seed
        probabilities and 5 % of mixing.
        """
        step, bandwidth, slope, mixing = (torch.zeros(shape) for shape in self.shapes)
        return [step, bandwidth + math.log(INITIAL_BANDWIDTH), slope, mixing + INITIAL_MIXING]

    def rows(self, parts: Sequence[Tensor], start: GuidedStart, label_PBC: Tensor) -> Tensor:
        """Combine starts into base rows ``(P, B, F)`` by the parameters of each row's class.

        >>> geometry = LearnedGeometry(n_classes=1, n_columns=2, n_traits=1)
        >>> parts = [part[None] for part in geometry.init()]
        >>> seed, step, still = torch.zeros(1, 1, 2), torch.ones(1, 1, 2), torch.zeros(1, 1, 2)
        >>> start = GuidedStart(seed, step, noise=still, traits=torch.zeros(1, 1, 1), to_partner=still)
        >>> geometry.rows(parts, start, torch.ones(1, 1, 1))
        tensor([[[0.5000, 0.5000]]])
        """
        step_PC1, bandwidth_PCF, _, mixing_PCF = parts
        step_PB1 = torch.bmm(label_PBC, step_PC1).sigmoid()
        bandwidth_PCF = bandwidth_PCF.clamp(MIN_LOG_BANDWIDTH, MAX_LOG_BANDWIDTH).exp()
        bandwidth_PBF = torch.bmm(label_PBC, bandwidth_PCF)
        mixing_PBF = torch.bmm(label_PBC, mixing_PCF).sigmoid()
        near_PBF = start.rows + step_PB1 * start.to_neighbour + bandwidth_PBF * start.noise
        return near_PBF + mixing_PBF * start.to_partner

    def seed_logits(self, parts: Sequence[Tensor], traits_PBK: Tensor, label_PBC: Tensor) -> Tensor:
        """Logarithm of how often each seed is drawn, up to a constant per class: ``(P, B)``.

        It is linear in the traits of the seed, with slopes learned for its class; equal slopes of zero before
        training draw all seeds equally often.
        """
        return (torch.bmm(label_PBC, parts[2]) * traits_PBK).sum(-1)
