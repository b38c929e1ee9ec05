"""On a cluster of processes: bounded memory, workers that die, and joblib's tasks, with the same bits."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("distributed")
from joblib import parallel_config

from tests.dask.clusters import small_cluster, tasks_of
from tests.samplers import quick

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).normal(size=(150, 4))
Y = (X[:, 0] > 0.8).astype(int)


@pytest.fixture
def cluster():
    with small_cluster() as client:
        yield client


@pytest.mark.skipif(sys.platform == "win32", reason="no peak memory of a process, and no SIGKILL")
def test_a_table_larger_than_memory_is_resampled_though_workers_die(tmp_path):
    command = [sys.executable, "-m", "tests.dask.large_table", str(tmp_path)]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=1800)
    found = json.loads(output.stdout.splitlines()[-1])
    assert found["killed"] == [True, True]
    assert found["peak"] - found["idle"] < found["table"] / 3
    assert found["peak"] < found["table"]
    n_majority = 2_500_000 - 2_497
    assert found["n_rare"] == int(0.05 * n_majority)
    assert found["n_rows"] == n_majority + found["n_rare"]
    assert found["on_cluster"] == found["here"]


@pytest.mark.parametrize("searches", [False, True])
def test_scorings_on_the_cluster_give_the_bits_of_scorings_here(cluster, searches):
    search = pytest.importorskip("gan_oversampler.search").Search(n_trials=3) if searches else None
    here, there = (quick(baselines=("smote",), search=search) for _ in range(2))
    expected, _ = here.fit_resample(X, Y)
    with parallel_config("dask"):
        found, _ = there.set_params(n_jobs=2).fit_resample(X, Y)
    assert any("_utility" in name for name in tasks_of(cluster))
    np.testing.assert_array_equal(found, expected)
    assert there.report_.entries == here.report_.entries
    if searches:
        assert there.report_.search.best_gan.to_json() == here.report_.search.best_gan.to_json()
