"""The real rows that the members of one fold may see."""

# n row, T batch, B row of a batch, F encoded column, C class

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.oracles.samples import evenly, quotas
from gan_oversampler.sampling.neighbour_search import SharedSearch
from gan_oversampler.sampling.neighbourhood import Neighbourhood

Masks = Mapping[int, NDArray[np.bool_]]
"""Which rows of a class are meant, by class code; all of classes without a mask."""

N_MEASURED: Final = 300  # rows that the typical distance is measured on
# Rows of a fold that are kept. An inner split uses two thousand of a class at most, and the time for the
# search of neighbours grows with the square of the rows.
MAX_ROWS: Final = 50_000


@dataclass(frozen=True)
class FoldData:
    """Training data of a fold: real rows by class, and the neighbourhoods of those that are drawn."""

    space: RowSpace  # geometry of the encoded rows
    classes: tuple[int, ...]  # codes that generators learn; a class's place here is its one-hot label
    neighbourhoods: dict[int, Neighbourhood]  # by class code, for classes that are drawn from a base
    rows: dict[int, Tensor]  # ``(n, F)`` rows of every class, the learned ones first; n may be 0
    new_per_real: Mapping[int, float]  # new rows per real row of each class to oversample
    positions: Mapping[int, NDArray[np.intp]]  # of the rows of each class in the user's table
    weights: Mapping[int, Tensor] | None = None  # of the rows of each class; None: all count alike
    groups: Mapping[int, Tensor] | None = None  # numbers of their groups; None: rows belong to no groups
    # how many rows of the fold each row of a class stands for, where not all are kept; None: for itself
    stands_for: Mapping[int, float] | None = None
    table_counts: Mapping[int, int] | None = None  # rows of each class in all folds together, if known

    @classmethod
    def seen(cls, rows: Rows, index: NDArray[np.intp], space: RowSpace, **how: Any) -> FoldData:
        """Sort the rows of a table at some positions by class, of large folds a part; ``how`` is as in `of`.

        Of more than ``MAX_ROWS`` rows small classes stay whole, while evenly spaced rows stand for those of
        large ones: they weigh more, and no other rows are encoded.
        """
        counts_C = np.bincount(rows.codes[index], minlength=len(rows.classes))
        kept = index if len(index) <= MAX_ROWS else _part(index, rows.codes[index], counts_C)
        some = rows.at(kept)
        weights, stands_for_C = some.weights, counts_C / np.maximum(some.counts, 1)
        if len(kept) < len(index):
            weights = stands_for_C[some.codes] * (1.0 if weights is None else weights)
        how |= {"n_classes": len(counts_C), "positions": kept, "weights": weights, "groups": some.groups}
        stands_for = dict(enumerate(stands_for_C.tolist())) if len(kept) < len(index) else None
        table_counts = dict(enumerate(rows.counts.tolist()))
        data = cls.of(some.values, some.codes, space, **how)
        return replace(data, stands_for=stands_for, table_counts=table_counts)

    @classmethod
    def of(
        cls,
        rows: NDArray[np.float32],
        codes: NDArray[np.intp],
        space: RowSpace,
        *,
        learned: Sequence[int],
        drawn: Sequence[int],
        new_per_real: Mapping[int, float] | None = None,
        n_classes: int | None = None,
        positions: NDArray[np.intp] | None = None,
        weights: NDArray[np.float64] | None = None,
        groups: NDArray[np.intp] | None = None,
        search: SharedSearch | None = None,
    ) -> FoldData:
        """Sort encoded rows ``(n, F)`` by class, and search the neighbours of some classes.

        Generators are trained on the ``learned`` classes; those ``drawn`` from a base need neighbourhoods,
        where they have any rows. ``new_per_real`` None doubles every class that is drawn. ``n_classes``
        counts classes of which some may have no rows here; None takes those up to the largest code.
        ``positions`` are those of the rows in the user's table ``(n,)``; None: they are all of it. A
        ``search`` of that table, if given, knows their neighbours.
        ``weights`` and ``groups`` ``(n,)`` tell how much rows count, and which belong together.
        """
        n_classes = int(codes.max()) + 1 if n_classes is None else n_classes
        others = [code for code in range(n_classes) if code not in learned]
        positions = np.arange(len(rows)) if positions is None else positions
        neighbourhoods = {}
        for code in (code for code in drawn if (codes == code).any()):
            found = search.within(code, positions) if search else None
            neighbourhoods[code] = Neighbourhood.of(rows[codes == code], rows[codes != code], space, found)
        by_class = {code: torch.from_numpy(rows[codes == code]) for code in (*learned, *others)}
        growth = dict.fromkeys(drawn, 1.0) if new_per_real is None else new_per_real
        where = {code: positions[codes == code] for code in by_class}
        data = cls(space, tuple(learned), neighbourhoods, by_class, growth, where)
        if weights is not None:
            data = data._weighted({c: torch.from_numpy(weights[codes == c]).float() for c in by_class})
        if groups is not None:
            data = replace(data, groups={c: torch.from_numpy(groups[codes == c]) for c in by_class})
        return data

    def _weighted(self, weights: Mapping[int, Tensor]) -> FoldData:
        """The same rows with weights; those of a class count alike where all of them weigh nothing."""
        weights = {c: its if its.any() else torch.ones_like(its) for c, its in weights.items()}
        near = {c: its.weighted(weights[c]) for c, its in self.neighbourhoods.items()}
        return replace(self, weights=weights, neighbourhoods=near)

    def weight_of(self, code: int) -> Tensor | None:
        """Weights ``(n,)`` of the rows of a class; None where all count alike."""
        return None if self.weights is None else self.weights[code]

    def mixing_partners(
        self,
        shape: tuple[int, ...],
        generator: torch.Generator,
        among: Mapping[int, Tensor] | None = None,
        only: int | None = None,
    ) -> Tensor:
        """Draw rows of any class, each class as often as it has rows, that seeds are mixed with.

        The result is ``(T, B, F)`` for the ``shape`` ``(T, B)``. ``among`` holds the positions ``(T, n)``
        that may be drawn of each class, such as the training rows of T inner splits; None allows all.
        ``only`` is the code of a class that all of them are of; None is any.
        """
        by_rank = [(code, rows) for code, rows in self.rows.items() if only is None or code == only]
        stands_for = self.stands_for or {}
        sizes = [len(rows) * stands_for.get(code, 1) for code, rows in by_rank]
        ends = torch.tensor(sizes).cumsum(0).double()
        place_TB = torch.rand(shape, generator=generator, dtype=torch.double) * ends[-1]
        rank_TB = torch.searchsorted(ends, place_TB, right=True)
        starts = F.pad(ends, (1, 0))
        place_TB = (place_TB - starts[rank_TB]) / (ends - starts[:-1])[rank_TB]  # within the class, in [0, 1)
        place_n, split_n = place_TB.flatten(), torch.arange(shape[0]).repeat_interleave(shape[1])
        partners_nF = torch.empty(len(place_n), self.space.width)
        ranks, counts = rank_TB.unique(return_counts=True)
        of_rank = rank_TB.flatten().argsort(stable=True).split(counts.tolist())
        for rank, mine in zip(ranks.tolist(), of_rank, strict=True):
            code, rows = by_rank[rank]
            n_allowed = len(rows) if among is None else among[code].shape[1]
            index = (place_n[mine] * n_allowed).long()
            partners_nF[mine] = rows[index if among is None else among[code][split_n[mine], index]]
        return partners_nF.unflatten(0, shape)

    def among(self, code: int, masks: Masks) -> FoldData:
        """Return some of the rows only, of classes with a mask ``(n,)``, to draw rows of one class from.

        The rows of the class ``code``, of which one must be left, get new neighbours, if they have any; all
        else that is known of them stays, so that they are drawn as a generator has learned.
        """
        kept = {c: torch.from_numpy(mask) for c, mask in masks.items()}
        rows = {c: its[kept[c]] if c in kept else its for c, its in self.rows.items()}
        positions = {c: its[masks[c]] if c in masks else its for c, its in self.positions.items()}
        near = {c: its.among(kept[c]) for c, its in self.neighbourhoods.items() if c == code}
        # Weights that drawing needs are those of the neighbourhood.
        return replace(self, rows=rows, positions=positions, neighbourhoods=near, weights=None, groups=None)

    @property
    def known_rows(self) -> dict[int, Tensor]:
        """Rows ``(n, F)`` by class code: after storage those of some classes only, or of none."""
        return {code: its.rows_nF for code, its in self.neighbourhoods.items()} | self.rows

    @property
    def learned_rows(self) -> dict[int, Tensor]:
        """Rows ``(n, F)`` of the classes that generators learn, by code, in the order of ``classes``."""
        return {code: self.rows[code] for code in self.classes}

    def one_hot(self, code: int, n: int) -> Tensor:
        """Repeat the one-hot label of a class ``n`` times: ``(n, C)``; the class must be a learned one."""
        return F.one_hot(torch.full((n,), self.classes.index(code)), len(self.classes)).float()

    @cached_property
    def typical_distance(self) -> float:
        """Median distance between rows of any class, by which kernels are scaled; 1 for a single row."""
        rows = torch.cat(list(self.rows.values())) * torch.from_numpy(self.space.layout.scale)
        some = rows[:: -(-len(rows) // N_MEASURED)]
        return float(torch.pdist(some).median()) + 1e-6 if len(some) > 1 else 1.0

    @cached_property
    def scored_classes(self) -> Tensor:
        """Mask of 1 and 0 of the classes whose scores count ``(C,)``: the rarer one of two, all of more."""
        rarest = max(self.rows)
        return torch.tensor([float(len(self.rows) > 2 or code == rarest) for code in self.rows])


def _part(index: NDArray[np.intp], codes: NDArray[np.intp], counts_C: NDArray[np.intp]) -> NDArray[np.intp]:
    """``MAX_ROWS`` of the positions in their order: evenly spaced ones of each large class."""
    kept = [
        index[codes == code] if n == quota else evenly(index[codes == code], quota)
        for code, (n, quota) in enumerate(zip(counts_C, quotas(counts_C, MAX_ROWS), strict=True))
    ]
    return np.sort(np.concatenate(kept))
