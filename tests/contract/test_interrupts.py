"""A Ctrl-C at any moment leaves threads, random numbers, warnings and files as they should be."""

import os
import random
import signal
import time
import warnings

import numpy as np
import pytest
import torch

from gan_oversampler import load
from gan_oversampler.persistence import contents
from tests.interrupts import changes, interrupt_after, process_state
from tests.samplers import GUIDED, quick
from tests.tables import numbers

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs timers of POSIX"),
    # Python itself ignores what is raised in callbacks of weak references, also a Ctrl-C.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FILES = ("page.html", "sampler", "training")


@pytest.fixture(autouse=True)
def _interrupts_are_heard_by_two_threads():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, before)


def check_interrupts(folder, n, seed):
    X, y = numbers(n=60, minority=20)
    sampler = quick(gan=GUIDED, epoch_unit=1, checkpoint=folder / "training")

    def use():
        sampler.fit(X, y).sample(5)
        sampler.save(folder / "sampler")
        return sampler.report_.to_html(folder / "page.html")

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The training was interrupted")
        warnings.filterwarnings("ignore", message="By the oracle|New rows are far")
        use()
        began = time.monotonic()
        use()
        seconds, draw, n_raised = time.monotonic() - began, random.Random(seed), 0
        expected = load(folder / "sampler").sample(5)
        for _ in range(n):
            before = process_state()
            n_raised += interrupt_after(draw.uniform(0, seconds), use)
            assert changes(before) == {}
            assert set(os.listdir(folder)) == set(FILES)
            contents(folder / "sampler"), contents(folder / "training")
            assert (folder / "page.html").read_text("utf8").rstrip().endswith("</html>")
        assert n_raised
        use()
    np.testing.assert_array_equal(load(folder / "sampler").sample(5), expected)


def test_an_interrupt_changes_nothing_that_others_use(tmp_path):
    check_interrupts(tmp_path, 3, seed=0)


@pytest.mark.slow
def test_no_interrupt_of_many_changes_anything_that_others_use(tmp_path):
    check_interrupts(tmp_path, 20, seed=1)
