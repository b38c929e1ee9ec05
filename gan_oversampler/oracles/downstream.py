"""The default oracle: whether classifiers do better on held-out real rows when synthetic rows are added."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.alternatives import ALTERNATIVES, BY_SCORE, KnownProbabilities
from gan_oversampler.oracles.learners import LearnerOracle, quiet_sklearn
from gan_oversampler.oracles.samples import thin, thin_large_classes
from gan_oversampler.oracles.scorers import Scorer, accepts_weights, scorer_of
from gan_oversampler.oracles.smooth import SMOOTH

# The differentiable objective nearest to a scorer; F1 for all others, rankings too: generators trained for
# soft F1 rank better than those trained for the surrogate of average precision, which is noisier.
_OBJECTIVES = {
    "accuracy": "log_loss",
    "balanced_accuracy": "g_mean",
    "g_mean": "g_mean",
    "neg_brier_score": "log_loss",
    "neg_log_loss": "log_loss",
}


class DownstreamOracle(LearnerOracle):
    """Held-out score of classifiers trained on real and synthetic rows together.

    ``mean over classifiers of scoring(classifier fitted to training and synthetic rows; held-out rows)``;
    higher is better, with the range of ``scoring`` (0 to 1 for F1). It needs held-out rows; without synthetic
    rows it is the score of not oversampling. Every score costs one fit of each classifier.

    Parameters
    ----------
    estimator : classifier or list of classifiers, default=None
        Cloned before every fit; the mean over several counts. None is a panel of cheap classifiers: logistic
        regression, five nearest neighbours and a decision tree (which tries the square root of the columns
        per split where there are more than 20,000 cells of real rows). A classifier whose ``fit`` takes no
        ``sample_weight`` gets rows that count alike, with a warning where they have weights.
    scoring : str or callable, default="f1"
        Any scikit-learn scorer or its name, or ``"g_mean"``, with weights if it takes them. For names,
        classes are coded so that the rarest one is the positive one; with more than two classes ``"f1"``
        means ``"f1_macro"``, and so on. Scorer objects get the user's labels.
    smooth : bool, default=True
        Whether F1, G-mean, balanced accuracy and accuracy, given by name, add up probabilities in place of
        predicted labels. That is the same score with less noise: a row near the threshold counts in part.
        Classifiers without probabilities are scored by their labels.
    encoded : bool, default=True
        Whether classifiers get encoded rows (standardised numbers, one-hot categories) or, if False, the
        user's own columns: then a pipeline with its own preprocessing can be the ``estimator``.
    max_rows : int, default=1500
        Real rows of a fold that classifiers are fitted to at most; half as many are scored. Larger tables
        are scaled down, new rows in the same share. Of held-out rows the large classes are thinned first
        and weighted up; for scorers that take no weights, all classes are thinned in proportion.

    Attributes
    ----------
    share_ : float
        Share of the training rows that is used; `score` expects new rows in this share, too.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> rows = Rows(rng.normal(size=(40, 2)), np.arange(40) % 2, np.array(["no", "yes"]))
    >>> rows.values[rows.codes == 1] += 9
    >>> DownstreamOracle(LogisticRegression(), smooth=False).fit(rows, targets=[1]).score(rows, rows)
    1.0
    """

    def __init__(
        self,
        estimator: BaseEstimator | Sequence[BaseEstimator] | None = None,
        *,
        scoring: str | Scorer = "f1",
        smooth: bool = True,
        encoded: bool = True,
        max_rows: int = 1500,
    ) -> None:
        super().__init__(estimator, scoring=scoring, smooth=smooth, encoded=encoded, max_rows=max_rows)

    @property
    def objective(self) -> str:
        """Name of the differentiable objective nearest to ``scoring``: what guided GANs are trained for."""
        return _OBJECTIVES.get(self.scoring, "f1") if isinstance(self.scoring, str) else "f1"

    @property
    def fidelity(self) -> float:
        """Fidelity of the default GAN that suits ``scoring``: 1 for the recall of every class, else .1."""
        return 1.0 if self.objective == "g_mean" else super().fidelity

    def _prepare(self) -> None:
        self.share_ = min(1.0, self.max_rows / max(len(self.train_), 1))
        self.thinned_train_ = thin(self.train_, self.share_, np.random.default_rng(self.random_state_))
        self._memory = _Memory()

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Return the mean score of fresh classifiers; NaN if a synthetic value is not finite.

        ``synthetic`` may hold any number of rows, none at all included. Where ``share_`` is below 1, give
        that share of the new rows, so that real and new rows keep their proportion.
        """
        if not np.isfinite(synthetic.values).all():
            return float("nan")
        return self._score_of(synthetic, holdout)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Names of what `score_alternative` can score: ``"class_weight"`` and ``"threshold"``."""
        return tuple(ALTERNATIVES)

    def score_alternative(self, holdout: Rows, name: str) -> float:
        """Return the mean score of classifiers that treat the imbalance without new rows.

        ``"class_weight"`` fits them to the training rows with balanced class weights. ``"threshold"`` fits
        them as they are and moves the threshold of each to where it is best on inner folds.
        """
        return self._score_of(None, holdout, name)

    def _score_of(self, synthetic: Rows | None, holdout: Rows, alternative: str = "") -> float:
        """Mean score of fresh classifiers; those of the panel are fitted once for the same rows.

        Reports ask for scores of labels where smooth ones were computed before, and untrained generators may
        draw the rows of a baseline. What is known changes no score.
        """
        rows = self.thinned_train_ if synthetic is None else self.thinned_train_.join(synthetic)
        has_kinds = isinstance(self.scoring, str) and self.scoring in SMOOTH and len(self.train_.classes) == 2
        if self.estimator is not None or not has_kinds:
            return self._mean_score(self._fit_learners(rows, alternative), self.scored_rows(holdout))
        kind = str(self.smooth) if alternative in BY_SCORE else ""
        return self._memory.scores(
            holdout,
            (alternative, kind, _digest(synthetic)),
            lambda: self._both_scores(self._fit_learners(rows, alternative), self.scored_rows(holdout)),
        )[self.smooth]

    def _both_scores(self, fitted: Sequence[Any], rows: Rows) -> dict[bool, float]:
        """Mean scores of fitted classifiers of two classes, smooth (True) and of labels (False)."""
        x, y = self._data(rows)
        with quiet_sklearn(checked=self.encoded):
            known = [KnownProbabilities(learner.classes_, learner.predict_proba(x)) for learner in fitted]
        options, scores = self._weighted(rows), {}
        for smooth in (True, False):
            scorer = scorer_of(self.scoring, 2, smooth=smooth)
            scores[smooth] = float(np.mean([scorer(learner, x, y, **options) for learner in known]))
        return scores

    def scored_rows(self, holdout: Rows) -> Rows:
        """Return the held-out rows to predict; of many some, with weights that make up for the others."""
        max_rows, rng = max(1, self.max_rows // 2), np.random.default_rng(self.random_state_)
        holdout = holdout.weighing
        if len(holdout) <= max_rows:
            return holdout
        # What scorer objects do with labels is the user's business, so classes keep their shares for them.
        if not isinstance(self.scoring, str) or not accepts_weights(self.scoring, len(self.train_.classes)):
            return thin(holdout, max_rows / len(holdout), rng)
        scored = thin_large_classes(holdout, max_rows, rng)
        weights = np.bincount(holdout.codes) / np.maximum(np.bincount(scored.codes), 1)
        own = 1.0 if scored.weights is None else scored.weights
        return replace(scored, weights=weights[scored.codes] * own)


def _digest(rows: Rows | None) -> bytes:
    found = sha256()
    for array in () if rows is None else (rows.values, rows.codes, rows.weights):
        found.update(b"" if array is None else np.ascontiguousarray(array).data)
    return found.digest()


class _Memory:
    """Scores of the panel on the same held-out rows, smooth (True) and of labels, by its training rows."""

    def __init__(self) -> None:
        self.holdout: Rows | None = None
        self.known: dict[tuple[str, str, bytes], dict[bool, float]] = {}

    def scores(
        self, holdout: Rows, key: tuple[str, str, bytes], compute: Callable[[], dict[bool, float]]
    ) -> dict[bool, float]:
        """Return the scores of a key, computed if they are not known of these very rows."""
        if self.holdout is not holdout:
            self.holdout, self.known = holdout, {}
        if key not in self.known:
            self.known[key] = compute()
        return self.known[key]
