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
from gan_oversampler.sampling.fold_data import FoldData

MIN_ROWS = 8  # fewer rows of a class cannot be split into folds that mean anything

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Positions of the rows to train on, and of the held-out rows."""


@dataclass(frozen=True)
class TrainingData:
    """Rows that generators may see, for every fold and for all rows, by the classes that they learn."""

    # by ``GAN.classes``, then by fold; None holds all rows
    by_classes: Mapping[str, Mapping[int | None, FoldData]]

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
        """Collect the rows of every fold and search their neighbours.

        Parameters
        ----------
        gans : sequence of GAN
            Tell whether any of them learns all classes.
        rows, space : Rows, RowSpace
            All encoded rows and their geometry.
        folds : sequence of (ndarray, ndarray)
            Positions of training and held-out rows.
        learned : sequence of int
            Codes of the classes to oversample that have enough rows to learn from.
        new_per_real : dict of int to float
            New rows per real row of each class to oversample.
        """
        targets = list(new_per_real)
        kinds: dict[str, tuple[Sequence[int], list[int]]] = {"targets": (learned, targets)}
        if any(gan.classes == "all" for gan in gans):
            enough = np.flatnonzero(np.bincount(rows.codes) >= MIN_ROWS).tolist()
            uses_base = any(g.classes == "all" and FAMILIES[g.family].generator.uses_base for g in gans)
            kinds["all"] = (enough, sorted({*targets, *enough}) if uses_base else targets)
        seen: dict[int | None, NDArray[np.intp]] = {i: train for i, (train, _) in enumerate(folds)}
        seen[None] = np.arange(len(rows))

        def fold_data(index: NDArray[np.intp], learned: Sequence[int], drawn: Sequence[int]) -> FoldData:
            return FoldData.of(
                rows.values[index],
                rows.codes[index],
                space,
                learned=learned,
                drawn=drawn,
                new_per_real=new_per_real,
                n_classes=len(rows.classes),
            )

        return cls(
            {
                kind: {fold: fold_data(index, *classes) for fold, index in seen.items()}
                for kind, classes in kinds.items()
            }
        )

    def full(self, gan: GAN | None = None) -> FoldData:
        """All rows, as a GAN may see them; without a GAN with the classes to oversample learned."""
        return self.by_fold(gan)[None]

    def fold(self, gan: GAN | None, number: int) -> FoldData:
        """The training rows of one fold, as a GAN may see them."""
        return self.by_fold(gan)[number]

    def by_fold(self, gan: GAN | None = None) -> Mapping[int | None, FoldData]:
        """All of these, by fold; None holds all rows."""
        return self.by_classes["targets" if gan is None else gan.classes]
