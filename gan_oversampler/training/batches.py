"""Endless batches of the rows that a member may see."""

# T batch, P member, B row, F encoded column, Z latent, C class

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.gans.utility import InnerSplit
from gan_oversampler.nn.latent import Latent
from gan_oversampler.nn.learned_geometry import GuidedStart
from gan_oversampler.nn.tensors import map_tensors
from gan_oversampler.sampling.base_samplers import Base, rows_by_weight
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.training.inner_splits import InnerSplits


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a training step: real ones, and what generated ones are made of, paired by class.

    Before each tensor's own dimensions come T (batches drawn ahead) and P (members), if there are several.
    """

    real: Tensor  # ``(B, F)`` real rows
    start: Tensor | GuidedStart | None  # what generators start from; None where they start from noise alone
    noise: Tensor  # ``(B, Z)``
    label: Tensor  # ``(B, C)`` one-hot classes
    mix: Tensor  # ``(B, 1)`` uniform numbers, for penalties between real and generated rows


@dataclass(frozen=True, slots=True)
class GuidedBatch(Batch):
    """A batch with an inner split of the rows, whose training rows the starts are made of."""

    start: GuidedStart
    split: InnerSplit


def stacked(drawn: Sequence[Batch], t: int, device: torch.device) -> Batch:
    """Put batch ``t`` of every member side by side on a device, so that one step can train them together.

    Tensors ``(T, B, ...)`` of P members become one of ``(P, B, ...)``; all must have the same shapes. It is
    made just before the step, which then finds it in the cache.
    """
    return map_tensors(lambda *parts: torch.stack([part[t] for part in parts]).to(device), *drawn)


@dataclass(frozen=True)
class PlainBatches:
    """Batches of real rows and, with a base, of base rows of the same classes."""

    data: FoldData  # the rows
    base: Base | None  # draws the starts; None for generators that start from noise alone
    batch_size: int  # rows per batch
    latent: Latent  # law of the noise
    stream: torch.Generator  # the member's own

    def draw(self, n_batches: int, *, balanced: bool = True) -> Batch:
        """Draw the next batches ``(T, B, ...)``, in which rows of all learned classes come in random order.

        Classes have equal shares or, if not ``balanced``, those of the data, exactly over all T batches. Real
        rows of a class are used evenly; starts are rows that the base draws, or None without a base.
        """
        n, classes = n_batches * self.batch_size, self.data.classes
        sizes = [1 if balanced else len(self.data.rows[code]) for code in classes]
        counts = np.diff(-(-n * np.cumsum(sizes) // sum(sizes)), prepend=0).tolist()
        order = torch.randperm(n, generator=self.stream)
        real = torch.cat([_real(self.data, code, k, self.stream) for code, k in zip(classes, counts)])
        start = None
        if self.base is not None:
            near = self.data.neighbourhoods
            parts = [self.base.draw(near[c], k, generator=self.stream) for c, k in zip(classes, counts)]
            start = torch.cat(parts)[order]
        label = torch.arange(len(classes)).repeat_interleave(torch.tensor(counts))[order]
        batch = Batch(
            real[order],
            start,
            self.latent.draw(n, self.stream),
            F.one_hot(label, len(classes)).float(),
            torch.rand(n, 1, generator=self.stream),
        )
        return map_tensors(lambda rows: rows.unflatten(0, (n_batches, self.batch_size)), batch)


@dataclass(frozen=True)
class GuidedBatches:
    """Batches of guided GANs: starts come from the training rows of inner splits, classes in equal shares."""

    splits: InnerSplits  # inner splits of the member's rows, from the member's own stream
    batch_size: int  # rows per batch
    latent: Latent  # law of the noise

    @property
    def stream(self) -> torch.Generator:
        """The member's own random stream, which the inner splits draw from, too."""
        return self.splits.stream

    def draw(self, n_batches: int, *, balanced: bool = True) -> GuidedBatch:
        """Draw the next batches ``(T, B, ...)``, each with an inner split of its own, T in all.

        Learned classes come in equal shares, one after the other; ``balanced=False`` is refused when a guided
        GAN is validated. The real rows are for a critic, if one stands beside the utility.
        """
        data, stream = self.splits.data, self.stream
        start, label_B, split = self.splits.draw(n_batches, self.batch_size)
        counts = label_B.bincount(minlength=len(data.classes)).tolist()
        real = [
            _real(data, code, n_batches * n, stream).view(n_batches, n, -1)
            for code, n in zip(data.classes, counts, strict=True)
        ]
        return GuidedBatch(
            torch.cat(real, dim=1),
            start,
            self.latent.draw(n_batches * self.batch_size, stream).unflatten(0, (n_batches, -1)),
            F.one_hot(label_B, len(data.classes)).float().expand(n_batches, -1, -1),
            torch.rand(n_batches, self.batch_size, 1, generator=stream),
            split,
        )


def _real(data: FoldData, code: int, n: int, stream: torch.Generator) -> Tensor:
    """Real rows of a class, each as often as all others up to rounding, or as it weighs."""
    return rows_by_weight(data.rows[code], data.weight_of(code), n, generator=stream)
