"""Tables, evidence and reports: written once from finished facts."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from gan_oversampler import GAN, DownstreamOracle, EnergyOracle
from gan_oversampler._utils import standard_error
from gan_oversampler.callbacks import Event
from gan_oversampler.gans.portfolio import default_portfolio
from gan_oversampler.reporting.evidence import METRICS, EvidenceMetric, Fidelity, n_drawn
from gan_oversampler.reporting.facts import Entry
from gan_oversampler.reporting.gain import Gain
from gan_oversampler.selection.choice import gains_over
from gan_oversampler.selection.decision import Decision
from gan_oversampler.selection.history import (
    HistoryWriter,
    baseline_entry,
    far_note,
    gather_evidence,
    label_scores,
    write_report,
)
from gan_oversampler.selection.scoring import ScoringFailure
from tests.fits import STREAMS, Constant, Loss, Measured, evaluator_of, folds_of, table
from tests.scored import options, renumbered, scored

GANS = [GAN(base="smote"), GAN("guided")]
ENTRIES = [
    scored(0, 0, 1.0, 3.0),
    scored(1, 0, 4.0, 4.0),
    renumbered(scored(0, 50, 2.0, 6.0), losses=(0.7, 0.9)),
    scored(1, 50, 5.0, 5.0),
]


# --- tables


def test_a_candidate_is_a_line_with_its_mean_and_standard_error_in_the_oracles_unit():
    entry = HistoryWriter(GANS, -1.0).entry(ENTRIES[2], kept=True)
    assert entry == Entry("residual(smote)", 50, -4.0, pytest.approx(2 * math.sqrt(3)), kept=True)


def test_a_baseline_is_a_line_without_a_step():
    entry = baseline_entry("smote", np.array([1.0, 3.0]))
    assert entry == Entry("smote", None, 2.0, pytest.approx(math.sqrt(3)))
    assert baseline_entry("smote", np.array([1.0, 3.0]), 0.0).standard_error == 1  # no row is shared


def test_lines_come_specification_by_specification_and_the_kept_ones_are_marked():
    kept = [ENTRIES[1].candidate, ENTRIES[2].candidate]
    lines = HistoryWriter(GANS).entries(ENTRIES, kept)
    assert [(line.name, line.step, line.kept) for line in lines] == [
        ("residual(smote)", 0, False),
        ("residual(smote)", 50, True),
        ("guided", 0, True),
        ("guided", 50, False),
    ]


def test_candidates_with_equal_fields_are_reported_apart():
    twin = replace(ENTRIES[0], candidate=replace(ENTRIES[0].candidate))
    lines = HistoryWriter(GANS).entries([ENTRIES[0], twin], [twin.candidate])
    assert [line.kept for line in lines] == [False, True]


def test_the_history_has_a_row_per_candidate_in_the_order_of_scoring():
    entries = [replace(ENTRIES[0], improved=True, seconds=1.5), replace(ENTRIES[2], n_failed=3)]
    frame = HistoryWriter(GANS, -1.0).history(entries)
    assert frame["step"].tolist() == [0, 50]
    assert frame["specification"].tolist() == [0, 0]
    assert frame["name"].tolist() == ["residual(smote)"] * 2
    assert frame["score"].tolist() == [-2, -4]
    assert frame[["fold_0", "fold_1"]].to_numpy().tolist() == [[-1, -3], [-2, -6]]
    assert frame["standard_error"].tolist() == pytest.approx([3**0.5, 2 * 3**0.5])
    assert frame["improved"].tolist() == [True, False]
    assert frame["failed"].tolist() == [0, 3]
    assert frame["critic_loss"].tolist()[1] == 0.7
    assert frame["generator_loss"].tolist()[1] == 0.9
    assert frame["seconds"].tolist() == [1.5, 0]


def test_a_history_of_nothing_has_its_columns():
    frame = HistoryWriter(GANS).history([])
    assert len(frame) == 0
    assert {"step", "name", "score", "seconds"} <= set(frame.columns)


# --- reports


DECISION = Decision(
    "guided at step 50",
    "because",
    candidates=(ENTRIES[3].candidate,),
    gains={"smote": Gain(1.0, 0.5)},
    notes=("of the decision",),
)


def _report(decision=DECISION, evaluator=None, **changes):
    evaluator = evaluator_of(Measured()) if evaluator is None else evaluator
    facts = {
        "notes": ["of the table"],
        "draw_notes": ["of drawing"],
        "events": [Event(50, "guided", "fold 0", "pacing", "critic steps 1 -> 0")],
        "seconds": {"training": 1.0},
        **changes,
    }
    baselines = {"none": np.array([0.0, 2.0]), "smote": np.array([4.0, 4.0])}
    return write_report(decision, evaluator, ENTRIES, baselines, GANS, **facts)


def test_a_report_holds_the_decision_the_scores_and_the_facts():
    report = _report()
    assert (report.choice, report.reason) == ("guided at step 50", "because")
    assert report.oracle.startswith("Measured(")
    assert report.greater_is_better
    frame = report.to_frame()
    assert frame["name"].tolist() == [
        "none",
        "smote",
        "residual(smote)",
        "residual(smote)",
        "guided",
        "guided",
    ]
    assert frame["kept"].tolist() == [False] * 5 + [True]
    assert frame["score"].tolist() == [1, 4, 2, 4, 4, 5]
    assert report.gains == {"smote": Gain(1.0, 0.5)}
    assert len(report.history) == 4
    assert report.seconds == {"training": 1.0}
    assert report.draw_options is None


def test_scores_are_in_the_oracles_own_unit_and_gains_are_not():
    report = _report(evaluator=evaluator_of(Loss()))
    assert report.greater_is_better is False
    assert report.to_frame()["score"].tolist() == [-1, -4, -2, -4, -4, -5]
    assert report.history["score"].tolist() == [-2, -4, -4, -5]
    assert report.gains["smote"].mean == 1.0


def test_notes_come_in_the_order_of_the_fit():
    evaluator = evaluator_of(Measured(), n_folds=2)
    evaluator = replace(
        evaluator, folds=evaluator.folds[:1], failures=[ScoringFailure("smote", "no reason", 25)]
    )
    evaluator.oracle.share_ = 0.1
    report = _report(evaluator=evaluator)
    starts = ["of the table", "There is one fold only", "Scores are of classifiers that study 10.0%"]
    starts += ["The oracle could not score smote", "of the decision", "of drawing"]
    assert len(report.notes) == len(starts)
    assert all(note.startswith(start) for note, start in zip(report.notes, starts, strict=True))
    assert [(event.step, event.controller) for event in report.events] == [(25, "oracle"), (50, "pacing")]


def test_a_baseline_that_draws_instead_is_marked():
    decision = Decision("baseline smote", "because", base="smote", fallback="smote")
    frame = _report(decision).to_frame()
    assert frame.loc[frame["kept"], ["name", "step"]].to_numpy().tolist() == [["smote", pd.NA]]


def test_draw_options_are_a_table_where_there_was_a_choice():
    tried = [[options(ENTRIES[3], ratio=0.5), options(ENTRIES[3])]]
    report = _report(replace(DECISION, draw_options=tried, kept=tried[0][1]), evaluator=evaluator_of(Loss()))
    assert report.draw_options["kept"].tolist() == [False, True]
    assert report.draw_options["score"].tolist() == [-5, -5]


def test_without_an_oracle_there_are_steps_and_no_scores():
    report = write_report(
        Decision("guided at step 50", "because", notes=("of the decision",)),
        None,
        ENTRIES,
        {},
        GANS,
        notes=["of the table"],
        draw_notes=["of drawing"],
        events=[Event(0, "guided", "", "rollback", "back")],
    )
    assert report.oracle == "none"
    assert report.greater_is_better is None
    assert report.entries == ()
    assert report.notes == ("of the table", "of the decision", "of drawing")
    assert report.history["step"].tolist() == [0, 0, 50, 50]
    assert report.history["score"].isna().all()
    assert len(report.events) == 1


def test_a_report_never_changes_after_it_is_written():
    evaluator, gains, events, notes = evaluator_of(Measured()), {"smote": Gain(1.0, 0.5)}, [], ["first"]
    report = _report(replace(DECISION, gains=gains), evaluator, events=events, notes=notes, draw_notes=notes)
    before = str(report), report.to_dict()
    gains["none"] = Gain(0.0, 0.0)
    events.append(Event(0, "", "", "", "later"))
    notes.append("later")
    evaluator.failures.append(ScoringFailure("later", "no reason"))
    assert (str(report), report.to_dict()) == before


# --- labels and fidelity


def _label_scores(evaluator, ratio=1.0, value=3.0):
    return label_scores(evaluator, [Constant(value)] * 2, ["none", "smote"], ratio)


def test_labels_are_scored_where_the_oracle_adds_up_probabilities():
    smooth, plain = (
        DownstreamOracle(LogisticRegression()),
        DownstreamOracle(LogisticRegression(), smooth=False),
    )
    found = _label_scores(evaluator_of(smooth))
    assert found.name == "F1"
    expected = evaluator_of(plain)
    baselines = expected.baselines(["none", "smote"])
    (kept,) = expected.scores([[Constant(3.0)] * 2], ["kept"])
    assert [entry.score for entry in found.baselines] == [u.mean() for u in baselines.values()]
    assert (found.kept.score, found.kept.standard_error) == (kept.mean(), standard_error(kept))
    assert found.gains == gains_over(kept, baselines)
    assert found.gains["none"].by_fold == tuple(kept - baselines["none"])


@pytest.mark.parametrize(
    "oracle", [DownstreamOracle(smooth=False), DownstreamOracle(scoring="average_precision"), EnergyOracle()]
)
def test_labels_are_scored_nowhere_else(oracle):
    assert _label_scores(evaluator_of(oracle)) is None


def test_where_no_rows_are_drawn_what_is_kept_is_the_table_as_it_is():
    found = _label_scores(evaluator_of(DownstreamOracle(LogisticRegression())), ratio=0.0)
    assert found.kept.score == found.baselines[0].score
    assert found.gains["none"] == Gain(0.0, 0.0)


def test_a_user_is_told_of_rows_that_are_far():
    gans = default_portfolio(99)
    assert far_note(None, gans, given=False) == far_note(Fidelity(1.0, 0.9, 0.5), gans, given=False) == ""
    assert "9.0 times as far" in far_note(Fidelity(9.0, 0.9, 0.5), gans, given=False)


@pytest.mark.parametrize(
    ("gans", "given", "end"),
    [
        (default_portfolio(99, 0.1), False, "come with fidelity=1."),
        (default_portfolio(99, 1.0), False, "do not take them for plausible rows."),
        ([GAN("guided")], True, 'GAN(loss_weights={..., "fidelity": 1}).'),
        ([GAN(base="smote", loss_weights={"fidelity": 1})], True, "do not take them for plausible rows."),
    ],
)
def test_what_brings_rows_nearer_is_something_that_the_user_can_do(gans, given, end):
    assert far_note(Fidelity(9.0, 0.9, 0.5), gans, given=given).endswith(end)


# --- evidence


class Recording(Constant):
    """Remembers which classes it was asked for, how many rows, from which streams."""

    def __init__(self, value=0.0):
        super().__init__(value)
        self.calls = []

    def draw(self, code, n, streams):
        self.calls.append((code, n, streams.seed))
        return super().draw(code, n, streams)


def test_evidence_holds_new_rows_of_the_classes_to_oversample_only():
    rows = table((300, 240, 60, 30))
    folds, sources = folds_of(rows, 3), [Recording(float(fold)) for fold in range(3)]
    evidence = gather_evidence(rows, folds, sources, [3, 1], STREAMS)
    for fold, source in enumerate(sources):
        seen = rows.at(folds[fold][0]).counts
        assert [call[:2] for call in source.calls] == [(3, n_drawn(seen[3])), (1, n_drawn(seen[1]))]
        _, _, new = evidence.folds()[fold]
        assert sorted(set(new.codes)) == [1, 3]
        assert (new.values == fold).all()
    assert len({seed for source in sources for _, _, seed in source.calls}) == 3
    assert evidence.targets == (3, 1)
    assert evidence.labels == [3, 1]


def test_evidence_of_a_fold_shows_what_its_source_saw_and_did_not_see():
    rows = table()
    folds = folds_of(rows)
    evidence = gather_evidence(rows, folds, [Constant(0.0)] * 2, [1], STREAMS)
    for (seen, unseen, _), (train, heldout) in zip(evidence.folds(), folds, strict=True):
        np.testing.assert_array_equal(seen.values, rows.at(train).values)
        np.testing.assert_array_equal(unseen.values, rows.at(heldout).values)


def test_a_class_that_a_fold_has_not_seen_is_not_drawn_there():
    rows = table((60, 24, 2))
    train = np.flatnonzero(rows.codes < 2)
    source = Recording()
    gather_evidence(rows, [(train, np.arange(83, 86))], [source], [1, 2], STREAMS)
    assert [code for code, _, _ in source.calls] == [1]


def test_metrics_compare_new_rows_with_real_ones_of_the_classes_that_are_drawn(monkeypatch):
    """What real rows reach in the place of new ones is that of the same classes."""
    seen = []

    def measure(targets, train, heldout, new):
        seen.append((tuple(targets), tuple(sorted(set(new.codes)))))
        return 0.0

    metrics = {"noted": EvidenceMetric(measure, "0", "nothing")}
    monkeypatch.setattr("gan_oversampler.reporting.evidence.METRICS", metrics)
    rows = table((60, 24, 24, 12))
    evidence = gather_evidence(rows, folds_of(rows), [Constant(0.0)] * 2, [3, 1], STREAMS)
    assert len(evidence.metrics) == 1
    assert seen == [((3, 1), (1, 3))] * 4  # new rows and real ones, in two folds


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.fidelity])
def test_real_rows_of_other_classes_do_not_move_what_real_rows_reach(name):
    """Classes that are not drawn have no part in the comparison of rows of one class."""
    rows = table((60, 30, 30))
    moved = replace(rows, values=rows.values + np.float32(50) * (rows.codes == 0)[:, None])
    values = [
        gather_evidence(each, folds_of(rows), [Constant(3.0)] * 2, [2], STREAMS)
        .metrics.set_index("name")
        .loc[name, ["value", "real"]]
        .astype(float)
        .tolist()
        for each in (rows, moved)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-6)
    assert math.isfinite(values[0][1])
