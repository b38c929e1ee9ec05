"""Whether synthetic rows lie where real ones do, and everywhere where these do."""

# n real row, m synthetic row, F column

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from gan_oversampler._utils import did_you_mean
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.samples import evenly, parts

PARTS: Final = 8  # of the synthetic rows, each as large as the real sample


class PRDC(NamedTuple):
    """How a synthetic sample overlaps with a real one.

    Attributes
    ----------
    precision : float
        Share of synthetic rows within reach of a real row.
    recall : float
        Share of real rows within reach of a synthetic row.
    density : float
        Real rows that reach a synthetic row, on average, in units of ``k``: not bounded by 1.
    coverage : float
        Share of real rows that reach a synthetic row.
    """

    precision: float
    recall: float
    density: float
    coverage: float


class PRDCOracle(Oracle):
    """Precision, recall, density or coverage of the synthetic rows of each class.

    A row reaches as far as its k-th nearest neighbour in its own sample. Precision is the share of
    synthetic rows within reach of a real one, recall the share of real rows within reach of a synthetic
    one; density counts the real rows that reach a synthetic one, in units of ``k``; coverage is the share
    of real rows that reach any. Higher is better. More synthetic rows would reach more real ones, so
    samples of the size of the real one are compared, and the mean over up to eight of them counts; then
    the mean over the oversampled classes. Classes with a single held-out row are left out.

    Parameters
    ----------
    measure : {"coverage", "density", "precision", "recall"}, default="coverage"
        Which of them is the score.
    k : int, default=5
        Neighbours, as far as there are so many.
    max_rows : int, default=1000
        Real rows of a class at most; evenly spaced ones count.

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

    _positive: ClassVar[tuple[str, ...]] = ("k", "max_rows")

    def __init__(self, measure: str = "coverage", *, k: int = 5, max_rows: int = 1000) -> None:
        self.measure = measure
        self.k = k
        self.max_rows = max_rows

    def validate(self, n_classes: int) -> None:
        """Check parameters before anything is trained.

        Raises
        ------
        ValueError
            If there is no such measure, or a number is not positive.
        """
        super().validate(n_classes)
        if self.measure not in PRDC._fields:
            hint = did_you_mean(str(self.measure), PRDC._fields)
            raise ValueError(f"Unknown measure {self.measure!r}.{hint}")

    def score(self, holdout: Rows, synthetic: Rows) -> float:
        """Mean of the measure over the oversampled classes."""
        return self._per_target(self._measured, holdout, synthetic, least=(2, 1))

    def _measured(self, real: Rows, fake: Rows) -> float:
        real_nF = evenly(real.values, self.max_rows)
        samples = parts(fake.values, len(real_nF), PARTS)
        return float(np.mean([getattr(prdc(real_nF, fake_mF, self.k), self.measure) for fake_mF in samples]))


def prdc(real_nF: NDArray[Any], synthetic_mF: NDArray[Any], k: int = 5) -> PRDC:
    """Precision, recall, density and coverage of a synthetic sample.

    Rows nearer than the k-th neighbour are within reach, and equal rows always are; so a sample without
    ties has density 1 against itself, and any sample has precision, recall and coverage 1.

    >>> prdc(np.arange(4.0)[:, None] ** 2, np.array([[0.5], [9.0]]), k=1)
    PRDC(precision=1.0, recall=1.0, density=1.5, coverage=0.75)
    """
    real_nF, synthetic_mF = np.asarray(real_nF, float), np.asarray(synthetic_mF, float)
    k = max(1, min(k, len(real_nF) - 1))
    between_nm = cdist(real_nF, synthetic_mF)
    reached_nm = (between_nm < _reach(real_nF, k)[:, None]) | (between_nm == 0)
    reaching_nm = (between_nm < _reach(synthetic_mF, k)) | (between_nm == 0)
    return PRDC(
        precision=float(reached_nm.any(axis=0).mean()),
        recall=float(reaching_nm.any(axis=1).mean()),
        density=float(reached_nm.sum(axis=0).mean() / k),
        coverage=float(reached_nm.any(axis=1).mean()),
    )


def _reach(rows_nF: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Distance of each row to its k-th neighbour, to the last one if there are fewer."""
    k = min(k, len(rows_nF) - 1)
    return np.asarray(np.partition(cdist(rows_nF, rows_nF), k, axis=1)[:, k])
