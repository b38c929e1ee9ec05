"""One thread while fitting: two on busy cores were seen far slower than one on products this small."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from threadpoolctl import threadpool_limits

_lock = threading.Lock()
_depth = 0
_restore = ExitStack()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limit torch, BLAS and OpenMP to one thread, and restore what was set before.

    The limits belong to the process: of nested and concurrent uses the first one sets them, the last one
    restores them.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _depth
    with _lock:
        if not _depth:
            _restore.callback(torch.set_num_threads, torch.get_num_threads())
            _restore.enter_context(threadpool_limits(1))
            torch.set_num_threads(1)
        _depth += 1


def _leave() -> None:
    global _depth
    with _lock:
        _depth -= 1
        if not _depth:
            _restore.close()
