"""P perceptrons as one tensor program."""

# P member, B row, I input, O output, H hidden, N parameter, C class

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from gan_oversampler.nn.normalisation import moments_over_batch, moments_over_units, of_classes, standardised
from gan_oversampler.nn.packed import ACTIVATIONS, Layer, Layered, Mode


@dataclass(frozen=True)
class Mlp(Layered):
    """Shape of P class-conditional perceptrons: ``(P, B, I)`` to ``(P, B, O)``."""

    n_inputs: int
    n_outputs: int

    def _sizes(self) -> list[Layer]:
        sizes = pairwise((self.n_inputs + self.n_appended, *self.widths, self.n_outputs))
        return [Layer((inputs, outputs), outputs, inputs + outputs) for inputs, outputs in sizes]

    def __call__(self, parts: Sequence[Tensor], x_PBI: Tensor, mode: Mode) -> Tensor:
        """Compute the outputs of all members ``(P, B, O)``."""
        return self._through(len(self.widths) + 1, parts, x_PBI, mode)

    def code(self, parts: Sequence[Tensor], x_PBI: Tensor, mode: Mode) -> Tensor:
        """Compute the narrowest hidden layer ``(P, B, H)``, of equally narrow ones the last.

        >>> mlp = Mlp(3, 4, n_classes=2, widths=(8, 5, 8))
        >>> flat_PN = torch.stack([mlp.init(torch.Generator().manual_seed(p)) for p in range(7)])
        >>> mlp.code(mlp.split(flat_PN), torch.zeros(7, 6, 3), Mode(torch.zeros(7, 6, 2))).shape
        torch.Size([7, 6, 5])
        """
        narrowest = max(range(len(self.widths)), key=lambda i: (-self.widths[i], i))
        return self._through(narrowest + 1, parts, x_PBI, mode)

    def _through(self, n_layers: int, parts: Sequence[Tensor], h: Tensor, mode: Mode) -> Tensor:
        """Outputs of the first layers, after activation, normalisation and dropout."""
        label_PBC = mode.label_PBC
        if self.multiply:
            h = h * torch.bmm(label_PBC, parts[0])
        elif self.n_appended:
            h = torch.cat([h, label_PBC], dim=-1)
        for i in range(n_layers):
            weight = self._weight(i)
            h = torch.baddbmm(parts[weight + 1], h, parts[weight])
            if i < len(self.widths):
                h = ACTIVATIONS[self.activation](h, self.slope)
                h = self._normalise(i, parts, h, mode)
                if self.film:
                    gain, shift = of_classes(parts[self._film(i)], label_PBC)
                    h = h * (1 + gain) + shift
                if self.dropout and mode.streams is not None and i:
                    keep = torch.stack([torch.rand(h.shape[1:], generator=s) for s in mode.streams])
                    h = h * (keep >= self.dropout).to(h) / (1 - self.dropout)
        return h

    def _normalise(self, i: int, parts: Sequence[Tensor], h: Tensor, mode: Mode) -> Tensor:
        if self.layer_norm:
            moments = moments_over_units(h)
        elif self.batch_norm and mode.statistics_PS is not None:
            start, n = 2 * sum(self.widths[:i]), 2 * self.widths[i]
            running = mode.statistics_PS[:, start : start + n].unflatten(1, (2, 1, -1))
            training = mode.streams is not None
            moments = moments_over_batch(h, running, self.norm_momentum, training=training)
        else:
            return h
        gain, shift = parts[self._weight(len(self.widths) + 1) + i].split(1, dim=1)
        return standardised(h, moments) * gain + shift
