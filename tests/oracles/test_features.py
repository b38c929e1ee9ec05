"""Features of the Fréchet distance: learned from training rows only, and in one unit."""

import numpy as np
import pytest

from gan_oversampler.oracles.distances import FrechetOracle
from gan_oversampler.oracles.features import FEATURES
from tests.samples import normal, one_class, problem, rows_of


@pytest.mark.parametrize("features", sorted(FEATURES))
def test_a_perfect_conditional_generator_has_distance_zero_whatever_the_shares(features):
    # The released code compared a balanced synthetic mix with an imbalanced real one.
    train = problem(300, 40)
    oracle = FrechetOracle(features).fit(train, targets=[0, 1])
    real, same = problem(300, 40, seed=1), problem(300, 40, seed=1)
    many = same.of(0).join(same.of(1)).join(same.of(1)).join(same.of(1))
    far = rows_of(same.values + 1, same.codes)
    assert oracle.score(real, same) == pytest.approx(0, abs=1e-6)
    assert oracle.score(real, many) < 0.05 * oracle.score(real, far)


@pytest.mark.parametrize("features", sorted(FEATURES))
def test_farther_is_larger_on_all_features(features):
    train, holdout, synthetic = (one_class(normal(120, 6, seed)) for seed in range(3))
    oracle = FrechetOracle(features).fit(train, targets=[1])
    scores = [oracle.score(holdout, one_class(synthetic.values + shift)) for shift in (0, 1, 2)]
    assert scores == sorted(scores)
    assert scores[0] < 0.3 * scores[1]


@pytest.mark.parametrize("features", sorted(FEATURES))
def test_features_are_learnt_of_training_rows_only(features):
    train = problem()
    first, second = (FEATURES[features](train.values, 7) for _ in range(2))
    rows = normal(9, 2, seed=5)
    np.testing.assert_array_equal(first(rows), second(rows))
    # Each row on its own: no statistics of the scored rows.
    np.testing.assert_allclose(first(rows)[:4], first(rows[:4]))


def test_principal_components_drop_what_is_noise():
    rows = normal(200, 2) @ normal(2, 10, seed=1) + 0.01 * normal(200, 10, seed=2)
    assert FEATURES["pca"](rows, 0)(rows).shape == (200, 2)


def test_a_bottleneck_is_half_as_wide_as_the_rows_and_never_very_wide():
    widths = {d: FEATURES["autoencoder"](normal(20, d), 0)(normal(3, d)).shape[1] for d in (1, 2, 7, 150)}
    assert widths == {1: 1, 2: 1, 7: 4, 150: 32}


def test_bottleneck_features_have_one_unit():
    rows = 1000 * normal(60, 5) + 7
    features = FEATURES["autoencoder"](rows, 0)(rows)
    np.testing.assert_allclose(features.std(axis=0), 1)


def test_unknown_features_are_an_error_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"'features' parameter of FrechetOracle must be .*'rows'.* Got 'rowss'"
    ):
        FrechetOracle("rowss").validate(2)
    with pytest.raises(ValueError, match=r"Unknown features 'rowss'. Did you mean 'rows'"):
        FrechetOracle("rowss").fit(problem(), targets=[1])
