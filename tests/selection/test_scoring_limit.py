"""An oracle that raises, hangs, dies or answers nonsense costs candidates, not the fit."""

import math
import os
import signal
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from sklearn import config_context, get_config
from threadpoolctl import threadpool_info, threadpool_limits

from gan_oversampler._utils import ignoring, single_threaded
from gan_oversampler.callbacks import Event
from gan_oversampler.ending import LEFT_OUT
from gan_oversampler.selection import scoring_limit
from gan_oversampler.selection.scoring_limit import DIED, ScoringLimit
from tests.samplers import quick
from tests.tables import numbers

HANG = 60.0  # seconds, which no test waits for


@pytest.fixture
def brief(monkeypatch):
    """Limits of less than a minute."""
    monkeypatch.setattr(scoring_limit, "LEAST", 0.5)


def sleeps(number):
    if number == 1:
        time.sleep(HANG)
    return float(number), ""


def loops(number):
    end = time.monotonic() + HANG
    while number == 1 and time.monotonic() < end:
        pass
    return float(number), ""


def dies(number):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return float(number), ""


def children():
    """Ids of the processes that this one has begun, and they in turn."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, parent = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            found.setdefault(int(parent), []).append(int(name))
    todo, below = [os.getpid()], set()
    while todo:
        below.update(mine := found.get(todo.pop(), []))
        todo += mine
    return below


def workers():
    return {pid for pid in children() if b"LokyProcess" in Path(f"/proc/{pid}/cmdline").read_bytes()}


TASKS = [(0,), (1,), (2,)]


@pytest.mark.parametrize("hangs", [sleeps, loops])
@pytest.mark.parametrize("max_time", [1e-3, 0.6])
def test_what_was_scored_in_time_counts_in_one_process(brief, hangs, max_time):
    limit, began = ScoringLimit(max_time), time.monotonic()
    found = limit.scores(hangs, TASKS, None)
    assert time.monotonic() - began < 10
    assert found[0] == (0.0, "")
    for value, why in found[1:]:
        assert math.isnan(value)
        assert why == f"there was no score within max_time={max_time:g}"
    assert limit.was_reached


def test_a_thread_that_runs_python_ends_with_its_limit(brief):
    before = threading.active_count()
    ScoringLimit(0.1).scores(loops, TASKS, None)
    assert threading.active_count() == before


@pytest.mark.parametrize("max_time", [0, math.inf, 1e6, 2**64])
def test_no_limit_and_one_that_is_not_reached_change_nothing(max_time):
    limit = ScoringLimit(max_time)
    assert limit.scores(lambda number: (number / 2, ""), TASKS, None) == [(0.0, ""), (0.5, ""), (1.0, "")]
    assert not limit.was_reached


def test_errors_and_settings_pass_between_the_threads(brief):
    def raises(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ScoringLimit(9.0).scores(raises, TASKS, None)
    with config_context(assume_finite=True):
        told = ScoringLimit(9.0).scores(lambda _: (float(get_config()["assume_finite"]), ""), TASKS, None)
    assert told == [(1.0, "")] * 3


def test_threads_of_joblib_are_left_behind(brief):
    limit, began = ScoringLimit(0.5), time.monotonic()
    with parallel_config("threading"):
        found = limit.scores(loops, TASKS, 2)
    assert time.monotonic() - began < 20
    assert found[0] == (0.0, "")
    assert math.isnan(found[1][0])


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="lists processes by /proc")
def test_workers_that_hang_are_killed_and_new_ones_score_on(monkeypatch):
    monkeypatch.setattr(scoring_limit, "LEAST", 5.0)
    ScoringLimit().scores(sleeps, [(0,), (2,)], 2)  # workers take seconds to start
    limit, began = ScoringLimit(1.0), time.monotonic()
    found = limit.scores(sleeps, TASKS, 2)
    assert 5 <= time.monotonic() - began < 30
    assert found[0] == (0.0, "")
    assert math.isnan(found[1][0])
    time.sleep(1)
    assert not workers()
    assert ScoringLimit(60.0).scores(sleeps, [(0,), (2,)], 2) == [(0.0, ""), (2.0, "")]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills a worker by a signal")
@pytest.mark.parametrize("max_time", [math.inf, 60.0])
def test_a_worker_that_dies_costs_its_scores(max_time):
    found = ScoringLimit(max_time).scores(dies, TASKS, 2)
    assert found[1][1] == DIED
    assert ScoringLimit().scores(sleeps, [(0,), (2,)], 2) == [(0.0, ""), (2.0, "")]


# --- whole fits


def trained_only(answer, first=2):
    """An oracle that does something of its own once the untrained generators are scored."""
    calls = []

    def score(real, new):
        calls.append(1)
        return answer() if len(calls) > first else float(len(calls))

    return score


def rows(sampler):
    return np.asarray(sampler.sample(6))


def test_a_fit_whose_oracle_hangs_keeps_the_best_so_far_with_one_warning(brief):
    X, y = numbers()
    options = {"baselines": (), "max_steps": 40, "patience": 20, "gan": None}
    oracle = trained_only(lambda: time.sleep(HANG), first=12)
    began = time.monotonic()
    with pytest.warns(RuntimeWarning, match=r"CallableOracle\(score\) could not score .* at step 2") as seen:
        sampler = quick(oracle=oracle, max_time=5.0, **options).fit(X, y)
    assert time.monotonic() - began < 30
    assert len(seen) == 1
    assert "no score within max_time=5" in str(seen[0].message)
    given_up = Event(2, "all GANs", "", "max_time", f"a scoring was given up; {LEFT_OUT}")
    assert given_up in sampler.report_.events
    expected = quick(oracle=trained_only(float, first=99), **{**options, "max_steps": 0}).fit(X, y)
    np.testing.assert_array_equal(rows(sampler), rows(expected))


def test_a_fit_whose_oracle_hangs_from_the_start_ends_with_an_error(brief):
    with (
        pytest.warns(RuntimeWarning, match="max_time=1"),
        pytest.raises(ValueError, match=r"CallableOracle\(<lambda>\) could not score .* within max_time=1"),
    ):
        quick(oracle=lambda real, new: time.sleep(HANG), baselines=(), max_time=1.0).fit(*numbers())


NONSENSE = {
    "nan": (math.nan, "the score is nan"),
    "infinity": (-math.inf, "the score is -inf"),
    "text": ("0.5", "a score is one number. Got '0.5', a str"),
    "nothing": (None, "a score is one number. Got None, a NoneType"),
    "several": ([0.5, 0.5], r"a score is one number. Got \[0.5, 0.5\], a list"),
    "array": (np.array([0.5]), r"a score is one number. Got array\(\[0.5\]\), a ndarray"),
    "complex": (1j, "a score is one number. Got 1j, a complex"),
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_an_answer_that_is_no_number_is_told_with_the_oracle_and_the_step(kind):
    answer, told = NONSENSE[kind]
    sampler = quick(oracle=trained_only(lambda: answer), baselines=(), patience=1)
    with pytest.warns(
        RuntimeWarning,
        match=rf"oracle CallableOracle\(score\) could not score residual\(smote\) at step 2.*{told}",
    ):
        sampler.fit(*numbers())
    assert sampler.report_.choice == "residual(smote) at step 0"


def test_numbers_of_all_libraries_are_scores():
    import torch

    for answer in (1, True, np.float32(1), np.array(1), np.int8(1), torch.tensor(1.0)):
        report = quick(oracle=lambda real, new, answer=answer: answer, baselines=(), max_steps=0)
        assert (report.fit(*numbers()).history_["score"] == 1).all()


def exits():
    raise SystemExit("bye")


def test_an_oracle_that_exits_costs_a_candidate():
    with pytest.warns(RuntimeWarning, match="SystemExit: bye"):
        quick(oracle=trained_only(exits), baselines=(), patience=1).fit(*numbers())


def test_a_limit_is_that_of_all_copies_of_an_evaluator():
    from tests.fits import FIRST_COLUMN, evaluator_of

    evaluator = evaluator_of(FIRST_COLUMN)
    for other in (evaluator.with_oracle(FIRST_COLUMN), evaluator.at_ratio(0.5), replace(evaluator)):
        assert other.limit is evaluator.limit


@pytest.mark.parametrize(("backend", "n_jobs"), [("loky", None), ("threading", 2)], ids=str)
def test_threads_that_are_left_behind_hold_no_limits_and_filters(brief, monkeypatch, backend, n_jobs):
    monkeypatch.setattr(scoring_limit, "PATIENCE", 0.1)
    filters, end = list(warnings.filters), threading.Event()

    def hangs(number):
        with single_threaded(), ignoring(UserWarning):
            end.wait(HANG)
        return float(number), ""

    with threadpool_limits(2, "blas"):
        before = [pool["num_threads"] for pool in threadpool_info()]
        with parallel_config(backend):
            ScoringLimit(0.1).scores(hangs, TASKS, n_jobs)
        assert [pool["num_threads"] for pool in threadpool_info()] == before
        assert list(warnings.filters) == filters
        end.set()  # what the thread does at its end changes nothing any more
        for thread in set(threading.enumerate()) - {threading.main_thread()}:
            thread.join(1.0)
        assert [pool["num_threads"] for pool in threadpool_info()] == before
        assert list(warnings.filters) == filters
