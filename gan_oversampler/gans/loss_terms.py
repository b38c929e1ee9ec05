"""Loss terms of generators: each maps a step to one number per member; a loss is their weighted sum."""

# P member, B row, R real row, F encoded column, C class, H unit

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor

from gan_oversampler.gans.energy_distance import energy_distance
from gan_oversampler.gans.losses import CriticFn, GanLoss, pulling_away
from gan_oversampler.gans.utility import InnerSplit
from gan_oversampler.gans.utility import utility as smooth_utility


@dataclass(frozen=True, slots=True)
class GeneratorStep:
    """What the terms of a generator's loss are computed from in one step."""

    fake_PBF: Tensor  # generated rows, with gradient
    real_PBF: Tensor  # real rows of the same classes, paired row by row
    label_PBC: Tensor  # their classes, one-hot
    critic: CriticFn  # ``(P, 2B, F) -> (P, 2B)``: outputs for real rows followed by generated ones
    code: CriticFn  # ``(P, B, F) -> (P, B, H)``: codes of rows, if the critic is an autoencoder
    loss: GanLoss  # what both players minimise
    scale_F: Tensor  # weight of each encoded column in distances


@dataclass(frozen=True, slots=True)
class GuidedStep(GeneratorStep):
    """What the terms of a guided generator's loss are computed from besides."""

    share_PBC: Tensor  # of each row in its class, by how often its seed is drawn, with gradient
    split: InnerSplit  # an inner split of the real rows; the generated rows start from its training rows
    objective: str  # name of the smooth score that utility means


def adversarial(step: GeneratorStep) -> Tensor:
    """Loss ``(P,)`` of the generators under the critic, which tells generated rows from real ones.

    Losses with a pulling-away term (EBGAN) add it, with its weight, for the critic's codes of generated rows.
    """
    rows = torch.cat([step.real_PBF, step.fake_PBF], dim=1)
    real_PB, fake_PB = step.critic(rows).chunk(2, dim=1)
    loss_P = step.loss.generator(real_PB, fake_PB)
    return loss_P + step.loss.apart * pulling_away(step.code(step.fake_PBF)) if step.loss.apart else loss_P


def utility(step: GuidedStep) -> Tensor:
    """One minus the smooth score ``(P,)`` that generated rows earn on the validation rows of an inner split.

    Its gradient teaches the generator both the rows and how often each seed is to be drawn.
    """
    rows_PBF = step.fake_PBF * step.scale_F
    return 1 - smooth_utility(step.split, rows_PBF, step.share_PBC, step.objective)


def fidelity(step: GeneratorStep) -> Tensor:
    """Energy distance ``(P,)`` of the generated rows of each class to real ones, over its own cross term.

    Real rows are the validation rows of the inner split, which no seed comes from; families without inner
    splits are compared with the real rows of the batch. Generated rows weigh as much as their seeds are
    drawn.
    """
    rows_PBF = step.fake_PBF * step.scale_F
    if isinstance(step, GuidedStep):
        real_PRC = step.split.reference_PRC  # most validation rows are of other classes, and come later
        return energy_distance(
            rows_PBF, step.share_PBC, step.split.validation_PQF[:, : real_PRC.shape[1]], real_PRC
        )
    share_PBC = step.label_PBC / step.label_PBC.sum(1, keepdim=True).clamp(min=1)
    return energy_distance(rows_PBF, share_PBC, step.real_PBF * step.scale_F, share_PBC)


@dataclass(frozen=True, slots=True)
class LossTerm:
    """A term of a generator's loss."""

    compute: Callable[[Any], Tensor]  # ``(step) -> (P,)``; lower is better
    guided_only: bool = False  # whether it needs a :class:`GuidedStep`: other families have no inner splits


LOSS_TERMS: Final[Mapping[str, LossTerm]] = MappingProxyType(
    {
        "adversarial": LossTerm(adversarial),
        "fidelity": LossTerm(fidelity),
        "utility": LossTerm(utility, guided_only=True),
    }
)
