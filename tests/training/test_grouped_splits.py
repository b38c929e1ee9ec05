"""Grouped splits: no group is parted, every class keeps training rows, slots stand for all rows."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.training.grouped_splits import GroupedSplit
from gan_oversampler.training.inner_splits import ClassSplit
from tests.populations import stream_of

GROUPS = st.lists(st.lists(st.integers(0, 9), max_size=40), min_size=2, max_size=4)


def _drawn(groups, n_splits=6, seed=0, max_rows=2048):
    tensors = {code: torch.tensor(its, dtype=torch.long) for code, its in enumerate(groups)}
    options = {"validation_share": 0.3, "max_rows": max_rows}
    return GroupedSplit.draw(tensors, n_splits, stream_of(seed), **options)


@given(GROUPS.filter(any))
def test_no_group_is_on_both_sides_and_every_class_keeps_training_rows(groups):
    splits = _drawn(groups)
    for t in range(6):
        sides = [set(), set()]
        for code, its in enumerate(groups):
            if not its:
                continue
            training = splits[code].is_training[t].numpy()
            assert training.any()
            sides[0] |= set(np.array(its)[training])
            sides[1] |= set(np.array(its)[~training])
        assert not sides[0] & sides[1]


@given(st.lists(st.integers(0, 9), min_size=2, max_size=12), st.lists(st.integers(0, 9), min_size=13))
def test_the_rarest_class_has_validation_rows_where_it_has_two_groups(rare, common):
    n_validation_T = _drawn([common, rare])[1].n_validation_T
    assert (n_validation_T > 0).all() or len(set(rare)) == 1 or len(set(common)) == 1


def test_about_the_share_that_is_asked_for_is_for_validation():
    split = _drawn([np.arange(200) // 4, np.arange(600) // 4])  # 50 and 150 groups of four
    for code, n in ((0, 200), (1, 600)):
        assert split[code].n_validation_T.float().mean() == pytest.approx(0.3 * n, rel=0.1)


def test_splits_differ_and_repeat_by_the_stream():
    groups = [np.arange(40) // 2, np.arange(90) // 3]
    first, again, other = (_drawn(groups, seed=seed)[0].order_Tn for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(torch.unique(first, dim=0)) == 6


@pytest.mark.parametrize("n_slots", [8, 32, 256])
@pytest.mark.parametrize("validation", [False, True])
def test_slots_stand_for_all_rows_of_their_side(n_slots, validation):
    groups = np.random.default_rng(0).integers(0, 12, 60)
    split = _drawn([groups])[0]
    index, weight = split.slots(n_slots, validation=validation)
    on_side = split.is_training if not validation else ~split.is_training
    assert on_side.gather(1, index).all()
    n_side = on_side.sum(1)
    torch.testing.assert_close(weight.sum(1), n_side.float())
    for t in range(6):
        if n_side[t] <= n_slots:
            counts = torch.zeros(60).index_add_(0, index[t], weight[t])
            torch.testing.assert_close(counts, on_side[t].float())


def test_slots_weigh_as_those_of_splits_without_groups():
    plain, grouped = ClassSplit.draw(50, 1, stream_of()), _drawn([np.arange(50)], n_splits=1)[0]
    assert plain.n_validation == int(grouped.n_validation_T)
    for validation in (False, True):
        weights = [its.slots(64, validation=validation)[1].flatten() for its in (plain, grouped)]
        torch.testing.assert_close(*weights)


def test_a_class_of_one_group_has_no_validation_rows_and_no_weight_there():
    index, weight = _drawn([[5] * 9, list(range(5)) * 9])[0].slots(16, validation=True)
    assert index.max() < 9
    assert not weight.any()


def test_large_classes_are_sampled():
    split = _drawn([np.arange(500) % 50], max_rows=100)[0]
    assert split.order_Tn.shape == (6, 100)
    assert float(split.slots(256, validation=False)[1].sum(1)[0]) == pytest.approx(
        5 * float(split.is_training[0].sum()), rel=1e-5
    )
