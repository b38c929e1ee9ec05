"""Quasi-random numbers, which fill their space evenly, so that few rows stand for many."""

# n row, D number of a row

from functools import lru_cache
from typing import Final

import torch
from scipy.stats.qmc import Sobol
from torch import Tensor

MAX_SOBOL_NUMBERS: Final = 64  # of a row: more would cost more and be less evenly spread
MARGIN: Final = 1e-6  # from 0 and from 1, where quantiles of the normal law are infinite


def sobol(n: int, n_numbers: int, generator: torch.Generator) -> Tensor:
    """Draw ``(n, n_numbers)`` uniform numbers in (0, 1): points of a scrambled Sobol' sequence, in its order.

    Each point alone is uniform; together they leave smaller gaps than independent points. Later numbers of
    few points may be correlated in one draw, not on average; those beyond ``MAX_SOBOL_NUMBERS`` are
    independent.

    >>> points = sobol(8, 2, torch.Generator().manual_seed(0))
    >>> (8 * points).long().sort(0).values.T
    tensor([[0, 1, 2, 3, 4, 5, 6, 7],
            [0, 1, 2, 3, 4, 5, 6, 7]])
    """
    n_sobol = min(n_numbers, MAX_SOBOL_NUMBERS)
    points = _points(n, n_sobol, int(torch.randint(2**31, (1,), generator=generator)))
    rest = torch.rand(n, n_numbers - n_sobol, generator=generator, dtype=torch.double)
    return torch.cat([points, rest], dim=1).clamp(MARGIN, 1 - MARGIN)


@lru_cache(maxsize=8)  # all candidates that are scored in a fold draw by the same numbers
def _points(n: int, n_numbers: int, seed: int) -> Tensor:
    engine = Sobol(n_numbers, seed=seed)
    return torch.from_numpy(engine.random_base2(max(n - 1, 0).bit_length())[:n])
