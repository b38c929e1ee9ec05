"""Random streams, look-ups by name, threads."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler._utils import Streams, did_you_mean, lookup, single_threaded
from gan_oversampler.gans.controllers import CONTROLLERS
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.evolution import MUTATIONS
from gan_oversampler.gans.gan import REGISTRIES as OF_A_GAN
from gan_oversampler.gans.losses import PENALTIES
from gan_oversampler.gans.objectives import LOSS_TERMS
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.oracles.registry import ORACLES
from gan_oversampler.oracles.scorers import scorer_names
from gan_oversampler.oracles.smooth import SMOOTH
from tests.samples import global_state

REGISTRIES = {
    **{name: registry for name, registry in OF_A_GAN.items() if name not in ("penalty", "objective")},
    "controller": CONTROLLERS,
    "divergence": DIVERGENCES,
    "loss term": LOSS_TERMS,
    "mutation": MUTATIONS,
    "oracle": ORACLES,
    "penalty": PENALTIES,
    "objective": OBJECTIVES,
    "preset": PRESETS,
    "smooth score": SMOOTH,
}
NAMES = st.lists(st.one_of(st.integers(), st.text(max_size=4), st.none()), max_size=3).map(tuple)


# --- streams


@given(st.integers(0, 2**32), NAMES, NAMES)
def test_streams_differ_by_their_names_only(seed, first, second):
    streams = Streams(seed)
    assert (streams.child_seed(*first) == Streams(seed).child_seed(*second)) is (repr(first) == repr(second))
    assert 0 <= streams.child_seed(*first) < 2**63


@pytest.mark.parametrize(
    ("first", "second"), [(("a", "b"), ("a\x1fb",)), ((1,), ("1",)), ((), ("",)), ((1, 2), (12,))]
)
def test_names_that_look_alike_are_different_streams(first, second):
    assert Streams(0).child_seed(*first) != Streams(0).child_seed(*second)


def test_a_stream_does_not_depend_on_who_asked_before():
    busy = Streams(3)
    busy.numpy("other").random(100)
    busy.torch("x")
    assert busy.numpy("x").random() == Streams(3).numpy("x").random()
    assert torch.equal(
        torch.rand(3, generator=busy.torch("x")), torch.rand(3, generator=Streams(3).torch("x"))
    )


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


@pytest.mark.parametrize("what", sorted(REGISTRIES))
def test_registries_are_read_only_and_entries_are_found(what):
    registry = REGISTRIES[what]
    for name in sorted(registry):
        assert lookup(registry, name, what) is registry[name]
    with pytest.raises(TypeError):
        registry["new"] = None


@pytest.mark.parametrize("what", sorted(REGISTRIES))
def test_a_typo_in_any_name_gets_a_hint_and_the_list(what):
    for name in sorted(REGISTRIES[what]):
        with pytest.raises(ValueError, match=f"Unknown {what} '{name}x'. Did you mean '{name}'?") as error:
            lookup(REGISTRIES[what], f"{name}x", what)
        assert all(repr(known) in str(error.value) for known in REGISTRIES[what])


def test_smooth_scores_are_called_like_the_scorers_they_stand_for():
    assert set(SMOOTH) <= set(scorer_names())


def test_a_name_like_no_other_gets_the_list_only():
    assert did_you_mean("zzz", ["b", "a"]) == " Known are: 'a', 'b'."


# --- threads


def test_threads_are_limited_and_restored():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with single_threaded():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(RuntimeError, match="inside"), single_threaded():
            raise RuntimeError("inside")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
