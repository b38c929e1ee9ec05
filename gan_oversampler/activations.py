"""What hidden units do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import torch.nn.functional as F
from torch import Tensor

Activation = Callable[[Tensor, float], Tensor]
"""From values and the slope below zero, which only the leaky one heeds, to values."""

ACTIVATIONS: Final[Mapping[str, Activation]] = MappingProxyType(
    {
        "elu": lambda h, slope: F.elu(h),
        "leaky_relu": F.leaky_relu,
        "relu": lambda h, slope: F.relu(h),
        "silu": lambda h, slope: F.silu(h),
        "tanh": lambda h, slope: h.tanh(),
    }
)
