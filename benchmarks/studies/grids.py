"""Do convolutions help where columns are pixels? ``python -m benchmarks.studies.grids --data-dir DIR``.

The DCGAN and a GAN of perceptrons learn the rare one of two classes of Fashion-MNIST (28 x 28 columns) in
equally many steps, and oracles compare both with held-out images.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.protocol import quiet_single_thread
from benchmarks.provenance import beside, note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import before_after, parser, save
from benchmarks.suites import needed
from benchmarks.tables import Table, data_folder, load_table
from benchmarks.writing import save_picture
from gan_oversampler import GANOversampler, preset

TABLE: Final = "fmnist24/500_0.4"
GRID: Final = (28, 28)
SHOWN: Final = 14  # images in a row of the picture
ORACLES: Final = ("frechet", "mmd", "prdc", "cas_real", "downstream")
PRESETS: Final = ("dcgan", "gan")
STEPS: Final = 450


def fitted(table: Table, name: str, steps: int, grid: tuple[int, int], seed: int) -> GANOversampler:
    """Train a preset on the rare class; oracles score it before and after on images that it never saw."""
    gan = preset(name).set_params(batch_size=64)
    if name == "dcgan":
        gan.set_params(generator__grid=grid)
    with quiet_single_thread():
        return GANOversampler(
            gan=gan,
            oracle=list(ORACLES),
            cv=2,
            max_steps=steps,
            epoch_unit=steps,
            patience=99,
            random_state=seed,
        ).fit(table.X, table.y)


def lines(name: str, sampler: GANOversampler, seconds: float) -> list[dict[str, Any]]:
    """List the scores before and after training, by every oracle."""
    found = []
    for oracle, report in sampler.reports_.items():
        before, after = report.history["score"]
        facts = {"preset": name, "steps": int(report.history["step"].max()), "cpu_seconds": seconds}
        smote = report.to_frame().set_index("name")["score"]["smote"]
        found.append({**facts, "oracle": oracle, "untrained": before, "trained": after, "smote": smote})
    return found


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Make one line per oracle: untrained and trained score of each GAN, and the score of SMOTE."""
    order = list(dict.fromkeys(rows["oracle"]))
    rows = rows.assign(text=before_after(rows["untrained"], rows["trained"]))
    wide = rows.pivot(index="oracle", columns="preset", values="text").loc[order]
    wide["SMOTE"] = rows.groupby("oracle")["smote"].mean().map("{:.3f}".format)
    return wide[[*dict.fromkeys(rows["preset"]), "SMOTE"]].reset_index()


def draw(panels: Mapping[str, np.ndarray], grid: tuple[int, int], path: Path) -> None:
    """Draw one row of images per panel, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.8 * SHOWN, 1.1 * len(panels)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, images) in zip(figure.subplots(len(panels), 1), panels.items(), strict=True):
        strip = np.concatenate([np.pad(image.reshape(grid), 1) for image in images], axis=1)
        axes.imshow(strip, cmap="gray")
        axes.set_axis_off()
        axes.set_title(title, loc="left", fontsize=9)
    save_picture(figure, path)


def report(rows: pd.DataFrame) -> str:
    """Write the page."""
    facts = rows.groupby("preset", sort=False)[["steps", "cpu_seconds"]].first()
    costs = [f"{name} {steps} steps in {seconds:.0f} s" for name, steps, seconds in facts.itertuples()]
    return page(
        "# Do convolutions help where columns are pixels?",
        f"The rare class of {TABLE}, before → after training, on held-out images of two folds (of frechet and"
        " mmd less is better, of the others more); `python -m benchmarks.studies.grids`. Three members each;"
        f" CPU time with scoring: {', '.join(costs)}.",
        as_table(summary(rows)),
        "![Real and generated images](grids.png)",
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``grids.csv``, ``grids.md`` and ``grids.png``."""
    command = parser("grids", __doc__)
    command.add_argument("--steps", type=int, default=STEPS)
    command.add_argument("--seed", type=int, default=0)
    options = command.parse_args(argv)
    table = load_table(TABLE, needed(data_folder(options.data_dir)))
    note_run(options.out, fresh=True)
    found, panels = [], {"real": table.X[table.y == 1].to_numpy()[:SHOWN]}
    for name in PRESETS:
        before = time.process_time()
        sampler = fitted(table, name, options.steps, GRID, options.seed)
        found += lines(name, sampler, time.process_time() - before)
        panels[f"{name}, {sampler.report_.choice}"] = sampler.sample(SHOWN, y=1).to_numpy()
    rows = pd.DataFrame(found)
    draw(panels, GRID, beside(options.out, ".png"))
    save(rows, report(rows), options.out)


if __name__ == "__main__":
    main()
