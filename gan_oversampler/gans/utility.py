"""Held-out utility as a smooth function of synthetic rows, through learners with a closed form.

An *inner split* divides the real rows that a member may see into training rows and validation rows. A ridge
regression on random Fourier features (Rahimi & Recht 2007) is fitted on the training rows together with
synthetic rows; its score on the validation rows is differentiable in the synthetic ones.
"""

# P member, S training row, Q validation row, B synthetic row, F encoded column, C class, D feature, L linear
# feature

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

LINEAR_WEIGHT: Final = 0.3  # of the plain columns among the features
SHARPNESS: Final = 3.0  # from the learner's scores to probabilities


@dataclass(frozen=True, slots=True)
class InnerSplit:
    """An inner split per member, and a learner with random features."""

    training_PSF: Tensor  # real rows, in units of distance
    training_PSC: Tensor  # weight of each row, in the column of its class
    validation_PQF: Tensor
    validation_PQC: Tensor
    new_weight_PC: Tensor  # weight that the synthetic rows of each class have together
    seed_log_weight_PB: Tensor  # logarithm of the number of rows that each seed stands for
    scored_PC: Tensor  # 1 for the classes whose scores count
    fourier_PFD: Tensor  # directions and phases of the random Fourier features
    phase_P1D: Tensor
    linear_PFL: Tensor | None  # random mixtures of many columns as linear features; None for the columns
    ridge_P: Tensor  # strength of the regularisation


def utility(
    split: InnerSplit, new_PBF: Tensor, label_PBC: Tensor, seed_logits_PB: Tensor, objective: str
) -> Tensor:
    """Smooth score ``(P,)`` on validation rows of a learner fitted on training and synthetic rows.

    Synthetic rows ``(P, B, F)`` are in units of distance; their one-hot classes are the first of those of the
    split. Each row weighs as much as its seed is to be drawn, of which ``seed_logits_PB`` is the logarithm.
    ``objective`` is a name in ``OBJECTIVES``. The score is a mean over the scored classes; higher is better.
    """
    # Real and synthetic rows are summed up apart, because only the latter need gradients.
    real_PDD, real_PDC = _moments(_features(split, split.training_PSF), split.training_PSC)
    logits_PB = seed_logits_PB + split.seed_log_weight_PB
    drawn_PBC = (logits_PB - logits_PB.amax(1, keepdim=True).detach()).exp()[..., None] * label_PBC
    share_PBC = drawn_PBC / drawn_PBC.sum(1, keepdim=True).clamp(min=1e-12)
    n_others = split.new_weight_PC.shape[1] - label_PBC.shape[2]
    weight_PBC = F.pad(share_PBC, (0, n_others)) * split.new_weight_PC[:, None]
    new_PDD, new_PDC = _moments(_features(split, new_PBF), weight_PBC)
    damping_PDD = split.ridge_P[:, None, None] * torch.eye(new_PDD.shape[-1]).to(new_PDD)
    beta_PDC = torch.linalg.solve(real_PDD + new_PDD + damping_PDD, real_PDC + new_PDC)
    scores_PQC = torch.bmm(_features(split, split.validation_PQF), beta_PDC)
    value_PC = OBJECTIVES[objective](scores_PQC, split.validation_PQC)
    return (value_PC * split.scored_PC).sum(-1) / split.scored_PC.sum(-1)


def _features(split: InnerSplit, rows_PNF: Tensor) -> Tensor:
    """Cosines of random projections, linear features and a constant."""
    n_fourier = split.fourier_PFD.shape[-1]
    fourier_PND = torch.baddbmm(split.phase_P1D, rows_PNF, split.fourier_PFD).cos() * math.sqrt(8 / n_fourier)
    linear_PNL = rows_PNF if split.linear_PFL is None else torch.bmm(rows_PNF, split.linear_PFL)
    ones = rows_PNF.new_ones(*rows_PNF.shape[:2], 1)
    return torch.cat([fourier_PND, linear_PNL * LINEAR_WEIGHT, ones], dim=-1)


def _moments(features_PND: Tensor, weight_PNC: Tensor) -> tuple[Tensor, Tensor]:
    """Second moments of weighted rows, with each other and with their class (+1) against the rest (-1)."""
    weight_PN1 = weight_PNC.sum(-1, keepdim=True)
    gram_PDD = (features_PND * weight_PN1).mT @ features_PND
    return gram_PDD, torch.bmm(features_PND.mT, 2 * weight_PNC - weight_PN1)


Objective = Callable[[Tensor, Tensor], Tensor]
"""From scores ``(P, Q, C)`` and weights in the column of the true class to a score per class ``(P, C)``."""


def _probabilities(scores_PQC: Tensor) -> Tensor:
    return (SHARPNESS * scores_PQC).softmax(-1)


def _f1(scores_PQC: Tensor, weight_PQC: Tensor) -> Tensor:
    """F1 with probabilities in place of answers."""
    said_PQC = _probabilities(scores_PQC)
    hits_PC = (said_PQC * weight_PQC).sum(1)
    said_PC = (said_PQC * weight_PQC.sum(-1, keepdim=True)).sum(1)
    return 2 * hits_PC / (said_PC + weight_PQC.sum(1)).clamp(min=1e-6)


def _g_mean(scores_PQC: Tensor, weight_PQC: Tensor) -> Tensor:
    """Geometric mean of the classes' recalls, the same for every class."""
    there_PC = weight_PQC.sum(1)
    recall_PC = (_probabilities(scores_PQC) * weight_PQC).sum(1) / there_PC.clamp(min=1e-6)
    logs_PC = torch.log(recall_PC + 1e-3) * (there_PC > 0)
    mean_P1 = logs_PC.sum(1, keepdim=True) / (there_PC > 0).sum(1, keepdim=True)
    return torch.exp(mean_P1).expand_as(there_PC)


def _log_loss(scores_PQC: Tensor, weight_PQC: Tensor) -> Tensor:
    """Negative log-loss, the same for every class."""
    logs_PQC = (SHARPNESS * scores_PQC).log_softmax(-1)
    mean_P = (logs_PQC * weight_PQC).sum((1, 2)) / weight_PQC.sum((1, 2))
    return mean_P[:, None].expand(weight_PQC.shape[0], weight_PQC.shape[2])


def _average_precision(scores_PQC: Tensor, weight_PQC: Tensor) -> Tensor:
    """Average precision with soft ranks (Qin, Liu & Li 2010)."""
    weight_PQ1 = weight_PQC.sum(-1, keepdim=True)
    values = []
    for score_PQ, weight_PQ in zip(scores_PQC.unbind(-1), weight_PQC.unbind(-1), strict=True):
        above_PQQ = (2 * SHARPNESS * (score_PQ[:, None, :] - score_PQ[:, :, None])).sigmoid()
        hits_PQ = (above_PQQ * weight_PQ[:, None]).sum(-1) + 0.5 * weight_PQ
        said_PQ = (above_PQQ * weight_PQ1.mT).sum(-1) + 0.5 * weight_PQ
        precision_PQ = hits_PQ / said_PQ.clamp(min=1e-6)
        values.append((precision_PQ * weight_PQ).sum(1) / weight_PQ.sum(1).clamp(min=1e-6))
    return torch.stack(values, dim=1)


OBJECTIVES: Final[Mapping[str, Objective]] = MappingProxyType(
    {"f1": _f1, "g_mean": _g_mean, "log_loss": _log_loss, "average_precision": _average_precision}
)
