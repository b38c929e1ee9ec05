"""Rejection: laws of acceptance on analytic Gaussians, critics that find ratios, samplers that reject."""

import pickle
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.base import clone

from gan_oversampler import GAN, EnergyOracle, GANOversampler, Rejection
from gan_oversampler._utils import Streams
from gan_oversampler.sampling.acceptance import (
    LAWS,
    Boosting,
    Independent,
    Shifted,
    discriminator,
    metropolis,
    optimal_budget,
    rejection_of,
)
from gan_oversampler.sampling.density_ratio import View, calibrated, folded, ratio_critics
from gan_oversampler.sampling.rejection import Boosted, Filtered, Gate, gate_of
from gan_oversampler.sampling.sources import Mixture
from tests.tables import mixed, numbers

WIDE = 1.5  # of the proposals; real rows are standard normal, so the largest ratio is 1.5, at 0
METHODS = sorted(LAWS)


def _proposals(n, seed=0):
    return np.random.default_rng(seed).normal(0, WIDE, n)


def _log_ratio(x):
    """Of the densities N(0, 1) and N(0, 1.5)."""
    x = np.asarray(x, float)
    return np.log(WIDE) - x**2 / 2 + x**2 / (2 * WIDE**2)


def _stream(seed=1):
    return np.random.default_rng(seed)


def _starts(n=2000):
    return _log_ratio(_stream(7).normal(size=n))


# Laws of acceptance


def test_exact_rejection_gives_the_target_at_the_rate_of_the_largest_ratio():
    law = discriminator(_log_ratio(_proposals(20_000)), None)
    x = _proposals(6000, seed=2)
    picked = law.pick(_log_ratio(x), _stream())
    assert kstest(x[picked], "norm").pvalue > 0.05
    assert kstest(x, "norm").pvalue < 1e-6
    assert law.rate == pytest.approx(1 / WIDE, rel=0.02)
    assert len(picked) / len(x) == pytest.approx(1 / WIDE, rel=0.03)


def test_a_percentile_is_accepted_every_other_time_and_a_higher_one_is_stricter():
    log_ratio = _log_ratio(_proposals(5000))
    rates = [discriminator(log_ratio, gamma).rate for gamma in (20, 50, 80, 95)]
    assert (np.diff(rates) < 0).all()
    assert discriminator(np.zeros(9), 80).rate == pytest.approx(1)
    law = discriminator(log_ratio, 80)
    logits = law.probability.logit(log_ratio)
    at = log_ratio[np.argmin(abs(logits - np.percentile(logits, 80)))]
    assert law.probability(np.array([at])) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("budget", [1.05, 1.2, 1.4])
def test_the_budget_is_spent_to_within_two_percent(budget):
    law = optimal_budget(_log_ratio(_proposals(100_000)), budget)
    fresh = _log_ratio(_proposals(100_000, seed=3))
    assert law.rate == pytest.approx(1 / budget, rel=1e-6)
    assert law.probability(fresh).mean() == pytest.approx(1 / budget, rel=0.02)


def test_a_budget_that_exact_rejection_does_not_need_is_not_spent():
    log_ratio = _log_ratio(_proposals(50_000))
    law = optimal_budget(log_ratio, 10.0)
    np.testing.assert_allclose(law.probability(log_ratio), np.exp(log_ratio - log_ratio.max()))
    x = _proposals(6000, seed=2)
    assert kstest(x[law.pick(_log_ratio(x), _stream())], "norm").pvalue > 0.05


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=40), st.floats(1, 50))
def test_acceptance_is_a_probability_that_rises_with_the_ratio(log_ratios, budget):
    log_ratio = np.sort(log_ratios)
    for law in (
        optimal_budget(log_ratio, budget),
        discriminator(log_ratio, 80),
        discriminator(log_ratio, None),
    ):
        accepted = law.probability(log_ratio)
        assert ((accepted >= 0) & (accepted <= 1)).all()
        assert (np.diff(accepted) >= -1e-12).all()
        assert accepted.mean() == pytest.approx(law.rate)
    exact = np.exp(log_ratio - log_ratio.max()).mean()
    assert optimal_budget(log_ratio, budget).rate == pytest.approx(max(1 / budget, exact), rel=1e-6)


def test_chains_end_in_the_target_and_never_return_a_proposal_twice():
    log_ratio = _log_ratio(_proposals(4096))
    law = metropolis(log_ratio, 20, _starts(), _stream())
    x = _proposals(20 * 3000, seed=5)
    picked = law.pick(_log_ratio(x), _stream(6))
    assert kstest(x[picked], "norm").pvalue > 0.05
    assert len(set(picked)) == len(picked) <= 3000
    assert len(picked) / len(x) == pytest.approx(law.rate, rel=0.02)


def test_a_chain_that_cannot_move_gives_nothing():
    law = metropolis(np.full(64, -50.0), 8, np.zeros(3), _stream())
    assert law.rate == 0
    assert not law.pick(np.full(80, -50.0), _stream()).size


def test_what_boosting_leaves_no_critic_can_tell():
    """Hedge's bound, for critics of a pool that holds a sample of the target."""
    x = np.concatenate([_stream(0).normal(-1, 1, 400), _stream(1).normal(2, 1, 400)])
    real = _stream(2).normal(size=4000)
    cuts = np.linspace(-3, 3, 13)
    verdicts = (x > cuts[:, None]).astype(float)
    means = (real > cuts[:, None]).mean(1)
    boosting = Boosting.play(verdicts, means, rounds=800)
    log_ratio = boosting.log_ratio(verdicts)
    weights = np.exp(log_ratio) / len(x)
    assert weights.sum() == pytest.approx(1)
    before, after = (abs(means - verdicts @ w) for w in (np.full(len(x), 1 / len(x)), weights))
    assert before.max() > 0.2
    assert after.max() <= np.sqrt(np.log(len(x)) / (2 * 800)) + 0.01


# Critics


@cache
def _critics(n=1500, mean=0.0):
    rng = np.random.default_rng(0)
    parts = [rng.normal(mean if side == 0 else 0, 1 if side == 0 else WIDE, (n, 1)) for side in (0, 1, 0, 1)]
    view = View(*(torch.tensor(part, dtype=torch.float32) for part in parts))
    return ratio_critics([view, View(view.real_nF, view.fake_nF)], Streams(0))


def test_a_calibrated_critic_comes_near_the_analytic_ratio():
    x = np.linspace(-2, 2, 21)
    rows = torch.tensor(x[:, None], dtype=torch.float32)
    for critic in _critics():
        assert abs(critic.log_ratio(rows) - _log_ratio(x)).mean() < 0.15
        found = np.exp(critic.log_ratio(torch.tensor(_proposals(4000)[:, None], dtype=torch.float32)))
        assert found.mean() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("n", [6, 50])
def test_no_ratio_is_beyond_the_root_of_the_number_of_real_rows(n):
    knots, probabilities = calibrated(np.linspace(5, 6, n), np.linspace(-6, -5, 3 * n))
    assert probabilities.max() == pytest.approx(n / (n + n**0.5))
    assert probabilities.min() == pytest.approx(n**0.5 / (n + n**0.5))
    assert (np.diff(knots) >= 0).all()


def test_a_critic_of_equals_is_indifferent_or_nearly_so():
    rng = np.random.default_rng(3)
    rows = [torch.tensor(rng.normal(size=(200, 2)), dtype=torch.float32) for _ in range(2)]
    critic = ratio_critics(folded(View(*rows), Streams(0)), Streams(0))[-1]
    assert critic.indifferent or abs(critic.log_ratio(rows[1])).mean() < 0.3


def test_the_rows_held_out_from_a_view_do_not_calibrate_its_critic():
    """Other rows in the test of a view change the critics of the others, and not its own."""
    rng = np.random.default_rng(0)
    rows = [torch.tensor(rng.normal(i % 2, 1, (80, 2)), dtype=torch.float32) for i in range(8)]
    views = [View(*rows[:4]), View(*rows[4:])]
    changed = [View(*rows[:2], rows[2] - 3, rows[3]), views[1]]
    probe = rows[0][:10]
    before, after = (
        [critic.log_ratio(probe) for critic in ratio_critics(v, Streams(0))] for v in (views, changed)
    )
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_folds_hold_out_every_row_once():
    real, fake = torch.arange(11.0)[:, None], torch.arange(100.0, 130.0)[:, None]
    *views, last = folded(View(real, fake), Streams(0))
    assert sorted(torch.cat([view.unseen_nF for view in views])[:, 0].tolist()) == real[:, 0].tolist()
    assert sorted(torch.cat([view.fresh_nF for view in views])[:, 0].tolist()) == fake[:, 0].tolist()
    assert all(len(view.real_nF) + len(view.unseen_nF) == 11 for view in views)
    assert not last.tested


# Sources


class Wide:
    """Proposals from N(0, 1.5)."""

    def draw(self, code, n, streams):
        return streams.numpy("wide", code).normal(0, WIDE, (n, 1)).astype(np.float32)


def _ratio_of_rows(rows):
    return _log_ratio(rows[:, 0].numpy())


def _filtered(rate=None, most=100.0, budget=4.0):
    law = optimal_budget(_log_ratio(_proposals(4096)), budget)
    law = law if rate is None else Independent(lambda log_ratio: np.full(len(log_ratio), rate), rate)
    return Filtered(Wide(), {1: Gate(_ratio_of_rows, law, most)})


@pytest.mark.parametrize("n", [0, 1, 7, 3000])
def test_exactly_as_many_rows_as_asked_for_come_back(n):
    drawn = _filtered().attempt(1, n, Streams(0))
    assert drawn.rows.shape == (n, 1)
    assert drawn.n_filled == 0
    assert drawn.n_proposals <= 100 * n


def test_what_comes_back_follows_the_target():
    rows = _filtered().draw(1, 3000, Streams(4))
    assert kstest(rows[:, 0], "norm").pvalue > 0.05
    assert len(np.unique(rows)) == 3000


def test_a_cap_that_bites_fills_up_with_the_best_of_the_rest():
    drawn = _filtered(rate=0.0, most=5.0).attempt(1, 40, Streams(0))
    assert (drawn.n_proposals, drawn.n_filled) == (200, 40)
    best = np.sort(abs(drawn.rows[:, 0]))
    batch = Streams(0).child("proposals", 0)
    pool = np.sort(abs(Wide().draw(1, 200, batch)[:, 0]))  # the nearer to 0 the higher the ratio
    np.testing.assert_array_equal(best, pool[:40])


def test_parts_of_a_mixture_keep_their_shares():
    """A batch that is more than enough is cut, and the first source must not gain by it."""

    class Far:
        def draw(self, code, n, streams):
            return np.full((n, 1), 99, np.float32)

    gate = Gate(_ratio_of_rows, Independent(lambda log_ratio: np.ones(len(log_ratio)), 0.2), 100.0)
    rows = Filtered(Mixture((Wide(), Far())), {1: gate}).draw(1, 1000, Streams(0))
    assert (rows == 99).mean() == pytest.approx(0.5, abs=0.05)


def test_other_classes_are_drawn_as_they_are():
    np.testing.assert_array_equal(_filtered().draw(2, 9, Streams(0)), Wide().draw(2, 9, Streams(0)))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_brings_proposals_nearer_to_the_real_rows(method):
    critics = _critics()
    gate = gate_of(Wide(), 1, critics, Rejection(method, gamma=None), Streams(0))
    rows = Filtered(Wide(), {1: gate}).draw(1, 1500, Streams(5))
    before, after = (kstest(x[:, 0], "norm").statistic for x in (Wide().draw(1, 1500, Streams(5)), rows))
    assert after < 0.7 * before
    assert not gate.bites


def test_boosting_by_one_critic_raises_what_it_likes():
    critics = _critics()[:1]
    rows = torch.tensor([[0.0], [3.5]])
    boosted = Boosted.of(critics, torch.from_numpy(Wide().draw(1, 2000, Streams(0))))
    near, far = boosted.log_ratio(rows)
    assert near > far


def test_gates_and_critics_can_be_stored():
    filtered = Filtered(Wide(), {1: gate_of(Wide(), 1, _critics(200), Rejection(), Streams(0))})
    copy = pickle.loads(pickle.dumps(filtered))
    np.testing.assert_array_equal(copy.draw(1, 20, Streams(1)), filtered.draw(1, 20, Streams(1)))
    assert isinstance(copy.gates[1].law.probability, Shifted)


# Samplers


def _sampler(rejection, **options):
    gan = options.pop("gan", GAN("classic", widths=(8,), batch_size=32))
    options = {"oracle": "energy", "max_steps": 6, "epoch_unit": 3, "cv": 2, "random_state": 0, **options}
    return GANOversampler(gan=gan, rejection=rejection, **options)


@pytest.mark.parametrize("method", METHODS)
def test_a_sampler_rejects_and_repeats_itself(method):
    X, y = numbers()
    results = [_sampler(method).fit_resample(X, y) for _ in range(2)]
    np.testing.assert_array_equal(results[0][0], results[1][0])
    plain, _ = _sampler(None).fit_resample(X, y)
    assert results[0][0].shape == plain.shape
    np.testing.assert_array_equal(results[0][0][: len(X)], X)
    assert not np.array_equal(results[0][0], plain)


def test_without_a_gate_boosting_draws_what_was_kept():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 4)), np.repeat([0, 1], [66, 14])
    X[y == 1] += 1
    gan = GAN("residual", base="smoothed_bootstrap", loss="bce", learning_rate=5e-3, reach=2.0)
    options = {"gan": gan, "oracle": None, "max_steps": 60, "epoch_unit": 20}
    boosted = _sampler("boost", **options).fit(X, y)
    assert "all stay as they are" in boosted.report_.notes[0]
    plain = _sampler(None, **options).fit(X, y)
    rows = [sampler.sample(60, random_state=1) for sampler in (boosted, plain)]
    np.testing.assert_array_equal(*rows)


def test_boosting_proposes_no_untrained_noise():
    X, y = numbers()
    outcome = _sampler("boost", patience=9).fit(X, y)._fitted.fit.first
    assert [candidate.step for candidate in outcome.course] == [3, 6]


def test_a_chain_may_be_longer_than_the_usual_pilot():
    how = Rejection("mh", budget=5000, max_proposals=1e4)
    gate = gate_of(Wide(), 1, _critics(200), how, Streams(0))
    assert gate.law.unit == 5000


def test_a_report_tells_how_many_pass_and_what_the_oracle_says():
    X, y = numbers()
    sampler = _sampler(Rejection("drs", gamma=50)).fit(X, y)
    first, second = sampler.report_.notes
    assert first.startswith("Rejection in class 1 (Rejection(gamma=50, method='drs')): ")
    assert "% of the proposals come through" in first
    assert second.startswith("By the oracle: ")
    assert sampler.report_.parameters["rejection"].changed
    assert "polishing" in sampler.report_.seconds
    assert "polishing" not in _sampler(None).fit(X, y).report_.seconds


def test_held_out_evidence_shows_filtered_rows():
    X, y = numbers()
    told = [_sampler(rejection).fit(X, y).report_.to_dict() for rejection in (None, True)]
    assert told[0]["entries"] == told[1]["entries"]
    assert told[0]["evidence"] != told[1]["evidence"]


def test_the_cap_warns_once_and_is_noted():
    X, y = mixed()
    capped = Rejection("drs", gamma=None, max_proposals=1)
    sampler = _sampler(capped)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, labels = sampler.fit_resample(X, y)
    told = [str(w.message) for w in caught if "max_proposals" in str(w.message)]
    assert len(told) == 1
    assert caught[-1].filename == __file__
    assert told[0] in sampler.report_.notes
    assert sampler.reports_["energy"] is sampler.report_
    assert "'rare'" in told[0]
    assert "'rarest'" in told[0]
    assert labels.value_counts().tolist() == [70, 70, 70]
    with pytest.warns(UserWarning, match="Rejection reached 'max_proposals'"):
        assert len(sampler.sample(30, y="rare")) == 30


def test_frames_stay_frames_with_their_types():
    X, y = mixed()
    frame, _ = _sampler("obrs", gan=GAN("guided", widths=(8,), batch_size=32)).fit_resample(X, y)
    assert isinstance(frame, pd.DataFrame)
    pd.testing.assert_series_equal(frame.dtypes, X.dtypes)
    pd.testing.assert_frame_equal(frame.iloc[: len(X)], X)


def test_a_fitted_sampler_is_stored_and_rescored():
    X, y = numbers()
    sampler = _sampler(True).fit(X, y)
    copy = pickle.loads(pickle.dumps(sampler))
    np.testing.assert_array_equal(copy.sample(9, random_state=0), sampler.sample(9, random_state=0))
    report = copy.rescore("mmd")
    assert any(note.startswith("Rejection in class 1") for note in report.notes)
    same = copy.rescore(EnergyOracle())
    assert same.notes == sampler.report_.notes
    assert copy.sample(4, oracle="mmd").shape == (4, 4)


def test_without_an_oracle_the_last_generator_is_filtered():
    X, y = numbers()
    sampler = _sampler(True, oracle=None).fit(X, y)
    assert sampler.report_.notes[0].startswith("Rejection in class 1")
    assert sampler.sample(11).shape == (11, 4)


def test_classes_and_sources_without_a_critic_are_told():
    X, y = numbers(minority=24)
    few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:6]]
    sampler = _sampler(True).fit(X[few], y[few])
    assert "Nothing is rejected or refined" in sampler.report_.notes[-1]
    three = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)]
    labels = np.r_[np.zeros(66, int), np.ones(19, int), np.full(5, 2)]
    sampler = _sampler(True).fit(X[three], labels)
    assert any(note.startswith("Class 2 has too few rows for a critic") for note in sampler.report_.notes)
    assert sampler.sample(6, y=2).shape == (6, 4)


@pytest.mark.parametrize(
    ("rejection", "message"),
    [
        ("obr", r"Unknown rejection 'obr'\. Did you mean 'obrs'"),
        (Rejection("mh", budget=2.5), "an integer"),
        (Rejection(budget=200), "Raise 'max_proposals'"),
        (Rejection(gamma=101), "'gamma' parameter of Rejection"),
        (Rejection(budget=0.5), "'budget' parameter of Rejection"),
        (3, "'rejection' parameter of GANOversampler"),
    ],
)
def test_rejections_that_make_no_sense_are_refused(rejection, message):
    X, y = numbers()
    with pytest.raises(ValueError, match=message):
        _sampler(rejection).fit(X, y)


@pytest.mark.parametrize(
    "change", [{"method": "drs"}, {"budget": 2.0}, {"max_proposals": 9.0}, {"gamma": 10.0}]
)
def test_parameters_survive_a_clone_and_are_reached_from_the_sampler(change):
    sampler = clone(_sampler(Rejection())).set_params(**{f"rejection__{k}": v for k, v in change.items()})
    assert rejection_of(sampler.rejection).get_params().items() >= change.items()
    assert rejection_of(sampler.rejection) is not sampler.rejection
