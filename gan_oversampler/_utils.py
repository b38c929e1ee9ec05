"""Look-ups by name whose failure says which names there are."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

import numpy as np
import torch
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

Entry = TypeVar("Entry")


def lookup(registry: Mapping[str, Entry], name: str, what: str) -> Entry:
    """Entry of a registry.

    >>> lookup({"hinge": 1, "bce": 2}, "hing", "loss")
    Traceback (most recent call last):
        ...
    ValueError: Unknown loss 'hing'. Did you mean 'hinge'? Known are: 'bce', 'hinge'.
    """
    if not isinstance(name, str):
        raise ValueError(f"A {what} is given by its name, a string. Got {name!r} instead.")
    if name not in registry:
        raise ValueError(f"Unknown {what} {name!r}.{did_you_mean(name, registry)}")
    return registry[name]


def did_you_mean(name: str, known: Iterable[str], besides: Iterable[str] = ()) -> str:
    """The nearest name, if any, and all known ones; those ``besides`` are too many to list."""
    near = get_close_matches(name, [*known, *besides], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Known are: {', '.join(map(repr, sorted(known)))}."


@dataclass(frozen=True, slots=True)
class Streams:
    """Root of all randomness of one fit.

    Examples
    --------
    >>> streams = Streams(0)
    >>> bool(streams.numpy("fold", 1).random() == streams.numpy("fold", 1).random())
    True
    >>> bool(streams.numpy("fold", 1).random() == streams.numpy("fold", 2).random())
    False
    """

    seed: int

    @classmethod
    def of(cls, random_state: int | np.random.RandomState | None) -> Streams:
        """Root from what scikit-learn calls ``random_state``."""
        if isinstance(random_state, (int, np.integer)):
            return cls(int(random_state))
        return cls(int(check_random_state(random_state).randint(np.iinfo(np.int32).max)))

    def child(self, *name: object) -> Streams:
        """Root of a whole family of streams."""
        return Streams(self.child_seed(*name))

    def child_seed(self, *name: object) -> int:
        """63-bit seed of the stream with this name."""
        text = "\x1f".join(map(repr, (self.seed, *name)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1

    def numpy(self, *name: object) -> np.random.Generator:
        return np.random.default_rng(self.child_seed(*name))

    def torch(self, *name: object) -> torch.Generator:
        return torch.Generator().manual_seed(self.child_seed(*name))


_lock = threading.Lock()
_depth = 0
_n_threads = 1  # of torch, before the first of all concurrent uses
_restore = ExitStack()
_local = threading.local()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limit torch, BLAS and OpenMP to one thread, and restore what was set before.

    The limits of BLAS belong to the process: of concurrent uses the first one sets them, and the last one
    restores them. That of torch belongs to each thread, which sets and restores its own.
    """
    if getattr(_local, "is_limited", False):
        yield
        return
    _enter()
    _local.is_limited = True
    torch.get_num_threads()  # or the first use in a new thread would take what another thread has set since
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(_n_threads)
        _local.is_limited = False
        _leave()


def _enter() -> None:
    global _depth, _n_threads
    with _lock:
        if not _depth:
            _n_threads = torch.get_num_threads()
            _restore.enter_context(threadpool_limits(1))
        _depth += 1


def _leave() -> None:
    global _depth
    with _lock:
        _depth -= 1
        if not _depth:
            _restore.close()
