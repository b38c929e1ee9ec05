"""Generators, policy and ratio chosen together, where the oracle may choose how rows are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.judging import Judge
from gan_oversampler.policies import Governed, Policy
from gan_oversampler.selection import Choice, choose_way, standard_error
from gan_oversampler.specification import GAN

RATIOS: Final = (0.25, 0.5, 0.75, 1.0)
SHORTLIST: Final = 3  # specifications that are tried in every way: the others did worse as they come


@dataclass(frozen=True)
class Recipe:
    """How new rows are made: by which generators, under which policy, to which ratio.

    Parameters
    ----------
    utilities : ndarray
        Per fold, by the oracle.
    """

    choice: Choice
    policy: Policy
    ratio: float
    utilities: NDArray[np.float64]

    def name(self, gans: Sequence[GAN]) -> str:
        """Which generators."""
        return self.choice.name(gans)


def try_recipes(
    judge: Judge, choices: Sequence[Choice], policies: Sequence[Policy], ratios: Sequence[float]
) -> list[Recipe]:
    """Every choice under every policy to every ratio that asks for rows, scored on the same folds."""
    judges = {ratio: found for ratio in ratios if (found := judge.at_ratio(ratio)) is not None}
    pools = [trial.pools["targets"] for trial in judge.trials]
    tried = []
    for choice, policy in itertools.product(choices, policies):
        mixtures = judge.mixtures([entry.candidate for entry in choice.mixture])
        sources = [Governed(mixture, policy, pool) for mixture, pool in zip(mixtures, pools, strict=True)]
        for ratio, there in judges.items():
            name = f"{choice.name(judge.gans)}, {policy}, ratio {ratio:g}"
            tried.append(Recipe(choice, policy, ratio, there.score(sources, name)))
    return tried


def best_recipe(tried: Sequence[Recipe]) -> Recipe:
    """The first choice under the first policy, or what is surely better; to the smallest good ratio."""
    ways: dict[tuple[int, str], dict[float, Recipe]] = {}
    for recipe in tried:
        ways.setdefault((id(recipe.choice), repr(recipe.policy)), {})[recipe.ratio] = recipe
    by_ratio = list(ways.values())
    number, ratio = choose_way([{r: recipe.utilities for r, recipe in way.items()} for way in by_ratio])
    return by_ratio[number][ratio]


def as_frame(tried: Sequence[Recipe], kept: Recipe, gans: Sequence[GAN], sign: float) -> pd.DataFrame:
    """One row per recipe: name, policy, ratio, score in the oracle's own unit, standard error, kept."""
    rows = [
        {
            "name": recipe.name(gans),
            **recipe.policy.get_params(),
            "ratio": recipe.ratio,
            "score": sign * float(recipe.utilities.mean()),
            "standard_error": standard_error(recipe.utilities),
            "kept": recipe is kept,
        }
        for recipe in tried
    ]
    return pd.DataFrame(rows)


def told(tried: Sequence[Recipe], kept: Recipe, sign: float) -> str:
    """What was chosen of how many, in words."""
    full = max(recipe.ratio for recipe in tried)
    plain = next(recipe for recipe in tried if recipe.ratio == full)
    scores = [f"{sign * r.utilities.mean():.4f} ± {standard_error(r.utilities):.4f}" for r in (kept, plain)]
    return (
        f"Of {len(tried)} ways to draw the oracle chose {kept.policy} and a ratio of {kept.ratio:g} to the"
        f" largest class: {scores[0]}, {scores[1]} without a choice; all are in report_.recipes."
    )
