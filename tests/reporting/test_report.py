"""The report as text and as JSON, and parameters of a sampler as values of both."""

import json
import math
import pickle
from copy import deepcopy
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import GANOversampler, load
from gan_oversampler.callbacks import Event
from gan_oversampler.reporting.facts import Entry, LabelScores, Parameter
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.reporting.model_summary import Layer, ModelSummary, Network
from gan_oversampler.reporting.report import Report, json_value, parameters_of
from tests.fitted_samplers import fitted, gathered
from tests.samplers import quick
from tests.tables import numbers

REPORT = Report(
    "FrechetOracle()",
    "residual(smote) at step 50",
    "highest mean",
    greater_is_better=False,
    entries=(
        Entry("smote", None, 0.50, 0.1),
        Entry("residual(smote)", 0, 0.50, 0.1),
        Entry("residual(smote)", 50, 0.75, 0.2, kept=True),
    ),
    notes=("Class 'c' has 3 rows.",),
    seconds={"training": 1.234},
    gains={"smote": Gain(0.25, 0.125), "none": Gain(math.nan, math.nan), "random": Gain(-0.5, 1.0)},
)


# --- text


def test_a_printed_report_says_everything():
    text = str(REPORT)
    for part in (REPORT.choice, REPORT.reason, *REPORT.notes, "0.7500 ± 0.2000", "1.23 s"):
        assert part in text
    assert "Oracle: FrechetOracle(), lower is better" in text.splitlines()
    assert [line.endswith("<- kept") for line in text.splitlines()].count(True) == 1
    assert "baseline" in next(line for line in text.splitlines() if line.startswith("  smote"))


def test_gains_are_printed_with_their_noise_unless_there_are_none():
    lines = [line for line in str(REPORT).splitlines() if line.startswith("Gain")]
    assert lines == [
        "Gain in score over smote: +0.2500 ± 0.1250, to be expected +0.1875",
        "Gain in score over random: -0.5000 ± 1.0000, to be expected +0.0000",
    ]
    assert "Gain" not in str(Report("none", "x", "y"))


def test_scores_of_labels_stand_beside_smooth_ones_with_gains_of_their_own():
    kept, none = Entry("what is kept", None, 0.8, 0.05, kept=True), Entry("none", None, 0.7, 0.03)
    labels = LabelScores("F1", kept, (none,), {"none": Gain(0.1, 0.04)})
    report = replace(REPORT, score_name="smooth F1", meaning="smooth F1 of a forest", labels=labels)
    lines = str(report).splitlines()
    assert "Score: smooth F1 of a forest" in lines
    assert any(line.startswith("Gain in smooth F1 over smote") for line in lines)
    first = lines.index("F1 of predicted labels (threshold one half), on the same folds, ± standard error:")
    assert [line.split() for line in lines[first + 1 : first + 3]] == [
        ["what", "is", "kept", "0.8000", "±", "0.0500"],
        ["none", "0.7000", "±", "0.0300", "gain", "over", "it", "+0.1000", "±", "0.0400"],
    ]
    facts = json.loads(json.dumps(report.to_dict(), allow_nan=False))["labels"]
    assert facts["gains"]["none"]["mean"] == 0.1
    assert facts["kept"]["score"] == 0.8
    page = report.to_html()
    for text in ("smooth F1 of a forest", "F1 of predicted labels", ">0.8000<", ">0.1000<"):
        assert text in page


def test_fidelity_is_printed_beside_that_of_smote():
    evidence = gathered(*numbers())
    report = replace(REPORT, evidence=evidence)
    line = next(line for line in str(report).splitlines() if line.startswith("Fidelity"))
    assert f"{evidence.fidelity.energy_ratio:.1f} times as far" in line
    assert f"SMOTE's with {evidence.fidelity.smote_auc:.2f}" in line
    assert "times as far" in report.to_html()
    assert report.to_dict()["evidence"]["fidelity"]["auc"] == evidence.fidelity.auc


def test_an_empty_report_has_no_empty_lines():
    assert str(Report("none", "x", "y")).splitlines() == ["Kept: x", "Why:  y", "Oracle: none"]


# --- of a fit


PHASES = {"neighbours", "baselines", "training", "oracle", "choice", "evidence", "advice"}


def test_a_report_of_a_fit_counts_the_seconds_of_every_phase():
    sampler = fitted(*numbers(), oracle=["downstream", "energy"], max_steps=0, keep_candidates=True)
    assert [set(report.seconds) for report in sampler.reports_.values()] == [PHASES, PHASES]
    assert set(sampler.rescore("frechet").seconds) == PHASES - {"training"}
    assert set(fitted(*numbers(), oracle=None, max_steps=0).report_.seconds) == {
        "neighbours",
        "training",
        "evidence",
    }


# --- JSON


@pytest.fixture(scope="module")
def complete():
    """A report with every fact."""
    history = pd.DataFrame({"step": [0, 50], "critic_loss": [math.nan, 0.5]})
    network = Network("guided", "critic", (Layer("linear", 5, 1, 6),), inputs=5, outputs=1)
    return Report(
        "F1",
        "guided at step 50",
        "best",
        greater_is_better=True,
        entries=REPORT.entries,
        notes=REPORT.notes,
        seconds=REPORT.seconds,
        gains=REPORT.gains,
        history=history,
        parameters={"oracle": Parameter("f1", changed=True)},
        evidence=gathered(*numbers()),
        summary=ModelSummary((network,)),
        events=(Event(None, "smote", "", "oracle", "no"),),
        draw_options=pd.DataFrame({"name": ["guided"], "ratio": [0.5], "kept": [np.True_]}),
    )


def test_a_report_round_trips_through_json(complete):
    facts = complete.to_dict()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert set(facts) == {*(field.name for field in fields(Report)), "direction"}
    judged = [facts[name] for name in ("oracle", "greater_is_better", "direction")]
    assert judged == ["F1", True, "higher is better"]
    assert tuple(facts["entries"][0].values()) == ("smote", None, 0.5, 0.1, False)
    assert facts["gains"]["smote"] == {
        "mean": 0.25,
        "standard_error": 0.125,
        "by_fold": [],
        "expected": 0.1875,
    }
    assert facts["history"] == [{"step": 0, "critic_loss": None}, {"step": 50, "critic_loss": 0.5}]
    assert {metric["name"] for metric in facts["evidence"]["metrics"]} >= {"recall", "copies"}
    assert facts["parameters"]["oracle"] == {"value": "f1", "changed": True}
    assert facts["summary"][0]["parameters"] == 6
    assert tuple(facts["events"][0].values()) == (None, "smote", "", "oracle", "no")
    assert facts["draw_options"] == [{"name": "guided", "ratio": 0.5, "kept": True}]


def test_an_empty_report_is_json_too():
    facts = Report("none", "x", "y", gains={"none": Gain(math.nan, math.nan)}).to_dict()
    gain = {"mean": None, "standard_error": None, "by_fold": [], "expected": None}
    assert facts["gains"]["none"] == gain
    assert facts["history"] is facts["evidence"] is facts["summary"] is facts["draw_options"] is None


def test_a_report_survives_pickling_and_leads_to_no_table(complete):
    data = pickle.dumps(complete)
    assert pickle.loads(data).to_dict() == complete.to_dict()
    assert len(data) < 2e6


def test_json_knows_no_nan_and_no_types_of_numpy():
    value = {
        "nan": math.nan,
        "inf": -np.inf,
        np.int64(3): np.float32(0.5),
        "array": np.array([[1, 2], [3, 4]]),
        "frame": pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [True, False]}),
        "day": pd.Timestamp("2024-01-01"),
        "none": (pd.NaT, pd.NA, None, np.bool_(True)),
        "long": np.longdouble(0.5),
        "object": Entry,
    }
    found = json_value(value)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["nan"] is found["inf"] is None
    assert found["3"] == 0.5
    assert found["array"] == [[1, 2], [3, 4]]
    assert found["frame"] == [{"a": 1, "b": True}, {"a": None, "b": False}]
    assert found["none"] == [None, None, None, True]


# --- parameters


def test_parameters_that_differ_from_the_default_are_known():
    found = parameters_of(GANOversampler(cv=5, oracle=lambda real, new: 0.0, categorical_features=[3] * 500))
    assert [name for name, p in found.items() if p.changed] == ["categorical_features", "cv", "oracle"]
    assert " at 0x" not in found["oracle"].value
    assert len(found["categorical_features"].value) < 400
    assert json.dumps({name: p.value for name, p in found.items()})


# --- what is computed late


def _late(calls):
    def facts():
        calls.append(1)
        return {"advice": "Resample: it helps.", "advised": "resample", "ranking": Gain(0.1, 0.2)}

    return Report("F1", "smote", "best", score_name="F1").completed_by(facts)


@pytest.mark.parametrize(
    "ask",
    [
        lambda report: report.advised,
        lambda report: replace(report, reason="other").advised,
        lambda report: pickle.loads(pickle.dumps(report)).advised,
        lambda report: deepcopy(report).advised,
        lambda report: report.to_dict()["advised"],
        lambda report: "resample" if "Resample: it helps." in str(report) else "",
    ],
)
def test_advice_is_computed_once_when_anything_asks_for_it(ask):
    calls = []
    report = _late(calls)
    assert (report.choice, report.score_name, calls) == ("smote", "F1", [])
    assert ask(report) == "resample"
    assert (report.ranking, report.advice) == (Gain(0.1, 0.2), "Resample: it helps.")
    assert calls == [1]
    assert report == _late([])


def test_other_facts_leave_the_advice_for_later():
    calls = []
    report = _late(calls)
    other = report.changed(reason="other")
    assert (other.reason, report.reason, calls) == ("other", "best", [])
    assert other == replace(report, reason="other")


def test_a_sampler_that_was_stored_before_anybody_asked_holds_the_advice(tmp_path):
    sampler = quick(oracle="downstream")
    sampler.fit_resample(*numbers())
    assert "_facts" in vars(sampler.report_)
    sampler.save(tmp_path / "sampler")
    for copy in (load(tmp_path / "sampler"), pickle.loads(pickle.dumps(sampler))):
        assert copy.report_.advice == sampler.report_.advice != ""
        assert copy.report_.ranking == sampler.report_.ranking is not None
