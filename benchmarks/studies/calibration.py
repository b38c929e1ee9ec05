"""What probabilities are worth after resampling: ``python -m benchmarks.studies.calibration --data-dir DIR``.

One table of each KEEL family and a part of adult. Brier scores on held-out rows of a classifier without
resampling, after resampling as it comes, and corrected by both methods of ``PriorCorrectedClassifier``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.base import clone
from sklearn.metrics import average_precision_score, brier_score_loss

from benchmarks.classifiers import CLASSIFIERS, scores
from benchmarks.preparation import Setting, encoder
from benchmarks.protocol import N_FOLDS, quiet_single_thread, split
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import numbers, page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, save
from benchmarks.tables import Table, data_folder, load_table
from gan_oversampler import GANOversampler, PriorCorrectedClassifier

TABLES: Final = (
    *("appendicitis", "cleveland-0_vs_4", "glass2", "new_thyroid1", "haberman", "ecoli3"),
    *("led7digit-0-2-4-5-6-7-8-9_vs_1", "page-blocks-1-3_vs_4", "abalone9-18", "pima", "vehicle1"),
    *("flare-F", "kddcup-land_vs_portsweep", "winequality-red-4", "car-good", "adult"),
)
MOST_ROWS: Final = 2000
MODELS: Final = ("logistic", "forest", "boosting")
SAMPLERS: Final[Mapping[str, Any]] = {"GANOversampler": GANOversampler(), "SMOTE": SMOTE()}
NONE, AS_IT_COMES = "no resampling", "as it comes"
CORRECTIONS: Final = ("prior", "sigmoid")
NEAR: Final = 0.002  # what a correction may cost against no resampling


def load(name: str, folder: Path | None) -> Table:
    """Load a table, large ones thinned at random."""
    table = load_table(name, folder)
    if len(table.y) <= 2 * MOST_ROWS:
        return table
    kept = np.random.default_rng(0).choice(len(table.y), MOST_ROWS, replace=False)
    return table.rows(np.sort(kept))


def cell(table: Table, fold: int) -> Iterator[dict[str, Any]]:
    """Measure, on one fold, the probabilities of each classifier without, after and corrected for resampling.

    Samplers are fitted once for all classifiers.
    """
    train, test = split(table, N_FOLDS, 0)[fold]
    tools = ("encoder", encoder(Setting.of(train, fold)))
    with TemporaryDirectory() as cache:
        for name in MODELS:
            model = ("model", CLASSIFIERS[name].make())
            facts = {"table": table.name, "family": table.family, "fold": fold, "classifier": name}
            plain = _measured(Pipeline([tools, model]), train, test)
            yield facts | {"sampler": "", "probabilities": NONE} | plain
            for sampler, prototype in SAMPLERS.items():
                drawing = ("sampler", clone(prototype).set_params(random_state=fold))
                # SMOTE needs encoded rows, ours reads the table
                steps = [tools, drawing, model] if sampler == "SMOTE" else [drawing, tools, model]
                pipe = Pipeline(steps, memory=cache)
                corrected = {m: PriorCorrectedClassifier(pipe, method=m) for m in CORRECTIONS}
                for kind, estimator in {AS_IT_COMES: pipe, **corrected}.items():
                    measured = _measured(estimator, train, test)
                    yield facts | {"sampler": sampler, "probabilities": kind} | measured


def _measured(model: Any, train: Table, test: Table) -> dict[str, float]:
    p = scores(clone(model).fit(train.X, train.y), test.X)
    return {"brier": brier_score_loss(test.y, p), "average_precision": average_precision_score(test.y, p)}


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute a line per sampler, classifier and kind of probabilities; differences are over tables."""
    losses, key = ["brier", "average_precision"], ["classifier", "table"]
    order = ["sampler", "classifier", "probabilities"]
    means = rows.groupby(["sampler", "probabilities", *key], sort=False)[losses].mean().reset_index()
    none = means[means["probabilities"] == NONE].set_index(key)[losses]
    means = means.join(none.add_suffix("_none"), on=key)
    lines = []
    for name, part in means.groupby(order, sort=False):
        more = part["brier"] - part["brier_none"]
        facts = {
            "Brier": part["brier"].mean(),
            "against none": more.mean(),
            "SE": more.sem(),
            "worst table": more.max(),
            "AP": part["average_precision"].mean(),
            f"tables at most {NEAR} worse": int((more <= NEAR).sum()),
        }
        lines.append({**dict(zip(order, name)), **facts})
    return pd.DataFrame(lines)


def report(rows: pd.DataFrame) -> str:
    """Write the page."""
    lines = summary(rows)
    digits = {name: numbers(lines[name], 4) for name in ("Brier", "against none", "SE", "worst table", "AP")}
    return page(
        "# Probabilities after resampling",
        f"{rows['table'].nunique()} tables, {rows['fold'].nunique()} of five folds each; means over tables,"
        " differences from no resampling and their standard errors. Lower Brier scores are better; AP is"
        " average precision.",
        as_table(lines.assign(**digits)),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``calibration.csv`` and ``calibration.md``, anew after every table."""
    command = parser("calibration", __doc__)
    command.add_argument("--tables", default=",".join(TABLES), help="names, separated by commas")
    command.add_argument("--folds", type=int, default=1, help="how many of the five (1)")
    options = command.parse_args(argv)
    folder = data_folder(options.data_dir)
    note_run(options.out, fresh=True)
    rows: list[dict[str, Any]] = []
    with quiet_single_thread():
        for name in options.tables.split(","):
            for fold in range(options.folds):
                rows += cell(load(name, folder), fold)
            frame = pd.DataFrame(rows)
            save(frame, report(frame), options.out)


if __name__ == "__main__":
    main()
