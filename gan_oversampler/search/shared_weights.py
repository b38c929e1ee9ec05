"""Weights that GANs of a stage share (Pham et al. 2018; Gong et al. 2019), and when they begin anew.

The generators of a stage are slices of one supernet, which has a flat row for every fold. A trial begins
with its slice, and what training has made of it is written back: each goes on where others have stopped.
"""

# F fold, N parameter of all generators together, n parameter of one, M parameter of a critic

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.nn.cells import CellNet, carried
from gan_oversampler.nn.generator import BaseGenerator
from gan_oversampler.nn.grid_cells import GridCellNet
from gan_oversampler.nn.slices import Supernet, slice_of
from gan_oversampler.search.outcome import Fold, Networks, Weights

WINDOW: Final = 10  # evaluation rounds that losses are looked at for: of 50 steps each, the paper's 500 steps
# NOTE[paper]: 1e-3, of the losses of single steps. The variance of means over 50 of them is a fiftieth.
STAGNANT: Final = 1e-3 / 50


class SharedWeights:
    """One flat row of generator weights per fold, of which every GAN of the stage has a slice.

    Critics of one shape share all their weights; one whose shape has not been seen yet begins fresh. Weights
    are kept in half precision, because a search writes them down after every round.

    Parameters
    ----------
    networks : Networks
        Shapes of what is trained, and the folds.
    streams : Streams
        Root of all randomness.
    """

    def __init__(self, networks: Networks, streams: Streams) -> None:
        self.networks, self.folds, self.streams = networks.of, networks.folds, streams
        self.n_begun = 0
        self.critics: dict[str, Tensor] = {}  # (F, M) by shape
        self.supernet: Supernet | None = None
        self.rows_FN = torch.empty(len(self.folds), 0, dtype=torch.half)

    def grow(self, largest: GAN) -> None:
        """Begin a stage, of whose GANs this is the largest.

        Smaller cells of the stage before keep their weights. Heads of new cells are zero, so that a GAN that
        has grown by a cell generates at first what it did without it. GANs without cells share nothing.
        """
        before, net_before = self.rows_FN, self.supernet
        self._enter(largest)
        if self.supernet is None or net_before is None:
            self.reset()
            return
        n = net_before.n_parameters
        fresh_FN = self._fresh(self.supernet)[:, : self.supernet.n_parameters]
        grown_FN = carried(self.supernet, fresh_FN, net_before, before[:, :n])
        self.rows_FN = torch.cat([grown_FN, before[:, n:]], dim=1)

    def _enter(self, largest: GAN) -> None:
        self.largest = self.networks(largest)[0]
        net = self.largest.net
        self.supernet = net.supernet() if isinstance(net, CellNet | GridCellNet) else None

    def reset(self) -> None:
        """Begin anew with fresh weights of all generators and critics."""
        self.critics = {}
        if self.supernet is not None:
            self.rows_FN = self._fresh(self.supernet)
        self.n_begun += 1

    def _fresh(self, supernet: Supernet) -> Tensor:
        """Draw a row per fold: the supernet, and what generators have beside their network."""
        n, rows = self.largest.net.n_parameters, []
        for fold in self.folds:
            stream = self.streams.torch("supernet", fold, self.n_begun)
            rest = self.largest.init(stream)[n:]
            rows.append(torch.cat([supernet.init(stream), rest]))
        return torch.stack(rows).half()

    def _positions(self, generator: BaseGenerator) -> Tensor | None:
        """Where the parameters ``(n,)`` of a generator lie in a row; None if it is no slice of it."""
        supernet = self.supernet
        if supernet is None or not isinstance(generator.net, CellNet | GridCellNet):
            return None
        try:
            slice_n = slice_of(supernet, generator.net)
        except ValueError:  # larger than any GAN of the stage
            return None
        n_rest = generator.n_parameters - generator.net.n_parameters
        return torch.cat([slice_n, supernet.n_parameters + torch.arange(n_rest)])

    def start(self, gan: GAN) -> dict[Fold, Weights] | None:
        """Weights of every fold that a GAN begins with; None if it shares no generator."""
        generator, critic = self.networks(gan)
        positions_n = self._positions(generator)
        if positions_n is None:
            return None
        critic_FM = self.critics.get(repr(critic))
        critics = [None] * len(self.folds) if critic_FM is None else list(critic_FM.float())
        rows_Fn = self.rows_FN[:, positions_n].float()
        return {fold: Weights(*pair) for fold, *pair in zip(self.folds, rows_Fn, critics)}

    def write_back(self, trained: Sequence[tuple[GAN, Mapping[Fold, Weights]]]) -> None:
        """Take over the weights of a round, each the mean over those of its GANs that have it.

        A GAN whose weights are not all finite, or are not of all folds, is left out.
        """
        generators, critics = _Means(self.rows_FN), dict[str, _Means]()
        for gan, weights in trained:
            generator, critic = self.networks(gan)
            positions_n = self._positions(generator)
            if positions_n is None or set(weights) != set(self.folds):
                continue
            rows_Fn = torch.stack([weights[fold].generator for fold in self.folds])
            found = [weights[fold].critic for fold in self.folds]
            given = [critic_M for critic_M in found if critic_M is not None]
            if not all(bool(tensor.isfinite().all()) for tensor in (rows_Fn, *given)):
                continue
            generators.add(positions_n, rows_Fn)
            if len(given) == len(self.folds):
                critic_FM = torch.stack(given)
                mean = critics.setdefault(repr(critic), _Means(critic_FM))
                mean.add(torch.arange(critic_FM.shape[1]), critic_FM)
        self.rows_FN = generators.result.half()
        self.critics |= {shape: mean.result.half() for shape, mean in critics.items()}

    def state(self) -> dict[str, Any]:
        """Everything that training changes, as values of JSON and arrays."""
        critics = {shape: critic_FM.numpy().copy() for shape, critic_FM in self.critics.items()}
        return {"rows": self.rows_FN.numpy().copy(), "critics": critics, "n_begun": self.n_begun}

    def restore(self, state: Mapping[str, Any], largest: GAN) -> None:
        """Go on from the state of other shared weights, whose stage has this largest GAN."""
        self._enter(largest)
        self.rows_FN, self.n_begun = torch.tensor(state["rows"]), state["n_begun"]
        self.critics = {shape: torch.tensor(critic_FM) for shape, critic_FM in state["critics"].items()}


class _Means:
    """Entries of a matrix, replaced by the mean of what was added for them."""

    def __init__(self, before_FN: Tensor) -> None:
        self.before_FN = before_FN.float()
        self.sum_FN = torch.zeros_like(self.before_FN)
        self.n_N = torch.zeros(before_FN.shape[1])

    def add(self, positions_n: Tensor, rows_Fn: Tensor) -> None:
        self.sum_FN[:, positions_n] += rows_Fn
        self.n_N[positions_n] += 1

    @property
    def result(self) -> Tensor:
        return torch.where(self.n_N > 0, self.sum_FN / self.n_N.clamp(min=1), self.before_FN)


@dataclass
class LossWindow:
    """The last losses of critic and generator, by which training is seen to stagnate (Gong et al. 2019).

    Examples
    --------
    >>> LossWindow().stagnates([(0.7, 1.0)] * 10)
    True
    """

    losses: list[tuple[float, float]] = field(default_factory=list)

    def stagnates(self, losses: Sequence[tuple[float, float]]) -> bool:
        """Note losses in their order, and tell whether critic or generator stood still over a whole window.

        If so, a new window begins. Losses without a critic, which is NaN there, are not of a game that could
        come to rest, and are left out.
        """
        found = False
        for pair in losses:
            if np.isfinite(pair).all():
                self.losses = [*self.losses, pair][-WINDOW:]
                if len(self.losses) == WINDOW and np.var(self.losses, axis=0).min() < STAGNANT:
                    self.losses, found = [], True
        return found
