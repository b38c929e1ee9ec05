"""How to draw from whatever draws: how far from real rows, how near to other classes, what to drop."""

# n row, F encoded column

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

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.pool import Pool
from gan_oversampler.sampling.sources import Drawer

CHOSEN: Final = "oracle"  # what is left to the oracle
NEAR: Final = 5  # rows of a class that say how near it is
TINY: Final = 1e-3  # keeps logarithms of distances finite
MOST_DROPPED: Final = 0.95  # share of the proposals, so that there are not too many
CHOICES: Final = 3  # proposals per new row where some are preferred

Rows = NDArray[np.float32]


class Policy(BaseEstimator):
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
        "filter": [Interval(Real, 0, MOST_DROPPED, closed="both")],
    }

    def __init__(self, *, spread: float = 1.0, border: float = 0.0, filter: float = 0.0) -> None:
        self.spread = spread
        self.border = border
        self.filter = filter

    def validate(self) -> Policy:
        """Check every parameter.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        self._validate_params()
        return self

    def survivors(self, n: int) -> int:
        """Proposals that are not dropped, where ``n`` rows are wanted."""
        return CHOICES * n if self.border else n

    def proposals(self, n: int) -> int:
        """Rows to draw so that ``n`` can be kept.

        >>> Policy().proposals(10), Policy(filter=0.5).proposals(10), Policy(border=1.0).proposals(10)
        (10, 20, 30)
        """
        return math.ceil(self.survivors(n) / (1 - self.filter))


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
class Governed:
    """A source under a policy; exactly as many rows as asked for come back.

    Parameters
    ----------
    source : whatever draws rows
        Makes proposals.
    policy : Policy
        What becomes of them.
    pool : Pool
        Real rows that distances are measured to.
    """

    source: Drawer
    policy: Policy
    pool: Pool

    def draw(self, code: int, n: int, streams: Streams) -> Rows:
        """Rows ``(n, F)`` of one class."""
        rows = self.source.draw(code, self.policy.proposals(n), streams)
        return self.moved(rows[self.pick(rows, code, n, streams)], code, streams)

    def pick(self, rows: Rows, code: int, n: int, streams: Streams) -> NDArray[np.intp]:
        """Positions of ``n`` of the proposals."""
        if len(rows) == n:
            return np.arange(n)
        hostility = self._hostility(rows, code)
        safe = np.argsort(hostility, kind="stable")[: self.policy.survivors(n)]
        # The largest of wishes plus Gumbel variables are a sample without replacement, of odds exp(wish).
        wish = self.policy.border * np.exp(-(hostility[safe] ** 2))
        lots = wish + streams.numpy("border", code).gumbel(size=len(safe))
        return np.sort(safe[np.argsort(-lots, kind="stable")[:n]])

    def moved(self, rows: Rows, code: int, streams: Streams) -> Rows:
        """Rows on the rays from their nearest real rows."""
        if self.policy.spread == 1 or not len(rows):
            return rows
        real_mF, new_nF = self.pool.rows[code], torch.from_numpy(rows)
        nearest = self._nearest(rows, real_mF.numpy(), 1)[1][:, 0]
        parents = torch.stack([real_mF[torch.from_numpy(nearest)], new_nF], dim=1)
        way_n1 = torch.full((len(rows), 1), float(self.policy.spread))
        weights = torch.cat([1 - way_n1, way_n1], dim=1)
        generator = streams.torch("spread", code)
        return self.pool.space.compose(parents, weights, weights.clamp(0, 1), generator=generator).numpy()

    def _hostility(self, rows: Rows, code: int) -> NDArray[np.float64]:
        others = torch.cat([real for other, real in self.pool.rows.items() if other != code]).numpy()
        own, hostile = (self._nearest(rows, real, NEAR)[0] for real in (self.pool.rows[code].numpy(), others))
        return np.asarray(np.log(own.mean(axis=1) + TINY) - np.log(hostile.mean(axis=1) + TINY))

    def _nearest(self, rows: Rows, real: Rows, k: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Distances ``(n, at most k)`` to the nearest real rows, and their positions."""
        scale = self.pool.space.layout.scale
        found = NearestNeighbors(n_neighbors=min(k, len(real))).fit(real * scale).kneighbors(rows * scale)
        return found[0], found[1]


def policy_of(given: Policy | str | None) -> Policy | str | None:
    """Policy from what a user may write; None changes nothing.

    Raises
    ------
    ValueError
        If a word is not ``"oracle"``, or a number is out of range.

    >>> policy_of("oracle"), policy_of(Policy(spread=0.5))
    ('oracle', Policy(spread=0.5))
    """
    if isinstance(given, str) and given != CHOSEN:
        raise ValueError(f"'policy' must be a Policy, {CHOSEN!r} or None. Got {given!r} instead.")
    return clone(given).validate() if isinstance(given, Policy) else given
