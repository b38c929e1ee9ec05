"""Strategies: what proposes the points of a search, when trials stop early, and what is learned from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from gan_oversampler._utils import Streams, lookup
from gan_oversampler.gans.gan import GAN
from gan_oversampler.search.evolution import EvolutionSampler
from gan_oversampler.search.outcome import SearchedGAN, Starts, TrialOutcome
from gan_oversampler.search.rules import Choice
from gan_oversampler.search.space import SearchSpace
from gan_oversampler.search.states import State

RUNGS: Final = (50, 100, 200, 400)  # generator updates
POPULATION: Final = 10
TOURNAMENT: Final = 3


@dataclass(frozen=True)
class ToldTrial:
    """A finished trial, as a strategy learns from it."""

    number: int
    params: Mapping[str, Choice]
    outcome: (
        TrialOutcome  # that of an equal trial, where this one was not trained; with an ``error`` if failed
    )


@dataclass(frozen=True)
class Task:
    """What a strategy is made for: the space, the GAN that points are read against, and randomness."""

    space: SearchSpace
    template: GAN
    streams: Streams

    @property
    def distributions(self) -> dict[str, CategoricalDistribution]:
        """Dimensions as Optuna knows them: choices in their order."""
        return {name: CategoricalDistribution(tuple(its)) for name, its in self.space.dimensions.items()}


class Strategy(Protocol):
    """What a search asks a strategy for, trial by trial and round by round."""

    @property
    def rungs(self) -> Sequence[int]:
        """Generator updates after which the worse half of a round stops; none if all train to their end."""

    def sampler(self, study: optuna.Study, number: int) -> BaseSampler:
        """Return what proposes the trial of this number; random numbers depend on the number only.

        The study holds all trials before it. Nothing that ``state`` holds may change.
        """

    def starts(self, gans: Sequence[SearchedGAN]) -> Starts:
        """Return the weights that each GAN of a round begins from, None for fresh ones."""

    def learn(self, trials: Sequence[ToldTrial]) -> None:
        """Learn from a round, in the order of its trials; called once per round, after training."""

    def state(self) -> State:
        """Return what has been learned, see ``states.State``; nothing, if nothing is."""

    def restore(self, state: State) -> None:
        """Go back to what ``state`` has returned."""


@dataclass(frozen=True)
class SampledStrategy:
    """A strategy that is a sampler of Optuna and learns nothing else."""

    make: Callable[[int], BaseSampler]  # of the number of a trial
    rungs: Sequence[int] = ()

    def sampler(self, study: optuna.Study, number: int) -> BaseSampler:
        return self.make(number)

    def starts(self, gans: Sequence[SearchedGAN]) -> Starts:
        return [None] * len(gans)

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
    }
)


def strategy_of(given: str | BaseSampler | Callable[[Task], Strategy], task: Task) -> Strategy:
    """Make a strategy from a name, a sampler of Optuna, or a function of the task.

    Raises ValueError if it is none of these, or the name is unknown.
    """
    if isinstance(given, BaseSampler):
        return SampledStrategy(lambda number: given)
    if callable(given):
        return given(task)
    return lookup(STRATEGIES, given, "strategy")(task)
