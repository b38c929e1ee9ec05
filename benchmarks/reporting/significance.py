"""How certain it is that one method is better than another, from their means per table.

Wilcoxon's test and the Bayesian one take tables as independent. Those of one family are not, so an
interval resamples whole families, and Wilcoxon's test is made on their means, too.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from baycomp.multiple import SignedRankTest
from scipy.stats import bootstrap, rankdata, wilcoxon

TIE: Final = 1e-9
ROPE: Final = 0.01
SEED: Final = 0
RESAMPLES: Final = 5000
POSTERIOR_SAMPLES: Final = 1000  # the standard error of a probability is 0.016 at most


def compare(ours: pd.Series, other: pd.Series) -> dict[str, Any]:
    """Compute all figures of a pair of methods; the index's first level is the family of a table."""
    gains = (ours - other).to_numpy()
    families = ours.index.get_level_values(0)
    low, high = family_interval(gains, families)
    worse, equal, better = signed_rank(ours.to_numpy(), other.to_numpy())
    by_family = pd.Series(gains).groupby(families.to_numpy()).mean().to_numpy()
    return {
        "tables": len(gains),
        **record(gains),
        "difference": float(gains.mean()),
        "direction": direction(gains),
        "direction_families": direction(by_family),
        "wilcoxon": wilcoxon_p(gains),
        "wilcoxon_families": wilcoxon_p(by_family),
        "low": low,
        "high": high,
        "families": families.nunique(),
        "p_worse": worse,
        "p_equal": equal,
        "p_better": better,
    }


def record(gains: np.ndarray) -> dict[str, int]:
    """Count tables won, tied, lost.

    >>> import numpy as np
    >>> record(np.array([0.1, 1e-12, -0.2, 0.3]))
    {'won': 2, 'tied': 1, 'lost': 1}
    """
    won, lost = int((gains > TIE).sum()), int((gains < -TIE).sum())
    return {"won": won, "tied": len(gains) - won - lost, "lost": lost}


def wilcoxon_p(gains: np.ndarray) -> float:
    """Compute the two-sided p of Wilcoxon's signed-rank test, 1 if all tables are tied."""
    gains = np.where(np.abs(gains) <= TIE, 0.0, gains)
    return float(wilcoxon(gains).pvalue) if gains.any() else 1.0


def direction(gains: np.ndarray) -> int:
    """Tell where Wilcoxon's rank sums point, 1, 0 or -1; few large losses may outweigh many small wins.

    >>> import numpy as np
    >>> direction(np.array([0.1, 0.1, -0.5, -0.4])), direction(np.zeros(2))
    (-1, 0)
    """
    moved = gains[np.abs(gains) > TIE]
    return int(np.sign(np.sum(rankdata(np.abs(moved)) * np.sign(moved))))


def signed_rank(ours: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """Compute posterior probabilities that "worse", "practically equal" or "better" is the usual outcome.

    Benavoli et al. 2014. They say little about a method that is often better and often worse.
    """
    if len(ours) < 2:
        return (np.nan, np.nan, np.nan)
    sampling = {"rope": ROPE, "nsamples": POSTERIOR_SAMPLES, "random_state": SEED}
    left, inside, right = SignedRankTest.probs(other, ours, **sampling)
    return float(left), float(inside), float(right)


def family_interval(gains: np.ndarray, families: Any) -> tuple[float, float]:
    """Compute the 95 % interval of the mean gain over tables, families of tables resampled as wholes.

    It is unknown (NaN) if there is one family only, which tells nothing about others.
    """
    _, codes = np.unique(np.asarray(families, dtype=str), return_inverse=True)
    sums, counts = np.bincount(codes, gains), np.bincount(codes)
    if len(counts) < 2:
        return (np.nan, np.nan)

    def mean(index: np.ndarray, axis: int = -1) -> np.ndarray:
        return sums[index].sum(axis) / counts[index].sum(axis)

    options = {"n_resamples": RESAMPLES, "method": "percentile", "vectorized": True}
    drawn = bootstrap((np.arange(len(counts)),), mean, rng=np.random.default_rng(SEED), **options)
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)
