"""Scorings that end in time, whatever an oracle does: it may be anybody's code, and hang."""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final

from joblib import Parallel, delayed, effective_n_jobs
from sklearn import config_context, get_config

from gan_oversampler._utils import let_go

LEAST: Final = 60.0  # seconds that every call has, for tables on which the first scores take that long
PATIENCE: Final = 1.0  # seconds that a thread is given to end when it is told to
TOO_LATE: Final = "there was no score within max_time={:g}"
DIED: Final = "a worker process died, for want of memory or by a crash of what it ran"

Score = tuple[float, str]
"""A utility and an empty string, or NaN and what went wrong."""


class _Stopped(BaseException):
    """Raised inside a thread that is to end."""


@dataclass
class ScoringLimit:
    """When the scorings of a fit are given up: at its ``max_time``, on its clock.

    Every call of ``scores`` has a minute at least, because without a score there would be nothing to keep.
    No limit, and one of 0 seconds, which trains nothing, let scorings take as long as they do.
    """

    max_time: float = math.inf  # seconds since the fit began
    seconds: Callable[[], float] = float  # since the fit began
    was_reached: bool = False  # whether anything was given up

    def scores(
        self, score: Callable[..., Score], tasks: Sequence[tuple[Any, ...]], n_jobs: int | None
    ) -> list[Score]:
        """Score all tasks, so many at a time; those that are late, or whose worker died, are NaN.

        What was scored before the limit counts. With several jobs the late workers are killed. In one process
        scorings run in a thread, which is stopped at its next line of Python, or is left behind where it
        hangs outside of Python; code that never releases the interpreter's lock cannot be given up.
        """
        found: list[Score | None] = [None] * len(tasks)
        why = TOO_LATE.format(self.max_time)
        is_bounded = 0 < self.max_time < threading.TIMEOUT_MAX
        left = max(LEAST, self.max_time - self.seconds()) if is_bounded else None
        try:
            if is_bounded and effective_n_jobs(n_jobs) == 1:
                _fill_in_thread(found, score, tasks, left)
            else:
                _fill(found, score, tasks, n_jobs, left)
        except (TimeoutError, multiprocessing.TimeoutError):
            self.was_reached = True
        except BrokenProcessPool:
            why = DIED
        return [(math.nan, why) if its is None else its for its in found]


def _fill(
    found: list[Score | None],
    score: Callable[..., Score],
    tasks: Sequence[tuple[Any, ...]],
    n_jobs: int | None,
    seconds: float | None,
) -> None:
    """Fill in the scores of all tasks in order; after some seconds, kill the workers and raise an error."""
    end = time.monotonic() + (math.inf if seconds is None else seconds)
    parallel = Parallel(n_jobs=n_jobs, timeout=seconds, return_as="generator")
    threads: set[int] = set()
    scores = parallel(delayed(_score_in)(threads, score, task) for task in tasks)
    try:
        for number, its in enumerate(scores):
            found[number] = its
            if time.monotonic() > end and number + 1 < len(tasks):
                scores.close()
                raise TimeoutError
    except (TimeoutError, multiprocessing.TimeoutError):
        for ident in threads - {threading.get_ident()}:
            let_go(ident)
        raise


def _score_in(threads: set[int], score: Callable[..., Score], task: tuple[Any, ...]) -> Score:
    """Score a task and note by which thread; what another process notes stays there, and ends with it."""
    threads.add(threading.get_ident())
    return score(*task)


def _fill_in_thread(
    found: list[Score | None],
    score: Callable[..., Score],
    tasks: Sequence[tuple[Any, ...]],
    seconds: float | None,
) -> None:
    """Do the same in one process, in a thread that is left behind if it does not end."""
    scores: list[Score] = []
    errors: list[BaseException] = []
    config = get_config()  # that of scikit-learn belongs to a thread

    def work() -> None:
        try:
            with config_context(**config):
                for task in tasks:
                    scores.append(score(*task))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        is_late = thread.is_alive()  # or a Ctrl-C has ended the wait
        if is_late:
            _stop(thread)
        found[: len(scores)] = scores
    if is_late:
        raise TimeoutError
    for error in errors:
        raise error


def _stop(thread: threading.Thread) -> None:
    """Raise an exception in a thread, and wait a little for its end; if none comes, undo what it has set."""
    ident = thread.ident or 0
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(_Stopped))
    thread.join(PATIENCE)
    if thread.is_alive():
        let_go(ident)
