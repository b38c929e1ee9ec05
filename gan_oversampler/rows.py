"""Labelled encoded rows, as oracles see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Frame = Any  # whatever container the user gave


@dataclass(frozen=True)
class Rows:
    """Encoded rows with their classes.

    Parameters
    ----------
    values : ndarray of shape (n, F)
        Encoded rows.
    codes : ndarray of shape (n,)
        Class codes; the rarest class has the highest code.
    classes : ndarray of shape (n_classes,)
        The user's label of each code.
    decode : callable
        Encoded rows to the user's container.

    Examples
    --------
    >>> rows = Rows(np.eye(2), np.array([0, 1]), np.array(["no", "yes"]))
    >>> rows.of(1).labels.tolist()
    ['yes']
    """

    values: NDArray[Any]
    codes: NDArray[np.intp]
    classes: NDArray[Any]
    decode: Callable[[NDArray[Any]], Frame] = np.asarray

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def labels(self) -> NDArray[Any]:
        """The user's labels."""
        return np.asarray(self.classes[self.codes])

    @property
    def frame(self) -> Frame:
        """The rows in the user's container."""
        return self.decode(self.values)

    def at(self, index: NDArray[Any]) -> Rows:
        """Rows by position or mask."""
        return replace(self, values=self.values[index], codes=self.codes[index])

    def of(self, code: int) -> Rows:
        """Rows of one class."""
        return self.at(self.codes == code)

    def join(self, other: Rows) -> Rows:
        """These rows followed by others."""
        return replace(
            self,
            values=np.concatenate([self.values, other.values]),
            codes=np.concatenate([self.codes, other.codes]),
        )
