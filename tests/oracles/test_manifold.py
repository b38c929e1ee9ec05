"""Precision, recall, density, coverage: closed forms, and what the papers say of them."""

import numpy as np
import pytest

from gan_oversampler.oracles.manifold import PRDC, PRDCOracle, prdc
from tests.samples import normal, score_of


@pytest.mark.parametrize("k", [1, 5, 50])
def test_a_sample_with_itself_has_precision_recall_density_and_coverage_one(k):
    rows = normal(60)
    assert prdc(rows, rows, k) == pytest.approx(PRDC(1, 1, 1, 1))


def test_equal_rows_are_neighbours_of_each_other():
    rows = np.repeat(normal(5), 8, axis=0)
    found = prdc(rows, rows, 3)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    # Each of eight equal rows lies in the neighbourhoods of all eight; density is in units of three.
    assert found.density == pytest.approx(8 / 3)


def test_neighbours_are_as_many_as_there_are():
    rows = normal(3)
    assert prdc(rows, rows, 5) == prdc(rows, rows, 2)
    assert prdc(rows[:1], rows[:1], 5)[:2] == (1, 1)


def test_rows_far_away_overlap_nowhere():
    assert prdc(normal(30), normal(30, seed=1) + 99) == PRDC(0, 0, 0, 0)


def test_a_mode_that_is_missing_costs_coverage_not_precision():
    real = np.concatenate([normal(50), normal(50, seed=1) + 20])
    found = prdc(real, normal(100, seed=2))
    assert found.precision > 0.8
    assert found.coverage <= 0.5
    assert found.recall <= 0.5


def test_one_outlier_has_recall_but_no_coverage():
    # Naeem et al.: a far synthetic row reaches over all real ones, and covers none.
    real, fake = normal(50), np.concatenate([normal(5, seed=1) + 30, normal(5, seed=2) - 30])
    found = prdc(real, fake, 5)
    assert found.recall == 1
    assert found.coverage == 0


def test_coverage_of_honest_rows_is_what_naeem_et_al_derive():
    # 1 - (n-1)...(n-k) / (2n-1)...(2n-k), for two samples of n rows
    n, k = 50, 3
    expected = 1 - np.prod([(n - i) / (2 * n - i) for i in range(1, k + 1)])
    found = [prdc(normal(n, seed=seed), normal(n, seed=seed + 99), k).coverage for seed in range(40)]
    assert np.mean(found) == pytest.approx(expected, abs=3 * np.std(found) / np.sqrt(40))


def test_coverage_does_not_grow_with_the_number_of_synthetic_rows():
    train, real = normal(60), normal(60, seed=1)
    few, many = (
        np.mean([score_of(PRDCOracle(k=2), train, real, normal(n, seed=seed)) for seed in range(2, 12)])
        for n in (60, 600)
    )
    assert many == pytest.approx(few, abs=0.03)


@pytest.mark.parametrize("measure", PRDC._fields)
def test_every_measure_can_be_the_score(measure):
    train, real, fake = np.split(normal(120), 3)
    assert score_of(PRDCOracle(measure), train, real, fake) == pytest.approx(
        getattr(prdc(real, fake), measure)
    )


def test_an_unknown_measure_is_an_error_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"'measure' parameter of PRDCOracle must be .*'coverage'.* Got 'covered'"
    ):
        PRDCOracle("covered").validate(2)
