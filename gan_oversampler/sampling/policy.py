"""Policies: how far from real rows and how near to other classes new rows are drawn, and what is dropped."""

# n row, m real row, F encoded column

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Final

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._param_validation import Interval

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler._utils import Streams
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import Drawn, Rows, Source

CHOSEN_BY_ORACLE: Final = "oracle"  # value of a parameter that leaves a choice to the oracle
N_NEAREST: Final = 5  # real rows of a class that tell how near it is
TINY: Final = 1e-3  # keeps logarithms of distances finite
MAX_DROPPED: Final = 0.95  # share of the proposals, so that there are not too many
N_CHOICES: Final = 3  # proposals per new row where some are preferred


@dataclass(eq=False, repr=False, kw_only=True)
class Policy(DocumentedMixin, BaseEstimator):
    """How new rows are drawn from the generators that were kept.

    A row's *hostility* is the logarithm of its mean distance to the five nearest real rows of its class, less
    that of its distance to those of other classes: 0 at the border, positive beyond it.

    Parameters
    ----------
    spread : float, default=1.0
        Factor of the way from the nearest real row of the class to the new one: 0 copies real rows, more than
        1 leads further away. States, such as categories, follow the new row with this probability.
    border : float, default=0.0
        How much rows at the border are preferred. Of three proposals per new row one is kept, with odds
        ``exp(border * exp(-hostility**2))``; a negative ``border`` avoids them.
    filter : float, default=0.0
        Share of the proposals that is dropped for its hostility, at most 0.95.

    Examples
    --------
    >>> Policy(filter=0.25).set_params(spread=0.5)
    Policy(filter=0.25, spread=0.5)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "spread": [Interval(Real, 0, None, closed="left")],
        "border": [Interval(Real, None, None, closed="neither")],
        "filter": [Interval(Real, 0, MAX_DROPPED, closed="both")],
    }

    spread: float = 1.0
    border: float = 0.0
    filter: float = 0.0

    def validate(self) -> Policy:
        """Check every parameter, and return the same object; a number out of range raises ValueError."""
        self._validate_params()
        return self

    @property
    def changes_nothing(self) -> bool:
        """Whether rows are returned as the source draws them, as under the default parameters."""
        return self.spread == 1 and not self.border and not self.filter

    def n_survivors(self, n: int) -> int:
        """Count the proposals that the filter leaves where ``n`` rows are wanted; ``border`` needs more."""
        return N_CHOICES * n if self.border else n

    def n_proposals(self, n: int) -> int:
        """Count the proposals to draw from the source so that ``n`` can be kept, after filter and border.

        >>> Policy().n_proposals(10), Policy(filter=0.5).n_proposals(10), Policy(border=1.0).n_proposals(10)
        (10, 20, 30)
        """
        return math.ceil(self.n_survivors(n) / (1 - self.filter))


# What the oracle chooses among; the first one leaves rows as they come.
POLICIES: Final = (
    Policy(),
    Policy(spread=0.75),
    Policy(spread=1.25),
    Policy(border=2.0),
    Policy(border=-2.0),
    Policy(filter=0.2),
)


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
        kept = self._choose(found.rows, code, n, streams)
        # Rows that only fill up come last in ``found``.
        n_rejected = int(np.sum(kept >= len(found.rows) - found.n_rejected))
        return Drawn(self._spread(found.rows[kept], code, streams), found.n_proposals, n_rejected)

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

    def _spread(self, rows: Rows, code: int, streams: Streams) -> Rows:
        """Rows moved on the rays from their nearest real rows."""
        if self.policy.spread == 1 or not len(rows):
            return rows
        real_mF = self.data.rows[code]
        nearest = torch.from_numpy(self._nearest(rows, real_mF.numpy(), 1)[1][:, 0])
        parents = torch.stack([real_mF[nearest], torch.from_numpy(rows)], dim=1)
        way_n1 = torch.full((len(rows), 1), float(self.policy.spread))
        weights = torch.cat([1 - way_n1, way_n1], dim=1)
        generator = streams.torch("spread", code)
        return self.data.space.compose(parents, weights, weights.clamp(0, 1), generator=generator).numpy()

    def _nearest(self, rows: Rows, real: Rows, k: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Distances ``(n, at most k)`` to the nearest real rows, and their positions."""
        scale = self.data.space.layout.scale
        return NearestNeighbors(n_neighbors=min(k, len(real))).fit(real * scale).kneighbors(rows * scale)


def policy_of(given: Policy | str | None) -> Policy | str | None:
    """Check what a user gave as ``policy``: a copy of a Policy, ``"oracle"``, or None.

    Raises ValueError if a string is not ``"oracle"``, or a number is out of range.

    >>> policy_of("oracle"), policy_of(Policy(spread=0.5))
    ('oracle', Policy(spread=0.5))
    """
    if isinstance(given, str) and given != CHOSEN_BY_ORACLE:
        raise ValueError(f"'policy' must be a Policy, {CHOSEN_BY_ORACLE!r} or None. Got {given!r} instead.")
    return clone(given).validate() if isinstance(given, Policy) else given
