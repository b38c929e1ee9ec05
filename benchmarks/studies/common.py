"""What the studies share: their options, cells that run side by side, and the files that they write."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, starmap
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed

from benchmarks.provenance import RESULTS
from benchmarks.writing import write_csv, write_whole


def parser(name: str, doc: str | None, ending: str = ".csv", *, data: bool = True) -> argparse.ArgumentParser:
    """Make a parser with the options of a study: ``--out``, and ``--data-dir`` if it reads shared tables.

    ``name`` is the module's, which also names the result files; ``ending`` is that of the rows.
    """
    found = argparse.ArgumentParser(f"python -m benchmarks.studies.{name}", description=doc)
    if data:
        found.add_argument("--data-dir", help="folder of the tables; default: $GAN_OVERSAMPLER_DATA")
    default = RESULTS / f"{name}{ending}"
    found.add_argument("--out", type=Path, default=default, help=f"file of the rows ({default.name})")
    return found


def run_cells(
    cell: Callable[..., Sequence[Mapping[str, Any]]], tasks: Iterable[tuple[Any, ...]], jobs: int
) -> pd.DataFrame:
    """Collect the rows of ``cell(*task)`` for all tasks, in their order, so many at a time."""
    return pd.DataFrame(chain.from_iterable(Parallel(jobs, verbose=5)(starmap(delayed(cell), tasks))))


def save(rows: pd.DataFrame, text: str, out: Path) -> None:
    """Write rows as CSV and a page as Markdown beside them; print the page."""
    write_csv(rows.round(6), out)
    write_whole(out.with_suffix(".md"), text)
    print(text)


def before_after(before: pd.Series, after: pd.Series) -> pd.Series:
    """Write two scores in one column, such as ``0.200 → 0.600``."""
    return before.map("{:.3f}".format) + " → " + after.map("{:.3f}".format)
