"""Policies: how far from real rows and how near to other classes new rows are drawn, and what is dropped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Final

from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval

from gan_oversampler._pages import DocumentedMixin

CHOSEN_BY_ORACLE: Final = "oracle"  # value of a parameter that leaves a choice to the oracle
MAX_SPREAD: Final = 100.0
MAX_DROPPED: Final = 0.95  # share of the proposals, so that there are not too many
N_CHOICES: Final = 3  # proposals per new row where some are preferred


@dataclass(eq=False, repr=False, kw_only=True)
class Policy(DocumentedMixin, BaseEstimator):
    """How new rows are drawn from the generators that were kept.

    A row's *hostility* is the logarithm of its mean distance to the five nearest real rows of its class, less
    that of its distance to those of other classes: 0 at the border, positive beyond it.

    Parameters
    ----------
    spread : float, default=1.0
        Factor of the way from the nearest real row of the class to the new one: 0 copies real rows, more than
        1, up to 100, leads further away. States, such as categories, follow the new row with this
        probability.
    border : float, default=0.0
        How much rows at the border are preferred. Of three proposals per new row one is kept, with odds
        ``exp(border * exp(-hostility**2))``; a negative ``border`` avoids them.
    filter : float, default=0.0
        Share of the proposals that is dropped for its hostility, at most 0.95.

    Examples
    --------
    >>> Policy(filter=0.25).set_params(spread=0.5)
    Policy(filter=0.25, spread=0.5)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "spread": [Interval(Real, 0, MAX_SPREAD, closed="both")],
        "border": [Interval(Real, None, None, closed="neither")],
        "filter": [Interval(Real, 0, MAX_DROPPED, closed="both")],
    }

    spread: float = 1.0
    border: float = 0.0
    filter: float = 0.0

    def validate(self) -> Policy:
        """Check every parameter, and return the same object; a number out of range raises ValueError."""
        self._validate_params()
        return self

    @property
    def changes_nothing(self) -> bool:
        """Whether rows are returned as the source draws them, as under the default parameters."""
        return self.spread == 1 and not self.border and not self.filter

    @property
    def compares_classes(self) -> bool:
        """Whether proposals are chosen by their hostility, for which rows of all classes must be known."""
        return bool(self.border or self.filter)

    def n_survivors(self, n: int) -> int:
        """Count the proposals that the filter leaves where ``n`` rows are wanted; ``border`` needs more."""
        return N_CHOICES * n if self.border else n

    def n_proposals(self, n: int) -> int:
        """Count the proposals to draw from the source so that ``n`` can be kept, after filter and border.

        >>> Policy().n_proposals(10), Policy(filter=0.5).n_proposals(10), Policy(border=1.0).n_proposals(10)
        (10, 20, 30)
        """
        return math.ceil(self.n_survivors(n) / (1 - self.filter))


# What the oracle chooses among; the first one leaves rows as they come.
POLICIES: Final = (
    Policy(),
    Policy(spread=0.75),
    Policy(spread=1.25),
    Policy(border=2.0),
    Policy(border=-2.0),
    Policy(filter=0.2),
)


def policy_of(given: Policy | str | None) -> Policy | str | None:
    """Check what a user gave as ``policy``: a copy of a Policy, ``"oracle"``, or None.

    Raises ValueError if a string is not ``"oracle"``, or a number is out of range.

    >>> policy_of("oracle"), policy_of(Policy(spread=0.5))
    ('oracle', Policy(spread=0.5))
    """
    if isinstance(given, str) and given != CHOSEN_BY_ORACLE:
        raise ValueError(f"'policy' must be a Policy, {CHOSEN_BY_ORACLE!r} or None. Got {given!r} instead.")
    return clone(given).validate() if isinstance(given, Policy) else given
