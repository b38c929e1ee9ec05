"""What an oracle is, and oracles made of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from gan_oversampler.encoding.dataset import Frame, Rows


class Oracle(BaseEstimator):
    """Judge of synthetic rows by held-out real rows.

    Subclasses define ``score`` and, where low scores are good, ``greater_is_better = False``; what all
    scores need of the training rows is learnt in ``_prepare``. Scoring leaves no trace: the same rows get
    the same score, however often and in whatever order.

    Attributes
    ----------
    train_ : Rows
        Real rows that the generator saw.
    targets_ : tuple of int
        Codes of the classes that are oversampled.
    random_state_ : int
        Seed of whatever is random in a score.
    share_ : float
        Share of the new rows that scores are taken of; 1 unless the oracle scales large tables down.
    """

    share_: float = 1.0
    greater_is_better: ClassVar[bool] = True
    _positive: ClassVar[tuple[str, ...]] = ()  # parameters that must be positive integers

    @property
    def objective(self) -> str:
        """The smooth score that comes nearest, for generators that are guided by utility."""
        return "f1"

    def fit(self, train: Rows, *, targets: Sequence[int], random_state: int = 0) -> Oracle:
        """Take the real rows that generators of this fold were trained on."""
        self.train_ = train
        self.targets_ = tuple(targets)
        self.random_state_ = random_state
        self._prepare()
        return self

    def _prepare(self) -> None:
        """Learn from the training rows what all scores need; what is learnt here never changes."""

    def validate(self, n_classes: int) -> None:
        """Raise if the oracle cannot judge a table of so many classes; called before any training."""
        for name in self._positive:
            value = getattr(self, name)
            if not isinstance(value, Integral) or value < 1:
                raise ValueError(f"{name!r} must be a positive integer. Got {value!r} instead.")

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Score of synthetic rows, judged by real rows that no generator of this fold saw."""
        raise NotImplementedError

    def utility(self, holdout: Rows, synthetic: Rows) -> float:
        """The score, turned so that higher is better."""
        score = float(self.score(holdout, synthetic))
        return score if self.greater_is_better else -score

    @property
    def _seed(self) -> int:
        """The seed, as small as scikit-learn wants it."""
        return self.random_state_ % 2**32

    def _comparable(self, holdout: Rows, synthetic: Rows, *, least: tuple[int, int] = (1, 1)) -> list[int]:
        """Targets that can be judged: those with enough held-out rows.

        ``least`` are the held-out and the synthetic rows that a class needs. There are none if one of
        these targets has too few synthetic rows, or if a synthetic row is not finite: a generator that
        fails anywhere has failed.
        """
        codes = [code for code in self.targets_ if np.sum(holdout.codes == code) >= least[0]]
        enough = all(np.sum(synthetic.codes == code) >= least[1] for code in codes)
        return codes if enough and np.isfinite(synthetic.values).all() else []

    def _per_target(
        self,
        distance: Callable[[Any, Any], float],
        holdout: Rows,
        synthetic: Rows,
        *,
        least: tuple[int, int] = (1, 1),
    ) -> float:
        """Mean over the oversampled classes; NaN where there is nothing to compare."""
        codes = self._comparable(holdout, synthetic, least=least)
        if not codes:
            return float("nan")
        return float(np.mean([distance(holdout.of(code), synthetic.of(code)) for code in codes]))


class CallableOracle(Oracle):
    """A function of two tables, higher being better.

    Parameters
    ----------
    function : callable
        ``(real, synthetic) -> float``: held-out real rows and synthetic rows of one class, in the
        container that was given to ``fit``. With several classes the mean counts.

    Examples
    --------
    >>> oracle = CallableOracle(lambda real, synthetic: -abs(real.mean() - synthetic.mean()))
    >>> rows = Rows(np.ones((4, 2)), np.ones(4, int), np.array(["no", "yes"]))
    >>> higher = Rows(rows.values + 2, rows.codes, rows.classes)
    >>> oracle.fit(rows, targets=[1]).score(rows, higher)
    -2.0
    """

    def __init__(self, function: Callable[[Frame, Frame], float]) -> None:
        self.function = function

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """The function's value, averaged over the oversampled classes."""
        return self._per_target(
            lambda real, fake: float(self.function(real.frame, fake.frame)), holdout, synthetic
        )
