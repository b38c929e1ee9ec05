"""What a search and its strategy tell each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler

from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.search.outcome import Networks, SearchedGAN, Starts, TrialOutcome
from gan_oversampler.search.rules import Choice
from gan_oversampler.search.space import SearchSpace
from gan_oversampler.search.states import State


@dataclass(frozen=True)
class ToldTrial:
    """A finished trial, as a strategy learns from it."""

    number: int
    params: Mapping[str, Choice]
    outcome: TrialOutcome  # of an equal trial, where this one was not trained; with an ``error`` if failed


@dataclass(frozen=True)
class Task:
    """What a strategy is made for."""

    space: SearchSpace
    template: GAN  # what is not in the space stays as it is here
    streams: Streams
    n_trials: int
    networks: Networks | None = None  # of the table; None shares no weights

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
        """Return the weights that each GAN of a round begins from, None for fresh ones.

        It is empty in a strategy that never looks at weights; outcomes then hold none.
        """

    def learn(self, trials: Sequence[ToldTrial]) -> None:
        """Learn from a round, in the order of its trials; called once per round, after training."""

    def state(self) -> State:
        """Return what has been learned, see ``states.State``; nothing, if nothing is."""

    def restore(self, state: State) -> None:
        """Go back to what ``state`` has returned."""
