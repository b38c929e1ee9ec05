"""Oracles that ask a critic of their own to tell synthetic rows from real ones."""

# n real row, m synthetic row, F column, D feature

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import ClassifierMixin, clone, is_classifier
from sklearn.linear_model import LogisticRegression

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.learners import lean, seeded
from gan_oversampler.oracles.samples import evenly, parts, typical_distance

WAVES: Final = 64  # random features of the usual critic
FOLDS: Final = 5
PARTS: Final = 4  # of the synthetic rows, each as large as the real sample
LEAST: Final = 1e-4  # probability that a critic gives to anything; bounds its logarithm


@dataclass(frozen=True)
class Waves:
    """Rows followed by random Fourier features of them: a linear critic of these sees shapes, too.

    Examples
    --------
    >>> Waves.of(np.eye(3), seed=0)(np.eye(3)).shape
    (3, 67)
    """

    frequency_FD: NDArray[np.float64]
    phase_D: NDArray[np.float64]

    @classmethod
    def of(cls, like_nF: NDArray[Any], *, seed: int) -> Waves:
        """Features of a Gaussian kernel, as wide as these rows typically are apart."""
        rng = np.random.default_rng(seed)
        frequency_FD = rng.normal(size=(like_nF.shape[1], WAVES)) / typical_distance(like_nF)
        return cls(frequency_FD, rng.uniform(0, 2 * np.pi, WAVES))

    def __call__(self, rows_nF: NDArray[Any]) -> NDArray[np.float64]:
        """Columns and features, ``(n, F + D)``."""
        waves_nD = np.cos(rows_nF @ self.frequency_FD + self.phase_D) * math.sqrt(2 / WAVES)
        return np.hstack([np.asarray(rows_nF, float), waves_nD])


@dataclass
class LeastSquares:
    """A critic with a closed form: ridge regression on -1 for real and 1 for synthetic rows.

    >>> LeastSquares().fit(np.array([[0.0], [1.0]]), np.array([0, 1])).decision_function(np.eye(1)) > 0
    array([ True])
    """

    strength: float = 0.3

    def fit(self, x_nD: NDArray[Any], y_n: NDArray[Any]) -> LeastSquares:
        """Study rows of class 0 and 1."""
        self.middle_D = x_nD.mean(axis=0)
        x_nD = x_nD - self.middle_D
        damping_DD = self.strength * np.eye(x_nD.shape[1])
        self.slope_D = np.linalg.solve(x_nD.T @ x_nD + damping_DD, x_nD.T @ (2.0 * y_n - 1.0))
        return self

    def decision_function(self, x_nD: NDArray[Any]) -> NDArray[np.float64]:
        """How synthetic rows look."""
        return np.asarray((x_nD - self.middle_D) @ self.slope_D)


class _CriticOracle(Oracle):
    """What both oracles have in common: a critic, and what it sees."""

    greater_is_better: ClassVar[bool] = False
    _positive: ClassVar[tuple[str, ...]] = ("max_rows",)

    def __init__(self, estimator: ClassifierMixin | None = None, *, max_rows: int = 1000) -> None:
        self.estimator = estimator
        self.max_rows = max_rows

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If ``max_rows`` is not positive or the estimator does not classify.
        """
        super().validate(n_classes)
        if self.estimator is not None and not is_classifier(self.estimator):
            raise ValueError(f"'estimator' must be a classifier. Got {self.estimator!r} instead.")

    def _prepare(self) -> None:
        self.views_ = {code: self._view(self.train_.of(code).values) for code in self.targets_}

    def _view(self, train_nF: NDArray[Any]) -> Callable[[NDArray[Any]], NDArray[Any]]:
        return Waves.of(train_nF, seed=self._seed) if self.estimator is None else np.asarray

    def _critic(self) -> Any:
        """A fresh critic."""
        if self.estimator is None:
            return self._usual()
        return seeded(clone(self.estimator), self._seed)

    def _usual(self) -> Any:
        """The critic if none is given."""
        return LeastSquares()

    def _seen(self, rows: Rows) -> NDArray[Any]:
        """Rows of one class as the critic sees them."""
        return self.views_[int(rows.codes[0])](evenly(rows.values, self.max_rows))


class C2STOracle(_CriticOracle):
    """Classifier two-sample test: how well a critic tells synthetic rows from held-out real ones.

    ``|AUC - 1/2|``, cross-validated within the real and as many synthetic rows of a class: 0 if they
    cannot be told apart, 1/2 if perfectly. Lower is better. Up to four synthetic samples of the size of
    the real one are tested, and the mean of their AUC counts; then the mean over the oversampled classes.
    Classes with a single held-out row are left out. With few rows the noise is large: its standard
    deviation is about ``0.4 / sqrt(n)`` for ``n`` rows of each kind.

    Parameters
    ----------
    estimator : classifier, default=None
        Cloned afresh for every fit. None is a ridge regression on the columns and 64 random Fourier
        features, which also sees differences of spread and shape.
    max_rows : int, default=1000
        Real, and synthetic, rows of a class at most; evenly spaced ones count.

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

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean over the oversampled classes."""
        return self._per_target(self._told, holdout, synthetic, least=(2, 2))

    def _told(self, real: Rows, fake: Rows) -> float:
        real_nD, fake_mD = self._seen(real), self.views_[int(fake.codes[0])](fake.values)
        samples = parts(fake_mD, len(real_nD), PARTS)
        aucs = [auc_of_telling(evenly(real_nD, len(s)), s, self._critic, seed=self._seed) for s in samples]
        return float(abs(np.mean(aucs) - 0.5))


def auc_of_telling(
    real_nD: NDArray[Any], fake_mD: NDArray[Any], critic: Callable[[], Any], *, seed: int = 0
) -> float:
    """Cross-validated area under the ROC curve of critics that tell two samples apart.

    >>> auc_of_telling(np.zeros((5, 1)), np.ones((5, 1)), LogisticRegression)
    1.0
    """
    sizes = len(real_nD), len(fake_mD)
    x, y = np.concatenate([real_nD, fake_mD]), np.repeat([0, 1], sizes)
    rng, n_folds = np.random.default_rng(seed), min(FOLDS, *sizes)
    fold = np.concatenate([rng.permutation(size) % n_folds for size in sizes])
    aucs = []
    with lean():
        for known, fresh in ((fold != number, fold == number) for number in range(n_folds)):
            aucs.append(_auc(y[fresh], _suspicion(critic().fit(x[known], y[known]), x[fresh])))
    return float(np.mean(aucs))


def _suspicion(critic: Any, rows_nD: NDArray[Any]) -> NDArray[Any]:
    """How synthetic rows look, in any unit."""
    if hasattr(critic, "decision_function"):
        return np.asarray(critic.decision_function(rows_nD))
    if hasattr(critic, "predict_proba"):
        return np.asarray(critic.predict_proba(rows_nD)[:, 1])
    return np.asarray(critic.predict(rows_nD))


def _auc(y_n: NDArray[Any], suspicion_n: NDArray[Any]) -> float:
    """Share of pairs of a synthetic and a real row in which the synthetic one is more suspicious."""
    n_fake = int(y_n.sum())
    above = rankdata(suspicion_n)[y_n == 1].sum() - n_fake * (n_fake + 1) / 2
    return float(above / (n_fake * (len(y_n) - n_fake)))


class DualityGapOracle(_CriticOracle):
    """Duality gap of the GAN game between the generator and the best critic, in row space.

    With ``M(u, v) = E log v(real) + E log(1 - v(u))`` for a generator ``u`` and a critic ``v`` that says
    how likely a row is real, the gap is the best critic's value less the best generator's answer to it:
    ``M(u, v*) - M(u*, v*)``. Lower is better; about 0 if the synthetic rows are as real as unseen real ones,
    and large if modes are missing. The mean over the oversampled classes counts.

    Oracles see rows, not networks, so both best responses are restricted: ``v*`` is a classifier fitted
    afresh to the training rows and half of the synthetic rows, ``u*`` draws from the held-out real rows;
    ``M`` is taken on held-out rows and the other half, then the halves change places. ``u*`` does not draw
    from the training rows, because the critic knows these to be real and would find any honest generator
    worse. It still trusts copies of a training row of which it saw none among the synthetic ones: where
    copies are few, ask `PrivacyOracle`, too. As the critic answers to these very rows and nothing is
    trained further, this stands for the paper's gap at one step, and may be slightly below 0 by chance.

    Parameters
    ----------
    estimator : classifier, default=None
        Needs probabilities; cloned afresh for every fit. None is a logistic regression on the columns
        and 64 random Fourier features.
    max_rows : int, default=1000
        Rows of each kind and class at most; evenly spaced ones count.

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

    def _usual(self) -> Any:
        return LogisticRegression(C=10.0, solver="newton-cholesky")

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean gap over the oversampled classes."""
        return self._per_target(self._gap, holdout, synthetic, least=(1, 2))

    def _gap(self, real: Rows, fake: Rows) -> float:
        train = self.train_.of(int(real.codes[0]))
        if not len(train):
            return float("nan")
        train_nD, real_nD, fake_mD = (self._seen(rows) for rows in (train, real, fake))
        halves = fake_mD[0::2], fake_mD[1::2]
        gaps = [
            duality_gap(train_nD, real_nD, known, fresh, self._critic())
            for known, fresh in (halves, halves[::-1])
        ]
        return float(np.mean(gaps))


def duality_gap(
    train_nD: NDArray[Any],
    real_nD: NDArray[Any],
    known_mD: NDArray[Any],
    fresh_mD: NDArray[Any],
    critic: Any,
) -> float:
    """``M(u, v*) - M(u*, v*)`` of a critic fitted to training rows and the synthetic rows it may know.

    The term of ``M`` that belongs to real rows is the same on both sides.
    """
    n = max(len(train_nD), len(known_mD))
    # As many of each kind: rows are repeated where there are fewer.
    x = np.concatenate([rows[np.arange(n) % len(rows)] for rows in (train_nD, known_mD)])
    with lean():
        critic.fit(x, np.repeat([1, 0], n))
        told_fake, told_real = (_log_fake(critic, rows) for rows in (fresh_mD, real_nD))
    return told_fake - told_real


def _log_fake(critic: Any, rows_nD: NDArray[Any]) -> float:
    """Mean logarithm of how likely the critic finds these rows to be synthetic."""
    fake_n = critic.predict_proba(rows_nD)[:, 0]
    return float(np.log(np.clip(fake_n, LEAST, 1 - LEAST)).mean())
