"""Run a suite of the benchmark: ``python -m benchmarks.run SUITE --data-dir DIR``.

One row per table, repeat, fold, method and classifier goes to ``results/SUITE.parquet`` as it comes. A run
that was killed goes on where it was. ``--redo ours`` does a method again, ``--fresh`` everything;
``--list`` shows methods, tables and classifiers and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pandas as pd
from joblib import Parallel, delayed, parallel_config

from benchmarks.audit import LeakError, audit
from benchmarks.classifiers import CLASSIFIERS
from benchmarks.methods import METHODS
from benchmarks.peers import client
from benchmarks.protocol import COLUMNS, COUNTS, KEY, N_FOLDS, TEXT, Cell, evaluate
from benchmarks.provenance import RESULTS, beside, note_run, read_side
from benchmarks.storage import Store, StoreError
from benchmarks.suites import SUITES, every_name, load
from benchmarks.tables import DATA_VARIABLE, MissingDataError, Table, data_folder, how_to_get_data
from benchmarks.writing import write_whole

DEAR: Final = 2.5  # seconds per fit; thresholds of dearer methods are tuned only with --tune all
PULSE: Final = 10.0  # seconds between two lines of progress


def cells_of(
    tables: Sequence[Table],
    methods: Sequence[str],
    classifiers: Sequence[str],
    *,
    repeats: int = 1,
    folds: int = N_FOLDS,
    tune: str = "none",
) -> list[Cell]:
    """List all units of work, cheap methods first, then fold after fold.

    ``tune`` says of which methods thresholds are tuned: "none", "cheap" ones or "all".
    """
    limit = {"none": -1.0, "cheap": DEAR, "all": float("inf")}[tune]
    return [
        Cell(table, repeat, fold, method, tuple(classifiers), METHODS[method].seconds <= limit)
        for method in sorted(methods, key=lambda method: METHODS[method].seconds)
        for repeat in range(repeats)
        for fold in range(folds)
        for table in tables
    ]


def run(cells: Sequence[Cell], out: Path, *, jobs: int = 1, backend: str | None = None) -> pd.DataFrame:
    """Evaluate what the result file does not hold yet, and return the rows of all cells asked for."""
    store = _store(out)
    todo = list(_todo(cells, store.read()))
    if todo:
        peers = sorted({METHODS[cell.method].peer for cell in todo} - {""})
        versions = client.available() if peers else {}
        facts = {"methods": sorted({cell.method for cell in todo}), "cells": len(todo), "jobs": jobs}
        facts |= {"peers": {peer: versions[peer] for peer in peers}} if peers else {}
        note_run(out, seed="100 * repeat + fold", **facts)
        _work(todo, store, jobs, backend)
    store.absorb()
    rows = store.read()
    return rows[_are_of(cells)(rows)].reset_index(drop=True)


def _store(path: Path) -> Store:
    return Store(path, KEY, COLUMNS, TEXT, COUNTS)


def _key(cell: Cell) -> tuple[str, int, int, str]:
    return cell.table.name, cell.repeat, cell.fold, cell.method


def _are_of(cells: Iterable[Cell]) -> Callable[[pd.DataFrame], Any]:
    """A function of a frame: which of its rows belong to these cells."""
    wanted = {(*_key(cell), name) for cell in cells for name in cell.classifiers}
    return lambda rows: pd.MultiIndex.from_frame(rows[list(KEY)]).isin(wanted)


def _todo(cells: Sequence[Cell], rows: pd.DataFrame) -> Iterator[Cell]:
    """Cells with the classifiers that have no row yet, or none with the tuned thresholds asked for."""
    untried = rows["f1_tuned"].isna() & (rows["error"] == "") & (rows["tuning_error"] == "")
    done = set(rows[list(KEY)].itertuples(index=False, name=None))
    tuned = done - set(rows.loc[untried, list(KEY)].itertuples(index=False, name=None))
    for cell in cells:
        known = tuned if cell.tuned else done
        missing = tuple(name for name in cell.classifiers if (*_key(cell), name) not in known)
        if missing:
            yield replace(cell, classifiers=missing)


def _work(todo: Sequence[Cell], store: Store, jobs: int, backend: str | None) -> None:
    """Store cell after cell; an interruption loses only what is being computed."""
    start = last = time.monotonic()
    failed = 0
    with parallel_config(backend) if backend else nullcontext():
        results = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(
            delayed(evaluate)(cell) for cell in todo
        )
        for number, rows in enumerate(results, start=1):
            store.append(rows)
            failed += any(row["error"] for row in rows)
            if time.monotonic() - last > PULSE or number == len(todo):
                last = time.monotonic()
                left = (last - start) / number * (len(todo) - number) / 60
                name = f"{rows[0]['method']} on {rows[0]['table']}, fold {rows[0]['fold']}"
                print(f"[{number:>5}/{len(todo)}] {left:5.1f} min left, {failed} failed; {name}", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a suite, then say how to read the result."""
    options = _options(argv)
    suite = SUITES[options.suite]
    try:
        folder = data_folder(options.data_dir)
        tables = [load(name, folder) for name in _chosen_tables(options.tables, folder, suite.names)]
    except (MissingDataError, ValueError) as error:
        raise SystemExit(f"{options.suite}: {error}") from None
    wanted = options.methods or tuple(METHODS)
    missing = _missing(wanted)
    for name, reason in missing.items():
        print(f"Left out: {name} ({reason})")
    methods = [name for name in wanted if name not in missing]
    classifiers = options.classifiers or suite.classifiers
    if options.list:
        return _list(tables, methods, classifiers, missing)
    tune = options.tune or ("cheap" if suite.tuned else "none")
    out = options.out or RESULTS / f"{options.suite}.parquet"
    folds = options.folds or suite.folds
    cells = cells_of(tables, methods, classifiers, repeats=options.repeats, folds=folds, tune=tune)
    if options.audit:
        return _audit(cells)
    try:
        if options.fresh:
            _store(out).remove()
            beside(out, "_meta.json").unlink(missing_ok=True)
        elif options.redo:
            _store(out).forget(_are_of(cell for cell in cells if cell.method in options.redo))
        _note_missing(out, wanted, missing)
        rows = run(cells, out, jobs=options.jobs, backend=options.backend)
    except (StoreError, OSError) as error:
        raise SystemExit(f"{options.suite}: {error}") from None
    print(f"{len(rows)} rows, {(rows['error'] != '').sum()} of them failures, in {out.name}.")
    where = "" if out.parent == RESULTS else f" --results {out.parent}"
    print(f"Read them with: python -m benchmarks.reporting.report {out.stem}{where}")


def _missing(methods: Iterable[str]) -> dict[str, str]:
    """Methods whose peer is not installed, and why; peers are started only if one is wanted."""
    peers = {name: METHODS[name].peer for name in methods if METHODS[name].peer}
    reasons = client.available() if peers else {}
    return {name: reasons[peer] for name, peer in peers.items() if reasons[peer].startswith("missing")}


def _note_missing(out: Path, methods: Iterable[str], missing: dict[str, str]) -> None:
    """Write beside the results what could not run; what earlier runs wrote of other methods stays."""
    side = beside(out, "_missing.json")
    side.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: reason for name, reason in read_side(side).items() if name not in set(methods)}
    write_whole(side, json.dumps(kept | missing, indent=1) + "\n")


def _chosen_tables(patterns: Sequence[str] | None, folder: Path | None, names: Any) -> list[str]:
    """Tables of the suite that match the patterns; if none does, others that do."""
    if not patterns:
        return names(folder)
    known = every_name(folder)
    own = set(names(folder)) if folder else set()
    found = [name for name in known if any(fnmatch(name, pattern) for pattern in patterns)]
    if not found and folder is None:
        raise MissingDataError(f"no table here matches {', '.join(patterns)}. {how_to_get_data()}")
    if not found:
        raise ValueError(f"no table matches {', '.join(patterns)}; known are {', '.join(known)}")
    return [name for name in found if name in own] or found


def _audit(cells: Iterable[Cell]) -> None:
    """Look for leaks in the first cell of each method; exit status 1 if one is found."""
    first = {cell.method: cell for cell in reversed(list(cells))}
    leaks = 0
    for name, cell in first.items():
        try:
            audit(cell)
            print(f"{name}: held-out rows change nothing")
        except LeakError as error:
            leaks += 1
            print(f"{name}: LEAK. {error}")
        except Exception as error:  # a method may fail on this table, leak or not
            print(f"{name}: not audited ({type(error).__name__}: {error})")
    raise SystemExit(1 if leaks else 0)


def _list(
    tables: Sequence[Table], methods: Sequence[str], classifiers: Sequence[str], missing: dict[str, str]
) -> None:
    for table in tables:
        shape = f"{len(table.y)} rows, {table.X.shape[1]} columns, {table.n_minority} of the minority"
        print(f"table       {table.name}: {shape}")
    for name in methods:
        print(f"method      {name}: {METHODS[name].title}")
    for name, reason in missing.items():
        print(f"missing     {name}: {reason}")
    for name in classifiers:
        print(f"classifier  {name}: {CLASSIFIERS[name].block}")


def _options(argv: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--data-dir", help=f"folder of the tables; default: ${DATA_VARIABLE}")
    parser.add_argument("--methods", type=_names_of(METHODS), help="a,b,... (all that are installed)")
    parser.add_argument("--classifiers", type=_names_of(CLASSIFIERS), help="a,b,... (the suite's)")
    parser.add_argument("--tables", type=_names_of(None), help="a,b,... or patterns like 'tor/100_*'")
    parser.add_argument("--folds", type=int, choices=range(1, N_FOLDS + 1), help="how many of the five")
    parser.add_argument("--repeats", type=int, default=1, help="shuffles of the five folds (1)")
    parser.add_argument("--tune", choices=("none", "cheap", "all"), help="methods with tuned thresholds")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time (1)")
    parser.add_argument("--backend", help="joblib backend: loky, dask, ray, ...")
    parser.add_argument("--out", type=Path, help="Parquet file; default: benchmarks/results/SUITE.parquet")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument(
        "--redo", type=_names_of(METHODS), default=(), help="do these methods again (go on without it)"
    )
    parser.add_argument("--list", action="store_true", help="show what would run")
    parser.add_argument("--audit", action="store_true", help="look for leaks of held-out rows instead")
    return parser.parse_args(argv)


def _names_of(known: Iterable[str] | None) -> Callable[[str], tuple[str, ...]]:
    """Parser of a list with commas, for argparse; None knows no names and takes all."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        unknown = [name for name in names if known is not None and name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"unknown: {', '.join(unknown)}; known are {', '.join(known or ())}"
            )
        return names

    return parse


if __name__ == "__main__":
    main()
