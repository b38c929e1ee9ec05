"""Oracles that fit a critic of their own, a classifier that separates synthetic rows from real ones."""

# n real row, m synthetic row, F column, D feature

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import has_fit_parameter

from gan_oversampler._utils import text_of
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.alternatives import fit_weighted
from gan_oversampler.oracles.base import ClassWiseOracle
from gan_oversampler.oracles.distances import ALIKE, Weights
from gan_oversampler.oracles.learners import quiet_sklearn, seeded
from gan_oversampler.oracles.samples import disjoint_samples, evenly, some, typical_distance

N_FOURIER: Final = 64  # random Fourier features of the default critic
STRENGTH: Final = 0.3  # of its ridge penalty
FOLDS: Final = 5
MAX_SAMPLES: Final = 4  # of the synthetic rows, each as large as the real sample
MIN_PROBABILITY: Final = 1e-4  # that a critic may give; bounds its logarithm


def _with_fourier_features(
    frequency_FD: NDArray[np.float64], phase_D: NDArray[np.float64], rows_nF: NDArray[Any]
) -> NDArray[np.float64]:
    """Columns and random Fourier features (Rahimi & Recht 2007), so that a linear critic sees shapes, too."""
    fourier_nD = np.cos(rows_nF @ frequency_FD + phase_D) * math.sqrt(2 / len(phase_D))
    return np.hstack([np.asarray(rows_nF, float), fourier_nD])


class _RidgeCritic(BaseEstimator):
    """Ridge regression on -1 for real and 1 for synthetic rows, fitted in closed form.

    >>> _RidgeCritic().fit(np.array([[0.0], [1.0]]), np.array([0, 1])).decision_function(np.eye(1)) > 0
    array([ True])
    """

    # RidgeClassifier does the same, but its checks take three times as long as these small fits.
    def fit(self, x_nD: NDArray[Any], y_n: NDArray[Any], sample_weight: Weights = None) -> _RidgeCritic:
        self.mean_D = np.average(x_nD, axis=0, weights=sample_weight)
        x_nD = x_nD - self.mean_D
        damping_DD = STRENGTH * np.eye(x_nD.shape[1])
        counted_nD = x_nD if sample_weight is None else x_nD * sample_weight[:, None]
        self.slope_D = np.linalg.solve(counted_nD.T @ x_nD + damping_DD, counted_nD.T @ (2.0 * y_n - 1.0))
        return self

    def decision_function(self, x_nD: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray((x_nD - self.mean_D) @ self.slope_D)


class _CriticOracle(ClassWiseOracle):
    """A critic and the features that it sees; None is the default critic on columns and Fourier features."""

    greater_is_better = False
    _default: ClassVar[BaseEstimator]

    def __init__(self, estimator: ClassifierMixin | None = None, *, max_rows: int = 1000) -> None:
        self.estimator = estimator
        self.max_rows = max_rows

    def validate(self, n_classes: int) -> None:
        """Raise ``ValueError`` if ``max_rows`` is not positive or the estimator is not a classifier."""
        super().validate(n_classes)
        if self.estimator is not None and not is_classifier(self.estimator):
            raise ValueError(f"'estimator' must be a classifier. Got {self.estimator!r} instead.")

    def _prepare(self) -> None:
        self.features_: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {}
        for code in self.targets_:
            train_nF, rng = self.train_.of(code).values, np.random.default_rng(self._seed)
            frequency_FD = rng.normal(size=(train_nF.shape[1], N_FOURIER)) / typical_distance(train_nF)
            phase_D = rng.uniform(0, 2 * np.pi, N_FOURIER)
            fourier = partial(_with_fourier_features, frequency_FD, phase_D)
            self.features_[code] = fourier if self.estimator is None else np.asarray

    @property
    def ignores_weights(self) -> tuple[str, ...]:
        """The estimator, if its ``fit`` takes no ``sample_weight``."""
        critic = self._default if self.estimator is None else self.estimator
        return () if has_fit_parameter(critic, "sample_weight") else (text_of(critic),)

    def _critic(self) -> Any:
        """A fresh critic, seeded alike for every fit."""
        return seeded(clone(self._default if self.estimator is None else self.estimator), self._seed)


class C2STOracle(_CriticOracle):
    """Classifier two-sample test: how well a critic separates synthetic rows from held-out real ones.

    ``|AUC - 1/2|``, cross-validated within the real and as many synthetic rows of a class, the mean over the
    oversampled classes. It lies between 0 if the critic cannot separate them and 1/2 if it does so perfectly;
    lower is better. It needs two held-out and two synthetic rows of a class. With few rows the noise is
    large: its standard deviation is about ``0.4 / sqrt(n)`` for ``n`` rows of each kind. Weights count in the
    curve and in the critic's fits, but a row of weight two is in one fold: two equal rows could be on both
    sides of one. A score costs up to twenty fits of the critic per class: five folds of up to four synthetic
    samples.

    Parameters
    ----------
    estimator : classifier, default=None
        Cloned before every fit. None is a ridge regression on the columns and 64 random Fourier features,
        which also sees differences of spread and shape. One whose ``fit`` takes no ``sample_weight`` is
        fitted to rows that count alike, with a warning where rows have weights.
    max_rows : int, default=1000
        Real, and synthetic, rows of a class at most; evenly spaced ones are used.

    References
    ----------
    Lopez-Paz & Oquab (2017), Revisiting classifier two-sample tests.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(50, 3))
    >>> rows = Rows(values, np.ones(50, int), np.array([0, 1]))
    >>> shifted = Rows(values + 9, rows.codes, rows.classes)
    >>> C2STOracle().fit(rows, targets=[1]).score(rows, shifted)
    0.5
    """

    _min_rows = (2, 2)
    _default = _RidgeCritic()

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        return abs(self.auc(real, synthetic) - 0.5)

    def auc(self, real: Rows, synthetic: Rows) -> float:
        """Return the area under the ROC curve of critics that separate real from synthetic rows of a class.

        It is 1/2 if they cannot, 1 if they do so perfectly. Rows that lie between real ones may have less
        than 1/2. The class has to be one of the targets that the oracle was fitted for.
        """
        features = self.features_[int(real.codes[0])]
        real = some(real, self.max_rows)
        real_nD, synthetic_mD = features(real.values), features(synthetic.values)
        # NOTE[Lopez-Paz & Oquab 2017]: the area under the curve in place of accuracy, which is coarser.
        aucs = []
        for theirs in disjoint_samples(np.arange(len(synthetic)), len(real), MAX_SAMPLES):
            ours = evenly(np.arange(len(real)), len(theirs))
            weights = real.at(ours).weights, synthetic.at(theirs).weights
            pair = real_nD[ours], synthetic_mD[theirs]
            aucs.append(cross_validated_auc(*pair, self._critic, seed=self._seed, weights=weights))
        return float(np.mean(aucs))


def cross_validated_auc(
    real_nD: NDArray[Any],
    synthetic_mD: NDArray[Any],
    critic: Callable[[], Any],
    *,
    seed: int = 0,
    weights: tuple[Weights, Weights] = ALIKE,
) -> float:
    """Return the mean area under the ROC curve of critics that separate two samples.

    Rows are split into five folds at random, each sample for itself, or into as many folds as the smaller
    sample has rows. ``critic()`` makes a fresh classifier for each fold. ``weights`` are those of the rows of
    both samples, on any scale.

    >>> cross_validated_auc(np.zeros((5, 1)), np.ones((5, 1)), LogisticRegression)
    1.0
    """
    sizes = len(real_nD), len(synthetic_mD)
    x, y = np.concatenate([real_nD, synthetic_mD]), np.repeat([0, 1], sizes)
    w = _of_both(sizes, weights)
    rng, n_folds = np.random.default_rng(seed), min(FOLDS, *sizes)
    fold = np.concatenate([rng.permutation(size) % n_folds for size in sizes])
    aucs = []
    with quiet_sklearn():
        for number in range(n_folds):
            train, test = fold != number, fold == number
            fitted = fit_weighted(critic(), x[train], y[train], None if w is None else w[train])
            methods = ("decision_function", "predict_proba", "predict")
            score = np.asarray(next(getattr(fitted, m) for m in methods if hasattr(fitted, m))(x[test]))
            score = score[:, 1] if score.ndim == 2 else score
            aucs.append(_auc(y[test], score) if w is None else _weighted_auc(y[test], score, w[test]))
    return float(np.mean(aucs))


def _of_both(sizes: tuple[int, int], weights: tuple[Weights, Weights]) -> Weights:
    """Weights of the rows of two samples, one after the other, each 1 on average; None if all are alike."""
    if weights[0] is None and weights[1] is None:
        return None
    parts = zip(sizes, weights, strict=True)
    return np.concatenate([np.ones(n) if its is None else its / its.mean() for n, its in parts])


def _weighted_auc(y_n: NDArray[Any], score_n: NDArray[Any], weights: NDArray[np.float64]) -> float:
    """The same share, where each pair counts as much as its two rows weigh."""
    return float(roc_auc_score(y_n, score_n, sample_weight=weights))


def _auc(y_n: NDArray[Any], score_n: NDArray[Any]) -> float:
    """Share of pairs of a synthetic and a real row in which the synthetic one scores higher."""
    n_synthetic = int(y_n.sum())
    above = rankdata(score_n)[y_n == 1].sum() - n_synthetic * (n_synthetic + 1) / 2
    return float(above / (n_synthetic * (len(y_n) - n_synthetic)))


class DualityGapOracle(_CriticOracle):
    """Duality gap of the GAN game between the generator and the best critic, in row space.

    ``M(u, v*) - M(u*, v*)`` with ``M(u, v) = E log v(real) + E log(1 - v(u))`` for a generator ``u`` and a
    critic ``v``, the probability that a row is real: the best critic's value less the best generator's answer
    to it. Here ``v*`` is a classifier fitted to training rows and half of the synthetic rows, ``u*`` draws
    from the held-out rows, ``M`` is measured on held-out rows and the other half, and then the halves are
    exchanged; the mean over the oversampled classes. It is about 0 (by chance slightly below) if synthetic
    rows are as real as unseen ones, at most ``-log(1e-4)``, and lower is better. It needs one held-out row
    and two synthetic rows of a class and costs two fits of the critic per class and score. Few copies of
    training rows may pass as real ones: use `PrivacyOracle`, too. Weights of held-out rows count in ``M``,
    those of training rows in fits of critics that take them.

    Parameters
    ----------
    estimator : classifier, default=None
        Needs probabilities; cloned before every fit. None is a logistic regression on the columns and 64
        random Fourier features. One whose ``fit`` takes no ``sample_weight`` is fitted to rows that count
        alike, with a warning where rows have weights.
    max_rows : int, default=1000
        Rows of each kind and class at most; evenly spaced ones are used.

    References
    ----------
    Grnarova et al. (2019), A domain agnostic measure for monitoring and evaluating GANs.

    Examples
    --------
    >>> draw = np.random.default_rng(0).normal
    >>> train, holdout, good = (Rows(draw(size=(80, 2)), np.ones(80, int), np.array([0, 1])) for _ in "abc")
    >>> collapsed = Rows(0.1 * good.values, good.codes, good.classes)
    >>> oracle = DualityGapOracle().fit(train, targets=[1])
    >>> oracle.score(holdout, good) + 0.3 < oracle.score(holdout, collapsed)
    True
    """

    _min_rows = (1, 2)
    _default = LogisticRegression(C=10.0, solver="newton-cholesky")

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        code = int(real.codes[0])
        train = self.train_.of(code)
        if not len(train):
            return float("nan")
        train, real, synthetic = (some(rows, self.max_rows) for rows in (train, real, synthetic))
        train_nD, real_nD, synthetic_mD = map(
            self.features_[code], (train.values, real.values, synthetic.values)
        )
        # NOTE[Grnarova et al. 2019]: oracles see rows, not networks, so both best responses are restricted to
        # one step. The best generator does not draw from the training rows: the critic knows that these are
        # real, and would find every honest generator worse.
        halves, gaps = (synthetic_mD[0::2], synthetic_mD[1::2]), []
        for known_mD, fresh_mD in (halves, halves[::-1]):
            n = max(len(train_nD), len(known_mD))
            x = np.concatenate([rows[np.arange(n) % len(rows)] for rows in (train_nD, known_mD)])
            weights = train.weights if train.weights is None else np.resize(train.weights, n)
            with quiet_sklearn():
                critic = fit_weighted(
                    self._critic(), x, np.repeat([1, 0], n), _of_both((n, n), (weights, None))
                )
                fresh_m, real_n = (critic.predict_proba(rows)[:, 0] for rows in (fresh_mD, real_nD))
            # The term of M that belongs to real rows is the same on both sides and cancels.
            log_m, log_n = (np.log(p.clip(MIN_PROBABILITY, 1 - MIN_PROBABILITY)) for p in (fresh_m, real_n))
            gaps.append(float(log_m.mean()) - float(np.average(log_n, weights=real.weights)))
        return float(np.mean(gaps))
