"""Geometric samplers that need no training: where every generator starts.

A base says which real rows are the *parents* of a new row and how they are combined. All of them work
on mixed columns, because :meth:`RowSpace.compose` does.
"""

# n row, K parent, F encoded column

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.nn.learned_geometry import Start

N_NEIGHBORS: Final = 5  # of the same class, as SMOTE
N_AROUND: Final = 10  # of any class, to tell safe rows from border rows, as Borderline-SMOTE
N_TRAITS: Final = 4


@dataclass(frozen=True, slots=True)
class Chance:
    """Random numbers of rows to come.

    Attributes
    ----------
    step_n1 : Tensor
        Uniform in [0, 1]: how far a row may go toward its friend.
    noise_nF : Tensor
        Standard normal: which way each value is shaken.
    """

    step_n1: Tensor
    noise_nF: Tensor

    @classmethod
    def draw(cls, n: int, n_columns: int, generator: torch.Generator) -> Chance:
        """Numbers of ``n`` rows, all independent."""
        step_n1 = torch.rand(n, 1, generator=generator)
        return cls(step_n1, torch.randn(n, n_columns, generator=generator))

    @classmethod
    def of(cls, uniform_nU: Tensor) -> Chance:
        """From numbers in (0, 1), one more than there are columns."""
        return cls(uniform_nU[:, :1].float(), torch.special.ndtri(uniform_nU[:, 1:]).float())


@dataclass(frozen=True)
class Neighbourhood:
    """The rows of one class that a member may see, with their friends and foes.

    Attributes
    ----------
    rows_nF : Tensor
        Rows of the class.
    friends_nK : Tensor
        Indices of the nearest rows of the same class (the row itself when it is alone).
    circle_nK : Tensor
        The same, twice as many.
    foes_nKF : Tensor
        Nearest rows of other classes (the row itself when there are none).
    danger_n : Tensor
        Share of foes among the nearest rows of any class, in [0, 1].
    traits_nK : Tensor
        What a learnt geometry may weigh rows by, each with mean 0 and variance 1 or 0: how much nearer
        foes are than friends, how far friends are, danger, and how near danger is to one half.
    spread_F : Tensor
        Standard deviation of each encoded column within the class.
    """

    space: RowSpace
    rows_nF: Tensor
    friends_nK: Tensor
    circle_nK: Tensor
    foes_nKF: Tensor
    danger_n: Tensor
    traits_nK: Tensor
    spread_F: Tensor

    @classmethod
    def of(cls, rows: NDArray[np.float32], others: NDArray[np.float32], space: RowSpace) -> Neighbourhood:
        """Neighbourhood of ``rows`` (n, F) of one class among ``others`` (m, F) of all others."""
        scale = space.layout.scale
        friends, near = _neighbors(rows * scale, rows * scale, N_AROUND, skip_self=True)
        foes, far = _neighbors(rows * scale, others * scale, N_AROUND, skip_self=False)
        if not friends.size:
            friends = np.arange(len(rows))[:, None]
        foe_rows = others[foes[:, :N_NEIGHBORS]] if foes.size else rows[:, None, :]
        danger = _danger(near, far)
        return cls(
            space,
            torch.from_numpy(rows),
            torch.from_numpy(friends[:, :N_NEIGHBORS]),
            torch.from_numpy(friends),
            torch.from_numpy(foe_rows),
            torch.from_numpy(danger),
            torch.from_numpy(_traits(near, far, danger)),
            torch.from_numpy(rows.std(axis=0)),
        )

    @property
    def centre(self) -> Tensor:
        """Mean of each value where it is free."""
        free_nF = self.space.free_values(self.rows_nF)
        return (self.rows_nF * free_nF).sum(0) / free_nF.sum(0).clamp(min=1)

    @property
    def bandwidth(self) -> float:
        """Silverman's factor for ``n`` rows in as many dimensions as there are values."""
        n, d = len(self.rows_nF), max(1, len(self.space.values_V))
        return float((4 / ((d + 2) * n)) ** (1 / (d + 4)))

    def start(
        self,
        seeds_n: Tensor,
        friends_n: Tensor,
        donors_nF: Tensor,
        chance: Chance,
        generator: torch.Generator,
    ) -> Start:
        """What a learnt geometry makes rows of: seeds, the way to a friend, noise, the way to a donor."""
        parents = torch.stack([self.rows_nF[seeds_n], self.rows_nF[friends_n]], dim=1)
        step_n1 = chance.step_n1
        weights = torch.cat([1 - step_n1, step_n1], dim=1)
        rows = self.space.compose(parents, torch.eye(2)[:1].expand_as(weights), weights, generator=generator)
        there, free = parents[:, 1], self.space.free_values(rows)
        shift = step_n1 * (there - rows) * self.space.free_values(there)
        jitter = self.bandwidth * chance.noise_nF * self.spread_F
        coin = torch.rand(rows.shape, generator=generator) < 0.5
        drift = (donors_nF - rows) * coin * self.space.free_values(donors_nF)
        return Start(rows, shift * free, jitter * free, self.traits_nK[seeds_n], drift * free)

    def any_friend(self, seeds_n: Tensor, place_n: Tensor, generator: torch.Generator) -> Tensor:
        """Index of one friend of each seed, by a place in (0, 1) among friends in an order of its own."""
        n_friends = self.friends_nK.shape[1]
        order_nK = torch.rand(self.friends_nK.shape, generator=generator).argsort(1)
        pick_n1 = (place_n * n_friends).long()[:, None]
        return self.friends_nK[seeds_n].gather(1, order_nK[seeds_n].gather(1, pick_n1))[:, 0]


def _neighbors(
    queries: NDArray[np.float32], rows: NDArray[np.float32], k: int, *, skip_self: bool
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices and distances ``(n, at most k)`` of the nearest rows."""
    k = min(k, len(rows) - skip_self)
    if k < 1 or not rows.shape[1]:
        return np.empty((len(queries), 0), np.intp), np.empty((len(queries), 0))
    index = NearestNeighbors(n_neighbors=k).fit(rows)
    distance, neighbor = index.kneighbors() if skip_self else index.kneighbors(queries)
    return neighbor, distance


def _danger(near: NDArray[np.float64], far: NDArray[np.float64]) -> NDArray[np.float32]:
    """Share of foes among the ``N_AROUND`` nearest, from the distances to friends and to foes."""
    around = np.argsort(np.concatenate([near, far], axis=1), axis=1, kind="stable")[:, :N_AROUND]
    if not around.size:
        return np.zeros(len(near), np.float32)
    return np.asarray((around >= near.shape[1]).mean(axis=1), np.float32)


def _traits(
    near: NDArray[np.float64], far: NDArray[np.float64], danger: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Standardised traits ``(n, N_TRAITS)``; 0 where there are no friends or no foes to measure."""
    n = len(danger)
    friendly, hostile = (
        np.log(d[:, :N_NEIGHBORS].mean(axis=1) + 1e-3) if d.shape[1] else np.zeros(n) for d in (near, far)
    )
    traits = np.stack([friendly - hostile, friendly, danger, 4 * danger * (1 - danger)], axis=1)
    traits -= traits.mean(axis=0)
    spread = traits.std(axis=0)
    return np.asarray(traits / np.where(spread > 1e-6, spread, np.inf), np.float32)


@dataclass(frozen=True, slots=True)
class Parents:
    """Parents ``(n, K, F)`` of new rows, their weights and the odds that states come from each."""

    rows_nKF: Tensor
    weights_nK: Tensor
    shares_nK: Tensor


Ancestry = Callable[[Neighbourhood, Tensor, torch.Generator], Parents]


def _itself(hood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    ones = torch.ones(len(seeds), 1)
    return Parents(hood.rows_nF[seeds][:, None], ones, ones)


def _with_friend(hood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """Between a row and one of its friends (Chawla et al. 2002)."""
    step = torch.rand(len(seeds), 1, generator=generator)
    return _pair(hood.rows_nF[seeds], hood.rows_nF[_pick(hood.friends_nK[seeds], generator)], step)


def _with_foe(hood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """A foe moved more than half of the way toward the row."""
    foes = hood.foes_nKF[seeds]
    pick = torch.randint(foes.shape[1], (len(seeds),), generator=generator)
    step = 0.5 + 0.5 * torch.rand(len(seeds), 1, generator=generator)
    return _pair(foes[torch.arange(len(seeds)), pick], hood.rows_nF[seeds], step)


def _with_centre(hood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """Between a row and the mean of its class, states kept (the star of Gazzah & Amara 2008)."""
    rows = hood.rows_nF[seeds]
    free = hood.space.free_values(rows)
    step = torch.rand(len(seeds), 1, generator=generator)
    return _pair(rows, torch.where(free > 0, hood.centre, rows), step)


def _among_friends(hood: Neighbourhood, seeds: Tensor, generator: torch.Generator) -> Parents:
    """Gaussian with mean and covariance of a row and its friends (MGS, Sakho et al. 2024).

    With independent normal weights ``e`` the combination ``mean + sum(e * (x - mean)) / sqrt(K)``
    has just that covariance, so nothing is factorised.
    """
    circle = torch.cat([seeds[:, None], hood.friends_nK[seeds]], dim=1)
    k = circle.shape[1]
    noise = torch.randn(circle.shape, generator=generator)
    weights = 1 / k + (noise - noise.mean(1, keepdim=True)) / k**0.5
    return Parents(hood.rows_nF[circle], weights, torch.ones(circle.shape))


def _pair(first: Tensor, second: Tensor, step_n1: Tensor) -> Parents:
    weights = torch.cat([1 - step_n1, step_n1], dim=1)
    return Parents(torch.stack([first, second], dim=1), weights, weights)


def _pick(index_nK: Tensor, generator: torch.Generator) -> Tensor:
    choice = torch.randint(index_nK.shape[1], (len(index_nK), 1), generator=generator)
    return index_nK.gather(1, choice)[:, 0]


@dataclass(frozen=True, slots=True)
class Base:
    """How to make new rows from real ones.

    Parameters
    ----------
    parents : callable
        ``(neighbourhood, seeds, generator) -> Parents``.
    border : bool
        Whether seeds near other classes are taken more often.
    spread : float
        Kernel noise on values, in units of Silverman's bandwidth.
    """

    parents: Ancestry
    border: bool = False
    spread: float = 0.0

    def draw(self, hood: Neighbourhood, n: int, *, generator: torch.Generator) -> Tensor:
        """New rows ``(n, F)``."""
        parents = self.parents(hood, self._seeds(hood, n, generator), generator)
        rows = hood.space.compose(
            parents.rows_nKF, parents.weights_nK, parents.shares_nK, generator=generator
        )
        if not self.spread:
            return rows
        noise = torch.randn(rows.shape, generator=generator) * hood.spread_F
        return rows + self.spread * hood.bandwidth * noise * hood.space.free_values(rows)

    def _seeds(self, hood: Neighbourhood, n: int, generator: torch.Generator) -> Tensor:
        weights = torch.ones(len(hood.rows_nF))
        if self.border:
            # Neither safe rows nor rows among foes only: the first teach nothing, the second are noise.
            weights = 0.1 + 4 * hood.danger_n * (1 - hood.danger_n)
        return systematic(weights, n, generator=generator)


def systematic(weights: Tensor, n: int, *, generator: torch.Generator) -> Tensor:
    """``n`` indices, each drawn as often as its weight says up to rounding, in random order.

    One uniform number places all draws (systematic resampling), which has less variance than
    drawing them one by one.

    >>> systematic(torch.ones(3), 6, generator=torch.Generator().manual_seed(0)).bincount()
    tensor([2, 2, 2])
    """
    place = (torch.arange(n) + torch.rand(1, generator=generator).double()) / max(n, 1)
    shares = weights.double().cumsum(0) / weights.double().sum()
    index = torch.searchsorted(shares, place, right=True).clamp(max=len(weights) - 1)
    return index[torch.randperm(n, generator=generator)]


BASES: Final[Mapping[str, Base]] = MappingProxyType(
    {
        "bootstrap": Base(_itself),
        "smoothed_bootstrap": Base(_itself, spread=1.0),
        "smote": Base(_with_friend),
        "local_gaussian": Base(_among_friends),
        "border": Base(_with_friend, border=True),
        "star": Base(_with_centre),
        "translation": Base(_with_foe),
    }
)
