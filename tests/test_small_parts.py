"""Names, reports and specifications."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from gan_oversampler._utils import lookup
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import APART, GAN
from gan_oversampler.gans.losses import LOSSES, PENALTIES
from gan_oversampler.gans.objectives import FORCES
from gan_oversampler.gans.stream_names import VERSION_1, stream_name
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.oracles.registry import ORACLES
from gan_oversampler.oracles.scorers import scorer_names
from gan_oversampler.oracles.smooth import SMOOTH
from gan_oversampler.reporting.report import Entry, Gain, Report
from gan_oversampler.sampling.base_samplers import BASES

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


# --- rows


def test_rows_are_taken_by_class_and_joined():
    rows = Rows(np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1]), np.array(["no", "yes"]), pd.DataFrame)
    assert rows.of(1).values.tolist() == [[2, 3], [6, 7]]
    assert rows.of(1).labels.tolist() == ["yes", "yes"]
    assert isinstance(rows.of(0).frame, pd.DataFrame)
    both = rows.of(0).join(rows.of(1))
    assert both.labels.tolist() == ["no", "no", "yes", "yes"]
    assert len(both) == len(rows)
    assert sorted(both.values.tolist()) == rows.values.tolist()


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
