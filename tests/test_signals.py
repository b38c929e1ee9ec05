"""What controllers see, and rows as a critic sees them."""

from functools import partial

import pytest
import torch

from gan_oversampler.gans.signals import read, signs, spread_ratio, variety_ratio
from gan_oversampler.training.augmentation import JITTER, REPLACED, Augmentation
from tests.populations import one
from tests.tables import MIXED

# --- signals


def test_a_critic_that_knows_all_rows_is_sure_and_one_that_knows_none_is_not():
    real, fake = torch.ones(1, 8), -torch.ones(1, 8)
    rows = torch.zeros(1, 8, 2), torch.zeros(1, 8, 2), torch.ones(1, 8, 1)
    loss = torch.tensor([2.2])
    for threshold in (0.0, None):
        know = partial(read, loss, loss, rows=rows, equilibrium=2.0, threshold=threshold)
        sure, blind, wrong = know((real, fake)), know((real * 0, fake * 0)), know((fake, real))
        assert [s.accuracy.item() for s in (sure, blind, wrong)] == [1.0, 0.5, 0.0]
        assert [s.confidence.item() for s in (sure, blind, wrong)] == [1.0, 0.0, -1.0]
        assert sure.gap.item() == pytest.approx(1)


def test_with_a_threshold_each_side_is_judged_alone():
    real, fake = torch.tensor([[3.0, 1.0, 1.0, 1.0]]), torch.tensor([[2.0, 2.0, -1.0, -1.0]])
    assert [side.item() for side in signs(real, fake, 0.0)] == [1.0, 0.0]
    assert [side.item() for side in signs(real, fake, None)] == [0.5, 0.5]


def test_spread_is_measured_within_classes():
    label = torch.eye(2).repeat_interleave(50, 0)[None]
    noise = torch.randn(1, 100, 3, generator=torch.Generator().manual_seed(0))
    centres = 10 * label @ torch.ones(2, 3) + label[..., :1] * 5
    real = centres + noise
    assert spread_ratio(real, real + 7, label).item() == pytest.approx(1, rel=1e-4)
    assert spread_ratio(real, centres + noise / 2, label).item() == pytest.approx(0.25, rel=1e-3)
    assert spread_ratio(real, centres, label).item() == pytest.approx(0, abs=1e-9)


def test_variety_counts_different_rows():
    rows = torch.randn(1, 24, 5, generator=torch.Generator().manual_seed(0))
    assert variety_ratio(rows, rows.flip(1)).item() == 1
    assert variety_ratio(rows, rows[:, :1].expand(1, 24, 5)).item() == pytest.approx(1 / 24)
    assert variety_ratio(rows[:, :6].repeat(1, 4, 1), rows).item() == 4


# --- augmentation


def _rows(seed, n=400):
    draws = torch.randn(1, n, MIXED.width, generator=torch.Generator().manual_seed(seed))
    return MIXED.project(draws)


def _augmented(rows, donors, strength, seed=0):
    return Augmentation(MIXED)(rows, donors, one(strength), [torch.Generator().manual_seed(seed)])


def test_without_strength_rows_stay_as_they_are():
    rows = _rows(0)
    assert torch.equal(_augmented(rows, _rows(1), 0.0), rows)


def test_augmented_rows_are_lawful_and_changed_as_often_as_asked():
    rows = _rows(0, 4000)
    changed = _augmented(rows, _rows(1, 4000), 0.3)
    torch.testing.assert_close(MIXED.project(changed), changed, atol=1e-6, rtol=0)
    value = MIXED.values_V[0]
    moved = (changed != rows)[0, :, value].float().mean().item()
    assert moved == pytest.approx(1 - 0.7 * (1 - 0.3 * REPLACED), abs=0.03)
    category = list(MIXED.layout.groups[3][0])
    other = (changed != rows)[0][:, category].any(-1).float().mean().item()
    assert other == pytest.approx(0.3 * REPLACED * 2 / 3, abs=0.02)


def test_jitter_has_its_size_and_spares_pinned_values():
    rows = _rows(0, 4000)
    moved = _augmented(rows, rows * 0 + rows, 1.0) - rows
    jitter = moved[0, :, MIXED.values_V[0]]
    assert jitter.abs().median().item() == pytest.approx(0.674 * JITTER, rel=0.4)
    pinned = rows[..., MIXED.regular_V[0]] < 0.5
    same_state = (moved[..., MIXED.states_S] == 0).all(-1)
    assert (moved[..., MIXED.guarded_V[0]][pinned & same_state] == 0).all()


def test_gradients_pass_to_what_was_not_replaced():
    rows = _rows(0).requires_grad_()
    _augmented(rows, _rows(1), 0.8).sum().backward()
    assert set(rows.grad.unique().tolist()) == {0.0, 1.0}
