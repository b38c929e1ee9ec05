"""Tables for tests of Dask: of many types, as partitions and in memory."""

import dask.dataframe as dd
import numpy as np
import pandas as pd

from gan_oversampler import GANOversampler

N, N_RARE = 600, 40
LABELS = np.repeat(["no", "yes"], [N - N_RARE, N_RARE])[np.random.default_rng(1).permutation(N)]


def mixed(n=N, seed=0):
    """A table of the types that Dask brings."""
    rng = np.random.default_rng(seed)
    hours = pd.to_timedelta(rng.integers(0, 999, n), unit="h")
    frame = {
        "size": rng.normal(size=n),
        "rooms": pd.array(rng.integers(1, 9, n), dtype="Int64"),
        "city": pd.array(rng.choice(["Bonn", "Kiel", "Ulm"], n), dtype="string[pyarrow]"),
        "kind": pd.Categorical(rng.choice(["u", "v", "w"], n), ["w", "v", "u", "unseen"]),
        "price": pd.array(rng.integers(0, 99, n) / 4, dtype=pd.ArrowDtype(_double())),
        "sold": pd.Timestamp("2024-01-01") + hours,
        "old": rng.random(n) < 0.3,
    }
    table = pd.DataFrame(frame)
    table.loc[::17, "rooms"] = pd.NA
    table.loc[::19, "city"] = pd.NA
    return table


def _double():
    import pyarrow

    return pyarrow.float64()


def in_partitions(X, y, n_partitions):
    """A table and its labels as partitions of one Dask DataFrame."""
    ddf = dd.from_pandas(X.assign(_y=y), npartitions=n_partitions, sort=False)
    return ddf.drop(columns="_y"), ddf["_y"]


def quick(**changes):
    """A sampler that needs no time."""
    return GANOversampler(**{"max_steps": 0, "oracle": None, "random_state": 0, **changes})


def assert_same(collections, frames):
    """The partitions hold the same rows as frames in memory, with the same labels and dtypes."""
    for collection, frame in zip(collections, frames, strict=True):
        assert_equal = pd.testing.assert_frame_equal if frame.ndim == 2 else pd.testing.assert_series_equal
        assert_equal(collection.compute(), frame)
