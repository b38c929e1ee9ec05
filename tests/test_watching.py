"""What ends a training early: callbacks, Ctrl-C and time."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from gan_oversampler.callbacks import Event
from gan_oversampler.observer import Observer
from gan_oversampler.training.loop import Budget
from tests.fits import FIRST_COLUMN, Loss, Measured
from tests.samplers import quick
from tests.samples import global_state
from tests.tables import numbers
from tests.workflows import SMALL, fit_rows, services_of

LONG = {"max_steps": 100, "patience": 99}


def _rows(sampler):
    X, _ = sampler.fit_resample(*numbers())
    return X


def _watched(**changes):
    """What a callback sees of a fit, and the fit."""
    seen = []
    found = fit_rows(services=services_of(observer=Observer(callbacks=[seen.append])), **changes)
    return seen, found


# --- functions as callbacks


def test_a_callback_sees_every_evaluation_round():
    seen, found = _watched(budget=Budget(2, 9, 5))
    history = found.first.report.history
    assert [entry.step for entry in seen] == history["step"].tolist() == [0, 2, 4, 5]
    assert [entry.scores for entry in seen] == [(("residual(smote)", s),) for s in history["score"]]
    assert [entry.best_score for entry in seen] == history["score"].cummax().tolist()
    assert {entry.max_steps for entry in seen} == {5}


def test_scores_are_those_of_the_first_oracle_in_its_own_unit():
    oracles = {"loss": Loss(lambda holdout, new: 5.0), "other": FIRST_COLUMN}
    seen, _ = _watched(oracles=oracles, gans=(SMALL, SMALL))
    assert seen[0].scores == (("residual(smote)", 5.0),) * 2
    assert (seen[0].best_score, seen[0].greater_is_better) == (5.0, False)


def test_without_an_oracle_there_are_rounds_without_scores():
    seen, _ = _watched(oracles={}, budget=Budget(2, 1, 4))
    assert [(entry.step, entry.scores) for entry in seen] == [(0, ()), (2, ()), (4, ())]
    assert np.isnan([entry.best_score for entry in seen]).all()


@pytest.mark.parametrize("oracle", ["energy", None])
def test_a_callback_that_returns_true_leaves_what_so_many_steps_leave(oracle):
    stopped = quick(callbacks=[lambda found: found.step == 4], oracle=oracle, **LONG)
    ended = quick(oracle=oracle, patience=99, max_steps=4)
    np.testing.assert_array_equal(_rows(stopped), _rows(ended))
    assert stopped.history_["step"].tolist() == [0, 2, 4]
    assert stopped.report_.events == (
        Event(4, "all GANs", "", "callback", "asked for the end of the training"),
    )


# --- Ctrl-C


@pytest.fixture(autouse=True)
def _interrupts_are_heard():
    """Processes in the background, as of some runners of tests, start with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupt(found):
    if found.step == 4:
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_keeps_the_best_generator_with_one_warning_and_all_global_state():
    before, threads, handler = global_state(), torch.get_num_threads(), signal.getsignal(signal.SIGINT)
    interrupted = quick(callbacks=[_interrupt], **LONG)
    with pytest.warns(UserWarning, match="interrupted at step 4 of 100. The best generator so far") as caught:
        rows = _rows(interrupted)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert interrupted.report_.events == (Event(4, "all GANs", "", "interrupt", "ended the training"),)
    np.testing.assert_array_equal(rows, _rows(quick(patience=99, max_steps=4)))
    assert (global_state(), threads, handler) == (
        before,
        torch.get_num_threads(),
        signal.getsignal(signal.SIGINT),
    )


def test_an_interrupt_within_a_unit_keeps_what_was_scored_before(monkeypatch):
    observer = Observer()
    monkeypatch.setattr(observer, "step_ends", lambda step: step == 5 and signal.raise_signal(signal.SIGINT))
    services = services_of(observer=observer)
    with pytest.warns(UserWarning, match="interrupted at step 5 of 8"):
        found = fit_rows(services=services, budget=Budget(2, 9, 8))
    assert found.first.report.history["step"].tolist() == [0, 2, 4]
    assert "training" in found.first.report.seconds


@pytest.mark.parametrize("at", ["baseline", "first scoring", "second oracle"])
def test_an_interrupt_before_anything_was_scored_is_raised(at):
    calls = []

    def interrupts(holdout, new):
        calls.append(len(new))
        signal.raise_signal(signal.SIGINT)

    oracles = {"one": FIRST_COLUMN, "two": Measured(interrupts)}
    if at != "second oracle":
        del oracles["one"]
    baselines = ("smote",) if at == "baseline" else ()
    with pytest.raises(KeyboardInterrupt):  # and without a warning, which would be an error here
        fit_rows(oracles=oracles, baselines=baselines)
    assert len(calls) == 1


def test_an_interrupt_of_untrained_noise_is_raised():
    with pytest.raises(KeyboardInterrupt):
        quick(gan="wgan", callbacks=[lambda found: signal.raise_signal(signal.SIGINT)]).fit(*numbers())


INTERRUPTED = """
import signal
from tests.samplers import quick
from tests.tables import numbers
signal.signal(signal.SIGINT, signal.default_int_handler)
def told(found):
    print(found.step, flush=True)
sampler = quick(n_jobs=2, max_steps=100_000, patience=10**6, max_time=600, epoch_unit=20, callbacks=[told])
sampler.fit_resample(*numbers())
print(sampler.report_.events[-1].controller, sampler.report_.seconds["training"] < 500)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="a terminal's Ctrl-C reaches a whole process group")
def test_workers_end_quietly_when_a_terminal_interrupts_all_processes():
    command = [sys.executable, "-c", INTERRUPTED]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        for _ in range(3):
            process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        shown, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert shown.splitlines()[-1] == "interrupt True"
    assert errors.count("Warning") == 1
    assert "Traceback" not in errors


# --- time


def test_time_that_is_not_used_up_changes_nothing():
    patient = quick(max_time=1e6)
    np.testing.assert_array_equal(_rows(patient), _rows(quick()))
    seconds = ["seconds"]
    assert patient.history_.drop(columns=seconds).equals(
        quick().fit(*numbers()).history_.drop(columns=seconds)
    )
