"""A seed gives the same bits with any number of threads and jobs, and nothing outside is touched."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch

from gan_oversampler import GAN
from gan_oversampler.gans.parts import Generator
from tests.samplers import FAST, GUIDED, quick
from tests.samples import global_state
from tests.tables import cancer, mixed, numbers


@pytest.fixture
def two_threads():
    """Torch with two threads, and with one afterwards."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def test_global_state_is_left_as_found(two_threads):
    X, y = numbers()
    np.random.seed(5)  # noqa: NPY002, TID251 — the global state is what this test is about
    torch.manual_seed(5)  # noqa: TID251
    before = global_state(), torch.get_rng_state()
    quick().fit_resample(X, y)
    assert torch.get_num_threads() == 2
    assert global_state() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


@pytest.mark.parametrize("gan", [FAST, GUIDED], ids=["residual", "guided"])
def test_threads_and_jobs_do_not_change_a_bit(gan):
    X, y = mixed()
    expected, _ = quick(gan=gan).fit_resample(X, y)
    torch.set_num_threads(2)
    two_threads, _ = quick(gan=gan).fit_resample(X, y)
    torch.set_num_threads(1)
    two_jobs, _ = quick(gan=gan, n_jobs=2).fit_resample(X, y)
    pd.testing.assert_frame_equal(two_threads, expected, check_exact=True)
    pd.testing.assert_frame_equal(two_jobs, expected, check_exact=True)


def test_concurrent_fits_are_equal_and_restore_the_threads(two_threads):
    X, y = numbers()
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: quick(oracle="energy").fit_resample(X, y)[0], range(3)))
    assert torch.get_num_threads() == 2
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("gan", [FAST, GUIDED], ids=["residual", "guided"])
def test_a_gan_learns_the_same_alone_and_in_a_list_up_to_rounding(gan):
    X, y = cancer()
    others = [
        GAN(base=base, batch_size=32, generator=Generator(widths=(16,))) for base in ("border", "bootstrap")
    ]
    alone = quick(gan=gan, oracle="energy").fit(X, y).history_
    among = quick(gan=[*others, gan], oracle="energy").fit(X, y).history_
    among = among[among["specification"] == 2].reset_index(drop=True)
    fixed = ["specification", "seconds"]
    pd.testing.assert_frame_equal(among.drop(columns=fixed), alone.drop(columns=fixed), rtol=1e-3)


def test_two_classes_never_share_a_stream():
    X, _ = numbers(90, 30)
    X[30:60] = X[60:]
    y = np.repeat(["a", "b", "c"], 30)
    sampler = quick(sampling_strategy={"b": 60, "c": 60}, max_steps=0).fit(X, y)
    assert not np.array_equal(*(sampler.sample(9, y=label, random_state=0) for label in ("b", "c")))


def test_equal_parameters_train_equally_however_they_are_written():
    X, y = numbers()
    plain, odd = (
        GAN(generator=Generator(widths=(16,), ema=0.5)),
        GAN(generator=Generator(widths=[16], ema=np.float64(0.5))),
    )
    np.testing.assert_array_equal(*(quick(gan=gan).fit_resample(X, y)[0] for gan in (plain, odd)))


def test_sample_draws_other_rows_each_time_and_the_same_after_the_same_fit():
    X, y = mixed()
    first, second = quick().fit(X, y), quick().fit(X, y)
    rows = [first.sample(5, y="rare"), first.sample(5, y="rare")]
    assert not rows[0].equals(rows[1])
    for row in rows:
        pd.testing.assert_frame_equal(second.sample(5, y="rare"), row)
    again = [first.sample(5, y="rare", random_state=3) for _ in range(2)]
    pd.testing.assert_frame_equal(*again)


def test_keeping_the_candidates_does_not_change_a_bit():
    X, y = numbers()
    rows = [quick(keep_candidates=keep).fit_resample(X, y)[0] for keep in (False, True)]
    np.testing.assert_array_equal(*rows)


def test_refitting_is_like_fitting_anew():
    X, y = numbers()
    sampler = quick().fit(*mixed())
    np.testing.assert_array_equal(sampler.fit_resample(X, y)[0], quick().fit_resample(X, y)[0])
