"""Held-out utility as a smooth function of synthetic rows, through learners with a closed form.

A *lesson* splits the real rows that a member may see: some to study, some to be quizzed on. A ridge
regression on random Fourier features (Rahimi & Recht 2007) studies them together with the synthetic rows;
how well it does on the quiz is differentiable in these.
"""

# P member, S row to study, Q row of the quiz, B synthetic row, F encoded column, C class, D feature

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.nn.batched_ops import padded, product, steady

LINEAR: Final = 0.3  # weight of the plain columns among the features
SHARPNESS: Final = 3.0  # from the learner's scores to probabilities


@dataclass(frozen=True, slots=True)
class Lesson:
    """An inner split, per member.

    Attributes
    ----------
    study_PSF, quiz_PQF : Tensor
        Real rows, in units of distance.
    study_PSC, quiz_PQC : Tensor
        Weight of each row, in the column of its class.
    mass_PC : Tensor
        Weight that the synthetic rows of each class get together.
    spare_PB : Tensor
        Logarithm of how much each seed counts beside seeds that were taken more often.
    asked_PC : Tensor
        1 for the classes whose scores count.
    waves_PFD, phase_P1D : Tensor
        Random Fourier features.
    lines_PFL : Tensor or None
        Linear features: random mixtures of the columns where these are many; None for the columns themselves.
    ridge_P : Tensor
        Strength of the regularisation.
    """

    study_PSF: Tensor
    study_PSC: Tensor
    quiz_PQF: Tensor
    quiz_PQC: Tensor
    mass_PC: Tensor
    spare_PB: Tensor
    asked_PC: Tensor
    waves_PFD: Tensor
    phase_P1D: Tensor
    lines_PFL: Tensor | None
    ridge_P: Tensor


def utility(lesson: Lesson, new_PBF: Tensor, label_PBC: Tensor, odds_PB: Tensor, objective: str) -> Tensor:
    """Smooth held-out score ``(P,)`` of a learner that studied real and synthetic rows, higher is better.

    ``label_PBC`` holds the learned classes, which are the first ones of the lesson; ``odds_PB`` are the
    logarithms of how often each synthetic row is to be drawn.
    """
    study_PDD, study_PDC = _moments(_features(lesson, lesson.study_PSF), lesson.study_PSC)
    new_PDD, new_PDC = _moments(_features(lesson, new_PBF), _masses(lesson, label_PBC, odds_PB))
    damping_PDD = lesson.ridge_P[:, None, None] * torch.eye(new_PDD.shape[-1]).to(new_PDD)
    beta_PDC = torch.linalg.solve(study_PDD + new_PDD + damping_PDD, study_PDC + new_PDC)
    scores_PQC = product(_features(lesson, lesson.quiz_PQF), beta_PDC)
    value_PC = OBJECTIVES[objective](scores_PQC, lesson.quiz_PQC)
    return (value_PC * lesson.asked_PC).sum(-1) / lesson.asked_PC.sum(-1)


def _masses(lesson: Lesson, label_PBC: Tensor, odds_PB: Tensor) -> Tensor:
    """Weight of each synthetic row in the column of its class: ``(P, B, C)``."""
    odds_PB = odds_PB + lesson.spare_PB
    taken_PBC = (odds_PB - odds_PB.amax(1, keepdim=True).detach()).exp()[..., None] * label_PBC
    share_PBC = taken_PBC / taken_PBC.sum(1, keepdim=True).clamp(min=1e-12)
    n_rest = lesson.mass_PC.shape[1] - label_PBC.shape[2]
    return F.pad(share_PBC, (0, n_rest)) * lesson.mass_PC[:, None]


def _features(lesson: Lesson, rows_PNF: Tensor) -> Tensor:
    """Cosines of random projections, linear features and a constant, padded with zeros."""
    n_waves = lesson.waves_PFD.shape[-1]
    waves_PND = product(rows_PNF, lesson.waves_PFD, lesson.phase_P1D).cos() * math.sqrt(8 / n_waves)
    lines_PNL = rows_PNF if lesson.lines_PFL is None else product(rows_PNF, lesson.lines_PFL)
    n_features = n_waves + lines_PNL.shape[-1] + 1
    rest = rows_PNF.new_zeros(*rows_PNF.shape[:2], 1 + padded(n_features) - n_features)
    rest[..., 0] = 1.0
    return torch.cat([waves_PND, lines_PNL * LINEAR, rest], dim=-1)


def _moments(features_PND: Tensor, mass_PNC: Tensor) -> tuple[Tensor, Tensor]:
    """Second moments of weighted rows, with each other and with their class (+1) against the rest (-1).

    Real and synthetic rows are summed up apart, because only the latter need gradients.
    """
    weight_PN1 = mass_PNC.sum(-1, keepdim=True)
    gram_PDD = (features_PND * weight_PN1).mT @ features_PND
    return gram_PDD, product(features_PND.mT, 2 * mass_PNC - weight_PN1)


Objective = Callable[[Tensor, Tensor], Tensor]
"""From scores ``(P, Q, C)`` and weights in the column of the true class to a value per class ``(P, C)``."""


def _shares(scores_PQC: Tensor) -> Tensor:
    return (SHARPNESS * scores_PQC).softmax(-1)


def f1(scores_PQC: Tensor, mass_PQC: Tensor) -> Tensor:
    """F1 with probabilities in place of answers."""
    said_PQC = _shares(scores_PQC)
    hits_PC = (said_PQC * mass_PQC).sum(1)
    said_PC = (said_PQC * mass_PQC.sum(-1, keepdim=True)).sum(1)
    return 2 * hits_PC / (said_PC + mass_PQC.sum(1)).clamp(min=1e-6)


def g_mean(scores_PQC: Tensor, mass_PQC: Tensor) -> Tensor:
    """Geometric mean of the classes' recalls, the same for every class."""
    there_PC = mass_PQC.sum(1)
    recall_PC = (_shares(scores_PQC) * mass_PQC).sum(1) / there_PC.clamp(min=1e-6)
    logs_PC = steady(torch.log, recall_PC + 1e-3) * (there_PC > 0)
    mean_P1 = logs_PC.sum(1, keepdim=True) / (there_PC > 0).sum(1, keepdim=True)
    return steady(torch.exp, mean_P1).expand_as(there_PC)


def log_loss(scores_PQC: Tensor, mass_PQC: Tensor) -> Tensor:
    """Negative log-loss, the same for every class."""
    logs_PQC = (SHARPNESS * scores_PQC).log_softmax(-1)
    mean_P = (logs_PQC * mass_PQC).sum((1, 2)) / mass_PQC.sum((1, 2))
    return mean_P[:, None].expand(mass_PQC.shape[0], mass_PQC.shape[2])


def average_precision(scores_PQC: Tensor, mass_PQC: Tensor) -> Tensor:
    """Average precision with soft ranks (Qin, Liu & Li 2010)."""
    weight_PQ1 = mass_PQC.sum(-1, keepdim=True)
    values = []
    for score_PQ, mass_PQ in zip(scores_PQC.unbind(-1), mass_PQC.unbind(-1), strict=True):
        above_PQQ = (2 * SHARPNESS * (score_PQ[:, None, :] - score_PQ[:, :, None])).sigmoid()
        hits_PQ = (above_PQQ * mass_PQ[:, None]).sum(-1) + 0.5 * mass_PQ
        said_PQ = (above_PQQ * weight_PQ1.mT).sum(-1) + 0.5 * mass_PQ
        precision_PQ = hits_PQ / said_PQ.clamp(min=1e-6)
        values.append((precision_PQ * mass_PQ).sum(1) / mass_PQ.sum(1).clamp(min=1e-6))
    return torch.stack(values, dim=1)


OBJECTIVES: Final[Mapping[str, Objective]] = MappingProxyType(
    {"f1": f1, "g_mean": g_mean, "log_loss": log_loss, "average_precision": average_precision}
)
