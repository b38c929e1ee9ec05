"""Resampled tables, as many as wanted of one table, each another draw of the same sampler."""

# n row

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Any, Final

import narwhals as nw
import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble._base import _set_random_states
from sklearn.utils.validation import _check_method_params, _num_samples

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.containers import rows_at
from gan_oversampler.encoding.dataset import Frame

Metadata = Mapping[str, Any]
NEW: Final = -1  # origin of a row that the sampler made


def with_seeds(estimator: Any, streams: Streams) -> Any:
    """Set every ``random_state`` of an estimator and its parts, in place, and return the estimator."""
    _set_random_states(estimator, seed_of(streams))
    return estimator


def seed_of(streams: Streams) -> int:
    """Seed small enough for every library."""
    return streams.child_seed("seed") % 2**31


@dataclass(frozen=True)
class Redraws:
    """A table and its sampler: what every resampled table is drawn from.

    A sampler that has ``sample(n, y=label, random_state=seed)`` and ``sampling_strategy_`` is fitted already;
    of any other one a clone is fitted for each table.
    """

    sampler: Any
    X: Frame
    y: NDArray[Any]
    max_samples: int | float  # real rows of one class at most: a number, or a share of the largest class
    metadata: Metadata  # what the sampler's ``fit_resample`` asked for

    def draw(self, streams: Streams) -> tuple[Frame, NDArray[Any], NDArray[np.intp] | None]:
        """Draw a resampled table: rows, labels, and the position in ``X`` of each row, -1 where it is new.

        Positions are None if the sampler does not tell which rows it kept.
        """
        kept_n = self._kept_rows(streams.numpy("rows"))
        X, y = self.X, self.y
        if len(kept_n) < len(y):
            X, y = rows_at(X, kept_n), y[kept_n]
        if hasattr(self.sampler, "sample"):
            return self._with_new_rows(X, y, kept_n, streams)
        sampler = with_seeds(clone(self.sampler), streams.child("sampler"))
        X_all, y_all = sampler.fit_resample(X, y, **_check_method_params(self.X, self.metadata, kept_n))
        origin_n = _origin(sampler, len(y_all), len(y))
        return X_all, y_all, None if origin_n is None else np.append(kept_n, NEW)[origin_n]

    def _kept_rows(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Positions of the real rows of a table, in order: of large classes some, other ones each time."""
        codes_n, counts = np.unique(self.y, return_inverse=True, return_counts=True)[1:]
        most = self._most_rows(counts)
        rank_n = np.empty(len(codes_n), int)
        for code, count in enumerate(counts):
            rank_n[codes_n == code] = rng.permutation(count)
        return np.flatnonzero(rank_n < most)

    def _most_rows(self, counts: NDArray[np.intp]) -> int:
        whole = isinstance(self.max_samples, int | np.integer)
        return int(self.max_samples) if whole else ceil(self.max_samples * counts.max())

    def _with_new_rows(
        self, X: Frame, y: NDArray[Any], kept_n: NDArray[np.intp], streams: Streams
    ) -> tuple[Frame, NDArray[Any], NDArray[np.intp]]:
        """Append rows of a fitted sampler: as many as keep the ratios that it was fitted for."""
        labels, counts = np.unique(self.y, return_counts=True)
        share = min(1.0, self._most_rows(counts) / counts.max())
        found, new_labels = [X], [y]
        for label, n_new in self.sampler.sampling_strategy_.items():
            code = int((labels == label).argmax())
            n = round((counts[code] + n_new) * share) - int((y == label).sum())
            if n_new and n > 0:
                seed = seed_of(streams.child("class", code))
                found.append(self.sampler.sample(n, y=label, random_state=seed))
                new_labels.append(np.repeat(labels[code : code + 1], n))
        y_all = np.concatenate(new_labels)
        origin_n = np.append(kept_n, np.full(len(y_all) - len(y), NEW))
        return stacked(found), y_all, origin_n


def _origin(sampler: Any, n_all: int, n_given: int) -> NDArray[np.intp] | None:
    """Positions among the given rows of those that a fitted sampler returned; None if it does not tell."""
    if hasattr(sampler, "sample_indices_"):
        return np.asarray(sampler.sample_indices_)
    if isinstance(sampler, BaseOverSampler):  # all of them append to the rows that came
        return np.append(np.arange(n_given), np.full(n_all - n_given, NEW))
    return None


def stacked(tables: Sequence[Frame]) -> Frame:
    """Return the rows of tables of one container, and of the same columns, as one table.

    >>> stacked([[[1, "a"]], [[2, "b"]]])
    [[1, 'a'], [2, 'b']]
    """
    if isinstance(tables[0], list):
        return list(chain.from_iterable(tables))
    if sparse.issparse(tables[0]):
        return sparse.vstack(tables, format=tables[0].format)
    frames = [nw.from_native(table, eager_only=True, pass_through=True) for table in tables]
    if isinstance(frames[0], nw.DataFrame):
        return nw.concat(frames).to_native()
    return np.concatenate(tables)


def carried(metadata: Metadata, y: NDArray[Any], origin_n: NDArray[np.intp] | None, y_all: Any) -> Metadata:
    """Give the metadata of the rows ``y`` to those of a resampled table.

    A new row weighs as much as the rows of its class do on average. Values that are not one per row stay as
    they are.

    Raises
    ------
    ValueError
        If new rows would need other metadata than ``sample_weight``, or it is unknown which rows were kept.
    """
    return {
        name: _carried_values(name, value, y, origin_n, np.asarray(y_all)) if _is_per_row(value, y) else value
        for name, value in metadata.items()
    }


def _is_per_row(value: Any, y: NDArray[Any]) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str) and _num_samples(value) == len(y)


def _carried_values(
    name: str, value: Any, y: NDArray[Any], origin_n: NDArray[np.intp] | None, y_all: NDArray[Any]
) -> Any:
    is_new_n = None if origin_n is None else origin_n == NEW
    if is_new_n is None or (is_new_n.any() and name != "sample_weight"):
        why = "the sampler does not tell which rows it kept" if is_new_n is None else "new rows have none"
        raise ValueError(
            f"The classifier asks for {name!r}, but {why}. Take back its request by"
            f" set_fit_request({name}=False), or use a sampler with 'sample_indices_'."
        )
    values = np.asarray(value)[origin_n]
    if is_new_n.any():
        weights = np.asarray(value, float)
        means = {label: weights[y == label].mean() for label in np.unique(y_all[is_new_n])}
        values = values.astype(float)
        values[is_new_n] = [means[label] for label in y_all[is_new_n]]
    return values
