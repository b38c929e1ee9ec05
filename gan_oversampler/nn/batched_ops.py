"""Batched products and functions that round alike for a member alone and among others."""

# P member, B row, I input, O output

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

# CPU kernels treat the last few numbers of a buffer differently from the others; padding every member to
# whole vectors makes its numbers independent of where in the buffer it lies.
LANES: Final = 32
HALF: Final = LANES // 2  # enough for the rows of a matrix


def padded(n: int) -> int:
    """Next multiple of the vector length."""
    return -(-n // LANES) * LANES


def product(x_PBI: Tensor, weight_PIO: Tensor, bias_P1O: Tensor | None = None) -> Tensor:
    """``bias + x @ weight`` with outputs padded to whole vectors.

    Otherwise the gradient of a member's weight would start at an odd address, and how batched products
    round depends on that.
    """
    n = weight_PIO.shape[-1]
    spare = (0, -n % HALF)
    if not spare[1]:
        return _affine(x_PBI, weight_PIO, bias_P1O)
    bias_P1O = None if bias_P1O is None else F.pad(bias_P1O, spare)
    return _affine(x_PBI, F.pad(weight_PIO, spare), bias_P1O)[..., :n]


def _affine(x_PBI: Tensor, weight_PIO: Tensor, bias_P1O: Tensor | None) -> Tensor:
    return torch.bmm(x_PBI, weight_PIO) if bias_P1O is None else torch.baddbmm(bias_P1O, x_PBI, weight_PIO)


def steady(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """An elementwise function of few numbers per member, computed in whole vectors.

    Exponentials and logarithms of a vector and of its last few numbers differ in their last bit.
    """
    n = x.shape[-1]
    return function(F.pad(x, (0, padded(n) - n), value=1.0))[..., :n]
