"""A process that resamples a table larger than its memory may be, on a cluster whose workers get killed.

Run by test_cluster.py: `python -m tests.dask.large_table FOLDER`; prints what it found as JSON.
"""

import json
import os
import resource
import signal
import sys
import warnings
from pathlib import Path

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import torch  # noqa: F401 - so that it counts as idle memory
from distributed import Client, LocalCluster

from gan_oversampler import GANOversampler

N_BLOCKS, N_ROWS, N_COLUMNS = 100, 25_000, 50
GATHERED = 20_000
PATIENT = {  # on a busy machine a new worker may need a minute to start
    "distributed.comm.timeouts.connect": "300s",
    "distributed.deploy.lost-worker-timeout": "300s",
    "distributed.scheduler.no-workers-timeout": "300s",
}


def block(number):
    """Rows and labels of one block, the same in whatever partition it is."""
    rng = np.random.default_rng(number)
    values = rng.normal(size=(N_ROWS, N_COLUMNS))
    is_rare = rng.random(N_ROWS) < 0.001
    values[is_rare] += 1
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(N_COLUMNS)]).assign(y=is_rare)


def blocks(numbers, folder):
    """Some blocks as a partition; the worker that makes the middle one dies once where the file says so."""
    armed = Path(folder) / "armed"
    if N_BLOCKS // 2 in numbers and armed.exists():
        armed.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return pd.concat(map(block, numbers), ignore_index=True)


def table(n_partitions, folder):
    numbers = np.array_split(np.arange(N_BLOCKS), n_partitions)
    ddf = dd.from_map(blocks, [part.tolist() for part in numbers], folder=folder, meta=block(0).head(0))
    return ddf.drop(columns="y"), ddf["y"]


def resampled(n_partitions, folder):
    sampler = GANOversampler(0.05, max_steps=50, random_state=0)
    with dask.config.set({"gan-oversampler.gathered-rows": GATHERED}):
        return sampler.fit_resample(*table(n_partitions, folder))


def hashes(part):
    return pd.Series([pd.util.hash_pandas_object(part).sum()])


def digests_of_new_rows(X, n_partitions):
    return X.partitions[n_partitions:].map_partitions(hashes, meta=pd.Series([0], dtype="uint64"))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(folder):
    warnings.simplefilter("ignore")
    dask.config.set(PATIENT)
    found = {"idle": peak(), "table": N_BLOCKS * N_ROWS * N_COLUMNS * 8}
    (folder / "armed").touch()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        X, y = resampled(N_BLOCKS, folder)
        killed_while_gathering = not (folder / "armed").exists()
        (folder / "armed").touch()
        n_rows, n_rare, digests = dask.compute(X.shape[0], y.sum(), digests_of_new_rows(X, N_BLOCKS))
        killed_while_drawing = not (folder / "armed").exists()
    found |= {"peak": peak(), "n_rows": int(n_rows), "n_rare": int(n_rare), "on_cluster": digests.tolist()}
    with dask.config.set(scheduler="synchronous"):
        found["here"] = digests_of_new_rows(resampled(7, folder)[0], 7).compute().tolist()
    found["killed"] = [killed_while_gathering, killed_while_drawing]
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
