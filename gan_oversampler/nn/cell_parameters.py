"""What networks of cells have in common: parameters and running statistics by their names, cell by cell."""

# P member, H hidden unit or channel, S statistic

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property

import torch
from torch import Tensor

from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.packed import Mode
from gan_oversampler.nn.slices import NamedPacked, Start

Choice = tuple[str, Start, bool]  # name of a tensor, the tensor, and whether this network has it
Named = Mapping[str, Tensor]


class CellParameters(NamedPacked):
    """Parameters of cells, and the running statistics of those that normalise over batches."""

    cells: tuple[CellShape, ...]

    widths = property(lambda self: tuple(cell.width for cell in self.cells))

    @abstractmethod
    def _choices(self) -> Iterator[Choice]:
        """All tensors that a network of these lengths may have."""

    @abstractmethod
    def _length(self, i: int) -> int:
        """Length of the input of a cell, or its number of channels."""

    @cached_property
    def tensors(self) -> Mapping[str, Start]:  # type: ignore[override]
        """Parameters by their names, such as ``cell 0 weight 1``, from the input to the last cell."""
        return {name: start for name, start, is_there in self._choices() if is_there}

    def init_statistics(self) -> Tensor:
        """Running statistics ``(S,)`` of batch normalisation before training, of one member.

        They are mean 0 and variance 1 of every unit or channel, cell by cell and layer by layer. The vector
        is empty where no cell normalises over batches.
        """
        starts = [torch.tensor([0.0, 1.0]).repeat_interleave(n) for n in self._batch_norms.values()]
        return torch.cat([torch.empty(0), *starts])

    def _n_normalised(self, i: int, layer: int) -> int:
        """Number of units or channels that a layer normalises: of its input, or of its output."""
        cell = self.cells[i]
        return self._length(i) if layer == 1 and cell.order == "pre" else cell.width

    @cached_property
    def _batch_norms(self) -> dict[str, int]:
        """Numbers of what is normalised over batches, by the name of the running statistics."""
        over_batch = [i for i, cell in enumerate(self.cells) if cell.norm in ("batch", "conditional")]
        layers = [(i, layer) for i in over_batch for layer in (1, 2)]
        return {f"cell {i} statistics {layer}": self._n_normalised(i, layer) for i, layer in layers}

    def _statistics(self, mode: Mode) -> dict[str, Tensor]:
        """Views ``(P, 2, H)`` of the running statistics by their names."""
        if mode.statistics_PS is None or not self._batch_norms:
            return {}
        views = mode.statistics_PS.split([2 * n for n in self._batch_norms.values()], dim=1)
        return {name: view.unflatten(1, (2, -1)) for name, view in zip(self._batch_norms, views, strict=True)}

    @staticmethod
    def _of_cell(i: int, named: Named) -> Named:
        """Parameters and statistics of one cell, by their names within it."""
        prefix = f"cell {i} "
        return {name.removeprefix(prefix): part for name, part in named.items() if name.startswith(prefix)}
