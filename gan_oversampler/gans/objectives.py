"""Loss terms of generators: a generator's loss is their weighted sum.

A term sees what a step has at hand and returns one number per member, lower being better.
"""

# P member, B row, F encoded column, C class, H unit

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor

from gan_oversampler.gans.losses import CriticFn, GanLoss, pulling_away
from gan_oversampler.gans.utility import InnerSplit
from gan_oversampler.gans.utility import utility as smooth_utility


@dataclass(frozen=True, slots=True)
class GeneratorStep:
    """What a step of a generator has at hand."""

    fake_PBF: Tensor  # generated rows, with gradient
    real_PBF: Tensor  # real rows of the same classes, paired row by row
    label_PBC: Tensor  # their classes, one-hot
    critic: CriticFn  # ``(P, 2B, F) -> (P, 2B)``: outputs for real rows followed by generated ones
    # ``(P, B, F) -> (P, B, H)``: what an autoencoder makes of rows before it reconstructs them; only for
    # losses whose critic is one
    code: CriticFn
    loss: GanLoss  # what both players minimise


@dataclass(frozen=True, slots=True)
class GuidedStep(GeneratorStep):
    """What a step of a guided generator has at hand besides."""

    seed_log_odds_PB: Tensor  # logarithm of how often the seed of each generated row is drawn, with gradient
    split: InnerSplit  # an inner split of the real rows; the generated rows start from its training rows
    objective: str  # name of the smooth score that utility means
    scale_F: Tensor  # weight of each encoded column in distances


def adversarial(step: GeneratorStep) -> Tensor:
    """How clearly the critic tells the generated rows from real ones, by the loss of the GAN: ``(P,)``."""
    rows = torch.cat([step.real_PBF, step.fake_PBF], dim=1)
    real_PB, fake_PB = step.critic(rows).chunk(2, dim=1)
    loss_P = step.loss.generator(real_PB, fake_PB)
    return loss_P + step.loss.apart * pulling_away(step.code(step.fake_PBF)) if step.loss.apart else loss_P


def utility(step: GuidedStep) -> Tensor:
    """What a learner fitted on training and generated rows gets wrong on the validation rows: ``(P,)``."""
    rows_PBF = step.fake_PBF * step.scale_F
    return 1 - smooth_utility(step.split, rows_PBF, step.label_PBC, step.seed_log_odds_PB, step.objective)


@dataclass(frozen=True, slots=True)
class LossTerm:
    """A term of a generator's loss."""

    compute: Callable[[Any], Tensor]  # ``(step) -> (P,)``; lower is better
    # whether it needs a :class:`GuidedStep`, because other families have no inner splits
    guided_only: bool = False


LOSS_TERMS: Final[Mapping[str, LossTerm]] = MappingProxyType(
    {"adversarial": LossTerm(adversarial), "utility": LossTerm(utility, guided_only=True)}
)
