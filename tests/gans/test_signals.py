"""What controllers see of a training step."""

from functools import partial

import pytest
import torch

from gan_oversampler.gans.signals import read_signals, signs, spread_ratio, variety_ratio


def test_a_critic_that_knows_all_rows_is_sure_and_one_that_knows_none_is_not():
    real, fake = torch.ones(1, 8), -torch.ones(1, 8)
    rows = torch.zeros(1, 8, 2), torch.zeros(1, 8, 2), torch.ones(1, 8, 1)
    loss = torch.tensor([2.2])
    for threshold in (0.0, None):
        signals_of = partial(read_signals, loss, loss, rows=rows, equilibrium=2.0, threshold=threshold)
        sure, blind, wrong = (
            signals_of((real, fake)),
            signals_of((real * 0, fake * 0)),
            signals_of((fake, real)),
        )
        assert [s.accuracy.item() for s in (sure, blind, wrong)] == [1.0, 0.5, 0.0]
        assert [s.confidence.item() for s in (sure, blind, wrong)] == [1.0, 0.0, -1.0]
        assert sure.gap.item() == pytest.approx(1)


def test_without_a_threshold_the_rows_of_a_pair_are_compared():
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
