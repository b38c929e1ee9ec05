"""Results that survive being killed: each unit of work is a small Parquet file until all are absorbed.

Beside ``keel.parquet`` lies the folder ``keel.parts`` while a run is under way. A part is there whole or not
at all. Parts are absorbed into the sorted main file now and then and at the end, so the file does not depend
on which cell finished first.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.writing import written_whole

MAX_PARTS: Final = 200


@dataclass(frozen=True, slots=True)
class Store:
    """A Parquet file of rows that grows."""

    path: Path  # folders are made
    key: tuple[str, ...]  # columns that name a row; of rows with the same key the later one counts
    columns: tuple[str, ...]  # all columns, in order
    text: tuple[str, ...]  # those that hold text
    integers: tuple[str, ...]  # those that hold integers; the others hold floats

    @property
    def parts(self) -> Path:
        """Folder of what is not absorbed yet."""
        return self.path.with_suffix(".parts")

    def read(self) -> pd.DataFrame:
        """Read all rows, sorted by key.

        Raises
        ------
        ValueError
            If the file has other columns.
        """
        files = [self.path] if self.path.exists() else []
        frames = []
        for file in [*files, *sorted(self.parts.glob("*.parquet"))]:
            frames.append(pd.read_parquet(file))
            if tuple(frames[-1].columns) != self.columns:
                raise ValueError(
                    f"{file.name} has other columns than this benchmark writes. Start again with"
                    " --fresh, or choose another --out."
                )
        rows = pd.concat(frames, ignore_index=True) if frames else self._typed([])
        rows = rows.drop_duplicates(list(self.key), keep="last")
        return rows.sort_values(list(self.key), ignore_index=True, kind="stable")

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, all or none of them; absorb when there are many parts."""
        self.parts.mkdir(parents=True, exist_ok=True)
        numbers = (int(part.stem) for part in self.parts.glob("*.parquet"))
        number = max(numbers, default=0) + 1
        _write(self._typed(rows), self.parts / f"{number:08d}.parquet")
        if number >= MAX_PARTS:
            self.absorb()

    def absorb(self) -> None:
        """Move the rows of all parts into the main file."""
        if self.parts.exists():
            _write(self.read(), self.path)
            shutil.rmtree(self.parts)

    def forget(self, chosen: Callable[[pd.DataFrame], Any]) -> None:
        """Drop the rows for which ``chosen``, a function of the frame, is true."""
        self.absorb()  # or parts that outlive a kill would bring their rows back
        rows = self.read()
        _write(rows[~chosen(rows)], self.path)

    def remove(self) -> None:
        """Delete all files, also those with other columns."""
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self.parts, ignore_errors=True)

    def _typed(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        frame = pd.DataFrame.from_records(list(rows), columns=list(self.columns))
        types = dict.fromkeys(self.columns, "float64")
        types |= dict.fromkeys(self.text, "str") | dict.fromkeys(self.integers, "int64")
        return frame.astype(types)


def _write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")
