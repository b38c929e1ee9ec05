"""Which proposals come through, by their density ratio: rejection, Metropolis-Hastings, boosting.

Everything here sees numbers only: logarithms of ``p(x) / q(x)``, the density of real rows over that of the
proposals, up to a constant.
"""

# n proposal, D critic, T round

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import Any, ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import bisect
from scipy.special import expit, logsumexp
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval

from gan_oversampler._utils import lookup

Array = NDArray[np.float64]

EPSILON: Final = 1e-6  # keeps the logit of an acceptance of 1 finite, as in MH-GAN's code
CHAIN: Final = 32  # usual proposals per new row of a Markov chain
BUDGET: Final = 4.0  # and of all else


class Law(Protocol):
    """Which of some proposals come through."""

    @property
    def unit(self) -> int:
        """Proposals that belong together; only whole units can be judged."""

    @property
    def rate(self) -> float:
        """Rows that come through per proposal, on average."""

    def pick(self, log_ratio_n: Array, generator: np.random.Generator) -> NDArray[np.intp]:
        """Positions of the proposals that come through."""


@dataclass(frozen=True)
class Independent:
    """Each proposal is accepted with a probability of its own.

    Parameters
    ----------
    probability : callable
        Log ratios to probabilities.
    rate : float
        Their mean over the proposals.
    """

    probability: Callable[[Array], Array]
    rate: float
    unit: int = 1

    def pick(self, log_ratio_n: Array, generator: np.random.Generator) -> NDArray[np.intp]:
        """Positions of the accepted ones, in order."""
        return np.flatnonzero(generator.random(len(log_ratio_n)) < self.probability(log_ratio_n))


@dataclass(frozen=True)
class Chains:
    """The last states of independent Metropolis-Hastings chains (Turner et al. 2019).

    A chain starts at a real row, so that it starts where it should end, and one that never leaves it
    gives nothing: real rows are not to be returned.

    Parameters
    ----------
    unit : int
        Proposals per chain.
    starts : ndarray
        Log ratios of real rows.
    rate : float
        Chains that move, per proposal.
    """

    unit: int
    starts: Array
    rate: float = 0.0

    def pick(self, log_ratio_n: Array, generator: np.random.Generator) -> NDArray[np.intp]:
        """Positions of the last states of the chains that moved, chain by chain."""
        n_chains = len(log_ratio_n) // self.unit
        steps = log_ratio_n[: n_chains * self.unit].reshape(n_chains, self.unit)
        state = self.starts[generator.integers(len(self.starts), size=n_chains)]
        place = np.full(n_chains, -1)
        for k in range(self.unit):
            moves = np.log1p(-generator.random(n_chains)) < steps[:, k] - state
            state = np.where(moves, steps[:, k], state)
            place = np.where(moves, np.arange(n_chains) * self.unit + k, place)
        return place[place >= 0]


@dataclass(frozen=True, slots=True)
class Shifted:
    """``min(1, exp(log_ratio + log_factor))``: acceptance in proportion to the ratio, up to certainty."""

    log_factor: float

    def __call__(self, log_ratio_n: Array) -> Array:
        return np.exp(np.minimum(0.0, log_ratio_n + self.log_factor))


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """Azadi et al.'s acceptance: the logit of ``ratio / most``, moved by ``gamma``."""

    log_most: float
    gamma: float = 0.0

    def logit(self, log_ratio_n: Array) -> Array:
        """Logit of ``exp(log_ratio - log_most)``."""
        below = np.minimum(0.0, log_ratio_n - self.log_most)
        return below - np.log(-np.expm1(below - EPSILON))

    def __call__(self, log_ratio_n: Array) -> Array:
        return np.asarray(expit(self.logit(log_ratio_n) - self.gamma))


def optimal_budget(log_ratio_n: Array, budget: float) -> Independent:
    """Rejection that is optimal for a budget of proposals per new row (OBRS, Verine et al. 2024).

    Accepts with ``min(1, c ratio / most)``, where ``c >= 1`` brings the mean over these proposals to
    ``1 / budget``. A budget that exact rejection does not use up is not spent.

    >>> law = optimal_budget(np.log([0.5, 1.0, 2.0, 4.0]), 2.0)
    >>> round(law.rate, 6), law.probability(np.log([4.0])).tolist()
    (0.5, [1.0])
    """
    exact = -float(log_ratio_n.max())
    certain = -float(log_ratio_n.min())

    def excess(log_factor: float) -> float:
        return float(Shifted(log_factor)(log_ratio_n).mean()) - 1 / budget

    wasteful = excess(exact) >= 0 or certain <= exact
    factor = exact if wasteful else float(bisect(excess, exact, certain, xtol=1e-12))
    return Independent(Shifted(factor), 1 / budget + excess(factor))


def discriminator(log_ratio_n: Array, gamma: float | None) -> Independent:
    """Discriminator rejection sampling (DRS, Azadi et al. 2019).

    ``gamma`` is a percentile of the logits of acceptance, moved to a probability of one half; None rejects
    exactly, in ``most`` proposals per new row.

    NOTE[paper]: the largest ratio is that of these proposals; the paper raises it while it draws, so that
    early rows obey another law than late ones. The percentile is of the proposals below it: calibrated
    ratios have a plateau at the top, whose logits are as good as infinite.
    """
    law = Sigmoid(float(log_ratio_n.max()))
    below = log_ratio_n[log_ratio_n < law.log_most]
    if gamma is not None and below.size:
        law = Sigmoid(law.log_most, float(np.percentile(law.logit(below), gamma)))
    return Independent(law, float(law(log_ratio_n).mean()))


def metropolis(log_ratio_n: Array, length: int, starts: Array, generator: np.random.Generator) -> Chains:
    """Chains of a length; how many of them move is measured on these proposals."""
    length = min(length, len(log_ratio_n))
    law = Chains(length, starts)
    n_proposals = len(log_ratio_n) // length * length
    return Chains(length, starts, len(law.pick(log_ratio_n, generator)) / n_proposals)


@dataclass(frozen=True)
class Boosting:
    """Weights by which critics correct a pool of proposals (Neunhoeffer et al. 2021, without privacy).

    A game is played for some rounds: the critic that tells weighted proposals from real rows best is
    chosen, and rows are weighted in proportion to ``exp(rate * verdict)``. The mean of the weights over
    the rounds is nearly what no critic of the set can tell from real rows.

    NOTE[paper]: their weights belong to the rows of one pool. The same weights as a function of the
    verdicts are a density ratio, so that any number of new rows can be drawn. And each critic also plays
    upside down: else few critics drive all weight to the rows that they like best.

    Attributes
    ----------
    chosen_T : ndarray of int
        The critic of each round.
    step_T : ndarray
        Step size of the weights, negative where it plays upside down.
    log_mean_T : ndarray
        Logarithm of the mean unnormalised weight of the pool in each round.
    """

    chosen_T: NDArray[np.intp]
    step_T: Array
    log_mean_T: Array

    @classmethod
    def play(cls, verdict_DB: Array, real_D: Array, rounds: int = 200) -> Boosting:
        """The game over pooled proposals.

        Parameters
        ----------
        verdict_DB : ndarray of shape (D, B)
            Probability of each critic that a proposal is real.
        real_D : ndarray of shape (D,)
            Its mean over real rows.
        rounds : int
            How long; what critics can still tell falls with its root.
        """
        n = verdict_DB.shape[1]
        rate = float(np.sqrt(8 * np.log(max(n, 2)) / rounds))  # Hedge's, for verdicts in [0, 1]
        total_B, chosen, steps, log_means = np.zeros(n), [], [], []
        for _ in range(rounds):
            log_mean = float(logsumexp(total_B)) - np.log(n)
            weights = np.exp(total_B - log_mean) / n
            gap_D = real_D - verdict_DB @ weights
            best = int(np.argmax(np.abs(gap_D)))
            chosen.append(best)
            steps.append(rate * np.sign(gap_D[best]))
            log_means.append(log_mean)
            total_B = total_B + steps[-1] * verdict_DB[best]
        return cls(np.array(chosen), np.array(steps), np.array(log_means))

    def log_ratio(self, verdict_Dn: Array) -> Array:
        """Logarithm of the weight of rows ``(n,)``; the mean weight of the pool is 1."""
        steps_Tn = self.step_T[:-1, None] * verdict_Dn[self.chosen_T[:-1]]
        before_Tn = np.concatenate([np.zeros((1, verdict_Dn.shape[1])), np.cumsum(steps_Tn, axis=0)])
        weights_n = logsumexp(before_Tn - self.log_mean_T[:, None], axis=0)
        return np.asarray(weights_n - np.log(len(self.chosen_T)))


class Rejection(BaseEstimator):
    """How proposals of the kept generators are thinned out by a refitted critic.

    After the choice a critic is trained anew, by cross entropy, to tell real rows of a class from proposals;
    its held-out verdicts are calibrated by isotonic regression. Proposals come through by the density ratio
    that follows, until exactly as many rows as asked for are there.

    Parameters
    ----------
    method : {"obrs", "drs", "mh", "boost"}, default="obrs"
        ``obrs`` accepts in the way that is best for a budget of proposals; ``drs`` is discriminator
        rejection sampling; ``mh`` takes the ends of Metropolis-Hastings chains; ``boost`` proposes from the
        generators of all scored steps and weighs their rows so that none of as many critics can tell
        them from real ones, within the budget.
    budget : float, default=None
        Proposals per new row; for ``mh`` the length of a chain. None is 4, and 32 for ``mh``. ``drs`` does
        not heed it.
    gamma : float, default=80.0
        Of ``drs``: percentile of the proposals, less those of the largest ratio, that is accepted every other
        time. Higher is stricter; None rejects exactly, which may take very many proposals.
    max_proposals : float, default=100.0
        Most proposals per new row. When they are spent, the best of the rejected ones fill up.

    References
    ----------
    Verine, Pydi, Negrevergne & Chevaleyre, "Optimal Budgeted Rejection Sampling for Generative Models",
    AISTATS 2024. Azadi et al., "Discriminator Rejection Sampling", ICLR 2019. Turner et al.,
    "Metropolis-Hastings Generative Adversarial Networks", ICML 2019. Neunhoeffer, Wu & Dwork, "Private
    Post-GAN Boosting", ICLR 2021.

    Examples
    --------
    >>> Rejection("mh", budget=64).set_params(max_proposals=500)
    Rejection(budget=64, max_proposals=500, method='mh')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "method": [str],
        "budget": [Interval(Real, 1, None, closed="left"), None],
        "gamma": [Interval(Real, 0, 100, closed="both"), None],
        "max_proposals": [Interval(Real, 1, None, closed="left")],
    }

    def __init__(
        self,
        method: str = "obrs",
        *,
        budget: float | None = None,
        gamma: float | None = 80.0,
        max_proposals: float = 100.0,
    ) -> None:
        self.method = method
        self.budget = budget
        self.gamma = gamma
        self.max_proposals = max_proposals

    def validate(self) -> Rejection:
        """Check every parameter.

        Raises
        ------
        ValueError
            If the method is unknown, a number is out of range, or one new row may need more proposals than
            are allowed.
        """
        self._validate_params()
        lookup(LAWS, self.method, "rejection")
        if self.method == "mh" and not float(self.proposals).is_integer():
            raise ValueError(f"'budget' of 'mh' is the length of a chain: an integer. Got {self.budget!r}.")
        if self.method != "drs" and self.proposals > self.max_proposals:
            raise ValueError(
                f"Each new row of Rejection({self.method!r}) needs {self.proposals:g} proposals, and"
                f" max_proposals={self.max_proposals:g} are allowed. Raise 'max_proposals' or lower 'budget'."
            )
        return self

    @property
    def proposals(self) -> float:
        """Proposals per new row."""
        usual = CHAIN if self.method == "mh" else BUDGET
        return usual if self.budget is None else self.budget

    def law(self, log_ratio_n: Array, starts: Array, generator: np.random.Generator) -> Law:
        """Law of acceptance, its constants from proposals ``(n,)``; chains start at ``starts``."""
        return LAWS[self.method](self, log_ratio_n, starts, generator)


LAWS: Final[Mapping[str, Callable[[Rejection, Array, Array, np.random.Generator], Law]]] = MappingProxyType(
    {
        "boost": lambda how, log_ratio, starts, generator: optimal_budget(log_ratio, how.proposals),
        "drs": lambda how, log_ratio, starts, generator: discriminator(log_ratio, how.gamma),
        "mh": lambda how, log_ratio, starts, generator: metropolis(
            log_ratio, int(how.proposals), starts, generator
        ),
        "obrs": lambda how, log_ratio, starts, generator: optimal_budget(log_ratio, how.proposals),
    }
)


def rejection_of(given: Rejection | str | bool | None) -> Rejection | None:
    """Rejection from what a user may write; None for none.

    >>> rejection_of(True), rejection_of("drs"), rejection_of(None)
    (Rejection(), Rejection(method='drs'), None)
    """
    if given is None or given is False:
        return None
    if isinstance(given, str):
        given = Rejection(given)
    copy: Rejection = Rejection() if given is True else clone(given)
    return copy.validate()
