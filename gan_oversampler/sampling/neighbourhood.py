"""Neighbourhoods: which rows of the same class and of other classes lie near each row of a class."""

# n row, K neighbour, F encoded column, U random number

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.nn.learned_geometry import GuidedStart
from gan_oversampler.sampling.neighbour_search import N_NEAREST, Found, nearest

N_NEIGHBOURS: Final = 5  # of the same class, as in SMOTE
N_TRAITS: Final = 4
MAX_MIXING: Final = 2.0  # standard deviations of the class that a partner counts as away at most


@dataclass(frozen=True, slots=True)
class StartNumbers:
    """Random numbers that turn seeds into the starts of guided generators."""

    step_n1: Tensor  # uniform in [0, 1]: the largest share of the way from a seed to its neighbour
    noise_nF: Tensor  # standard normal noise of each value; states need none

    @classmethod
    def draw(cls, n: int, n_columns: int, generator: torch.Generator) -> StartNumbers:
        """Draw independent numbers for ``n`` rows of so many columns, as training does in every step."""
        step_n1 = torch.rand(n, 1, generator=generator)
        return cls(step_n1, torch.randn(n, n_columns, generator=generator))

    @classmethod
    def from_uniform(cls, uniform_nU: Tensor, values_V: Tensor) -> StartNumbers:
        """Transform uniform numbers ``(n, U)`` in (0, 1), one more per row than there are encoded columns.

        The first of a row is the step; those of columns that hold values become normal noise, by the
        quantiles of the normal law, so that quasi-random numbers keep their even spread. States have none.
        """
        noise_nF = torch.zeros(len(uniform_nU), uniform_nU.shape[1] - 1)
        noise_nF[:, values_V] = torch.special.ndtri(uniform_nU[:, 1 + values_V]).float()
        return cls(uniform_nU[:, :1].float(), noise_nF)


@dataclass(frozen=True)
class Neighbourhood:
    """Rows of one class, with their nearest neighbours inside and outside the class."""

    space: RowSpace  # geometry of the encoded rows
    rows_nF: Tensor  # rows of the class
    neighbours_nK: Tensor  # positions of the ``N_NEIGHBOURS`` nearest; the row's own where it is alone
    nearest_nK: Tensor  # positions of the ``N_NEAREST`` nearest rows of the same class
    others_nKF: Tensor  # nearest rows of other classes; the row itself where there are none
    borderline_n: Tensor  # borderline score: share of other classes among the ``N_NEAREST`` rows of any class
    # what seed probabilities are learned from, standardised: how much nearer other classes are than the own
    # one, how far same-class neighbours are, the borderline score, and how near that score is to one half
    traits_nK: Tensor
    spread_F: Tensor  # standard deviation of each encoded column within the class, of rows as they weigh
    weight_n: Tensor | None = None  # how much more often than others rows are seeds; None: all are alike

    @classmethod
    def of(
        cls,
        rows: NDArray[np.float32],
        others: NDArray[np.float32],
        space: RowSpace,
        found: tuple[Found, Found] | None = None,
    ) -> Neighbourhood:
        """Search the neighbours of the rows ``(n, F)`` of one class, among themselves and among ``others``.

        The latter are all rows of other classes ``(m, F)``; there may be none. Distances weigh each encoded
        column as the layout says. Nearest rows of both kinds that are ``found`` already are not sought.
        """
        if found is None:
            scaled, scaled_others = (part * space.layout.scale for part in (rows, others))
            found = nearest(scaled, scaled, skip_self=True), nearest(scaled, scaled_others, skip_self=False)
        (same, same_distance), (other, other_distance) = found
        if not same.size:
            same = np.arange(len(rows))[:, None]
        other_rows = others[other[:, :N_NEIGHBOURS]] if other.size else rows[:, None, :]
        distances = np.concatenate([same_distance, other_distance], axis=1)
        around = np.argsort(distances, axis=1, kind="stable")[:, :N_NEAREST]
        borderline = np.zeros(len(rows), np.float32)
        if around.size:
            borderline = (around >= same_distance.shape[1]).mean(axis=1).astype(np.float32)
        traits = _traits(same_distance, other_distance, borderline)
        parts = (rows, same[:, :N_NEIGHBOURS], same, other_rows, borderline, traits, rows.std(axis=0))
        return cls(space, *map(torch.from_numpy, parts))

    def weighted(self, weight_n: Tensor) -> Neighbourhood:
        """Return the same rows with weights ``(n,)``, not all 0; neighbours stay what they are."""
        share_n = weight_n / weight_n.sum()
        spread_F = (share_n @ (self.rows_nF - share_n @ self.rows_nF).square()).sqrt()
        return replace(self, weight_n=weight_n, spread_F=spread_F)

    def among(self, kept_n: Tensor) -> Neighbourhood:
        """Return some rows only, by a mask, with neighbours among themselves and all else as it is.

        Where none of them weighs anything, all are alike.
        """
        rows_nF = self.rows_nF[kept_n]
        weight_n = None if self.weight_n is None else self.weight_n[kept_n]
        near = Neighbourhood.of(rows_nF.numpy(), np.empty((0, rows_nF.shape[1]), np.float32), self.space)
        return replace(
            near,
            others_nKF=self.others_nKF[kept_n],
            borderline_n=self.borderline_n[kept_n],
            traits_nK=self.traits_nK[kept_n],
            spread_F=self.spread_F,
            weight_n=weight_n if weight_n is not None and weight_n.any() else None,
        )

    @property
    def centre(self) -> Tensor:
        """Weighted mean of each value ``(F,)`` over rows where it is free: neither missing nor at a spike."""
        free_nF = self.space.free_values(self.rows_nF)
        if self.weight_n is not None:
            free_nF = free_nF * (self.weight_n / self.weight_n.mean())[:, None]
            return (self.rows_nF * free_nF).sum(0) / free_nF.sum(0).clamp(min=1e-12)
        return (self.rows_nF * free_nF).sum(0) / free_nF.sum(0).clamp(min=1)

    @property
    def bandwidth(self) -> float:
        """Silverman's bandwidth factor, for as many rows, in as many dimensions as there are values."""
        n, d = len(self.rows_nF), max(1, len(self.space.values_V))
        return float((4 / ((d + 2) * n)) ** (1 / (d + 4)))

    def start(
        self,
        seeds_n: Tensor,
        neighbours_n: Tensor,
        partners_nF: Tensor,
        numbers: StartNumbers,
        generator: torch.Generator,
    ) -> GuidedStart:
        """Prepare what a learned geometry combines into base rows: seeds, and how they may be moved.

        ``seeds_n`` and ``neighbours_n`` are positions of the seed of each new row, and of one of its
        neighbours; ``partners_nF`` are mixing partners, rows of any class, which count as two standard
        deviations of the class away at most: a thin class stays thin. Values stay those of the seed, states
        come from the neighbour with the probability of the step. The generator draws these, and the columns
        that mix.
        """
        rows, neighbour, step_n1 = self.rows_nF[seeds_n], self.rows_nF[neighbours_n], numbers.step_n1
        if self.space.n_groups:
            weights = torch.cat([1 - step_n1, step_n1], dim=1)
            seed_alone = torch.eye(2)[:1].expand_as(weights)
            parents = torch.stack([rows, neighbour], dim=1)
            rows = self.space.compose(parents, seed_alone, weights, generator=generator)
        way = (neighbour - rows).mul_(step_n1)
        noise = numbers.noise_nF * (self.bandwidth * self.spread_F)
        coin = torch.rand(rows.shape, generator=generator).lt_(0.5)
        furthest_F = MAX_MIXING * self.spread_F
        mixing = (partners_nF - rows).clamp_(-furthest_F, furthest_F).mul_(coin)
        if self.space.n_groups:  # else all values are free
            free, their_free, partners_free = map(self.space.free_values, (rows, neighbour, partners_nF))
            way, noise, mixing = way * their_free * free, noise * free, mixing * partners_free * free
        return GuidedStart(rows, way, noise, self.traits_nK[seeds_n], mixing)

    def any_neighbour(self, seeds_n: Tensor, place_n: Tensor, generator: torch.Generator) -> Tensor:
        """Pick one same-class neighbour of each seed, and return its position ``(n,)``.

        ``place_n`` holds numbers in (0, 1), which point into the neighbours of a seed in a random order: so
        quasi-random numbers spread over all neighbours of a seed evenly.
        """
        order_nK = torch.rand(self.neighbours_nK.shape, generator=generator).argsort(1)
        pick_n1 = (place_n * self.neighbours_nK.shape[1]).long()[:, None]
        return self.neighbours_nK[seeds_n].gather(1, order_nK[seeds_n].gather(1, pick_n1))[:, 0]


def _traits(
    same: NDArray[np.float64], other: NDArray[np.float64], borderline: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Standardised traits ``(n, N_TRAITS)``; a distance counts as 0 where there is no neighbour."""
    n = len(borderline)
    to_same, to_other = (
        np.log(d[:, :N_NEIGHBOURS].mean(axis=1) + 1e-3) if d.shape[1] else np.zeros(n) for d in (same, other)
    )
    traits = np.stack([to_same - to_other, to_same, borderline, 4 * borderline * (1 - borderline)], axis=1)
    traits -= traits.mean(axis=0)
    spread = traits.std(axis=0)
    return np.asarray(traits / np.where(spread > 1e-6, spread, np.inf), np.float32)
