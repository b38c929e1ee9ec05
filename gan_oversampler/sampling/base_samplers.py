"""Geometric samplers that need no training: SMOTE and its relatives, where every generator starts.

A base says which real rows are the *parents* of a new row and how they are combined. All of them work on
mixed columns, because :meth:`RowSpace.compose` does.
"""

# n row, K parent, F encoded column

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import torch
from torch import Tensor

from gan_oversampler.sampling.neighbourhood import Neighbourhood


class Parents(NamedTuple):
    """Real rows that new rows are made of."""

    rows_nKF: Tensor  # K real rows per new row
    weights_nK: Tensor  # of their values
    probabilities_nK: Tensor  # that a category, a missing cell or a spike comes from each parent


ParentRule = Callable[[Neighbourhood, Tensor, torch.Generator], Parents]
"""``(neighbourhood, positions of the seeds, generator)`` to the parents of a new row per seed."""


def _seed_alone(neighbourhood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    ones = torch.ones(len(seeds), 1)
    return Parents(neighbourhood.rows_nF[seeds][:, None], ones, ones)


def _toward_neighbour(neighbourhood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """Between a row and one of its same-class neighbours (Chawla et al. 2002)."""
    step = torch.rand(len(seeds), 1, generator=generator)
    neighbours_nK = neighbourhood.neighbours_nK[seeds]
    choice = torch.randint(neighbours_nK.shape[1], (len(seeds), 1), generator=generator)
    neighbours = neighbours_nK.gather(1, choice)[:, 0]
    return _pair(neighbourhood.rows_nF[seeds], neighbourhood.rows_nF[neighbours], step)


def _from_other_class(neighbourhood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """A row of another class, moved more than half of the way toward the seed."""
    others = neighbourhood.others_nKF[seeds]
    pick = torch.randint(others.shape[1], (len(seeds),), generator=generator)
    step = 0.5 + 0.5 * torch.rand(len(seeds), 1, generator=generator)
    return _pair(others[torch.arange(len(seeds)), pick], neighbourhood.rows_nF[seeds], step)


def _toward_centre(neighbourhood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """Between a row and the mean of its class, states kept (the star of Gazzah & Amara 2008)."""
    rows = neighbourhood.rows_nF[seeds]
    free = neighbourhood.space.free_values(rows)
    step = torch.rand(len(seeds), 1, generator=generator)
    return _pair(rows, torch.where(free > 0, neighbourhood.centre, rows), step)


def _around_neighbours(neighbourhood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """Gaussian with mean and covariance of a row and its neighbours (MGS, Sakho et al. 2024)."""
    # With independent normal weights e, mean + sum(e * (x - mean)) / sqrt(K) has just that covariance.
    parents = torch.cat([seeds[:, None], neighbourhood.neighbours_nK[seeds]], dim=1)
    k = parents.shape[1]
    noise = torch.randn(parents.shape, generator=generator)
    weights = 1 / k + (noise - noise.mean(1, keepdim=True)) / k**0.5
    return Parents(neighbourhood.rows_nF[parents], weights, torch.ones(parents.shape))


def _within_simplex(neighbourhood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """Uniform in a simplex of a row and some of its neighbours, all neighbours of each other.

    Two rows are neighbours if one of them is among the nearest of the other. No other neighbour of the seed
    could be added: a maximal clique of the graph of neighbours (Simplicial SMOTE, Kachan et al. 2025).
    """
    neighbours_nK = neighbourhood.neighbours_nK
    linked_nKK = (neighbours_nK[neighbours_nK][:, :, None] == neighbours_nK[:, None, :, None]).any(-1)
    linked_nKK = (linked_nKK | linked_nKK.mT)[seeds]
    order_nK = torch.rand(linked_nKK.shape[:2], generator=generator).argsort(1)
    chosen_nK = torch.zeros_like(order_nK, dtype=torch.bool)
    for candidate_n1 in order_nK.split(1, dim=1):
        links_nK = linked_nKK.take_along_dim(candidate_n1[:, :, None], 1)[:, 0]
        fits_n1 = (links_nK | ~chosen_nK).all(1, keepdim=True)
        chosen_nK = chosen_nK.scatter(1, candidate_n1, fits_n1)
    parents_nK = torch.cat([seeds[:, None], neighbours_nK[seeds]], dim=1)
    # independent exponential weights, divided by their sum, are uniform in a simplex
    weights_nK = torch.empty(parents_nK.shape).exponential_(generator=generator)
    weights_nK[:, 1:] *= chosen_nK
    weights_nK /= weights_nK.sum(1, keepdim=True)
    return Parents(neighbourhood.rows_nF[parents_nK], weights_nK, weights_nK)


def _pair(first: Tensor, second: Tensor, step_n1: Tensor) -> Parents:
    weights = torch.cat([1 - step_n1, step_n1], dim=1)
    return Parents(torch.stack([first, second], dim=1), weights, weights)


@dataclass(frozen=True, slots=True)
class Base:
    """A geometric sampler: how new rows are made of real ones."""

    parents: ParentRule  # chooses the parents of each new row and their weights
    borderline: bool = False  # whether seeds near other classes are drawn more often
    spread: float = 0.0  # kernel noise on values, in units of Silverman's bandwidth
    uses_other_classes: bool = False  # whether rows of other classes are among the parents

    @property
    def repeats(self) -> bool:
        """Whether new rows are real ones, unchanged."""
        return self.parents is _seed_alone and not self.spread

    def draw(self, neighbourhood: Neighbourhood, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw ``n`` new rows ``(n, F)`` of the class whose rows and neighbours are given.

        Seeds are real rows, used evenly or, for a borderline base, more often near other classes. Each is
        combined with the other parents of its new row, and noise is added to values, if the base has any.
        """
        seeds = self.draw_seeds(neighbourhood, n, generator=generator)
        return self.rows_from(neighbourhood, seeds, generator=generator)

    def draw_seeds(self, neighbourhood: Neighbourhood, n: int, *, generator: torch.Generator) -> Tensor:
        """Draw the positions ``(n,)`` of the real rows that new rows start from, as ``draw`` does first."""
        weights = torch.ones(len(neighbourhood.rows_nF))
        if self.borderline:
            # Rows far from other classes teach nothing, and those among other classes only are noise.
            score = neighbourhood.borderline_n
            weights = 0.1 + 4 * score * (1 - score)
        if neighbourhood.weight_n is not None:
            weights = weights * neighbourhood.weight_n
        return systematic_resampling(weights, n, generator=generator)

    def rows_from(self, neighbourhood: Neighbourhood, seeds: Tensor, *, generator: torch.Generator) -> Tensor:
        """Make a new row ``(n, F)`` of each seed, of which the positions ``(n,)`` are given."""
        space = neighbourhood.space
        rows = space.compose(*self.parents(neighbourhood, seeds, generator), generator=generator)
        if not self.spread:
            return rows
        noise = torch.randn(rows.shape, generator=generator) * neighbourhood.spread_F
        return rows + self.spread * neighbourhood.bandwidth * noise * space.free_values(rows)


def systematic_resampling(weights: Tensor, n: int, *, generator: torch.Generator) -> Tensor:
    """Draw ``n`` positions in random order, each as often as its weight says up to rounding.

    Weights ``(m,)`` need not sum to 1; where all are 0, they count as equal. One uniform number places all
    draws (systematic resampling, Kitagawa 1996), which has less variance than drawing them one by one.

    >>> systematic_resampling(torch.ones(3), 6, generator=torch.Generator().manual_seed(0)).bincount()
    tensor([2, 2, 2])
    """
    weights = weights if weights.any() else torch.ones_like(weights)
    place = (torch.arange(n) + torch.rand(1, generator=generator).double()) / max(n, 1)
    shares = weights.double().cumsum(0) / weights.double().sum()
    index = torch.searchsorted(shares, place, right=True).clamp(max=len(weights) - 1)
    return index[torch.randperm(n, generator=generator)]


def rows_by_weight(rows_nF: Tensor, weight_n: Tensor | None, n: int, *, generator: torch.Generator) -> Tensor:
    """Draw ``n`` of the rows in random order, each as often as it weighs up to rounding; None: all alike."""
    weights = torch.ones(len(rows_nF)) if weight_n is None else weight_n
    return rows_nF[systematic_resampling(weights, n, generator=generator)]


BASES: Final[Mapping[str, Base]] = MappingProxyType(
    {
        "bootstrap": Base(_seed_alone),
        "smoothed_bootstrap": Base(_seed_alone, spread=1.0),
        "smote": Base(_toward_neighbour),
        "simplicial_smote": Base(_within_simplex),
        "local_gaussian": Base(_around_neighbours),
        "border": Base(_toward_neighbour, borderline=True),
        "star": Base(_toward_centre),
        "translation": Base(_from_other_class, uses_other_classes=True),
    }
)
