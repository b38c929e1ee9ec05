"""Streams, names, threads, reports and specifications."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from gan_oversampler._utils import Streams, did_you_mean, lookup, single_threaded
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import APART, GAN
from gan_oversampler.gans.losses import LOSSES, PENALTIES
from gan_oversampler.gans.objectives import FORCES
from gan_oversampler.gans.stream_names import VERSION_1, stream_name
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.oracles.registry import ORACLES
from gan_oversampler.oracles.smooth import SMOOTH
from gan_oversampler.reporting.report import Entry, Gain, Report
from gan_oversampler.sampling.base_samplers import BASES
from tests.samples import global_state

REGISTRIES = {
    "base": BASES,
    "family": FAMILIES,
    "force": FORCES,
    "loss": LOSSES,
    "objective": OBJECTIVES,
    "oracle": ORACLES,
    "penalty": PENALTIES,
    "smooth score": SMOOTH,
}
NAMES = st.lists(st.one_of(st.integers(), st.text(max_size=4), st.none()), max_size=3).map(tuple)


# --- streams


@given(st.integers(0, 2**32), NAMES, NAMES)
def test_streams_are_told_apart_by_their_names_only(seed, first, second):
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


# --- reports


REPORT = Report(
    "FrechetOracle()",
    "residual(smote) at step 50",
    "highest mean",
    (
        Entry("smote", None, 0.50, 0.1),
        Entry("residual(smote)", 0, 0.50, 0.1),
        Entry("residual(smote)", 50, 0.75, 0.2, kept=True),
    ),
    ("Class 'c' has 3 rows.",),
    {"training": 1.234},
    {"smote": Gain(0.25, 0.125), "none": Gain(math.nan, math.nan), "random": Gain(-0.5, 1.0)},
)


def test_a_report_is_a_table():
    frame = REPORT.to_frame()
    assert frame.columns.tolist() == ["name", "step", "score", "standard_error", "kept"]
    assert frame["step"].dtype == "Int64"
    assert frame["step"].isna().tolist() == [True, False, False]
    assert frame["kept"].dtype == bool
    assert frame.loc[frame["kept"], "score"].tolist() == [0.75]
    assert Report("none", "x", "y").to_frame().empty


@pytest.mark.parametrize(
    ("mean", "error", "expected"),
    [
        (0.4, 0.2, 0.3),
        (-0.4, 0.2, -0.3),
        (0.2, 0.2, 0.0),
        (0.1, 0.2, 0.0),
        (-0.1, 0.2, 0.0),
        (0.5, 0.0, 0.5),
        (0.0, 0.2, 0.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_gains_to_be_expected_are_shrunk_by_their_noise(mean, error, expected):
    # James & Stein 1961, positive part: mean * max(0, 1 - (error / mean)^2).
    assert Gain(mean, error).expected == pytest.approx(expected)


@given(st.floats(-9, 9).filter(lambda mean: abs(mean) > 1e-9), st.floats(0, 9))
def test_a_gain_to_be_expected_keeps_its_sign_and_never_grows(mean, error):
    expected = Gain(mean, error).expected
    assert expected * mean >= 0
    assert abs(expected) <= abs(mean)
    assert (expected != 0) is (error < abs(mean)) or math.isclose(error, abs(mean), rel_tol=1e-6)


def test_gains_are_printed_with_their_noise_unless_there_are_none():
    lines = [line for line in str(REPORT).splitlines() if line.startswith("Gain")]
    assert lines == [
        "Gain over smote: +0.2500 ± 0.1250, to be expected +0.1875",
        "Gain over random: -0.5000 ± 1.0000, to be expected +0.0000",
    ]
    assert "Gain" not in str(Report("none", "x", "y"))


def test_notes_are_added_to_a_copy():
    more = REPORT.noting("first", "second")
    assert more.notes == (*REPORT.notes, "first", "second")
    assert len(REPORT.notes) == 1
    assert more.noting() == more
    assert more.gains is REPORT.gains
    assert "Note: second" in str(more)


def test_a_printed_report_says_everything():
    text = str(REPORT)
    for part in (REPORT.oracle, REPORT.choice, REPORT.reason, *REPORT.notes, "0.7500 ± 0.2000", "1.23 s"):
        assert part in text
    assert [line.endswith("<- kept") for line in text.splitlines()].count(True) == 1
    assert "baseline" in next(line for line in text.splitlines() if line.startswith("  smote"))


def test_an_empty_report_has_no_empty_lines():
    assert str(Report("none", "x", "y")).splitlines() == ["Kept: x", "Why:  y", "Oracle: none"]


# --- specifications


@pytest.mark.parametrize("parameter", ["family", "base", "loss", "penalty", "objective"])
def test_a_specification_takes_every_entry_of_its_registry_and_nothing_else(parameter):
    for name in sorted(REGISTRIES[parameter]):
        gan = GAN(**{parameter: name}).validate()
        assert getattr(gan, parameter) == name
        assert getattr(clone(gan), parameter) == name
    with pytest.raises(ValueError, match=f"Unknown {parameter} 'nonsense'"):
        GAN(**{parameter: "nonsense"}).validate()


@pytest.mark.parametrize("force", sorted(FORCES))
def test_forces_are_named(force):
    GAN("guided", forces={force: 0.5}).validate()
    with pytest.raises(ValueError, match=f"Did you mean '{force}'"):
        GAN("guided", forces={force + "s": 0.5}).validate()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_without_forces_nothing_pulls(family):
    assert GAN(family).pulls == dict(FAMILIES[family].forces) != {}
    assert GAN(family, forces={"adversarial": 2}).pulls == {"adversarial": 2.0}
    assert GAN(family, forces={}).pulls == {}
    assert GAN(family, forces={"adversarial": 0}).pulls == {}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_only_what_learns_a_geometry_takes_an_objective_from_others(family):
    gan = GAN(family)
    for name in sorted(OBJECTIVES):
        aimed = gan.aimed_at(name)
        assert aimed.objective == (name if FAMILIES[family].learnt else "auto")
        assert aimed.aimed_at("f1").objective == aimed.objective
    assert gan.objective == "auto"
    assert gan.proof == FAMILIES[family].proof


@pytest.mark.parametrize(
    "wrong",
    [
        {"widths": (8, 0)},
        {"widths": (8, -1)},
        {"widths": (8.0,)},
        {"widths": 8},
        {"critic_widths": ("8",)},
        {"latent": 0},
        {"batch_size": 0},
        {"critic_steps": 0},
        {"reach": 0.0},
        {"ema": 1.0},
        {"critic_dropout": 1.0},
        {"learning_rate": 0.0},
        {"critic_learning_rate": -1e-3},
        {"penalty_weight": -1.0},
        {"betas": (0.9,)},
        {"betas": (0.0, 1.0)},
        {"conditioning": "add"},
        {"classes": "some"},
        {"batch_norm": "yes"},
        {"forces": ["adversarial"]},
        {"forces": {"adversarial": "much"}},
        {"forces": {"adversarial": float("nan")}},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_errors_that_name_them(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        GAN(**wrong).validate()


def test_specifications_share_a_program_when_they_differ_in_their_base_only():
    keys = {GAN(base=base).shape_key for base in sorted(BASES)}
    assert len(keys) == 1
    others = [GAN(loss="hinge"), GAN(widths=(8,)), GAN(reach=0.1), GAN("classic"), GAN(forces={})]
    assert len(keys | {gan.shape_key for gan in others}) == 1 + len(others)


def test_every_parameter_is_named_in_the_random_streams_of_a_gan_or_changes_none():
    named = {path for path, _ in VERSION_1.values()} | set(APART)
    assert named == set(GAN().get_params(deep=False))


def test_what_streams_are_named_after_is_frozen():
    assert stream_name(GAN()) == "[]smote"
    gan = GAN("guided", base="star", widths=[32], reach=1, forces={"utility": 1, "adversarial": 0.5})
    name = "[('family', 'guided'), ('forces', [('adversarial', 0.5), ('utility', 1.0)]), ('reach', 1.0)"
    assert stream_name(gan) == name + ", ('widths', (32.0,))]star"


def test_labels_name_family_and_base():
    assert GAN(base="border").label == "residual(border)"
    assert GAN("classic").label == "classic"
    assert GAN("guided").label_at(50) == "guided at step 50"


def test_labels_of_generators_that_stay_untrained_name_the_base_only():
    assert GAN(base="border", forces={}).label == "base(border)"
    assert GAN(base="border", forces={"adversarial": 0.0}).label == "base(border)"
    assert GAN(base="border", forces={"adversarial": 0.1}).label == "residual(border)"
