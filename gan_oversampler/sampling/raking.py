"""Raking: seed probabilities under which categories, missing cells and spikes keep their shares."""

# n row, F encoded column, K state of a group

from typing import Final

import numpy as np
import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace

SLACK: Final = 0.05  # by which a share may differ: exact ones cost F1 and say no more about the class
USUAL_FIDELITY: Final = 0.1  # weight of the loss term ``fidelity`` from which on shares may differ by less
MAX_ROUNDS: Final = 50
TOLERANCE: Final = 1e-3  # relative error of a share at which raking stops


def slack_at(fidelity: float) -> float:
    """Return by how much shares of states may differ, given the weight of the loss term ``fidelity``.

    >>> slack_at(0.1), round(slack_at(1.0), 4)
    (0.05, 0.005)
    """
    return SLACK * min(1.0, USUAL_FIDELITY / fidelity)


def raked(
    probabilities_n: Tensor,
    rows_nF: Tensor,
    space: RowSpace,
    slack: float = SLACK,
    weight_n: Tensor | None = None,
) -> Tensor:
    """Change seed probabilities little, so that seeds have every state about as often as the rows have it.

    ``probabilities_n`` are not negative and belong to the real rows ``rows_nF`` of one class; shares of
    states then differ from those of the rows, which count as much as they weigh, by ``slack`` at most, in
    seeds: new rows have half of their states from neighbours, which moves shares by about .03 more. Iterative
    proportional fitting (Deming & Stephan 1940) multiplies them, group after group of states, by the nearest
    share allowed over the share that each state would get. Tables without states are left as they are.

    Examples
    --------
    >>> from gan_oversampler.encoding.layout import Block, Layout
    >>> space = RowSpace(Layout((Block("city", 0, 2, None),)))
    >>> rows = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> raked(torch.tensor([0.6, 0.2, 0.1, 0.1]), rows, space)
    tensor([0.4125, 0.1375, 0.2250, 0.2250])
    """
    rows_Fn = rows_nF.numpy().T.copy()
    groups = [index_K.numpy() for index_GK in space.groups_GK for index_K in index_GK]
    states = [rows_Fn[index_K].argmax(axis=0) for index_K in groups]  # of each row ``(n,)``, in every group
    real_n = np.ones(len(rows_nF)) if weight_n is None else weight_n.double().numpy()
    shares = [np.bincount(state_n, real_n / real_n.sum()) for state_n in states]
    found_n = probabilities_n.double().numpy()
    for _ in range(MAX_ROUNDS):
        error = 0.0
        for state_n, real_K in zip(states, shares, strict=True):
            drawn_K = np.bincount(state_n, found_n)
            target_K = drawn_K.clip(real_K - slack, real_K + slack)
            factor_K = np.divide(target_K, drawn_K, out=np.ones_like(drawn_K), where=drawn_K > 0)
            error = max(error, abs(factor_K - 1).max())
            found_n = found_n * factor_K[state_n]
            found_n /= found_n.sum()
        if error < TOLERANCE:
            break
    return torch.from_numpy(found_n).to(probabilities_n)


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
        if not free_n.any():  # too small for their floats
            free_n = (~is_capped_n).float()
        probabilities_n = torch.where(is_capped_n, limit, free_n * (rest / free_n.sum()))
    return probabilities_n
