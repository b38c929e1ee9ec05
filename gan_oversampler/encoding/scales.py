"""Scales that count how far 64-bit integers and times lie above the smallest one, in steps or in months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Times of one day of the month are counted in months if at least so many of them differ. By chance, so many
# days would be the same with a probability of one in a million.
MIN_MONTHS: Final = 5
MAX_FLOAT: Final = float(np.nextafter(2.0**64, 0.0))  # the largest that fits into 64 bits


@dataclass(frozen=True, slots=True)
class Ticks:
    """Whole numbers of equal steps above the smallest 64-bit integer.

    Differences are taken modulo 2**64: int64 could not hold that of its largest and its smallest number.

    Examples
    --------
    >>> limits = np.iinfo(np.int64)
    >>> ticks = Ticks.learn(np.array([limits.max, limits.min]))
    >>> ticks.value(np.array([1e30]), limits.dtype).tolist() == [limits.max]
    True
    """

    origin: int  # smallest integer
    step: int
    last: int  # how many steps the largest integer lies above the smallest

    @classmethod
    def learn(cls, values: NDArray[Any], step: int = 1) -> Ticks:
        """Learn the range of 64-bit integers that lie whole numbers of steps apart."""
        low, high = int(values.min()), int(values.max())
        return cls(low, step, (high - low) // step)

    def count(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return how many steps lie between the origin and each integer, none for smaller integers."""
        above = np.maximum(values, values.dtype.type(self.origin))
        return (above.astype(np.uint64) - np.uint64(self.origin % 2**64)) / self.step

    def value(self, counts: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the integers, of this dtype of 64 bits, that lie so many steps above the origin."""
        whole = np.rint(np.clip(counts, 0.0, MAX_FLOAT)).astype(np.uint64)
        # float64 rounds large counts; the largest one must lead back to the largest integer.
        steps = np.where(counts >= self.last, np.uint64(self.last), np.minimum(whole, np.uint64(self.last)))
        return (steps * np.uint64(self.step) + np.uint64(self.origin % 2**64)).astype(dtype)


@dataclass(frozen=True, slots=True)
class Months:
    """Whole months since the earliest date, for dates of one day of the month, such as the first or the last.

    Dates are taken a day on, and so the last day of a month is the first of the next one.

    Examples
    --------
    >>> days = np.array(["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-06-30"], dtype="M8[s]")
    >>> months = Months.learn(days)
    >>> months.count(days).tolist(), str(months.value(np.array([4.0]), days.dtype)[0])
    ([0.0, 1.0, 2.0, 3.0, 5.0], '2024-05-31T00:00:00')
    """

    first: int  # month of the earliest date, from January 1970
    last: int  # how many months the latest date lies after it
    rest: int  # from the start of its month to each date, in units of the dates

    @classmethod
    def learn(cls, dates: NDArray[np.datetime64]) -> Months | None:
        """Return the months of dates, or None if these are few, or of several days or times of the day.

        The 28th to the 30th do not count as a day of the month, since not every month has them.
        """
        months = _months_of(dates)
        rest = dates - months.astype(dates.dtype)
        is_one_day = (rest == rest[0]).all() and rest[0] < np.timedelta64(27, "D")
        if not is_one_day or len(np.unique(dates)) < MIN_MONTHS:
            return None
        index = months.astype(np.int64)
        return cls(int(index.min()), int(np.ptp(index)), int(rest[0].astype(np.int64)))

    def count(self, dates: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Return how many months lie between the earliest date and each of these."""
        return (_months_of(dates).astype(np.int64) - self.first).astype(np.float64)

    def value(self, counts: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[np.datetime64]:
        """Return the dates, of this dtype, that lie so many months after the earliest one."""
        months = self.first + np.rint(counts.clip(0, self.last)).astype(np.int64)
        return months.astype("M8[M]").astype(dtype) + np.int64(self.rest).astype(f"m8{dtype.str[3:]}")


def _months_of(dates: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return (dates + np.timedelta64(1, "D")).astype("M8[M]")
