"""Inner splits that part no group: all rows of a group are for training, or all for validation."""

# T split, n row, R row slot, G group

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class GroupedSplit:
    """T random splits of the rows of one class, of which each has as many validation rows as its groups."""

    order_Tn: Tensor  # positions of the rows that are used, those for validation first
    n_validation_T: Tensor  # how many these are
    n_rows: int  # rows of the class

    @classmethod
    def draw(
        cls,
        groups: Mapping[int, Tensor],
        n_splits: int,
        stream: torch.Generator,
        *,
        validation_share: float,
        max_rows: int,
    ) -> dict[int, GroupedSplit]:
        """Draw splits of all classes, of whose rows the group ``(n,)`` is given by class code.

        ``max_rows`` random rows of each class are used at most. About the given share of them is for
        validation, and at least one group, where the class has two; at least one group of each class is for
        training. The rarest class is dealt out first.
        """
        used = {code: torch.randperm(len(g), generator=stream)[:max_rows] for code, g in groups.items()}
        of_row = {code: groups[code][rows] for code, rows in used.items()}
        n_groups = 1 + max(int(found.max()) for found in of_row.values() if len(found))
        counts = {code: found.bincount(minlength=n_groups) for code, found in of_row.items()}
        validates_TG = _dealt(counts, n_splits, stream, validation_share)
        splits = {}
        for code, rows in used.items():
            validates_Tn = validates_TG[:, of_row[code]]
            order_Tn = (torch.rand(validates_Tn.shape, generator=stream) - validates_Tn.float()).argsort(1)
            splits[code] = cls(rows[order_Tn], validates_Tn.sum(1), len(groups[code]))
        return splits

    @property
    def training(self) -> Tensor:
        """Positions of the training rows of each split ``(T, R)``, repeated where there are fewer than R."""
        n_T1 = (self.order_Tn.shape[1] - self.n_validation_T)[:, None]
        place_TR = torch.arange(int(n_T1.max()) if len(n_T1) else 0) % n_T1.clamp(min=1)
        return self.order_Tn.gather(1, self.n_validation_T[:, None] + place_TR)

    @property
    def is_training(self) -> Tensor:
        """Mask ``(T, n)`` of the training rows of each split among all rows of the class."""
        mask = torch.zeros(len(self.order_Tn), self.n_rows, dtype=torch.bool)
        return mask.scatter_(1, self.training, value=True)

    def slots(self, n_slots: int, *, validation: bool) -> tuple[Tensor, Tensor]:
        """Fill row slots with the rows of one side: their positions and their weights, both ``(T, R)``.

        Weights are those of :meth:`ClassSplit.slots`; all are 0 in splits where the side has no rows.
        """
        total, none = self.order_Tn.shape[1], torch.zeros(len(self.order_Tn), n_slots)
        if not total:
            return none.long(), none
        n_T1 = (self.n_validation_T if validation else total - self.n_validation_T)[:, None]
        first_T1 = torch.zeros_like(n_T1) if validation else self.n_validation_T[:, None]
        n_slots_T1 = n_T1.clamp(min=1)
        place_TR = torch.arange(n_slots) % n_slots_T1
        times_TR = n_slots // n_slots_T1 + (place_TR < n_slots % n_slots_T1)
        weight_TR = n_T1 / n_T1.clamp(min=1, max=n_slots) / times_TR * (self.n_rows / total)
        return self.order_Tn.gather(1, (first_T1 + place_TR).clamp(max=total - 1)), weight_TR


def _dealt(
    counts: Mapping[int, Tensor], n_splits: int, stream: torch.Generator, validation_share: float
) -> Tensor:
    """Mask ``(T, G)`` of the groups for validation, given the rows of each group ``(G,)`` by class code."""
    n_groups = len(next(iter(counts.values())))
    validates_TG = torch.zeros(n_splits, n_groups, dtype=torch.bool)
    open_TG = torch.ones_like(validates_TG)
    for count_G in sorted(counts.values(), key=lambda count_G: int(count_G.sum())):
        order_TG = torch.rand(n_splits, n_groups, generator=stream).argsort(1)
        rows_TG = (count_G * open_TG).gather(1, order_TG)  # of groups that are not dealt out yet
        before_TG = rows_TG.cumsum(1) - rows_TG + (count_G * validates_TG).sum(1, keepdim=True)
        enough = validation_share * int(count_G.sum())
        taken_TG = (rows_TG > 0) & ((before_TG == 0) | (before_TG + rows_TG / 2 <= enough))
        validates_TG |= torch.zeros_like(validates_TG).scatter_(1, order_TG, taken_TG)
        open_TG &= count_G == 0
    for count_G in counts.values():  # no class is left without training rows
        mine_G = count_G > 0
        bare_T = validates_TG[:, mine_G].all(1)
        if mine_G.any() and bare_T.any():
            order_TG = torch.rand(n_splits, n_groups, generator=stream) + mine_G.float()
            validates_TG[bare_T, order_TG.argmax(1)[bare_T]] = False
    return validates_TG
