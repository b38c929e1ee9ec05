"""Weights of real rows: how often each is a seed."""

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.base_samplers import BASES, systematic_resampling
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.raking import SLACK, raked
from gan_oversampler.sampling.sources import BaseSource
from tests.drawing import CATEGORIES, guided_source, number_space, valid_rows

N = 20
ROWS = np.random.default_rng(0).normal(size=(2 * N, 2)).astype(np.float32)
CODES = np.repeat([0, 1], N)
WEIGHTS = np.tile(np.arange(N, dtype=float) % 4, 2)


def _data(weights=WEIGHTS):
    return FoldData.of(ROWS, CODES, number_space(2), learned=[1], drawn=[1], weights=weights)


def _counts(source, n=600):
    seeds = source.draw(1, n, Streams(0)).seed_indices
    return np.bincount(seeds - N, minlength=N)


@pytest.mark.parametrize("base", [name for name in sorted(BASES) if not BASES[name].borderline])
def test_rows_are_seeds_as_often_as_they_weigh(base):
    expected = 600 * WEIGHTS[:N] / WEIGHTS[:N].sum()
    assert np.abs(_counts(BaseSource(_data(), base)) - expected).max() <= 1


def test_borderline_odds_and_weights_multiply():
    plain, told = (_counts(BaseSource(_data(w), "border"), 6000) for w in (None, WEIGHTS))
    odds = plain * WEIGHTS[:N]
    np.testing.assert_allclose(told / told.sum(), odds / odds.sum(), atol=2e-3)


def test_so_are_those_of_an_untrained_guided_generator():
    expected = 600 * WEIGHTS[:N] / WEIGHTS[:N].sum()
    assert np.abs(_counts(guided_source(_data())) - expected).max() <= 1


def test_spread_and_centre_of_a_class_are_those_of_rows_as_they_weigh():
    times, near = WEIGHTS[N:].astype(int), _data().neighbourhoods[1]
    repeated = np.repeat(ROWS[N:], times, axis=0)
    np.testing.assert_allclose(near.spread_F, repeated.std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(near.centre, repeated.mean(axis=0), rtol=1e-4)


def test_a_class_that_weighs_nothing_in_a_fold_is_drawn_evenly():
    counts = _counts(BaseSource(_data(np.repeat([1.0, 0.0], N)), "bootstrap"))
    assert set(counts) == {600 // N}


def test_shares_of_states_are_those_of_the_weights():
    rows, weights = torch.from_numpy(valid_rows(CATEGORIES, 40)), torch.arange(40.0)
    found = raked(torch.full((40,), 1 / 40), rows, CATEGORIES, weight_n=weights)
    shares = weights @ rows / weights.sum()
    assert (found @ rows - shares).abs().max() <= SLACK + 2e-3


@pytest.mark.parametrize("kind", ["base", "guided"])
def test_rows_that_are_left_and_weigh_nothing_are_drawn_evenly(kind):
    data = _data()
    source = BaseSource(data, "smote") if kind == "base" else guided_source(data)
    mask = WEIGHTS[:N] == 0
    counts = _counts(source.among(1, {1: mask}))
    assert set(counts[mask]) == {600 // mask.sum()}
    assert not counts[~mask].any()


def test_weights_that_are_all_zero_count_as_equal():
    drawn = systematic_resampling(torch.zeros(3), 6, generator=torch.Generator().manual_seed(0))
    assert drawn.bincount().tolist() == [2, 2, 2]
