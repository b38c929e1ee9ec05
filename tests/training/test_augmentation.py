"""Rows as a critic sees them under adaptive augmentation."""

import pytest
import torch

from gan_oversampler.training.augmentation import JITTER, REPLACED, Augmentation
from tests.populations import one, randn, stream_of
from tests.tables import MIXED


def _rows(seed, n=400):
    return MIXED.project(randn(1, n, MIXED.width, seed=seed))


def _augmented(rows, partners, strength, seed=0):
    return Augmentation(MIXED)(rows, partners, one(strength), [stream_of(seed)])


def test_without_strength_rows_stay_as_they_are():
    rows = _rows(0)
    assert torch.equal(_augmented(rows, _rows(1), 0.0), rows)


def test_augmented_rows_are_valid_and_changed_as_often_as_asked():
    rows = _rows(0, 4000)
    changed = _augmented(rows, _rows(1, 4000), 0.3)
    torch.testing.assert_close(MIXED.project(changed), changed, atol=1e-6, rtol=0)
    value = MIXED.values_V[0]
    moved = (changed != rows)[0, :, value].float().mean().item()
    assert moved == pytest.approx(1 - 0.7 * (1 - 0.3 * REPLACED), abs=0.03)
    category = list(MIXED.layout.groups[3][0])
    other = (changed != rows)[0][:, category].any(-1).float().mean().item()
    assert other == pytest.approx(0.3 * REPLACED * 2 / 3, abs=0.02)


def test_jitter_has_its_size_and_spares_states_and_pinned_values():
    pinned, regular = 0, 1
    row = torch.zeros(MIXED.width)
    row[[1, 4]] = 1.0  # first city, regular income
    rows = row.repeat(1, 4000, 1)
    rows[0, :2000, [4, 5]] = torch.tensor([[0.0, 1.0]]).repeat(2000, 1)  # income at its spike
    rows = MIXED.project(rows)
    halves = (_augmented(part, part, 1.0) - part for part in rows.chunk(2, dim=1))
    moved = dict(zip((pinned, regular), halves, strict=True))
    for kind, columns in ((pinned, [0, 7]), (regular, [0, 6, 7])):
        fixed = [column for column in range(MIXED.width) if column not in columns]
        assert moved[kind][0, :, columns].std(0).tolist() == pytest.approx([JITTER] * len(columns), rel=0.06)
        assert not moved[kind][0, :, fixed].any()


def test_every_member_changes_its_rows_from_its_own_stream():
    rows, partners = _rows(0).repeat(2, 1, 1), _rows(1).repeat(2, 1, 1)
    strengths = torch.tensor([[0.2], [0.7]])
    together = Augmentation(MIXED)(rows, partners, strengths, [stream_of(3), stream_of(4)])
    assert torch.equal(together[1:], _augmented(rows[1:], partners[1:], 0.7, seed=4))


def test_gradients_pass_to_what_was_not_replaced():
    rows = _rows(0).requires_grad_()
    _augmented(rows, _rows(1), 0.8).sum().backward()
    assert set(rows.grad.unique().tolist()) == {0.0, 1.0}
