"""Folds: of training and held-out rows, with every class that can be learned on both sides."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from gan_oversampler.selection.folds import split
from gan_oversampler.training.data import MIN_ROWS
from tests.samples import global_state, normal, rows_of

ROWS = rows_of(normal(60, 2), np.repeat([0, 1], [44, 16]))


def _split(cv, rows=ROWS, seed=0):
    return split(cv, rows, int(rows.counts.min()), seed)


def _equal(first, second):
    return all(
        np.array_equal(*pair) for a, b in zip(first, second, strict=True) for pair in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("cv", [2, np.int64(5), StratifiedKFold(4)], ids=str)
def test_folds_are_stratified_and_hold_out_every_row_once(cv):
    folds = _split(cv)
    heldout = np.concatenate([index for _, index in folds])
    assert sorted(heldout) == list(range(60))
    for train, index in folds:
        assert sorted([*train, *index]) == list(range(60))
        share = (ROWS.codes[index] == 1).mean()
        assert share == pytest.approx(16 / 60, abs=1 / len(index))


def test_a_number_shuffles_by_the_seed_that_is_given():
    assert _equal(_split(3, seed=5), _split(3, seed=5))
    assert not _equal(_split(3, seed=5), _split(3, seed=6))


def test_a_splitter_without_a_seed_gets_one_and_stays_as_it_was():
    splitter, before = StratifiedShuffleSplit(2, test_size=0.3), global_state()
    assert _equal(_split(splitter, seed=5), _split(splitter, seed=5))
    assert not _equal(_split(splitter, seed=5), _split(splitter, seed=6))
    assert splitter.random_state is None
    assert global_state() == before


def test_a_splitter_with_a_seed_keeps_it():
    splitter = RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=3)
    assert _equal(_split(splitter, seed=5), _split(splitter, seed=6))
    assert len(_split(splitter)) == 4


def test_indices_are_taken_as_they_are():
    folds = [(np.arange(0, 60, 2), np.arange(1, 60, 2))]
    assert _equal(_split(folds), folds)


def test_classes_too_small_for_every_fold_are_no_matter():
    rows = rows_of(normal(63, 2), np.repeat([0, 1, 2], [44, 16, 3]), ["a", "b", "c"])
    assert MIN_ROWS > 3
    with warnings.catch_warnings(action="error"):
        assert len(_split(5, rows)) == 5


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([], "'cv' gave no folds. Give a number, a splitter, or a list"),
        ([(np.arange(60), np.arange(60))], "Fold 0 of 'cv' trains on rows that it holds out"),
        (
            [(np.arange(0, 60, 2), np.arange(1, 60, 2)), (np.arange(9), np.arange(8, 60))],
            "Fold 1 of 'cv' trains on rows that it holds out",
        ),
        ([(np.arange(44), np.arange(44, 60))], "Fold 0 of 'cv' has no training rows of class 'rare'"),
        (
            KFold(3),
            "Fold 0 of 'cv' has no held-out rows of class 'rare'. Use stratified folds, or fewer than 16",
        ),
        ("three", "'cv' must be a number, a splitter, .* Got 'three'"),
        (StratifiedKFold(50), "'cv' cannot split 60 rows, of which the smallest class has 16: n_splits=50"),
    ],
    ids=["none", "overlap", "later overlap", "training", "held-out", "text", "too many"],
)
def test_unsuitable_folds_are_named(cv, message):
    with pytest.raises(ValueError, match=message):
        _split(cv)


def test_a_splitter_by_groups_asks_for_them():
    for cv in (StratifiedGroupKFold(3), GroupKFold(2)):
        with pytest.raises(ValueError, match=r"but got none\. Pass groups= to fit_resample"):
            _split(cv)


# --- groups

GROUPED = rows_of(normal(60, 2), np.repeat([0, 1], [44, 16]), groups=np.arange(60) % 12)


@pytest.mark.parametrize("cv", [2, 3, StratifiedGroupKFold(3), GroupKFold(2)], ids=str)
def test_no_fold_parts_a_group(cv):
    for train, heldout in _split(cv, GROUPED):
        assert not set(GROUPED.groups[train]) & set(GROUPED.groups[heldout])


def test_folds_that_part_a_group_are_refused():
    for cv in (StratifiedKFold(3), [(np.arange(0, 60, 2), np.arange(1, 60, 2))]):
        match = r"holds out rows of .* groups that it also trains on.*StratifiedGroupKFold"
        with warnings.catch_warnings(action="error"):
            groups = np.arange(60) // 5
            with pytest.raises(ValueError, match=match):
                _split(cv, rows_of(GROUPED.values, GROUPED.codes, groups=groups))
    assert len(_split(StratifiedKFold(3), rows_of(GROUPED.values, GROUPED.codes, groups=np.arange(60)))) == 3


def test_a_class_of_too_few_groups_is_named():
    groups = np.r_[np.arange(44) % 12, np.full(16, 50)]
    with pytest.raises(ValueError, match=r"class 'rare'. Its rows are of 1 groups.*use fewer folds"):
        _split(3, rows_of(GROUPED.values, GROUPED.codes, groups=groups))
