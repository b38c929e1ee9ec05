"""How long do imports take? ``python -m benchmarks.studies.imports``; it prints a table and writes no files.

Every statement runs in new processes, all of them in turns, so that what else the machine does meanwhile hits
them alike; the fewest seconds are those least disturbed. Seconds of the processor are the measure: those of
the clock also depend on what the disk has to read anew. A first round, which compiles files, does not count.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.reporting.markdown import table as as_table

ROOT: Final = Path(__file__).parents[2]
STANDARD: Final = "import imblearn"
STATEMENTS: Final = (
    STANDARD,
    "import gan_oversampler",
    "from gan_oversampler import GANOversampler",
    "import imblearn, torch",
)
TIMED: Final = """
import time
cpu, clock = time.process_time(), time.perf_counter()
{}
print(time.process_time() - cpu, time.perf_counter() - clock)
"""


def measure(statements: Sequence[str], rounds: int) -> pd.DataFrame:
    """Measure each statement once per round: columns ``statement``, ``CPU seconds`` and ``seconds``."""
    rows = []
    for number in range(rounds + 1):
        for statement in statements:
            command = [sys.executable, "-c", TIMED.format(statement)]
            printed = subprocess.check_output(command, cwd=ROOT, text=True)
            if number:
                rows.append([statement, *map(float, printed.split())])
    return pd.DataFrame(rows, columns=["statement", "CPU seconds", "seconds"])


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Fewest seconds of each statement, and how many times those of ``import imblearn`` they are."""
    fewest = rows.groupby("statement", sort=False).min()
    fewest["times imblearn"] = fewest["CPU seconds"] / fewest.loc[STANDARD, "CPU seconds"]
    return fewest.round(2).reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser("python -m benchmarks.studies.imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="new processes per statement (default: 7)")
    print(as_table(summary(measure(STATEMENTS, parser.parse_args(argv).rounds))))


if __name__ == "__main__":
    main()
