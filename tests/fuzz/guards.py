"""What no case may do: take long, fill the memory, or write or start anything outside its folder."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_SECONDS = 30.0  # of computing
MAX_GROWTH = 600 << 20  # bytes of memory that one case may add to the most that the process ever had
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "subprocess.Popen")
# Events with the paths that they change.
CHANGES = {"os.remove": 1, "os.rename": 2, "os.mkdir": 1, "os.rmdir": 1, "os.link": 2, "os.symlink": 2}
_folder: list[str] = []  # of the case that runs now
_broken: list[str] = []  # what it has done


class BrokenGuardError(BaseException):
    """A case did what none may; no handler of the package should catch it."""


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Raise ``BrokenGuardError`` if the block takes too long or much, or acts outside the folder."""
    most = _peak()
    _install()
    _broken.clear()
    _folder.append(os.path.realpath(folder))
    before = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        _folder.pop()
    if _broken:
        raise BrokenGuardError(_broken[0])
    if _peak() > most + MAX_GROWTH:
        raise BrokenGuardError("memory")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _too_long(number: int, frame: object) -> None:
    raise BrokenGuardError("time")


def _install() -> None:
    if not hasattr(_install, "done"):
        sys.addaudithook(_audit)
        _install.done = True


def _audit(event: str, args: tuple) -> None:
    if not _folder:
        return
    if event in FORBIDDEN:
        _broken.append(f"{event} {args[:1]}")
    if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        _check(event, args[:1])
    if event in CHANGES:
        _check(event, args[: CHANGES[event]])


def _check(event: str, paths: tuple) -> None:
    for path in paths:
        if isinstance(path, int) or os.fspath(path) == os.devnull:
            continue
        whole = os.path.abspath(os.fsdecode(path))
        parent = os.path.realpath(os.path.dirname(whole))
        if whole != _folder[-1] and os.path.commonpath([parent, _folder[-1]]) != _folder[-1]:
            _broken.append(f"{event} {path!r}")
