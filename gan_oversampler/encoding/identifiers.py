"""Columns that name rows rather than describe them: texts are refused, integers are warned of.

Both rules count values that occur again. The share of distinct values would mislead: it is larger in every
fold of a cross-validation than in the whole table, so that a column would pass ``fit`` and fail there.
"""

from collections.abc import Hashable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gan_oversampler._utils import warn_user
from gan_oversampler.encoding.cells import Values

# Text with more distinct values than this, of which fewer than this occur again, is refused.
ID_MIN_DISTINCT: Final = 20
ID_MIN_REPEATED: Final = 3
# Integers are reported if chance makes so many pairs of equal ones, and a tenth of them is there: by
# Poisson's law that has a probability of 5e-6.
MIN_PAIRS: Final = 15.0
REMEDY: Final = "Drop it, list it in `categorical_features`, or convert it to numbers or dates."


def check_texts(name: Hashable, counts: NDArray[np.intp]) -> None:
    """Refuse a column of texts that look like identifiers, or warn if nearly all of them do.

    ``counts`` says how often each distinct text occurs. With more than 20 distinct ones, of which fewer than
    three occur again, the column raises ``ValueError``: there is nothing to learn of values that occur once.
    Where most of its cells are distinct, it is a warning.

    Examples
    --------
    >>> check_texts("name", np.ones(50, dtype=int))
    Traceback (most recent call last):
        ...
    ValueError: Column 'name' looks like an identifier or free text: 50 distinct values in 50 cells, ...
    """
    n_levels, n_cells = len(counts), int(counts.sum())
    if n_levels <= ID_MIN_DISTINCT:
        return
    repeated = int(np.count_nonzero(counts > 1))
    if repeated < ID_MIN_REPEATED:
        raise ValueError(
            f"Column {name!r} looks like an identifier or free text: {n_levels} distinct values in {n_cells}"
            f" cells, of which {repeated} occur again; a category has {ID_MIN_REPEATED} or more such values."
            f" {REMEDY}"
        )
    if 2 * n_levels > n_cells:
        warn_user(
            f"Column {name!r} holds {n_levels} distinct texts in {n_cells} cells. New rows copy them, and"
            f" little can be learned of texts that occur once. {REMEDY}"
        )


def warn_of_identifiers(name: Hashable, integers: Values) -> None:
    """Warn of a column of integers if they look like numbers of rows or identifiers.

    These differ although they lie so dense that numbers drawn from their range would not: of ``n`` integers
    drawn from ``m`` possible ones, ``n (n - 1) / 2m`` pairs are equal on average, and more if some integers
    are more frequent than others, as in measurements. The warning needs 15 pairs to be expected, and a tenth
    of them at most to be there. Possible are the multiples of the largest common step from the smallest
    integer to the largest one.

    Examples
    --------
    >>> warn_of_identifiers("age", np.arange(100) % 70)
    """
    n = len(integers)
    distinct, counts = np.unique(integers, return_counts=True)
    equal = int((counts * (counts - 1) // 2).sum())
    if len(distinct) < 2 or 10 * equal > n * (n - 1) / 2:
        return
    # Differences of 64-bit integers fit into unsigned ones, whatever their signs.
    steps = np.diff(distinct.astype(np.uint64))
    n_possible = (int(distinct[-1]) - int(distinct[0])) // int(np.gcd.reduce(steps)) + 1
    expected = n * (n - 1) / (2 * n_possible)
    if expected >= MIN_PAIRS and 10 * equal <= expected:
        warn_user(
            f"Column {name!r} looks like row numbers or identifiers: {len(distinct)} of {n} integers are"
            f" distinct, although they lie between {distinct[0]} and {distinct[-1]}. New rows would mix them"
            " as if they were measurements. Drop it, unless it is one."
        )
