"""Laws of mixtures: exact counts, equal shares, parts that do not know each other."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import Mixture, Source
from tests.tables import MIXED


def _pool():
    codes = np.repeat([0, 1, 2], [40, 20, 10])
    rows = torch.randn(len(codes), MIXED.width, generator=torch.Generator().manual_seed(0))
    return FoldData.of(MIXED.project(rows).numpy(), codes, MIXED, learned=[1, 2], drawn=[1, 2])


POOL = _pool()


class Numbered:
    """A source whose rows say who drew them, of which class, from which streams."""

    def __init__(self, number):
        self.number = number

    def draw(self, code, n, streams):
        return np.tile(np.array([self.number, code, streams.seed % 2**20], float), (n, 1))


def _numbered(n_sources, n, code=1, seed=0):
    return Mixture(tuple(map(Numbered, range(n_sources)))).draw(code, n, Streams(seed))


@given(st.integers(1, 6), st.integers(0, 40))
def test_counts_are_exact_and_shares_equal(n_sources, n):
    rows = _numbered(n_sources, n)
    assert rows.shape == (n, 3)
    counts = np.bincount(rows[:, 0].astype(int), minlength=n_sources)
    assert counts.sum() == n
    assert counts.max() - counts.min() <= 1
    assert (np.diff(counts) <= 0).all()  # the first ones draw one more
    assert (rows[:, 1] == 1).all()


def test_every_part_has_streams_of_its_own_and_the_first_those_of_the_mixture():
    seeds = _numbered(5, 5, seed=7)[:, 2]
    assert len(set(seeds)) == 5
    assert seeds[0] == 7
    np.testing.assert_array_equal(_numbered(5, 50, code=2, seed=7)[::10, 2], seeds)


@pytest.mark.parametrize("base", ["bootstrap", "smote", "smoothed_bootstrap"])
@pytest.mark.parametrize("n", [0, 1, 33])
def test_a_mixture_of_one_is_that_one_bit_for_bit(base, n):
    source = Source(POOL, base)
    for code in (1, 2):
        alone = source.draw(code, n, Streams(3))
        np.testing.assert_array_equal(Mixture((source,)).draw(code, n, Streams(3)), alone)


def test_parts_of_a_mixture_draw_other_rows():
    source = Source(POOL, "smoothed_bootstrap")
    rows = Mixture((source, source)).draw(1, 20, Streams(3))
    np.testing.assert_array_equal(rows[:10], source.draw(1, 10, Streams(3)))
    assert not (rows[:10] == rows[10:]).all(axis=1).any()


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_a_mixture_of_real_sources_draws_all_rows_asked_for(n):
    sources = tuple(Source(POOL, base) for base in ("bootstrap", "smote", "local_gaussian"))
    rows = Mixture(sources).draw(2, n, Streams(0))
    assert rows.shape == (n, MIXED.width)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_draws_depend_on_the_streams_only():
    mixture = Mixture((Source(POOL, "smote"), Source(POOL, "border")))
    first, again, other = (mixture.draw(1, 12, Streams(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
