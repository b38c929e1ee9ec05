"""Several oracles at once: a mean of ranks, or the candidates that no other beats by all of them."""

# k oracle, n candidate, r reference, F column

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from sklearn.base import clone

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from gan_oversampler.oracles.privacy import PrivacyOracle
from gan_oversampler.oracles.samples import thin

Draw = Callable[[NDArray[Any], int, np.random.Generator], NDArray[Any]]
"""``(rows of a class, how many, rng)`` to rows of a reference."""


def _copies(rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    return rows_nF[rng.integers(len(rows_nF), size=n)]


def _smoothed(bandwidth: float) -> Draw:
    """Copies with noise, in units of the standard deviation of each column."""

    def draw(rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
        noise_nF = rng.normal(size=(n, rows_nF.shape[1])) * rows_nF.std(axis=0)
        return _copies(rows_nF, n, rng) + bandwidth * noise_nF

    return draw


def _between(rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    share_n1 = rng.random((n, 1))
    return share_n1 * _copies(rows_nF, n, rng) + (1 - share_n1) * _copies(rows_nF, n, rng)


def _shuffled(rows_nF: NDArray[Any], n: int, rng: np.random.Generator) -> NDArray[Any]:
    """Every column for itself."""
    taken_nF = rng.integers(len(rows_nF), size=(n, rows_nF.shape[1]))
    return np.take_along_axis(rows_nF, taken_nF, axis=0)


REFERENCES: Final[Mapping[str, Draw]] = MappingProxyType(
    {
        "copies": _copies,
        "smoothed .1": _smoothed(0.1),
        "smoothed .25": _smoothed(0.25),
        "smoothed .5": _smoothed(0.5),
        "smoothed 1": _smoothed(1.0),
        "smoothed 2": _smoothed(2.0),
        "between": _between,
        "shuffled": _shuffled,
    }
)


class CompositeOracle(Oracle):
    """Weighted mean over several oracles of the share of reference samples that a candidate beats.

    ``sum over oracles of w_k * mean over references of Phi((utility - utility of reference) / s_k)``, with
    weights that sum to 1, between 0 and 1, higher is better. A rank among candidates would depend on who
    else is there, so it is taken among fixed references: for each class as many rows as the candidate has,
    made of the training rows of the fold (copies, smoothed copies of five bandwidths, points between two
    rows, shuffled columns), the same for all candidates. Sharp ranks would be coarse, and equal for all
    candidates that beat every reference; so they are smooth, in units ``s_k`` of the median distance of the
    references' utilities from their median. Units of the oracles play no part. A candidate that one of
    the oracles cannot score has no score.

    Parameters
    ----------
    oracles : list of Oracle, default=None
        None takes `DownstreamOracle`, `PRDCOracle` (coverage) and `PrivacyOracle`.
    weights : list of float, default=None
        One per oracle, not negative; None weighs all alike.

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
        """That of the first oracle."""
        return self._given()[0].objective

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If there is no oracle, one is none, or weights do not fit.
        """
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

    def _prepare(self) -> None:
        self.oracles_ = [
            clone(oracle).fit(self.train_, targets=self.targets_, random_state=self.random_state_)
            for oracle in self._given()
        ]
        self.share_ = max(oracle.share_ for oracle in self.oracles_)
        self._known: tuple[bytes, NDArray[np.float64]] | None = None

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Weighted mean of smooth ranks."""
        synthetic = synthetic.at(np.isin(synthetic.codes, self.targets_))  # as the references have no others
        utilities_k = self._utilities(holdout, synthetic)
        if not np.isfinite(utilities_k).all():
            return float("nan")
        ranks_k = [
            smooth_rank(utility, others[np.isfinite(others)])
            for utility, others in zip(utilities_k, self._references(holdout, synthetic).T, strict=True)
        ]
        return float(np.average(ranks_k, weights=self.weights))

    def _given(self) -> list[Oracle]:
        if self.oracles is None:
            return [DownstreamOracle(), PRDCOracle(), PrivacyOracle()]
        return list(self.oracles)

    def _utilities(self, holdout: Rows, synthetic: Rows) -> NDArray[np.float64]:
        rng = np.random.default_rng(self.random_state_)
        shares = [oracle.share_ / self.share_ for oracle in self.oracles_]
        parts = [thin(synthetic, share, rng) for share in shares]  # each gets the share that it asks for
        return np.array([o.utility(holdout, part) for o, part in zip(self.oracles_, parts, strict=True)])

    def _references(self, holdout: Rows, synthetic: Rows) -> NDArray[np.float64]:
        """Utilities ``(r, k)`` of the references; remembered while they stay the same."""
        counts = {code: int(np.sum(synthetic.codes == code)) for code in self.targets_}
        key = _digest(holdout.values, holdout.codes, np.array(list(counts.values())))
        known = self._known
        if known is None or known[0] != key:
            samples = [self._reference(draw, counts, synthetic) for draw in REFERENCES.values()]
            known = self._known = key, np.array([self._utilities(holdout, sample) for sample in samples])
        return known[1]

    def _reference(self, draw: Draw, counts: Mapping[int, int], like: Rows) -> Rows:
        """Rows of every target that the fold has rows of, as many as asked."""
        rng = np.random.default_rng(self.random_state_)
        real = {code: self.train_.of(code).values for code in counts}
        drawn = {code: draw(real[code], n, rng) for code, n in counts.items() if len(real[code])}
        return Rows(
            np.concatenate([like.values[:0], *drawn.values()]),
            np.repeat(np.array(list(drawn), np.intp), [len(rows) for rows in drawn.values()]),
            like.classes,
            like.frames,
        )


def smooth_rank(utility: float, others_r: NDArray[Any]) -> float:
    """Share of others that are beaten; near ones by half, 1/2 where there are none.

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
    """Which of ``n`` candidates no other beats: by no oracle worse and by one of the ``k`` better.

    Utilities are such that higher is better. Equal candidates are on the front together; a candidate that
    an oracle could not score is not on it.

    >>> pareto_front([[1, 2, 3, 2], [3, 2, 1, 1]]).tolist()
    [True, True, True, False]
    """
    utilities_kn = np.asarray(utilities_kn, float)
    known_n = np.isfinite(utilities_kn).all(axis=0)
    mine, others = utilities_kn[:, :, None], utilities_kn[:, None, :]
    beaten_nn = (others >= mine).all(axis=0) & (others > mine).any(axis=0) & known_n
    return np.asarray(known_n & ~beaten_nn.any(axis=1))


def _digest(*arrays: NDArray[Any]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()
