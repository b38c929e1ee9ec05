"""Changes of rows that a critic sees: adaptive augmentation (Karras et al. 2020), for rows of a table.

Each row is changed in three independent ways, all with the same probability: noise is added to its values,
some of its values are replaced by those of a real row, and so are some of its categories. Real and generated
rows are changed alike, so a critic that cannot tell changed rows apart could not tell the rows apart either.
"""

# P member, B row, F encoded column, K block

from typing import Final

import torch
from torch import Tensor

from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.training.members import StreamList

JITTER: Final = 0.3  # standard deviations of a column
REPLACED: Final = 0.25  # share of the values, or of the categories, of a row that another one gives


class Augmentation:
    """Random changes of the encoded rows of one space, on whose device the rows lie.

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
        blocks, device = space.layout.blocks, space.states_S.device
        widths = torch.tensor([block.width for block in blocks])
        categories_K = torch.tensor([block.pinned is None for block in blocks])
        self.space, self.n_blocks = space, len(blocks)
        self.block_of_F = torch.arange(len(blocks)).repeat_interleave(widths).to(device)
        self.category_F = categories_K.repeat_interleave(widths).to(device)

    def __call__(
        self, rows_PBF: Tensor, real_PBF: Tensor, strength_P1: Tensor, streams: StreamList
    ) -> Tensor:
        """Change each row in each way with the probability ``strength``; gradients pass through.

        Values and categories are replaced by those of ``real_PBF``, which may hold any number of rows. Each
        member draws from its own stream on the CPU, and how much it draws depends on shapes only.
        """
        n_rows, device = rows_PBF.shape[1], rows_PBF.device
        drawn = [
            (
                torch.rand(n_rows, 3, generator=stream),
                torch.randn(rows_PBF.shape[1:], generator=stream),
                torch.rand(n_rows, self.n_blocks, generator=stream),
                torch.randint(real_PBF.shape[1], (n_rows,), generator=stream),
            )
            for stream in streams
        ]
        coins_PB3, noise_PBF, lot_PBK, giver_PB = (torch.stack(parts).to(device) for parts in zip(*drawn))
        jitter_PB, values_PB, categories_PB = (coins_PB3 < strength_P1[..., None]).unbind(-1)
        chosen_PBF = (lot_PBK < REPLACED)[..., self.block_of_F] & torch.where(
            self.category_F, categories_PB[..., None], values_PB[..., None]
        )
        given_PBF = real_PBF.gather(1, giver_PB[..., None].expand_as(rows_PBF))
        changed_PBF = torch.where(chosen_PBF, given_PBF, rows_PBF)
        free_PBF = self.space.free_values(changed_PBF.detach()) * jitter_PB[..., None].to(rows_PBF)
        return changed_PBF + JITTER * noise_PBF * free_PBF
