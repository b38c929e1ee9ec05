"""The rows that the members of one fold may see."""

# n row, T lesson, B row of a batch, F encoded column, C class

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.sampling.base_samplers import Neighbourhood

N_MEASURED: Final = 300  # rows that tell the usual distance


@dataclass(frozen=True)
class Pool:
    """Rows of each class that the members of one fold may see, with their neighbourhoods.

    Attributes
    ----------
    classes : tuple of int
        Class codes that generators learn; position in it is the one-hot label.
    hoods : dict of int to Neighbourhood
        One per class that is drawn from a base.
    rows : dict of int to Tensor
        ``(n, F)`` rows of every class, the learned ones first; n may be 0.
    shares : dict of int to float
        New rows per real row of each class to oversample.
    """

    space: RowSpace
    classes: tuple[int, ...]
    hoods: dict[int, Neighbourhood]
    rows: dict[int, Tensor]
    shares: Mapping[int, float]

    @classmethod
    def of(
        cls,
        rows: NDArray[np.float32],
        codes: NDArray[np.intp],
        space: RowSpace,
        *,
        learned: Sequence[int],
        drawn: Sequence[int],
        shares: Mapping[int, float] | None = None,
        n_classes: int | None = None,
    ) -> Pool:
        """Pool of rows ``(n, F)`` with class codes ``(n,)``.

        ``learned`` are the classes GANs are trained on, ``drawn`` those that need a base; without
        ``shares`` each class drawn is to be doubled. Of ``n_classes`` some may have no rows here.
        """
        n_classes = int(codes.max()) + 1 if n_classes is None else n_classes
        others = [code for code in range(n_classes) if code not in learned]
        return cls(
            space,
            tuple(learned),
            {
                c: Neighbourhood.of(rows[codes == c], rows[codes != c], space)
                for c in drawn
                if (codes == c).any()
            },
            {c: torch.from_numpy(rows[codes == c]) for c in (*learned, *others)},
            dict.fromkeys(drawn, 1.0) if shares is None else shares,
        )

    def donors(
        self, shape: tuple[int, ...], generator: torch.Generator, known: Mapping[int, Tensor] | None = None
    ) -> Tensor:
        """Rows ``(T, B, F)`` of any class, as often as their class has rows.

        ``known`` holds the positions ``(T, n)`` that may be taken of each class; None allows all.
        """
        rank_TB, place_TB = self._anywhere(shape, generator)
        donors_TBF = torch.empty(*shape, self.space.width)
        for rank, (code, rows) in enumerate(self.rows.items()):
            mine_TB = rank_TB == rank
            known_Tn = torch.arange(len(rows)).expand(shape[0], -1) if known is None else known[code]
            index_n = known_Tn[mine_TB.nonzero()[:, 0], (place_TB[mine_TB] * known_Tn.shape[1]).long()]
            donors_TBF[mine_TB] = rows[index_n]
        return donors_TBF

    def _anywhere(self, shape: tuple[int, ...], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Ranks of classes, as often as they have rows, and uniform places in [0, 1) within each."""
        ends = torch.tensor([len(rows) for rows in self.rows.values()]).cumsum(0).double()
        place = torch.rand(shape, generator=generator, dtype=torch.double) * ends[-1]
        rank = torch.searchsorted(ends, place, right=True)
        starts = F.pad(ends, (1, 0))
        return rank, (place - starts[rank]) / (ends - starts[:-1])[rank]

    @property
    def reals(self) -> dict[int, Tensor]:
        """Rows of the learned classes."""
        return {code: self.rows[code] for code in self.classes}

    def label(self, code: int) -> int:
        """Position of a class among the learned ones."""
        return self.classes.index(code)

    @cached_property
    def unit(self) -> float:
        """Median distance between rows."""
        rows = torch.cat(list(self.rows.values())) * torch.from_numpy(self.space.layout.scale)
        some = rows[:: -(-len(rows) // N_MEASURED)]
        return float(torch.pdist(some).median()) + 1e-6 if len(some) > 1 else 1.0

    @cached_property
    def asked(self) -> Tensor:
        """1 for classes whose scores count ``(C,)``: of two classes the rarer one, of more all."""
        rarest = max(self.rows)
        return torch.tensor([float(len(self.rows) > 2 or code == rarest) for code in self.rows])
