"""Tests and intervals of a pair of methods."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.reporting import significance


def test_comparisons_turn_round_with_the_sides():
    rng = np.random.default_rng(1)
    index = pd.MultiIndex.from_arrays([list("aabbcc"), range(6)])
    a, b = (pd.Series(rng.uniform(size=6), index) for _ in range(2))
    there, back = significance.compare(a, b), significance.compare(b, a)
    assert there["won"] == back["lost"]
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["low"] == pytest.approx(-back["high"], abs=0.02)
    assert there["p_better"] == pytest.approx(back["p_worse"], abs=0.05)


def test_copies_of_families_do_not_narrow_the_interval():
    gains, families = np.array([0.1, -0.05, 0.02, 0.04, -0.01]), list("abcde")
    once = significance.family_interval(gains, families)
    often = significance.family_interval(np.repeat(gains, 30), np.repeat(families, 30))
    assert often == pytest.approx(once)
    independent = significance.family_interval(np.repeat(gains, 30), np.arange(150))
    assert np.ptp(independent) < np.ptp(once) / 3


def test_one_family_gives_no_interval():
    assert np.isnan(significance.family_interval(np.full(30, 0.1), ["a"] * 30)).all()


def test_tests_over_families_count_every_family_once():
    gains = pd.Series(np.linspace(0.01, 0.02, 30))
    gains.index = pd.MultiIndex.from_arrays([["one"] * 28 + ["two", "three"], range(30)])
    pair = significance.compare(gains, 0 * gains)
    assert pair["wilcoxon"] < 1e-6
    assert pair["wilcoxon_families"] == 0.25  # three families cannot say more
