"""What is learned of plain numbers: the grid they sit on, their spikes, their moments."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MAX_DECIMALS: Final = 6
MAX_SPIKES: Final = 3
SPIKE_SHARE: Final = 0.15
SPIKE_MIN_DISTINCT: Final = 10
TIME_STEPS: Final[Mapping[str, int]] = MappingProxyType(  # in nanoseconds, coarsest first
    {
        "D": 86_400 * 10**9,
        "h": 3600 * 10**9,
        "m": 60 * 10**9,
        "s": 10**9,
        "ms": 10**6,
        "us": 10**3,
        "ns": 1,
    }
)


def decimals_of(distinct: NDArray[np.float64]) -> int | None:
    """Fewest decimals that hold every value, ``None`` if there are none.

    Examples
    --------
    >>> decimals_of(np.array([0.5, 2.25])), decimals_of(np.array([0.1, np.pi]))
    (2, None)
    """
    with np.errstate(over="ignore"):
        is_single = bool((distinct.astype(np.float32) == distinct).all())
    relative = 2.0**-23 if is_single else 2.0**-50
    probe = distinct[:: max(1, len(distinct) // 32)]  # spares most passes over continuous columns
    for decimals in range(MAX_DECIMALS + 1):
        if all(_on_grid(values, decimals, relative) for values in (probe, distinct)):
            return decimals
    return None


def to_grid(values: NDArray[np.float64], decimals: int | None) -> NDArray[np.float64]:
    """The decimal number itself where float32 holds only its neighbour.

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


def spikes_of(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Positions of the values that deserve a state, most frequent first.

    Examples
    --------
    >>> spikes_of(np.array([1] * 6 + [9] + [1] * 5)).tolist()
    [6]
    """
    if len(counts) <= SPIKE_MIN_DISTINCT:
        return np.empty(0, dtype=np.intp)
    most = np.argsort(-counts, kind="stable")[:MAX_SPIKES]
    return np.array([i for i in most if counts[i] >= SPIKE_SHARE * counts.sum()], dtype=np.intp)


def moments_of(values: NDArray[np.float64], counts: NDArray[np.intp]) -> tuple[float, float]:
    """Mean and standard deviation of values that occur so many times.

    Examples
    --------
    >>> moments_of(np.array([1.0, 4.0]), np.array([3, 1]))[0]
    1.75
    """
    size = float(np.abs(values).max()) or 1.0  # keeps squares of huge and tiny values in range
    scaled = values / size
    mean = np.average(scaled, weights=counts)
    std = np.sqrt(np.average((scaled - mean) ** 2, weights=counts))
    return float(mean * size), float(std * size) or 1.0


def coarsest_step(since: NDArray[np.int64], dtype: np.dtype[Any]) -> int:
    """Ticks of the coarsest unit that all times are whole multiples of.

    Examples
    --------
    >>> coarsest_step(np.array([0, 7200, 10800]), np.dtype("M8[s]"))
    3600
    """
    unit, multiple = np.datetime_data(dtype)
    tick = TIME_STEPS[unit] * multiple
    for step in TIME_STEPS.values():
        ticks, rest = divmod(step, tick)
        if ticks and not rest and not (since % ticks).any():
            return ticks
    return 1


def _on_grid(values: NDArray[np.float64], decimals: int, relative: float) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * 10.0**decimals
        off = np.abs(scaled - np.rint(scaled))
        return bool((off <= np.minimum(np.abs(scaled) * relative, 0.1)).all())
