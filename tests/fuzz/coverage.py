"""Lines of the package that were run for the first time: they say which cases are worth mutating further."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gan_oversampler

ROOT = str(Path(gan_oversampler.__file__).parent)


class Lines:
    """All lines that were ever run under ``watched``; functions that are known whole cost nothing."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()
        self._unseen: dict[object, set[int]] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame, event, arg):
        code = frame.f_code
        if not code.co_filename.startswith(ROOT):
            return None
        if code not in self._unseen:
            self._unseen[code] = {line for *_, line in code.co_lines() if line} - {code.co_firstlineno}
        return self._line if self._unseen[code] else None

    def _line(self, frame, event, arg):
        if event == "line":
            self._unseen[frame.f_code].discard(frame.f_lineno)
            self.seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line
