"""Between two layers of P members: normalisation of hidden units, gains and shifts of classes."""

# P member, B row, H hidden, C class

import torch
from torch import Tensor

from gan_oversampler.nn.packed import EPSILON


def moments_over_units(h_PBH: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of every row over its units, each ``(P, B, 1)``, for layer normalisation."""
    return h_PBH.mean(-1, keepdim=True), h_PBH.var(-1, keepdim=True, unbiased=False)


def moments_over_batch(
    h_PBH: Tensor, running_P21H: Tensor, momentum: float, *, training: bool
) -> tuple[Tensor, Tensor]:
    """Mean and variance of every unit, each ``(P, 1, H)``, as batch normalisation takes them.

    While training they are those of the batch, toward which the running means and variances ``(P, 2, 1, H)``
    move in place; ``momentum`` is the share of these that stays. Afterwards they are the running ones.
    """
    if not training:
        return running_P21H[:, 0], running_P21H[:, 1]
    mean, variance = h_PBH.mean(1, keepdim=True), h_PBH.var(1, keepdim=True, unbiased=False)
    running_P21H.lerp_(torch.stack([mean, variance], 1).detach(), 1 - momentum)
    return mean, variance


def standardised(h_PBH: Tensor, moments: tuple[Tensor, Tensor]) -> Tensor:
    """Subtract means and divide by standard deviations, given as means and variances."""
    mean, variance = moments
    return (h_PBH - mean) * (variance + EPSILON).rsqrt()


def of_classes(rows: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Gain and shift of the class of every row, each ``(..., B, H)``.

    ``rows`` are ``(..., 2 C, H)``, the gains of all classes before their shifts, and ``label`` are one-hot
    classes ``(..., B, C)``; dimensions before these, such as that of members, are the same in both.

    >>> gain, shift = of_classes(torch.tensor([[2.0], [3.0], [0.0], [1.0]]), torch.tensor([[0.0, 1.0]]))
    >>> gain, shift
    (tensor([[3.]]), tensor([[1.]]))
    """
    gains, shifts = rows.chunk(2, dim=-2)
    return label @ gains, label @ shifts
