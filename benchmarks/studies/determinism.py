"""The same seed gives the same bits: ``python -m benchmarks.studies.determinism``.

One table, one seed. What varies must not matter: the container, torch's threads, the number of jobs, a
second call. Every line shows a digest of all output values and labels.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch

from benchmarks.provenance import note_run
from benchmarks.studies.common import parser
from benchmarks.tables import EMBEDDED, Table, load_table
from benchmarks.writing import write_csv
from gan_oversampler import GANOversampler

CONTAINERS: Final[Mapping[str, Callable[[pd.DataFrame], Any]]] = {
    "DataFrame": lambda X: X,
    "array": lambda X: X.to_numpy(),
    "list": lambda X: X.to_numpy().tolist(),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of the same call."""

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
    """Compute sixteen hex digits from the values as 64-bit floats and the labels as integers.

    >>> digest([[1.0]], [0]) == digest(np.ones((1, 1)), pd.Series([0]))
    True
    """
    parts = (np.asarray(X, np.float64), np.asarray(y, np.int64))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def measure(variant: Variant, X: pd.DataFrame, y: pd.Series) -> dict[str, Any]:
    """Compute digest and seconds of one call; torch's threads are as before afterwards."""
    given = CONTAINERS[variant.container](X)
    sampler = GANOversampler(random_state=0, n_jobs=variant.n_jobs)
    before, start = torch.get_num_threads(), time.perf_counter()
    torch.set_num_threads(variant.torch_threads)
    try:
        output = sampler.fit_resample(given, y.to_numpy())
    finally:
        torch.set_num_threads(before)
    return {
        "variant": variant.name,
        "container": variant.container,
        "torch_threads": variant.torch_threads,
        "n_jobs": variant.n_jobs or 1,
        "seconds": round(time.perf_counter() - start, 3),
        "digest": digest(*output),
    }


def run(table: Table, out: Path, variants: Sequence[Variant] = VARIANTS) -> tuple[pd.DataFrame, bool]:
    """Measure every variant, and tell whether all digests are equal.

    Categories are given as codes, because every container can hold numbers.
    """
    codes = {column: table.X[column].cat.codes for column in table.categorical}
    X = table.X.assign(**codes).astype(float)
    rows = pd.DataFrame([measure(variant, X, table.y) for variant in variants])
    rows["equal"] = rows["digest"] == rows["digest"].iloc[0]
    note_run(out, fresh=True, seed=0, table=table.name)
    write_csv(rows, out)
    return rows, bool(rows["equal"].all())


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table; the exit status is 1 if any two outputs differ."""
    command = parser("determinism", __doc__, data=False)
    command.add_argument("--table", choices=EMBEDDED, default="diabetes-worst-tenth")
    options = command.parse_args(argv)
    table = load_table(options.table, None)
    print(f"Table {table.name}: {len(table.y)} rows, {table.n_minority} of the minority; seed 0\n")
    rows, equal = run(table, options.out)
    print(rows.to_string(index=False))
    print("\nBit-equal throughout." if equal else "\nNOT EQUAL: the seed does not determine the rows.")
    raise SystemExit(0 if equal else 1)


if __name__ == "__main__":
    main()
