"""Training data: what the members of every fold may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.fold_data import MAX_ROWS, FoldData
from gan_oversampler.sampling.neighbour_search import MIN_SHARED, SharedSearch

MIN_ROWS = 8  # fewer rows of a class cannot be split into folds that mean anything

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Positions of the rows to train on, and of the held-out rows."""


@dataclass(frozen=True)
class TrainingData:
    """Rows that generators may see, for every fold and for all rows, by the classes that they learn."""

    by_classes: Mapping[str, Mapping[int | None, FoldData]]  # by ``GAN.classes``, then fold; None: all rows

    @classmethod
    def of(
        cls,
        gans: Sequence[GAN],
        rows: Rows,
        space: RowSpace,
        folds: Sequence[Fold],
        learned: Sequence[int],
        new_per_real: Mapping[int, float],
    ) -> TrainingData:
        """Collect the rows that GANs see in every fold and in the end, and search their neighbours.

        ``gans`` tell whether all classes are learned, or only the ``learned`` ones: those to oversample that
        have enough rows. ``folds`` hold positions of training and held-out rows; ``new_per_real`` names the
        classes to oversample, with their new rows per real one. Neighbours of the other classes are searched
        only where a base draws from them.
        """
        targets = list(new_per_real)
        kinds: dict[str, tuple[Sequence[int], list[int]]] = {"targets": (learned, targets)}
        if any(gan.classes == "all" for gan in gans):
            enough = np.flatnonzero(np.bincount(rows.codes) >= MIN_ROWS).tolist()
            uses_base = any(g.classes == "all" and FAMILIES[g.family].generator.uses_base for g in gans)
            kinds["all"] = (enough, sorted({*targets, *enough}) if uses_base else targets)
        seen: dict[int | None, NDArray[np.intp]] = {i: train for i, (train, _) in enumerate(folds)}
        seen[None] = np.arange(len(rows))
        search = None
        if (
            MIN_SHARED <= len(rows) <= MAX_ROWS
            and folds
            and all((np.diff(i) > 0).all() for i in seen.values())
        ):
            search = SharedSearch(rows.values * space.layout.scale, rows.codes)
        how = {"new_per_real": new_per_real, "search": search}
        return cls(
            {
                kind: {
                    fold: FoldData.seen(rows, i, space, learned=learns, drawn=drawn, **how)
                    for fold, i in seen.items()
                }
                for kind, (learns, drawn) in kinds.items()
            }
        )

    def without_folds(self) -> TrainingData:
        """Leave out what members of the folds see: the rest is what finally samples."""
        return TrainingData({kind: {None: by_fold[None]} for kind, by_fold in self.by_classes.items()})

    def only_folds(self) -> TrainingData:
        """Leave out what members that see all rows see: the rest is scored, and never samples in the end."""
        kinds = self.by_classes.items()
        return TrainingData({kind: {f: d for f, d in its.items() if f is not None} for kind, its in kinds})

    def full(self, gan: GAN | None = None) -> FoldData:
        """Give all rows of the table as a GAN may see them, for members that sample in the end.

        Without a GAN the learned classes are those to oversample, which is what geometric samplers need.
        """
        return self.by_fold(gan)[None]

    def fold(self, gan: GAN | None, number: int) -> FoldData:
        """Give the training rows of one fold, without its held-out rows, as ``full`` gives all rows."""
        return self.by_fold(gan)[number]

    def by_fold(self, gan: GAN | None = None) -> Mapping[int | None, FoldData]:
        """Give the rows that a GAN may see in each fold; the key None, which comes last, holds all rows.

        GANs that learn the same classes share one mapping, so that neighbours are searched once.
        """
        return self.by_classes["targets" if gan is None else gan.classes]
