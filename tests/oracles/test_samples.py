"""Samples of rows: evenly spaced, disjoint, balanced, thinned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.samples import (
    balanced_sample,
    disjoint_samples,
    evenly,
    thin,
    thin_large_classes,
    typical_distance,
    with_other_classes,
)
from tests.samples import NONE, problem, three


def test_evenly_spaced_rows_hold_both_ends():
    assert evenly(np.arange(100), 3).tolist() == [0, 49, 99]
    assert evenly(np.arange(2), 3).tolist() == [0, 1]


def test_disjoint_samples_are_disjoint_and_equal():
    for m, n, most in ((100, 30, 8), (100, 5, 4), (7, 7, 3), (6, 7, 3)):
        found = disjoint_samples(np.arange(m), n, most)
        assert len(found) == max(1, min(most, m // n))
        assert {len(sample) for sample in found} == {min(m, n)}
        assert len(set(np.concatenate(found))) == len(found) * min(m, n)


def test_balanced_classes_do_not_depend_on_each_other():
    rows = problem(40, 12)
    more = rows.join(problem(30, 0, seed=9))
    both = [balanced_sample(some, 20, 0).of(1).values for some in (rows, more)]
    np.testing.assert_array_equal(*both)
    assert len(np.unique(balanced_sample(rows, 12, 0).of(1).values, axis=0)) == 12
    repeats = np.unique(balanced_sample(rows, 24, 0).of(1).values, axis=0, return_counts=True)[1]
    assert repeats.tolist() == [2] * 12
    assert len(balanced_sample(NONE, 5, 0)) == 0


def test_synthetic_rows_of_the_targets_come_after_real_rows_of_the_other_classes():
    real, synthetic = three(), three(1)
    rows = with_other_classes(real, synthetic, [1])
    assert rows.codes.tolist() == [0] * 80 + [2] * 20 + [1] * 40
    np.testing.assert_array_equal(rows.of(1).values, synthetic.of(1).values)
    np.testing.assert_array_equal(rows.of(2).values, real.of(2).values)


def test_a_typical_distance_is_never_zero():
    lone, equal, mostly = np.zeros((1, 2)), np.ones((5, 2)), np.array([[0.0]] * 9 + [[1.0]])
    assert [typical_distance(rows) for rows in (lone, equal)] == [1, 1]
    assert typical_distance(mostly) == pytest.approx(9 / 45)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.floats(0.001, 1))
def test_thinning_keeps_the_share_of_each_class_and_no_row_twice(counts, share):
    rows = Rows(np.arange(sum(counts))[:, None], np.repeat(np.arange(len(counts)), counts), np.arange(4))
    kept = thin(rows, share, np.random.default_rng(0))
    assert np.bincount(kept.codes).tolist() == [max(1, round(share * n)) for n in counts]
    assert (np.diff(kept.values[:, 0]) > 0).all()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.integers(1, 120))
def test_large_classes_are_thinned_first_and_to_the_number_of_rows_that_was_given(counts, n):
    rows = Rows(np.zeros((sum(counts), 1)), np.repeat(np.arange(len(counts)), counts), np.arange(len(counts)))
    kept = np.bincount(thin_large_classes(rows, n, np.random.default_rng(0)).codes, minlength=len(counts))
    assert ((kept >= 1) & (kept <= counts)).all()
    assert kept.sum() == min(max(n, len(counts)), sum(counts)) or n < len(counts)
    thinned = kept < counts
    assert not thinned.any() or kept.max() - kept[thinned].min() <= 1
