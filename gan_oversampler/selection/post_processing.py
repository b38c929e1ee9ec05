"""From the generators that were kept to sources that refine and reject, with what they bring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.acceptance import Rejection
from gan_oversampler.sampling.density_ratio import RatioCritic
from gan_oversampler.sampling.policy import Governed, Policy
from gan_oversampler.sampling.refinement import Refined, Refinement
from gan_oversampler.sampling.rejection import Filtered, Gate, Views, critics_of, gate_of
from gan_oversampler.sampling.sources import Drawer, Mixture, Source
from gan_oversampler.selection.choice import standard_error
from gan_oversampler.selection.folds import MIN_ROWS, Pools
from gan_oversampler.selection.outcome import Outcome, Wishes, sign_of, sources_of
from gan_oversampler.selection.scoring import Judge
from gan_oversampler.training.loop import Candidate

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


Fold = int | None
Stages = Mapping[Fold, list[list[Source]]]
Drawers = dict[Fold, list[Drawer]]


@dataclass
class Polisher:
    """Fits critics for what generators draw, and wraps these.

    Parameters
    ----------
    seen, unseen : dict of int to (dict of (int or None) to Tensor)
        Real rows of every class that is polished, by fold.

    Attributes
    ----------
    climbs : dict of int to (float, float)
        Mean log ratio of a class by the critic, before and after refinement; of the final generators, where
        their critic is not indifferent.
    gates : dict of int to Gate
        By class, where final proposals are rejected.
    """

    rejection: Rejection | None
    refinement: Refinement | None
    seen: Mapping[int, Views]
    unseen: Mapping[int, Views]
    streams: Streams
    climbs: dict[int, tuple[float, float]] = field(default_factory=dict)
    gates: dict[int, Gate] = field(default_factory=dict)

    def __call__(self, stages: Stages) -> dict[Fold, Drawer]:
        """A source per fold, of one or more stages, each a mixture."""
        n_stages = range(len(stages[None]))
        drawers: Drawers = {fold: [Mixture(tuple(stage)) for stage in row] for fold, row in stages.items()}
        if self.refinement is not None:
            refined = [
                self._refined(
                    self.refinement,
                    {fold: row[i] for fold, row in stages.items()},
                    {fold: row[i] for fold, row in drawers.items()},
                    self.streams.child("refine", i),
                )
                for i in n_stages
            ]
            drawers = {fold: [stage[fold] for stage in refined] for fold in stages}
        sources = {fold: row[0] if len(row) == 1 else Mixture(tuple(row)) for fold, row in drawers.items()}
        if self.rejection is None:
            return sources
        return self._filtered(self.rejection, sources, drawers, self.streams.child("reject"))

    def _critics(
        self, sources: Mapping[Fold, Drawer], code: int, streams: Streams
    ) -> dict[Fold, RatioCritic]:
        return critics_of(sources, code, self.seen[code], self.unseen[code], streams)

    def _refined(
        self,
        how: Refinement,
        parts: Mapping[Fold, Sequence[Source]],
        plain: Mapping[Fold, Drawer],
        streams: Streams,
    ) -> dict[Fold, Drawer]:
        """Refine one stage."""
        critics = {code: self._critics(plain, code, streams.child(code)) for code in self.seen}
        refined: dict[Fold, Drawer] = {}
        for fold, sources in parts.items():
            mine = {code: found[fold] for code, found in critics.items() if not found[fold].indifferent}
            refined[fold] = Mixture(
                tuple(Refined.of(s, mine, how, streams.child(fold, i)) for i, s in enumerate(sources))
            )
        told = streams.child("told")
        for code, found in critics.items():
            if not found[None].indifferent:
                before, after = (_mean_logit(found[None], d[None], code, told) for d in (plain, refined))
                self.climbs[code] = before, after
        return refined

    def _filtered(
        self, how: Rejection, sources: Mapping[Fold, Drawer], stages: Drawers, streams: Streams
    ) -> dict[Fold, Drawer]:
        """Reject proposals of all stages together."""
        gates: dict[Fold, dict[int, Gate]] = {fold: {} for fold in sources}
        for code in self.seen:
            judges = [
                self._critics({fold: row[i] for fold, row in stages.items()}, code, streams.child(code, i))
                for i in range(len(stages[None]))
            ]
            for fold, source in sources.items():
                critics = [found[fold] for found in judges]
                if not all(critic.indifferent for critic in critics):
                    root = streams.child("gate", code, fold)
                    gates[fold][code] = gate_of(source, code, critics, how, root)
        self.gates = gates[None]
        return {fold: Filtered(source, gates[fold], stages[fold][0]) for fold, source in sources.items()}


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
    stages = _stages(wishes, pools, outcome, judge)
    seen, unseen = real_rows(stages, labels, judge)
    polisher = Polisher(wishes.rejection, wishes.refinement, seen, unseen, wishes.streams.child("polish"))
    polished = polisher(stages)
    by_fold = tuple(source for fold, source in polished.items() if fold is not None)
    notes = [*_notes(labels, polisher), *(_scores(outcome, by_fold, judge) if judge else [])]
    return replace(outcome, source=polished[None], by_fold=by_fold, report=outcome.report.noting(*notes))


def unpolished(wishes: PolishWishes, outcome: Outcome) -> Outcome:
    """The outcome as it is, with a note if more was asked for."""
    if wishes.rejection is None and wishes.refinement is None:
        return outcome
    note = "Nothing is rejected or refined, because new rows do not come from a generator."
    return replace(outcome, report=outcome.report.noting(note))


def real_rows(
    stages: Stages, codes: Iterable[int], judge: Judge | None
) -> tuple[dict[int, Views], dict[int, Views]]:
    """Real rows that each fold's generators saw, and the others, of classes with enough of them."""
    pools = {fold: row[0][0].pool for fold, row in stages.items()}
    final = pools[None]
    enough = [c for c in codes if c in final.classes and len(final.rows[c]) >= MIN_ROWS]
    holdouts = [trial.holdout for trial in judge.trials] if judge else []
    seen: dict[int, Views] = {c: {fold: pool.rows[c] for fold, pool in pools.items()} for c in enough}
    unseen: dict[int, Views] = {
        c: {fold: torch.from_numpy(rows.of(c).values) for fold, rows in enumerate(holdouts)} for c in enough
    }
    return seen, unseen


def _stages(
    wishes: PolishWishes, pools: Pools, outcome: Outcome, judge: Judge | None
) -> dict[int | None, list[list[Source]]]:
    """By fold: what proposals come from: the kept generators and, for boosting, those of other steps."""
    boost = wishes.rejection is not None and wishes.rejection.method == "boost"
    groups = [list(outcome.kept), *([c] for c in _thinned(outcome.course) if boost)]
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


def _notes(labels: Mapping[int, object], polisher: Polisher) -> Iterator[str]:
    """What polishing does to every class."""
    for code, label in labels.items():
        if code not in polisher.seen:
            yield f"Class {label!r} has too few rows for a critic: nothing is rejected or refined there."
            continue
        if polisher.refinement is not None:
            climbed = _climbed(polisher.climbs.get(code))
            yield f"Refinement of class {label!r} ({polisher.refinement}): {climbed}."
        if polisher.rejection is not None:
            passed = _passed(polisher.gates.get(code))
            yield f"Rejection in class {label!r} ({polisher.rejection}): {passed}."


INDIFFERENT: Final = (
    "on held-out rows the refitted critic cannot tell new rows from real ones, so all stay as they are"
)


def _climbed(climb: tuple[float, float] | None) -> str:
    if climb is None:
        return INDIFFERENT
    before, after = climb
    if before == after:
        return "nothing moved, because the generators heed no noise or nothing is steep enough"
    return f"the refitted critic's mean log ratio was {before:+.3f} and is {after:+.3f}"


def _passed(gate: Gate | None) -> str:
    if gate is None:
        return INDIFFERENT
    told = f"{gate.law.rate:.1%} of the proposals come through"
    return (
        f"{told}, which 'max_proposals' will stop: the best of the rejected fill up" if gate.bites else told
    )


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


def govern(pools: Pools, outcome: Outcome, judge: Judge | None = None) -> Outcome:
    """The outcome under its policy; a judge tells what it brings to what is drawn in the end."""
    if not outcome.kept:
        note = "No policy is obeyed, because new rows do not come from the kept generators."
        return replace(outcome, report=outcome.report.noting(note))
    if repr(outcome.policy) == repr(Policy()):  # rows as they come
        return outcome
    policy, pool = outcome.policy, pools["targets"]
    by_fold = tuple(Governed(source, policy, pool[fold]) for fold, source in enumerate(outcome.by_fold))
    source = Governed(outcome.source, policy, pool[None])
    judge = judge.at_ratio(outcome.ratio) if judge else None
    brought = _brought(policy, outcome.by_fold, by_fold, judge) if judge else ""
    report = outcome.report.noting(f"Rows are drawn under {policy}.{brought}")
    return replace(outcome, source=source, by_fold=by_fold, report=report)


def _brought(policy: Policy, plain: Sequence[Drawer], governed: Sequence[Drawer], judge: Judge) -> str:
    """What the oracle says of held-out rows, without and with the policy."""
    sign = sign_of(judge.trials[0].oracle)
    without, under = (sign * judge.score(sources, str(policy)) for sources in (plain, governed))
    return (
        f" By the oracle: {under.mean():.4f} ± {standard_error(under):.4f},"
        f" {without.mean():.4f} ± {standard_error(without):.4f} without."
    )
