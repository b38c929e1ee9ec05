"""Inner splits: nothing leaks from validation rows, slots stand for all rows, learners differ."""

from dataclasses import astuple, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gan_oversampler.gans.energy_distance import energy_distance
from gan_oversampler.gans.utility import N_FOURIER, utility
from gan_oversampler.nn.tensors import map_tensors
from gan_oversampler.sampling import neighbourhood
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.training.inner_splits import (
    MAX_ROWS,
    MAX_SLOTS,
    MAX_SPARSE_COLUMNS,
    N_LINEAR,
    N_OTHER_SLOTS,
    N_SLOTS,
    VALIDATION_SHARE,
    ClassSplit,
    InnerSplits,
)
from tests.populations import PLANE, plane_data, randn, space_of, stream_of, three_classes, wide_data
from tests.tables import MIXED


def _mixed_data():
    return FoldData.of(
        *three_classes(n=105), MIXED, learned=[1, 2], drawn=[1, 2], new_per_real={1: 1.0, 2: 3.0}
    )


def _drawn(data, n_splits=4, batch_size=32, seed=0):
    return InnerSplits(data, stream_of(seed)).draw(n_splits, batch_size)


# --- splits of a class


@pytest.mark.parametrize("n_rows", [1, 2, 3, 10, 500, 5000])
def test_every_row_of_a_class_is_on_one_side(n_rows):
    split, used = ClassSplit.draw(n_rows, 5, stream_of()), min(n_rows, MAX_ROWS)
    assert (split.order_Tn.sort(1).values.diff(dim=1) > 0).all()
    assert split.order_Tn.shape == (5, used)
    assert split.n_validation == (max(1, int(VALIDATION_SHARE * used)) if n_rows > 1 else 0)
    assert torch.equal(split.is_training.sum(1), torch.full((5,), used - split.n_validation))
    assert split.is_training.gather(1, split.training).all()


@pytest.mark.parametrize("n_rows", [2, 3, 10, 64, 500, 5000])
@pytest.mark.parametrize("n_slots", [32, 256])
def test_slots_stand_for_all_rows_of_their_side(n_rows, n_slots):
    split = ClassSplit.draw(n_rows, 5, stream_of())
    n_validation = max(1, int(VALIDATION_SHARE * n_rows))
    for validation, n_side in ((True, n_validation), (False, n_rows - n_validation)):
        index, weight = split.slots(n_slots, validation=validation)
        assert index.shape == (5, n_slots)
        assert float(weight.sum()) == pytest.approx(n_side, rel=0.01)
        if n_side <= n_slots:  # then every row counts once
            for row in index:
                counts = torch.zeros(n_rows).index_add_(0, row, weight)
                torch.testing.assert_close(counts.sort().values[-n_side:], torch.ones(n_side))


# --- what is drawn from them


def test_no_validation_row_is_a_training_row():
    _, _, split = _drawn(_mixed_data(), n_splits=20)
    for training, validation in zip(split.training_PSF, split.validation_PQF, strict=True):
        assert (training[:, None] - validation).norm(dim=-1).min() > 0


def test_starts_are_made_of_training_rows_only():
    start, _, split = _drawn(plane_data(rare=9), n_splits=30)
    for rows, step, training in zip(start.rows, start.to_neighbour, split.training_PSF, strict=True):
        towards = training[:, None] - rows
        assert towards.norm(dim=-1).amin(0).max() == 0
        # Some training row lies straight ahead: its distance from the ray is zero.
        unit = F.normalize(step, dim=-1)
        along = (towards * unit).sum(-1, keepdim=True)
        off = (towards - along * unit).norm(dim=-1) + 9.0 * (along[..., 0] < step.norm(dim=-1) - 1e-5)
        assert off.amin(0).max() < 1e-4


def test_mixing_partners_are_training_rows_of_every_class(monkeypatch):
    monkeypatch.setattr(neighbourhood, "MAX_MIXING", 1e6)  # so that starts show where partners are
    data = plane_data(n=60, rare=9)
    start, _, split = _drawn(data, n_splits=40)
    both = start.to_partner.ne(0).all(-1)  # moved in both columns: just where the partner is
    partners = (start.rows + start.to_partner)[both]
    training = split.training_PSF.flatten(0, 1)
    assert (partners[:, None] - training).abs().amax(-1).amin(1).max() < 1e-5
    share = ((partners[:, None] - data.rows[0]).abs().amax(-1).amin(1) < 1e-5).float().mean()
    assert abs(float(share) - 51 / 60) < 0.1  # each class as often as it has rows
    for partner, rows, validation in zip(start.to_partner, start.rows, split.validation_PQF, strict=True):
        assert (rows[:, None] + partner[:, None] - validation).norm(dim=-1).min() > 1e-4


def test_mixing_partners_may_be_of_the_class_of_the_seed_only(monkeypatch):
    monkeypatch.setattr(neighbourhood, "MAX_MIXING", 1e6)
    data = plane_data(n=60, rare=9)
    start, _, _ = InnerSplits(data, stream_of(0), mixing="own_class").draw(40, 32)
    partners = (start.rows + start.to_partner)[start.to_partner.ne(0).all(-1)]
    gaps = (partners[:, None] - data.rows[1]).abs().amax(-1)
    assert gaps.amin(1).max() < 1e-5
    assert len(gaps.argmin(1).unique()) == 9


def test_starts_on_mixed_columns_move_only_what_may_move():
    start, _, _ = _drawn(_mixed_data(), n_splits=10)
    rows = start.rows.flatten(0, 1)
    torch.testing.assert_close(MIXED.project(rows), rows)
    fixed = MIXED.free_values(rows) == 0
    for move in (start.to_neighbour, start.noise, start.to_partner):
        assert not move.flatten(0, 1)[fixed].any()
        assert move.flatten(0, 1)[~fixed].any()


def test_about_half_of_the_columns_are_mixed():
    start, _, _ = _drawn(plane_data())
    assert start.to_partner.eq(0).float().mean() == pytest.approx(0.5, abs=0.1)


# --- learners


@pytest.mark.parametrize("width", [1, 2, 5, 30])
def test_fourier_directions_have_one_length_and_half_of_the_splits_see_a_few_columns_at_a_time(width):
    directions = InnerSplits(wide_data(width), stream_of())._fourier_directions(200)
    n_columns = directions.ne(0).sum(1)
    sparse = n_columns.amax(1) <= min(MAX_SPARSE_COLUMNS, width)
    assert n_columns[sparse].unique().tolist() == list(range(1, min(MAX_SPARSE_COLUMNS, width) + 1))
    assert (n_columns[~sparse] == width).all()
    assert width <= MAX_SPARSE_COLUMNS or 60 < int(sparse.sum()) < 140
    for part in (directions, directions[sparse]):
        assert float(part.square().sum(1).mean()) == pytest.approx(width, rel=0.1)
    assert directions.shape == (200, width, N_FOURIER)


def test_every_split_has_other_rows_another_kernel_and_another_ridge():
    _, _, split = _drawn(plane_data(), n_splits=3)
    assert not torch.equal(split.validation_PQF[0], split.validation_PQF[1])
    assert len(split.direction_PFD[..., :N_FOURIER].std((1, 2)).unique()) == 3
    assert len(split.ridge_PD[:, -1].unique()) == 3


@pytest.mark.parametrize(("width", "is_mixed"), [(N_LINEAR, False), (N_LINEAR + 1, True)])
def test_many_columns_are_mixed_to_fewer_linear_features(width, is_mixed):
    _, _, split = _drawn(wide_data(width), n_splits=2)
    linear = split.direction_PFD[..., N_FOURIER:-1]
    assert linear.shape == (2, width, N_LINEAR)
    assert torch.equal(linear[0], torch.eye(width)) is not is_mixed
    # as long as the columns themselves, on average
    assert float(linear.square().sum(2).mean()) == pytest.approx(1, rel=0.1)


def test_synthetic_rows_weigh_what_is_asked_for():
    _, label, split = _drawn(_mixed_data())
    training = split.training_PCS.sum(2)[0]
    torch.testing.assert_close(split.new_weight_PC[0], training * torch.tensor([1.0, 3.0, 0.0]))
    assert label.bincount().tolist() == [16, 16]
    assert split.training_PSF.shape[1] == 2 * N_SLOTS + N_OTHER_SLOTS


@pytest.mark.parametrize("n_targets", [3, 99])
def test_many_classes_share_the_slots_and_keep_their_weights(n_targets):
    rows = torch.randn(5 * 100, 2).numpy()
    data = FoldData.of(
        rows, np.arange(500) % 100, space_of(2), learned=range(n_targets), drawn=range(n_targets)
    )
    _, _, split = _drawn(data, n_splits=2, batch_size=128)
    assert split.training_PSF.shape[1] <= 2 * MAX_SLOTS
    both = split.training_PCS.sum(2) + split.validation_PCQ.sum(2)
    torch.testing.assert_close(both, torch.full((2, 100), 5.0))


def test_scores_of_two_classes_are_those_of_the_rarer_one():
    assert _drawn(plane_data())[2].scored_PC.tolist() == [[1.0, 0.0]] * 4
    assert _drawn(_mixed_data())[2].scored_PC.tolist() == [[1.0, 1.0, 1.0]] * 4


def test_the_only_row_of_a_class_is_a_training_row():
    rows, codes = randn(60, 2).numpy(), np.repeat([0, 1, 2], [40, 19, 1])
    data = FoldData.of(rows, codes, PLANE, learned=[1], drawn=[1], new_per_real={1: 1.0})
    _, _, split = _drawn(data)
    assert split.validation_PCQ.sum(2)[:, 2].tolist() == [0.0] * 4
    assert split.training_PCS.sum(2)[:, 2].tolist() == pytest.approx([1.0] * 4)
    value = utility(split, torch.zeros(4, 32, 2), torch.full((4, 32, 1), 1 / 32), "f1")
    assert value.isfinite().all()


def test_shapes_do_not_depend_on_the_number_of_rows():
    shapes = [
        [None if part is None else part.shape for part in astuple(_drawn(plane_data(n, rare))[2])]
        for n, rare in ((40, 8), (900, 300))
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("n_rare", [1, 2, 9, 300])
def test_rows_that_repeat_in_slots_are_left_out_and_score_alike(n_rare):
    data = plane_data(n=n_rare + 200, rare=n_rare)
    known = replace(data, table_counts={0: 200, 1: n_rare})
    found = []
    for its in data, known:
        start, _, split = _drawn(its)
        split = map_tensors(torch.Tensor.double, split)
        rows = start.rows.double().requires_grad_()
        share = split.seed_log_weight_PB.softmax(1)[..., None].requires_grad_()
        real = split.validation_PQF[:, : split.reference_PRC.shape[1]]
        scores = (
            utility(split, rows, share, "f1").sum(),
            energy_distance(rows, share, real, split.reference_PRC).sum(),
        )
        gradients = [torch.autograd.grad(score, (rows, share)) for score in scores]
        found.append((scores, gradients, split.new_weight_PC))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)
    for validation, slots in (True, split.validation_PQF), (False, split.training_PSF):
        sides = [ClassSplit.n_of_side(n, validation=validation) for n in (n_rare, 200)]
        assert slots.shape[1] == max(1, min(sides[0], N_SLOTS)) + min(sides[1], N_OTHER_SLOTS)


def test_folds_of_a_table_have_the_same_shapes_whatever_rows_they_hold_out():
    folds = [plane_data(n, rare) for n, rare in ((60, 20), (45, 15), (41, 1))]
    splits = [_drawn(replace(data, table_counts={0: 40, 1: 20}))[2] for data in folds]
    assert len({tuple(part.shape for part in astuple(split)) for split in splits}) == 1
    assert splits[0].training_PSF.shape[1] == 14 + 28


# --- groups and weights of rows


def _told(**options):
    """Rows of two classes; the second column is ten times the number of their group."""
    rng, groups = np.random.default_rng(0), np.arange(80) % 16
    rows = np.stack([rng.normal(size=80), 10.0 * groups], axis=1).astype(np.float32)
    codes = np.repeat([0, 1], [50, 30])
    options = {"groups": groups, "new_per_real": {1: 1.0}, **options}
    return FoldData.of(rows, codes, PLANE, learned=[1], drawn=[1], **options)


def _groups_of(rows):
    return set((rows[..., 1].flatten() / 10).round().int().tolist())


def test_validation_rows_share_no_group_with_training_rows_or_starts(monkeypatch):
    monkeypatch.setattr(neighbourhood, "MAX_MIXING", 1e6)  # so that starts show where partners are
    start, _, split = _drawn(_told(), n_splits=20)
    for t in range(20):
        validation = _groups_of(split.validation_PQF[t])
        assert validation
        assert validation.isdisjoint(_groups_of(split.training_PSF[t]))
        assert validation.isdisjoint(_groups_of(start.rows[t]))
        moved = start.to_partner[t, :, 1] != 0
        assert validation.isdisjoint(_groups_of((start.rows[t] + start.to_partner[t])[moved]))


@pytest.mark.parametrize("groups", [np.arange(80) % 16, None], ids=["groups", "none"])
def test_weights_of_rows_are_those_of_their_slots(groups):
    weights = np.random.default_rng(1).integers(0, 4, 80).astype(float)
    weights[::7] = 5.0
    plain, told = (_drawn(_told(groups=groups, weights=w))[2] for w in (None, weights))
    table = torch.cat([_told().rows[0], _told().rows[1]])
    for rows, weight in (("training_PSF", "training_PCS"), ("validation_PQF", "validation_PCQ")):
        found, before, after = getattr(told, rows), getattr(plain, weight).mT, getattr(told, weight).mT
        which = (found[:, :, None] - table).norm(dim=-1).argmin(-1)
        expected = before.sum(-1) * torch.from_numpy(weights).float()[which]
        torch.testing.assert_close(after.sum(-1), expected)


def test_seeds_stand_for_as_many_rows_as_they_weigh():
    weights = np.ones(80)
    weights[50:65] = 0.0
    start, _, split = _drawn(_told(groups=None, weights=weights))
    heavy = torch.from_numpy(_told().rows[1][15:].numpy())
    is_heavy = (start.rows[:, :, None] - heavy).norm(dim=-1).amin(-1) == 0
    assert torch.equal(is_heavy, split.seed_log_weight_PB > -20)
