"""Folds of the cross-fit."""

import copy
import warnings
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, check_cv

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.training.data import MIN_ROWS, Fold


def split(cv: Any, rows: Rows, smallest: int, seed: int) -> list[Fold]:
    """Split rows into folds: positions of training rows and of held-out rows, fold by fold.

    A number ``cv`` means so many stratified, shuffled folds. A splitter without a seed of its own gets
    ``seed``, because it would otherwise use numpy's global generator. Raises ValueError if there are no
    folds, a fold trains on rows that it holds out, or a class that could be learned has no rows on one side
    of a fold; the message then names ``smallest``, the rows of the smallest learned class.
    """
    if isinstance(cv, (int, np.integer)):
        cv = StratifiedKFold(int(cv), shuffle=True)
    if getattr(cv, "random_state", 0) is None:
        cv = copy.copy(cv)
        cv.random_state = seed
    with warnings.catch_warnings():  # of classes too small for every fold; those are not learned
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        folds = list(check_cv(cv, rows.codes, classifier=True).split(rows.values, rows.codes))
    if not folds:
        raise ValueError("'cv' gave no folds. Give a number, a splitter, or a list of (train, test) indices.")
    learnable = np.flatnonzero(np.bincount(rows.codes) >= MIN_ROWS)
    for number, (train_index, heldout_index) in enumerate(folds):
        if np.intersect1d(train_index, heldout_index).size:
            raise ValueError(
                f"Fold {number} of 'cv' trains on rows that it holds out. Give disjoint indices."
            )
        for side, index in (("training", train_index), ("held-out", heldout_index)):
            missing = np.setdiff1d(learnable, rows.codes[index])
            if missing.size:
                label = rows.classes.tolist()[missing[0]]
                raise ValueError(
                    f"Fold {number} of 'cv' has no {side} rows of class {label!r}. Use stratified folds, or"
                    f" fewer than {smallest} of them."
                )
    return folds
