"""Regularised evolution (Real et al. 2019) as a sampler of Optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

Params = Mapping[str, Any]


class EvolutionSampler(BaseSampler):
    """Propose children of good trials that differ from their parent in one dimension.

    The population is that of the last completed trials, so the oldest dies, however good it is. The best of
    a few of them, drawn at random, is the parent. Before the population is complete, points are random.

    Parameters
    ----------
    distributions : mapping of str to CategoricalDistribution
        All dimensions of the space.
    key : function
        Text of a point; two points that stand for the same GAN have the same one. A child that was already
        tried is mutated in another way, which the paper has no need of.
    population, tournament : int
        Number of trials that may be parents, and of those drawn among them.
    rng : numpy.random.Generator
        Randomness of one proposal.
    """

    def __init__(
        self,
        distributions: Mapping[str, CategoricalDistribution],
        key: Callable[[Params], str],
        *,
        population: int,
        tournament: int,
        rng: np.random.Generator,
    ) -> None:
        self.distributions, self.key, self.rng = dict(distributions), key, rng
        self.population, self.tournament = population, tournament

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(self.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        population = completed[-self.population :]
        if len(population) < self.population:
            return self._random_point()
        drawn = self.rng.choice(len(population), size=min(self.tournament, len(population)), replace=False)
        parent = max((population[index] for index in drawn), key=lambda its: float(its.value or 0))
        tried = {self.key(its.params) for its in study.get_trials(deepcopy=False) if its.params}
        return self._child(parent.params, tried)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._random_point()[param_name]

    def _random_point(self) -> dict[str, Any]:
        return {
            name: its.choices[self.rng.integers(len(its.choices))] for name, its in self.distributions.items()
        }

    def _child(self, parent: Params, tried: set[str]) -> dict[str, Any]:
        """Mutate one dimension, each with the same chance; a random point if all neighbours were tried."""
        for name in self.rng.permutation(list(self.distributions)).tolist():
            choices = self.distributions[name].choices
            for index in self.rng.permutation(len(choices)):
                child = {**parent, name: choices[index]}
                if self.key(child) not in tried:
                    return child
        return self._random_point()
