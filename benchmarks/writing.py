"""Files that are whole or not there: as the package writes its own; pictures; and CSV files that grow."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd

from gan_oversampler._writing import write_whole, written_whole

__all__ = ["append_csv", "read_csv", "save_picture", "write_csv", "write_whole", "written_whole"]


def save_picture(figure: Any, path: Path) -> None:
    """Write a figure of matplotlib in the format of the path's ending."""
    with written_whole(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:])


def write_csv(rows: pd.DataFrame, path: Path, **options: Any) -> None:
    """Write rows as CSV without their index; options are those of ``DataFrame.to_csv``."""
    write_whole(path, rows.to_csv(index=False, lineterminator="\n", **options))


def append_csv(rows: pd.DataFrame, path: Path) -> None:
    """Add rows to a CSV file, all or none of them; it is written anew, so it must not be large."""
    lines = _whole_lines(path)
    write_whole(path, lines + rows.to_csv(header=not lines, index=False, lineterminator="\n"))


def read_csv(path: Path) -> pd.DataFrame | None:
    """Read the rows of a CSV file; None if there is none, or nothing in it."""
    lines = _whole_lines(path)
    return pd.read_csv(io.StringIO(lines)) if lines else None


def _whole_lines(path: Path) -> str:
    """Text of a file without a last line that is torn, as a crash of the machine may leave it."""
    text = path.read_bytes() if path.exists() else b""
    return text[: text.rfind(b"\n") + 1].decode()
