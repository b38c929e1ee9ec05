"""The strategy ``"controller"``: AutoGAN's recurrent controller (Gong et al. 2019) as a sampler of Optuna.

``reinforce.py`` holds the network and how it learns, ``stages.py`` the growth cell by cell, and
``shared_weights.py`` the weights that trials hand on to each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from gan_oversampler.gans.gan import GAN
from gan_oversampler.search.outcome import SearchedGAN, Starts, TrialOutcome
from gan_oversampler.search.protocol import Task, ToldTrial
from gan_oversampler.search.rules import Choice
from gan_oversampler.search.shared_weights import LossWindow, SharedWeights
from gan_oversampler.search.stages import Growth
from gan_oversampler.search.states import State

Params = Mapping[str, Choice]


class ControllerSampler(BaseSampler):
    """Propose the point that a controller has chosen.

    Parameters
    ----------
    task : Task
        Its space says what the choices are.
    propose : function
        From a function that tells whether a point is new to the position of the choice in every dimension.
    """

    def __init__(
        self, task: Task, propose: Callable[[Callable[[Mapping[str, int]], bool]], Mapping[str, int]]
    ) -> None:
        self.task, self.propose = task, propose

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(self.task.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        space, template = self.task.space, self.task.template
        params = [its.params for its in study.get_trials(deepcopy=False) if its.params]
        tried = {space.key(point, template) for point in params}
        point = self.propose(lambda point: space.key(self._params(point), template) not in tried)
        return self._params(point)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self.sample_relative(study, trial, {})[param_name]

    def _params(self, point: Mapping[str, int]) -> dict[str, Choice]:
        return {name: choices[point[name]] for name, choices in self.task.space.dimensions.items()}


class ControllerStrategy:
    """AutoGAN's search: a controller that grows GANs cell by cell and learns from their utilities.

    Trials share weights: each begins with what the trials before have trained. Where the losses of all of
    them stand still, the shared weights begin anew, and the controller stays as it is.

    Parameters
    ----------
    task : Task
        Space, number of trials, which are divided among the stages, and networks.

    Examples
    --------
    >>> from gan_oversampler._utils import Streams
    >>> from gan_oversampler.search.space import SearchSpace
    >>> space = SearchSpace({"cells": (1, 2), "cell 1 width": (16, 32), "cell 2 width": (16, 32)})
    >>> strategy = ControllerStrategy(Task(space, GAN(), Streams(0), n_trials=16))
    >>> strategy.growth.propose(1)["cells"]  # position of the choice: one cell
    0
    """

    rungs: Sequence[int] = ()

    def __init__(self, task: Task) -> None:
        self.task = task
        self.growth = Growth(task.space.dimensions, task.n_trials, task.streams)
        self.window = LossWindow()
        self.shared = None if task.networks is None else SharedWeights(task.networks, task.streams)
        if self.shared is not None:
            self.shared.grow(self._largest())

    def sampler(self, study: Study, number: int) -> BaseSampler:
        return ControllerSampler(self.task, lambda is_new: self.growth.propose(number, is_new))

    def starts(self, gans: Sequence[SearchedGAN]) -> Starts:
        return [self.shared.start(point.gan) for point in gans] if self.shared else ()

    def learn(self, trials: Sequence[ToldTrial]) -> None:
        """Learn from a round: the controller from utilities, the shared weights from those of its trials."""
        stage = self.growth.number
        self.growth.learn([(self._point(trial.params), _utility(trial.outcome)) for trial in trials])
        if self.shared is None:
            return
        # An equal trial of the round has the outcome of the one that was trained.
        trained = {id(trial.outcome): trial for trial in trials}.values()
        self.shared.write_back(
            [(self._gan(t.params), t.outcome.weights) for t in trained if t.outcome.weights]
        )
        if self.window.stagnates([pair for trial in trained for pair in trial.outcome.losses]):
            self.shared.reset()
        if self.growth.number > stage:
            self.shared.grow(self._largest())

    def state(self) -> State:
        shared = {} if self.shared is None else {"shared": self.shared.state()}
        return {"growth": self.growth.state(), "losses": list(map(list, self.window.losses)), **shared}

    def restore(self, state: State) -> None:
        self.growth.restore(state["growth"])
        self.window = LossWindow([(critic, generator) for critic, generator in state["losses"]])
        if self.shared is not None:
            self.shared.restore(state["shared"], self._largest())

    def _point(self, params: Params) -> dict[str, int]:
        """Positions of choices; Optuna's tell ``True`` from 1."""
        its = self.task.distributions
        return {name: int(its[name].to_internal_repr(params[name])) for name in its}

    def _gan(self, params: Params) -> GAN:
        return self.task.space.trial_of(params, self.task.template).gan

    def _largest(self) -> GAN:
        """The GAN of the current stage with the most of everything that is counted, such as width."""
        dimensions = self.task.space.dimensions
        params = {name: _most(choices) for name, choices in dimensions.items()}
        cells = self.growth.stage.cells
        return self._gan(params if cells is None else {**params, "cells": dimensions["cells"][cells]})


def _most(choices: Sequence[Choice]) -> Choice:
    numbers = [choice for choice in choices if isinstance(choice, int | float)]
    return max(numbers) if len(numbers) == len(choices) else choices[0]


def _utility(outcome: TrialOutcome) -> float:
    return math.nan if outcome.error else fmean(outcome.utilities)
