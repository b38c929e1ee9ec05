"""The contract of an oracle, oracles that compare class by class, and oracles made of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from textwrap import shorten
from typing import Any, ClassVar, Final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler._utils import text_of
from gan_oversampler.encoding.dataset import Frame, Rows

POSITIVE: Final = Interval(Integral, 1, None, closed="left")


def as_score(value: Any) -> float:
    """Return the number that an oracle gave as a score; raise ``TypeError`` if it is anything else.

    >>> as_score(np.float32(0.5)), as_score(True)
    (0.5, 1.0)
    >>> as_score([0.5, 0.25])
    Traceback (most recent call last):
        ...
    TypeError: a score is one number. Got [0.5, 0.25], a list
    """
    number = value.item() if getattr(value, "shape", None) == () else value  # a scalar of an array library
    if not isinstance(number, Real):
        text = shorten(text_of(value), 80, placeholder=" ...")
        raise TypeError(f"a score is one number. Got {text}, a {type(value).__name__}")
    return float(number)


class Oracle(DocumentedMixin, BaseEstimator):
    """Base class of all oracles: an oracle scores synthetic rows against held-out real rows.

    A subclass defines `score` (or `_score`, if the checks of `score` suit it), sets `greater_is_better` to
    False where low scores are good, and computes in `_prepare` what all scores of a fold need. Scoring must
    not change the oracle, because candidates are compared: the same rows get the same score, however often
    and in any order they are scored.

    Attributes
    ----------
    train_ : Rows
        Real rows that the generators of this fold were trained on.
    targets_ : tuple of int
        Codes of the classes that are oversampled.
    random_state_ : int
        Seed of all randomness in a score.
    share_ : float
        Share of the new rows that a score is computed from; 1 unless the oracle scales large tables down.

    Examples
    --------
    >>> class SameMean(Oracle):
    ...     greater_is_better = False
    ...     def score(self, holdout, synthetic):
    ...         return float(np.abs(holdout.of(1).values.mean(0) - synthetic.values.mean(0)).max())
    >>> rows = Rows(np.arange(12.0).reshape(6, 2), np.array([0, 0, 0, 1, 1, 1]), np.array(["no", "yes"]))
    >>> SameMean().fit(rows, targets=[1]).score(rows, rows.of(1))
    0.0
    """

    share_: float = 1.0
    greater_is_better: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}
    _min_rows: ClassVar[tuple[int, int]] = (1, 1)  # held-out and synthetic rows that a class needs

    @property
    def score_name(self) -> str:
        """Name of the score in a word or two, such as ``"smooth F1"``: the head of its column in reports."""
        return "score"

    @property
    def description(self) -> str:
        """What is scored, in plain words for reports: the first line of the docstring of the class."""
        return (type(self).__doc__ or type(self).__name__).strip().splitlines()[0].rstrip(".")

    def of_labels(self) -> Oracle | None:
        """Make an oracle of predicted labels, where this one scores probabilities instead; else None.

        If this one is fitted, it may be so, too, and then share what was computed.
        """
        return None

    @property
    def ignores_weights(self) -> tuple[str, ...]:
        """Names of what takes no weights of rows in a fitted oracle, so that rows count alike there.

        There are none, unless a subclass says so: a score can use ``holdout.weights``. Fits warn of them.
        """
        return ()

    @property
    def objective(self) -> str:
        """Name of the differentiable objective nearest to the score, for which guided GANs are trained.

        It is an entry of ``GAN(objective=)``: ``"f1"``, unless a subclass knows a nearer one.
        """
        return "f1"

    @property
    def fidelity(self) -> float:
        """Fidelity of the default GAN that suits the score, from 0 to 1, where the user names none.

        It is .1, near the best of F1 and average precision; scores of the whole class want 1.
        """
        return 0.1

    def fit(self, train: Rows, *, targets: Sequence[int], random_state: int = 0) -> Oracle:
        """Store the training rows of a fold and compute what all its scores need.

        ``targets`` are the codes of the classes that are oversampled, and ``random_state`` is the seed of all
        randomness in a score. Returns the oracle itself.
        """
        self.train_ = train
        self.targets_ = tuple(targets)
        self.random_state_ = random_state
        self._prepare()
        return self

    def _prepare(self) -> None:
        """Compute from the training rows what all scores need; scores never change it."""

    def validate(self, n_classes: int) -> None:
        """Raise ``ValueError`` if a parameter cannot be used for a table of ``n_classes`` classes.

        It is called before any generator is trained, so that a misspelt name costs no training time. Here
        parameters are checked against ``_parameter_constraints``.
        """
        self._validate_params()

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Return the score of synthetic rows, given real rows that no generator of this fold saw.

        Held-out rows count as much as they weigh, as if each stood there so many times; those that weigh
        nothing, and classes with too few others, are left out. The score is NaN if no oversampled class is
        left, if one of them has too few synthetic rows, or if a synthetic value is not finite: a generator
        that fails in one class has failed. A candidate without a score is never kept.
        """
        holdout, (n_holdout, n_synthetic) = holdout.weighing, self._min_rows
        codes = [code for code in self.targets_ if np.sum(holdout.codes == code) >= n_holdout]
        enough = all(np.sum(synthetic.codes == code) >= n_synthetic for code in codes)
        if not codes or not enough or not np.isfinite(synthetic.values).all():
            return float("nan")
        return self._score(holdout, synthetic, codes)

    def _score(self, holdout: Rows, synthetic: Rows, codes: Sequence[int]) -> float:
        """Score of rows that are finite; all classes in ``codes`` have enough rows on both sides."""
        raise NotImplementedError

    def utility(self, holdout: Rows, synthetic: Rows) -> float:
        """Return the score, negated if lower ones are better, so that candidates can be compared by it."""
        score = as_score(self.score(holdout, synthetic))
        return score if self.greater_is_better else -score

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Names of what `score_alternative` can score; none unless the oracle fits classifiers to real rows.

        Doing nothing is not among them: it is a score of no synthetic rows.
        """
        return ()

    def score_alternative(self, holdout: Rows, name: str) -> float:
        """Return the score of something that helps classifiers with rare classes without synthetic rows.

        ``name`` is one of ``alternatives``. Raises ``NotImplementedError`` where there are none.
        """
        raise NotImplementedError(f"{type(self).__name__} scores synthetic rows only.")

    @property
    def _seed(self) -> int:
        return self.random_state_ % 2**32  # scikit-learn takes no larger ones


class ClassWiseOracle(Oracle):
    """Base class of oracles that compare real and synthetic rows of one class at a time.

    Subclasses define ``_compare(real, synthetic)``. The score is its unweighted mean over the oversampled
    classes, so numbers of rows per class play no part.
    """

    _parameter_constraints = {"max_rows": [POSITIVE]}  # of those that have it

    @property
    def fidelity(self) -> float:
        """Fidelity of the default GAN that suits a distance: all of it, 1."""
        return 1.0

    def _score(self, holdout: Rows, synthetic: Rows, codes: Sequence[int]) -> float:
        return float(np.mean([self._compare(holdout.of(code), synthetic.of(code)) for code in codes]))

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        """Score of the synthetic rows of one class."""
        raise NotImplementedError


class CallableOracle(ClassWiseOracle):
    """Value of a user's function of real and synthetic rows; higher is better.

    ``mean over oversampled classes of function(held-out rows, synthetic rows)``, in the range of the
    function. It needs one row of each kind and costs one call of the function per class and score. The
    function is told of no weights.

    Parameters
    ----------
    function : callable
        ``(real, synthetic) -> float``: held-out real rows and synthetic rows of one class, in the
        container that was given to ``fit`` of the oversampler.

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

    @property
    def description(self) -> str:
        """The name of the function."""
        return f"{getattr(self.function, '__name__', text_of(self.function))}(real rows, new rows)"

    @property
    def ignores_weights(self) -> tuple[str, ...]:
        """The function, which gets rows only."""
        return (self.description,)

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        return as_score(self.function(real.frame, synthetic.frame))
