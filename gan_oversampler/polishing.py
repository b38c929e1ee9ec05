"""From the generators that were kept to sources that refine and reject, with what they bring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import torch

from gan_oversampler._rng import Streams
from gan_oversampler.concluding import Outcome, Wishes, sign_of, sources_of
from gan_oversampler.filtering import Filtered, Gate, Refined, critic_of, gate_of
from gan_oversampler.judging import Judge
from gan_oversampler.ratio import RatioCritic
from gan_oversampler.refinement import Refinement
from gan_oversampler.rejection import Rejection
from gan_oversampler.sampling import Drawer, Mixture, Source
from gan_oversampler.selection import standard_error
from gan_oversampler.splitting import MIN_ROWS, Pools
from gan_oversampler.training.loop import Candidate
from gan_oversampler.training.pool import Pool

MOST_STAGES: Final = 8  # steps of the training that boosting mixes
N_TOLD: Final = 512  # rows that tell what refinement brought


class PolishWishes(Wishes, Protocol):
    """What a plan says about polishing."""

    @property
    def rejection(self) -> Rejection | None:
        """Who of the proposals comes through."""

    @property
    def refinement(self) -> Refinement | None:
        """How rows are led toward real ones."""

    @property
    def streams(self) -> Streams:
        """Root of all randomness."""


@dataclass(frozen=True)
class Polished:
    """A source, and what polishing does there.

    Attributes
    ----------
    gates : dict of int to Gate
        By class, where proposals are rejected.
    climbs : dict of int to (float, float)
        Mean log ratio of a class by the critic, before and after refinement.
    """

    source: Drawer
    gates: Mapping[int, Gate]
    climbs: Mapping[int, tuple[float, float]]


@dataclass(frozen=True)
class Polisher:
    """Fits critics for what is drawn, and wraps it."""

    rejection: Rejection | None
    refinement: Refinement | None
    streams: Streams

    def __call__(
        self, stages: Sequence[Sequence[Source]], real: Mapping[int, torch.Tensor], fold: int | None
    ) -> Polished:
        """Polish stages, each a mixture; ``real`` rows of every class that is polished."""
        streams = self.streams.child("polish", fold)
        climbs: dict[int, tuple[float, float]] = {}
        drawers: list[Drawer] = [Mixture(tuple(stage)) for stage in stages]
        if self.refinement is not None:
            refined = [
                self._refine(s, stage, real, streams.child("refine", i))
                for i, (s, stage) in enumerate(zip(stages, drawers, strict=True))
            ]
            climbs = refined[-1][1]
            drawers = [drawer for drawer, _ in refined]
        source = drawers[0] if len(drawers) == 1 else Mixture(tuple(drawers))
        if self.rejection is None:
            return Polished(source, {}, climbs)
        gates = self._gates(source, drawers, real, streams.child("reject"))
        return Polished(Filtered(source, gates), gates, climbs)

    def _refine(
        self,
        sources: Sequence[Source],
        plain: Drawer,
        real: Mapping[int, torch.Tensor],
        streams: Streams,
    ) -> tuple[Drawer, dict[int, tuple[float, float]]]:
        assert self.refinement is not None
        critics = {code: critic_of(plain, code, rows, streams.child(code)) for code, rows in real.items()}
        how = self.refinement
        drawer = Mixture(
            tuple(Refined.of(s, critics, how, streams.child("source", i)) for i, s in enumerate(sources))
        )
        told = streams.child("told")
        climbs = {
            code: (_mean_logit(critic, plain, code, told), _mean_logit(critic, drawer, code, told))
            for code, critic in critics.items()
        }
        return drawer, climbs

    def _gates(
        self, source: Drawer, stages: Sequence[Drawer], real: Mapping[int, torch.Tensor], streams: Streams
    ) -> dict[int, Gate]:
        assert self.rejection is not None
        gates = {}
        for code, rows in real.items():
            critics = [critic_of(stage, code, rows, streams.child(code, i)) for i, stage in enumerate(stages)]
            gates[code] = gate_of(source, code, critics, self.rejection, streams.child("gate", code))
        return gates


@torch.no_grad()
def _mean_logit(critic: RatioCritic, source: Drawer, code: int, streams: Streams) -> float:
    return float(critic.logit(torch.from_numpy(source.draw(code, N_TOLD, streams))).mean())


def polish(
    wishes: PolishWishes,
    labels: Mapping[int, object],
    pools: Pools,
    outcome: Outcome,
    judge: Judge | None = None,
) -> Outcome:
    """The outcome with rejection and refinement, if they are wished for.

    Parameters
    ----------
    labels : dict of int to label
        The classes to oversample.
    judge : Judge or None
        Says what polishing brings on held-out rows; None where there is none.
    """
    if not outcome.kept:
        return unpolished(wishes, outcome)
    polisher = Polisher(wishes.rejection, wishes.refinement, wishes.streams)
    stages = _stages(wishes, pools, outcome, judge)
    polished = {
        fold: polisher(stage, real_rows(stage[0][0].pool, labels), fold) for fold, stage in stages.items()
    }
    final = polished.pop(None)
    by_fold = tuple(found.source for found in polished.values())
    notes = [*_notes(wishes, labels, final), *(_scores(outcome, by_fold, judge) if judge else [])]
    return replace(outcome, source=final.source, by_fold=by_fold, report=outcome.report.noting(*notes))


def unpolished(wishes: PolishWishes, outcome: Outcome) -> Outcome:
    """The outcome as it is, with a note if more was asked for."""
    if wishes.rejection is None and wishes.refinement is None:
        return outcome
    note = "Nothing is rejected or refined, because new rows do not come from a generator."
    return replace(outcome, report=outcome.report.noting(note))


def real_rows(pool: Pool, codes: Mapping[int, object]) -> dict[int, torch.Tensor]:
    """Rows of the classes that have enough of them, and a generator."""
    return {c: pool.rows[c] for c in codes if c in pool.classes and len(pool.rows[c]) >= MIN_ROWS}


def _stages(
    wishes: PolishWishes, pools: Pools, outcome: Outcome, judge: Judge | None
) -> dict[int | None, list[list[Source]]]:
    """By fold: what proposals come from, one mixture or, for boosting, one per step of the training."""
    boost = wishes.rejection is not None and wishes.rejection.method == "boost"
    groups = [[c] for c in _thinned(outcome.course)] if boost else [list(outcome.kept)]
    stages: dict[int | None, list[list[Source]]] = {
        None: [[s for c in group for s in sources_of(wishes.gans, pools, c)] for group in groups]
    }
    for fold in range(len(judge.trials) if judge else 0):
        assert judge is not None
        stages[fold] = [[judge.sources(c)[fold] for c in group] for group in groups]
    return stages


def _thinned(course: Sequence[Candidate]) -> list[Candidate]:
    """At most so many candidates, evenly spaced, the first and the last among them."""
    places = np.unique(np.linspace(0, len(course) - 1, min(len(course), MOST_STAGES)).round())
    return [course[int(place)] for place in places]


def _notes(wishes: PolishWishes, labels: Mapping[int, object], final: Polished) -> Iterator[str]:
    """What polishing does to every class."""
    for code, (before, after) in final.climbs.items():
        still = "; its generators heed no noise" if before == after else ""
        yield (
            f"Refinement of class {labels[code]!r} ({wishes.refinement}): the refitted critic's mean log"
            f" ratio was {before:.2f} and is {after:.2f}{still}."
        )
    for code, gate in final.gates.items():
        cap = f" That is above the cap of {gate.most:g}, so rejected ones will fill up." if gate.bites else ""
        yield (
            f"Rejection in class {labels[code]!r} ({wishes.rejection}): {gate.law.rate:.1%} of the proposals"
            f" come through, {1 / max(gate.law.rate, 1e-9):.1f} for every new row.{cap}"
        )
    polished = {*final.climbs, *final.gates}
    for label in (label for code, label in labels.items() if code not in polished):
        yield f"Class {label!r} has too few rows for a critic: nothing is rejected or refined."


def _scores(outcome: Outcome, by_fold: Sequence[Drawer], judge: Judge) -> list[str]:
    """What the oracle says of held-out rows, with and without."""
    sign = sign_of(judge.trials[0].oracle)
    plain, polished = (
        sign * judge.score(sources, name)
        for sources, name in ((outcome.by_fold, "the choice"), (by_fold, "the polished choice"))
    )
    return [
        f"By the oracle: {polished.mean():.4f} ± {standard_error(polished):.4f} with rejection and refinement"
        f" as asked for, {plain.mean():.4f} ± {standard_error(plain):.4f} without."
    ]
