"""The lock of a journal file: it is free as soon as its process is gone, and mends what a kill has torn."""

from __future__ import annotations

import os

from filelock import FileLock
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

LINE_END = b"\n"


class JournalLock:
    """Lock that processes take before they write to a journal, one at a time.

    Optuna's own locks outlive a process that is killed, by half a minute. This one is the operating system's.
    A process that is killed while it writes may leave half a line, to which the next one would append: it is
    cut off first.
    """

    def __init__(self, path: str) -> None:
        self.path, self._lock = path, FileLock(f"{path}.lock")

    def acquire(self) -> bool:
        """Wait until nobody else writes, and mend the file; always True."""
        self._lock.acquire()
        cut_torn_line(self.path)
        return True

    def release(self) -> None:
        """Let the next one write."""
        self._lock.release()


def cut_torn_line(path: str) -> None:
    """Cut a file after its last whole line, if it does not end there."""
    if not os.path.exists(path):
        return
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        if not end:
            return
        file.seek(end - 1)
        if file.read(1) == LINE_END:
            return
        file.seek(0)
        whole = file.read().rfind(LINE_END) + 1
        file.truncate(whole)


def open_journal(path: str) -> JournalStorage:
    """Open or create a journal file as a storage of Optuna."""
    return JournalStorage(JournalFileBackend(path, lock_obj=JournalLock(path)))  # type: ignore[arg-type]
