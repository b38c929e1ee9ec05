"""Convolutional autoencoders, and what networks there are of either side."""

# P member, B row, I input, O output, C class, F encoded column

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import torch
from torch import Tensor

from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import Packed


@dataclass(frozen=True)
class Autoencoder(Packed):
    """Rows through a narrow vector back to rows: the convolutional critic of EBGAN and BEGAN.

    Examples
    --------
    >>> from gan_oversampler.nn.image_grid import Canvas
    >>> canvas = Canvas(4, 4, 1, tuple(range(16)))
    >>> net = Autoencoder(Encoder(canvas, 2, 5, (4, 8)), Decoder(canvas, 2, 5, (8, 4)))
    >>> parts = net.split(net.init(torch.Generator().manual_seed(0))[None])
    >>> net(parts, torch.zeros(1, 3, 16), torch.zeros(1, 3, 2)).shape
    torch.Size([1, 3, 16])
    """

    encoder: Encoder
    decoder: Decoder
    looped: bool = True

    @property
    def n_inputs(self) -> int:
        """Encoded columns."""
        return self.encoder.n_inputs

    @property
    def n_outputs(self) -> int:
        """Encoded columns, too."""
        return self.decoder.n_outputs

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:  # type: ignore[override]
        """Parameter matrices in the order in which they lie in the buffer."""
        return self.encoder.shapes + self.decoder.shapes

    @property
    def n_statistics(self) -> int:
        """Running mean and variance per normalised channel."""
        return self.encoder.n_statistics + self.decoder.n_statistics

    def init(self, generator: torch.Generator) -> Tensor:
        """Start of one member ``(N,)``."""
        halves = (self.encoder, self.decoder)
        parts = [part for half in halves for part in half.split(half.init(generator)[None])]
        return self.join(parts)[0]

    def init_statistics(self) -> Tensor:
        """Running statistics of one member before training."""
        return torch.cat([self.encoder.init_statistics(), self.decoder.init_statistics()])

    def code(
        self,
        parts: Sequence[Tensor],
        x_PBI: Tensor,
        label_PBC: Tensor,
        *,
        statistics: Tensor | None = None,
        streams: Sequence[torch.Generator] | None = None,
    ) -> Tensor:
        """The narrow vector ``(P, B, O)``."""
        mine = None if statistics is None else statistics[:, : self.encoder.n_statistics]
        parts = parts[: len(self.encoder.shapes)]
        return self.encoder(parts, x_PBI, label_PBC, statistics=mine, streams=streams)

    def __call__(
        self,
        parts: Sequence[Tensor],
        x_PBI: Tensor,
        label_PBC: Tensor,
        *,
        statistics: Tensor | None = None,
        streams: Sequence[torch.Generator] | None = None,
    ) -> Tensor:
        """Rows as they are reconstructed ``(P, B, F)``."""
        code = self.code(parts, x_PBI, label_PBC, statistics=statistics, streams=streams)
        mine = None if statistics is None else statistics[:, self.encoder.n_statistics :]
        parts = parts[len(self.encoder.shapes) :]
        return self.decoder(parts, code, label_PBC, statistics=mine, streams=streams)


def mirrored(encoder: Encoder) -> Autoencoder:
    """An autoencoder whose second half undoes the steps of the first."""
    options = {field.name: getattr(encoder, field.name) for field in fields(encoder)}
    return Autoencoder(encoder, Decoder(**{**options, "widths": encoder.widths[::-1]}))


GeneratorNet = Mlp | Decoder
CriticNet = Mlp | Encoder | Autoencoder
