"""The same seed gives the same bits: ``python -m benchmarks.determinism``.

One table, one seed; what varies is what must not matter: the container, torch's threads, the number of
jobs, a second call. Every line shows a digest of all output values and labels.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import torch

from benchmarks.provenance import RESULTS, note_run
from benchmarks.tables import EMBEDDED, Table, load_table
from gan_oversampler import GANOversampler

CONTAINERS: Final[Mapping[str, Callable[[pd.DataFrame], Any]]] = MappingProxyType(
    {
        "DataFrame": lambda X: X,
        "array": lambda X: X.to_numpy(),
        "list": lambda X: X.to_numpy().tolist(),
    }
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to make the same call."""

    name: str
    container: str = "DataFrame"
    torch_threads: int = 1
    n_jobs: int | None = None


VARIANTS: Final = (
    Variant("reference"),
    Variant("once more"),
    Variant("NumPy array", container="array"),
    Variant("list of lists", container="list"),
    Variant("two torch threads", torch_threads=2),
    Variant("two jobs", n_jobs=2),
    Variant("all of it", container="list", torch_threads=2, n_jobs=2),
)


def digest(X: Any, y: Any) -> str:
    """Sixteen hex digits of the values as 64-bit floats and the labels as integers.

    >>> digest([[1.0]], [0]) == digest(np.ones((1, 1)), pd.Series([0]))
    True
    """
    parts = (np.asarray(X, np.float64), np.asarray(y, np.int64))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def numbers_only(table: Table) -> pd.DataFrame:
    """The table as floats, categories as their codes: what every container can hold."""
    codes = {column: table.X[column].cat.codes for column in table.categorical}
    return table.X.assign(**codes).astype(float)


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """So many threads within, as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def measure(variant: Variant, X: pd.DataFrame, y: pd.Series) -> dict[str, Any]:
    """Digest and seconds of one call."""
    given = CONTAINERS[variant.container](X)
    sampler = GANOversampler(random_state=0, n_jobs=variant.n_jobs)
    start = time.perf_counter()
    with torch_threads(variant.torch_threads):
        output = sampler.fit_resample(given, y.to_numpy())
    return {
        "variant": variant.name,
        "container": variant.container,
        "torch_threads": variant.torch_threads,
        "n_jobs": variant.n_jobs or 1,
        "seconds": round(time.perf_counter() - start, 3),
        "digest": digest(*output),
    }


def run(table: Table, out: Path, variants: Sequence[Variant] = VARIANTS) -> tuple[pd.DataFrame, bool]:
    """One row per variant, and whether all digests are equal."""
    X = numbers_only(table)
    rows = [measure(variant, X, table.y) for variant in variants]
    rows = [{**row, "equal": row["digest"] == rows[0]["digest"]} for row in rows]
    note_run(out, fresh=True, seed=0, table=table.name)
    frame = pd.DataFrame(rows)
    frame.to_csv(out, index=False, lineterminator="\n")
    return frame, bool(frame["equal"].all())


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table; the exit status is 1 if any two outputs differ."""
    parser = argparse.ArgumentParser("python -m benchmarks.determinism", description=__doc__)
    parser.add_argument("--table", choices=EMBEDDED, default="diabetes-worst-tenth")
    parser.add_argument("--out", type=Path, default=RESULTS / "determinism.csv", help="CSV file")
    options = parser.parse_args(argv)
    table = load_table(options.table, None)
    print(f"Table {table.name}: {len(table.y)} rows, {table.n_minority} of the minority; seed 0\n")
    rows, equal = run(table, options.out)
    print(rows.to_string(index=False))
    print("\nBit-equal throughout." if equal else "\nNOT EQUAL: the seed does not determine the rows.")
    raise SystemExit(0 if equal else 1)


if __name__ == "__main__":
    main()
