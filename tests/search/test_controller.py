"""The controller as a strategy of a search: it learns, shares weights, grows, and survives being killed."""

from functools import partial

import numpy as np
import optuna
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.search import SearchSpace
from gan_oversampler.search.controller import ControllerStrategy
from gan_oversampler.search.dimensions import read
from gan_oversampler.search.outcome import Networks, TrialOutcome, Weights
from gan_oversampler.search.protocol import Task, ToldTrial
from gan_oversampler.search.rules import settle
from gan_oversampler.search.search import Search
from gan_oversampler.search.shared_weights import WINDOW
from gan_oversampler.search.trials import search_trials
from gan_oversampler.training.networks import networks_of
from tests.populations import fold_data, randn
from tests.samplers import quick
from tests.tables import numbers

SPACE = SearchSpace(
    {
        "cells": (1, 2),
        "cell 1 width": (4, 8),
        "cell 2 width": (4, 8),
        "cell 2 skip from 1": (False, True),
        "conditioning": ("concat", "film", "multiply"),
        "latent": (2, 4),
    }
)
TEMPLATE = GAN()
NETWORKS = Networks(partial(networks_of, data=fold_data()), folds=(0, 1))


def strategy_of(*, networks=NETWORKS, seed=0):
    return ControllerStrategy(Task(SPACE, TEMPLATE, Streams(seed), n_trials=24, networks=networks))


def proposed(strategy, number):
    study = optuna.create_study(sampler=strategy.sampler(None, number))
    return study.ask(dict(strategy.task.distributions)).params


def outcome_of(strategy, params, losses=()):
    """A trial that adds noise to the weights it begins with; wide and skipping ones are best."""
    utility = params["cell 1 width"] + params["latent"] + params["cell 2 skip from 1"]
    weights = {}
    for start in strategy.starts([SPACE.trial_of(params, TEMPLATE)]):
        for fold, begun in start.items():
            noise = randn(len(begun.generator), seed=params["cell 1 width"])
            weights[fold] = Weights(begun.generator + 0.1 * noise, begun.critic)
    return TrialOutcome((utility, utility + 1.0), 50, 0.1, 10, losses=losses, weights=weights)


def told(params, outcome):
    return ToldTrial(0, params, outcome)


def rounds(strategy, first, n_rounds, losses=(), batch=4):
    found = []
    for number in range(first, first + n_rounds):
        params = [proposed(strategy, batch * number + k) for k in range(batch)]
        strategy.learn([told(its, outcome_of(strategy, its, losses)) for its in params])
        found += params
    return found


def test_every_proposal_is_a_gan_of_the_space_with_weights_to_begin_with():
    strategy = strategy_of()
    for params in rounds(strategy, 0, 6):
        assert set(params) == set(SPACE.dimensions)
    assert strategy.growth.number == 1
    point = SPACE.trial_of(params, TEMPLATE)
    (start,) = strategy.starts([point])
    n_parameters = NETWORKS.of(point.gan)[0].n_parameters
    assert {fold: len(its.generator) for fold, its in start.items()} == {0: n_parameters, 1: n_parameters}


def test_a_strategy_that_goes_on_from_its_state_is_bit_equal():
    first, second = strategy_of(), strategy_of()
    rounds(first, 0, 3)
    second.restore(first.state())
    assert rounds(first, 3, 3) == rounds(second, 3, 3)
    for ours, theirs in zip(_arrays(first.state()), _arrays(second.state()), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _arrays(state):
    if isinstance(state, dict):
        return [array for value in state.values() for array in _arrays(value)]
    return [np.asarray(state)] if isinstance(state, np.ndarray | float) else []


def test_without_networks_no_weights_are_shared():
    strategy = strategy_of(networks=None)
    assert not strategy.starts([SPACE.trial_of(proposed(strategy, 0), TEMPLATE)])
    rounds(strategy, 0, 2)
    assert "shared" not in strategy.state()


def test_losses_that_stand_still_begin_the_weights_anew_and_keep_the_controller():
    still, moving = strategy_of(), strategy_of()
    noise = np.random.default_rng(0).normal(size=(WINDOW, 2)).tolist()
    for strategy, losses in ((still, [(0.7, 1.0)] * WINDOW), (moving, noise)):
        params = proposed(strategy, 0)
        strategy.learn([told(params, outcome_of(strategy, params, losses))])
    assert still.shared.n_begun == moving.shared.n_begun + 1
    assert torch.equal(still.growth.learner.weights_N, moving.growth.learner.weights_N)
    assert not torch.equal(still.shared.rows_FN, moving.shared.rows_FN)


def test_an_equal_trial_of_a_round_counts_once_in_the_weights():
    once, twice = strategy_of(), strategy_of()
    params = [proposed(once, number) for number in range(3)]
    trials = [told(its, outcome_of(once, its)) for its in params]
    once.learn(trials)
    twice.learn([*trials, trials[0]])
    assert torch.equal(once.shared.rows_FN, twice.shared.rows_FN)


def test_failed_trials_teach_nothing():
    strategy = strategy_of()
    before = strategy.growth.learner.weights_N
    strategy.learn([told(proposed(strategy, 0), TrialOutcome((), 0, 0.0, 0, error="ValueError: no"))])
    assert torch.equal(strategy.growth.learner.weights_N, before)


def searched(**changes):
    options = {"space": SPACE, "n_trials": 12, "batch": 4, "holdout": None, **changes}
    return Search("controller", **options).fit(*numbers(), sampler=quick())


def test_a_search_that_was_stopped_comes_to_what_an_uninterrupted_one_does(tmp_path, monkeypatch):
    whole = searched().trials_
    begun = []
    strategy_starts = ControllerStrategy.starts

    def killed(self, gans):
        begun.append(strategy_starts(self, gans))
        if len(begun) == 3:
            raise SystemExit
        return begun[-1]

    with monkeypatch.context() as patch:
        patch.setattr(ControllerStrategy, "starts", killed)
        with pytest.raises(SystemExit):
            searched(storage=tmp_path / "trials.log")
    rest = searched(storage=tmp_path / "trials.log").trials_
    columns = ["number", "score", "by_fold", "step", *SPACE.dimensions]
    assert rest[columns].equals(whole[columns])
    assert all(start is not None for start in begun[1])


def test_trials_of_a_search_begin_with_what_those_before_have_trained(monkeypatch):
    learn, rows = ControllerStrategy.learn, []

    def noted(self, trials):
        assert all(set(trial.outcome.weights) == {0, 1} for trial in trials)
        learn(self, trials)
        rows.append(self.shared.rows_FN)
        (start,) = self.starts([SPACE.trial_of(trials[-1].params, self.task.template)])
        trained = trials[-1].outcome.weights
        for fold, begun in start.items():
            torch.testing.assert_close(begun.generator, trained[fold].generator, rtol=1e-3, atol=1e-3)
            torch.testing.assert_close(begun.critic, trained[fold].critic, rtol=1e-3, atol=1e-3)

    monkeypatch.setattr(ControllerStrategy, "learn", noted)
    searched(n_trials=2, batch=1)
    assert not torch.equal(*rows)


def landscape(space, seed):
    """Score GANs by a sum of what each of their choices is worth."""
    rng = np.random.default_rng(seed)
    worth = {(name, choice): rng.normal() for name, its in space.dimensions.items() for choice in its}

    def run(searched, stop, starts):
        found = []
        for point in searched:
            choices = settle(read(point.gan) | {"policy": point.policy and repr(point.policy)})
            utility = sum(worth.get(pair, 0.0) for pair in choices.items())
            found.append(TrialOutcome((utility,), 50, 0.1, 10))
        return found

    return run


def test_a_planted_landscape_is_searched_better_than_at_random_in_the_mean_of_five_seeds():
    space, gains = SearchSpace.of(TEMPLATE).narrow({"cells": (1, 2)}), []
    for seed in range(5):
        options = {"run": landscape(space, seed), "n_trials": 24, "seed": seed}
        ours, drawn = (search_trials(space, TEMPLATE, s, **options) for s in ("controller", "random"))
        gains.append(ours.best_value - drawn.best_value)
    assert np.mean(gains) > 0
