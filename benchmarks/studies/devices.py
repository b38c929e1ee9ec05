"""Which networks are faster on a GPU? ``python -m benchmarks.studies.devices``.

The same GANs train the same number of steps on one CPU core and on a GPU. A first fit of two steps warms each
device up; seconds are those of the training alone, the median of three fits. Without a GPU the study says so
and writes nothing. ``--quick`` measures the default networks, a width of 256 and a grid, in a few minutes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import make_classification

from benchmarks.methods import portfolio
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, save
from gan_oversampler import GAN, Critic, GANOversampler, Generator, preset


@dataclass(frozen=True, slots=True)
class Case:
    """A GAN, a table of so many rows and columns, and how long to train."""

    gan: GAN
    n_rows: int
    n_columns: int
    steps: int

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """Make a table of numbers, a tenth of whose rows are rare."""
        return make_classification(
            self.n_rows, self.n_columns, n_informative=6, n_redundant=0, weights=[0.9], random_state=0
        )


def _residual(width: int, batch_size: int) -> GAN:
    widths = (width, width)
    return GAN(
        "residual", generator=Generator(widths=widths), critic=Critic(widths=widths), batch_size=batch_size
    )


REPEATS: Final = 3
GUIDED: Final = portfolio()[0]
CASES: Final[Mapping[str, Case]] = {
    "guided, 32 units": Case(GUIDED, 600, 10, 200),
    "guided, 32 units, many rows": Case(GUIDED, 20_000, 20, 200),
    "guided, 32 units, many columns": Case(GUIDED, 5000, 130, 200),
    "residual, 64 x 64": Case(_residual(64, 64), 20_000, 20, 100),
    "residual, 256 x 256": Case(_residual(256, 256), 20_000, 20, 100),
    "residual, 1024 x 1024": Case(_residual(1024, 512), 20_000, 20, 50),
    "reference, 256 x 512 x 1024": Case(preset("reference"), 20_000, 20, 50),
    "dcgan, 28 x 28": Case(preset("dcgan").set_params(generator__grid=(28, 28)), 1200, 784, 20),
}

QUICK: Final = ("guided, 32 units", "residual, 256 x 256", "dcgan, 28 x 28")
NO_GPU: Final = "Nothing is measured: torch finds no GPU here (torch.cuda.is_available() is False)."


def seconds(case: Case, device: str, steps: int) -> float:
    """Measure the training, without the preparation and the drawing of rows."""
    sampler = GANOversampler(gan=case.gan, oracle=None, max_steps=steps, device=device, random_state=0)
    sampler.fit_resample(*case.table())
    return float(sampler.report_.seconds["training"])


def measure(cases: Mapping[str, Case]) -> pd.DataFrame:
    """Measure one row per case, with a column of seconds per device and their ratio."""
    rows = []
    for name, case in cases.items():
        row: dict[str, Any] = {"GAN": name, "rows": case.n_rows, "columns": case.n_columns}
        row["steps"] = case.steps
        for device in ("cpu", "cuda"):
            seconds(case, device, 2)
            row[f"seconds on {device}"] = median(seconds(case, device, case.steps) for _ in range(REPEATS))
        rows.append(row)
        print(row, flush=True)
    frame = pd.DataFrame(rows)
    frame["CPU / GPU"] = (frame["seconds on cpu"] / frame["seconds on cuda"]).round(1)
    return frame.round(2)


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``devices.csv`` and ``devices.md``, where there is a GPU; ``--quick`` prints a table only."""
    command = parser("devices", __doc__, data=False)
    command.add_argument("--quick", action="store_true", help="three of the cases; files stay as they are")
    options = command.parse_args(argv)
    if not torch.cuda.is_available():
        print(NO_GPU)
        return
    warnings.simplefilter("ignore")  # small budgets lose to baselines and say so
    gpu = torch.cuda.get_device_name()
    frame = measure({name: CASES[name] for name in QUICK} if options.quick else CASES)
    if options.quick:
        print(f"GPU: {gpu}", as_table(frame), sep="\n\n")
        return
    note_run(options.out, fresh=True, seed=0, gpu=gpu)
    text = f"GPU: {gpu}; `python -m benchmarks.studies.devices`."
    save(frame, page("# Which networks are faster on a GPU?", text, as_table(frame)), options.out)


if __name__ == "__main__":
    main()
