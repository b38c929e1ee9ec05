"""What probabilities are worth after resampling: ``python -m benchmarks.calibration --data-dir DIR``.

One table of each KEEL family and a part of adult. Brier scores on held-out rows of a classifier without
resampling, after resampling as it comes, and corrected by both methods of ``PriorCorrectedClassifier``.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from sklearn.base import clone
from sklearn.metrics import average_precision_score, brier_score_loss
from threadpoolctl import threadpool_limits

from benchmarks.classifiers import CLASSIFIERS, scores
from benchmarks.markdown import numbers, page
from benchmarks.markdown import table as as_table
from benchmarks.preparation import Setting, encoder
from benchmarks.protocol import N_FOLDS, split
from benchmarks.provenance import RESULTS, note_run
from benchmarks.tables import Table, data_folder, load_table
from gan_oversampler import GANOversampler, PriorCorrectedClassifier

TABLES: Final = (
    "appendicitis",
    "cleveland-0_vs_4",
    "glass2",
    "new_thyroid1",
    "haberman",
    "ecoli3",
    "led7digit-0-2-4-5-6-7-8-9_vs_1",
    "page-blocks-1-3_vs_4",
    "abalone9-18",
    "pima",
    "vehicle1",
    "flare-F",
    "kddcup-land_vs_portsweep",
    "winequality-red-4",
    "car-good",
    "adult",
)
MOST_ROWS: Final = 2000
MODELS: Final = ("logistic", "forest", "boosting")
NONE, AS_IT_COMES = "no resampling", "as it comes"
CORRECTIONS: Final = ("prior", "sigmoid")
NEAR: Final = 0.002  # what a correction may cost against no resampling


def load(name: str, folder: Path | None) -> Table:
    """A table, large ones thinned at random."""
    table = load_table(name, folder)
    if len(table.y) <= 2 * MOST_ROWS:
        return table
    kept = np.random.default_rng(0).choice(len(table.y), MOST_ROWS, replace=False)
    return table.rows(np.sort(kept))


def steps(sampler: str, train: Table, seed: int) -> list[tuple[str, Any]]:
    """What stands before the classifier: ours reads the table, SMOTE what is encoded."""
    tools = ("encoder", encoder(Setting.of(train, seed)))
    if sampler == "SMOTE":
        return [tools, ("sampler", SMOTE(random_state=seed))]
    return [("sampler", clone(SAMPLERS[sampler]).set_params(random_state=seed)), tools]


SAMPLERS: Final[Mapping[str, Any]] = MappingProxyType({"GANOversampler": GANOversampler(), "SMOTE": SMOTE()})


def cell(table: Table, fold: int, cache: str) -> Iterator[dict[str, Any]]:
    """Rows of one fold: what each classifier's probabilities are worth, however they came about."""
    train, test = split(table, N_FOLDS, 0)[fold]
    for model in MODELS:
        plain = [("encoder", encoder(Setting.of(train, fold))), ("model", CLASSIFIERS[model].make())]
        facts = {"table": table.name, "family": table.family, "fold": fold, "classifier": model}
        yield facts | {"sampler": "", "probabilities": NONE} | worth(Pipeline(plain), train, test)
        for sampler in SAMPLERS:
            pipe = Pipeline([*steps(sampler, train, fold), plain[-1]], memory=cache)
            ways = {AS_IT_COMES: pipe}
            ways |= {method: PriorCorrectedClassifier(pipe, method=method) for method in CORRECTIONS}
            for name, way in ways.items():
                yield facts | {"sampler": sampler, "probabilities": name} | worth(way, train, test)


def worth(model: Any, train: Table, test: Table) -> dict[str, float]:
    """Brier score and average precision on held-out rows."""
    p = scores(clone(model).fit(train.X, train.y), test.X)
    return {"brier": brier_score_loss(test.y, p), "average_precision": average_precision_score(test.y, p)}


def against_none(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over folds per table, beside those of no resampling."""
    key = ["classifier", "table"]
    means = rows.groupby(["sampler", "probabilities", *key], sort=False)[
        ["brier", "average_precision"]
    ].mean()
    means = means.reset_index()
    none = means[means["probabilities"] == NONE].set_index(key)[["brier", "average_precision"]]
    return means.join(none.add_suffix("_none"), on=key)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A line per sampler, classifier and kind of probabilities; differences over tables."""
    means = against_none(rows)
    order = ["sampler", "classifier", "probabilities"]
    lines = [{**dict(zip(order, name)), **_line(frame)} for name, frame in means.groupby(order, sort=False)]
    return pd.DataFrame(lines)


def _line(means: pd.DataFrame) -> dict[str, Any]:
    more = means["brier"] - means["brier_none"]
    return {
        "Brier": means["brier"].mean(),
        "against none": more.mean(),
        "SE": more.sem(),
        "worst table": more.max(),
        "AP": means["average_precision"].mean(),
        f"tables at most {NEAR} worse": int((more <= NEAR).sum()),
    }


def write(rows: pd.DataFrame, path: Path) -> str:
    """Both files; the text of the page."""
    rows.round(6).to_csv(path, index=False, lineterminator="\n")
    lines = summary(rows)
    digits = {name: numbers(lines[name], 4) for name in ("Brier", "against none", "SE", "worst table", "AP")}
    text = page(
        "# Probabilities after resampling",
        f"{rows['table'].nunique()} tables, {rows['fold'].nunique()} of five folds each; means over tables,"
        " differences from no resampling and their standard errors. Lower Brier scores are better; AP is"
        " average precision.",
        as_table(lines.assign(**digits)),
    )
    path.with_suffix(".md").write_text(text, "utf-8")
    return text


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``calibration.csv`` and ``calibration.md``."""
    parser = argparse.ArgumentParser("python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--data-dir", help="folder of the tables; default: $GAN_OVERSAMPLER_DATA")
    parser.add_argument("--tables", default=",".join(TABLES), help="names, separated by commas")
    parser.add_argument("--folds", type=int, default=1, help="how many of the five (1)")
    parser.add_argument("--out", type=Path, default=RESULTS / "calibration.csv")
    options = parser.parse_args(argv)
    folder = data_folder(options.data_dir)
    note_run(options.out, fresh=True)
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scores tell whether a fit is bad
        for name in options.tables.split(","):
            for fold in range(options.folds):
                with TemporaryDirectory() as cache:  # samplers are fitted once for all classifiers
                    rows += cell(load(name, folder), fold, cache)
            text = write(pd.DataFrame(rows), options.out)
            print(f"{name} done", flush=True)
    print(text)


if __name__ == "__main__":
    main()
