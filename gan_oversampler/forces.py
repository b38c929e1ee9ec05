"""What pulls a generator: its loss is a weighted sum of forces.

A force sees the draft of a step and returns one number per member, lower being better.
"""

# P member, B row, F encoded column

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.losses import CriticFn, GanLoss


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator step has on the table.

    Attributes
    ----------
    fake_PBF : Tensor
        Generated rows, with gradient.
    real_PBF : Tensor
        Real rows of the same classes, paired row by row.
    critic : callable
        ``(P, 2B, F) -> (P, 2B)`` for real rows followed by fake ones.
    loss : GanLoss
        The game that the cohort plays.
    """

    fake_PBF: Tensor
    real_PBF: Tensor
    critic: CriticFn
    loss: GanLoss


Force = Callable[[Draft], Tensor]


def adversarial(draft: Draft) -> Tensor:
    """The critic's verdict on the generated rows: ``(P,)``."""
    rows = torch.cat([draft.real_PBF, draft.fake_PBF], dim=1)
    real_PB, fake_PB = draft.critic(rows).chunk(2, dim=1)
    return draft.loss.generator(real_PB, fake_PB)


FORCES: Final[Mapping[str, Force]] = MappingProxyType({"adversarial": adversarial})
