"""Rows under a policy: how far from real rows, how near to other classes, and what is dropped."""

import math

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from gan_oversampler import Policy
from gan_oversampler._utils import Streams
from gan_oversampler.sampling.policy import POLICIES
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.sources import BaseSource, Drawn
from tests.drawing import DATA, Repeated, plane
from tests.tables import MIXED

SETTINGS = [*POLICIES, Policy(spread=0.5, border=1.0, filter=0.5), Policy(spread=0.0), Policy(filter=0.95)]

# Six rare rows around x = 0 and six common ones around x = 10.
RARE, COMMON = ([(x, y) for x in (c - 1, c, c + 1) for y in (0, 1)] for c in (0, 10))
TWO_SIDES = plane(RARE, COMMON)


def _drawn(policy, proposals, n, seed=0):
    return PolicySource(Repeated(proposals), policy, TWO_SIDES).draw(1, n, Streams(seed)).rows


# --- all policies


@pytest.mark.parametrize("policy", SETTINGS, ids=str)
@pytest.mark.parametrize("n", [0, 1, 33])
def test_rows_are_valid_exactly_as_many_as_asked_for_and_repeatable(policy, n):
    source = PolicySource(BaseSource(DATA, "smote"), policy, DATA)
    for code in (1, 2):
        drawn = source.draw(code, n, Streams(3))
        rows = drawn.rows
        assert rows.shape == (n, MIXED.width)
        assert drawn.n_proposals == policy.n_proposals(n)
        np.testing.assert_array_equal(rows, source.draw(code, n, Streams(3)).rows)
        for states in (rows[:, 1:4], rows[:, 4:6]):
            assert (np.sort(states, axis=1)[:, :-1] == 0).all()
            assert (states.sum(axis=1) == 1).all()
        np.testing.assert_array_equal(rows[rows[:, 4] == 0, 6], np.float32(-0.7))


def test_the_first_policy_leaves_rows_as_they_come():
    plain = BaseSource(DATA, "smoothed_bootstrap")
    under = PolicySource(plain, POLICIES[0], DATA)
    np.testing.assert_array_equal(plain.draw(1, 20, Streams(0)).rows, under.draw(1, 20, Streams(0)).rows)
    assert [policy.changes_nothing for policy in POLICIES] == [True] + [False] * (len(POLICIES) - 1)


# --- spread


@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
def test_spread_scales_the_way_from_the_nearest_real_row(spread):
    rows = np.array([[-3.0, 0.0], [0.0, 3.0], [1.5, -1.0]], np.float32)
    nearest = np.array([[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    found = _drawn(Policy(spread=spread), rows, 3)
    np.testing.assert_allclose(found, nearest + spread * (rows - nearest), atol=1e-6)


def test_without_spread_real_rows_come_back():
    rows = PolicySource(BaseSource(DATA, "smote"), Policy(spread=0.0), DATA).draw(1, 30, Streams(0)).rows
    distance, _ = NearestNeighbors(n_neighbors=1).fit(DATA.rows[1].numpy()).kneighbors(rows)
    assert distance.max() < 1e-6


# --- filter and border


def test_a_filter_drops_what_is_nearest_to_other_classes():
    proposals = [(9.0, 0.0), (0.0, 0.5), (8.0, 0.0), (1.0, 0.5)]
    found = _drawn(Policy(filter=0.5), proposals, 2)
    np.testing.assert_array_equal(found, [(0.0, 0.5), (1.0, 0.5)])


def _distance_to_the_border(border):
    rng = np.random.default_rng(0)
    proposals = np.stack([rng.uniform(-1, 11, 3000), rng.uniform(0, 1, 3000)], axis=1)
    return np.abs(_drawn(Policy(border=border), proposals, 1000)[:, 0] - 5).mean()  # both classes are at 5


def test_the_border_is_sought_or_avoided():
    away, towards = _distance_to_the_border(-3.0), _distance_to_the_border(3.0)
    assert towards < 2.5 < 3.5 < away  # uniform proposals: 3


def test_odds_of_the_border_are_those_documented():
    # One proposal on the border, two far from it: their preferences are border * 1 and about 0.
    proposals = [(5.0, 0.5), (-1.0, 0.5), (-1.0, 0.5)]
    kept = [_drawn(Policy(border=1.0), proposals, 1, seed)[0, 0] == 5 for seed in range(600)]
    share = math.e / (math.e + 2)
    assert np.mean(kept) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 600))


# --- after rejection


class Costly(Repeated):
    """Rows that took seven proposals each, of which the last ones had been rejected."""

    def __init__(self, rows, n_rejected):
        super().__init__(rows)
        self.n_rejected = n_rejected

    def draw(self, code, n, streams):
        rejected = np.arange(n) >= n - self.n_rejected
        return Drawn(super().draw(code, n, streams).rows, 7 * n, rejected=rejected)


def test_the_cost_of_rejection_stays_known():
    source = PolicySource(Costly([(0.0, 0.0), (1.0, 0.0)], n_rejected=8), Policy(filter=0.5), TWO_SIDES)
    drawn = source.draw(1, 4, Streams(0))
    assert (len(drawn.rows), drawn.n_proposals, drawn.n_rejected) == (4, 56, 4)


def test_only_rejected_rows_that_the_policy_keeps_are_counted():
    # The last two of eight had been rejected, and lie among the other class.
    rows = [(0.0, 0.0)] * 6 + [(9.0, 0.0)] * 2
    drawn = PolicySource(Costly(rows, n_rejected=2), Policy(filter=0.5), TWO_SIDES).draw(1, 4, Streams(0))
    assert (len(drawn.rows), drawn.n_rejected) == (4, 0)
