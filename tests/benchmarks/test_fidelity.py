"""Copies, strangers and rows of the same distribution are told apart."""

import math

import numpy as np

from benchmarks.fidelity import fidelity, precision


def test_fidelity_tells_copies_strangers_and_equals_apart():
    rng = np.random.default_rng(0)
    seen, held_out, equal = (rng.normal(size=(200, 2)) for _ in range(3))
    wide = rng.normal(size=(200, 40)) * 1e3  # here neighbours are found by inexact distances
    assert fidelity(wide[:50], wide, -wide, rng)["copies"] == 1.0
    copies = fidelity(seen, seen, held_out, rng)
    assert (copies["copies"], copies["dcr_ratio"]) == (1.0, 0.0)
    strangers = fidelity(equal + 50, seen, held_out, rng)
    assert math.isclose(strangers["c2st"], 1 - 199 / 399)
    assert (strangers["coverage"], strangers["copies"]) == (0.0, 0.0)
    fine = fidelity(equal, seen, held_out, rng)
    assert abs(fine["c2st"]) < 0.08
    assert fine["coverage"] > 0.9
    assert 0.7 < fine["dcr_ratio"] < 1.4


def test_telling_apart_is_measured_from_chance_however_few_rows_there_are():
    rng = np.random.default_rng(0)
    for n in (2, 3, 5):
        found = [
            fidelity(rng.normal(size=(30, 2)), rng.normal(size=(30, 2)), rng.normal(size=(n, 2)), rng)["c2st"]
            for _ in range(200)
        ]
        assert abs(np.mean(found)) < 0.05


def test_precision_is_one_for_real_rows_and_zero_for_strangers():
    real = np.random.default_rng(0).normal(size=(60, 3))
    assert precision(real[:20], real) == 1.0
    assert precision(real[:20] + 50, real) == 0.0
