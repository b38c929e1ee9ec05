"""Does a search for GANs pay? ``python -m benchmarks.studies.search landscape|tables|curve|page``.

``landscape``, ``tables`` and ``curve`` (rewards of the controller on images) add their rows to
``results/search_landscape.csv``, ``search_tables.csv`` and ``search_curve.csv`` as they come, and go on where
they were if they are started again; ``landscape`` also writes ``search_peaks.csv``.
``page`` makes ``search.md`` and a picture of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import pandas as pd
from joblib import Parallel, delayed

from benchmarks.provenance import RESULTS, note_run
from benchmarks.studies.common import parser
from benchmarks.studies.search import curve, landscape, tables
from benchmarks.studies.search.page import report
from benchmarks.suites import load
from benchmarks.tables import data_folder
from benchmarks.writing import append_csv, read_csv, write_whole

BUDGETS: Final = (30, 100)


def collect(
    path: Path, cell: Callable[..., list[dict[str, Any]]], tasks: Sequence[tuple[Any, ...]], jobs: int
) -> None:
    """Compute the rows of all tasks, and store each as it comes."""
    if not tasks:
        return
    note_run(path, cells=len(tasks))
    parallel = Parallel(jobs, return_as="generator_unordered")
    for found in parallel(delayed(cell)(*task) for task in tasks):
        append_csv(pd.DataFrame(found), path)
        print(found[0], flush=True)


def stored_keys(path: Path, columns: list[str]) -> set[tuple[Any, ...]]:
    """Keys of the rows that are stored already."""
    stored = read_csv(path)
    return set() if stored is None else set(stored[columns].itertuples(index=False, name=None))


def landscapes(options: Any) -> None:
    """Search all landscapes by all strategies, and find their peaks."""
    path = RESULTS / "search_landscape.csv"
    done = stored_keys(path, ["landscape", "strategy", "trials", "seed"])
    strategies = options.strategies or landscape.STRATEGIES
    keys = product(landscape.LANDSCAPES, strategies, BUDGETS, range(options.seeds))
    collect(path, landscape.cell, [key for key in keys if key not in done], options.jobs)
    path = RESULTS / "search_peaks.csv"
    done = stored_keys(path, ["landscape", "seed"])
    keys = product(landscape.LANDSCAPES, range(options.seeds))
    collect(path, landscape.peak_cell, [key for key in keys if key not in done], options.jobs)


def on_tables(options: Any) -> None:
    """Search for GANs on all tables, fold by fold."""
    folder, path = data_folder(options.data_dir), RESULTS / "search_tables.csv"
    done = stored_keys(path, ["table", "fold", "strategy"])
    loaded = {name: load(name, folder) for name in tables.names(folder)}
    strategies = options.strategies or tables.STRATEGIES
    tasks = [
        (loaded[name], fold, strategy, options.seconds)
        for fold, strategy, name in product(range(options.folds), strategies, loaded)
        if (name, fold, strategy) not in done
    ]
    collect(path, tables.cell, tasks, options.jobs)


def curves(options: Any) -> None:
    """Search GANs for images by the controller and at random."""
    path, table = RESULTS / "search_curve.csv", load(tables.IMAGES, data_folder(options.data_dir))
    done = stored_keys(path, ["strategy", "seed"])
    tasks = [
        (table, strategy, options.trials, seed)
        for seed, strategy in product(range(options.folds), curve.STRATEGIES)
        if (strategy, seed) not in done
    ]
    collect(path, curve.cell, tasks, options.jobs)


def write_page(options: Any) -> None:
    """Write the page, and the picture of the curve."""
    found = [read_csv(RESULTS / f"search_{part}.csv") for part in ("tables", "landscape", "peaks", "curve")]
    if found[-1] is not None:
        curve.draw(found[-1], RESULTS / "search_curve.png")
    text = report(*found)
    write_whole(RESULTS / "search.md", text)
    print(text)


ACTIONS: Final = {"landscape": landscapes, "tables": on_tables, "curve": curves, "page": write_page}


def main(argv: Sequence[str] | None = None) -> None:
    """Run one of the parts."""
    command = parser("search", __doc__)
    command.add_argument("action", choices=ACTIONS)
    command.add_argument("--strategies", nargs="+", help="default: all of the part")
    command.add_argument("--folds", type=int, default=2, help="outer folds of five, or seeds of a curve (2)")
    command.add_argument("--seeds", type=int, default=5, help="of each landscape (5)")
    command.add_argument("--trials", type=int, default=40, help="of each search of a curve (40)")
    command.add_argument("--seconds", type=float, default=60.0, help="of each search (60)")
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    ACTIONS[options.action](options)


if __name__ == "__main__":
    main()
