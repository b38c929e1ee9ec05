"""Decisions of a fit: rollbacks at half the rates, budgets that grow, and the log that tells of them."""

import json
import math

import numpy as np
import pytest
import torch

from gan_oversampler import GAN, GANOversampler
from gan_oversampler.callbacks import Event, in_order
from gan_oversampler.training.loop import Budget, Follower, train
from gan_oversampler.training.population import CrossFitted
from tests.populations import SMALL, differences, numbers_of, population_of
from tests.tables import numbers
from tests.test_loop import Script

NAN = math.nan


def _logged(script, *, unit=10, patience=9, max_steps=30, **options):
    """Steps scored of the first specification, and what was logged."""
    told, follower = [], Follower(script.score, patience)
    budget = Budget(unit, patience, max_steps, **options)
    train(script, [follower], budget, lambda *event: told.append(event))
    return [s.candidate.step for s in follower.scored if not s.candidate.specification], told


# --- rollback


class Injected(CrossFitted):
    """A population whose first specification breaks in its second unit of training."""

    def advance(self, n_steps):
        super().advance(n_steps)
        if self._step == 2 * n_steps:
            cohort, rows = self._place(0)
            cohort.state.generator_PN[rows] = NAN
            cohort.state.average_PN[rows] = NAN


def _broken(controllers=()):
    gans = [GAN(**SMALL, controllers=controllers), GAN(base="border", **SMALL, controllers=controllers)]
    population = population_of(gans, (0, None))
    population.__class__ = Injected
    return population


@pytest.mark.parametrize("controllers", [(), ("gap", "pacing", "ada", "collapse")], ids=len)
def test_an_injected_nan_goes_back_to_the_best_snapshot_at_half_the_rates(controllers):
    population, told, states = _broken(controllers), [], {}

    def score(candidates):
        states[candidates[0].step] = numbers_of(population, 0)
        return [np.array([float(c.step)] * 2) for c in candidates]

    follower = Follower(score, 5)
    train(population, [follower], Budget(4, 5, 16), lambda *event: told.append(event))
    steps = [s for s in follower.scored if s.candidate.specification == 0]
    assert [s.improved for s in steps] == [True, True, False, True, True]
    assert [event[:3] for event in told] == [(8, 0, "rollback")]
    assert "weights were not finite" in told[0][3]
    assert states[8].generator_PN.isnan().all()
    assert states[12].generator_PN.isfinite().all()
    assert [states[step].rate_P1.unique().item() for step in (4, 8, 12, 16)] == [1, 1, 0.5, 0.5]
    assert (numbers_of(population, 1).rate_P1 == 1).all()


def test_after_a_nan_training_starts_from_the_best_state():
    population = _broken()
    population.advance(4)
    population.save(0)
    best = numbers_of(population, 0)
    population.advance(4)
    population.rollback(0)
    assert differences(best, numbers_of(population, 0)) == ["rate_P1"]
    assert population.candidates(8)[0].finite


def test_half_the_rates_make_half_the_steps():
    whole, half = (population_of([GAN(**SMALL)]) for _ in range(2))
    half.rollback(0)
    starts = [numbers_of(population, 0).critic_PN for population in (whole, half)]
    for population in (whole, half):
        population.advance(1)
    moves = [numbers_of(p, 0).critic_PN - start for p, start in zip((whole, half), starts, strict=True)]
    assert torch.equal(*starts)
    torch.testing.assert_close(moves[1], moves[0] / 2, atol=1e-6, rtol=1e-3)


def test_a_collapsed_rung_fails_and_goes_back():
    population = population_of([GAN("classic", **SMALL, controllers=("collapse",))])
    told, follower = [], Follower(lambda cs: [np.array([float(c.step)]) for c in cs], 2)
    for cohort in population.cohorts:
        cohort.state.generator_PN.zero_()  # every row is the middle of the range
    train(population, [follower], Budget(30, 2, 30), lambda *event: told.append(event))
    assert [s.improved for s in follower.scored] == [False, False]
    assert follower.trackers[0].failed == 1
    assert follower.scored[1].candidate.finite
    assert not follower.scored[1].candidate.sound
    assert [event[2] for event in told] == ["rollback"]
    assert "all alike" in told[0][3]
    assert [(e.controller, e.decision) for e in population.events] == [("collapse", "collapsed 0 -> 1")]


# --- budgets that grow


def test_a_budget_grows_while_scores_improve():
    steps, told = _logged(Script({0: [1, 2, 3, 4, 5, 6, 6]}), growth=2.0)
    assert steps == [0, 10, 20, 30, 40, 50, 60]
    assert [event[:3] for event in told] == [(30, 0, "growth"), (40, 0, "growth"), (50, 0, "growth")]


@pytest.mark.parametrize(("growth", "last"), [(0.0, 30), (0.3, 39), (1.0, 60)])
def test_a_budget_grows_to_its_bound(growth, last):
    steps, _ = _logged(Script({0: list(range(100))}), growth=growth)
    assert steps == sorted({*range(0, last, 10), last})


def test_a_budget_that_does_not_grow_logs_nothing():
    assert _logged(Script({0: list(range(100))}))[1] == []


def test_only_what_improved_last_goes_on():
    script = Script({0: [1, 2, 3, 2, 9, 9], 1: [1, 1, 1, 2, 3, 0]})
    steps, told = _logged(script, growth=1.0)
    assert steps == [0, 10, 20, 30]
    assert script.said("drop")[0] == (0, 3)
    assert [event[:2] for event in told] == [(30, 1), (40, 1)]


def test_a_budget_grows_for_each_follower_alone():
    pleased = Follower(lambda cs: [np.array([float(c.step)]) for c in cs], 9)
    weary = Follower(lambda cs: [np.array([-float(c.step)]) for c in cs], 9)
    train(Script({0: [0.0]}), [weary, pleased], Budget(10, 9, 20, growth=1.0))
    assert [s.candidate.step for s in weary.scored] == [0, 10, 20]
    assert [s.candidate.step for s in pleased.scored] == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("growth", [-0.5, "much"])
def test_growth_is_a_share(growth):
    with pytest.raises(ValueError, match="'growth' parameter"):
        GANOversampler(growth=growth).fit(*numbers())


# --- the log of a fit


def _fit(**options):
    gan = GAN("classic", loss="bce", widths=(16,), batch_size=32, controllers=("gap", "pacing", "ada"))
    settings = {"gan": [gan, GAN(widths=(8,))], "oracle": "energy", "cv": 2, "random_state": 0}
    settings |= {"max_steps": 40, "epoch_unit": 20, "patience": 5, **options}
    return GANOversampler(**settings).fit(*numbers())


@pytest.fixture(scope="module")
def fitted():
    return _fit()


def test_equal_fits_have_equal_logs(fitted):
    events = fitted.report_.events
    assert events
    assert _fit().report_.events == events
    assert {event.gan for event in events} == {"classic"}
    assert {event.member for event in events} <= {"fold 0", "fold 1", "all rows"}
    assert [event.step for event in events] == sorted(event.step for event in events)


def test_the_log_is_a_table_and_json(fitted):
    report = fitted.report_
    frame = report.events_to_frame()
    assert list(frame.columns) == ["step", "gan", "member", "controller", "decision"]
    told = json.loads(json.dumps(report.to_dict()))["events"]
    assert [tuple(line.values()) for line in told] == list(frame.itertuples(index=False, name=None))


def test_scorings_that_fail_are_in_the_log():
    def moody(real, synthetic):
        raise ArithmeticError("no mood")

    with (
        pytest.warns(RuntimeWarning, match="could not score"),
        pytest.raises(ValueError, match="No candidate"),
    ):
        _fit(oracle=moody)
    calls = []

    def rarely(real, synthetic):
        calls.append(1)
        if len(calls) == 11:  # after the baselines and the start
            raise ArithmeticError("no mood")
        return float(len(calls))

    with pytest.warns(RuntimeWarning, match="could not score"):
        failures = [e for e in _fit(oracle=rarely).report_.events if e.controller == "oracle"]
    assert [event.decision for event in failures] == ["could not score it: ArithmeticError: no mood"]
    assert failures[0].step == 20


def test_a_later_oracle_tells_the_same_decisions(fitted):
    events = fitted.report_.events
    assert fitted.rescore("frechet").events == events


def test_a_budget_that_grew_is_in_the_log_of_a_fit():
    calls = []

    def pleased(real, synthetic):
        calls.append(1)
        return float(len(calls))

    fit = _fit(oracle=pleased, growth=0.5, gan=GAN(widths=(8,)))
    assert [e.step for e in fit.report_.events if e.controller == "growth"] == [40]
    assert fit.history_["step"].max() == 60
    blind = _fit(oracle=None, growth=0.5, gan=GAN(widths=(8,)))
    assert blind.history_["step"].max() == 40


def test_events_are_in_order_and_say_all():
    events = [
        Event(None, "smote", "", "oracle", "no"),
        Event(9, "a", "fold 0", "gap", "x"),
        Event(3, "b", "", "r", "y"),
    ]
    assert [e.step for e in in_order(events)] == [3, 9, None]
    assert str(events[1]) == "step 9, a, fold 0, gap: x"
    assert str(events[0]) == "smote, oracle: no"
