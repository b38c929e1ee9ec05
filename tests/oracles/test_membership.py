"""Membership inference: copies give members away, independent rows do not."""

import numpy as np
import pytest

from gan_oversampler.oracles.membership import attack_auc, attack_hits, membership_scores
from tests.samples import normal


def attack(width, n_members=60, n_others=30, seed=0):
    """An attack on new rows that are members with noise of some width; None: independent of them."""
    rng = np.random.default_rng(seed)
    members, others, fresh = (rng.normal(size=(n, 4)) for n in (n_members, n_others, n_members))
    new = fresh if width is None else members + width * rng.normal(size=members.shape)
    return membership_scores(members, others, new)


def test_independent_rows_give_no_member_away_whatever_the_numbers_of_rows():
    for sizes in ((60, 30), (20, 80)):
        found = [attack(None, *sizes, seed=seed) for seed in range(100)]
        assert np.mean([attack_auc(*scores) for scores in found]) == pytest.approx(0.5, abs=0.02)
        assert np.mean([attack_hits(*scores) for scores in found]) == pytest.approx(0.1, abs=0.025)


def test_the_nearer_new_rows_are_to_members_the_more_of_these_are_found():
    aucs, hits = (
        [np.mean([figure(*attack(width, seed=seed)) for seed in range(10)]) for width in (0.01, 0.3, 1, None)]
        for figure in (attack_auc, attack_hits)
    )
    assert aucs == sorted(aucs, reverse=True)
    assert hits == sorted(hits, reverse=True)
    assert aucs[0] > 0.99
    assert hits[0] > 0.99


def test_copies_are_found_for_sure_and_rows_that_repeat_are_no_exception():
    rows = normal(80, 3)
    assert attack_auc(*membership_scores(rows[:40], rows[40:], rows[:40])) == 1
    alike = np.ones((9, 3))
    assert attack_auc(*membership_scores(alike, alike, alike)) == 0.5


def test_a_score_does_not_depend_on_the_unit_of_length():
    rows = normal(90, 3)
    members, others, new = np.split(rows, 3)
    ours, theirs = (membership_scores(*(part * unit for part in (members, others, new))) for unit in (1, 100))
    np.testing.assert_allclose(np.concatenate(ours), np.concatenate(theirs), atol=1e-4)
