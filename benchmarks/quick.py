"""Twelve KEEL tables of twelve families, five folds, four classifiers: ``python -m benchmarks.quick``.

The tables were chosen before any result was seen: one per family, the minority class between about
10 and 200 rows, at most 5,500 rows; three have categories, one has missing cells.

An interrupted run goes on where it stopped. ``--redo ours,ours_untrained`` does some methods again,
``--fresh`` everything.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from joblib import Parallel, delayed

from benchmarks.methods import METHODS, SLOW
from benchmarks.protocol import CLASSIFIERS, COLUMNS, KEY, N_FOLDS, Cell, evaluate
from benchmarks.protocol import METRICS as SCORES
from benchmarks.results_io import RESULTS, ResultFile, beside, note_run
from benchmarks.summary import summarise, to_text
from benchmarks.tables import DATA_VARIABLE, EMBEDDED, Table, data_folder, load_tables

TABLES: Final = (
    "abalone9-18",
    "car-good",
    "cleveland-0_vs_4",
    "ecoli3",
    "flare-F",
    "glass4",
    "haberman",
    "led7digit-0-2-4-5-6-7-8-9_vs_1",
    "new_thyroid1",
    "page-blocks-1-3_vs_4",
    "vehicle0",
    "winequality-red-4",
)
DEFAULT_METHODS: Final = tuple(name for name in METHODS if name not in SLOW)
NUMBERS: Final = ("repeat", "fold", *SCORES, "n_train", "n_minority", "n_new", "seconds")


def cells_of(
    tables: Iterable[Table], methods: Sequence[str], *, repeats: int = 1, folds: int = N_FOLDS
) -> list[Cell]:
    """All units of work; ``folds`` are how many of the five are held out in turn."""
    return [
        Cell(table, repeat, fold, method)
        for table in tables
        for repeat in range(repeats)
        for fold in range(folds)
        for method in methods
    ]


def run(
    cells: Sequence[Cell],
    out: Path,
    *,
    jobs: int = 1,
    fresh: bool = False,
    redo: Sequence[str] = (),
) -> pd.DataFrame:
    """Evaluate what the file does not hold yet; the rows of all cells asked for."""
    file, wanted = result_file(out), {cell.key for cell in cells}
    done = file.resume(fresh=fresh, redo=lambda row: row["method"] in redo and file.key_of(row) in wanted)
    todo = [cell for cell in cells if cell.key not in done]
    if todo:
        note_run(out, fresh=not done, seed="100 * repeat + fold", jobs=jobs)
        _work(todo, file, jobs)
    rows = file.read(NUMBERS)
    keys = pd.MultiIndex.from_frame(rows[list(KEY)].astype(str))
    return rows[keys.isin(list(wanted))]


def result_file(out: Path) -> ResultFile:
    """The file of cells, one row per classifier."""
    return ResultFile(out, COLUMNS, KEY, rows_per_unit=len(CLASSIFIERS))


def _work(todo: Sequence[Cell], file: ResultFile, jobs: int) -> None:
    """Append cell after cell; an interruption loses only what is being computed."""
    results = Parallel(n_jobs=jobs, return_as="generator")(delayed(evaluate)(cell) for cell in todo)
    for number, (cell, rows) in enumerate(zip(todo, results), start=1):
        file.append(rows)
        fate = rows[0]["error"] or f"{rows[0]['seconds']:7.2f} s"
        print(f"[{number:>4}/{len(todo)}] {' '.join(cell.key):<60} {fate}", flush=True)
    file.sort()


def main(argv: Sequence[str] | None = None) -> None:
    """Run, then print and write the summary."""
    options = _options(argv)
    folder = data_folder(options.data_dir)
    if folder is None and not options.tables:
        print(
            "The KEEL tables are missing: give --data-dir DIR or set"
            f" {DATA_VARIABLE}. Running the tables inside scikit-learn instead."
        )
    names = options.tables or (TABLES if folder else tuple(EMBEDDED))
    out = options.out or RESULTS / ("quick.csv" if folder else "quick_embedded.csv")
    tables = load_tables(names, folder)
    cells = cells_of(tables, options.methods, repeats=options.repeats, folds=options.folds)
    rows = run(cells, out, jobs=options.jobs, fresh=options.fresh, redo=options.redo)
    rows = rows.sort_values("method", key=lambda names: names.map(options.methods.index), kind="stable")
    summary = summarise(rows)
    summary.round(6).to_csv(beside(out, "_summary.csv"), index=False, lineterminator="\n")
    print(f"\n{len(tables)} tables, {len(cells)} cells, {len(CLASSIFIERS)} classifiers\n")
    print(to_text(summary))


def _options(argv: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser("python -m benchmarks.quick", description=__doc__)
    parser.add_argument("--data-dir", help=f"folder of the tables; default: ${DATA_VARIABLE}")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--methods", type=_names_of(METHODS), default=DEFAULT_METHODS, help="a,b,...")
    parser.add_argument("--tables", type=_names_of(None), help="a,b,... instead of the twelve")
    parser.add_argument("--repeats", type=int, default=1, help="shuffles of the five folds (1)")
    parser.add_argument("--folds", type=int, default=N_FOLDS, help="how many of the five (5)")
    parser.add_argument("--out", type=Path, help="CSV file; default: benchmarks/results/quick.csv")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument(
        "--redo", type=_names_of(METHODS), default=(), help="do these methods again; go on without --redo"
    )
    return parser.parse_args(argv)


def _names_of(known: Iterable[str] | None) -> Any:
    """Parser of a list with commas, for argparse."""

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
