"""Rejection sources: exactly as many rows as asked for, from the distribution of the real ones."""

import pickle

import numpy as np
import pytest
from scipy.stats import kstest

from gan_oversampler import Rejection
from gan_oversampler._utils import Streams
from gan_oversampler.sampling.acceptance import ACCEPTANCE_RULES, Acceptance, optimal_budget
from gan_oversampler.sampling.rejection import Gate, RejectionSource, capped_message
from gan_oversampler.sampling.sources import Drawn, Mixture
from tests.ratios import KnownRatio, WideSource, critics, log_ratio_of, proposals


def _always(rate):
    return Acceptance(lambda log_ratio: np.full(len(log_ratio), rate), rate)


def _thinned(rate=None, max_proposals=100.0, budget=4.0):
    """Proposals from N(0, 1.5) under the known ratio, or under a constant rate."""
    rule = optimal_budget(log_ratio_of(proposals(4096)), budget) if rate is None else _always(rate)
    return RejectionSource(WideSource(), {1: Gate(KnownRatio(), rule, max_proposals)})


@pytest.mark.parametrize("n", [0, 1, 7, 3000])
def test_exactly_as_many_rows_as_asked_for_come_back(n):
    drawn = _thinned().draw(1, n, Streams(0))
    assert drawn.rows.shape == (n, 1)
    assert drawn.n_rejected == 0
    assert n <= drawn.n_proposals <= 100 * n


def test_what_comes_back_follows_the_target():
    rows = _thinned().draw(1, 3000, Streams(4)).rows
    assert kstest(rows[:, 0], "norm").pvalue > 0.05
    assert len(np.unique(rows)) == 3000


def test_when_the_cap_is_reached_the_best_of_the_rejected_rows_fill_up():
    drawn = _thinned(rate=0.0, max_proposals=5.0).draw(1, 40, Streams(0))
    assert (drawn.n_proposals, drawn.n_rejected) == (200, 40)
    proposed = WideSource().draw(1, 200, Streams(0).child("proposals", 0)).rows
    best = np.sort(abs(proposed[:, 0]))[:40]  # the nearer to 0 the higher the ratio
    np.testing.assert_array_equal(np.sort(abs(drawn.rows[:, 0])), best)


def test_rows_that_only_fill_up_come_last():
    drawn = _thinned(rate=0.1, max_proposals=4.0).draw(1, 300, Streams(1))
    assert 0 < drawn.n_rejected < 300
    assert drawn.n_proposals == 1200
    filling = log_ratio_of(drawn.rows[-drawn.n_rejected :, 0])
    assert (np.diff(filling) <= 1e-9).all()  # the best one first
    assert not (np.diff(log_ratio_of(drawn.rows[:, 0])) <= 1e-9).all()


def test_parts_of_a_mixture_keep_their_shares():
    """A batch that is more than enough is cut, and the first source must not gain by it."""

    class Far:
        def draw(self, code, n, streams):
            return Drawn(np.full((n, 1), 99, np.float32), n)

    gate = Gate(KnownRatio(), Acceptance(lambda log_ratio: np.ones(len(log_ratio)), 0.2), 100.0)
    rows = RejectionSource(Mixture((WideSource(), Far())), {1: gate}).draw(1, 1000, Streams(0)).rows
    assert (rows == 99).mean() == pytest.approx(0.5, abs=0.05)


def test_classes_without_a_gate_are_drawn_as_they_are():
    alone = WideSource().draw(2, 9, Streams(0)).rows
    np.testing.assert_array_equal(_thinned().draw(2, 9, Streams(0)).rows, alone)


@pytest.mark.parametrize("method", sorted(ACCEPTANCE_RULES))
def test_every_method_brings_proposals_nearer_to_the_real_rows(method):
    gate = Gate.of(WideSource(), 1, critics()[-1], Rejection(method, gamma=None), Streams(0))
    thinned = RejectionSource(WideSource(), {1: gate})
    before, after = (
        kstest(s.draw(1, 1500, Streams(5)).rows[:, 0], "norm").statistic for s in (WideSource(), thinned)
    )
    assert after < 0.7 * before
    assert not gate.is_capped


@pytest.mark.parametrize(
    ("rate", "max_proposals", "capped"), [(0.1, 9, True), (0.1, 11, False), (1.0, 1, False)]
)
def test_a_gate_is_capped_where_the_proposals_will_not_do(rate, max_proposals, capped):
    assert Gate(KnownRatio(), _always(rate), max_proposals).is_capped is capped


def test_gates_and_critics_can_be_stored():
    gate = Gate.of(WideSource(), 1, critics(200)[-1], Rejection(), Streams(0))
    source = RejectionSource(WideSource(), {1: gate})
    copy = pickle.loads(pickle.dumps(source))
    np.testing.assert_array_equal(copy.draw(1, 20, Streams(1)).rows, source.draw(1, 20, Streams(1)).rows)


def test_the_message_names_the_classes_that_were_filled_up():
    rows = np.zeros((5, 1), np.float32)
    few, all_ = (Drawn(rows[:n], 50, rejected=np.arange(n) >= n - k) for n, k in ((len(rows), 2), (3, 3)))
    drawn = {"'a'": few, "'b'": Drawn(rows, 50), "'c'": all_}
    assert capped_message(drawn) == (
        "Rejection reached 'max_proposals': 2 of 5 new rows of class 'a' and 3 of 3 new rows of class 'c' are"
        " the best of the rejected ones."
    )
    assert capped_message({"'b'": drawn["'b'"]}) == ""


def test_rows_in_another_order_or_of_several_draws_know_which_had_been_rejected():
    drawn = _thinned(rate=0.1, max_proposals=4.0).draw(1, 50, Streams(1))
    order = np.random.default_rng(0).permutation(50)
    mixed_up = Drawn.joined([drawn.at(order), WideSource().draw(1, 5, Streams(2))])
    assert mixed_up.n_rejected == drawn.n_rejected > 0
    np.testing.assert_array_equal(mixed_up.is_rejected[:50], drawn.is_rejected[order])
