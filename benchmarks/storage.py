"""Results that survive being killed: each unit of work is a small Parquet file until all are absorbed.

Beside ``keel.parquet`` lies the folder ``keel.parts`` while a run is under way. A part is there whole or not
at all. Parts are absorbed into the sorted main file now and then and at the end, so the file does not depend
on which cell finished first. Other files in the folder are neither read nor
removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.writing import written_whole

MAX_PARTS: Final = 200
PART: Final = re.compile(r"[0-9]{8,}\.parquet")
DRAFT: Final = re.compile(rf"\.{PART.pattern}\.[0-9a-f]{{32}}")  # of a process that was killed
HINT: Final = " Start again with --fresh, or choose another --out."


class StoreError(ValueError):
    """A file of results cannot be gone on with; the message says what to do."""


class _UnreadableError(StoreError):
    """A file is no Parquet file, or was cut off."""


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
        """Read all rows, sorted by key. A part that cannot be read is left out: its cell is run again.

        Raises
        ------
        StoreError
            If the file cannot be read, or it or a part has other columns.
        """
        frames = [self._frame(self.path)] if self.path.exists() else []
        for part in self._part_files():
            try:
                frames.append(self._frame(part))
            except _UnreadableError as error:
                print(f"Left out: {str(error).removesuffix(HINT)}")
        rows = pd.concat(frames, ignore_index=True) if frames else self._typed([])
        rows = rows.drop_duplicates(list(self.key), keep="last")
        return rows.sort_values(list(self.key), ignore_index=True, kind="stable")

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, all or none of them; absorb when there are many parts."""
        self.parts.mkdir(parents=True, exist_ok=True)
        taken = (path for path in self.parts.iterdir() if PART.fullmatch(path.name))  # a folder's name, too
        numbers = (int(path.stem) for path in taken)
        number = max(numbers, default=0) + 1
        _write(self._typed(rows), self.parts / f"{number:08d}.parquet")
        if number >= MAX_PARTS:
            self.absorb()

    def absorb(self) -> None:
        """Move the rows of all parts into the main file."""
        if self.parts.exists():
            _write(self.read(), self.path)
            self._remove_parts()

    def forget(self, chosen: Callable[[pd.DataFrame], Any]) -> None:
        """Drop the rows for which ``chosen``, a function of the frame, is true."""
        self.absorb()  # or parts that outlive a kill would bring their rows back
        rows = self.read()
        _write(rows[~chosen(rows)], self.path)

    def remove(self) -> None:
        """Delete all files, also those with other columns."""
        self.path.unlink(missing_ok=True)
        self._remove_parts()

    def _part_files(self, names: re.Pattern[str] = PART) -> list[Path]:
        """Files of parts, or their drafts, in order; whatever else lies in the folder is not ours."""
        return sorted(f for f in self.parts.glob("*") if names.fullmatch(f.name) and f.is_file())

    def _remove_parts(self) -> None:
        for file in (*self._part_files(), *self._part_files(DRAFT)):
            file.unlink()
        with suppress(OSError):  # it is not there, or holds something else
            self.parts.rmdir()

    def _frame(self, file: Path) -> pd.DataFrame:
        try:
            with open(file, "rb") as stream:  # of a folder, pandas would read all files
                frame = pd.read_parquet(stream)
        except Exception as error:  # of Arrow or the system
            raise _UnreadableError(f"{file.name} cannot be read ({error}).{HINT}") from error
        if tuple(frame.columns) != self.columns:
            raise StoreError(f"{file.name} has other columns than this benchmark writes.{HINT}")
        return frame

    def _typed(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        frame = pd.DataFrame.from_records(list(rows), columns=list(self.columns))
        types = dict.fromkeys(self.columns, "float64")
        types |= dict.fromkeys(self.text, "str") | dict.fromkeys(self.integers, "int64")
        return frame.astype(types)


def _write(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")
