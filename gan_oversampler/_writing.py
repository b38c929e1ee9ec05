"""How every file is written: under another name beside its own, synced to the disk, and renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import Final

LEFT_ALONE: Final = 3600.0  # seconds after which nobody writes a temporary file any more
MAX_START: Final = 255 - 32  # bytes of a name that usual file systems take, less random digits
UNTOUCHED: Final = "Nothing was written, and a file that was there is as it was"


@contextmanager
def written_whole(path: str | PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside the one to write; it is renamed if all went well, else removed.

    Readers see the old file or the new one, never a part, whenever the process ends. Nothing of the name's
    ending tells what a temporary file is, so writers must be given its format. What killed processes have
    left of the same name goes after an hour. A file that is replaced keeps its permissions. An ``OSError``,
    such as of a full disk or a read-only folder, names the path and says that nothing has changed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(f"{folder}/page.html") as temporary:
    ...         _ = temporary.write_text("<p>")
    ...     os.listdir(folder)
    ['page.html']
    """
    final = Path(os.path.realpath(path))  # a link stays a link
    temporary = final.with_name(f"{_start(final)}{uuid.uuid4().hex}")
    if final.exists() and not final.is_file():
        raise OSError(errno.EINVAL, "That is not a file. Give the path of a file", str(path))
    try:
        remove_leftovers(final, older_than=LEFT_ALONE)
        yield temporary
        _sync(temporary, os.O_RDWR)
        if final.exists():
            with suppress(OSError):  # some file systems have no permissions
                shutil.copymode(final, temporary)
        os.replace(temporary, final)
    except OSError as error:
        if error.filename is not None and Path(error.filename) not in (temporary, final, final.parent):
            raise  # of another file, which the caller reads
        raise _named(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    if os.name == "posix":
        with suppress(OSError):  # some file systems cannot
            _sync(final.parent, os.O_RDONLY)


def write_whole(path: str | PathLike[str], content: str | bytes) -> None:
    """Write a file that is either whole or not there, as ``written_whole`` does; text is UTF-8."""
    with written_whole(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def remove_leftovers(path: Path, *, older_than: float = 0.0) -> None:
    """Remove temporary files of a path that are so many seconds old: killed processes have left them."""
    name = re.compile(rf"{re.escape(_start(path))}[0-9a-f]{{32}}")
    for other in path.parent.iterdir():
        with suppress(OSError):  # another process may be faster
            if name.fullmatch(other.name) and time.time() - other.stat().st_mtime >= older_than:
                other.unlink()


def _start(path: Path) -> str:
    """What names of temporary files of a path begin with; 32 digits fit behind it, however long that is."""
    start = f".{path.name}."
    if len(os.fsencode(start)) <= MAX_START:
        return start
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}."


def _named(error: OSError, path: str | PathLike[str]) -> OSError:
    """The same error, of the same class, with the path that could not be written."""
    if not error.errno:
        return OSError(f"{error}. {UNTOUCHED}: {str(path)!r}")
    # The text of the error itself may name the temporary file, as Arrow's do.
    return OSError(error.errno, f"{os.strerror(error.errno)}. {UNTOUCHED}", str(path))


def _sync(path: Path, mode: int) -> None:
    """Make what was written to a file, or the names in a folder, last."""
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
