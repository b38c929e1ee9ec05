"""Rounds of trials: trained together, scored on rows that they never saw, stopped and begun as asked."""

import numpy as np
import torch

from gan_oversampler import GAN
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.policy import Policy
from gan_oversampler.search.evaluation import Evaluation
from gan_oversampler.search.outcome import SearchedGAN, Weights
from tests.fits import FIRST_COLUMN, Measured, problem_of, table
from tests.workflows import SMALL, plan_with, services_of


def gan(**params):
    return GAN(batch_size=32, generator=Generator(widths=(8,), **params))


def evaluation_of(**changes):
    return Evaluation.of(SMALL, plan_with(**changes), problem_of(table()), services_of())


def test_trials_of_a_round_are_scored_as_alone():
    points = [SearchedGAN(gan()), SearchedGAN(gan(latent=3)), SearchedGAN(gan(learning_rate=0.05))]
    together = evaluation_of()(points)
    for point, outcome in zip(points, together, strict=True):
        (alone,) = evaluation_of()([point])
        assert outcome.step == alone.step
        np.testing.assert_allclose(outcome.utilities, alone.utilities, rtol=1e-4)
        assert outcome.n_parameters == alone.n_parameters
        assert set(outcome.by_step) == {0, 2, 4}
        assert outcome.seconds > 0


def test_the_same_round_has_the_same_outcomes():
    points = [SearchedGAN(gan()), SearchedGAN(gan(latent=3))]
    first, second = evaluation_of()(points), evaluation_of()(points)
    assert [o.by_step for o in first] == [o.by_step for o in second]


def test_the_best_step_counts():
    (outcome,) = evaluation_of()([SearchedGAN(gan())])
    assert np.mean(outcome.utilities) == max(map(np.mean, outcome.by_step.values()))
    assert outcome.by_step[outcome.step] == outcome.utilities


def test_rows_are_drawn_under_the_policy_of_the_trial():
    oracle = Measured(lambda holdout, new: -float(len(np.unique(new.values[:, 0]))))
    points = [SearchedGAN(gan()), SearchedGAN(gan(), Policy(spread=0.0))]  # copies of real rows
    free, near = evaluation_of(oracles={"copies": oracle})(points)
    assert np.mean(near.by_step[0]) > np.mean(free.by_step[0])


def test_trials_that_are_told_to_stop_train_no_further():
    asked = []

    def stop(step, utilities):
        asked.append((step, sorted(utilities)))
        return [1] if step == 2 else []

    first, second = evaluation_of()([SearchedGAN(gan()), SearchedGAN(gan(latent=3))], stop)
    assert asked == [(0, [0, 1]), (2, [0, 1]), (4, [0])]
    assert (first.is_stopped, second.is_stopped) == (False, True)
    assert (max(first.by_step), max(second.by_step)) == (4, 2)


def test_a_trial_that_cannot_be_scored_says_why():
    def broken(holdout, new):
        raise ZeroDivisionError("no rows")

    (outcome,) = evaluation_of(oracles={"broken": Measured(broken)})([SearchedGAN(gan())])
    assert outcome.utilities == ()
    assert outcome.error == "ZeroDivisionError: no rows"


def test_weights_come_back_and_can_be_begun_from():
    evaluation = evaluation_of(oracles={"first": FIRST_COLUMN})
    (trained,) = evaluation([SearchedGAN(gan())], starts=[None])
    assert set(trained.weights) == {0, 1}
    (begun,) = evaluation([SearchedGAN(gan())], starts=[trained.weights])
    (fresh,) = evaluation([SearchedGAN(gan())], starts=[None])
    assert begun.by_step[0] != fresh.by_step[0]
    zeros = {f: Weights(torch.zeros_like(its.generator)) for f, its in trained.weights.items()}
    (zeroed,) = evaluation([SearchedGAN(gan())], starts=[zeros])
    assert zeroed.by_step[0] == fresh.by_step[0]  # both are the base, whose correction is zero
