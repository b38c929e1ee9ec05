"""Several processes on one storage: they share the trials, and lose none when one of them is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.search.planted import SPACE, TEMPLATE, searched, table, value

SLOW_RUN = """
import sys, time
from tests.search.planted import Run, searched

def run(points, stop, starts, run=Run()):
    time.sleep({seconds})
    return run(points, stop, starts)

searched(run, storage=sys.argv[1], n_trials={n_trials}, strategy={strategy!r}, batch=3)
"""


def process(storage, *, seconds=0.05, n_trials=24, strategy="random"):
    code = SLOW_RUN.format(seconds=seconds, n_trials=n_trials, strategy=strategy)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([".", *sys.path]), "OMP_NUM_THREADS": "1"}
    folder = Path(__file__).resolve().parents[2]
    return subprocess.Popen([sys.executable, "-c", code, str(storage)], env=environment, cwd=folder)


def study_of(path):
    storage = JournalStorage(JournalFileBackend(str(path)))
    return optuna.load_study(study_name="gan_oversampler", storage=storage)


def wait_for(path, n_trials, seconds=60):
    """Wait until so many trials were told."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if path.exists():
            try:
                if sum(t.state.is_finished() for t in study_of(path).get_trials(deepcopy=False)) >= n_trials:
                    return
            except KeyError:  # the study is not there yet
                pass
        time.sleep(0.05)
    raise TimeoutError


def check_all_told(path, n_trials):
    trials = [t for t in study_of(path).get_trials(deepcopy=False) if t.state.name != "FAIL"]
    assert len(trials) == n_trials
    assert {trial.state.name for trial in trials} == {"COMPLETE"}
    for trial in trials:
        expected = value(SPACE.trial_of(trial.params, TEMPLATE)) + 0.5
        assert trial.value == pytest.approx(expected)


def test_three_processes_share_a_search_and_one_that_is_killed_loses_no_trial(tmp_path):
    path = tmp_path / "trials.log"
    processes = [process(path, seconds=0.3) for _ in range(3)]
    wait_for(path, 3)
    processes[0].kill()
    assert [one.wait(60) for one in processes] == [-signal.SIGKILL, 0, 0]
    check_all_told(path, 24)


def test_a_search_killed_and_started_again_is_the_uninterrupted_one(tmp_path):
    path = tmp_path / "trials.log"
    for n_told in (0, 7):
        one = process(path, seconds=0.1, strategy="tpe")
        wait_for(path, n_told)
        one.send_signal(signal.SIGKILL)
        one.wait(60)
    assert process(path, seconds=0, strategy="tpe").wait(60) == 0
    assert table(study_of(path)) == table(searched(strategy="tpe", n_trials=24, batch=3))


@pytest.mark.slow
def test_twenty_kills_at_any_moment_change_nothing(tmp_path):
    path = tmp_path / "trials.log"
    for kill in range(20):
        one = process(path, seconds=0.1, strategy="evolution", n_trials=60)
        time.sleep(2.0 + 0.17 * kill)
        one.send_signal(signal.SIGKILL)
        one.wait(60)
    assert process(path, seconds=0, strategy="evolution", n_trials=60).wait(120) == 0
    assert table(study_of(path)) == table(searched(strategy="evolution", n_trials=60, batch=3))


def test_a_database_takes_trials_too(tmp_path):
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    searched(storage=url, n_trials=6)
    again = searched(storage=url)
    assert table(again) == table(searched())


def test_half_a_line_that_a_kill_has_left_is_cut_off(tmp_path):
    path = tmp_path / "trials.log"
    searched(storage=path, n_trials=6)
    with path.open("ab") as file:
        file.write(b'{"op_code": 4, "worker_i')
    assert table(searched(storage=path)) == table(searched())
