"""The method from encoded rows to outcomes: phases, decision, report, and further oracles."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from gan_oversampler import GAN, Policy, Rejection
from gan_oversampler.encoding.layout import Layout
from gan_oversampler.sampling.policy import POLICIES
from gan_oversampler.sampling.sources import BaseSource, GeneratorSource
from gan_oversampler.training.loop import Budget
from gan_oversampler.workflow import NO_ORACLE, fit
from tests.clocks import FakeTime
from tests.fits import BASE, FIRST_COLUMN, NUMBER_OF_ROWS, SPACE, STREAMS, Loss, Measured, table
from tests.workflows import BETTER_BASELINE, HIGH, SMALL, WON, drawn_rows, fit_rows, plan_with, services_of

# --- seconds


def test_scoring_does_not_count_as_training():
    time = FakeTime()

    def slow(holdout, new):
        time.passes(1)
        return float(len(new))

    found = fit_rows(
        oracles={"slow": Measured(slow)}, baselines=("none", "smote"), services=services_of(time)
    )
    seconds = found.first.report.seconds
    assert seconds["baselines"] == 4  # two baselines in two folds
    assert seconds["oracle"] == 6  # three rounds in two folds
    assert seconds["training"] == 0
    assert seconds["choice"] == 0
    assert list(seconds) == ["neighbours", "baselines", "training", "oracle", "choice", "evidence", "advice"]


def _slow(time):
    """An oracle whose every score takes a second."""

    def score(holdout, new):
        time.passes(1)
        return float(new.values[:, 0].mean())

    return {"slow": Measured(score)}


def test_rejection_and_policy_have_seconds_of_their_own():
    time = FakeTime()
    found = fit_rows(
        oracles=_slow(time),
        services=services_of(time),
        gans=(BASE,),
        policy=Policy(spread=0.5),
        rejection=Rejection(),
    )
    seconds = found.first.report.seconds
    assert seconds["choice"] == 2  # the policy in two folds
    assert seconds["rejection"] == seconds["policy"] == 2 * 2  # with and without
    assert seconds["training"] == 0


def test_a_choice_among_policies_has_its_seconds():
    time = FakeTime()
    found = fit_rows(oracles=_slow(time), services=services_of(time), gans=(BASE,), policy="oracle")
    assert found.first.report.seconds["choice"] == 2 * len(POLICIES)


def test_seconds_of_a_report_do_not_go_on():
    services = services_of()
    found = fit_rows(oracles={"first": FIRST_COLUMN, "second": NUMBER_OF_ROWS}, services=services)
    before = {name: dict(outcome.report.seconds) for name, outcome in found.outcomes.items()}
    with services.clock.phase("training"), services.clock.phase("more"):
        pass
    for name, outcome in found.outcomes.items():
        assert outcome.report.seconds == before[name]
    found.outcomes["first"].report.seconds["mine"] = 1.0
    assert "mine" not in found.outcomes["second"].report.seconds
    assert "mine" not in services.clock.by_phase


def test_time_is_counted_from_the_beginning_of_the_fit():
    time = FakeTime()
    services = services_of(time)
    time.passes(99)
    with pytest.warns(UserWarning, match="max_time=98 is too short.* about 99.0 seconds"):
        found = fit_rows(budget=Budget(2, 2, 4, max_time=98), services=services)
    assert found.first.report.history["step"].tolist() == [0]
    assert found.first.report.history["seconds"].tolist() == [99]


# --- outcomes


def test_an_outcome_draws_what_its_report_says():
    found = fit_rows(oracles={"number": NUMBER_OF_ROWS})
    outcome = found.first
    assert outcome.report.choice == "residual(smote) at step 0"
    assert outcome.n_new == {1: 36}
    assert outcome.fallback is None
    (source,) = outcome.source.sources
    assert isinstance(source, GeneratorSource)
    np.testing.assert_array_equal(
        drawn_rows(outcome), BaseSource(source.data, "smote").draw(1, 9, STREAMS).rows
    )
    assert outcome.report.parameters == {}
    assert [network.role for network in outcome.report.summary.networks] == ["generator", "critic"]


def test_the_report_holds_the_parameters_of_the_sampler():
    facts = {"parameters": {"cv": 2}, "constraints": ("a <= b",)}
    report = fit_rows(facts=facts).first.report
    assert (report.parameters, report.constraints) == ({"cv": 2}, ("a <= b",))


def test_evidence_is_of_generators_that_never_saw_the_held_out_rows():
    rows = table((60, 24))
    found = fit_rows(rows=rows, gans=(GAN(base="bootstrap", loss_weights={}),))
    for seen, unseen, new in found.first.report.evidence.folds():
        known, unknown = ({tuple(row) for row in side.of(1).values} for side in (seen, unseen))
        drawn = {tuple(row) for row in new.values}
        assert drawn <= known
        assert not drawn & unknown
        assert set(new.codes) == {1}


def test_evidence_holds_classes_that_are_drawn_without_being_learned():
    found = fit_rows(rows=table((60, 24, 5)), n_new={1: 9, 2: 9})
    assert found.first.report.evidence.targets == (2, 1)
    assert all(set(new.codes) == {1, 2} for _, _, new in found.first.report.evidence.folds())


@pytest.mark.parametrize("n_oracles", [1, 2])
def test_every_score_is_said_as_it_comes(n_oracles, caplog):
    caplog.set_level("INFO", "gan_oversampler")
    oracles = dict(list({"first": FIRST_COLUMN, "loss": Loss(lambda holdout, new: 5.0)}.items())[:n_oracles])
    found = fit_rows(oracles=oracles, baselines=("none", "smote"))
    lines = caplog.messages
    entries = sum(len(outcome.report.entries) for outcome in found.outcomes.values())
    headings = [line for line in lines if line in ("first:", "loss:")]
    assert headings == (["first:", "loss:"] if n_oracles > 1 else [])
    assert len(lines) == entries + len(headings)
    assert all(line.startswith(("first: ", "loss: ")) for line in lines if "step" in line) is (n_oracles > 1)
    assert not [line for line in lines if line.startswith("loss: ") and " 5.0000" not in line]


def test_without_an_oracle_the_first_gan_is_trained_for_all_steps():
    found = fit_rows(oracles={}, gans=(SMALL, BASE), budget=Budget(2, 1, 5, growth=1.0))
    assert list(found.outcomes) == [NO_ORACLE]
    report = found.first.report
    assert report.oracle == NO_ORACLE
    assert report.choice == "residual(smote) at step 5"
    assert report.history["step"].tolist() == [0, 2, 4, 5]
    assert report.entries == ()
    assert not report.evidence.held_out
    assert report.evidence.targets == (1,)
    assert found.training is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_new": {}}, "no rows are asked for"),
        ({"n_new": {2: 3}}, "no class to oversample has enough rows to learn from"),
        ({"layout": Layout(())}, "all columns are constant"),
    ],
)
def test_without_anything_to_learn_the_base_of_the_first_gan_draws(changes, reason):
    rows = table((60, 24, 5))
    if "layout" in changes:
        rows = replace(rows, values=rows.values[:, :0])
    found = fit_rows(
        rows=rows,
        gans=(GAN(base="star"), SMALL),
        oracles={"first": FIRST_COLUMN, "second": NUMBER_OF_ROWS},
        policy=Policy(filter=0.5),
        rejection=Rejection(),
        **changes,
    )
    assert list(found.outcomes) == ["first", "second"]
    report = found.outcomes["second"].report
    assert (report.choice, report.reason, report.oracle) == ("star, untrained", reason, "none")
    assert report.notes[-2:] == (
        "Nothing is rejected, because new rows do not come from a generator.",
        "The policy is not applied, because new rows do not come from the kept generators.",
    )
    assert (report.evidence is None) is (reason != "no class to oversample has enough rows to learn from")
    assert len(report.history) == 0
    assert isinstance(found.first.source, BaseSource)
    assert found.first.source.base == "star"


# --- several oracles


def _with(first, second, fallback):
    return fit(
        plan_with(
            gans=(BASE,),
            oracles={"first": first, "second": second},
            baselines=("random",),
            fallback=fallback,
        ),
        table(),
        SPACE.layout,
        {1: 36},
        services_of(),
        {},
    )


@pytest.mark.parametrize("fallback", ["warn", "error"])
def test_an_oracle_that_decides_nothing_only_notes_that_a_baseline_is_better(fallback):
    with warnings.catch_warnings(action="error"):
        found = _with(NUMBER_OF_ROWS, BETTER_BASELINE, fallback)
    assert found.outcomes["first"].report.notes == ()
    (note,) = found.outcomes["second"].report.notes
    assert note.startswith(WON)
    assert "Rows come from the best GAN" in note


def test_an_oracle_that_decides_nothing_may_fall_back_without_a_warning():
    with warnings.catch_warnings(action="error"):
        found = _with(NUMBER_OF_ROWS, BETTER_BASELINE, "baseline")
    assert [outcome.fallback for outcome in found.outcomes.values()] == [None, "random"]


def test_the_first_oracle_warns_once():
    with pytest.warns(UserWarning, match=WON) as caught:
        found = _with(BETTER_BASELINE, BETTER_BASELINE, "warn")
    assert len(caught) == 1
    assert found.first.report.notes == (str(caught[0].message),)


def test_the_first_oracle_may_end_the_fit_before_anything_is_drawn():
    drawn = []

    class Counting(Measured):
        def score(self, holdout, synthetic):
            drawn.append(len(synthetic))
            return super().score(holdout, synthetic)

    with pytest.raises(RuntimeError, match=f"{WON} 'random' scores higher"):
        _with(Counting(BETTER_BASELINE.function), NUMBER_OF_ROWS, "error")
    assert len(drawn) == 4  # a baseline and a candidate in two folds


@pytest.mark.parametrize("name", ["first", "second"])
def test_each_oracle_chooses_as_in_a_fit_of_its_own(name):
    oracles = {"first": HIGH, "second": Loss(lambda holdout, new: float(new.values.mean() ** 2))}
    gans = (SMALL, GAN(base="border", loss_weights={}))
    together = fit_rows(oracles=oracles, gans=gans, budget=Budget(2, 1, 8)).outcomes[name]
    alone = fit_rows(oracles={name: oracles[name]}, gans=gans, budget=Budget(2, 1, 8)).first
    assert together.report == replace(alone.report, seconds=together.report.seconds)
    np.testing.assert_array_equal(drawn_rows(together), drawn_rows(alone))


def test_a_fit_in_which_no_candidate_can_be_scored_says_why():
    broken = Measured(lambda holdout, new: {}["no such thing"])
    with pytest.warns(RuntimeWarning), pytest.raises(ValueError, match=r"No candidate .*no such thing"):
        fit_rows(oracles={"broken": broken})
