"""Changes of rows that a critic sees: adaptive augmentation (Karras et al. 2020), for rows of a table.

Three changes befall a row independently, each with the same chance: values jitter; some values are replaced
by those of another real row; some categories are. Real and new rows follow the same law, so where a critic
cannot tell changed rows apart, it cannot tell the rows themselves apart.
"""

# P member, B row, F encoded column, K block

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace

JITTER: Final = 0.3  # standard deviations of a column
REPLACED: Final = 0.25  # share of the values, or of the categories, of a row that another one gives

Draw = Callable[[torch.Generator], Tensor]


class Augmentation:
    """Random changes of the rows of one space.

    Parameters
    ----------
    space : RowSpace
        Its device is where rows lie; random numbers are drawn on the CPU.

    Examples
    --------
    >>> from gan_oversampler.encoding.layout import Block, Layout
    >>> augment = Augmentation(RowSpace(Layout((Block("age", 0, 0, ()),))))
    >>> rows, streams = torch.zeros(1, 4, 1), [torch.Generator().manual_seed(0)]
    >>> bool((augment(rows, rows, torch.zeros(1, 1), streams) == rows).all())
    True
    >>> bool((augment(rows, rows, torch.ones(1, 1), streams) == rows).any())
    False
    """

    def __init__(self, space: RowSpace) -> None:
        blocks = space.layout.blocks
        widths = torch.tensor([block.width for block in blocks])
        categories_K = torch.tensor([block.pinned is None for block in blocks])
        device = space.states_S.device
        self.space, self.n_blocks = space, len(blocks)
        self.block_of_F = torch.arange(len(blocks)).repeat_interleave(widths).to(device)
        self.category_F = categories_K.repeat_interleave(widths).to(device)

    def __call__(
        self,
        rows_PBF: Tensor,
        donors_PBF: Tensor,
        strength_P1: Tensor,
        streams: Sequence[torch.Generator],
    ) -> Tensor:
        """Changed rows; each change befalls a row with the chance ``strength``.

        Parameters
        ----------
        rows_PBF : Tensor
            Gradients pass.
        donors_PBF : Tensor
            Real rows, of any number per member.
        strength_P1 : Tensor
            Chances.
        streams : sequence of Generator
            Each member's own; how much is drawn depends on shapes only.
        """
        n_rows, device = rows_PBF.shape[1], rows_PBF.device

        def drawn(draw: Draw) -> Tensor:
            return torch.stack([draw(stream) for stream in streams]).to(device)

        coins_PB3 = drawn(lambda s: torch.rand(n_rows, 3, generator=s)) < strength_P1[..., None]
        noise_PBF = drawn(lambda s: torch.randn(rows_PBF.shape[1:], generator=s))
        lot_PBK = drawn(lambda s: torch.rand(n_rows, self.n_blocks, generator=s))
        donor_PB = drawn(lambda s: torch.randint(donors_PBF.shape[1], (n_rows,), generator=s))
        jitter_PB, values_PB, categories_PB = coins_PB3.unbind(-1)
        chosen_PBF = (lot_PBK < REPLACED)[..., self.block_of_F] & torch.where(
            self.category_F, categories_PB[..., None], values_PB[..., None]
        )
        given_PBF = donors_PBF.gather(1, donor_PB[..., None].expand_as(rows_PBF))
        changed_PBF = torch.where(chosen_PBF, given_PBF, rows_PBF)
        free_PBF = self.space.free_values(changed_PBF.detach()) * jitter_PB[..., None].to(rows_PBF)
        return changed_PBF + JITTER * noise_PBF * free_PBF
