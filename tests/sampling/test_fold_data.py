"""Training data of a fold: rows by class, neighbourhoods, and draws from them."""

import numpy as np
import pytest
import torch

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.sampling.fold_data import FoldData
from tests.drawing import fold_data, generator_of, number_space, plane, valid_rows
from tests.tables import MIXED


def test_rows_are_sorted_by_class_and_learned_classes_come_first():
    codes = np.array([0, 2, 1, 0, 2, 2, 0])
    rows = np.arange(14.0, dtype=np.float32).reshape(7, 2)
    data = FoldData.of(rows, codes, number_space(2), learned=[2], drawn=[1, 2])
    assert list(data.rows) == [2, 0, 1]
    assert data.classes == (2,)
    for code, class_rows in data.rows.items():
        np.testing.assert_array_equal(class_rows, rows[codes == code])
    assert list(data.learned_rows) == [2]
    assert sorted(data.neighbourhoods) == [1, 2]
    np.testing.assert_array_equal(data.neighbourhoods[1].rows_nF, rows[codes == 1])
    others = data.neighbourhoods[1].others_nKF[0].numpy()
    assert sorted(others[:, 0].tolist()) == [0, 2, 6, 8, 10]  # the nearest to the row of class 1, at 4


def test_a_class_may_have_no_rows_in_a_fold():
    rows, codes = valid_rows(MIXED, 12), np.repeat([0, 1], [8, 4])
    data = FoldData.of(rows, codes, MIXED, learned=[1], drawn=[1, 2], n_classes=3)
    assert len(data.rows[2]) == 0
    assert list(data.neighbourhoods) == [1]
    partners = data.mixing_partners((1, 50), generator_of())[0].numpy()
    assert (partners[:, None] == rows).all(-1).any(1).all()


def test_without_further_notice_every_class_that_is_drawn_is_doubled():
    assert fold_data(drawn=(1, 2)).new_per_real == {1: 1.0, 2: 1.0}
    assert fold_data(new_per_real={1: 0.5}).new_per_real == {1: 0.5}


def test_one_hot_labels_are_places_among_the_learned_classes():
    assert fold_data(learned=(2, 1)).one_hot(1, 3).tolist() == [[0.0, 1.0]] * 3


def test_mixing_partners_are_rows_of_all_classes_each_as_often_as_any_other():
    data, n = fold_data((40, 20, 10)), 14_000
    partners = data.mixing_partners((2, n // 2), generator_of()).reshape(n, -1).numpy()
    rows = torch.cat(list(data.rows.values())).numpy()
    counts = (partners[:, None] == rows).all(-1).sum(0)
    assert counts.sum() == n
    expected = n / len(rows)
    assert np.abs(counts - expected).max() < 5 * expected**0.5


def test_mixing_partners_may_be_limited_to_some_rows():
    data = fold_data((6, 5), learned=[1], drawn=[1])
    among = {1: torch.tensor([[0, 2], [1, 3]]), 0: torch.tensor([[5], [4]])}
    partners = data.mixing_partners((2, 300), generator_of(), among)
    for t in range(2):
        allowed = torch.cat([data.rows[code][among[code][t]] for code in data.rows])
        found = (partners[t][:, None] == allowed).all(-1)
        assert found.any(1).all()
        assert found.any(0).all()


@pytest.mark.parametrize("among", [None, {0: torch.tensor([[1, 2], [0, 3]])}])
def test_mixing_partners_may_be_of_one_class_only(among):
    data = fold_data((6, 5, 4))
    for partners in data.mixing_partners((2, 300), generator_of(), among, only=0):
        found = (partners[:, None] == data.rows[0]).all(-1)
        assert found.any(1).all()
        assert found.any(0).sum() == (6 if among is None else 2)


def test_the_typical_distance_is_the_median_between_rows_of_any_class():
    data = plane(rare=[(3.0, 0.0), (0.0, 4.0)])
    assert data.typical_distance == pytest.approx(4.0, abs=1e-4)  # of 3, 4 and 5
    single = FoldData.of(
        np.zeros((1, 2), np.float32), np.zeros(1, int), number_space(2), learned=(), drawn=()
    )
    assert single.typical_distance == 1.0


@pytest.mark.parametrize(
    ("sizes", "learned", "scored"),
    [
        ((20, 10), (1,), {1: 1.0, 0: 0.0}),
        ((20, 10), (0, 1), {0: 0.0, 1: 1.0}),
        ((30, 20, 10), (1,), {1: 1.0, 0: 1.0, 2: 1.0}),
    ],
)
def test_scores_count_of_the_rarer_of_two_classes_and_of_all_of_more(sizes, learned, scored):
    data = fold_data(sizes, learned=learned, drawn=learned)
    assert dict(zip(data.rows, data.scored_classes.tolist(), strict=True)) == scored


def _seen(monkeypatch, sizes, most, weights=None):
    monkeypatch.setattr("gan_oversampler.sampling.fold_data.MAX_ROWS", most)
    codes = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], sizes))
    asked = []

    def encode(at):
        asked.extend(at.tolist())
        return np.stack([codes[at], at], axis=1).astype(np.float32)

    rows = Rows(encode, codes, np.arange(3), origin=np.arange(len(codes)), weights=weights)
    data = FoldData.seen(rows, np.arange(len(codes)), number_space(2), learned=[2], drawn=[1, 2])
    return data, codes, asked


def test_of_a_large_fold_small_classes_stay_whole_and_others_are_not_encoded(monkeypatch):
    data, codes, asked = _seen(monkeypatch, (900, 60, 12), 92)
    assert {code: len(its) for code, its in data.rows.items()} == {2: 12, 0: 40, 1: 40}
    assert data.table_counts == {0: 900, 1: 60, 2: 12}
    assert sorted(asked) == sorted(np.concatenate(list(data.positions.values())).tolist())
    for code, where in data.positions.items():
        assert (codes[where] == code).all()
        np.testing.assert_array_equal(data.rows[code][:, 1], where)
    # Each class weighs as much as it has rows, and partners of it are drawn as often.
    assert {code: round(float(its.sum())) for code, its in data.weights.items()} == {2: 12, 0: 900, 1: 60}
    partners = data.mixing_partners((1, 9_000), generator_of())[0, :, 0]
    shares = partners.long().bincount() / 9_000
    np.testing.assert_allclose(shares, np.array([900, 60, 12]) / 972, atol=0.01)


def test_a_small_fold_is_seen_as_it_is(monkeypatch):
    data, codes, _ = _seen(monkeypatch, (90, 60, 12), 162)
    assert data.weights is data.stands_for is None
    assert sum(map(len, data.rows.values())) == len(codes)


def test_rows_that_stand_for_others_keep_their_own_weights(monkeypatch):
    weights = np.random.default_rng(1).uniform(0.5, 1.5, size=972)
    data, _, _ = _seen(monkeypatch, (900, 60, 12), 92, weights)
    for code, factor in {2: 1, 0: 900 / 40, 1: 60 / 40}.items():
        np.testing.assert_allclose(data.weights[code], factor * weights[data.positions[code]], rtol=1e-6)
