"""Rows drawn under a policy, which needs the real rows of all classes."""

# n row, m real row, F encoded column

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.fold_data import FoldData, Masks
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.sampling.sources import Drawn, Rows, Source

N_NEAREST: Final = 5  # real rows of a class that tell how near it is
TINY: Final = 1e-3  # keeps logarithms of distances finite


@dataclass(frozen=True)
class PolicySource:
    """Rows of another source under a policy; exactly as many rows as asked for come back."""

    source: Source  # draws proposals
    policy: Policy  # which of them are kept, and how far they are moved
    data: FoldData  # real rows that distances are measured to

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of one class under the policy.

        The most hostile proposals are dropped, some of the others are preferred, and those kept are moved on
        the rays from their nearest real rows. Distances are measured to all real rows that ``data`` holds.
        """
        found = self.source.draw(code, self.policy.n_proposals(n), streams)
        kept = found.at(self._choose(found.rows, code, n, streams))
        rows, seeds = self._spread(kept.rows, kept.seed_indices, code, streams)
        return replace(kept, rows=rows, seeds=seeds)

    def among(self, code: int, masks: Masks) -> PolicySource:
        """Return the source over some real rows; distances to rows of other classes are to all of them."""
        data = self.data.among(code, {code: masks[code]})
        return replace(self, source=self.source.among(code, masks), data=data)

    def _choose(self, rows: Rows, code: int, n: int, streams: Streams) -> NDArray[np.intp]:
        """Positions of ``n`` of the proposals."""
        if len(rows) == n:
            return np.arange(n)
        real = self.data.rows
        sides = (real[code], torch.cat([real[c] for c in real if c != code]))
        own, other = (self._nearest(rows, side.numpy(), N_NEAREST)[0].mean(axis=1) for side in sides)
        hostility = np.log(own + TINY) - np.log(other + TINY)
        safe = np.argsort(hostility, kind="stable")[: self.policy.n_survivors(n)]
        # The largest sums of preference and Gumbel noise are a sample without replacement, by these odds.
        preference = self.policy.border * np.exp(-(hostility[safe] ** 2))
        noisy = preference + streams.numpy("border", code).gumbel(size=len(safe))
        return np.sort(safe[np.argsort(-noisy, kind="stable")[:n]])

    def _spread(
        self, rows: Rows, seeds: NDArray[np.intp], code: int, streams: Streams
    ) -> tuple[Rows, NDArray[np.intp]]:
        """Rows moved on the rays from their nearest real rows, and their seeds: where copied, these rows."""
        if self.policy.spread == 1 or not len(rows):
            return rows, seeds
        real_mF = self.data.rows[code]
        nearest = torch.from_numpy(self._nearest(rows, real_mF.numpy(), 1)[1][:, 0])
        parents = torch.stack([real_mF[nearest], torch.from_numpy(rows)], dim=1)
        way_n1 = torch.full((len(rows), 1), float(self.policy.spread))
        weights = torch.cat([1 - way_n1, way_n1], dim=1)
        generator = streams.torch("spread", code)
        moved = self.data.space.compose(parents, weights, weights.clamp(0, 1), generator=generator)
        if not self.policy.spread:
            seeds = self.data.positions[code][nearest.numpy()]
        return moved.numpy(), seeds

    def _nearest(self, rows: Rows, real: Rows, k: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Distances ``(n, at most k)`` to the nearest real rows, and their positions."""
        scale = self.data.space.layout.scale
        return NearestNeighbors(n_neighbors=min(k, len(real))).fit(real * scale).kneighbors(rows * scale)
