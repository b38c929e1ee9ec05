"""How new minority rows compare with real ones that the sampler never saw, and with those it did.

Rows are those the classifier gets: encoded and scaled. All figures are for display; no oracle uses them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

FIDELITY: Final = ("c2st", "coverage", "dcr_ratio", "copies")
N_NEIGHBOURS: Final = 5
N_DRAWS: Final = 10
MAX_ROWS: Final = 2000  # of a kind; distances are measured on so many at most


def fidelity(
    new: np.ndarray, seen: np.ndarray, held_out: np.ndarray, rng: np.random.Generator
) -> dict[str, float]:
    """Measure fidelity and privacy of new rows, given minority rows that the sampler saw and did not see.

    Parameters
    ----------
    new, seen, held_out : ndarray of shape (., d)
        Rows of the minority.
    rng : numpy.random.Generator
        Chooses rows where there are too many.

    Returns
    -------
    dict of float
        ``c2st``: leave-one-out accuracy of a nearest neighbour telling new from held-out rows, less what
        it is for equal distributions, 0 being ideal (Lopez-Paz & Oquab 2017); ``coverage``: share of
        held-out rows with a new row nearer than their fifth real neighbour (Naeem et al. 2020);
        ``dcr_ratio``: median distance of new rows to the closest seen row over that of held-out rows,
        below 1 when new rows are closer than reality; ``copies``: share of new rows that equal a seen one.
    """
    new, seen, held_out = (
        rows if len(rows) <= MAX_ROWS else rows[rng.choice(len(rows), MAX_ROWS, replace=False)]
        for rows in (new, seen, held_out)
    )
    to_seen, real_to_seen = _distances(new, seen), np.median(_distances(held_out, seen))
    real = np.concatenate([held_out, seen])
    radius = _distances(held_out, real, min(N_NEIGHBOURS, len(real) - 1) + 1)  # the nearest is the row itself
    return {
        "c2st": float(np.mean([_told_apart(new, held_out, rng) for _ in range(N_DRAWS)])),
        "coverage": float(np.mean(_distances(held_out, new) < radius + 1e-12)),
        "dcr_ratio": float(np.median(to_seen) / real_to_seen) if real_to_seen > 0 else float("nan"),
        "copies": float(np.mean(to_seen == 0)),
    }


def precision(new: np.ndarray, real: np.ndarray) -> float:
    """Share of new rows that lie nearer to a real row than its fifth neighbour (Kynkäänniemi et al. 2019)."""
    radius = _distances(real, real, min(N_NEIGHBOURS, len(real) - 1) + 1)
    return float(np.mean((cdist(new, real) < radius + 1e-12).any(axis=1)))


def _distances(rows: np.ndarray, others: np.ndarray, n: int = 1) -> np.ndarray:
    """Distance of each row to its n-th nearest other; exactly 0 between equal rows."""
    nearest = NearestNeighbors(n_neighbors=n).fit(others).kneighbors(rows, return_distance=False)[:, -1]
    return np.linalg.norm(rows - others[nearest], axis=1)


def _told_apart(new: np.ndarray, held_out: np.ndarray, rng: np.random.Generator) -> float:
    """Leave-one-out accuracy of 1-NN on as many new as held-out rows, above chance.

    A row's neighbour is one of the 2n - 1 others, of which n - 1 are of its own kind.
    """
    n = min(len(new), len(held_out))
    rows = np.concatenate([rng.choice(part, n, replace=False) for part in (new, held_out)])
    labels = np.repeat([1, 0], n)
    # fitted without X, neighbours of the training rows leave themselves out
    index = NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(return_distance=False)[:, 0]
    return float(np.mean(labels[index] == labels)) - (n - 1) / (2 * n - 1)
