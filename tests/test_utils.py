"""Random streams, look-ups by name, and threads."""

import math
import signal
import threading
import time
from contextlib import nullcontext
from types import MappingProxyType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler import _utils
from gan_oversampler._utils import (
    Streams,
    did_you_mean,
    lookup,
    single_threaded,
    standard_error,
    uncorrected_error,
)
from tests.interrupts import interrupt_line
from tests.samples import global_state

NAMES = st.lists(st.one_of(st.integers(), st.text(max_size=4), st.none()), max_size=3).map(tuple)


# --- streams


@given(st.integers(0, 2**32), NAMES, NAMES)
def test_streams_are_reported_apart_by_their_names_only(seed, first, second):
    streams = Streams(seed)
    assert (streams.child_seed(*first) == Streams(seed).child_seed(*second)) is (repr(first) == repr(second))
    assert 0 <= streams.child_seed(*first) < 2**63


@pytest.mark.parametrize(
    ("first", "second"), [(("a", "b"), ("a\x1fb",)), ((1,), ("1",)), ((), ("",)), ((1, 2), (12,))]
)
def test_names_that_look_alike_are_different_streams(first, second):
    assert Streams(0).child_seed(*first) != Streams(0).child_seed(*second)


def test_seeds_are_frozen():
    """Results of a seed depend on these numbers, so no version may change them."""
    assert Streams(0).child_seed("folds") == 5652938704789290616
    assert Streams(1).child("members").child_seed("[]smote", 0) == 1313020340521494208


def test_a_stream_does_not_depend_on_who_asked_before():
    busy = Streams(3)
    busy.numpy("other").random(100)
    busy.torch("x")
    assert busy.numpy("x").random() == Streams(3).numpy("x").random()
    numbers = [torch.rand(3, generator=streams.torch("x")) for streams in (busy, Streams(3))]
    assert torch.equal(*numbers)


def test_children_are_families_of_their_own():
    streams = Streams(0)
    seeds = [
        streams.child_seed("a"),
        streams.child("a").child_seed("a"),
        streams.child("b").child_seed("a"),
        Streams(1).child_seed("a"),
        streams.child("a").child("a").child_seed("a"),
    ]
    assert len(set(seeds)) == len(seeds)


def test_streams_of_different_names_are_uncorrelated():
    draws = np.stack([Streams(0).numpy("member", i).normal(size=2_000) for i in range(6)])
    correlation = np.corrcoef(draws) - np.eye(6)
    assert np.abs(correlation).max() < 4.5 / math.sqrt(2_000)


def test_roots_from_what_scikit_learn_calls_random_state():
    assert Streams.of(5) == Streams.of(np.int64(5)) == Streams(5)
    legacy = [np.random.RandomState(5) for _ in range(2)]
    assert Streams.of(legacy[0]) == Streams.of(legacy[1])
    assert Streams.of(legacy[0]) != Streams.of(np.random.RandomState(5))  # it moved on
    with pytest.raises(ValueError, match="cannot be used to seed"):
        Streams.of("five")


def test_streams_leave_global_randomness_alone():
    state, torch_state = global_state(), torch.get_rng_state()
    streams = Streams.of(5).child("x")
    streams.numpy("a").random()
    torch.rand(3, generator=streams.torch("a"))
    assert global_state() == state
    assert torch.equal(torch.get_rng_state(), torch_state)


# --- names

REGISTRY = MappingProxyType({"hinge": object(), "bce": object(), "wgan_gp": object()})


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_an_entry_is_found_by_its_name(name):
    assert lookup(REGISTRY, name, "loss") is REGISTRY[name]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_typo_gets_a_hint_and_all_names(name):
    message = f"Unknown loss '{name}x'. Did you mean '{name}'? Known are: 'bce', 'hinge', 'wgan_gp'."
    with pytest.raises(ValueError, match=f"^{message.replace('?', '[?]')}$"):
        lookup(REGISTRY, f"{name}x", "loss")


def test_a_name_like_no_other_gets_all_names_only():
    assert did_you_mean("zzz", ["b", "a"]) == " Known are: 'a', 'b'."


def test_names_that_are_too_many_to_list_may_still_be_meant():
    assert (
        did_you_mean("makro", ["b", "a"], besides=["macro"]) == " Did you mean 'macro'? Known are: 'a', 'b'."
    )


@pytest.mark.parametrize("wrong", [3, None, ("hinge",)])
def test_names_are_strings(wrong):
    with pytest.raises(ValueError, match=r"A loss is given by its name, a string\. Got"):
        lookup(REGISTRY, wrong, "loss")


# --- threads


@pytest.fixture
def two_threads():
    """Torch with two threads, and with one afterwards."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def test_threads_are_limited_and_restored(two_threads):
    with single_threaded():
        assert torch.get_num_threads() == 1
        with single_threaded():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_threads_are_restored_after_an_error(two_threads):
    with pytest.raises(RuntimeError, match="inside"), single_threaded():
        raise RuntimeError("inside")
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("n_uses", [1, 3], ids=["new threads", "threads that are used again"])
def test_every_thread_is_limited_however_uses_overlap(two_threads, n_uses):
    pauses, inside, after = np.random.default_rng(0).uniform(0, 0.004, (200, n_uses, 2)), [], []

    def use(thread_pauses):
        for before, within in thread_pauses:
            time.sleep(before)
            with single_threaded():
                time.sleep(within)
                inside.append(torch.get_num_threads())
            after.append(torch.get_num_threads())

    for start in range(0, len(pauses), 4):
        threads = [threading.Thread(target=use, args=(part,)) for part in pauses[start : start + 4]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(inside) == {1}
    assert set(after) == {2}


def test_of_overlapping_uses_each_restores_its_own_thread(two_threads):
    entered, leave, found = threading.Event(), threading.Event(), []

    def use():
        with single_threaded():
            entered.set()
            leave.wait()
        found.append(torch.get_num_threads())

    other = threading.Thread(target=use)
    with single_threaded():
        other.start()
        entered.wait()
    found.append(torch.get_num_threads())
    leave.set()
    other.join()
    assert found == [2, 2]


class FakePools:
    """Two libraries with threads, limited one after the other as threadpoolctl does."""

    threads = [4, 3]

    def limit(self, limits):
        return FakeLimits(limits)


class FakeLimits:
    """What is limited, and how it was."""

    def __init__(self, limits):
        self.found = list(FakePools.threads)
        for number in range(2):
            if limits is not None:
                FakePools.threads[number] = limits

    def restore_original_limits(self):
        for number in range(2):
            FakePools.threads[number] = self.found[number]


@pytest.mark.parametrize("n_inside", [1, 2])
def test_limits_are_restored_after_an_interrupt_at_any_line(two_threads, monkeypatch, n_inside):
    def use():
        with single_threaded():
            assert (torch.get_num_threads(), FakePools.threads) == (1, [1, 1])
            if n_inside == 2:
                with single_threaded():
                    assert torch.get_num_threads() == 1

    monkeypatch.setattr(_utils, "ThreadpoolController", FakePools)
    # Only a trace, and no signal, could come between the end of a block and the release of its lock.
    monkeypatch.setattr(_utils, "_lock", nullcontext())
    files = __file__, "_utils.py", "contextlib.py"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        n_lines, _ = interrupt_line(use, files)
        found = [interrupt_line(use, files, at)[1] and _limits() for at in range(1, n_lines + 1)]
    finally:
        signal.signal(signal.SIGINT, before)
    assert n_lines > 50
    assert found == [(2, [4, 3], set(), None)] * n_lines


def _limits():
    return torch.get_num_threads(), list(FakePools.threads), set(_utils._users), _utils._before


# --- standard errors


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 3], 1.0), ([0, 2, 4], 2 / math.sqrt(3)), ([5, 5, 5], 0.0), ([7], 0.0), ([1, 1, 1, 5], 1.0)],
)
def test_the_uncorrected_error_is_that_of_a_mean_of_independent_values(values, expected):
    assert uncorrected_error(np.array(values, float)) == pytest.approx(expected)


@pytest.mark.parametrize("n_folds", [2, 3, 5, 10])
def test_the_error_of_overlapping_folds_is_that_of_nadeau_and_bengio(n_folds):
    values = np.random.default_rng(0).normal(size=n_folds)
    variance = (1 / n_folds + 1 / (n_folds - 1)) * values.var(ddof=1)
    assert standard_error(values) ** 2 == pytest.approx(variance)
    for ratio in (0.0, 0.25, 1.0):
        expected = (1 / n_folds + ratio) * values.var(ddof=1)
        assert standard_error(values, ratio) ** 2 == pytest.approx(expected)
    assert standard_error(values, 0.0) == pytest.approx(uncorrected_error(values))


def test_of_one_fold_no_error_is_known():
    assert standard_error(np.array([7.0])) == 0.0
