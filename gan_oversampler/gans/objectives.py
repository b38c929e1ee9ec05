"""What pulls a generator: its loss is a weighted sum of forces.

A force sees the draft of a step and returns one number per member, lower being better.
"""

# P member, B row, F encoded column, C class

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.gans.losses import CriticFn, GanLoss, pulling_away
from gan_oversampler.gans.utility import Lesson
from gan_oversampler.gans.utility import utility as smooth_utility


@dataclass(frozen=True, slots=True)
class Draft:
    """What a generator step has on the table.

    Attributes
    ----------
    fake_PBF : Tensor
        Generated rows, with gradient.
    real_PBF : Tensor
        Real rows of the same classes, paired row by row.
    label_PBC : Tensor
        Their classes, one-hot.
    critic : callable
        ``(P, 2B, F) -> (P, 2B)`` for real rows followed by fake ones.
    loss : GanLoss
        The game that the cohort plays.
    objective : str
        Name of the smooth score that utility means.
    odds_PB : Tensor or None
        Logarithm of how often each generated row is to be drawn, with gradient.
    scale_F : Tensor or None
        Weight of each encoded column in distances.
    lesson : Lesson or None
        An inner split of the real rows; the generated ones come from the rows to study.
    code : callable or None
        ``(P, B, F) -> (P, B, H)``, what an autoencoder makes of rows before it reconstructs them.
    """

    fake_PBF: Tensor
    real_PBF: Tensor
    label_PBC: Tensor
    critic: CriticFn
    loss: GanLoss
    objective: str = "f1"
    odds_PB: Tensor | None = None
    scale_F: Tensor | None = None
    lesson: Lesson | None = None
    code: CriticFn | None = None


Force = Callable[[Draft], Tensor]


def adversarial(draft: Draft) -> Tensor:
    """The critic's verdict on the generated rows: ``(P,)``."""
    rows = torch.cat([draft.real_PBF, draft.fake_PBF], dim=1)
    real_PB, fake_PB = draft.critic(rows).chunk(2, dim=1)
    verdict_P = draft.loss.generator(real_PB, fake_PB)
    if not draft.loss.apart or draft.code is None:
        return verdict_P
    return verdict_P + draft.loss.apart * pulling_away(draft.code(draft.fake_PBF))


def utility(draft: Draft) -> Tensor:
    """What a learner that also studies the generated rows still gets wrong on held-out rows: ``(P,)``."""
    assert draft.lesson is not None
    assert draft.odds_PB is not None
    assert draft.scale_F is not None
    rows_PBF = draft.fake_PBF * draft.scale_F
    return 1 - smooth_utility(draft.lesson, rows_PBF, draft.label_PBC, draft.odds_PB, draft.objective)


FORCES: Final[Mapping[str, Force]] = MappingProxyType({"adversarial": adversarial, "utility": utility})
