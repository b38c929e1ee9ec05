"""Weights of held-out rows: in every oracle, a row of weight three counts as three rows, one of 0 as none."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import CallableOracle
from gan_oversampler.oracles.composite import CompositeOracle
from gan_oversampler.oracles.distances import EnergyOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDC, prdc
from gan_oversampler.oracles.privacy import closest_record, median
from gan_oversampler.oracles.registry import ORACLES, oracle_of
from gan_oversampler.oracles.samples import balanced_sample, resampled
from gan_oversampler.oracles.two_sample import C2STOracle, _RidgeCritic, _weighted_auc
from tests.samples import normal, problem, three

# Repeated rows would be each other's neighbours, or be on both sides of a fold; composites have such parts.
NOT_AS_REPEATED = {"prdc", "c2st", "composite"}
ALL = sorted(ORACLES)
RNG = np.random.default_rng(0)
TRAIN, HELDOUT = problem(seed=0), problem(seed=1, n_rare=20)
NEW = problem(n_rare=60, seed=2).of(1)
# Of the common class 120 rows weigh as many as 180, multiples of the new rows: so classes balance exactly.
TIMES = np.concatenate([RNG.permutation(np.repeat([0, 1, 2], [30, 60, 60])), RNG.integers(0, 4, 20)])


def _weighted(rows, weights):
    return replace(rows, weights=np.asarray(weights, float))


def _repeated(rows, times):
    return rows.at(np.repeat(np.arange(len(rows)), times))


def _scores(name, *heldout):
    oracle = ORACLES[name]().fit(TRAIN, targets=[1])
    return [oracle.score(rows, NEW) for rows in heldout]


@pytest.mark.parametrize("name", sorted(set(ALL) - NOT_AS_REPEATED))
def test_a_held_out_row_counts_as_often_as_it_weighs(name):
    weighted, repeated = _scores(name, _weighted(HELDOUT, TIMES), _repeated(HELDOUT, TIMES))
    assert weighted == pytest.approx(repeated, rel=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_a_held_out_row_of_weight_0_counts_as_none(name):
    alike = (TIMES > 0).astype(float)
    weighted, left = _scores(name, _weighted(HELDOUT, alike), HELDOUT.at(TIMES > 0))
    assert weighted == pytest.approx(left, rel=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_weights_change_the_score(name):
    far = normal(20, 2, 9, mean=2.5) + np.repeat([[0.0], [2.0]], 10, axis=0)
    rows = Rows(np.concatenate([HELDOUT.of(0).values, far]), HELDOUT.codes, HELDOUT.classes)
    weights = np.where(rows.values[:, 0] > np.where(rows.codes == 1, 3, 1), 9.0, 1.0)
    weighted, plain = _scores(name, _weighted(rows, weights), rows)
    assert weighted != pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_a_class_that_weighs_nothing_is_left_out(name):
    weights = np.where(HELDOUT.codes == 1, 0.0, 1.0)
    both = [_weighted(HELDOUT, weights), HELDOUT.of(0)]
    np.testing.assert_equal(*_scores(name, *both))


@pytest.mark.parametrize("name", ALL)
def test_weighted_training_rows_give_a_score(name):
    train = _weighted(three(), RNG.integers(0, 3, len(three())))
    oracle = ORACLES[name]().fit(train, targets=[1, 2])
    assert np.isfinite(oracle.score(three(1), three(2).at(three(2).codes > 0)))
    assert not oracle.ignores_weights


# --- what is no repetition


def test_weights_count_in_the_shares_of_neighbourhoods():
    real, fake = np.arange(4.0)[:, None] ** 2, np.array([[0.5], [9.0]])
    # Of 0, 1, 4 and 9 only 4 has no new row as near as its nearest neighbour.
    assert prdc(real, fake, 1, weights=(np.array([1.0, 1, 4, 2]), None)) == PRDC(1, 1, 1, 0.5)
    # In units of the mean weight, .5 lies near 0 and 1, and 9 near itself.
    assert prdc(real, fake, 1, weights=(np.array([1.0, 1, 4, 2]), np.array([0.0, 3]))).density == 1
    assert prdc(real, fake, 1, weights=(np.ones(4), np.ones(2))) == prdc(real, fake, 1)


def test_a_ridge_critic_counts_rows_as_often_as_they_weigh():
    x, y, times = normal(40, 3), np.repeat([0, 1], 20), RNG.integers(0, 4, 40)
    weighted, repeated = (
        _RidgeCritic().fit(x, y, times.astype(float)),
        _RidgeCritic().fit(np.repeat(x, times, axis=0), np.repeat(y, times)),
    )
    np.testing.assert_allclose(weighted.decision_function(x), repeated.decision_function(x))
    area = _weighted_auc(y, x[:, 0], times.astype(float))
    assert area == pytest.approx(roc_auc_score(np.repeat(y, times), np.repeat(x[:, 0], times)))


def test_the_scale_of_weights_does_not_matter_to_a_two_sample_test():
    one, seven = (_weighted(HELDOUT, scale * (TIMES + 1)) for scale in (1, 7))
    assert _scores("c2st", one) == pytest.approx(_scores("c2st", seven))


def test_a_median_is_that_of_repeated_numbers():
    values = closest_record(normal(30), normal(9, seed=1))
    for seed in range(20):
        times = np.random.default_rng(seed).integers(0, 4, 30)
        assert median(values, times / times.mean()) == pytest.approx(np.median(np.repeat(values, times)))


def test_balanced_classes_have_equal_totals_of_weight():
    rows = _weighted(HELDOUT, np.where(HELDOUT.codes == 1, 5.0, RNG.uniform(0, 2, 170)))
    sample = balanced_sample(rows, 150, 0)
    np.testing.assert_allclose(np.bincount(sample.codes, sample.weights), 150)


def test_resampled_rows_are_there_as_often_as_they_weigh():
    rows = resampled(_weighted(HELDOUT, TIMES))
    expected = TIMES * len(HELDOUT) / TIMES.sum()
    found = np.array([(rows.values == row).all(axis=1).sum() for row in HELDOUT.values])
    assert np.abs(found - expected).max() < 1
    assert resampled(HELDOUT) is HELDOUT


# --- what takes no weights says so


@pytest.mark.parametrize(
    ("oracle", "ignoring"),
    [
        (C2STOracle(KNeighborsClassifier(3)), ("KNeighborsClassifier(n_neighbors=3)",)),
        (C2STOracle(LogisticRegression()), ()),
        (DownstreamOracle([GaussianNB(), KNeighborsClassifier()]), ("KNeighborsClassifier()",)),
        (DownstreamOracle(BaggingClassifier()), ()),
        (DownstreamOracle(make_pipeline(GaussianNB())), ("Pipeline(steps=[('gaussiannb', GaussianNB())])",)),
        (oracle_of("neg_max_error"), ("neg max error",)),
        (CallableOracle(max), ("max(real rows, new rows)",)),
        (CompositeOracle([C2STOracle(KNeighborsClassifier()), CallableOracle(max), EnergyOracle()]), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_takes_no_weights_is_named(oracle, ignoring):
    expected = ("KNeighborsClassifier()", "max(real rows, new rows)") if ignoring is None else ignoring
    assert oracle.fit(TRAIN, targets=[1]).ignores_weights == expected
