"""Several oracles at once: a weighted mean of ranks, or the candidates that no other one dominates."""

# k oracle, n candidate or row, r reference, F column

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import joblib
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from sklearn.base import clone

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.privacy import PrivacyOracle
from gan_oversampler.oracles.samples import resampled, thin

Draw = Callable[[NDArray[Any], int, np.random.Generator], NDArray[Any]]
"""``(rows of a class, number, rng)`` to as many rows of a reference."""


def _copies(rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    return rows_nF[rng.integers(len(rows_nF), size=n)]


def _smoothed(bandwidth: float, rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    noise_nF = rng.normal(size=(n, rows_nF.shape[1])) * rows_nF.std(axis=0)
    return _copies(rows_nF, n, rng) + bandwidth * noise_nF


def _between(rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    share_n1 = rng.random((n, 1))
    return share_n1 * _copies(rows_nF, n, rng) + (1 - share_n1) * _copies(rows_nF, n, rng)


def _shuffled(rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    drawn_nF = rng.integers(len(rows_nF), size=(n, rows_nF.shape[1]))  # every column for itself
    return np.take_along_axis(rows_nF, drawn_nF, axis=0)


REFERENCES: Final[Mapping[str, Draw]] = MappingProxyType(
    {
        "copies": _copies,
        "smoothed .1": partial(_smoothed, 0.1),
        "smoothed .25": partial(_smoothed, 0.25),
        "smoothed .5": partial(_smoothed, 0.5),
        "smoothed 1": partial(_smoothed, 1.0),
        "smoothed 2": partial(_smoothed, 2.0),
        "between": _between,
        "shuffled": _shuffled,
    }
)


class CompositeOracle(Oracle):
    """Weighted mean over several oracles of the share of reference samples that a candidate beats.

    ``sum over oracles of w_k * mean over references of Phi((utility - utility of reference) / s_k)``, with
    weights that sum to 1; between 0 and 1, higher is better. References are samples of the candidate's size,
    made of training rows: copies, copies with noise of five bandwidths, points between two rows, and shuffled
    columns. They are the same for all candidates, so a score does not depend on which others there are.
    Ranks are smooth, because sharp ones would be equal for all candidates that beat every reference. Their
    unit ``s_k`` is the median absolute deviation of the references' utilities, so oracles may have any units.

    It needs what its oracles need; if one of them has no score, neither has the composite. A score costs one
    score of each oracle, and nine for the first candidate of a size. The definition is our own.

    Parameters
    ----------
    oracles : list of Oracle, default=None
        None is `DownstreamOracle`, `PRDCOracle` (coverage) and `PrivacyOracle`.
    weights : list of float, default=None
        One per oracle, not negative; None gives all the same weight.

    Examples
    --------
    >>> from gan_oversampler.oracles.distances import EnergyOracle
    >>> draw = np.random.default_rng(0).normal
    >>> train, holdout, good = (Rows(draw(size=(60, 2)), np.ones(60, int), np.array([0, 1])) for _ in "abc")
    >>> far = Rows(good.values + 9, good.codes, good.classes)
    >>> oracle = CompositeOracle([EnergyOracle(), PRDCOracle()]).fit(train, targets=[1])
    >>> oracle.score(holdout, good) > 0.4 > 0.1 > oracle.score(holdout, far)
    True
    """

    def __init__(
        self, oracles: Sequence[Oracle] | None = None, *, weights: Sequence[float] | None = None
    ) -> None:
        self.oracles = oracles
        self.weights = weights

    @property
    def objective(self) -> str:
        """Name of the objective that guided GANs are trained for: that of the first oracle."""
        return self._given()[0].objective

    @property
    def fidelity(self) -> float:
        """Fidelity of the default GAN that suits the first oracle."""
        return self._given()[0].fidelity

    def validate(self, n_classes: int) -> None:
        """Raise ``ValueError`` if there is no oracle, if one is invalid, or if weights do not fit."""
        oracles = self._given()
        if not oracles or not all(isinstance(oracle, Oracle) for oracle in oracles):
            raise ValueError(f"'oracles' must be a list of Oracle instances. Got {self.oracles!r} instead.")
        for oracle in oracles:
            oracle.validate(n_classes)
        weights = np.ones(len(oracles)) if self.weights is None else np.asarray(self.weights, float)
        if weights.shape != (len(oracles),) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
            raise ValueError(
                f"'weights' must be {len(oracles)} numbers, one per oracle, none negative, not all 0."
                f" Got {self.weights!r} instead."
            )

    @property
    def ignores_weights(self) -> tuple[str, ...]:
        """What any of the oracles says."""
        return tuple(dict.fromkeys(what for oracle in self.oracles_ for what in oracle.ignores_weights))

    def _given(self) -> list[Oracle]:
        if self.oracles is None:
            return [DownstreamOracle(), PRDCOracle(), PrivacyOracle()]
        return list(self.oracles)

    def _prepare(self) -> None:
        self.oracles_ = [
            clone(oracle).fit(self.train_, targets=self.targets_, random_state=self.random_state_)
            for oracle in self._given()
        ]
        self.share_ = max(oracle.share_ for oracle in self.oracles_)
        self._cached: tuple[str, NDArray[np.float64]] | None = None

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Return the weighted mean over the oracles of the smooth rank among the references.

        It is NaN if one of the oracles has no score. The utilities of the references are kept until the
        held-out rows or the numbers of synthetic rows change, which changes no score.
        """
        synthetic = synthetic.at(np.isin(synthetic.codes, self.targets_))  # as the references have no others
        utilities_k = self._utilities(holdout, synthetic)
        if not np.isfinite(utilities_k).all():
            return float("nan")
        ranks_k = [
            smooth_rank(utility, others_r[np.isfinite(others_r)])
            for utility, others_r in zip(utilities_k, self._references(holdout, synthetic).T, strict=True)
        ]
        return float(np.average(ranks_k, weights=self.weights))

    def _utilities(self, holdout: Rows, synthetic: Rows) -> NDArray[np.float64]:
        """Utility by each oracle ``(k,)``, which gets the share of the synthetic rows that it asks for."""
        rng = np.random.default_rng(self.random_state_)
        samples = [thin(synthetic, oracle.share_ / self.share_, rng) for oracle in self.oracles_]
        return np.array([o.utility(holdout, rows) for o, rows in zip(self.oracles_, samples, strict=True)])

    def _references(self, holdout: Rows, synthetic: Rows) -> NDArray[np.float64]:
        """Utilities ``(r, k)`` of references with as many rows of each class as the candidate has."""
        counts = {code: int(np.sum(synthetic.codes == code)) for code in self.targets_}
        key = joblib.hash((holdout.values, holdout.codes, holdout.weights, counts))
        if self._cached is None or self._cached[0] != key:
            real = {code: resampled(self.train_.of(code)).values for code in self.targets_}
            found = []
            for draw in REFERENCES.values():
                rng = np.random.default_rng(self.random_state_)  # the same draws for all references
                drawn = {code: draw(real[code], n, rng) for code, n in counts.items() if len(real[code])}
                codes = np.repeat(np.array(list(drawn), np.intp), [len(rows) for rows in drawn.values()])
                values = np.concatenate([synthetic.values[:0], *drawn.values()])
                sample = synthetic.synthetic(values, codes)
                found.append(self._utilities(holdout, sample))
            self._cached = key, np.array(found)
        return self._cached[1]


def smooth_rank(utility: float, others_r: NDArray[Any]) -> float:
    """Return the share of other utilities that one exceeds; near ones count in part, equal ones by half.

    Differences are measured in units of the median absolute deviation of the others; without any it is 1/2.

    >>> [round(smooth_rank(utility, np.array([1.0, 2.0, 3.0])), 3) for utility in (2.0, 3.0, 9.0)]
    [0.5, 0.773, 1.0]
    """
    others_r = np.asarray(others_r, float)
    if not len(others_r):
        return 0.5
    unit = np.median(np.abs(others_r - np.median(others_r))) or others_r.std()
    lead_r = utility - others_r
    return float(np.mean(ndtr(lead_r / unit) if unit else (1 + np.sign(lead_r)) / 2))


def pareto_front(utilities_kn: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of ``n`` candidates are not dominated by another one, as a mask ``(n,)``.

    A candidate dominates another one if none of the ``k`` oracles finds it worse and one finds it better;
    higher utilities are better. Equal candidates are on the front together, and a candidate that an oracle
    could not score is not on it.

    >>> pareto_front([[1, 2, 3, 2], [3, 2, 1, 1]]).tolist()
    [True, True, True, False]
    """
    utilities_kn = np.asarray(utilities_kn, float)
    known_n = np.isfinite(utilities_kn).all(axis=0)
    mine, others = utilities_kn[:, :, None], utilities_kn[:, None, :]
    dominated_nn = (others >= mine).all(axis=0) & (others > mine).any(axis=0) & known_n
    return np.asarray(known_n & ~dominated_nn.any(axis=1))
