from dataclasses import dataclass
from functools import partial

import numpy as np
import optuna
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.gan import GAN
from gan_oversampler.search.controller import ControllerStrategy
from gan_oversampler.search.outcome import TrialOutcome, Weights
from gan_oversampler.search.shared_weights import WINDOW
from gan_oversampler.search.space import SearchSpace
from gan_oversampler.training.networks import networks_of
from tests.populations import fold_data, randn

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
NETWORKS = partial(networks_of, data=fold_data())


@dataclass(frozen=True)
class Told:
    params: dict
    outcome: TrialOutcome


def strategy_of(*, shares=True, seed=0, n_trials=24):
    options = {"networks": NETWORKS, "folds": (0, 1)} if shares else {}
    return ControllerStrategy(SPACE, TEMPLATE, n_trials, Streams(seed), **options)


def proposed(strategy, number):
    study = optuna.create_study(sampler=strategy.sampler(None, number))
    return study.ask(dict(strategy.distributions)).params


def outcome_of(strategy, params, losses=()):
    """A trial that adds noise to the weights it begins with; wide and skipping ones are best."""
    utility = params["cell 1 width"] + params["latent"] + params["cell 2 skip from 1"]
    (start,) = strategy.starts([SPACE.trial_of(params, TEMPLATE)])
    weights = {}
    for fold, begun in (start or {}).items():
        noise = randn(len(begun.generator), seed=params["cell 1 width"])
        weights[fold] = Weights(begun.generator + 0.1 * noise, begun.critic)
    return TrialOutcome((utility, utility + 1.0), 50, 0.1, 10, losses=losses, weights=weights)


def rounds(strategy, first, n_rounds, losses=(), batch=4):
    found = []
    for number in range(first, first + n_rounds):
        params = [proposed(strategy, batch * number + k) for k in range(batch)]
        strategy.learn([Told(its, outcome_of(strategy, its, losses)) for its in params])
        found += params
    return found


def test_every_proposal_is_a_gan_of_the_space_with_weights_to_begin_with():
    strategy = strategy_of()
    for params in rounds(strategy, 0, 6):
        assert set(params) == set(SPACE.dimensions)
    assert strategy.growth.number == 1
    (start,) = strategy.starts([SPACE.trial_of(params, TEMPLATE)])
    assert {len(weights.generator) for weights in start.values()} == {
        NETWORKS(SPACE.trial_of(params, TEMPLATE).gan)[0].n_parameters
    }


def test_a_search_that_goes_on_from_its_state_is_bit_equal():
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
    strategy = strategy_of(shares=False)
    assert strategy.starts([SPACE.trial_of(proposed(strategy, 0), TEMPLATE)]) == [None]
    rounds(strategy, 0, 2)
    assert "shared" not in strategy.state()


def test_losses_that_stand_still_begin_the_weights_anew_and_keep_the_controller():
    still, moving = strategy_of(), strategy_of()
    noise = np.random.default_rng(0).normal(size=(WINDOW, 2)).tolist()
    for strategy, losses in ((still, [(0.7, 1.0)] * WINDOW), (moving, noise)):
        params = proposed(strategy, 0)
        strategy.learn([Told(params, outcome_of(strategy, params, losses))])
    assert len(still.events) == 1
    assert not moving.events
    assert torch.equal(still.growth.learner.weights_N, moving.growth.learner.weights_N)
    assert not torch.equal(still.shared.rows_FN, moving.shared.rows_FN)


def test_an_equal_trial_of_a_round_counts_once_in_the_weights():
    once, twice = strategy_of(), strategy_of()
    params = [proposed(once, number) for number in range(3)]
    outcomes = [outcome_of(once, its) for its in params]
    told = [Told(its, outcome) for its, outcome in zip(params, outcomes)]
    once.learn(told)
    twice.learn([*told, told[0]])
    assert torch.equal(once.shared.rows_FN, twice.shared.rows_FN)


def test_failed_trials_teach_nothing():
    strategy = strategy_of()
    before = strategy.growth.learner.weights_N
    strategy.learn([Told(proposed(strategy, 0), TrialOutcome((), 0, 0.0, 0, error="ValueError: no"))])
    assert torch.equal(strategy.growth.learner.weights_N, before)
