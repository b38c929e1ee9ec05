"""What holds for all tests: one thread per process, reproducible examples in CI, small samplers may lose."""

import os

import torch
from hypothesis import settings
from threadpoolctl import threadpool_limits

# Test workers share the cores; more threads would only wait for each other.
torch.set_num_threads(1)
threadpool_limits(1)


def pytest_configure(config):
    # A sampler in little often loses to a baseline and says so; tests of that warning ask for it.
    config.addinivalue_line("filterwarnings", "ignore:By the oracle the baseline:UserWarning")


# No deadline: the first example pays for imports and caches.
settings.register_profile("dev", deadline=None, max_examples=30)
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
