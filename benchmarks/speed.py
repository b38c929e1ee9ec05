"""Seconds and memory of one ``fit_resample`` with default parameters: ``python -m benchmarks.speed``.

Every two-class KEEL table with at least 8 minority rows, and adult; the training part of the first of
five folds. Each table gets a fresh process, which reports its peak of resident memory; a process that
only imports the package shows how much of it is not the sampler's. Seconds are those of the call,
first use of torch included, imports and reading not. The sampler runs single-threaded by itself.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from benchmarks.results_io import RESULTS, ResultFile, note_run
from benchmarks.tables import data_folder, load_table, manifest

# The sampler is imported in the fresh processes only: a child on Linux starts with its parent's peak.

MIN_MINORITY: Final = 8
BASELINE: Final = "(import only)"
ADULT: Final = "adult"
COLUMNS: Final = (
    "table",
    "family",
    "n_train",
    "n_features",
    "n_minority",
    "n_new",
    "seconds",
    "peak_mb",
    "kept",
    "error",
)
TEXT: Final = ("table", "family", "kept", "error")
# Seconds and megabytes that we promise.
TARGETS: Final[Mapping[str, float]] = MappingProxyType({"median s": 3.0, "adult s": 60.0, "adult MB": 1536.0})


def names_of(folder: Path) -> list[str]:
    """Tables to time, small ones first."""
    chosen = [
        entry
        for entry in manifest(folder)
        if entry["path"].startswith("keel/") and entry["classes"] == 2 and entry["n_minority"] >= MIN_MINORITY
    ]
    return [*(entry["name"] for entry in sorted(chosen, key=lambda entry: entry["rows"])), ADULT]


def measure(name: str, folder: Path | None) -> dict[str, Any]:
    """Import and fit; meant for a process of its own."""
    from gan_oversampler import GANOversampler

    if name == BASELINE:
        return {"table": name, "peak_mb": _peak_mb()}
    table = load_table(name, folder)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    train = table.rows(next(iter(folds.split(table.X, table.y)))[0])
    sampler = GANOversampler(random_state=0)
    start = time.perf_counter()
    _, y = sampler.fit_resample(train.X, train.y)
    return {
        **_facts(name, train.family, train.X, train.n_minority),
        "seconds": round(time.perf_counter() - start, 3),
        "peak_mb": _peak_mb(),
        "n_new": len(y) - len(train.y),
        "kept": sampler.report_.choice,
    }


def in_fresh_process(task: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Result of a call in a process that has done nothing else; a crash is a result, too."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(task, *arguments).result()
        except Exception as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())
            return {"table": arguments[0], "error": text[:300]}


def run(names: Sequence[str], folder: Path | None, out: Path, *, fresh: bool = False) -> pd.DataFrame:
    """Measure what the file does not hold yet; the rows of all tables asked for."""
    file = ResultFile(out, COLUMNS, ("table",))
    done = file.resume(fresh=fresh)
    todo = [name for name in (BASELINE, *names) if (name,) not in done]
    if todo:
        note_run(out, fresh=not done, seed=0)
    for number, name in enumerate(todo, start=1):
        row = in_fresh_process(measure, name, folder)
        file.append([row])
        fate = row.get("error") or f"{row.get('seconds', 0):7.2f} s {row['peak_mb']:6.0f} MB"
        print(f"[{number:>3}/{len(todo)}] {name:<40} {fate}", flush=True)
    rows = file.read([column for column in COLUMNS if column not in TEXT])
    return rows[rows["table"].isin([BASELINE, *names])]


def to_text(rows: pd.DataFrame) -> str:
    """Quantiles of the small tables, adult, and what they are held against."""
    by_name = rows.set_index("table")
    small = by_name.drop(index=[BASELINE, ADULT], errors="ignore")
    lines = []
    if small["seconds"].notna().any():
        median, high, most = np.nanquantile(small["seconds"], [0.5, 0.9, 1.0])
        lines += [
            f"{len(small)} small tables, {(small['error'] != '').sum()} failed",
            f"  median   {_against(median, 'median s')}",
            f"  90 %     {high:8.2f} s",
            f"  maximum  {most:8.2f} s  ({small['seconds'].idxmax()})",
            f"  memory   {small['peak_mb'].max():8.0f} MB at most",
        ]
    lines.append(f"import only {by_name.loc[BASELINE, 'peak_mb']:8.0f} MB")
    if ADULT in by_name.index:
        adult = by_name.loc[ADULT]
        lines += [
            f"adult ({adult['n_train']:,.0f} training rows, {adult['n_new']:,.0f} new)",
            f"  time     {_against(adult['seconds'], 'adult s')}",
            f"  memory   {_against(adult['peak_mb'], 'adult MB')}",
        ]
    return "\n".join(lines)


def _against(value: float, target: str) -> str:
    verdict = "met" if value <= TARGETS[target] else "MISSED"
    unit = target.split()[-1]
    return f"{value:8.2f} {unit}  target {TARGETS[target]:g} {unit}: {verdict}"


def _facts(name: str, family: str, X: pd.DataFrame, n_minority: int) -> dict[str, Any]:
    return {
        "table": name,
        "family": family,
        "n_train": len(X),
        "n_features": X.shape[1],
        "n_minority": n_minority,
    }


def _peak_mb() -> float:
    """Peak of resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser("python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--data-dir", help="folder of the tables; default: $GAN_OVERSAMPLER_DATA")
    parser.add_argument("--tables", help="a,b,... instead of all")
    parser.add_argument("--out", type=Path, default=RESULTS / "speed.csv", help="CSV file")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    options = parser.parse_args(argv)
    folder = data_folder(options.data_dir)
    if options.tables:
        names = options.tables.split(",")
    elif folder:
        names = names_of(folder)
    else:
        parser.error(
            "The KEEL tables and adult are missing: give --data-dir DIR or set GAN_OVERSAMPLER_DATA,"
            " or time a table that ships inside scikit-learn: --tables diabetes-worst-tenth."
        )
    print("\n" + to_text(run(names, folder, options.out, fresh=options.fresh)))


if __name__ == "__main__":
    main()
