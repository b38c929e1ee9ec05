"""Density ratios: critics find them, and are calibrated on rows that they have not seen."""

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.density_ratio import (
    View,
    calibrated,
    fit_ratio_critics,
    split_views,
    train_ratio_critics,
)
from gan_oversampler.sampling.sources import Drawn
from tests.ratios import WideSource, critics, log_ratio_of, proposals


def _column(values):
    return torch.tensor(np.asarray(values)[:, None], dtype=torch.float32)


def test_a_calibrated_critic_comes_near_the_known_ratio():
    x = np.linspace(-2, 2, 21)
    for critic in critics():
        assert abs(critic.log_ratio(_column(x)) - log_ratio_of(x)).mean() < 0.15
        assert np.exp(critic.log_ratio(_column(proposals(4000)))).mean() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("n", [6, 50])
def test_no_ratio_is_beyond_the_root_of_the_number_of_real_rows(n):
    knots, probabilities = calibrated(np.linspace(5, 6, n), np.linspace(-6, -5, 3 * n))
    assert probabilities.max() == pytest.approx(n / (n + n**0.5))
    assert probabilities.min() == pytest.approx(n**0.5 / (n + n**0.5))
    assert (np.diff(knots) >= 0).all()


def test_logits_that_say_the_opposite_are_calibrated_to_indifference():
    _, probabilities = calibrated(np.linspace(-6, -5, 30), np.linspace(5, 6, 30))
    np.testing.assert_allclose(probabilities, 0.5)


def test_a_critic_of_equal_samples_is_indifferent_or_nearly_so():
    rng = np.random.default_rng(3)
    rows = [torch.tensor(rng.normal(size=(200, 2)), dtype=torch.float32) for _ in range(2)]
    critic = train_ratio_critics(split_views(View(*rows), Streams(0)), Streams(0))[-1]
    assert critic.is_constant or abs(critic.log_ratio(rows[1])).mean() < 0.3


def test_a_constant_critic_has_ratio_1_everywhere():
    rng = np.random.default_rng(0)
    real, fake = (torch.tensor(rng.normal(size=(60, 1)), dtype=torch.float32) for _ in range(2))
    swapped = View(real - 5, fake + 5, real + 5, fake - 5)  # held-out rows say the opposite
    (critic, _) = train_ratio_critics([swapped, View(real - 5, fake + 5)], Streams(0))
    assert critic.is_constant
    np.testing.assert_allclose(critic.log_ratio(_column(np.linspace(-9, 9, 7))), 0, atol=1e-12)


def test_the_rows_held_out_from_a_view_do_not_calibrate_its_critic():
    """Other held-out rows of a view change the critics of the others, and not its own."""
    rng = np.random.default_rng(0)
    rows = [torch.tensor(rng.normal(i % 2, 1, (80, 2)), dtype=torch.float32) for i in range(8)]
    views = [View(*rows[:4]), View(*rows[4:])]
    changed = [View(*rows[:2], rows[2] - 3, rows[3]), views[1]]
    probe = rows[0][:10]
    before, after = (
        [critic.log_ratio(probe) for critic in train_ratio_critics(v, Streams(0))] for v in (views, changed)
    )
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_split_views_hold_out_every_row_once():
    real, fake = torch.arange(11.0)[:, None], torch.arange(100.0, 130.0)[:, None]
    *views, last = split_views(View(real, fake), Streams(0))
    assert sorted(torch.cat([view.heldout_nF for view in views])[:, 0].tolist()) == real[:, 0].tolist()
    assert sorted(torch.cat([view.fresh_nF for view in views])[:, 0].tolist()) == fake[:, 0].tolist()
    assert all(len(view.real_nF) + len(view.heldout_nF) == 11 for view in views)
    assert not last.has_test


def test_columns_are_standardised_by_the_rows_that_a_critic_learns_from():
    real, fake = torch.tensor([[0.0, 3.0], [2.0, 3.0]]), torch.tensor([[4.0, 3.0], [6.0, 3.0]])
    view, centre, spread = View(real, fake, real + 100, fake).standardised()
    assert centre.tolist() == [3, 3]
    assert spread.tolist() == pytest.approx([5**0.5, 1e-3])  # a constant column is not divided by 0
    torch.testing.assert_close(view.heldout_nF, (real + 100 - centre) / spread)


# --- critics of sources


class Shifted(WideSource):
    """Draws near a place of its own, and remembers what it was asked."""

    def __init__(self, place):
        self.place, self.calls = place, []

    def draw(self, code, n, streams):
        self.calls.append((code, n, streams.seed))
        return Drawn(super().draw(code, n, streams).rows + self.place, n)


def _fitted(places, *, heldout):
    sources = {fold: Shifted(place) for fold, place in places.items()}
    seen = {fold: _column(np.random.default_rng(0).normal(size=150)) for fold in sources}
    return sources, fit_ratio_critics(sources, 3, seen, heldout if heldout else {}, Streams(0))


def test_every_source_gets_a_critic_of_its_own():
    heldout = {fold: _column(np.random.default_rng(1).normal(size=100)) for fold in (0, 1)}
    sources, found = _fitted({None: 0.0, 0: 4.0, 1: -4.0}, heldout=heldout)
    assert list(found) == [0, 1, None]
    right, left = (found[fold].log_ratio(_column([4.0, -4.0])) for fold in (0, 1))
    assert right[0] < right[1]  # what lies where the source draws too often is no real row
    assert left[1] < left[0]
    assert {code for source in sources.values() for code, _, _ in source.calls} == {3}
    assert len(sources[0].calls) == 2  # rows to learn from, and fresh ones to test by
    assert len({seed for _, _, seed in sources[0].calls}) == 2
    assert sources[None].calls[0][1] == 4 * 150  # proposals for so many real rows


def test_without_folds_the_rows_of_the_single_source_are_split():
    sources, found = _fitted({None: 5.0}, heldout=None)
    assert list(found) == [None]
    assert len(sources[None].calls) == 1
    near, far = found[None].log_ratio(_column([0.0, 5.0]))
    assert near > far
