"""Sources whose proposals must pass a refitted critic."""

# n row, F encoded column

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.acceptance import Acceptance, Rejection
from gan_oversampler.sampling.density_ratio import RatioCritic
from gan_oversampler.sampling.fold_data import FoldData, Masks
from gan_oversampler.sampling.proposals import ProposalSearch
from gan_oversampler.sampling.sources import Drawn, Source

N_PILOT: Final = 4096  # proposals from which a rule of acceptance is made


@dataclass(frozen=True)
class Gate:
    """What proposals of one class must pass."""

    critic: RatioCritic  # tells the density ratio of proposals
    acceptance: Acceptance  # accepts them by it
    max_proposals: float  # most proposals per new row

    @classmethod
    def of(
        cls, source: Source, code: int, critic: RatioCritic, rejection: Rejection, streams: Streams
    ) -> Gate:
        """Make the gate of one class from a pilot of proposals, so that all later rows follow one rule."""
        pilot_nF = torch.from_numpy(source.draw(code, N_PILOT, streams.child("pilot")).rows)
        return cls(critic, rejection.acceptance(critic.log_ratio(pilot_nF)), rejection.max_proposals)

    @property
    def is_capped(self) -> bool:
        """Whether ``max_proposals`` will probably not give enough accepted rows, by the rate of the pilot."""
        return self.acceptance.rate * self.max_proposals < 1


@dataclass(frozen=True)
class RejectionSource:
    """Rows of another source that pass a gate; exactly as many rows as asked for come back."""

    source: Source  # draws proposals
    gates: Mapping[int, Gate]  # by class code; classes without a gate are drawn as they are

    @property
    def data(self) -> FoldData:
        """Real rows that proposals start from."""
        return self.source.data

    def among(self, code: int, masks: Masks) -> RejectionSource:
        """Return the source over some real rows; the gates stay."""
        return replace(self, source=self.source.among(code, masks))

    def draw(self, code: int, n: int, streams: Streams) -> Drawn:
        """Draw ``n`` rows of one class that pass its gate, batch by batch.

        When ``max_proposals`` per row are spent, the rejected rows of the largest density ratio fill up; they
        come last and are counted. Each batch has random streams of its own.
        """
        if code not in self.gates or not n:
            return self.source.draw(code, n, streams)
        gate = self.gates[code]
        accepted: list[Drawn] = []
        rejected: list[Drawn] = []
        rejected_log_ratio = np.empty(0)
        search = ProposalSearch(n, int(gate.max_proposals * n), gate.acceptance.rate)
        for proposals, _, rng in search.batches(self.source, code, streams, name="proposals", order="gate"):
            log_ratio = gate.critic.log_ratio(torch.from_numpy(proposals.rows))
            chosen = gate.acceptance.accept(log_ratio, rng)
            failed = np.setdiff1d(np.arange(len(log_ratio)), chosen)
            accepted.append(proposals.at(chosen))
            rejected_log_ratio = np.concatenate([rejected_log_ratio, log_ratio[failed]])
            best = np.argsort(-rejected_log_ratio, kind="stable")[:n]  # no more are needed to fill up
            rejected = [Drawn.joined([*rejected, proposals.at(failed)]).at(best)]
            rejected_log_ratio = rejected_log_ratio[best]
            search.n_found += len(chosen)
        found = Drawn.joined([*accepted, *rejected]).at(np.arange(n))
        return replace(found, n_proposals=search.n_drawn, rejected=np.arange(n) >= search.n_found)


def capped_message(drawn: Mapping[str, Drawn]) -> str:
    """Say which classes, given by their labels, were filled up with rejected rows; empty if none was.

    >>> few = Drawn(np.zeros((5, 1), np.float32), 500, rejected=np.arange(5) >= 3)
    >>> capped_message({"'rare'": few, "'rarest'": Drawn(np.zeros((3, 1), np.float32), 9)})
    "Rejection reached 'max_proposals': 2 of 5 new rows of class 'rare' are the best of the rejected ones."
    """
    capped = " and ".join(
        f"{found.n_rejected} of {len(found.rows)} new rows of class {label}"
        for label, found in drawn.items()
        if found.n_rejected
    )
    message = f"Rejection reached 'max_proposals': {capped} are the best of the rejected ones."
    return message if capped else ""
