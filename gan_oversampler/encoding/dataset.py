"""Encoded rows with their class labels, as oracles see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.cells import Cells

Frame = Any  # any container that the user gave
Redraw = Callable[[NDArray[np.intp], int], NDArray[np.floating[Any]]]
"""Draws other rows for these positions, given the number of the attempt."""
Revise = Callable[[list[Cells]], list[Cells]]
"""Replaces some decoded rows by others, given and returned as the cells of all columns."""


def _as_they_are(values: NDArray[Any], *context: Any) -> NDArray[Any]:  # named, so that it can be pickled
    return values


Encoding = Callable[[NDArray[np.intp]], NDArray[Any]]
"""Encodes the rows at these positions ``(n,)`` of a user's table: ``(n, F)``; also none of them."""


class _Values:
    """The field ``values`` of rows: an array, or what encodes it once somebody asks for it."""

    def __get__(self, rows: Rows | None, owner: type) -> NDArray[Any]:
        if rows is None:
            raise AttributeError("values")  # as of any field without a default
        found = vars(rows)["values"]
        if callable(found):
            found = vars(rows)["values"] = found(rows._origin)
        return cast(NDArray[Any], found)

    def __set__(self, rows: Rows, values: NDArray[Any] | Encoding) -> None:
        vars(rows)["values"] = values


@dataclass(frozen=True)
class Rows:
    """Encoded rows with their classes, which can also be returned in the user's container.

    Parameters
    ----------
    values : ndarray of shape (n, F), or callable
        Encoded rows. A function encodes them when they are first read, called as ``values(origin)``: of a
        large table, scores look at few rows, which are selected before.
    codes : ndarray of shape (n,)
        Class codes; the rarest class has the highest code.
    classes : ndarray of shape (n_classes,)
        The user's label of each code.
    frames : callable, default=encoded rows as they are
        Called as ``frames(values, codes, origin)``, returns the rows in the user's container.
    origin : ndarray of shape (n,), default=None
        Position of each row in the user's table; -1 for synthetic rows, which come last. None if all are.
    recode : callable, default=encoded rows as they are
        Called as ``recode(values, rng, codes, redraw)``, returns the rows decoded and encoded anew, with
        others from ``redraw(positions, attempt)`` in place of those that break a constraint.
    weights : ndarray of shape (n,), default=None
        How much each row counts, 1 on average over the table; None: all alike.
    groups : ndarray of shape (n,), default=None
        Number of the group of each row, -1 for synthetic rows; None: rows belong to no groups.

    Examples
    --------
    >>> rows = Rows(np.eye(2), np.array([0, 1]), np.array(["no", "yes"]))
    >>> rows.of(1).labels.tolist()
    ['yes']
    """

    values: NDArray[Any]
    codes: NDArray[np.intp]
    classes: NDArray[Any]
    frames: Callable[[NDArray[Any], NDArray[np.intp], NDArray[np.intp]], Frame] = _as_they_are
    origin: NDArray[np.intp] | None = None
    recode: Callable[..., NDArray[Any]] = _as_they_are
    weights: NDArray[np.float64] | None = None
    groups: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def counts(self) -> NDArray[np.intp]:
        """Number of rows of each class, by code."""
        return np.bincount(self.codes, minlength=len(self.classes))

    @property
    def width(self) -> int:
        """Number of encoded columns."""
        return int(self.at(np.arange(0)).values.shape[1])

    @property
    def labels(self) -> NDArray[Any]:
        """The user's label of each row, of shape ``(n,)``."""
        return np.asarray(self.classes[self.codes])

    @property
    def frame(self) -> Frame:
        """The rows in the user's container: real ones as they came, synthetic ones decoded."""
        return self.frames(self.values, self.codes, self._origin)

    @property
    def _origin(self) -> NDArray[np.intp]:
        return np.full(len(self), -1) if self.origin is None else self.origin

    def synthetic(self, values: NDArray[Any], codes: NDArray[np.intp]) -> Rows:
        """Make synthetic rows of the same table: encoded rows ``(n, F)`` with their class codes ``(n,)``."""
        return Rows(values, codes, self.classes, self.frames, recode=self.recode)

    def recoded(self, rng: np.random.Generator, redraw: Redraw | None = None) -> Rows:
        """Return synthetic rows as the user gets them: decoded, which rounds them, and encoded anew.

        Those that break a constraint are replaced by rows of ``redraw``, which is called with their positions
        and the number of the attempt.
        """
        return self.synthetic(self.recode(self.values, rng, self.codes, redraw), self.codes)

    def at(self, index: NDArray[Any]) -> Rows:
        """Return the rows at these positions, or where this mask is True, in the order of the index."""
        stored, origin = vars(self)["values"], self._origin[index]
        return Rows(
            stored if callable(stored) else stored[index],
            self.codes[index],
            self.classes,
            self.frames,
            origin,
            self.recode,
            weights=None if self.weights is None else self.weights[index],
            groups=None if self.groups is None else self.groups[index],
        )

    def of(self, code: int) -> Rows:
        """Return the rows of the class with this code, in their order; there may be none."""
        return self.at(self.codes == code)

    @property
    def detached(self) -> Rows:
        """The same encoded rows, without what leads to the user's table."""
        return replace(self, frames=_as_they_are, recode=_as_they_are)

    @property
    def weighing(self) -> Rows:
        """The rows that weigh anything; all of them, without weights."""
        return self if self.weights is None or self.weights.all() else self.at(self.weights > 0)

    def join(self, other: Rows) -> Rows:
        """Return these rows followed by those of ``other``, which must be encoded and coded alike.

        Synthetic rows must come last in `frame`, so join real rows with synthetic ones, not the reverse. Rows
        without weights weigh as much as those of their class here do on average, where these have weights.
        """
        weights, groups = self.weights, self.groups
        if weights is not None:
            mean = self.mean_weights[other.codes]
            weights = np.concatenate([weights, mean if other.weights is None else other.weights])
        if groups is not None:
            none = np.full(len(other), -1)
            groups = np.concatenate([groups, none if other.groups is None else other.groups])
        return replace(
            self,
            values=np.concatenate([self.values, other.values]),
            codes=np.concatenate([self.codes, other.codes]),
            origin=np.concatenate([self._origin, other._origin]),
            weights=weights,
            groups=groups,
        )

    @property
    def mean_weights(self) -> NDArray[np.float64]:
        """Mean weight of the rows of each class, by code; 1 for a class without rows."""
        totals = np.bincount(self.codes, self.weights, minlength=len(self.classes))
        return np.where(self.counts > 0, totals / np.maximum(self.counts, 1), 1.0)


Rows.values = _Values()  # type: ignore[assignment]  # after the class, or it would be a default
