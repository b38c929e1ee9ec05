"""Precision, recall, density and coverage: whether synthetic rows lie where real ones do, and everywhere."""

# n real row, m synthetic row, F column

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.utils._param_validation import StrOptions

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import POSITIVE, ClassWiseOracle
from gan_oversampler.oracles.distances import ALIKE, Weights
from gan_oversampler.oracles.samples import disjoint_samples, some

MAX_SAMPLES: Final = 8  # of the synthetic rows, each as large as the real sample


class PRDC(NamedTuple):
    """Four measures of how a synthetic sample overlaps with a real one, see `prdc`.

    Attributes
    ----------
    precision : float
        Share of synthetic rows that lie in the neighbourhood of a real row.
    recall : float
        Share of real rows that lie in the neighbourhood of a synthetic row.
    density : float
        Real neighbourhoods that a synthetic row lies in, on average, divided by ``k``: not bounded by 1.
    coverage : float
        Share of real rows whose neighbourhood holds a synthetic row.
    """

    precision: float
    recall: float
    density: float
    coverage: float


class PRDCOracle(ClassWiseOracle):
    """Precision, recall, density or coverage of the synthetic rows of each class.

    ``coverage = share of real rows with a synthetic row within the distance of their k-th nearest real row``;
    for the others see `prdc`. The mean over the oversampled classes counts. All but density lie between 0
    and 1; higher is better. It needs two held-out rows of a class and one synthetic row. Weights count in the
    shares; neighbours are those of rows that all count alike. Time and memory of a score grow with the number
    of pairs of rows.

    Parameters
    ----------
    measure : {"coverage", "density", "precision", "recall"}, default="coverage"
        Which of them is the score.
    k : int, default=5
        Which nearest neighbour bounds a neighbourhood; the last one where there are fewer.
    max_rows : int, default=1000
        Real rows of a class at most; evenly spaced ones are used.

    References
    ----------
    Kynkäänniemi et al. (2019), Improved precision and recall; Naeem et al. (2020), Reliable fidelity and
    diversity metrics.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(50, 3))
    >>> rows = Rows(values, np.ones(50, int), np.array([0, 1]))
    >>> PRDCOracle().fit(rows, targets=[1]).score(rows, rows)
    1.0
    """

    _parameter_constraints = {
        "measure": [StrOptions(set(PRDC._fields))],
        "k": [POSITIVE],
        "max_rows": [POSITIVE],
    }
    _min_rows = (2, 1)

    def __init__(self, measure: str = "coverage", *, k: int = 5, max_rows: int = 1000) -> None:
        self.measure = measure
        self.k = k
        self.max_rows = max_rows

    def _compare(self, real: Rows, synthetic: Rows) -> float:
        # More synthetic rows would cover more real ones, so samples of the size of the real one are compared.
        real = some(real, self.max_rows)
        samples = map(synthetic.at, disjoint_samples(np.arange(len(synthetic)), len(real), MAX_SAMPLES))
        found = [
            prdc(real.values, sample.values, self.k, weights=(real.weights, sample.weights))
            for sample in samples
        ]
        return float(np.mean([getattr(measures, self.measure) for measures in found]))


def prdc(
    real_nF: NDArray[Any],
    synthetic_mF: NDArray[Any],
    k: int = 5,
    *,
    weights: tuple[Weights, Weights] = ALIKE,
) -> PRDC:
    """Return precision, recall, density and coverage of synthetic rows ``(m, F)`` for real rows ``(n, F)``.

    A row lies in the neighbourhood of another one if it is nearer than that one's k-th nearest neighbour in
    its own sample, or equal to it. Against itself every sample has precision, recall and coverage 1.
    ``weights`` of real and synthetic rows count in shares and means; but a row of weight two is one
    neighbour, because a class of heavy rows would have no neighbourhoods.

    >>> prdc(np.arange(4.0)[:, None] ** 2, np.array([[0.5], [9.0]]), k=1)
    PRDC(precision=1.0, recall=1.0, density=1.5, coverage=0.75)
    """
    real_nF, synthetic_mF = np.asarray(real_nF, float), np.asarray(synthetic_mF, float)
    k = max(1, min(k, len(real_nF) - 1))
    between_nm = cdist(real_nF, synthetic_mF)
    # NOTE[Naeem et al. 2020]: equal rows always are neighbours, for columns of a few values have many ties.
    in_real_nm = (between_nm < _radius(real_nF, k)[:, None]) | (between_nm == 0)
    in_synthetic_nm = (between_nm < _radius(synthetic_mF, k)) | (between_nm == 0)
    of_real_n, of_synthetic_m = weights
    times_n = np.ones(len(real_nF)) if of_real_n is None else of_real_n / of_real_n.mean()
    return PRDC(
        precision=float(np.average(in_real_nm.any(axis=0), weights=of_synthetic_m)),
        recall=float(np.average(in_synthetic_nm.any(axis=1), weights=of_real_n)),
        density=float(np.average(times_n @ in_real_nm, weights=of_synthetic_m) / k),
        coverage=float(np.average(in_real_nm.any(axis=1), weights=of_real_n)),
    )


def _radius(rows_nF: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Distance of each row to its k-th nearest neighbour, or to the last one if there are fewer."""
    k = min(k, len(rows_nF) - 1)
    return np.asarray(np.partition(cdist(rows_nF, rows_nF), k, axis=1)[:, k])
