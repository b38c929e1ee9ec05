"""Which process owns a round of trials, and whether it is still there."""

from __future__ import annotations

import os
import platform
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psutil

Owner = Mapping[str, Any]
"""Host, process, its start, the search within it and the time of the claim: plain values for a storage."""

_SAME_START: Final = 2.0  # seconds by which two readings of one process's start may differ
_searching: Final[set[str]] = set()  # searches that go on in this process


@contextmanager
def owner_of_this_search() -> Iterator[Owner]:
    """Owner that is there until the block ends, however it ends."""
    search = uuid.uuid4().hex
    _searching.add(search)
    try:
        yield {
            "host": platform.node(),
            "pid": os.getpid(),
            "started": psutil.Process().create_time(),
            "search": search,
            "at": time.time(),
        }
    finally:
        _searching.discard(search)


def is_gone(owner: Owner, heartbeat: float, grace: float) -> bool:
    """Tell whether nobody works on what the owner has claimed.

    Processes of this host are looked up. Those of other hosts are gone when their last sign of life is older
    than ``grace`` seconds; clocks of hosts are taken to agree.
    """
    if owner["host"] != platform.node():
        return time.time() - max(heartbeat, owner["at"]) > grace
    if owner["pid"] == os.getpid():
        return owner["search"] not in _searching
    try:
        process = psutil.Process(owner["pid"])
        is_same = abs(process.create_time() - owner["started"]) < _SAME_START
        return not is_same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
