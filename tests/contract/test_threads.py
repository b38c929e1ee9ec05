"""Fits in several threads at once are those one by one, and leave the process as they found it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from gan_oversampler import GAN, Generator, load
from tests.interrupts import changes, process_state
from tests.samplers import FAST, GUIDED, quick
from tests.tables import numbers

N_THREADS = 4
FITS = (
    {"gan": GUIDED, "oracle": "energy", "random_state": 1},
    {"gan": FAST, "random_state": 2},
    {"gan": GAN("classic", generator=Generator(widths=(8,))), "oracle": "energy", "random_state": 3},
    {"gan": [FAST, GUIDED], "oracle": "frechet", "random_state": 4},
)


@pytest.fixture(autouse=True)
def _two_threads():
    """Torch with two threads, and with one afterwards."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def at_once(actions):
    """Results of functions that begin together, each in a thread of its own."""
    barrier = Barrier(len(actions))

    def begin(action):
        barrier.wait(60)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(begin, actions))


def rows_of(options):
    X, y = numbers()
    sampler = quick(fallback="baseline", baselines=(), **options)
    return np.r_[sampler.fit_resample(X, y)[0], sampler.sample(5)]


def check_fits_at_once(n_times):
    expected, before = [rows_of(options) for options in FITS], process_state()
    for _ in range(n_times):
        found = at_once([lambda options=options: rows_of(options) for options in FITS])
        assert changes(before) == {}
        for rows, alone in zip(found, expected, strict=True):
            np.testing.assert_array_equal(rows, alone)


def test_four_fits_at_once_are_those_one_by_one():
    check_fits_at_once(1)


@pytest.mark.slow
def test_many_fits_at_once_are_those_one_by_one():
    check_fits_at_once(15)


@pytest.mark.slow
def test_one_sampler_saves_while_others_fit(tmp_path):
    X, y = numbers()
    saved, expected = quick(oracle="energy").fit(X, y), rows_of(FITS[0])
    before = process_state()

    def save():
        for _ in range(2):
            saved.save(tmp_path / "sampler")
            saved.report_.to_html(tmp_path / "page.html")
        return load(tmp_path / "sampler").sample(5, random_state=0)

    fitted, copied = at_once([lambda: rows_of(FITS[0]), save])
    np.testing.assert_array_equal(fitted, expected)
    np.testing.assert_array_equal(copied, saved.sample(5, random_state=0))
    assert changes(before) == {}
