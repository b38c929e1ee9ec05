"""Result files: rows appended as they come, interrupted runs taken up again, and what produced them."""

from __future__ import annotations

import csv
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pandas as pd

RESULTS: Final = Path(__file__).parent / "results"
PACKAGES: Final = (
    "gan-oversampler",
    "imbalanced-learn",
    "joblib",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "torch",
)

# What results depend on; result files themselves do not count as changes.
SOURCES: Final = ("gan_oversampler", "benchmarks/*.py")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A CSV file that grows by units of work, each written whole.

    Parameters
    ----------
    path : Path
        Where it lies; folders are made.
    columns : tuple of str
        Its header.
    key : tuple of str
        Columns that name a unit.
    rows_per_unit : int
        Lines of a complete unit; a unit with fewer was interrupted and is done again.
    """

    path: Path
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows_per_unit: int = 1

    def resume(self, *, fresh: bool = False, redo: Callable[[Row], bool] | None = None) -> set[Any]:
        """Keys of the units that are done; everything else leaves the file.

        Parameters
        ----------
        fresh : bool
            Forget all of it.
        redo : callable
            Whether a row is to be forgotten.
        """
        rows = [] if fresh else [row for row in self._rows() if not (redo and redo(row))]
        units = [list(unit) for _, unit in groupby(sorted(rows, key=self.key_of), self.key_of)]
        whole = [unit for unit in units if len(unit) == self.rows_per_unit]
        self._replace(row for unit in whole for row in unit)
        return {self.key_of(unit[0]) for unit in whole}

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add a unit, in one write."""
        with self.path.open("a", newline="", encoding="utf-8") as stream:
            self._writer(stream).writerows(rows)

    def sort(self) -> None:
        """Order rows by key, so that the file does not depend on who finished first."""
        self._replace(sorted(self._rows(), key=self.key_of))

    def read(self, numbers: Iterable[str]) -> pd.DataFrame:
        """All rows; ``numbers`` are the columns that are not text, NaN where a cell is empty."""
        frame = pd.read_csv(self.path, dtype=str, keep_default_na=False)
        return frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers})

    def key_of(self, row: Mapping[str, str]) -> tuple[str, ...]:
        """Key of a row."""
        return tuple(row[column] for column in self.key)

    def _rows(self) -> list[Row]:
        """Complete lines; the last one counts only if it ends."""
        if not self.path.exists():
            return []
        lines = self.path.read_text("utf-8").splitlines(keepends=True)
        lines = [line for line in lines if line.endswith("\n")]
        if lines and tuple(next(csv.reader(lines[:1]))) != self.columns:
            raise ValueError(
                f"{self.path.name} has other columns than this benchmark writes. Start again with"
                " --fresh, or choose another --out."
            )
        return list(csv.DictReader(lines))

    def _replace(self, rows: Iterable[Row]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(self.path.name + ".part")
        with draft.open("w", newline="", encoding="utf-8") as stream:
            writer = self._writer(stream)
            writer.writeheader()
            writer.writerows(rows)
        draft.replace(self.path)

    def _writer(self, stream: Any) -> csv.DictWriter[str]:
        return csv.DictWriter(stream, self.columns, lineterminator="\n")


def beside(path: Path, ending: str) -> Path:
    """A file that belongs to a result file: ``quick.csv`` and ``_meta.json`` give ``quick_meta.json``."""
    return path.with_name(path.stem + ending)


def note_run(path: Path, *, fresh: bool = False, **facts: Any) -> None:
    """Add this run to the side file that says which runs a result file comes from."""
    side = beside(path, "_meta.json")
    side.parent.mkdir(parents=True, exist_ok=True)
    runs = [] if fresh or not side.exists() else json.loads(side.read_text("utf-8"))["runs"]
    run = {**describe_run(), **facts}
    earlier = {other["commit"] for other in runs} - {run["commit"]}
    if earlier:
        print(
            f"Note: {path.name} holds results of other commits too ({', '.join(sorted(earlier))});"
            " --fresh starts again."
        )
    side.write_text(json.dumps({"runs": [*runs, run]}, indent=1) + "\n", "utf-8")


def describe_run() -> dict[str, Any]:
    """What results depend on besides data and seed: code, versions, hardware; and when."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command(sys.argv),
        "commit": _git("rev-parse", "--short=12", "HEAD") or "unknown",
        "uncommitted_changes": bool(_git("status", "--porcelain", "--", *SOURCES)),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "hardware": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.system()},
    }


def command(argv: Sequence[str]) -> str:
    """The command without folders of this machine: absolute paths lose all but their last part.

    >>> command(["/x/benchmarks/quick.py", "--data-dir", "/home/me/data", "--out=/tmp/a.csv"])
    'python -m benchmarks.quick --data-dir data --out=a.csv'
    """
    words = [f"benchmarks.{Path(argv[0]).stem}"]
    for word in argv[1:]:
        option, equals, value = word.rpartition("=")
        words.append(option + equals + (Path(value).name if os.path.isabs(value) else value))
    return " ".join(["python -m", *words])


def _git(*words: str) -> str:
    """What git answers about the folder of this file, or nothing."""
    try:
        answer = subprocess.run(
            ["git", *words], cwd=Path(__file__).parent.parent, capture_output=True, text=True
        )
    except OSError:
        return ""
    return answer.stdout.strip()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text("utf-8").splitlines() if facts.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
