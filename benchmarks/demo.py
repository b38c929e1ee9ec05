"""What the sampler does and what it brings, in under a minute: ``python -m benchmarks.demo``.

The table ships inside scikit-learn, needs no network and is imbalanced by the question that is put to it.
It was chosen because classifiers that do nothing about the imbalance miss most of the minority.
"""

from __future__ import annotations

import argparse
import logging
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pandas as pd
from imblearn.metrics import geometric_mean_score
from imblearn.pipeline import Pipeline
from sklearn.metrics import make_scorer
from sklearn.model_selection import StratifiedKFold, cross_validate

from benchmarks.classifiers import CLASSIFIERS
from benchmarks.methods import METHODS
from benchmarks.preparation import Setting
from benchmarks.reporting.demo_picture import draw
from benchmarks.tables import Table, diabetes
from gan_oversampler import GANOversampler

WIDTH: Final = 96
SHOWN: Final = {"none": "nothing", "random": "random copies", "smote": "SMOTE", "ours": "GANOversampler"}
MODELS: Final = {"logistic": "logistic regression", "forest": "random forest"}
SCORERS: Final = {
    "F1": "f1",
    "G-mean": make_scorer(geometric_mean_score),
    "average precision": "average_precision",
}


def heading(text: str) -> None:
    """Print an underlined line."""
    print(f"\n{text}\n{'─' * len(text)}")


def say(text: str) -> None:
    """Print lines within the terminal's width; the rest of a wrapped report line is indented."""
    for line in text.splitlines():
        indent = " " * 6 if line.startswith(("Kept:", "Why:", "Oracle:", "Gain", "Note:")) else ""
        print(textwrap.fill(line, WIDTH, subsequent_indent=indent))


@contextmanager
def scores_shown() -> Iterator[None]:
    """Print what a fit logs while a ``with`` block lasts: fits of later sections would fill pages."""
    log, handler = logging.getLogger("gan_oversampler"), logging.StreamHandler(sys.stdout)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def fit_once(table: Table) -> tuple[GANOversampler, pd.DataFrame]:
    """Fit on the whole table and print what the oracle sees and decides; return sampler and new rows."""
    heading("1. One fit: GANs train, an oracle watches")
    say(
        "A small GAN follows the gradient of held-out F1; five geometric samplers stand beside it. Every 20"
        " steps the oracle measures whether classifiers do better on rows the GAN never saw, if its new rows"
        " join the real ones they learn from. The score is F1 computed from probabilities, mean ± standard"
        " error over 3 folds; higher is better.\n\n"
    )
    sampler = GANOversampler(random_state=0)
    with scores_shown():
        X_new, y_new = sampler.fit_resample(table.X, table.y)
    print("\nIts report:\n")
    say(str(sampler.report_))
    new = X_new[sampler.is_synthetic_]
    before, after = (f"{(y == 0).sum()} majority and {(y == 1).sum()} minority" for y in (table.y, y_new))
    say(f"\nBefore: {before} rows. After: {after} rows. Two of the new rows:\n\n")
    print(new.head(2).to_string(index=False))
    return sampler, new


def compare(table: Table, jobs: int) -> pd.DataFrame:
    """Cross-validate pipelines, classifier by method: mean ± standard error over 5 folds."""
    rows = [
        {"classifier": model, "new rows": method, **_cross_validated(table, key, name, jobs)}
        for name, model in MODELS.items()
        for key, method in SHOWN.items()
    ]
    return pd.DataFrame(rows).set_index(["classifier", "new rows"])


def _cross_validated(table: Table, method: str, model: str, jobs: int) -> dict[str, str]:
    """Scores of one pipeline, sampler and preparation fitted inside each training fold."""
    steps = METHODS[method].steps(Setting.of(table, random_state=0))
    pipeline = Pipeline(
        [
            ("before", steps.before),
            ("sampler", steps.sampler or "passthrough"),
            ("after", steps.after),
            ("classifier", CLASSIFIERS[model].make()),
        ]
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    result = cross_validate(pipeline, table.X, table.y, cv=folds, scoring=SCORERS, n_jobs=jobs)
    cells = {name: _mean_and_error(result[f"test_{name}"]) for name in SCORERS}
    return {**cells, "s per fit": f"{result['fit_time'].mean():.2f}"}


def _mean_and_error(values: Any) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=1) / len(values) ** 0.5:.3f}"


def main(argv: Sequence[str] | None = None) -> None:
    """Fit, compare, draw."""
    parser = argparse.ArgumentParser("python -m benchmarks.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo.png"), help="the picture (demo.png)")
    parser.add_argument("--jobs", type=int, default=1, help="processes of the comparison (1)")
    options = parser.parse_args(argv)
    start, table = time.perf_counter(), diabetes()
    say(
        f"The question: which patients belong to the tenth whose diabetes progresses most within a year?\n"
        f"{table.n_minority} of {len(table.y)} patients do. {len(table.numeric)} numbers and 1 category"
        " describe each (scikit-learn's diabetes table; no row is left out or made up)."
    )
    sampler, new = fit_once(table)
    heading("2. What it brings: the same classifiers with other new rows")
    say("5-fold cross-validation; samplers see training folds only; mean ± standard error.\n")
    print(compare(table, options.jobs).rename_axis([None, None]).to_string())
    say("\nDifferences within two standard errors may be chance; `make bench` compares on 65 tables.")
    draw(sampler, table, new, options.out)
    page = options.out.with_suffix(".html")
    sampler.report_.to_html(page)
    heading("3. To look at")
    print(f"{options.out}: the oracle's scores, and the new rows among the real ones.")
    print(f"{page}: the whole report as one page, for any browser.")
    print(f"\nDone in {time.perf_counter() - start:.0f} s.")


if __name__ == "__main__":
    main()
