"""What users may tell of rows besides cells and labels: how much each counts, and which belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_oversampler.encoding.labels import Target


def read_weights(sample_weight: Any, target: Target) -> NDArray[np.float64] | None:
    """Read the weights of the rows of a table, scaled to a mean of 1.

    None, and weights that are all alike, give None: every row counts the same. Raises ``ValueError`` if there
    is not one finite number per row, if one is negative, or if all rows of a class weigh nothing.

    Examples
    --------
    >>> read_weights([1, 3, 2], Target.of(["no", "no", "yes"])).tolist()
    [0.5, 1.5, 1.0]
    """
    if sample_weight is None:
        return None
    try:
        values = np.asarray(sample_weight)
        if values.dtype.kind in "cSUMm":  # numpy would make some number of them
            raise TypeError(f"their type is {values.dtype}")
        weights = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"'sample_weight' must hold numbers: {error}.") from None
    _check_length("sample_weight", weights, len(target.codes))
    if not np.isfinite(weights).all() or (weights < 0).any():
        wrong = weights[~np.isfinite(weights) | (weights < 0)][0]
        raise ValueError(f"'sample_weight' must hold finite numbers from 0 on. Got {wrong} instead.")
    # An exact change of scale: sums of the largest floats would be infinite.
    weights = np.ldexp(weights, -np.frexp(weights.max(initial=0.0))[1])
    totals = np.bincount(target.codes, weights)
    if not totals.all():
        label = target.names[int(np.argmin(totals))]
        raise ValueError(
            f"All rows of class {label!r} have a 'sample_weight' of zero. Drop them, or give one a weight."
        )
    return None if np.ptp(weights) == 0 else weights / weights.mean()


def read_groups(groups: Any, target: Target) -> NDArray[np.intp] | None:
    """Read which rows belong together: a number from 0 on per row, equal for rows of one group.

    None gives None. Raises ``ValueError`` if there is not one value per row, or if one is missing.

    Examples
    --------
    >>> read_groups(["ann", "bob", "ann"], Target.of([0, 0, 1])).tolist()
    [0, 1, 0]
    """
    if groups is None:
        return None
    # Among texts and numbers of a list numpy would make texts of NaN and of 1.
    values = np.asarray(groups, dtype=object if isinstance(groups, list | tuple) else None)
    _check_length("groups", values, len(target.codes))
    codes = np.asarray(pd.factorize(values)[0], dtype=np.intp)
    if (codes < 0).any():
        raise ValueError(
            f"'groups' holds {int((codes < 0).sum())} missing values. Give rows without a group one of their"
            " own."
        )
    return codes


def _check_length(name: str, values: NDArray[Any], n: int) -> None:
    if values.shape != (n,):
        raise ValueError(f"{name!r} must hold one value per row, {n} in all. Got shape {values.shape}.")
