"""Loss terms of generators: each maps a step to one number per member; a loss is their weighted sum."""

# P member, B row, F encoded column, C class, H unit

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

    seed_logits_PB: Tensor  # logarithm of how often the seed of each generated row is drawn, with gradient
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
    return 1 - smooth_utility(step.split, rows_PBF, step.label_PBC, step.seed_logits_PB, step.objective)


def fidelity(step: GeneratorStep) -> Tensor:
    """Energy distance ``(P,)`` of the generated rows of each class to real ones, over its own cross term.

    Real rows are the validation rows of the inner split, which no seed comes from; families without inner
    splits are compared with the real rows of the batch. Generated rows weigh as much as their seeds are
    drawn. Székely & Rizzo (2013); the distances among real rows, a constant, are left out.
    """
    rows_PBF, label_PBC = step.fake_PBF * step.scale_F, step.label_PBC
    if isinstance(step, GuidedStep):
        logits_PB = step.seed_logits_PB + step.split.seed_log_weight_PB
        real_PRF, real_PRC = step.split.validation_PQF, step.split.validation_PQC[..., : label_PBC.shape[2]]
    else:
        logits_PB, real_PRF, real_PRC = (
            torch.zeros_like(label_PBC[..., 0]),
            step.real_PBF * step.scale_F,
            label_PBC,
        )
    drawn_PBC = (logits_PB - logits_PB.amax(1, keepdim=True).detach()).exp()[..., None] * label_PBC
    weight_PBC = drawn_PBC / drawn_PBC.sum(1, keepdim=True).clamp(min=1e-12)
    is_learned_R = real_PRC.sum((0, 2)) > 0  # most rows are of other classes
    real_PRF, real_PRC = real_PRF[:, is_learned_R], real_PRC[:, is_learned_R]
    real_PRC = real_PRC / real_PRC.sum(1, keepdim=True).clamp(min=1e-12)
    across_PC = (weight_PBC * (_distances(rows_PBF, real_PRF) @ real_PRC)).sum(1)
    among_PC = (weight_PBC * (_distances(rows_PBF, rows_PBF) @ weight_PBC)).sum(1)
    term_PC = (2 * across_PC - among_PC) / across_PC.detach().clamp(min=1e-6)
    return (term_PC * (real_PRC.sum(1) > 0)).mean(-1)  # a class may have no real row here


def _distances(a_PBF: Tensor, b_PRF: Tensor) -> Tensor:
    """Euclidean distances ``(P, B, R)``, with a gradient that is finite where rows coincide."""
    square_PBR = a_PBF.square().sum(-1)[:, :, None] + b_PRF.square().sum(-1)[:, None] - 2 * a_PBF @ b_PRF.mT
    return square_PBR.clamp(min=1e-8).sqrt()


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
