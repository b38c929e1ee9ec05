"""Inner splits of the rows that a guided GAN may see: training rows and validation rows, drawn ahead.

Seeds of synthetic rows and their neighbours come from the training rows only, so nothing of the validation
rows reaches the learner. All shapes are the same for every member, however many rows it has: small classes
are repeated and share their weight, large ones are sampled anew in every block.
"""

# T split, n row, B synthetic row, R row slot, C class, F encoded column, D feature, L linear feature

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.gans.utility import N_FOURIER, InnerSplit, ridge_of_features
from gan_oversampler.nn.learned_geometry import ANY_CLASS, OWN_CLASS, GuidedStart
from gan_oversampler.nn.tensors import map_tensors
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.neighbourhood import StartNumbers
from gan_oversampler.training.grouped_splits import GroupedSplit

VALIDATION_SHARE: Final = 0.3  # of the rows
N_SLOTS: Final = 64  # row slots of a class to be oversampled
N_OTHER_SLOTS: Final = 256  # of all other classes together
MIN_SLOTS: Final = 32  # of a class
MAX_SLOTS: Final = 1024  # of all classes to be oversampled together, and of all others together
MANY_CLASSES_SLOTS: Final = 4  # of a class at least, however many classes there are
MAX_ROWS: Final = 2048  # of a class that one block of splits uses
MIN_WEIGHT: Final = 1e-12  # of a seed, whose logarithm must be finite
MAX_SPARSE_COLUMNS: Final = 3  # columns that a sparse Fourier direction involves at most
N_LINEAR: Final = 64  # linear features at most
KERNEL_WIDTHS: Final = (0.5, 4.0)  # in typical distances: frequencies are one over these, log-uniform
RIDGE_SPREAD: Final = 1.0  # standard deviation of the logarithm of the ridge, whose median is 1


@dataclass(frozen=True)
class ClassSplit:
    """T random splits of the rows of one class into training rows and validation rows."""

    order_Tn: Tensor  # positions of the rows that are used; the first ``n_validation`` are for validation
    n_validation: int  # how many these are; 0 where the class has a single row
    n_rows: int  # rows of the class

    @classmethod
    def draw(cls, n_rows: int, n_splits: int, stream: torch.Generator) -> ClassSplit:
        """Draw splits of a class of ``n_rows`` rows, of which ``MAX_ROWS`` random ones are used at most.

        Nearly a third of the rows, but at least one, are for validation; a single row is for training.
        """
        used = torch.randperm(n_rows, generator=stream)[:MAX_ROWS]
        order = torch.rand(n_splits, len(used), generator=stream).argsort(1)
        return cls(used[order], cls.n_of_side(n_rows, validation=True), n_rows)

    @staticmethod
    def n_of_side(n_rows: int, *, validation: bool) -> int:
        """Number of rows that one side of a split has; it never falls where a class has more rows."""
        n_used = min(n_rows, MAX_ROWS)
        n_validation = max(1, int(VALIDATION_SHARE * n_used)) if n_used > 1 else 0
        return n_validation if validation else n_used - n_validation

    @property
    def training(self) -> Tensor:
        """Positions of the training rows of each split, within the class: ``(T, R)``."""
        return self.order_Tn[:, self.n_validation :]

    @property
    def is_training(self) -> Tensor:
        """Mask ``(T, n)`` of the training rows of each split among all rows of the class."""
        mask = torch.zeros(len(self.order_Tn), self.n_rows, dtype=torch.bool)
        return mask.scatter_(1, self.training, value=True)

    def slots(self, n_slots: int, *, validation: bool) -> tuple[Tensor, Tensor]:
        """Fill row slots with the rows of one side: their positions ``(T, R)``, and their weights ``(R,)``.

        A weight is the number of rows of the class that a slot stands for: a row that fills several slots
        shares its weight among them, and rows that are left out give theirs to the others. Where the side has
        no rows, all weights are 0.
        """
        part = self.order_Tn[:, : self.n_validation] if validation else self.training
        n, total = part.shape[1], self.order_Tn.shape[1]
        if not n:
            return torch.zeros(len(part), n_slots, dtype=torch.long), torch.zeros(n_slots)
        place = torch.arange(n_slots) % n
        weight = 1 / place.bincount(minlength=n)[place]
        return part[:, place], weight * (n / min(n, n_slots)) * (self.n_rows / total)


Splits = Mapping[int, ClassSplit | GroupedSplit]
"""Splits of every class by its code."""


@dataclass(frozen=True)
class InnerSplits:
    """Endless inner splits of one member."""

    data: FoldData  # rows that the member may see
    stream: torch.Generator  # the member's own
    mixing: str = ANY_CLASS  # of which class mixing partners are

    def draw(self, n_splits: int, batch_size: int) -> tuple[GuidedStart, Tensor, InnerSplit]:
        """Draw T inner splits, and what the synthetic rows of a batch start from in each of them.

        Returned are the starts ``(T, B, ...)``, made of training rows only; their classes ``(B,)``, counted
        among the learned ones, in order and in equal shares; and the splits with their random learners.
        """
        data = self.data
        splits = self._splits(n_splits)
        label_B = (torch.arange(batch_size) % len(data.classes)).sort().values
        counts = label_B.bincount(minlength=len(data.classes)).tolist()
        training = {code: split.training for code, split in splits.items()}
        parts = [self._start(code, splits, training, n) for code, n in zip(data.classes, counts, strict=True)]
        start = map_tensors(lambda *tensors: torch.cat(tensors, dim=1), *(start for start, _ in parts))
        seed_weight_TB = torch.cat([weight_TB for _, weight_TB in parts], dim=-1).clamp(min=MIN_WEIGHT)
        return start, label_B, self._inner_split(splits, seed_weight_TB.log().expand(n_splits, -1))

    def _splits(self, n_splits: int) -> Splits:
        """T splits of every class, which keep the rows of a group together, if there are groups."""
        data, stream = self.data, self.stream
        if data.groups is None:
            return {code: ClassSplit.draw(len(rows), n_splits, stream) for code, rows in data.rows.items()}
        return GroupedSplit.draw(
            data.groups, n_splits, stream, validation_share=VALIDATION_SHARE, max_rows=MAX_ROWS
        )

    def _slots(
        self, code: int, split: ClassSplit | GroupedSplit, n_slots: int, *, validation: bool
    ) -> tuple[Tensor, Tensor]:
        """Rows of a class in slots ``(T, R)``, and their weights; ``(R,)`` if all splits have the same."""
        index_TR, weight_TR = split.slots(n_slots, validation=validation)
        if (weight_n := self.data.weight_of(code)) is not None and split.n_rows:
            weight_TR = weight_TR * weight_n[index_TR]
        return index_TR, weight_TR

    def _start(
        self, code: int, splits: Splits, training: Mapping[int, Tensor], n: int
    ) -> tuple[GuidedStart, Tensor]:
        """Starts of a class from its training rows, and how many rows each seed stands for."""
        neighbourhood, split = self.data.neighbourhoods[code], splits[code]
        seeds_TB, weight_TB = self._slots(code, split, n, validation=False)
        nearest_TBK = neighbourhood.nearest_nK[seeds_TB]
        is_training_TBK = split.is_training.gather(1, nearest_TBK.flatten(1)).view(nearest_TBK.shape)
        # One of the nearest few training rows of the class, or the seed itself where there is none.
        rank_TBK = is_training_TBK.cumsum(-1)
        n_near_TB1 = rank_TBK[..., -1:].clamp(max=(neighbourhood.nearest_nK.shape[1] + 1) // 2)
        chosen_TB1 = (torch.rand(n_near_TB1.shape, generator=self.stream) * n_near_TB1).long() + 1
        found_TBK = is_training_TBK & (rank_TBK == chosen_TB1)
        neighbour_TB = nearest_TBK.gather(-1, found_TBK.float().argmax(-1, keepdim=True))[..., 0]
        neighbour_TB = torch.where(found_TBK.any(-1), neighbour_TB, seeds_TB)
        only = code if self.mixing == OWN_CLASS else None
        partners_TBF = self.data.mixing_partners(seeds_TB.shape, self.stream, training, only)
        numbers = StartNumbers.draw(seeds_TB.numel(), self.data.space.width, self.stream)
        start = neighbourhood.start(
            seeds_TB.flatten(), neighbour_TB.flatten(), partners_TBF.flatten(0, 1), numbers, self.stream
        )
        return map_tensors(lambda part: part.unflatten(0, seeds_TB.shape), start), weight_TB

    def _inner_split(self, splits: Splits, seed_log_weight_TB: Tensor) -> InnerSplit:
        """Feature matrices of both sides, and a learner with random features."""
        data, width, n_splits = self.data, self.data.space.width, len(seed_log_weight_TB)
        training, validation = (self._feature_matrix(splits, validation=side) for side in (False, True))
        new_per_real_C = torch.tensor([data.new_per_real.get(code, 0.0) for code in splits])
        low, high = (torch.tensor(w).log() for w in KERNEL_WIDTHS)
        scale_T11 = torch.lerp(low, high, torch.rand(n_splits, 1, 1, generator=self.stream)).exp()
        fourier_TFD = self._fourier_directions(n_splits) * scale_T11 / data.typical_distance
        phase_T1D = torch.rand(n_splits, 1, N_FOURIER, generator=self.stream) * 2 * torch.pi
        linear_TFL = torch.eye(width).expand(n_splits, -1, -1)  # the columns themselves
        if width > N_LINEAR:  # more than a small solve can bear
            linear_TFL = torch.randn(n_splits, width, N_LINEAR, generator=self.stream) / N_LINEAR**0.5
        n_linear = linear_TFL.shape[2]
        constant_D = F.one_hot(torch.tensor(n_linear), n_linear + 1).float()
        n_learned = len(data.classes)
        n_slots = sum(self._n_slots(code, validation=True) for code in data.classes)
        reference_TRC = validation[1][:, :n_learned, :n_slots].mT
        ridge_T = (RIDGE_SPREAD * torch.randn(n_splits, generator=self.stream)).exp()
        return InnerSplit(
            *training,
            *validation,
            reference_TRC / reference_TRC.sum(1, keepdim=True).clamp(min=1e-12),
            training[1].sum(2) * new_per_real_C,
            seed_log_weight_TB,
            data.scored_classes.expand(n_splits, -1),
            F.pad(torch.cat([fourier_TFD, linear_TFL], dim=2), (0, 1)),
            torch.cat([phase_T1D, constant_D.expand(n_splits, 1, -1)], dim=2),
            ridge_of_features(ridge_T, n_linear),
        )

    def _fourier_directions(self, n_splits: int) -> Tensor:
        """Directions ``(T, F, D)`` of a Gaussian kernel, in half of the splits along a few columns each."""
        # A kernel over all columns sees little of what one or two of them tell. Directions along a few are
        # longer, so that the distance between two rows is as long on average.
        width = self.data.space.width
        shape = (n_splits, width, N_FOURIER)
        dense = torch.randn(shape, generator=self.stream)
        most = min(MAX_SPARSE_COLUMNS, width)
        chosen: list[Tensor] = []
        for n_left in range(width, width - most, -1):  # each among the columns that are not chosen yet
            column = torch.randint(n_left, (n_splits, N_FOURIER), generator=self.stream)
            for before in torch.stack(chosen).sort(0).values if chosen else ():
                column += column >= before
            chosen.append(column)
        n_columns = torch.randint(1, most + 1, (n_splits, 1, N_FOURIER), generator=self.stream)
        factor = (torch.arange(most)[:, None] < n_columns) * (width / n_columns).sqrt()
        sparse = torch.zeros(shape).scatter_(1, torch.stack(chosen, dim=1), factor)
        coin = torch.rand(n_splits, 1, 1, generator=self.stream) < 0.5
        return dense * torch.where(coin, sparse, 1.0)

    def _feature_matrix(self, splits: Splits, *, validation: bool) -> tuple[Tensor, Tensor]:
        """Rows ``(T, R, F)`` of all classes in units of distance, and their weights ``(T, C, R)``."""
        places, weights, start = [], [], 0
        for number, (code, split) in enumerate(splits.items()):
            n_slots = self._n_slots(code, validation=validation)
            index_TR, weight_TR = self._slots(code, split, n_slots, validation=validation)
            places.append(start + index_TR)
            start += split.n_rows
            weight_TCR = torch.zeros(*weight_TR.shape[:-1], len(splits), weight_TR.shape[-1])
            weight_TCR[..., number, :] = weight_TR
            weights.append(weight_TCR.expand(len(index_TR), -1, -1))
        # the quickest way to look rows up
        return F.embedding(torch.cat(places, 1), self._scaled_rows), torch.cat(weights, 2)

    @cached_property
    def _scaled_rows(self) -> Tensor:
        """Rows of all classes in units of distance, and one of zeros, which slots of no row may show."""
        rows_nF = torch.cat(list(self.data.rows.values())) * torch.from_numpy(self.data.space.layout.scale)
        return F.pad(rows_nF, (0, 0, 0, 1))

    def _n_slots(self, code: int, *, validation: bool) -> int:
        """Number of row slots of a class on one side, the same in all folds.

        Classes to be oversampled share theirs equally, and so do all others. A class has no more of them than
        it has rows on that side where no fold is held out.
        """
        targets = {target for target, growth in self.data.new_per_real.items() if growth}
        mine = [other for other in self.data.rows if (other in targets) == (code in targets)]
        n_slots = N_SLOTS if code in targets else max(MIN_SLOTS, N_OTHER_SLOTS // len(mine))
        n_slots = min(n_slots, max(MANY_CLASSES_SLOTS, MAX_SLOTS // len(mine)))
        if self.data.table_counts is None or self.data.groups is not None:
            return n_slots
        n_rows = ClassSplit.n_of_side(self.data.table_counts[code], validation=validation)
        return min(n_slots, max(n_rows, 1))
