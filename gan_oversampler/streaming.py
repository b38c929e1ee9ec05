"""Endless balanced batches of real and new rows, for training loops of torch."""

# n row, K batch, B row of a batch

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from numbers import Integral
from typing import Any, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Frame
from gan_oversampler.encoding.labels import Target

ROWS_AT_ONCE: Final = 4096  # that many are drawn together, as single batches would cost far more time

Transform = Callable[[Frame], Any]


class Sampler(Protocol):
    """A fitted sampler, as far as a stream draws from it."""

    classes_: NDArray[Any]
    sampling_strategy_: Mapping[Any, int]

    def sample(self, n: int, *, y: Any = None, random_state: Any = None) -> Frame:
        """Draw ``n`` new rows of the class with the label ``y``."""


class BalancedStream(IterableDataset[tuple[Tensor, Tensor]]):
    """Endless batches ``(X, y)`` with equal shares of all classes, of real rows and of fresh new ones.

    `GANOversampler.stream` makes it and documents it.
    """

    def __init__(
        self,
        sampler: Sampler,
        X: Frame,
        y: Any,
        batch_size: Any,
        transform: Transform | None,
        random_state: Any,
        streams: Streams,  # for a random_state of None
    ) -> None:
        if not isinstance(batch_size, Integral) or isinstance(batch_size, bool) or batch_size < 1:
            raise ValueError(f"'batch_size' must be a positive integer. Got {batch_size!r} instead.")
        target = Target.of(y)
        order = np.argsort(target.classes)
        if not np.array_equal(target.classes[order], sampler.classes_):
            raise ValueError(
                f"'y' must hold the classes that the sampler was fitted to, {sampler.classes_.tolist()}."
                f" Got {target.classes[order].tolist()}. Give the table that it was fitted to."
            )
        real = float_tensor(X, transform)
        check_consistent_length(real, target.codes)
        self.sampler = sampler
        self.transform = transform
        self.batch_size = int(batch_size)
        self.always_alike = random_state is not None
        self.streams = Streams.of(random_state) if self.always_alike else streams
        self.labels = [target.names[code] for code in order]
        self.real = [real[torch.from_numpy(target.codes == code)] for code in order]
        self.n_iterations = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        streams, n_refills = self._streams_of_iteration(), 0
        while True:
            yield from self._refill(streams.child("refill", n_refills))
            n_refills += 1

    def _streams_of_iteration(self) -> Streams:
        """Random streams of an iteration that begins: each worker of a ``DataLoader`` has its own."""
        worker = get_worker_info()
        if self.always_alike:
            return self.streams.child("worker", worker.id) if worker else self.streams
        if worker:  # of a copy of this object: only torch's own seed differs between iterations
            return self.streams.child("worker", worker.seed)
        self.n_iterations += 1
        return self.streams.child("iteration", self.n_iterations)

    def _refill(self, streams: Streams) -> Iterator[tuple[Tensor, Tensor]]:
        """Draw the rows of the next batches together, and yield them batch by batch."""
        rng = streams.numpy("rows")
        n_batches = max(1, ROWS_AT_ONCE // self.batch_size)
        labels_KB = torch.from_numpy(balanced(n_batches, self.batch_size, len(self.labels), rng))
        rows_KBF = torch.empty(*labels_KB.shape, *self.real[0].shape[1:])
        for position in range(len(self.labels)):
            at_KB = labels_KB == position
            rows_KBF[at_KB] = self._rows(position, int(at_KB.sum()), rng, streams.child_seed("new", position))
        for rows_BF, labels_B in zip(rows_KBF, labels_KB, strict=True):
            yield rows_BF.clone(), labels_B.clone()  # or each would keep all of them in memory

    def _rows(self, position: int, n: int, rng: np.random.Generator, seed: int) -> Tensor:
        """Real and new rows of a class, in the shares that they have after ``fit_resample``."""
        real_nF, label = self.real[position], self.labels[position]
        n_new = self.sampler.sampling_strategy_.get(label, 0)
        rows_nF = real_nF[torch.from_numpy(rng.integers(len(real_nF), size=n))]
        is_new = torch.from_numpy(rng.random(n) < n_new / (n_new + len(real_nF)))
        if is_new.any():
            new = self.sampler.sample(int(is_new.sum()), y=label, random_state=seed)
            rows_nF[is_new] = float_tensor(new, self.transform)
        return rows_nF


def balanced(n_batches: int, batch_size: int, n_classes: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw the class of each row of some batches, as an array with a line per batch, in random order.

    Within a batch the numbers of rows of two classes differ by at most one, by chance in favour of either.

    >>> np.bincount(balanced(1, 7, 3, np.random.default_rng(0))[0]).tolist()
    [2, 2, 3]
    """
    order = rng.permuted(np.tile(np.arange(n_classes), (n_batches, 1)), axis=1)
    return rng.permuted(order[:, np.arange(batch_size) % n_classes], axis=1)


def float_tensor(rows: Frame, transform: Transform | None) -> Tensor:
    """Transform rows of any container, and return them as a tensor of 32-bit floats.

    Raises ``ValueError`` where texts, missing cells or infinite numbers are left.
    """
    rows = rows if transform is None else transform(rows)
    try:
        values = check_array(rows, accept_sparse=True, dtype=np.float32, allow_nd=True)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Batches are tensors of finite numbers, which these rows are not. Give what encodes, fills and"
            " scales them as 'transform', such as make_column_transformer(...).fit(X).transform."
            f" The error was: {error}"
        ) from error
    return torch.tensor(values.toarray() if sparse.issparse(values) else values)
