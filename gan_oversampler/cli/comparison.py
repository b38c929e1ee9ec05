"""Cross-validated comparison of ways to treat imbalance, on one table, with simple and strong classifiers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from tqdm import tqdm

from gan_oversampler._utils import standard_error
from gan_oversampler.cli.preparation import Columns, with_smote
from gan_oversampler.estimator import GANOversampler

NOTHING, WEIGHTS, SMOTE, OURS = "nothing", "class weights", "SMOTE", "GANOversampler"
METHODS: Final = (NOTHING, WEIGHTS, SMOTE, OURS)  # from the simplest to the most involved
F1, PRECISION = "F1", "average precision"
METRICS: Final = (F1, PRECISION)
BEYOND: Final = 1  # standard errors from which on a gain counts, as in the advice of reports


GROUP_OF: Final = {  # of each classifier
    "logistic regression": "simple",
    "tree": "simple",
    "forest": "strong",
    "gradient boosting": "strong",
}


def classifiers(columns: Columns, seed: int, class_weight: str | None = None) -> dict[str, Any]:
    """All classifiers by name, each behind its own preparation of mixed columns."""
    same = {"class_weight": class_weight, "random_state": seed}
    trees = {
        "tree": DecisionTreeClassifier(**same),
        "forest": RandomForestClassifier(**same),
        "gradient boosting": HistGradientBoostingClassifier(
            categorical_features=columns.code_positions or None, **same
        ),
    }
    linear = make_pipeline(columns.scaled(), LogisticRegression(max_iter=1000, **same))
    return {
        "logistic regression": linear,
        **{name: make_pipeline(columns.coded(), tree) for name, tree in trees.items()},
    }


@dataclass(frozen=True)
class Comparison:
    """Scores of all methods and classifiers in all folds, and what they say; ``print`` it.

    ``scores`` has the columns fold, method, classifier, group, metric and score.
    """

    scores: pd.DataFrame
    score_of: Mapping[str, str]  # what each metric is, in this table
    n_folds: int

    def by_fold(self, metric: str, **where: str) -> NDArray[np.float64]:
        """Scores of a method for a classifier, or their mean over a group of classifiers, one per fold."""
        found = self.scores[self.scores["metric"] == metric]
        for column, value in where.items():
            found = found[found[column] == value]
        return found.groupby("fold")["score"].mean().to_numpy()

    def table(self, metric: str) -> pd.DataFrame:
        """Means with standard errors as text, a row per method and a column per classifier."""
        return pd.DataFrame(
            {
                name: {m: _with_error(self.by_fold(metric, method=m, classifier=name)) for m in METHODS}
                for name in GROUP_OF
            }
        )

    @property
    def result(self) -> str:
        """In one sentence, which method the scores support for simple and for strong classifiers.

        It is the simplest one whose F1 is within a standard error of the best.
        """
        groups = dict.fromkeys(GROUP_OF.values())
        return f"What this supports: {'; '.join(self._result_of(group) for group in groups)}."

    def _result_of(self, group: str) -> str:
        scores = {method: self.by_fold(F1, method=method, group=group) for method in METHODS}
        best = max(METHODS, key=lambda method: scores[method].mean())
        method = next(m for m in METHODS if not _differs(scores[best] - scores[m]))
        lead = f"{best} {_signed(scores[best] - scores[method])}"
        if method == NOTHING:
            more = "" if best == NOTHING else f": {lead} F1"
            return f"with {group} classifiers, doing nothing (no method gains more than its error{more})"
        text = (
            f"with {group} classifiers, {method} (F1 {_signed(scores[method] - scores[NOTHING])} over nothing"
        )
        ranks = [self.by_fold(PRECISION, method=m, group=group) for m in (method, NOTHING)]
        if _differs(ranks[1] - ranks[0]):
            text += f", at the cost of {_signed(ranks[0] - ranks[1])} average precision"
        if best != method:
            text += f"; no other method gains more than its error over that: {lead}"
        return f"{text})"

    def __str__(self) -> str:
        lines = []
        for metric in METRICS:
            title = f"{self.score_of[metric]}, mean ± standard error over {self.n_folds} folds:"
            lines += [title, self.table(metric).to_string(), ""]
        lines.append("Gains within a standard error of the paired difference count as none.")
        return "\n".join([*lines, self.result])


def compare(
    X: pd.DataFrame,
    y: pd.Series,
    sampler: GANOversampler,
    categorical: Sequence[str] = (),
    *,
    folds: int = 5,
    seed: int = 0,
    n_jobs: int = 1,
) -> Comparison:
    """Score doing nothing, class weights, SMOTE and the sampler on the same stratified folds.

    SMOTE is SMOTENC where there are categories. All that is learned, preparation included, is learned from
    the training rows of a fold. Raises ``ValueError`` if a class has fewer rows than there are folds.
    """
    counts = y.value_counts()
    if len(counts) < 2 or counts.min() < folds:
        raise ValueError(
            f"Two classes of at least as many rows as folds are needed, {folds}. Got {counts.to_dict()}."
            " Lower --folds, or drop the rarest class."
        )
    # Codes by rarity: 1 is the rarer of two classes.
    labels = counts.index.tolist()
    codes = y.map({label: code for code, label in enumerate(labels)}).to_numpy(dtype=int)
    columns = Columns.of(X, categorical)
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(X, codes)
    found = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_score_fold)(fold, X, codes, train, test, sampler, columns, seed)
        for fold, (train, test) in enumerate(parts)
    )
    names = ["fold", "method", "classifier", "group", "metric", "score"]
    rows = pd.DataFrame(
        [row for part in tqdm(found, total=folds, unit=" folds", disable=None) for row in part], columns=names
    )
    of = f"of class {labels[1]!r}" if len(labels) == 2 else "(mean over the classes)"
    return Comparison(rows, {F1: f"F1 {of}", PRECISION: f"Average precision {of}"}, folds)


def _score_fold(
    fold: int,
    X: pd.DataFrame,
    y: NDArray[np.intp],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    sampler: GANOversampler,
    columns: Columns,
    seed: int,
) -> list[tuple[Any, ...]]:
    """Scores of all methods and classifiers in one fold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of solvers, and of baselines that beat ours: scores show it
        real, heldout = X.iloc[train].reset_index(drop=True), columns.plain(X.iloc[test])
        plain = columns.plain(real), y[train]
        X_new, y_new = clone(sampler).fit_resample(real, y[train])
        rows = {SMOTE: with_smote(*plain, columns, seed), OURS: (columns.plain(X_new), y_new)}
        found = []
        for method in METHODS:
            weight = "balanced" if method == WEIGHTS else None
            for name, learner in classifiers(columns, seed, weight).items():
                scores = _scores(learner.fit(*rows.get(method, plain)), heldout, y[test])
                found += [
                    (fold, method, name, GROUP_OF[name], metric, score) for metric, score in scores.items()
                ]
    return found


def _scores(classifier: Any, X: pd.DataFrame, y: NDArray[np.intp]) -> dict[str, float]:
    """F1 and average precision of held-out rows, of class 1 or as means over the classes."""
    probability_nC = classifier.predict_proba(X)
    is_binary = probability_nC.shape[1] == 2
    return {
        F1: f1_score(y, classifier.predict(X), average="binary" if is_binary else "macro"),
        PRECISION: average_precision_score(y, probability_nC[:, 1] if is_binary else probability_nC),
    }


def _differs(gain: NDArray[np.float64]) -> bool:
    """Whether a mean over folds is above 0 by more than its standard error."""
    return bool(gain.mean() > BEYOND * standard_error(gain))


def _with_error(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.3f} ± {standard_error(values):.3f}"


def _signed(gain: NDArray[np.float64]) -> str:
    return f"{gain.mean():+.3f} ± {standard_error(gain):.3f}"
