"""Do oracles tell a trained generator from an untrained one?

    python -m benchmarks.studies.control --data-dir DIR

The negative control of the AutoGAN paper: a GAN that draws from noise is worth nothing before it is trained,
so an oracle that likes it better then measures something else. All oracles follow one training per table.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import pandas as pd

from benchmarks.protocol import quiet_single_thread
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import before_after, parser, run_cells, save
from benchmarks.suites import needed
from benchmarks.tables import Table, autogan_names, data_folder, load_table
from gan_oversampler import GAN, GANOversampler, Generator

SIZE: Final = "500_0.4"  # of the derived tables, one per root
STEPS: Final = 1000
ORACLES: Final = (
    *("downstream", "cas_real", "cas_syn", "frechet", "diversity", "mmd"),
    *("energy", "sliced_wasserstein", "c2st", "prdc", "duality_gap", "privacy"),
)


def cell(table: Table, seed: int) -> list[dict[str, Any]]:
    """Score a classic GAN before and after training, by every oracle."""
    with quiet_single_thread():
        sampler = GANOversampler(
            gan=GAN("classic", generator=Generator(norm="batch")),
            oracle=list(ORACLES),
            max_steps=STEPS,
            epoch_unit=STEPS,
            patience=99,
            random_state=seed,
        ).fit(table.X, table.y)
    found = []
    for name in ORACLES:
        report = sampler.reports_[name]
        before, after = report.history["score"]
        better = after > before if report.greater_is_better else after < before
        facts = {"untrained": before, "trained": after, "better": better}
        found.append({"root": table.family, "seed": seed, "oracle": name, **facts})
    return found


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute, per oracle, mean scores before and after on every root, and how often training was seen."""
    rows = rows.assign(seen=rows["better"].astype(int))
    order = list(dict.fromkeys(rows["oracle"]))
    pair = rows.groupby(["oracle", "root"])[["untrained", "trained"]].mean().round(3)
    wide = before_after(pair["untrained"], pair["trained"]).unstack("root").loc[order]
    wide["trained is better"] = rows.groupby("oracle")["seen"].agg(lambda s: f"{s.sum()} of {len(s)}")
    return wide.reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``control.csv`` and ``control.md``."""
    command = parser("control", __doc__)
    command.add_argument("--seeds", type=int, default=3)
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    folder = needed(data_folder(options.data_dir))
    tables = [load_table(name, folder) for name in autogan_names(folder) if name.endswith(SIZE)]
    note_run(options.out, fresh=True)
    rows = run_cells(cell, product(tables, range(options.seeds)), options.jobs)
    text = (
        f"A classic GAN (noise to row) before and after {STEPS} steps, on table {SIZE} of each AutoGAN root,"
        " scored on held-out rows; `python -m benchmarks.studies.control`."
    )
    title = "# Do oracles tell a trained generator from an untrained one?"
    save(rows, page(title, text, as_table(summary(rows))), options.out)


if __name__ == "__main__":
    main()
