"""Peak memory of a stretch of code, where the system reports it (Linux)."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Peak:
    """``mb``: by how many megabytes the peak of resident memory exceeded its start; NaN until known."""

    mb: float = float("nan")


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Measure the peak memory of a block of code; nothing else may run in the process meanwhile.

    Freed memory is handed back to the system first, or an earlier peak would hide this one.

    >>> with peak_memory() as peak:
    ...     block = bytearray(b"x") * 30_000_000
    >>> not peak.mb < 25  # NaN elsewhere than on Linux
    True
    """
    peak = Peak()
    try:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # sets the peak to what is resident now
        start = _resident("VmRSS")
    except (AttributeError, OSError):
        start = float("nan")
    yield peak
    if start == start:
        peak.mb = max(_resident("VmHWM") - start, 0.0)


def _resident(field: str) -> float:
    """Megabytes as the kernel counts them."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":")) * 1024 / 1e6
