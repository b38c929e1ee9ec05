"""What is to be learned and drawn: rows, classes and folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.layout import Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.gans.gan import GAN
from gan_oversampler.reporting.facts import ClassSize, TableSize
from gan_oversampler.selection.folds import split
from gan_oversampler.training.data import MIN_ROWS, Fold, TrainingData


@dataclass(frozen=True)
class Problem:
    """The rows of a table, the classes to oversample, and the folds of the cross-fit."""

    rows: Rows  # all real rows, encoded
    space: RowSpace  # their geometry
    n_new: Mapping[int, int]  # new rows of each class to oversample, by code
    folds: Sequence[Fold]  # none without an oracle
    learned: Sequence[int]  # codes of those classes that have enough rows to learn from

    @classmethod
    def of(
        cls, rows: Rows, layout: Layout, n_new: Mapping[int, int], streams: Streams, cv: Any = None
    ) -> Problem:
        """Find the classes that can be learned, and split the rows into folds for a cross-fit.

        A class needs ``MIN_ROWS`` rows, and the table a column that is not constant. There are no folds where
        nothing can be learned, or without ``cv``.
        """
        learned = [code for code in n_new if rows.counts[code] >= MIN_ROWS] if layout.width else []
        folds: Sequence[Fold] = ()
        if learned and cv is not None:
            smallest = int(rows.counts[learned].min())
            folds = split(cv, rows, smallest, streams.child_seed("folds") % 2**32)
        return cls(rows, RowSpace(layout), n_new, folds, learned)

    @property
    def new_per_real(self) -> dict[int, float]:
        """New rows per real row of each class to oversample, by code; folds grow by the same factor."""
        return {code: float(n / self.rows.counts[code]) for code, n in self.n_new.items()}

    @property
    def labels(self) -> dict[int, Any]:
        """Labels of the classes to oversample, by code, as plain Python values for messages."""
        labels = self.rows.classes.tolist()
        return {code: labels[code] for code in self.n_new}

    def table_size(self, n_new: Mapping[int, int]) -> TableSize:
        """Count the rows and columns of the user's table, and the rows that are added to each class."""
        labels, counts = self.rows.classes.tolist(), self.rows.counts.tolist()
        sizes = (ClassSize(label, counts[code], n_new.get(code, 0)) for code, label in enumerate(labels))
        return TableSize(len(self.space.layout.columns), tuple(sizes))

    def small_class_notes(self, base: str) -> list[str]:
        """Say which classes are too small to learn from, a note each; ``base`` is what draws them instead."""
        return [
            f"Class {label!r} has {n} rows, fewer than {MIN_ROWS}: it is drawn from the base {base!r}"
            " without training or selection."
            for code, label in self.labels.items()
            if self.space.width and (n := int(self.rows.counts[code])) < MIN_ROWS
        ]

    def training_data(self, gans: Sequence[GAN]) -> TrainingData:
        """Collect the rows of every fold as the GANs may see them; this searches their neighbours."""
        return TrainingData.of(gans, self.rows, self.space, self.folds, self.learned, self.new_per_real)
