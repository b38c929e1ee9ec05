"""The number of decimals that numbers were written with, and so the grid that they lie on."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

MAX_DECIMALS: Final = 6


def decimals_of(distinct: NDArray[np.float64]) -> int | None:
    """Return the fewest decimals, 0 to 6, that all numbers can be written with, or None if 6 are too few.

    A number can be written with so many decimals if it equals its rounded value up to the precision of its
    floating-point format: single precision if that holds all numbers exactly, else double precision.
    ``distinct`` holds finite numbers and has shape ``(n,)``.

    Examples
    --------
    >>> decimals_of(np.array([0.5, 2.25])), decimals_of(np.array([0.1, np.pi]))
    (2, None)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        is_single = bool((distinct.astype(np.float32) == distinct).all())
        # One bit of the mantissa in reserve for single, two for double precision.
        relative = 2.0**-23 if is_single else 2.0**-50
        probe = distinct[:: max(1, len(distinct) // 32)]  # saves most passes over continuous columns
        for decimals in range(MAX_DECIMALS + 1):
            for values in (probe, distinct):
                scaled = values * 10.0**decimals
                off = np.abs(scaled - np.rint(scaled))
                if not (off <= np.minimum(np.abs(scaled) * relative, 0.1)).all():
                    break
            else:
                return decimals
    return None


def to_grid(values: NDArray[np.float64], decimals: int | None) -> NDArray[np.float64]:
    """Round numbers that lie next to a number of so many decimals to that number.

    Single precision stores 0.1 as 0.10000000149; read as a double, this is not the 0.1 that was meant.
    Numbers that are more than a tenth of the last decimal away are returned unchanged, and so are all
    numbers if ``decimals`` is None. The shape stays.

    Examples
    --------
    >>> to_grid(np.array([0.1], dtype="float32").astype(float), 1).tolist()
    [0.1]
    """
    if decimals is None:
        return values
    power = 10.0**decimals
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * power
        nearest = np.rint(scaled)
        return np.where(np.abs(scaled - nearest) <= 0.1, nearest / power, values)
