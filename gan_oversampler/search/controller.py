"""The strategy ``"controller"``: AutoGAN's recurrent controller (Gong et al. 2019) as a sampler of Optuna.

``reinforce.py`` holds the network and how it learns, ``stages.py`` the growth cell by cell, and
``shared_weights.py`` the weights that trials hand on to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, Protocol

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.search.outcome import Fold, SearchedGAN, Starts, TrialOutcome
from gan_oversampler.search.rules import Choice
from gan_oversampler.search.shared_weights import LossWindow, Networks, SharedWeights
from gan_oversampler.search.space import SearchSpace
from gan_oversampler.search.stages import BEAM, Growth, Point


class Told(Protocol):
    """A finished trial."""

    @property
    def params(self) -> Mapping[str, Choice]: ...
    @property
    def outcome(self) -> TrialOutcome: ...


class ControllerSampler(BaseSampler):
    """Propose the point that a controller has chosen, as a sampler of Optuna.

    Parameters
    ----------
    distributions : mapping of str to CategoricalDistribution
        All dimensions of the space.
    propose : function
        Returns the position of the choice in every dimension, always the same.
    """

    def __init__(
        self, distributions: Mapping[str, CategoricalDistribution], propose: Callable[[], Point]
    ) -> None:
        self.distributions, self.propose = dict(distributions), propose

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(self.distributions)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        point = self.propose()
        return {name: its.choices[point[name]] for name, its in self.distributions.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self.distributions[param_name].choices[self.propose()[param_name]]


class ControllerStrategy:
    """AutoGAN's search: a controller that grows GANs cell by cell and learns from their utilities.

    Trials of a stage may share weights: each then begins with what the trials before have trained. Where the
    losses of all of them stand still, the shared weights begin anew, and the controller stays as it is.

    Parameters
    ----------
    space : SearchSpace
        GANs that may be tried.
    template : GAN
        What is not in the space stays as it is here.
    n_trials : int
        Trials of the whole search, which are divided among the stages.
    streams : Streams
        Root of all randomness.
    networks : function, default=None
        From a GAN to the shapes of its generator and critic; None shares no weights.
    folds : sequence of int or None, default=()
        Folds whose members share weights.
    beam : int, default=3
        Points of a stage that the next one grows from.
    **settings : float
        ``rate`` and ``entropy_weight`` of :class:`Reinforce`.

    Examples
    --------
    >>> space = SearchSpace({"cells": (1, 2), "cell 1 width": (16, 32), "cell 2 width": (16, 32)})
    >>> strategy = ControllerStrategy(space, GAN(), 16, Streams(0))
    >>> strategy.growth.propose(1)["cells"]  # position of the choice: one cell
    0
    """

    rungs: Sequence[int] = ()

    def __init__(
        self,
        space: SearchSpace,
        template: GAN,
        n_trials: int,
        streams: Streams,
        networks: Networks | None = None,
        folds: Sequence[Fold] = (),
        *,
        beam: int = BEAM,
        **settings: float,
    ) -> None:
        self.space, self.template = space, template
        dimensions = space.dimensions.items()
        self.distributions = {name: CategoricalDistribution(tuple(its)) for name, its in dimensions}
        self.growth = Growth(space.dimensions, n_trials, streams, beam=beam, **settings)
        self.window, self.events = LossWindow(), list[str]()
        self.shared = None if networks is None else SharedWeights(networks, folds, streams)
        if self.shared is not None:
            self.shared.grow(self._largest())

    def sampler(self, study: Study, number: int) -> BaseSampler:
        """Return what proposes the trial of this number; nothing is learned meanwhile."""
        return ControllerSampler(self.distributions, lambda: self.growth.propose(number))

    def starts(self, gans: Sequence[SearchedGAN]) -> Starts:
        """Return the shared weights that each GAN of a round begins with, None for fresh ones."""
        return [None if self.shared is None else self.shared.start(point.gan) for point in gans]

    def learn(self, trials: Sequence[Told]) -> None:
        """Learn from a round: the controller from utilities, the shared weights from those of its trials."""
        stage = self.growth.number
        self.growth.learn((self._point(trial.params), _utility(trial.outcome)) for trial in trials)
        if self.shared is None:
            return
        # An equal trial of the round has the outcome of the one that was trained.
        trained = {id(trial.outcome): trial for trial in trials}.values()
        self.shared.write_back([(self._gan(t.params), t.outcome.weights) for t in trained if t.outcome.weights])
        if self.window.stagnates([pair for trial in trained for pair in trial.outcome.losses]):
            self.shared.reset()
            self.events.append(f"trial {self.growth.n_told}: losses stood still, shared weights begin anew")
        if self.growth.number > stage:
            self.shared.grow(self._largest())

    def state(self) -> dict[str, Any]:
        """Return everything that learning changes, as values of JSON and arrays."""
        shared = {} if self.shared is None else {"shared": self.shared.state()}
        losses = [list(pair) for pair in self.window.losses]
        return {"growth": self.growth.state(), "losses": losses, "events": list(self.events), **shared}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from the state of another strategy of the same space, template, trials and streams."""
        self.growth.restore(state["growth"])
        self.window = LossWindow([(critic, generator) for critic, generator in state["losses"]])
        self.events = list(state["events"])
        if self.shared is not None:
            self.shared.restore(state["shared"], self._largest())

    def _point(self, params: Mapping[str, Choice]) -> dict[str, int]:
        return {name: int(its.to_internal_repr(params[name])) for name, its in self.distributions.items()}

    def _gan(self, params: Mapping[str, Choice]) -> GAN:
        return self.space.trial_of(params, self.template).gan

    def _largest(self) -> GAN:
        """The GAN of the current stage with the most of everything that is counted, such as width."""
        params = {name: _most(choices) for name, choices in self.space.dimensions.items()}
        stage = self.growth.stage
        if stage.cells is not None:
            params["cells"] = self.space.dimensions["cells"][stage.cells]
        return self._gan(params)


def _most(choices: Iterable[Choice]) -> Choice:
    choices = list(choices)
    numbers = [choice for choice in choices if isinstance(choice, int | float)]
    return max(numbers) if len(numbers) == len(choices) else choices[0]


def _utility(outcome: TrialOutcome) -> float:
    return fmean(outcome.utilities) if outcome.utilities and not outcome.error else float("nan")
