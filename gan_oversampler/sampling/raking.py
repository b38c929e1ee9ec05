"""Raking: seed probabilities under which categories, missing cells and spikes keep their shares."""

# n row, F encoded column, K state of a group

from typing import Final

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace

# Shares of a group may differ by so much: exact ones cost F1 and say no more about the class.
SLACK: Final = 0.05
MAX_ROUNDS: Final = 50
TOLERANCE: Final = 1e-3  # relative error of a share at which raking stops


def raked(probabilities_n: Tensor, children_nF: Tensor, real_F: Tensor, space: RowSpace) -> Tensor:
    """Change seed probabilities little, so that every state is drawn about as often as real rows have it.

    ``probabilities_n`` are positive and belong to the seeds of one class, ``children_nF`` says how often a
    row from each seed has each state, ``real_F`` how often real rows have it. The total variation between
    both is then .05 at most in every group of states. Iterative proportional fitting (Deming & Stephan 1940)
    multiplies the probabilities, group after group, by the nearest shares allowed over those that the states
    would get. Tables without states are left as they are.

    Examples
    --------
    >>> from gan_oversampler.encoding.layout import Block, Layout
    >>> space = RowSpace(Layout((Block("city", 0, 2, None),)))
    >>> rows = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> raked(torch.tensor([0.6, 0.2, 0.1, 0.1]), rows, rows.mean(0), space)
    tensor([0.4125, 0.1375, 0.2250, 0.2250])
    """
    groups = [index_K for index_GK in space.groups_GK for index_K in index_GK]
    for _ in range(MAX_ROUNDS):
        error = 0.0
        for index_K in groups:
            states_nK, real_K = children_nF[:, index_K], real_F[index_K]
            drawn_K = probabilities_n @ states_nK
            variation = (drawn_K - real_K).abs().sum() / 2
            target_K = real_K.lerp(drawn_K, SLACK / variation.clamp(min=SLACK))
            factor_K = torch.where(drawn_K > 0, target_K / drawn_K, 1.0)
            error = max(error, float((factor_K - 1).abs().max()))
            probabilities_n = probabilities_n * (states_nK @ factor_K)
            probabilities_n = probabilities_n / probabilities_n.sum()
        if error < TOLERANCE:
            break
    return probabilities_n


def capped(probabilities_n: Tensor, most: float) -> Tensor:
    """Limit probabilities, which sum to 1, to so many times their mean; what is cut off goes to the others.

    The others keep their odds to each other. ``most`` is larger than 1.

    Examples
    --------
    >>> capped(torch.tensor([0.7, 0.1, 0.1, 0.1]), 2.0)
    tensor([0.5000, 0.1667, 0.1667, 0.1667])
    """
    limit = most / len(probabilities_n)
    while (over_n := probabilities_n > limit * (1 + TOLERANCE)).any():
        is_capped_n = over_n | (probabilities_n >= limit)
        rest = 1 - limit * is_capped_n.sum()
        free_n = torch.where(is_capped_n, 0.0, probabilities_n)
        probabilities_n = torch.where(is_capped_n, limit, free_n * (rest / free_n.sum()))
    return probabilities_n
