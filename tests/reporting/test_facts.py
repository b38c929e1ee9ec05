"""Facts of a fit: gains that are shrunk, entries that are shown, and values that never change."""

import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gan_oversampler
from gan_oversampler.callbacks import Event
from gan_oversampler.reporting.facts import MAX_SHOWN, Entry, Parameter, ReportFacts, versions
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.report import Report

FACTS = ReportFacts(
    "FrechetOracle()",
    "residual(smote) at step 50",
    "highest mean",
    greater_is_better=False,
    entries=(
        Entry("smote", None, 0.50, 0.1),
        Entry("residual(smote)", 0, 0.50, 0.1),
        Entry("residual(smote)", 50, 0.75, 0.2, kept=True),
    ),
)


# --- facts never change


@pytest.mark.parametrize(
    ("name", "value"),
    [("seconds", 1.0), ("gains", Gain(1, 1)), ("parameters", Parameter(1)), ("versions", "1.0")],
)
def test_a_report_does_not_change_with_the_dict_it_was_made_of(name, value):
    given_ = {"before": value}
    report = Report("none", "x", "y", **{name: given_})
    later = replace(report, notes=("noted",))
    given_["after"] = value
    getattr(report, name)["later"] = value
    assert set(getattr(report, name)) == {"before", "later"}
    assert getattr(later, name) == {"before": value}


def test_facts_are_frozen_and_all_but_the_first_three_are_named():
    with pytest.raises(FrozenInstanceError):
        FACTS.choice = "another"
    with pytest.raises(TypeError, match="positional"):
        Report("none", "x", "y", True)


# --- who judged


@pytest.mark.parametrize(
    ("greater_is_better", "direction", "text"),
    [
        (True, "higher is better", "F1, higher is better"),
        (False, "lower is better", "F1, lower is better"),
        (None, "", "F1"),
    ],
)
def test_the_direction_is_known_without_reading_texts(greater_is_better, direction, text):
    facts = ReportFacts("F1", "x", "y", greater_is_better=greater_is_better)
    assert (facts.direction, facts.oracle_text) == (direction, text)
    misleading = ReportFacts("Mine(order='so, lower is better')", "x", "y", greater_is_better=True)
    assert misleading.direction == "higher is better"


# --- entries and events


def test_entries_are_a_table():
    frame = FACTS.to_frame()
    assert frame.columns.tolist() == ["name", "step", "score", "standard_error", "kept"]
    assert frame["step"].dtype == "Int64"
    assert frame["step"].isna().tolist() == [True, False, False]
    assert frame["kept"].dtype == bool
    assert frame.loc[frame["kept"], "score"].tolist() == [0.75]
    assert ReportFacts("none", "x", "y").to_frame().empty


def test_events_are_a_table():
    events = (Event(None, "smote", "", "oracle", "no"), Event(9, "a", "fold 0", "gap", "x"))
    frame = ReportFacts("none", "x", "y", events=events).events_to_frame()
    assert frame.columns.tolist() == ["step", "gan", "member", "controller", "decision"]
    assert frame["step"].isna().tolist() == [True, False]
    assert ReportFacts("none", "x", "y").events_to_frame().empty


@pytest.mark.parametrize("greater_is_better", [True, False, None])
def test_of_very_many_candidates_the_first_the_best_and_the_kept_are_shown(greater_is_better):
    sign = -1 if greater_is_better is False else 1
    scores = [5, math.nan, *range(MAX_SHOWN), 99, 0]
    trained = [Entry("gan", step, sign * score, 0.1, kept=step == 7) for step, score in enumerate(scores)]
    broken = [Entry("broken", step, math.inf, 0.1) for step in range(2)]
    entries = (Entry("smote", None, 0.5, 0.1), *trained, *broken)
    report = Report("F1", "gan", "best", greater_is_better=greater_is_better, entries=entries)
    shown = [(entry.name, entry.step) for entry in report.shown]
    assert shown == [("smote", None), ("gan", 0), ("gan", 7), ("gan", scores.index(99)), ("broken", 0)]
    assert f"and {len(entries) - 5} more, in report_.entries" in str(report)
    few = replace(report, entries=report.entries[:MAX_SHOWN])
    assert few.shown == few.entries


# --- gains


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


# --- versions


def test_versions_are_those_that_run():
    assert versions()["numpy"] == np.__version__
    assert versions()["gan_oversampler"] == gan_oversampler.__version__
    assert {"python", "torch", "scikit-learn", "imbalanced-learn", "gan_oversampler"} <= set(versions())
    assert Report("none", "x", "y").versions == versions()
