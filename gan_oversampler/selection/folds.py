"""Folds of the cross-fit."""

import copy
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv

from gan_oversampler._utils import ignoring
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.training.data import MIN_ROWS, Fold

KINDS: Final = "a number, a splitter, or a list of (train, test) indices"


def split(cv: Any, rows: Rows, smallest: int, seed: int) -> list[Fold]:
    """Split rows into folds: positions of training rows and of held-out rows, fold by fold.

    A number ``cv`` means so many stratified, shuffled folds. A splitter without a seed of its own gets
    ``seed``, because it would otherwise use numpy's global generator. Where rows have groups, a number means
    stratified folds that part no group. Raises ValueError if there are no folds, a fold trains on rows that
    it holds out or on others of their group, or a class that could be learned has no rows on one side of a
    fold; the message then names ``smallest``, the rows of the smallest learned class.
    """
    is_number = isinstance(cv, (int, np.integer))
    if is_number:
        stratified = StratifiedKFold if rows.groups is None else StratifiedGroupKFold
        cv = stratified(int(cv), shuffle=True)
    if isinstance(cv, str | bytes):
        raise ValueError(f"'cv' must be {KINDS}. Got {cv!r}.")
    if not hasattr(cv, "split"):
        cv = _indices(list(cv), len(rows.codes))
    if getattr(cv, "random_state", 0) is None:
        cv = copy.copy(cv)
        cv.random_state = seed
    # Classes that are too small for every fold are not learned.
    with ignoring(UserWarning, messages=("The least populated class", "The groups parameter is ignored")):
        splitter = check_cv(cv, rows.codes, classifier=True)
        # A splitter of the user may look at the rows, which of a large table are encoded for it only.
        x = rows.codes[:, None] if is_number else rows.values
        try:
            pairs = list(splitter.split(x, rows.codes, rows.groups))
        except ValueError as error:  # such as more folds than rows of a class
            if rows.groups is None and hasattr(splitter, "set_split_request"):  # only where groups are used
                kind = type(splitter).__name__
                raise ValueError(
                    f"'cv' splits by groups, {kind}, but got none. Pass groups= to fit_resample."
                ) from error
            raise ValueError(
                f"'cv' cannot split {len(x)} rows, of which the smallest class has {smallest}: {error} Give"
                f" {KINDS}."
            ) from error
    folds = _indices(pairs, len(rows.codes))
    if not folds:
        raise ValueError(f"'cv' gave no folds. Give {KINDS}.")
    learnable = np.flatnonzero(np.bincount(rows.codes) >= MIN_ROWS)
    for number, (train_index, heldout_index) in enumerate(folds):
        if np.intersect1d(train_index, heldout_index).size:
            raise ValueError(
                f"Fold {number} of 'cv' trains on rows that it holds out. Give disjoint indices."
            )
        _refuse_parted_groups(number, train_index, heldout_index, rows)
        for side, index in (("training", train_index), ("held-out", heldout_index)):
            missing = np.setdiff1d(learnable, rows.codes[index])
            if missing.size:
                label, hint = rows.classes.tolist()[missing[0]], _hint(rows, missing[0], smallest)
                raise ValueError(f"Fold {number} of 'cv' has no {side} rows of class {label!r}. {hint}")
    return folds


def _hint(rows: Rows, code: int, smallest: int) -> str:
    """What to do about a class that is missing on a side of a fold."""
    if rows.groups is None:
        return f"Use stratified folds, or fewer than {smallest} of them."
    n_groups = len(np.unique(rows.groups[rows.codes == code]))
    return f"Its rows are of {n_groups} groups, each on one side of a fold: use fewer folds."


def _indices(folds: Sequence[Any], n_rows: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Folds as pairs of index arrays; raises ValueError if one is no pair, or of rows that are not there."""
    found = []
    for number, fold in enumerate(folds):
        try:
            train, heldout = (np.asarray(part) for part in fold)
        except (TypeError, ValueError):
            train = heldout = np.empty(0, object)
        pair = [part.astype(np.intp) if not part.size else part for part in (train, heldout)]
        if any(part.ndim != 1 or part.dtype.kind not in "iu" or _outside(part, n_rows) for part in pair):
            raise ValueError(
                f"Fold {number} of 'cv' must be a pair of arrays of row numbers, from 0 to {n_rows - 1}. Got"
                f" {str(fold)[:200]}. Give {KINDS}."
            )
        found.append((pair[0], pair[1]))
    return found


def _outside(index: NDArray[np.intp], n_rows: int) -> bool:
    return bool(index.size and not 0 <= index.min() <= index.max() < n_rows)


def _refuse_parted_groups(
    number: int, train_index: NDArray[np.intp], heldout_index: NDArray[np.intp], rows: Rows
) -> None:
    """Raise ValueError if a group has rows on both sides of a fold."""
    if rows.groups is None:
        return
    parted = np.intersect1d(rows.groups[train_index], rows.groups[heldout_index])
    if parted.size:
        raise ValueError(
            f"Fold {number} of 'cv' holds out rows of {parted.size} groups that it also trains on. Give a"
            " splitter that respects 'groups', such as StratifiedGroupKFold(3), or a number of folds."
        )
