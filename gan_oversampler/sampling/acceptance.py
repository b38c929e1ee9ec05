"""Acceptance of proposals by their density ratio: optimal budgeted and discriminator rejection.

Everything here sees numbers only: logarithms of ``p(x) / q(x)``, the density of real rows over that of the
proposals, up to a constant.
"""

# n proposal

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from numbers import Real
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import bisect
from scipy.special import expit
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler._utils import lookup

Array = NDArray[np.float64]

EPSILON: Final = 1e-6  # keeps the logit of an acceptance of 1 finite


@dataclass(frozen=True)
class Acceptance:
    """A rule by which each proposal is accepted independently of all others."""

    probability: Callable[[Array], Array]  # of acceptance, from log density ratios: ``(n,)`` to ``(n,)``
    rate: float  # mean of these probabilities over the proposals that the rule was made from

    def accept(self, log_ratio_n: Array, generator: np.random.Generator) -> NDArray[np.intp]:
        """Draw which proposals are accepted, given their log density ratios ``(n,)``: positions in order."""
        return np.flatnonzero(generator.random(len(log_ratio_n)) < self.probability(log_ratio_n))


@dataclass(frozen=True, slots=True)
class CappedRatio:
    """``min(1, factor * ratio)``: acceptance in proportion to the ratio, up to certainty."""

    log_factor: float

    def __call__(self, log_ratio_n: Array) -> Array:
        return np.exp(np.minimum(0.0, log_ratio_n + self.log_factor))


@dataclass(frozen=True, slots=True)
class ShiftedLogit:
    """Azadi et al.'s acceptance: the logit of ``ratio / largest ratio``, moved down by ``gamma``."""

    log_largest: float
    gamma: float = 0.0

    def logit(self, log_ratio_n: Array) -> Array:
        """Compute the logit of ``ratio / largest ratio`` ``(n,)``, which is finite also where that is 1."""
        below = np.minimum(0.0, log_ratio_n - self.log_largest)
        return below - np.log(-np.expm1(below - EPSILON))

    def __call__(self, log_ratio_n: Array) -> Array:
        return np.asarray(expit(self.logit(log_ratio_n) - self.gamma))


def optimal_budget(log_ratio_n: Array, budget: float) -> Acceptance:
    """Make the rule that is optimal for a budget of proposals per new row (OBRS, Verine et al. 2024).

    It accepts with ``min(1, c * ratio / largest ratio)``, where ``c >= 1`` brings the mean over these
    proposals to ``1 / budget``. A budget that exact rejection (``c = 1``) does not use up is not spent.

    >>> rule = optimal_budget(np.log([0.5, 1.0, 2.0, 4.0]), 2.0)
    >>> round(rule.rate, 6), rule.probability(np.log([4.0])).tolist()
    (0.5, [1.0])
    """
    factor, certain = -float(log_ratio_n.max()), -float(log_ratio_n.min())  # logarithms, for exact rejection
    excess = partial(_excess, log_ratio_n, 1 / budget)
    if excess(factor) < 0 and factor < certain:
        factor = float(bisect(excess, factor, certain, xtol=1e-12))
    return Acceptance(CappedRatio(factor), 1 / budget + excess(factor))


def _excess(log_ratio_n: Array, rate: float, log_factor: float) -> float:
    return float(CappedRatio(log_factor)(log_ratio_n).mean()) - rate


def discriminator(log_ratio_n: Array, gamma: float | None) -> Acceptance:
    """Make the rule of discriminator rejection sampling (DRS, Azadi et al. 2019).

    The logit of exact acceptance, ``ratio / largest ratio``, is lowered until its percentile ``gamma`` over
    these proposals stands for a probability of one half. None lowers nothing: that is exact rejection, which
    needs ``largest ratio`` proposals per new row.
    """
    # NOTE[paper]: the largest ratio is that of these proposals; the paper raises it while it draws, so that
    # early rows follow another rule than late ones. The percentile is of the proposals below it: calibrated
    # ratios have a plateau at the top, whose logits are as good as infinite.
    rule = ShiftedLogit(float(log_ratio_n.max()))
    below = log_ratio_n[log_ratio_n < rule.log_largest]
    if gamma is not None and below.size:
        rule = ShiftedLogit(rule.log_largest, float(np.percentile(rule.logit(below), gamma)))
    return Acceptance(rule, float(rule(log_ratio_n).mean()))


@dataclass(eq=False, repr=False)
class Rejection(DocumentedMixin, BaseEstimator):
    """How proposals of the kept generators are thinned out by a refitted critic.

    After the choice a critic is trained anew, by cross entropy, to tell real rows of a class from proposals;
    its outputs are calibrated on held-out rows by isotonic regression. Proposals are accepted by the density
    ratio that follows, until exactly as many rows as asked for are there.

    Parameters
    ----------
    method : {"obrs", "drs"}, default="obrs"
        ``obrs`` accepts in the way that is best for a budget of proposals; ``drs`` is discriminator
        rejection sampling.
    budget : float, default=4.0
        Of ``obrs``: proposals per new row.
    gamma : float, default=80.0
        Of ``drs``: percentile of the proposals, less those of the largest ratio, that is accepted every other
        time. Higher is stricter; None rejects exactly, which may take very many proposals.
    max_proposals : float, default=100.0
        Most proposals per new row. When they are spent, the best of the rejected ones fill up.

    References
    ----------
    Verine, Pydi, Negrevergne & Chevaleyre, "Optimal Budgeted Rejection Sampling for Generative Models",
    AISTATS 2024. Azadi et al., "Discriminator Rejection Sampling", ICLR 2019.

    Examples
    --------
    >>> Rejection("drs", gamma=90.0).set_params(max_proposals=500)
    Rejection(gamma=90.0, max_proposals=500, method='drs')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "method": [str],
        "budget": [Interval(Real, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, 100, closed="both"), None],
        "max_proposals": [Interval(Real, 1, None, closed="left")],
    }

    method: str = "obrs"
    _: KW_ONLY
    budget: float = 4.0
    gamma: float | None = 80.0
    max_proposals: float = 100.0

    def validate(self) -> Rejection:
        """Check every parameter, also the budget against ``max_proposals``; a wrong one raises ValueError."""
        self._validate_params()
        lookup(ACCEPTANCE_RULES, self.method, "rejection")
        if self.method == "obrs" and self.budget > self.max_proposals:
            raise ValueError(
                f"Each new row of Rejection({self.method!r}) needs {self.budget:g} proposals, and"
                f" max_proposals={self.max_proposals:g} are allowed. Raise 'max_proposals' or lower 'budget'."
            )
        return self

    def acceptance(self, log_ratio_n: Array) -> Acceptance:
        """Make the rule of acceptance from a pilot: log density ratios ``(n,)`` of some proposals."""
        return ACCEPTANCE_RULES[self.method](self, log_ratio_n)


ACCEPTANCE_RULES: Final[Mapping[str, Callable[[Rejection, Array], Acceptance]]] = MappingProxyType(
    {
        "drs": lambda rejection, log_ratio_n: discriminator(log_ratio_n, rejection.gamma),
        "obrs": lambda rejection, log_ratio_n: optimal_budget(log_ratio_n, rejection.budget),
    }
)


def rejection_of(given: Rejection | str | bool | None) -> Rejection | None:
    """Turn what a user gave as ``rejection`` into a checked copy; None and False mean no rejection.

    True means the defaults, a string the method of that name. Raises ValueError as ``validate`` does.

    >>> rejection_of(True), rejection_of("drs"), rejection_of(None)
    (Rejection(), Rejection(method='drs'), None)
    """
    if given is None or given is False:
        return None
    if isinstance(given, str):
        given = Rejection(given)
    return (Rejection() if given is True else clone(given)).validate()
