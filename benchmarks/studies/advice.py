"""Does the advice warn where new rows do harm? ``python -m benchmarks.studies.advice --data-dir DIR``.

The report of a fit advises to resample or not. Here strong classifiers, a forest and boosting, learn from
the training rows with and without new ones, and their average precision on the outer fold shows what these
were worth. Of tables that lose more than .02 the advice should flag most, of the others few. Results that
are there already are kept, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from benchmarks import classifiers as models
from benchmarks.preparation import Setting, encoder
from benchmarks.protocol import N_FOLDS, quiet_single_thread, split
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, save
from benchmarks.suites import STRONG
from benchmarks.tables import Table, data_folder, load_table
from gan_oversampler import GANOversampler

TABLES: Final = (
    *("glass2", "glass0", "ecoli3", "ecoli1", "haberman", "new_thyroid1", "page-blocks-1-3_vs_4"),
    *("abalone9-18", "abalone-17_vs_7-8-9-10", "winequality-red-4", "winequality-red-8_vs_6", "pima"),
    *("vehicle1", "vehicle2", "flare-F", "car-good", "car-vgood", "led7digit-0-2-4-5-6-7-8-9_vs_1"),
    *("adult", "telco_churn"),
)
MOST_ROWS: Final = 3000
HARM: Final = 0.02  # average precision that new rows may cost
FALL_IN_SE: Final = 0.3  # beyond it the report says that a strong classifier may rank worse
FLAGS: Final = {
    "advice other than to resample": "flagged",
    f"ranking falls by more than {FALL_IN_SE:g} SE": "falls",
}


def load(name: str, folder: Path | None) -> Table:
    """Load a table, large ones thinned at random."""
    table = load_table(name, folder)
    if len(table.y) <= MOST_ROWS:
        return table
    kept = np.random.default_rng(0).choice(len(table.y), MOST_ROWS, replace=False)
    return table.rows(np.sort(kept))


def cell(table: Table, fold: int) -> dict[str, Any]:
    """Fit on one fold: what is advised, and what new rows bring to strong classifiers on held-out rows."""
    train, test = split(table, N_FOLDS, 0)[fold]
    sampler = GANOversampler(random_state=fold)
    X, y = sampler.fit_resample(train.X, train.y)
    report = sampler.report_
    encode = encoder(Setting.of(train, fold)).fit(train.X)
    plain, resampled, held_out = (np.asarray(encode.transform(x), float) for x in (train.X, X, test.X))
    gains = [
        _precision(name, resampled, y, held_out, test.y) - _precision(name, plain, train.y, held_out, test.y)
        for name in STRONG
    ]
    return {
        "table": table.name,
        "family": table.family,
        "fold": fold,
        "gain": float(np.mean(gains)),
        "advised": report.advised,
        "ranking": report.ranking.mean,
        "standard_error": report.ranking.standard_error,
        "time_share": report.seconds["advice"] / sum(report.seconds.values()),
    }


def _precision(name: str, X: np.ndarray, y: pd.Series, X_test: np.ndarray, y_test: pd.Series) -> float:
    return float(average_precision_score(y_test, models.scores(models.fit(name, X, y), X_test)))


def flagged(rows: pd.DataFrame) -> pd.DataFrame:
    """Count, of tables that lose more than ``HARM`` by new rows and of the others, the share that is flagged.

    The loss of a table is the mean over its folds; every fold is a fit of its own, flagged or not.
    """
    gain = rows.groupby("table")["gain"].transform("mean")
    falls = rows["ranking"] < -FALL_IN_SE * rows["standard_error"]
    known = rows.assign(flagged=rows["advised"] != "resample", falls=falls, harmed=gain < -HARM)
    lines = [
        {
            "tables": "that lose more" if harmed else "others",
            "number": part["table"].nunique(),
            "fits": len(part),
            **{f"flagged: {name}": f"{part[column].mean():.0%}" for name, column in FLAGS.items()},
        }
        for harmed, part in known.groupby("harmed", sort=True)
    ]
    return pd.DataFrame(lines)


def report(rows: pd.DataFrame) -> str:
    """Write the page."""
    tables = rows.groupby("table", sort=False)
    lines = tables.agg(gain=("gain", "mean"), ranking=("ranking", "mean")).round(3)
    lines["advised"] = tables["advised"].agg(", ".join)
    return page(
        "# Does the advice warn where new rows do harm?",
        f"{rows['table'].nunique()} tables, {rows['fold'].nunique()} of five folds each. Gain is in average"
        f" precision of {' and '.join(STRONG)} on the outer fold, with new rows against without; harm is a"
        f" loss of more than {HARM} in the mean over the folds of a table. The advice and the gain in"
        " ranking, on inner folds, come from the report of the fit; the ranking takes"
        f" {rows['time_share'].mean():.0%} of its time.",
        as_table(flagged(rows)),
        as_table(lines.sort_values("gain").reset_index()),
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Add the tables and folds that are missing to ``advice.csv``; write ``advice.md`` anew after each."""
    command = parser("advice", __doc__)
    command.add_argument("--tables", default=",".join(TABLES), help="names, separated by commas")
    command.add_argument("--folds", type=int, default=1, help="how many of the five (1)")
    options = command.parse_args(argv)
    folder = data_folder(options.data_dir)
    rows = pd.read_csv(options.out).to_dict("records") if options.out.exists() else []
    done = {(row["table"], row["fold"]) for row in rows}
    note_run(options.out, fresh=not rows)
    with quiet_single_thread():
        for name in options.tables.split(","):
            for fold in range(options.folds):
                if (name, fold) not in done:
                    rows.append(cell(load(name, folder), fold))
                    frame = pd.DataFrame(rows)
                    save(frame, report(frame), options.out)


if __name__ == "__main__":
    main()
