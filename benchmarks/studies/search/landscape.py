"""Planted landscapes: every strategy against random where the score is a known function of the GAN."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import optuna
import pandas as pd

from benchmarks.studies.search.means import Mean
from gan_oversampler import GAN, Generator, SearchedGAN, SearchSpace, TrialOutcome, search_trials

TEMPLATE: Final = GAN("guided", generator=Generator(widths=(32,)))
STEPS: Final = (50, 100, 200)  # evaluation rounds of every trial
N_FOLDS: Final = 3
NOISE: Final = 0.5  # standard deviation of the score of a fold; that of the landscape is 1
N_SAMPLED: Final = 1000  # GANs that standardise a landscape, and tell how good the best ones are
N_CLIMBS: Final = 6  # of the best of them, to the peak that regret is measured from
DECISIVE: Final = ("cells", "cell 1 width", "conditioning")  # dimensions of the plateau
STRATEGIES: Final = ("random", "tpe", "evolution", "halving", "controller")

Params = Mapping[str, Any]
Effects = Mapping[tuple[str, Any], float]


def space() -> SearchSpace:
    """Return the default space with up to three cells, so that all dimensions matter in some GANs."""
    return SearchSpace.of(TEMPLATE).narrow({"cells": (1, 2, 3)}).without("policy")


def _effects(landscape: int, dimensions: Mapping[str, Sequence[Any]]) -> Effects:
    """Draw an effect for every choice of every dimension."""
    rng = np.random.default_rng(landscape)
    return {(name, choice): rng.normal() for name, choices in dimensions.items() for choice in choices}


def additive(params: Params, effects: Effects) -> float:
    """Every choice has an effect of its own."""
    return sum(effects[item] for item in params.items() if item in effects)


def interacting(params: Params, effects: Effects) -> float:
    """Choices of neighbouring dimensions work together, or against each other."""
    items = [item for item in params.items() if item in effects]
    pairs = sum(effects[a] * effects[b] for a, b in pairwise(items))
    return 0.5 * additive(params, effects) + pairs


def plateau(params: Params, effects: Effects) -> float:
    """Nothing matters but three dimensions, and these only where all of them are as they should be."""
    best = {name: max(_choices(name, effects), key=lambda choice: effects[name, choice]) for name in DECISIVE}
    is_good = all(params.get(name) == choice for name, choice in best.items())
    return 4.0 * is_good + 0.05 * additive(params, effects)


def _choices(name: str, effects: Effects) -> list[Any]:
    return [choice for dimension, choice in effects if dimension == name]


LANDSCAPES: Final[Mapping[str, Callable[[Params, Effects], float]]] = MappingProxyType(
    {"additive": additive, "interacting": interacting, "plateau": plateau}
)


class Landscape:
    """A landscape with mean 0 and deviation 1 over the GANs of a space, and noisy scores of its points."""

    def __init__(self, name: str, seed: int, n_sampled: int = N_SAMPLED) -> None:
        self.space, self.function, self.seed = space(), LANDSCAPES[name], seed
        self.effects = _effects(seed, self.space.dimensions)
        rng = np.random.default_rng((seed, 1))
        sampled = [
            {name: its[rng.integers(len(its))] for name, its in self.space.dimensions.items()}
            for _ in range(n_sampled)
        ]
        values = np.array([self.raw(self.space.trial_of(params, TEMPLATE)) for params in sampled])
        self.centre, self.scale = float(values.mean()), float(values.std())
        self.sampled = np.sort((values - self.centre) / self.scale)
        self.best_sampled = [sampled[position] for position in np.argsort(values)[-N_CLIMBS:]]

    def raw(self, point: SearchedGAN) -> float:
        """Value of a GAN before it is standardised; what it lacks has no effect."""
        return self.function(self.space.params_of(point.gan), self.effects)

    def value(self, point: SearchedGAN) -> float:
        """True value of a GAN, in standard deviations of the space."""
        return (self.raw(point) - self.centre) / self.scale

    def peak(self) -> float:
        """Highest value on climbs from the best sampled GANs, one choice at a time; regret counts from it."""
        return max(self._climb(params) for params in self.best_sampled)

    def _climb(self, params: Params) -> float:
        height, before = self.value(self.space.trial_of(params, TEMPLATE)), -np.inf
        while height > before:
            before = height
            for name, choices in self.space.dimensions.items():
                tried = [{**params, name: choice} for choice in choices]
                heights = [self.value(self.space.trial_of(its, TEMPLATE)) for its in tried]
                if max(heights) > height:
                    height, params = max(heights), tried[int(np.argmax(heights))]
        return height

    def run(self, points: Sequence[SearchedGAN], stop: Any, starts: Any) -> list[TrialOutcome]:
        """Score GANs round by round, as a training that comes nearer to its value, with noise by fold."""
        by_step: list[dict[int, tuple[float, ...]]] = [{} for _ in points]
        running = set(range(len(points)))
        for step in STEPS:
            for number in sorted(running):
                rng = np.random.default_rng((self.seed, step, zlib.crc32(repr(points[number].gan).encode())))
                reached = self.value(points[number]) * (1 - np.exp(-step / 60)) - 1.5 * np.exp(-step / 60)
                by_step[number][step] = tuple(reached + NOISE * rng.normal(size=N_FOLDS))
            told = {number: by_step[number][step] for number in running}
            stopped = set(stop(step, told)) if stop else set()
            running -= stopped
        return [self._outcome(rounds) for rounds in by_step]

    @staticmethod
    def _outcome(rounds: dict[int, tuple[float, ...]]) -> TrialOutcome:
        best = max(rounds, key=lambda step: np.mean(rounds[step]))
        return TrialOutcome(rounds[best], best, 0.0, 1, rounds, is_stopped=len(rounds) < len(STEPS))


def cell(name: str, strategy: str, n_trials: int, seed: int) -> list[dict[str, Any]]:
    """One search of one landscape: the true value of the GAN that it would return."""
    landscape = Landscape(name, seed)
    study = search_trials(
        landscape.space, TEMPLATE, strategy, landscape.run, n_trials=n_trials, seed=seed, batch=8
    )
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    best = max(complete, key=lambda trial: (trial.value, -trial.number))
    value = landscape.value(landscape.space.trial_of(best.params, TEMPLATE))
    steps = sum(max(map(int, t.user_attrs["utilities by step"])) for t in study.get_trials(deepcopy=False))
    return [
        {
            "landscape": name,
            "strategy": strategy,
            "trials": n_trials,
            "seed": seed,
            "value": value,
            "better": float(1 - np.searchsorted(landscape.sampled, value) / N_SAMPLED),
            "steps": steps,
        }
    ]


def peak_cell(name: str, seed: int) -> list[dict[str, Any]]:
    """Peak of one landscape."""
    return [{"landscape": name, "seed": seed, "peak": Landscape(name, seed).peak()}]


def with_regret(rows: pd.DataFrame, peaks: pd.DataFrame) -> pd.DataFrame:
    """Rows with what their GANs lack to the peak, or to a higher GAN that some search has found."""
    rows = rows.merge(peaks, "left", on=["landscape", "seed"], validate="many_to_one")
    found = rows.groupby(["landscape", "seed"])["value"].transform("max")
    return rows.assign(regret=np.fmax(rows["peak"], found) - rows["value"])


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute, per landscape, budget and strategy, the regret and the gain over random by seed."""
    lines = []
    for (name, n_trials), group in rows.groupby(["landscape", "trials"], sort=False):
        wide = group.pivot(index="seed", columns="strategy", values="value")
        for strategy in [strategy for strategy in STRATEGIES if strategy in wide]:
            gains = wide[strategy] - wide["random"]
            its, is_random = group[group["strategy"] == strategy], strategy == "random"
            line = {"landscape": name, "trials": n_trials, "strategy": strategy}
            line["regret"] = Mean.of(its["regret"]).text(2, signed=False)
            line["gain over random"] = "–" if is_random else Mean.of(gains).text(2)
            line["won"] = "–" if is_random else f"{(gains > 0).sum()} of {len(gains)}"
            lines.append(line | {"steps": f"{its['steps'].mean():,.0f}"})
    return pd.DataFrame(lines)


def standings(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare strategies over all landscapes and budgets: ranks, searches won, and sure differences."""
    keys = ["landscape", "trials", "seed"]
    wide = rows.pivot(index=keys, columns="strategy", values="value")
    ranks = wide.rank(axis=1, ascending=False).mean()
    lines = []
    for strategy in ranks.sort_values(kind="stable").index:
        gains = wide[strategy] - wide["random"]
        means = [Mean.of(its) for _, its in gains.groupby(level=keys[:2], sort=False)]
        line = {"strategy": strategy, "mean rank": f"{ranks[strategy]:.2f}"}
        line["beat random"] = f"{(gains > 0).sum()} of {len(gains)}" if strategy != "random" else "–"
        line["significantly better"] = sum(mean.is_sure and mean.value > 0 for mean in means)
        line["significantly worse"] = sum(mean.is_sure and mean.value < 0 for mean in means)
        lines.append(line | {"settings": len(means)})
    return pd.DataFrame(lines)
