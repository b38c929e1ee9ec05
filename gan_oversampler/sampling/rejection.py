"""Sources whose rows a refitted critic has led or let through."""

# n row, F encoded column, D critic

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.acceptance import Array, Boosting, Law, Rejection
from gan_oversampler.sampling.density_ratio import RatioCritic, View, folded, ratio_critics
from gan_oversampler.sampling.policy import Governed
from gan_oversampler.sampling.sources import CHUNK, Drawer

N_PILOT: Final = 4096  # proposals that the constants of a law are taken from
FEWEST: Final = 512  # proposals that a critic learns from
MOST: Final = 4096
SPARE: Final = 16  # proposals more than are expected to be needed

Rows = NDArray[np.float32]


Views = Mapping[int | None, Tensor]
"""Rows by fold; None holds all rows."""


def critics_of(
    sources: Mapping[int | None, Drawer], code: int, seen: Views, unseen: Views, streams: Streams
) -> dict[int | None, RatioCritic]:
    """Critics of one class, one per source.

    Parameters
    ----------
    sources : dict of (int or None) to whatever draws rows
        By the fold that they never saw.
    seen, unseen : dict of (int or None) to Tensor
        Real rows of the class that a source saw, and the others; None has no others.
    """
    final = View(_some(seen[None], streams), _drawn(sources[None], code, seen[None], streams))
    if len(sources) == 1:
        return {None: ratio_critics(folded(final, streams), streams)[-1]}
    views = {
        fold: View(
            _some(seen[fold], streams),
            _drawn(source, code, seen[fold], streams),
            _some(unseen[fold], streams),
            _drawn(source, code, seen[fold], streams.child("fresh")),
        )
        for fold, source in sources.items()
        if fold is not None
    }
    found = ratio_critics([*views.values(), final], streams)
    return dict(zip([*views, None], found, strict=True))


def _some(rows_nF: Tensor, streams: Streams) -> Tensor:
    """At most so many rows."""
    return rows_nF[torch.randperm(len(rows_nF), generator=streams.torch("reals"))[:MOST].sort().values]


def _drawn(source: Drawer, code: int, real_nF: Tensor, streams: Streams) -> Tensor:
    n = int(np.clip(4 * len(real_nF), FEWEST, MOST))
    return torch.from_numpy(source.draw(code, n, streams.child("fakes")))


@dataclass(frozen=True)
class Boosted:
    """The ratio that a game of several critics leaves.

    Parameters
    ----------
    critics : sequence of RatioCritic
        One per generator.
    boosting : Boosting
        How the game went.
    """

    critics: Sequence[RatioCritic]
    boosting: Boosting

    @classmethod
    def of(cls, critics: Sequence[RatioCritic], pool_nF: Tensor) -> Boosted:
        """Play over a pool of proposals of all generators."""
        real_D = np.array([expit(critic.real_n).mean() for critic in critics])
        return cls(critics, Boosting.play(_verdicts(critics, pool_nF), real_D))

    def log_ratio(self, rows_nF: Tensor) -> Array:
        """Logarithm of the weight of each row ``(n,)``."""
        return self.boosting.log_ratio(_verdicts(self.critics, rows_nF))


def _verdicts(critics: Sequence[RatioCritic], rows_nF: Tensor) -> Array:
    """Calibrated probabilities ``(D, n)`` that rows are real."""
    return np.stack([expit(critic.log_ratio(rows_nF)) for critic in critics])


@dataclass(frozen=True)
class Gate:
    """What proposals of one class must pass.

    Parameters
    ----------
    log_ratio : callable
        Rows ``(n, F)`` to the logarithm of their density ratio.
    law : Law
        Who passes.
    most : float
        Most proposals per new row.
    """

    log_ratio: Callable[[Tensor], Array]
    law: Law
    most: float

    @property
    def bites(self) -> bool:
        """Whether the cap is to be expected to stop it."""
        return self.law.rate * self.most < 1

    def size(self, missing: int, left: int) -> int:
        """Proposals of the next batch, whole units; 0 when what is left is not enough for one."""
        unit = self.law.unit
        wanted = 1.1 * missing / max(self.law.rate, 1e-6) + SPARE
        units = min(math.ceil(wanted / unit), max(CHUNK // unit, 1), left // unit)
        return units * unit


@dataclass(frozen=True)
class Drawn:
    """Rows, and what they took.

    Attributes
    ----------
    rows : ndarray of shape (n, F)
        As many as were asked for.
    n_proposals : int
        Rows drawn for them.
    n_filled : int
        Rows that were rejected and taken nevertheless, because the cap was reached.
    """

    rows: Rows
    n_proposals: int
    n_filled: int = 0


@dataclass(frozen=True)
class Filtered:
    """A source that returns only what passes a gate, exactly as many rows as asked for.

    Parameters
    ----------
    source : whatever draws rows
        Makes proposals.
    gates : dict of int to Gate
        By class.
    plain : whatever draws rows, or None
        Draws the other classes; None is the source.
    """

    source: Drawer
    gates: Mapping[int, Gate]
    plain: Drawer | None = None

    def draw(self, code: int, n: int, streams: Streams) -> Rows:
        """Rows ``(n, F)`` of one class."""
        return self.attempt(code, n, streams).rows

    def attempt(self, code: int, n: int, streams: Streams) -> Drawn:
        """Rows of one class, and what they took."""
        if code not in self.gates or not n:
            return Drawn((self.plain or self.source).draw(code, n, streams), n)
        batches = list(self._batches(self.gates[code], code, n, streams))
        passed, failed, log_ratio = (np.concatenate(parts) for parts in zip(*(b.parts for b in batches)))
        n_filled = max(0, n - len(passed))
        best = np.argsort(-log_ratio, kind="stable")[:n_filled]
        rows = np.concatenate([passed[:n], failed[best]])
        return Drawn(rows, sum(batch.size for batch in batches), n_filled)

    def _batches(self, gate: Gate, code: int, n: int, streams: Streams) -> Iterator[_Batch]:
        """Proposals until enough have passed or the cap is reached."""
        missing, left, number = n, int(gate.most * n), 0
        while missing > 0 and (size := gate.size(missing, left)):
            batch = self._batch(gate, code, size, streams.child("proposals", number))
            yield batch.best(n)
            missing, left, number = missing - len(batch.passed), left - size, number + 1

    def _batch(self, gate: Gate, code: int, size: int, streams: Streams) -> _Batch:
        rows, generator = self.source.draw(code, size, streams), streams.numpy("gate", code)
        # Mixtures draw one source after the other; in random order none comes first.
        rows = rows[generator.permutation(size)]
        log_ratio = gate.log_ratio(torch.from_numpy(rows))
        picked = gate.law.pick(log_ratio, generator)
        failed = np.setdiff1d(np.arange(size), picked)
        return _Batch(rows[picked], rows[failed], log_ratio[failed], size)


@dataclass(frozen=True)
class _Batch:
    """Proposals that passed, and those that did not."""

    passed: Rows
    failed: Rows
    failed_log_ratio: Array
    size: int

    @property
    def parts(self) -> tuple[Rows, Rows, Array]:
        return self.passed, self.failed, self.failed_log_ratio

    def best(self, n: int) -> _Batch:
        """Without all but the best ``n`` that failed, so that memory stays small."""
        order = np.argsort(-self.failed_log_ratio, kind="stable")[:n]
        return replace(self, failed=self.failed[order], failed_log_ratio=self.failed_log_ratio[order])


def attempt(source: Drawer, code: int, n: int, streams: Streams) -> Drawn:
    """Rows of any source, and what they took."""
    if isinstance(source, Filtered):
        return source.attempt(code, n, streams)
    if isinstance(source, Governed):
        found = attempt(source.source, code, source.policy.proposals(n), streams)
        place = source.pick(found.rows, code, n, streams)
        # Those that only fill up come last.
        n_filled = int(np.sum(place >= len(found.rows) - found.n_filled))
        return Drawn(source.moved(found.rows[place], code, streams), found.n_proposals, n_filled)
    return Drawn(source.draw(code, n, streams), n)


def told_of(drawn: Mapping[str, Drawn]) -> str:
    """What to say of labels whose proposals were capped; nothing if there are none.

    >>> told_of({"'rare'": Drawn(np.zeros((5, 1)), 500, n_filled=2), "'rarest'": Drawn(np.zeros((3, 1)), 9)})
    "Rejection reached 'max_proposals': 2 of 5 new rows of class 'rare' are the best of the rejected ones."
    """
    capped = [
        f"{found.n_filled} of {len(found.rows)} new rows of class {label}"
        for label, found in drawn.items()
        if found.n_filled
    ]
    if not capped:
        return ""
    return f"Rejection reached 'max_proposals': {' and '.join(capped)} are the best of the rejected ones."


def gate_of(
    source: Drawer, code: int, critics: Sequence[RatioCritic], how: Rejection, streams: Streams
) -> Gate:
    """Gate of one class, its constants from a pilot of proposals."""
    pool_nF = torch.from_numpy(source.draw(code, N_PILOT, streams.child("pool")))
    judge = Boosted.of(critics, pool_nF) if how.method == "boost" else critics[0]
    n_pilot = max(N_PILOT, math.ceil(how.proposals))  # at least one whole chain
    pilot_nF = torch.from_numpy(source.draw(code, n_pilot, streams.child("pilot")))
    law = how.law(judge.log_ratio(pilot_nF), critics[0].real_n, streams.numpy("pilot"))
    return Gate(judge.log_ratio, law, how.max_proposals)
