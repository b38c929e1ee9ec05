"""Do oracles tell a trained generator from an untrained one? ``python -m benchmarks.control --data-dir DIR``.

The negative control of the AutoGAN paper: a GAN that draws from noise is worth nothing before it is trained,
so an oracle that likes it better then measures something else. All oracles follow one training per table.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.markdown import table as as_table
from benchmarks.provenance import RESULTS, note_run
from benchmarks.suites import needed
from benchmarks.tables import Table, autogan_names, data_folder, load_table
from gan_oversampler import GAN, GANOversampler

SIZE: Final = "500_0.4"  # of the derived tables, one per root
STEPS: Final = 1000
ORACLES: Final = (
    "downstream",
    "cas_real",
    "cas_syn",
    "frechet",
    "diversity",
    "mmd",
    "energy",
    "sliced_wasserstein",
    "c2st",
    "prdc",
    "duality_gap",
    "privacy",
)


def cell(table: Table, seed: int) -> list[dict[str, Any]]:
    """Score of a classic GAN before and after training, by every oracle."""
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a baseline is better is no news here
        sampler = GANOversampler(
            gan=GAN("classic", batch_norm=True),
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
        better = after < before if "lower" in report.oracle else after > before
        found.append(_line(table.family, seed, name, before, after, better))
    return found


def _line(root: str, seed: int, oracle: str, before: float, after: float, better: bool) -> dict[str, Any]:
    return {
        "root": root,
        "seed": seed,
        "oracle": oracle,
        "untrained": before,
        "trained": after,
        "better": better,
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Per oracle: mean score before and after on every root, and how often training was seen."""
    rows = rows.assign(seen=rows["better"].astype(int))
    order = list(dict.fromkeys(rows["oracle"]))
    pair = rows.groupby(["oracle", "root"])[["untrained", "trained"]].mean().round(3)
    text = pair["untrained"].map("{:.3f}".format) + " → " + pair["trained"].map("{:.3f}".format)
    wide = text.unstack("root").loc[order]
    wide["trained is better"] = rows.groupby("oracle")["seen"].agg(lambda s: f"{s.sum()} of {len(s)}")
    return wide.reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``control.csv`` and ``control.md``."""
    parser = argparse.ArgumentParser("python -m benchmarks.control", description=__doc__)
    parser.add_argument("--data-dir", help="folder of the tables; default: $GAN_OVERSAMPLER_DATA")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS / "control.csv")
    options = parser.parse_args(argv)
    folder = needed(data_folder(options.data_dir))
    roots = [name for name in autogan_names(folder) if name.endswith(SIZE)]
    note_run(options.out, fresh=True)
    start = time.perf_counter()
    work = (delayed(cell)(load_table(name, folder), seed) for name in roots for seed in range(options.seeds))
    rows = pd.DataFrame(itertools.chain.from_iterable(Parallel(options.jobs, verbose=5)(work)))
    rows.round(6).to_csv(options.out, index=False, lineterminator="\n")
    text = as_table(summary(rows))
    options.out.with_suffix(".md").write_text(_page(text), "utf-8")
    print(text, f"\n{time.perf_counter() - start:.0f} s")


def _page(text: str) -> str:
    return (
        "# Do oracles tell a trained generator from an untrained one?\n\n"
        f"A classic GAN (noise to row) before and after {STEPS} steps, on table {SIZE} of each AutoGAN root,"
        f" scored on held-out rows; `python -m benchmarks.control`.\n\n{text}\n"
    )


if __name__ == "__main__":
    main()
