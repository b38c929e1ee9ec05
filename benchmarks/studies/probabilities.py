"""Are corrected probabilities the true ones? ``python -m benchmarks.studies.probabilities``.

Classes are Gaussian, so that the true probability of every row is known. Without noise of labels in the
measure, small differences show that Brier scores of real tables hide. Needs no data.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import clone

from benchmarks.classifiers import CLASSIFIERS
from benchmarks.protocol import quiet_single_thread
from benchmarks.provenance import note_run
from benchmarks.reporting.markdown import page
from benchmarks.reporting.markdown import table as as_table
from benchmarks.studies.common import parser, run_cells, save
from gan_oversampler import GANOversampler, PriorCorrectedClassifier

MEANS: Final = np.array([[0.0, 0.0, 0.0, 0.0], [1.2, 0.8, 0.0, 0.0], [-1.0, 1.5, 0.5, 0.0]])
N_TEST: Final = 4000
SIZES: Final = ((90, 12), (900, 100), (900, 100, 60))
MODELS: Final = ("logistic", "forest", "boosting")
SAMPLERS: Final = {"GANOversampler": GANOversampler(), "SMOTE": SMOTE()}
KINDS: Final = ("no resampling", "as it comes", "prior", "sigmoid")


def draw(sizes: Sequence[int], rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Draw rows of Gaussian classes of these sizes, with their class."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(MEANS[y]), y


def truth(X: NDArray[Any], sizes: Sequence[int]) -> NDArray[np.float64]:
    """Compute the probability of each class for rows ``(n, 4)``, where shares are as these sizes.

    >>> truth(MEANS[:2].mean(0, keepdims=True), (3, 1))
    array([[0.75, 0.25]])
    """
    squares = ((X[:, None] - MEANS[: len(sizes)]) ** 2).sum(2)
    return softmax(np.log(sizes) - squares / 2, axis=1)


def cell(sizes: Sequence[int], name: str, sampler: str, seed: int) -> list[dict[str, Any]]:
    """Compute the mean squared error of each kind of probabilities of one classifier, a row each."""
    rng = np.random.default_rng(seed)
    X, y = draw(sizes, rng)
    X_test, _ = draw(rng.multinomial(N_TEST, np.array(sizes) / sum(sizes)), rng)
    model = CLASSIFIERS[name].make()
    pipe = Pipeline([("sampler", clone(SAMPLERS[sampler]).set_params(random_state=seed)), ("model", model)])
    corrected = [PriorCorrectedClassifier(pipe, method=method) for method in KINDS[2:]]
    facts = {"rows": " + ".join(map(str, sizes)), "classifier": name, "sampler": sampler, "seed": seed}
    found = []
    with quiet_single_thread():
        for kind, estimator in zip(KINDS, (model, pipe, *corrected), strict=True):
            off = clone(estimator).fit(X, y).predict_proba(X_test) - truth(X_test, sizes)
            found.append(facts | {"probabilities": kind, "mse": float((off**2).mean())})
    return found


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute mean errors times 10,000: a line per table, sampler and classifier, a column per kind."""
    means = rows.groupby(["rows", "sampler", "classifier", "probabilities"], sort=False)["mse"].mean()
    return (1e4 * means).round(1).unstack("probabilities")[list(KINDS)].reset_index()


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``probabilities.csv`` and ``probabilities.md``."""
    command = parser("probabilities", __doc__, data=False)
    command.add_argument("--seeds", type=int, default=5)
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    note_run(options.out, fresh=True)
    rows = run_cells(cell, product(SIZES, MODELS, SAMPLERS, range(options.seeds)), options.jobs)
    text = (
        f"Gaussian classes in four columns, {options.seeds} seeds, {N_TEST} fresh rows: mean squared errors"
        " of probabilities, times 10,000. Lower is better; `python -m benchmarks.studies.probabilities`."
    )
    save(
        rows, page("# Are corrected probabilities the true ones?", text, as_table(summary(rows))), options.out
    )


if __name__ == "__main__":
    main()
