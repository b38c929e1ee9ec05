"""What looks on while a sampler is fitted: log, progress bar, callbacks of users and of scikit-learn."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from gan_oversampler._utils import warn_user
from gan_oversampler.callbacks import Callback, EvaluationRound

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for that of scikit-learn, and adds nothing."""

    def with_callbacks(method: Any) -> Any:
        """Return a method as it is, because there are no callbacks to be torn down after it."""
        return method


__all__ = ["CallbackSupportMixin", "FitTask", "Observer", "with_callbacks"]

LOGGER: Final = logging.getLogger("gan_oversampler")
MUTE: Final = "stderr cannot be written to: {}. The fit goes on, and shows no more there."


@dataclass
class FitTask:
    """One fit as scikit-learn's callbacks see it: a task, with a subtask for every evaluation round.

    Hooks of these subtasks get the round as ``metadata["evaluation_round"]``; a ``fitted_estimator`` comes
    with the end of the whole fit only. Before scikit-learn 1.9 nothing is called.
    """

    estimator: Any
    X: Any
    y: Any
    max_rounds: int  # most evaluation rounds

    def __post_init__(self) -> None:
        self._context: Any = None
        self._round: Any = None
        if hasattr(self.estimator, "_init_callback_context"):
            context = self.estimator._init_callback_context(max_subtasks=self.max_rounds)
            self._context = context.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def round_begins(self) -> None:
        """Begin the subtask of an evaluation round."""
        if self._context is not None:
            self._round = self._context.subcontext(task_name="evaluation round")
            self._round.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def round_ends(self, found: EvaluationRound) -> bool:
        """End the subtask of an evaluation round, and tell whether a callback wants the training to end."""
        if self._round is None:
            return False
        told = {"X": self.X, "y": self.y, "metadata": {"evaluation_round": found}}
        return bool(self._round.call_on_fit_task_end(estimator=self.estimator, **told))

    def ends(self) -> None:
        """End the task, once the estimator is fitted."""
        if self._context is not None:
            told = {"X": self.X, "y": self.y, "reconstruction_attributes": {}}  # the estimator has them all
            self._context.call_on_fit_task_end(estimator=self.estimator, **told)


class Observer:
    """Shows a user how a fit goes on, and tells what the user's callbacks want.

    Every score is logged by the logger ``gan_oversampler`` at the level INFO. With ``verbose=1`` there is a
    progress bar on stderr where that is a terminal or a notebook; elsewhere, and with ``verbose=2``, scores
    are written to stderr as lines, unless logging shows them already. ``callbacks`` are the functions that a
    user gave, ``task`` knows those of scikit-learn. Raises ValueError for a callback that is no function.
    """

    def __init__(
        self, verbose: int = 0, callbacks: Sequence[Callback] | None = None, task: FitTask | None = None
    ) -> None:
        for callback in callbacks or ():
            if not callable(callback):
                raise ValueError(
                    "'callbacks' are functions of an evaluation round, which return True to end the training."
                    f" Got {callback!r}. Callbacks of scikit-learn 1.9 or later go to set_callbacks(...)."
                )
        is_interactive = "ipykernel" in sys.modules or sys.stderr.isatty()
        self._shows_bar = verbose == 1 and is_interactive
        self._writes_lines = bool(verbose) and not self._shows_bar
        self._callbacks, self._task = tuple(callbacks or ()), task
        self._bar: Any = None
        self._is_mute = False  # whether stderr could not be written to

    def say(self, line: str) -> None:
        """Log a line, and write it if the user wants to see lines."""
        LOGGER.info(line)
        if self._writes_lines and not (LOGGER.isEnabledFor(logging.INFO) and LOGGER.hasHandlers()):
            self._show(lambda: print(line, file=sys.stderr, flush=True))

    def _show(self, write: Callable[[], Any]) -> None:
        """Write to stderr; once that is full or closed, warn, and show no more."""
        try:
            write()
        except (OSError, ValueError) as error:  # a closed stream raises ValueError
            if not self._is_mute:
                warn_user(MUTE.format(error), RuntimeWarning)
            self._is_mute, self._writes_lines, self._bar = True, False, None

    @contextmanager
    def training(self, max_steps: int) -> Iterator[None]:
        """Show a bar of so many steps, if the user wants to see one, as long as a ``with`` block lasts."""
        with self._showing(max_steps, "GANOversampler", "step"):
            yield

    @contextmanager
    def searching(self, n_trials: int) -> Iterator[None]:
        """Show a bar of so many trials of a search, like that of a training."""
        with self._showing(n_trials, "Search", "trial"):
            yield

    @contextmanager
    def _showing(self, total: int, name: str, unit: str) -> Iterator[None]:
        if not self._shows_bar:
            yield
            return
        from tqdm.auto import tqdm

        def begin() -> None:
            self._bar = tqdm(total=total, desc=name, unit=unit, file=sys.stderr)

        self._show(begin)
        bar = self._bar
        try:
            yield
        finally:
            self._bar = None
            if bar is not None:
                self._show(bar.close)

    def trials_end(self, n_trials: int, score_name: str, best: float) -> None:
        """Move the bar of a search on, show the best score so far, and say both."""
        self.step_ends(n_trials)
        if self._bar is not None:
            self._show(partial(self._bar.set_postfix_str, f"best {score_name} {best:.4f}"))
        self.say(f"search: {n_trials} trials, best {score_name} {best:.4f}")

    def round_begins(self) -> None:
        """Tell scikit-learn's callbacks that an evaluation round begins."""
        if self._task:
            self._task.round_begins()

    def step_ends(self, step: int) -> None:
        """Move the bar on; one that has grown beyond its end gets a new end."""
        if self._bar is not None:
            self._bar.total = max(self._bar.total, step)
            self._show(partial(self._bar.update, step - self._bar.n))

    def round_ends(self, found: EvaluationRound) -> bool:
        """Show the best score, call all callbacks, and tell whether any of them wants the training to end."""
        if self._bar is not None:
            best = f"best {found.score_name} {found.best_score:.4f}"
            self._show(partial(self._bar.set_postfix_str, best))
        answers = [bool(callback(found)) for callback in self._callbacks]
        return any([*answers, self._task is not None and self._task.round_ends(found)])
