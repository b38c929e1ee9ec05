"""What follows the choice: rejection, policy, ratio, and a baseline that draws instead."""

import math

import numpy as np
import pytest

from gan_oversampler import Policy, Rejection
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.rejection import RejectionSource
from gan_oversampler.sampling.sources import BaseSource
from gan_oversampler.workflow import fit
from tests.fits import BASE, FIRST_COLUMN, SPACE, Measured, table
from tests.workflows import WON, fit_rows, plan_with, services_of


def _post_processed(oracle, **changes):
    return fit_rows(oracles={"first": oracle}, gans=(BASE,), rows=table((60, 12)), baselines=(), **changes)


def test_what_a_policy_brings_is_reported_at_the_ratio_at_which_rows_are_drawn():
    few = Measured(lambda holdout, new: -float(len(new)) if len(new) else math.nan)
    found = _post_processed(few, policy=Policy(spread=0.5), choose_ratio=True)
    report = found.first.report
    kept = report.draw_options[report.draw_options["kept"]].iloc[0]
    assert kept["ratio"] == 0.25
    assert found.first.n_new == {1: 3}  # of 12 rows to a quarter of 60
    (note,) = [note for note in report.notes if note.startswith("Rows are drawn under")]
    assert kept["score"] == -1  # one new row: of 6 rows in a fold to a quarter of 30
    assert note.endswith("By the oracle: -1.0000 ± 0.0000, -1.0000 ± 0.0000 without.")


def test_what_rejection_brings_is_reported_at_the_ratio_at_which_rows_are_drawn():
    few = Measured(lambda holdout, new: -float(len(new)) if len(new) else math.nan)
    report = _post_processed(few, rejection=Rejection(), choose_ratio=True).first.report
    assert "By the oracle: -1.0000 ± 0.0000 with rejection, -1.0000 ± 0.0000 without." in report.notes


def test_a_policy_comes_after_rejection():
    outcome = _post_processed(FIRST_COLUMN, policy=Policy(spread=0.5), rejection=Rejection()).first
    assert isinstance(outcome.source, PolicySource)
    assert isinstance(outcome.source.source, RejectionSource)
    starts = [note.split()[0] for note in outcome.report.notes]
    assert starts == ["Rejection", "By", "Rows"]


def test_a_policy_that_changes_nothing_is_left_out():
    outcome = _post_processed(FIRST_COLUMN, policy=Policy()).first
    assert not isinstance(outcome.source, PolicySource)
    assert outcome.report.notes == ()


def test_a_baseline_that_draws_instead_follows_neither_policy_nor_ratio():
    low = Measured(lambda holdout, new: -float(len(np.unique(new.values.round(3), axis=0))))
    with pytest.warns(UserWarning, match=WON):
        found = fit(
            plan_with(
                gans=(BASE,),
                oracles={"low": low},
                baselines=("random",),
                fallback="baseline",
                policy=Policy(filter=0.1),
                rejection=Rejection(),
                choose_ratio=False,
            ),
            table((60, 12)),
            SPACE.layout,
            {1: 48},
            services_of(),
            {},
        )
    outcome = found.first
    assert outcome.fallback == "random"
    assert outcome.n_new == {1: 48}
    assert isinstance(outcome.source, BaseSource)
    assert outcome.source.base == "bootstrap"
    assert outcome.report.notes[-2:] == (
        "Nothing is rejected, because new rows do not come from a generator.",
        "The policy is not applied, because new rows do not come from the kept generators.",
    )
    for seen, _, new in outcome.report.evidence.folds():
        assert {tuple(row) for row in new.values} <= {tuple(row) for row in seen.of(1).values}
