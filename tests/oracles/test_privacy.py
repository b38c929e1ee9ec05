"""Privacy: copies, near copies, and rows that repeat by nature."""

import numpy as np
import pytest

from gan_oversampler.oracles.privacy import PrivacyOracle, closest_record, copy_rate
from tests.samples import normal, one_class, problem, score_of


def test_copies_trip_the_guard_and_real_rows_do_not():
    train, real, fake = np.split(normal(600, 5), 3)
    assert score_of(PrivacyOracle(), train, real, train[::2]) == 0
    assert score_of(PrivacyOracle(), train, real, fake) > 0.8
    assert score_of(PrivacyOracle(), train, real, train.astype(np.float32)) == 0


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_each_copy_counts(share):
    train, real, fake = np.split(normal(600, 5), 3)
    mixed = np.concatenate([train[: int(200 * share)], fake[int(200 * share) :] + 9])
    assert score_of(PrivacyOracle(), train, real, mixed) == pytest.approx(1 - share)


def test_near_copies_are_less_private_the_nearer_they_are():
    train, real = np.split(normal(400, 5), 2)
    noise = normal(200, 5, seed=3)
    scores = [score_of(PrivacyOracle(), train, real, train + width * noise) for width in (0.01, 0.1, 0.3, 3)]
    assert scores == sorted(scores)
    assert scores[0] < 0.05
    assert scores[-1] == 1


def test_where_unseen_rows_repeat_seen_ones_copies_are_no_breach():
    # Three yes-no questions: eight different rows, all of them known.
    rng = np.random.default_rng(0)
    train, real, fake = rng.integers(2, size=(3, 200, 3))
    assert copy_rate(closest_record(real, train)) == 1
    assert score_of(PrivacyOracle(), train, real, fake) == 1


def test_copies_of_other_classes_count_too():
    train, holdout = problem(), problem(seed=1)
    stolen = one_class(train.of(0).values[:30])
    assert PrivacyOracle().fit(train, targets=[1]).score(holdout, stolen) == 0


def test_a_copy_has_distance_zero_however_long_the_rows():
    rows = 1e4 + normal(300, 200)
    assert (closest_record(rows[:50], rows) == 0).all()
