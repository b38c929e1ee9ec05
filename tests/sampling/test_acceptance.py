"""Acceptance by density ratio, on Gaussians whose ratio is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.base import clone

from gan_oversampler import GANOversampler, Rejection
from gan_oversampler.sampling.acceptance import (
    ACCEPTANCE_RULES,
    Acceptance,
    discriminator,
    optimal_budget,
    rejection_of,
)
from tests.ratios import WIDE, log_ratio_of, proposals


def _stream(seed=1):
    return np.random.default_rng(seed)


def test_exact_rejection_gives_the_target_at_the_rate_of_the_largest_ratio():
    rule = discriminator(log_ratio_of(proposals(20_000)), None)
    x = proposals(6000, seed=2)
    accepted = rule.accept(log_ratio_of(x), _stream())
    assert kstest(x[accepted], "norm").pvalue > 0.05
    assert kstest(x, "norm").pvalue < 1e-6
    assert rule.rate == pytest.approx(1 / WIDE, rel=0.02)
    assert len(accepted) / len(x) == pytest.approx(1 / WIDE, rel=0.03)


def test_a_percentile_is_accepted_every_other_time_and_a_higher_one_is_stricter():
    log_ratio = log_ratio_of(proposals(5000))
    rates = [discriminator(log_ratio, gamma).rate for gamma in (20, 50, 80, 95)]
    assert (np.diff(rates) < 0).all()
    assert discriminator(np.zeros(9), 80).rate == pytest.approx(1)
    rule = discriminator(log_ratio, 80)
    logits = rule.probability.logit(log_ratio)
    at = log_ratio[np.argmin(abs(logits - np.percentile(logits, 80)))]
    assert rule.probability(np.array([at])) == pytest.approx(0.5, abs=0.01)


def test_a_plateau_of_largest_ratios_has_no_say_in_the_percentile():
    # Calibrated ratios are often equal at the top, where the logit of acceptance is as good as infinite.
    below = np.linspace(-3, -1, 21)
    plateau = np.concatenate([below, np.zeros(80)])
    rule = discriminator(plateau, 50)
    np.testing.assert_allclose(
        rule.probability(below), discriminator(np.append(below, 0), 50).probability(below)
    )
    assert rule.probability(np.array([-2.0])) == pytest.approx(0.5)


@pytest.mark.parametrize("budget", [1.05, 1.2, 1.4])
def test_the_budget_is_spent_to_within_two_percent(budget):
    rule = optimal_budget(log_ratio_of(proposals(100_000)), budget)
    fresh = log_ratio_of(proposals(100_000, seed=3))
    assert rule.rate == pytest.approx(1 / budget, rel=1e-6)
    assert rule.probability(fresh).mean() == pytest.approx(1 / budget, rel=0.02)


def test_a_budget_that_exact_rejection_does_not_need_is_not_spent():
    log_ratio = log_ratio_of(proposals(50_000))
    rule = optimal_budget(log_ratio, 10.0)
    np.testing.assert_allclose(rule.probability(log_ratio), np.exp(log_ratio - log_ratio.max()))
    x = proposals(6000, seed=2)
    assert kstest(x[rule.accept(log_ratio_of(x), _stream())], "norm").pvalue > 0.05


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=40), st.floats(1, 50))
def test_acceptance_is_a_probability_that_rises_with_the_ratio(log_ratios, budget):
    log_ratio = np.sort(log_ratios)
    for rule in (
        optimal_budget(log_ratio, budget),
        discriminator(log_ratio, 80),
        discriminator(log_ratio, None),
    ):
        probability = rule.probability(log_ratio)
        assert ((probability >= 0) & (probability <= 1)).all()
        assert (np.diff(probability) >= -1e-12).all()
        assert probability.mean() == pytest.approx(rule.rate)
    exact = np.exp(log_ratio - log_ratio.max()).mean()
    assert optimal_budget(log_ratio, budget).rate == pytest.approx(max(1 / budget, exact), rel=1e-6)


def test_accepted_positions_come_in_order():
    rule = Acceptance(lambda log_ratio: np.where(log_ratio > 0, 1.0, 0.0), 0.5)
    assert rule.accept(np.array([1.0, -1.0, 2.0, -3.0, 4.0]), _stream()).tolist() == [0, 2, 4]


# --- what users give


def test_what_users_give_becomes_a_checked_copy():
    given = Rejection("drs", gamma=10.0)
    copy = rejection_of(given)
    assert copy is not given
    assert copy.get_params() == given.get_params()
    assert rejection_of(True).get_params() == Rejection().get_params()
    assert rejection_of("drs").method == "drs"
    assert rejection_of(None) is rejection_of(False) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("obr", r"Unknown rejection 'obr'\. Did you mean 'obrs'"),
        ("mh", r"Unknown rejection 'mh'.*'drs', 'obrs'"),
        (Rejection(budget=200), "Raise 'max_proposals' or lower 'budget'"),
        (Rejection(gamma=101), "'gamma' parameter of Rejection"),
        (Rejection(budget=0.5), "'budget' parameter of Rejection"),
        (Rejection(max_proposals=0), "'max_proposals' parameter of Rejection"),
    ],
    ids=str,
)
def test_rejections_that_make_no_sense_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        rejection_of(given)


def test_a_budget_may_exceed_the_cap_where_it_is_not_used():
    assert rejection_of(Rejection("drs", budget=200)).budget == 200


@pytest.mark.parametrize("method", sorted(ACCEPTANCE_RULES))
def test_every_rule_takes_its_own_parameter(method):
    log_ratio = log_ratio_of(proposals(500))
    (loose, strict), name = {"obrs": ((1.1, 1.4), "budget"), "drs": ((20.0, 90.0), "gamma")}[method]
    rates = [Rejection(method, **{name: value}).acceptance(log_ratio).rate for value in (loose, strict)]
    assert rates[1] < rates[0]


@pytest.mark.parametrize(
    "change", [{"method": "drs"}, {"budget": 2.0}, {"max_proposals": 9.0}, {"gamma": 10.0}], ids=str
)
def test_parameters_survive_a_clone_and_are_reached_from_the_sampler(change):
    sampler = clone(GANOversampler(rejection=Rejection()))
    sampler.set_params(**{f"rejection__{name}": value for name, value in change.items()})
    assert rejection_of(sampler.rejection).get_params().items() >= change.items()
