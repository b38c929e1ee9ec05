"""Raking: shares of states stay within their slack, and nothing else changes more than it must."""

import pytest
import torch

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.sampling.raking import SLACK, capped, raked, slack_at
from tests.populations import randn
from tests.tables import MIXED


def _rows(n):
    return MIXED.project(randn(n, MIXED.width))


@pytest.mark.parametrize("slack", [slack_at(1.0), SLACK])
@pytest.mark.parametrize("seed", range(3))
def test_every_state_is_drawn_about_as_often_as_the_rows_have_it(seed, slack):
    rows, probabilities = _rows(40), (2 * randn(40, seed=seed)).softmax(0)
    found = raked(probabilities, rows, MIXED, slack)
    before, after = ((p @ rows - rows.mean(0))[MIXED.states_S].abs().max() for p in (probabilities, found))
    assert before > SLACK
    assert after <= slack + 2e-3
    assert found.sum().item() == pytest.approx(1)


def test_rows_of_equal_states_keep_their_odds():
    rows = MIXED.project(randn(6, MIXED.width).repeat(2, 1))
    probabilities = randn(12).softmax(0)
    found = raked(probabilities, rows, MIXED)
    torch.testing.assert_close(found[:6] / found[6:], probabilities[:6] / probabilities[6:])


def test_equal_probabilities_and_tables_without_states_stay():
    rows = _rows(20)
    torch.testing.assert_close(raked(torch.full((20,), 0.05), rows, MIXED), torch.full((20,), 0.05))
    numbers = RowSpace(type(MIXED.layout)(tuple(b for b in MIXED.layout.blocks if not b.n_states)))
    probabilities = randn(20).softmax(0)
    assert torch.equal(raked(probabilities, rows[:, : numbers.width], numbers), probabilities)


def test_shares_are_kept_the_better_the_more_fidelity_weighs():
    slacks = [slack_at(weight) for weight in (0.01, 0.1, 0.3, 1.0)]
    assert slacks == sorted(slacks, reverse=True)
    assert slacks[0] == slacks[1] == SLACK


@pytest.mark.parametrize("seed", range(5))
def test_no_seed_is_drawn_much_more_often_than_others_and_odds_of_the_others_stay(seed):
    probabilities = (3 * randn(30, seed=seed)).softmax(0)
    found = capped(probabilities, 4.0)
    assert probabilities.max() > 4 / 30
    assert found.max() <= 4 / 30 * 1.001
    assert found.sum().item() == pytest.approx(1)
    free = found < 4 / 30 * 0.999
    torch.testing.assert_close(
        found[free] / probabilities[free], (found / probabilities)[free].mean().expand(free.sum())
    )


def test_of_one_seed_alone_the_others_share_the_rest():
    found = capped(torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0]), 2.0)
    torch.testing.assert_close(found, torch.tensor([0.4, 0.15, 0.15, 0.15, 0.15]))


def test_probabilities_below_the_cap_stay():
    probabilities = (0.3 * randn(30)).softmax(0)
    assert torch.equal(capped(probabilities, 4.0), probabilities)
