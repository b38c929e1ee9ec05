"""Convolutional autoencoders, and what networks there are on either side of a GAN."""

# P member, B row, I input, O output, C class, F encoded column

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from torch import Tensor

from gan_oversampler.nn.cells import CellNet
from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.grid_cells import GridCellNet
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import Mode, Packed


@dataclass(frozen=True)
class Autoencoder(Packed):
    """Rows through a short vector back to rows: the critic of EBGAN and BEGAN; the encoder comes first."""

    encoder: Encoder
    decoder: Decoder

    n_inputs = property(lambda self: self.encoder.n_inputs)
    n_outputs = property(lambda self: self.decoder.n_outputs)
    shapes = cached_property(lambda self: self.encoder.shapes + self.decoder.shapes)

    def init(self, generator: torch.Generator) -> Tensor:
        """Draw the parameters ``(N,)`` of one member before training, both halves from one stream."""
        return torch.cat([self.encoder.init(generator), self.decoder.init(generator)])

    def init_statistics(self) -> Tensor:
        """Running statistics ``(S,)`` of both halves before training, of one member; empty without any."""
        return torch.cat([self.encoder.init_statistics(), self.decoder.init_statistics()])

    def code(self, parts: Sequence[Tensor], x_PBI: Tensor, mode: Mode) -> Tensor:
        """Encode rows ``(P, B, F)`` as short vectors ``(P, B, O)``, from which the decoder restores them.

        ``parts`` are the matrices of both halves, as ``split`` returns them.
        """
        return self.encoder(parts[: len(self.encoder.shapes)], x_PBI, self._modes(mode)[0])

    def __call__(self, parts: Sequence[Tensor], x_PBI: Tensor, mode: Mode) -> Tensor:
        """Reconstruct rows ``(P, B, F)``."""
        code = self.code(parts, x_PBI, mode)
        return self.decoder(parts[len(self.encoder.shapes) :], code, self._modes(mode)[1])

    def _modes(self, mode: Mode) -> tuple[Mode, Mode]:
        """Modes of both halves, each with its own running statistics."""
        if mode.statistics_PS is None:
            return mode, mode
        ours, theirs = mode.statistics_PS.tensor_split([len(self.encoder.init_statistics())], dim=1)
        return replace(mode, statistics_PS=ours), replace(mode, statistics_PS=theirs)


def mirrored(encoder: Encoder) -> Autoencoder:
    """Make an autoencoder whose decoder undoes the layers of an encoder in reverse, with the same options.

    >>> from gan_oversampler.nn.image_grid import Canvas
    >>> canvas = Canvas(4, 4, 1, tuple(range(16)))
    >>> net = mirrored(Encoder(canvas, 5, n_classes=2, widths=(4, 8)))
    >>> parts = net.split(net.init(torch.Generator().manual_seed(0))[None])
    >>> net(parts, torch.zeros(1, 3, 16), Mode(torch.zeros(1, 3, 2))).shape
    torch.Size([1, 3, 16])
    """
    options = {field.name: getattr(encoder, field.name) for field in fields(encoder)}
    return Autoencoder(encoder, Decoder(**{**options, "widths": encoder.widths[::-1]}))


GeneratorNet = Mlp | CellNet | Decoder | GridCellNet
CriticNet = Mlp | Encoder | Autoencoder
