"""Membership inference: whether new rows tell which real rows their generator was trained on."""

# m member, u non-member, s new row, F column

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from gan_oversampler.oracles.privacy import COPY

FALSE_ALARMS: Final = 0.1  # share of non-members that an attack may take for members
Scores = NDArray[np.float64]


def membership_scores(
    members_mF: NDArray[Any], others_uF: NDArray[Any], new_sF: NDArray[Any]
) -> tuple[Scores, Scores]:
    """Return how much each row looks like a member of the training data, members first, then non-members.

    The score of a row is the logarithm of its distance to the closest reference row over that to the closest
    new row, so it is high where new rows are nearer than the class is dense. Reference rows, of which an
    attacker needs some of the same kind, are the non-members; to be fair to both sides, of each row, member
    or not, one of them is left out, which is the row itself for non-members. At least two are needed.

    References
    ----------
    Chen et al. (2020), GAN-Leaks: distances to the closest new row, calibrated. Van Breugel et al. (2023),
    DOMIAS: reference rows that the generator did not see.

    Examples
    --------
    >>> members, others = np.array([[0.0], [4.0]]), np.array([[2.0], [6.0]])
    >>> found = membership_scores(members, others, members + 0.1)
    >>> bool(found[0].min() > found[1].max())
    True
    """
    reference = NearestNeighbors(n_neighbors=2).fit(others_uF)
    new = NearestNeighbors(n_neighbors=1).fit(new_sF)

    def scores(rows: NDArray[Any]) -> Scores:
        away, which = reference.kneighbors(rows)
        is_left_out = which[:, 0] == np.arange(len(rows)) % len(others_uF)
        to_reference = np.where(is_left_out, away[:, 1], away[:, 0])
        return np.asarray(np.log(to_reference + COPY) - np.log(new.kneighbors(rows)[0][:, 0] + COPY))

    return scores(members_mF), scores(others_uF)


def attack_auc(members_m: Scores, others_u: Scores) -> float:
    """Return the area under the ROC curve of an attack's scores: 1/2 if it cannot tell members, 1 if always.

    >>> attack_auc(np.array([2.0, 3.0]), np.array([1.0, 2.0]))
    0.875
    """
    labels = np.repeat([1, 0], [len(members_m), len(others_u)])
    return float(roc_auc_score(labels, np.concatenate([members_m, others_u])))


def attack_hits(members_m: Scores, others_u: Scores) -> float:
    """Return the share of members found at a tenth of false alarms: 1/10 if the attack cannot tell them.

    A few members that are found for sure do not move an area, but this number (Carlini et al. 2022,
    Membership Inference Attacks From First Principles). The threshold is such that a non-member is above it
    with a probability of 1/10, however few there are: if need be it is drawn from two.

    >>> round(attack_hits(np.arange(1000.0), np.arange(1000.0)), 2), attack_hits(np.ones(9) * 2, np.ones(9))
    (0.1, 1.0)
    """
    n_above_m = len(others_u) - np.searchsorted(np.sort(others_u), members_m)
    n_allowed, rest = divmod(FALSE_ALARMS * (len(others_u) + 1), 1)
    return float((1 - rest) * np.mean(n_above_m < n_allowed) + rest * np.mean(n_above_m < n_allowed + 1))
