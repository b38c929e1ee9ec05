"""A fit holds little beside a large table: its memory does not grow with several copies of it."""

import json
import subprocess
import sys

import pytest

FIT = """
import json, resource, warnings
import numpy as np
import torch
from gan_oversampler import GANOversampler

warnings.simplefilter("ignore")
torch.set_num_threads(1)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
rng = np.random.default_rng(0)
def table(n):
    y = (rng.random(n) < 0.02).astype(int)
    return rng.normal(size=(n, 40)) + y[:, None], y
fit = lambda X, y: GANOversampler(max_steps=50, random_state=0).fit_resample(X, y)
fit(*table(60_000))  # memory that does not depend on the rows
X, y = table(400_000)
before = peak()
both, _ = fit(X, y)
print(json.dumps([before, peak() - before, X.nbytes, both.nbytes]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peaks are counted in other units elsewhere")
def test_beside_a_large_table_a_fit_needs_little_more_than_what_it_returns():
    found = subprocess.run([sys.executable, "-c", FIT], check=True, stdout=subprocess.PIPE, text=True)
    _, more, table, result = json.loads(found.stdout)
    assert 1.9 * table < result < 2 * table
    assert more < 1.15 * result
