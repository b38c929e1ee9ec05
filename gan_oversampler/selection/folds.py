"""Folds of the rows, and what the members of each fold may see."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, check_cv

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.pool import Pool

MIN_ROWS: Final = 8  # fewer rows of a class cannot be split into folds that mean anything

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
Pools = dict[str, dict[int | None, Pool]]


def split(cv: Any, rows: Rows, smallest: int, seed: int) -> list[Fold]:
    """Folds ``(train, holdout)``, stratified when ``cv`` is a number; ``seed`` is for who has none.

    Raises
    ------
    ValueError
        If a splitter leaves a class without rows on one side of a fold.
    """
    if isinstance(cv, (int, np.integer)):
        cv = StratifiedKFold(int(cv), shuffle=True)
    if getattr(cv, "random_state", 0) is None:  # it would take numpy's global generator
        cv = copy.copy(cv)
        cv.random_state = seed
    with warnings.catch_warnings():  # of classes too small for every fold; those are not learned
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        folds = list(check_cv(cv, rows.codes, classifier=True).split(rows.values, rows.codes))
    if not folds:
        raise ValueError("'cv' gave no folds. Give a number, a splitter, or a list of (train, test) indices.")
    for number, (train_index, holdout_index) in enumerate(folds):
        if np.intersect1d(train_index, holdout_index).size:
            raise ValueError(
                f"Fold {number} of 'cv' trains on rows that it holds out. Give disjoint indices."
            )
        for side, index in (("training", train_index), ("held-out", holdout_index)):
            _refuse_missing_class(rows, index, f"Fold {number} of 'cv' has no {side} rows", smallest)
    return folds


def _refuse_missing_class(rows: Rows, index: NDArray[np.intp], what: str, smallest: int) -> None:
    learnable = np.flatnonzero(np.bincount(rows.codes) >= MIN_ROWS)
    missing = np.setdiff1d(learnable, rows.codes[index])
    if missing.size:
        label = rows.classes.tolist()[missing[0]]
        raise ValueError(
            f"{what} of class {label!r}. Use stratified folds, or fewer than {smallest} of them."
        )


def pools_of(
    gans: Sequence[GAN],
    rows: Rows,
    space: RowSpace,
    folds: Sequence[Fold],
    learned: list[int],
    shares: Mapping[int, float],
) -> Pools:
    """Pools of every fold and of all rows, for both meanings of ``GAN.classes``."""
    seen: dict[int | None, NDArray[np.intp]] = {f: train for f, (train, _) in enumerate(folds)}
    seen[None] = np.arange(len(rows))
    targets = list(shares)
    everything = np.flatnonzero(np.bincount(rows.codes) >= MIN_ROWS).tolist()
    kinds = {"targets": (learned, targets)}
    if any(gan.classes == "all" for gan in gans):
        from_base = any(g.classes == "all" and g.family != "classic" for g in gans)
        kinds["all"] = (everything, sorted({*targets, *everything}) if from_base else targets)
    return {
        kind: {
            fold: Pool.of(
                rows.values[i],
                rows.codes[i],
                space,
                learned=classes,
                drawn=drawn,
                shares=shares,
                n_classes=len(rows.classes),
            )
            for fold, i in seen.items()
        }
        for kind, (classes, drawn) in kinds.items()
    }
