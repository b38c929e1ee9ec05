"""Strategies of a search by their names, and any sampler of Optuna as one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from gan_oversampler._utils import lookup
from gan_oversampler.search.controller import ControllerStrategy
from gan_oversampler.search.evolution import EvolutionSampler
from gan_oversampler.search.outcome import SearchedGAN, Starts
from gan_oversampler.search.protocol import Strategy, Task, ToldTrial
from gan_oversampler.search.states import State

RUNGS: Final = (50, 100, 200, 400)  # generator updates
POPULATION: Final = 10
TOURNAMENT: Final = 3


@dataclass(frozen=True)
class SampledStrategy:
    """A strategy that is a sampler of Optuna and learns nothing else."""

    make: Callable[[int], BaseSampler]  # of the number of a trial
    rungs: Sequence[int] = ()

    def sampler(self, study: optuna.Study, number: int) -> BaseSampler:
        return self.make(number)

    def starts(self, gans: Sequence[SearchedGAN]) -> Starts:
        return ()

    def learn(self, trials: Sequence[ToldTrial]) -> None:
        """Do nothing: samplers look at the study."""

    def state(self) -> State:
        return {}

    def restore(self, state: State) -> None:
        """Do nothing: there is no state."""


def _seed(task: Task, number: int) -> int:
    return task.streams.child_seed("trial", number) % 2**32


def _random(task: Task) -> Strategy:
    return SampledStrategy(lambda number: RandomSampler(seed=_seed(task, number)))


def _tpe(task: Task, rungs: Sequence[int] = ()) -> Strategy:
    return SampledStrategy(lambda number: TPESampler(seed=_seed(task, number)), rungs)


def _halving(task: Task) -> Strategy:
    # NOTE[paper]: Falkner et al. 2018 (BOHB): successive halving of what TPE proposes, not of random points.
    return _tpe(task, RUNGS)


def _evolution(task: Task) -> Strategy:
    def make(number: int) -> BaseSampler:
        return EvolutionSampler(
            task.distributions,
            lambda params: task.space.key(params, task.template),
            population=POPULATION,
            tournament=TOURNAMENT,
            rng=task.streams.numpy("trial", number),
        )

    return SampledStrategy(make)


STRATEGIES: Final[Mapping[str, Callable[[Task], Strategy]]] = MappingProxyType(
    {
        "random": _random,
        "tpe": _tpe,
        "evolution": _evolution,
        "halving": _halving,
        "controller": ControllerStrategy,
    }
)


def strategy_of(given: str | BaseSampler | Callable[[Task], Strategy], task: Task) -> Strategy:
    """Make a strategy from a name, a sampler of Optuna, or a function of the task.

    Raises ValueError if it is none of these, or the name is unknown.
    """
    if isinstance(given, BaseSampler):
        sampler = copy.deepcopy(given)  # the user's own stays as it is
        return SampledStrategy(lambda number: sampler)
    if callable(given):
        return given(task)
    return lookup(STRATEGIES, given, "strategy")(task)
