"""Scores on rows that a search did not see: the best of many scores is too good, so another must be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.gans.gan import GAN
from gan_oversampler.plan import Plan, Services
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.sources import Source
from gan_oversampler.search.outcome import SearchedGAN
from gan_oversampler.selection.candidate_sources import generator_sources
from gan_oversampler.selection.choice import Utilities
from gan_oversampler.selection.folds import split
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import FoldEvaluator
from gan_oversampler.training.data import MIN_ROWS, TrainingData
from gan_oversampler.training.loop import Candidate
from gan_oversampler.training.population import CrossFittedPopulation

N_PARTS: Final = 4  # of the held-out rows: their scatter tells the error of the score
STREAMS: Final = "nested"  # frozen name of the random streams


@dataclass(frozen=True)
class Divided:
    """A table in two: rows that a search sees, and rows that its choice is scored on."""

    development: Problem
    heldout: Rows

    @classmethod
    def of(cls, problem: Problem, plan: Plan, holdout: float, services: Services) -> Divided:
        """Hold out a share of the rows, stratified, and none of a group that the search sees.

        Raises ValueError if the development rows of a class, or its held-out ones, are too few, and if ``cv``
        is a list of folds, which are those of all rows.
        """
        if not (isinstance(plan.cv, (int, np.integer)) or hasattr(plan.cv, "split")):
            raise ValueError(
                "A search with held-out rows needs 'cv' as a number or a splitter, because it makes folds of"
                f" the other rows. Got cv={plan.cv!r}. Set holdout=None of the Search, or give a number."
            )
        rows, streams = problem.rows, services.streams.child(STREAMS)
        learned = list(problem.learned)
        smallest = int(rows.counts[learned].min())
        k = min(max(2, round(1 / holdout)), smallest)
        seen, held = split(k, rows, smallest, streams.child_seed("holdout") % 2**32)[0]
        n_left, n_held = (int(rows.at(part).counts[learned].min()) for part in (seen, held))
        if n_held < 2 or n_left < MIN_ROWS:
            raise ValueError(
                f"The smallest class to oversample has {smallest} rows. A search needs {MIN_ROWS} of them,"
                f" and two to be held out; holdout={holdout:g} leaves {n_left} and {n_held}. Set holdout=None"
                " to search without, whose score is too good, or leave the search out."
            )
        seen_rows = rows.at(seen)
        n_new = {code: round(r * int(seen_rows.counts[code])) for code, r in problem.new_per_real.items()}
        layout, cv_streams = problem.space.layout, streams.child("development")
        return cls(Problem.of(seen_rows, layout, n_new, cv_streams, plan.cv), rows.at(held))


def heldout_utilities(
    divided: Divided,
    points: Sequence[SearchedGAN],
    steps: Sequence[int],
    plan: Plan,
    services: Services,
) -> list[Utilities]:
    """Train GANs on all development rows, and score each after its number of steps on the held-out rows.

    The result holds utilities of disjoint parts of the held-out rows, paired: all GANs have equal streams.
    """
    streams = services.streams.child(STREAMS)
    problem, gans = divided.development, [clone(point.gan) for point in points]
    data = problem.training_data(gans).without_folds()
    sources = _trained(points, gans, steps, data, replace(services, streams=streams))
    oracle = next(iter(plan.oracles.values()))
    whole = FoldEvaluator.of(0, oracle, problem.rows, divided.heldout, problem.new_per_real, streams)
    parts = [replace(whole, heldout=part) for part in _parts(divided.heldout, problem.learned, streams)]
    return [np.array([part.utility(source)[0] for part in parts]) for source in sources]


def _trained(
    points: Sequence[SearchedGAN],
    gans: Sequence[GAN],
    steps: Sequence[int],
    data: TrainingData,
    services: Services,
) -> list[Source]:
    """The sources of GANs, each after its own number of steps."""
    population = CrossFittedPopulation(gans, data, services.streams.child("members"), services.device)
    found: dict[int, Candidate] = {}
    done = 0
    for step in sorted(set(steps)):
        population.advance(step - done)
        done = step
        found |= {c.specification: c for c in population.candidates(step) if steps[c.specification] == step}
    sources: list[Source] = []
    for number, point in enumerate(points):
        source = generator_sources(gans, [found[number]], data, 0).full
        sources.append(PolicySource(source, point.policy, data.full()) if point.policy else source)
    return sources


def _parts(heldout: Rows, learned: Sequence[int], streams: Streams) -> list[Rows]:
    """Disjoint parts of the held-out rows, each with rows of every class and whole groups."""
    n_parts = min(N_PARTS, int(heldout.counts[list(learned)].min()))
    if n_parts < 2:
        return [heldout]
    kind = StratifiedKFold if heldout.groups is None else StratifiedGroupKFold
    seed = streams.child_seed("parts") % 2**32
    splitter = kind(n_parts, shuffle=True, random_state=seed)
    folds = splitter.split(heldout.values, heldout.codes, heldout.groups)
    return [heldout.at(part) for _, part in folds]
