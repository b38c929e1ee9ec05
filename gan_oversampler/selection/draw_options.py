"""Generators, policy and ratio chosen together, where the oracle may choose how rows are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.policy import Governed, Policy
from gan_oversampler.sampling.sources import Drawer
from gan_oversampler.selection.choice import Choice, choose_way, standard_error
from gan_oversampler.selection.scoring import Judge

RATIOS: Final = (0.25, 0.5, 0.75, 1.0)
SHORTLIST: Final = 3  # specifications that are tried in every way: the others did worse as they come


@dataclass(frozen=True)
class Recipe:
    """How new rows are made: by which generators, under which policy, to which ratio.

    Parameters
    ----------
    ratio : float
        Of what is asked for; to the largest class, where that is left to the oracle.
    utilities : ndarray
        Per fold, by the oracle.
    """

    choice: Choice
    policy: Policy
    ratio: float
    utilities: NDArray[np.float64]


Way = dict[float, Recipe]
"""The recipes of one choice under one policy, by ratio."""


def try_recipes(
    judge: Judge, choices: Sequence[Choice], policies: Sequence[Policy], ratios: Sequence[float]
) -> list[Way]:
    """Every choice under every policy to every ratio that asks for rows, scored on the same folds."""
    pairs = list(itertools.product(choices, policies))
    sources = [_sources(judge, *pair) for pair in pairs]
    ways: list[Way] = [{} for _ in pairs]
    for ratio in ratios:
        if (there := judge.at_ratio(ratio)) is None:
            continue
        names = [f"{choice.name(judge.gans)}, {policy}, ratio {ratio:g}" for choice, policy in pairs]
        scores = there.scores(sources, names)
        for way, pair, utilities in zip(ways, pairs, scores, strict=True):
            way[ratio] = Recipe(*pair, ratio, utilities)
    return ways


def _sources(judge: Judge, choice: Choice, policy: Policy) -> list[Drawer]:
    """Per fold: what draws."""
    mixtures = judge.mixtures([entry.candidate for entry in choice.mixture])
    pools = [trial.pools["targets"] for trial in judge.trials]
    return [Governed(mixture, policy, pool) for mixture, pool in zip(mixtures, pools, strict=True)]


def best_recipe(ways: Sequence[Way]) -> Recipe:
    """The first choice under the first policy, or what is better by more than chance; to a small ratio."""
    number, ratio = choose_way([{r: recipe.utilities for r, recipe in way.items()} for way in ways])
    return ways[number][ratio]


def as_frame(ways: Sequence[Way], kept: Recipe, gans: Sequence[GAN], sign: float) -> pd.DataFrame:
    """One row per recipe: name, policy, ratio, score in the oracle's own unit, standard error, kept."""
    rows = [
        {
            "name": recipe.choice.name(gans),
            **recipe.policy.get_params(),
            "ratio": recipe.ratio,
            "score": sign * float(recipe.utilities.mean()),
            "standard_error": standard_error(recipe.utilities),
            "kept": recipe is kept,
        }
        for way in ways
        for recipe in way.values()
    ]
    return pd.DataFrame(rows)


def in_words(ways: Sequence[Way], kept: Recipe, gans: Sequence[GAN], sign: float) -> str:
    """What was chosen, of how many."""
    plain = ways[0][max(ways[0])]
    chosen = [kept.choice.name(gans)]
    if len({repr(recipe.policy) for way in ways for recipe in way.values()}) > 1:
        chosen.append(str(kept.policy))
    if len(ways[0]) > 1:
        chosen.append(f"a ratio of {kept.ratio:g} to the largest class")
    scores = [f"{sign * r.utilities.mean():.4f} ± {standard_error(r.utilities):.4f}" for r in (kept, plain)]
    return (
        f"Of {sum(map(len, ways))} ways to draw the oracle chose {', '.join(chosen)}: {scores[0]},"
        f" {scores[1]} without a choice; all are in report_.draw_options."
    )
