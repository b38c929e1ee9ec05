"""What users see of a fit: lines, log and bar on stderr, and scikit-learn's callbacks."""

import io
import logging
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from gan_oversampler.callbacks import EvaluationRound
from gan_oversampler.observer import Observer
from tests.samplers import UNTRAINED, quick
from tests.tables import numbers


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and keeps what is written."""

    def isatty(self):
        return True


def _terminal(monkeypatch):
    """Make stderr a terminal; a fixture could not, because pytest replaces stderr after it."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    return sys.stderr


# --- lines, log and bar


@pytest.mark.parametrize("verbose", [1, 2, True])
def test_scores_are_lines_on_stderr_where_that_is_no_terminal(verbose, capsys):
    X, y = numbers()
    sampler = quick(verbose=verbose, keep_candidates=True).fit(X, y)
    shown = capsys.readouterr()
    assert len(shown.err.splitlines()) == 4 + len(sampler.history_)
    sampler.rescore("energy")
    again = capsys.readouterr()
    assert len(again.err.splitlines()) == 3 + len(sampler.history_)
    assert shown.out == again.out == ""


def test_without_verbose_nothing_is_shown_but_all_is_logged(capsys, caplog):
    with caplog.at_level(logging.INFO, "gan_oversampler"):
        sampler = quick().fit(*numbers())
    assert capsys.readouterr() == ("", "")
    assert {record.name for record in caplog.records} == {"gan_oversampler"}
    assert caplog.messages == [str(replace(entry, kept=False)) for entry in sampler.report_.entries]


def test_lines_that_logging_shows_are_not_written_twice(capsys, caplog):
    with caplog.at_level(logging.INFO, "gan_oversampler"):
        Observer(verbose=2).say("once")
    assert caplog.messages == ["once"]
    assert capsys.readouterr().err == ""


def test_in_a_terminal_a_bar_shows_steps_best_score_and_time_left(monkeypatch, capsys):
    terminal = _terminal(monkeypatch)
    sampler = quick(verbose=1, max_steps=8, patience=9).fit(*numbers())
    shown = terminal.getvalue()
    assert "| 8/8 [" in shown
    assert "step/s" in shown
    assert "<00:0" in shown
    assert f"best {sampler.report_.score_name} {sampler.history_['score'].max():.4f}" in shown
    assert "baseline" not in shown
    assert capsys.readouterr().out == ""


def test_a_bar_grows_with_its_budget(monkeypatch):
    terminal = _terminal(monkeypatch)
    observer = Observer(verbose=1)
    with observer.training(4):
        for step in range(1, 7):
            observer.step_ends(step)
    assert "6/6 [" in terminal.getvalue()


def test_a_bar_is_closed_when_a_fit_fails(monkeypatch):
    terminal = _terminal(monkeypatch)
    observer = Observer(verbose=1)
    with pytest.raises(RuntimeError), observer.training(4):
        raise RuntimeError
    assert terminal.getvalue().endswith("\n")


# --- scikit-learn's callbacks


class Recorder:
    """A callback of scikit-learn that notes all calls, and ends the training at a step."""

    def __init__(self, last_step=None):
        self.last_step, self.calls, self.rounds, self.fitted = last_step, [], [], None

    def setup(self, estimator, context):
        self.calls.append(("setup", context.task_name, context.max_subtasks))

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.calls.append(("begin", context.task_name, len(X)))

    def on_fit_task_end(self, estimator, context, *, metadata=None, fitted_estimator=None):
        self.calls.append(("end", context.task_name, context.task_id))
        if metadata is None:
            self.fitted = fitted_estimator
            return None
        self.rounds.append(metadata["evaluation_round"])
        return self.rounds[-1].step == self.last_step

    def teardown(self, estimator, context):
        self.calls.append(("teardown", context.task_name, context.max_subtasks))


@pytest.fixture
def sklearn_callback():
    return pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks since 1.9")


def test_scikit_learns_callbacks_see_a_task_per_evaluation_round(sklearn_callback):
    X, y = numbers()
    recorder = Recorder()
    sampler = quick(max_steps=5, patience=9).set_callbacks(recorder)
    sampler.fit(X, y)
    steps = [found.step for found in recorder.rounds]
    assert steps == [0, 2, 4, 5]
    assert steps == sampler.history_["step"].tolist()
    rounds = [(do, "evaluation round", n) for i in range(4) for do, n in (("begin", len(X)), ("end", i))]
    expected = [("setup", "fit", 4), ("begin", "fit", len(X)), *rounds, ("end", "fit", 0)]
    assert recorder.calls == [*expected, ("teardown", "fit", 4)]
    assert recorder.fitted is not sampler
    np.testing.assert_array_equal(
        recorder.fitted.sample(3, random_state=0), sampler.sample(3, random_state=0)
    )


def test_a_callback_of_scikit_learn_that_returns_true_ends_the_training(sklearn_callback):
    recorder = Recorder(last_step=2)
    sampler = clone(quick(max_steps=8, patience=9).set_callbacks(recorder))
    sampler.fit_resample(*numbers())
    assert sampler.history_["step"].tolist() == [0, 2]
    assert recorder.calls[-1][0] == "teardown"


def test_callbacks_are_torn_down_after_an_error(sklearn_callback):
    def fails(found):
        raise RuntimeError("mine")

    recorder = Recorder()
    sampler = quick(callbacks=[fails]).set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="mine"):
        sampler.fit(*numbers())
    assert recorder.calls[-1][0] == "teardown"
    with pytest.raises(NotFittedError):
        sampler.sample(1)


def test_a_training_without_steps_leaves_no_task_open(sklearn_callback):
    recorder = Recorder()
    quick(gan=UNTRAINED, max_steps=8).set_callbacks(recorder).fit(*numbers())
    names = [call[0] for call in recorder.calls]
    assert names.count("begin") == names.count("end") == 2


def test_the_progress_bar_of_scikit_learn_runs_to_its_end(sklearn_callback, capsys):
    pytest.importorskip("rich")
    quick(callbacks=[]).set_callbacks(sklearn_callback.ProgressBar()).fit(*numbers())
    shown = capsys.readouterr().out
    assert "GANOversampler - fit" in shown
    assert "100%" in shown


def test_a_callback_of_scikit_learn_is_refused_as_a_function():
    with pytest.raises(ValueError, match=r"return True to end .* go to set_callbacks\(\.\.\.\)"):
        quick(callbacks=[Recorder()]).fit(*numbers())


# --- functions


def test_all_functions_are_called_even_after_one_that_ends_the_training():
    seen = []
    observer = Observer(callbacks=[lambda found: True, lambda found: seen.append(found.step)])
    assert observer.round_ends(EvaluationRound(7, 9))
    assert seen == [7]
    assert not Observer(callbacks=[lambda found: None]).round_ends(EvaluationRound(7, 9))


# --- a stderr that is full or closed


class Full(Terminal):
    """A stream on a disk that is full."""

    def __init__(self, *, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("is_terminal", [False, True], ids=["lines", "bar"])
def test_a_log_that_cannot_be_written_costs_no_fit(monkeypatch, is_terminal):
    X, y = numbers()
    expected = quick(baselines=()).fit(X, y).sample(5)
    monkeypatch.setattr(sys, "stderr", Full(is_terminal=is_terminal))
    with pytest.warns(RuntimeWarning, match="stderr cannot be written to: .*No space left") as caught:
        sampler = quick(verbose=1, baselines=()).fit(X, y)
    assert len(caught) == 1
    np.testing.assert_array_equal(sampler.sample(5), expected)


def test_a_stderr_that_is_closed_costs_no_fit(monkeypatch):
    closed = io.StringIO()
    monkeypatch.setattr(sys, "stderr", closed)
    observer = Observer(verbose=2)
    closed.close()
    with pytest.warns(RuntimeWarning, match="closed file"):
        observer.say("first")
    observer.say("second")
