"""Random numbers that fill their space evenly, so that a few rows stand for many."""

# n row, D number of a row

from __future__ import annotations

from typing import Final

import torch
from scipy.stats.qmc import Sobol
from torch import Tensor

MOST: Final = 64  # numbers of a row that are even: more would cost more and be less so
MARGIN: Final = 1e-6  # from 0 and from 1, where quantiles of the normal law are infinite


def even(n: int, n_numbers: int, generator: torch.Generator) -> Tensor:
    """Uniform numbers ``(n, D)``: points of a Sobol' sequence, scrambled as scipy does it, in its order.

    Each point alone is uniform; together they leave smaller gaps than independent ones, in each number
    and among the first few. Later ones of few points may go together by chance more than independent ones
    do, in one draw and not on average. What is longer than ``MOST`` has independent numbers at its end.

    >>> points = even(8, 2, torch.Generator().manual_seed(0))
    >>> (8 * points).long().sort(0).values.T
    tensor([[0, 1, 2, 3, 4, 5, 6, 7],
            [0, 1, 2, 3, 4, 5, 6, 7]])
    """
    n_even = min(n_numbers, MOST)
    engine = Sobol(n_even, seed=int(torch.randint(2**31, (1,), generator=generator)))
    points = torch.from_numpy(engine.random_base2(max(n - 1, 0).bit_length())[:n])
    rest = torch.rand(n, n_numbers - n_even, generator=generator, dtype=torch.double)
    return torch.cat([points, rest], dim=1).clamp(MARGIN, 1 - MARGIN)
