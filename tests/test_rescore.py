"""Rescoring: further oracles on what a fit kept, and what a fit keeps."""

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest

from gan_oversampler.training.loop import Budget
from gan_oversampler.workflow import rescore
from tests.clocks import FakeTime
from tests.fits import BASE, FIRST_COLUMN, NUMBER_OF_ROWS, Measured, table
from tests.workflows import BETTER_BASELINE, HIGH, SMALL, WON, drawn_rows, fit_rows, services_of


def _flat(holdout, new):
    return 0.0


def test_rescoring_scores_all_that_any_oracle_has_scored():
    """Patience has done its part in the training: an oracle that comes later does not stop early."""
    rising = iter(range(100))
    found = fit_rows(
        oracles={"rising": Measured(lambda holdout, new: float(next(rising)))},
        budget=Budget(2, 1, 10),
        baselines=(),
        keep_candidates=True,
    )
    assert found.first.report.history["step"].tolist() == [0, 2, 4, 6, 8, 10]
    later = rescore(found, "flat", Measured(_flat), services_of(), {})
    assert later.outcomes["flat"].report.history["step"].tolist() == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("growth", [0.0, 1.0])
def test_rescoring_scores_what_was_trained_beyond_the_budget(growth):
    rising = iter(range(100))
    found = fit_rows(
        oracles={"rising": Measured(lambda holdout, new: float(next(rising)))},
        budget=Budget(2, 1, 4, growth=growth),
        baselines=(),
        keep_candidates=True,
    )
    steps = list(range(0, 5 if not growth else 9, 2))
    assert found.first.report.history["step"].tolist() == steps
    later = rescore(found, "flat", Measured(_flat), services_of(), {})
    assert later.outcomes["flat"].report.history["step"].tolist() == steps


def test_candidates_of_oracles_that_stopped_at_different_steps_are_all_kept():
    rising = iter(range(100))
    found = fit_rows(
        oracles={"flat": Measured(_flat), "rising": Measured(lambda holdout, new: float(next(rising)))},
        gans=(SMALL, BASE),
        budget=Budget(2, 1, 6),
        baselines=(),
        keep_candidates=True,
    )
    assert found.outcomes["flat"].report.history["step"].max() == 2
    rounds = [[(c.step, c.specification) for c in candidates] for candidates in found.training.rounds]
    assert rounds == [[(0, 0), (0, 1)], [(2, 0)], [(4, 0)], [(6, 0)]]


def test_rescoring_gives_what_the_oracle_would_have_said():
    """With patience enough, an oracle that comes later sees what one that was there saw."""
    budget = Budget(2, 99, 6)
    both = fit_rows(oracles={"first": FIRST_COLUMN, "high": HIGH}, budget=budget)
    late = rescore(
        fit_rows(oracles={"first": FIRST_COLUMN}, budget=budget, keep_candidates=True),
        "high",
        HIGH,
        services_of(),
        {},
    )
    expected = both.outcomes["high"]
    found = late.outcomes["high"]
    assert found.report == replace(expected.report, seconds=found.report.seconds)
    np.testing.assert_array_equal(drawn_rows(found), drawn_rows(expected))
    assert list(late.outcomes) == ["first", "high"]
    assert late.training.plan.oracles == {"first": FIRST_COLUMN}


def test_rescoring_leaves_the_fit_as_it_was_and_may_be_repeated():
    found = fit_rows(keep_candidates=True)
    before = found.first.report
    more = rescore(found, "high", HIGH, services_of(), {})
    again = rescore(more, "high again", HIGH, services_of(), {})
    assert list(found.outcomes) == ["first"]
    assert more.first.report is before
    assert again.training is found.training
    reports = [again.outcomes[name].report for name in ("high", "high again")]
    assert reports[0] == replace(reports[1], seconds=reports[0].seconds)


@pytest.mark.parametrize("fallback", ["warn", "baseline", "error"])
def test_rescoring_neither_warns_nor_raises(fallback):
    found = fit_rows(
        gans=(BASE,),
        baselines=("random",),
        fallback=fallback,
        oracles={"n": NUMBER_OF_ROWS},
        keep_candidates=True,
    )
    with warnings.catch_warnings(action="error"):
        later = rescore(found, "few", BETTER_BASELINE, services_of(), {})
    assert any(note.startswith(WON) for note in later.outcomes["few"].report.notes)
    assert later.outcomes["few"].fallback == ("random" if fallback == "baseline" else None)


def test_rescoring_has_seconds_of_its_own():
    time = FakeTime()

    def slow(holdout, new):
        time.passes(1)
        return 0.0

    found = fit_rows(keep_candidates=True)
    services = services_of(time)
    later = rescore(found, "slow", Measured(slow), services, {})
    seconds = later.outcomes["slow"].report.seconds
    assert list(seconds) == ["neighbours", "baselines", "oracle", "choice", "evidence", "advice"]
    assert (seconds["baselines"], seconds["oracle"]) == (2, 2 * len(found.training.rounds))


@pytest.mark.parametrize(
    "changes",
    [{}, {"keep_candidates": True, "oracles": {}}, {"keep_candidates": True, "n_new": {2: 3}}],
    ids=["not kept", "no oracle", "nothing learned"],
)
def test_what_was_not_kept_cannot_be_rescored(changes):
    found = fit_rows(rows=table((60, 24, 5)), **changes)
    with pytest.raises(ValueError, match=r"no candidates to score again\. Fit with keep_candidates=True"):
        rescore(found, "high", HIGH, services_of(), {})


# --- what a fit leaves behind


def test_without_being_asked_a_fit_keeps_no_candidates():
    assert fit_rows().training is None
    kept = fit_rows(keep_candidates=True).training
    assert kept.problem.rows.values.shape == (84, 2)
    assert len(kept.rounds) == 3


def test_a_fit_that_keeps_nothing_is_stored_without_the_table():
    """Rows of ``origin`` lead to the user's table; encoded rows that are drawn from stay."""
    sizes = {
        keep: len(pickle.dumps(fit_rows(oracles={"n": _COUNT}, keep_candidates=keep)))
        for keep in (False, True)
    }
    assert sizes[True] > 1.5 * sizes[False]


def _count(holdout, new):
    return float(len(new))


_COUNT = Measured(_count)
