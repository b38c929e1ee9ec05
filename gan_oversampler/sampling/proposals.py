"""Proposals of a source, batch by batch, until enough of them are accepted."""

# n row

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.sources import CHUNK, N_EXTRA, Drawn, Source, draw_in_random_order

MIN_RATE: Final = 1e-6  # share of proposals that is expected to be accepted at least


@dataclass
class ProposalSearch:
    """A search for rows among proposals: how many are wanted, found and drawn; the caller counts those found.

    Batches are as large as the rate of acceptance asks for, and a little larger, so that few are needed.
    """

    n: int  # rows that are wanted
    limit: int  # most proposals
    rate: float | None = None  # share that is expected to be accepted; None: as it was in the batches so far
    n_found: int = 0  # rows that were accepted
    n_drawn: int = 0  # proposals

    @property
    def n_missing(self) -> int:
        """How many rows are still wanted; negative where more were accepted than were wanted."""
        return self.n - self.n_found

    def batches(
        self, source: Source, code: int, streams: Streams, *, name: str, order: str
    ) -> Iterator[tuple[Drawn, Streams, np.random.Generator]]:
        """Yield batches of proposals of one class until enough are found, or no more may be drawn.

        Each batch comes in random order, with random streams of its own, children of ``streams`` by ``name``,
        and with the generator that put it in order, the one called ``order`` among them.
        """
        number = 0
        while self.n_missing > 0 and self.n_drawn < self.limit:
            wanted = math.ceil(1.1 * self.n_missing / self._expected_rate) + N_EXTRA
            size = min(wanted, CHUNK, self.limit - self.n_drawn)
            root = streams.child(name, number)
            rng = root.numpy(order, code)
            proposals = draw_in_random_order(source, code, size, root, rng)
            self.n_drawn, number = self.n_drawn + size, number + 1
            yield proposals, root, rng

    @property
    def _expected_rate(self) -> float:
        if self.rate is not None:
            return max(self.rate, MIN_RATE)
        return max(self.n_found, 1) / self.n_drawn if self.n_drawn else 1.0
