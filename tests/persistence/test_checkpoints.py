"""A fit that was interrupted, or killed, goes on and ends with the bits of one that was not."""

import multiprocessing
import os
import random
import time
import uuid

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold

from gan_oversampler import GAN, Critic, Evolution, GANOversampler, Generator, load
from gan_oversampler.persistence import SavedFileError, contents, snapshots
from gan_oversampler.training.population import CrossFittedPopulation
from tests.samplers import FAST, GUIDED, UNTRAINED, quick
from tests.tables import cancer, mixed, numbers

CONTROLLED = GAN(
    "classic",
    controllers=("gap", "pacing", "ada", "apa", "fade", "r1", "reset"),
    generator=Generator(widths=(16,), norm="batch"),
    critic=Critic(widths=(16, 16), dropout=0.2),
)
EVOLVING = GAN(
    "classic",
    loss="bce",
    evolution=Evolution(population=2),
    replicas=2,
    generator=Generator(widths=(16,)),
    critic=Critic(widths=(16,)),
)
KINDS = {  # units are no divisors of the blocks in which batches are drawn ahead
    "default portfolio": {"gan": None, "epoch_unit": 7, "max_steps": 14},
    "controllers": {"gan": CONTROLLED, "epoch_unit": 4, "max_steps": 8, "growth": 1.0},
    "evolution": {"gan": EVOLVING, "epoch_unit": 3, "max_steps": 6},
    "no oracle": {"gan": "began", "oracle": None},
    "several oracles": {"oracle": ["energy", "f1"], "gan": [FAST, GUIDED], "patience": 1},
    "rejection and ratio": {"rejection": True, "sampling_strategy": "oracle", "policy": "oracle"},
}
SMALL = {"gan": UNTRAINED, "oracle": "energy", "baselines": ()}


def not_huge(table):
    return np.asarray(table)[:, 0] < 100


def interrupted(step, X, y, **options):
    """Fit until an evaluation round has ended."""

    def stop(found):
        if found.step >= step:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        quick(callbacks=[stop], **options).fit(X, y)


def result(sampler, X, y):
    """What must not depend on interruptions."""
    rows, labels = sampler.fit_resample(X, y)
    report = sampler.report_
    facts = report.choice, report.reason, report.entries, report.notes, report.events, report.gains
    return pd.DataFrame(rows), pd.Series(labels), sampler.history_.drop(columns="seconds"), repr(facts)


def same(found, expected):
    for one, other in zip(found[:3], expected[:3], strict=True):
        assert one.equals(other)
    assert found[3] == expected[3]


@pytest.mark.filterwarnings("ignore:By the oracle", "ignore:New rows are far")
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_interrupted_ends_with_the_same_bits(tmp_path, kind):
    X, y = mixed() if KINDS[kind].get("gan", FAST) is None else numbers()
    options = {"oracle": "energy", "baselines": ("smote",), **KINDS[kind]}
    going_on = {"checkpoint": tmp_path / "training", "warm_start": True, **options}
    expected = result(quick(**options), X, y)
    unit = options.get("epoch_unit", 2)
    for step in (0, unit):
        interrupted(step, X, y, **going_on)
    same(result(quick(**going_on), X, y), expected)
    assert os.listdir(tmp_path) == ["training"]


def _written(path):
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def test_after_the_end_nothing_is_trained_or_written_again(tmp_path, monkeypatch):
    X, y = numbers()
    options = {"oracle": "energy", "checkpoint": tmp_path / "training", "warm_start": True}
    expected = result(quick(**options), X, y)
    before = _written(tmp_path / "training")
    monkeypatch.setattr(CrossFittedPopulation, "advance", lambda *args: pytest.fail("is trained"))
    same(result(quick(**options), X, y), expected)
    assert _written(tmp_path / "training") == before


def test_what_a_callback_has_ended_goes_on_without_it_and_ends_with_it(tmp_path):
    X, y = numbers()
    options = {"oracle": "energy", "max_steps": 8, "patience": 9}
    going_on = {**options, "checkpoint": tmp_path / "training", "warm_start": True}

    def ended(found):
        return found.step == 4

    for _ in range(2):
        sampler = quick(callbacks=[ended], **going_on).fit(X, y)
        assert sampler.history_["step"].tolist() == [0, 2, 4]
    same(result(quick(**going_on), X, y), result(quick(**options), X, y))


def test_a_seed_that_nobody_gave_is_that_of_the_file(tmp_path):
    X, y = numbers()
    options = {"oracle": None, "checkpoint": tmp_path / "training", "random_state": None}
    interrupted(2, X, y, **options)
    first, second = (result(quick(**options, warm_start=True), X, y) for _ in range(2))
    same(first, second)
    other = result(quick(**options), X, y)  # begins anew
    assert not other[0].equals(first[0])


def test_seconds_of_all_processes_count(tmp_path):
    X, y = numbers()
    options = {**SMALL, "checkpoint": tmp_path / "training"}
    before = quick(**options).fit(X, y)
    after = quick(**options, warm_start=True).fit(X, y)
    assert after.history_.equals(before.history_)
    assert after.report_.seconds["neighbours"] > before.report_.seconds["neighbours"]


# --- other fits


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"max_steps": 6}, "max_steps"),
        ({"gan": GAN(loss_weights={}, base="border")}, "gan"),
        ({"random_state": 1}, "random_state"),
        ({"cv": 3, "oracle": "f1"}, "cv, oracle"),
    ],
    ids=["steps", "gan", "seed", "two"],
)
def test_other_parameters_are_named(tmp_path, changes, named):
    X, y = numbers()
    options = {**SMALL, "checkpoint": tmp_path / "training"}
    quick(**options).fit(X, y)
    with pytest.raises(ValueError, match=rf"is of another fit: {named} differ\. Give that fit, another path"):
        quick(**{**options, "warm_start": True, **changes}).fit(X, y)


def test_other_data_are_named(tmp_path):
    X, y = numbers()
    sampler = quick(**SMALL, checkpoint=tmp_path / "training", warm_start=True).fit(X, y)
    changed = X.copy()
    changed[5, 2] += 1e-9
    with pytest.raises(ValueError, match="another fit: X differ"):
        sampler.fit(changed, y)
    with pytest.raises(ValueError, match="another fit: y differ"):
        sampler.fit(X, np.roll(y, 1))
    with pytest.raises(ValueError, match="another fit: sample_weight differ"):
        sampler.fit(X, y, sample_weight=1.0 + y)


def test_what_training_does_not_depend_on_may_change(tmp_path, monkeypatch):
    X, y = numbers()
    options = {"oracle": "energy", "checkpoint": str(tmp_path / "training"), "warm_start": True}
    quick(baselines=(), **options).fit(X, y)
    expected = result(quick(oracle="energy", rejection=True, fallback="baseline"), X, y)
    monkeypatch.setattr(CrossFittedPopulation, "advance", lambda *args: pytest.fail("is trained"))
    found = quick(rejection=True, fallback="baseline", keep_candidates=True, n_jobs=1, **options)
    same(result(found, X, y), expected)


def test_folds_that_are_drawn_anew_are_refused(tmp_path):
    X, y = numbers()
    folds = StratifiedKFold(2, shuffle=True, random_state=np.random.RandomState(0))
    options = {**SMALL, "cv": folds, "checkpoint": tmp_path / "training", "warm_start": True}
    quick(**options).fit(X, y)
    with pytest.raises(ValueError, match="other folds, because `cv` draws new ones"):
        quick(**options).fit(X, y)


def test_without_a_warm_start_a_fit_begins_anew(tmp_path):
    X, y = numbers()
    options = {**SMALL, "checkpoint": tmp_path / "training"}
    for n in (60, 90):
        quick(**options).fit(X[-n:], y[-n:])
    assert contents(tmp_path / "training")["real_rows"] == {"whole table, encoded": {"1": 24, "0": 66}}


# --- what cannot be


def test_what_cannot_be_is_said_before_training(tmp_path):
    X, y = numbers()
    with pytest.raises(ValueError, match="goes on from a file: give its path as `checkpoint`"):
        quick(warm_start=True).fit(X, y)
    with pytest.raises(FileNotFoundError, match=r"no folder '.*missing' for the checkpoint"):
        quick(checkpoint=tmp_path / "missing" / "file").fit(X, y)
    with pytest.raises(ValueError, match="cannot hold functions"):
        quick(checkpoint=tmp_path / "file", constraints=[not_huge]).fit(X, y)
    assert not list(tmp_path.iterdir())


def test_files_of_another_kind_are_refused(tmp_path):
    X, y = numbers()
    sampler = quick(**SMALL, checkpoint=tmp_path / "training", warm_start=True).fit(X, y)
    sampler.save(tmp_path / "saved")
    with pytest.raises(SavedFileError, match="is no checkpoint"):
        snapshots(tmp_path / "saved")
    with pytest.raises(SavedFileError, match=r"is a checkpoint\. Give `snapshot`"):
        load(tmp_path / "training")
    (tmp_path / "training").write_bytes((tmp_path / "training").read_bytes()[:-9])
    with pytest.raises(SavedFileError, match="cut off"):
        sampler.fit(X, y)


def test_what_killed_processes_have_left_is_removed(tmp_path):
    X, y = numbers()
    killed, others = f".training.{uuid.uuid4().hex}", {f".other.{uuid.uuid4().hex}", ".training.notes"}
    for name in (killed, *others):
        (tmp_path / name).touch()
    quick(**SMALL, checkpoint=tmp_path / "training").fit(X, y)
    assert set(os.listdir(tmp_path)) == {"training", *others}


# --- snapshots


def test_snapshots_are_listed_and_drawn_from(tmp_path):
    X, y = cancer()
    sampler = quick(gan=[FAST, UNTRAINED], oracle=None, checkpoint=tmp_path / "training").fit(X, y)
    found = snapshots(tmp_path / "training")
    pd.testing.assert_frame_equal(found, sampler.history_)
    last = load(tmp_path / "training", snapshot=len(found) - 1)
    assert last.history_["step"].tolist() == [0, 2, 4]
    assert last.report_.choice == sampler.report_.choice
    pd.testing.assert_frame_equal(last.sample(6), sampler.sample(6), check_exact=True)
    first = load(tmp_path / "training", snapshot=0)
    assert not first.sample(6).equals(load(tmp_path / "training", snapshot=1).sample(6))
    first.save(tmp_path / "saved")
    pd.testing.assert_frame_equal(load(tmp_path / "saved").sample(6), first.sample(6))
    with pytest.raises(ValueError, match=r"snapshots 0 to 2. Got snapshot=3"):
        load(tmp_path / "training", snapshot=3)


def test_snapshots_of_a_fit_that_still_runs_are_there(tmp_path):
    X, y = numbers()
    interrupted(2, X, y, oracle="energy", checkpoint=tmp_path / "training")
    found = snapshots(tmp_path / "training")
    assert found["step"].tolist() == [0, 2]
    assert np.isfinite(found["score"]).all()
    assert contents(tmp_path / "training")["step"] == 2
    assert load(tmp_path / "training", snapshot=1).sample(4).shape == (4, 4)


# --- kills

N_KILLS = 20


def _fit(path, out):
    sync = os.fsync

    def slow(file):  # so that some kills come while the file is written
        time.sleep(0.2)
        sync(file)

    os.fsync = slow
    X, y = numbers()
    options = {"checkpoint": path, "warm_start": True} if path else {}
    sampler = GANOversampler(epoch_unit=7, max_steps=70, patience=99, random_state=0, **options)
    *tables, facts = result(sampler, X, y)
    pd.to_pickle((*tables, facts), f"{out}.part")
    os.replace(f"{out}.part", out)


def _run(context, path, out, seconds=None):
    """Run a fit in a process of its own, and kill it after some seconds, if it still runs."""
    process = context.Process(target=_fit, args=(path, out))
    process.start()
    process.join(seconds)
    killed = process.is_alive()
    process.kill()
    process.join()
    return killed


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="processes start too slowly to be killed at any moment")
def test_a_fit_that_is_killed_at_any_moment_ends_with_the_same_bits(tmp_path):
    context, draw = multiprocessing.get_context("forkserver"), random.Random(0)
    context.set_forkserver_preload([__name__])
    _run(context, None, tmp_path / "warm-up")
    began = time.monotonic()
    _run(context, None, tmp_path / "expected")
    seconds, expected = time.monotonic() - began, pd.read_pickle(tmp_path / "expected")
    n_killed, n_ended, steps = 0, 0, set()
    while n_killed < N_KILLS or not n_ended:
        folder = tmp_path / f"{n_ended}"
        folder.mkdir(exist_ok=True)
        limit = draw.uniform(0, seconds) if n_killed < N_KILLS else None
        if _run(context, folder / "training", folder / "rows", limit):
            n_killed += 1
            if (folder / "training").exists():
                steps.add(contents(folder / "training")["step"])
            continue
        same(pd.read_pickle(folder / "rows"), expected)
        assert sorted(os.listdir(folder)) == ["rows", "training"]
        n_ended += 1
        seconds *= 0.8  # whatever else the machine does, most processes are to be killed
    assert len(steps) > 2  # they were killed at several evaluation rounds


# --- disk full


@pytest.mark.parametrize("writable_again", [False, True])
def test_a_checkpoint_that_cannot_be_written_costs_no_fit(tmp_path, monkeypatch, writable_again):
    X, y = numbers()
    options = {"oracle": "energy", "max_steps": 6, "patience": 9, "baselines": ()}
    expected, sync, calls = quick(**options).fit(X, y), os.fsync, []

    def full(file):
        calls.append(file)
        if len(calls) in (2, 3) or not writable_again:
            raise OSError(28, "No space left on device")
        sync(file)

    monkeypatch.setattr("os.fsync", full)
    with pytest.warns(
        RuntimeWarning, match=r"of step \d could not be written: .*No space left.*training'"
    ) as seen:
        sampler = quick(checkpoint=tmp_path / "training", **options).fit(X, y)
    assert len(seen) == 1
    np.testing.assert_array_equal(sampler.sample(6), expected.sample(6))
    assert [event.controller for event in sampler.report_.events] == ["checkpoint"]
    assert os.listdir(tmp_path) == (["training"] if writable_again else [])
    if writable_again:
        assert snapshots(tmp_path / "training")["step"].max() == 6
