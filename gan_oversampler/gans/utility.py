"""Held-out utility as a smooth function of synthetic rows, through learners with a closed form.

An *inner split* divides the real rows that a member may see into training rows and validation rows. A ridge
regression on random Fourier features (Rahimi & Recht 2007) is fitted on the training rows together with
synthetic rows; its score on the validation rows is differentiable in the synthetic ones.
"""

# P member, S training row, Q validation row, B synthetic row, N row of any kind, F encoded column, C class,
# D feature

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

N_FOURIER: Final = 64  # features of a learner that are waves; linear ones and a constant come after them
LINEAR_WEIGHT: Final = 0.3  # of the linear features
ROUNDING: Final = 1e-5  # share of the moments that is added where these might lose it to rounding
SHARPNESS: Final = 3.0  # from the learner's scores to probabilities


@dataclass(frozen=True, slots=True)
class InnerSplit:
    """An inner split per member, and a learner with random features."""

    training_PSF: Tensor  # real rows, in units of distance
    training_PCS: Tensor  # weight of each row, in the line of its class
    validation_PQF: Tensor  # those of the learned classes come first
    validation_PCQ: Tensor
    reference_PRC: Tensor  # share of the first validation rows in their learned class
    new_weight_PC: Tensor  # weight that the synthetic rows of each class have together
    seed_log_weight_PB: Tensor  # logarithm of the number of rows that each seed stands for
    scored_PC: Tensor  # 1 for the classes whose scores count
    # features of rows, before the cosine of the first ``N_FOURIER``: random directions and phases; then the
    # columns, or random mixtures of many; then a constant
    direction_PFD: Tensor
    offset_P1D: Tensor
    ridge_PD: Tensor  # strength of the regularisation of each feature


def ridge_of_features(ridge_P: Tensor, n_linear: int) -> Tensor:
    """Regularisation ``(P, D)`` of Fourier and linear features and a constant, by that of the constant.

    To divide the ridge of a feature by a square does the same as to multiply the feature by its root, for
    all rows: by ``(8 / N_FOURIER) ** 0.5`` for Fourier features, by ``LINEAR_WEIGHT`` for linear ones.

    >>> ridge_of_features(torch.tensor([0.9]), n_linear=1)[:, -3:]
    tensor([[ 7.2000, 10.0000,  0.9000]])
    """
    square_D = torch.tensor([8 / N_FOURIER] * N_FOURIER + [LINEAR_WEIGHT**2] * n_linear + [1.0])
    return ridge_P[:, None] / square_D


def seed_shares(logits_PB: Tensor, label_PBC: Tensor) -> Tensor:
    """Share ``(P, B, C)`` of every row in its class, 0 in others, by logarithms of how often seeds are drawn.

    Each class must have a row.

    >>> seed_shares(torch.zeros(1, 3), torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]))[0].T
    tensor([[0.5000, 0.5000, 0.0000],
            [0.0000, 0.0000, 1.0000]])
    """
    return (logits_PB[..., None] + label_PBC.log()).softmax(1)


def utility(split: InnerSplit, new_PBF: Tensor, share_PBC: Tensor, objective: str) -> Tensor:
    """Smooth score ``(P,)`` on validation rows of a learner fitted on training and synthetic rows.

    Synthetic rows ``(P, B, F)`` are in units of distance; their classes are the first of those of the split.
    ``share_PBC`` is how much of its class each of them stands for, 0 for other classes. ``objective`` is a
    name in ``OBJECTIVES``. The score is a mean over the scored classes; higher is better.
    """
    n_others = split.new_weight_PC.shape[1] - share_PBC.shape[2]
    weight_PCB = F.pad(share_PBC, (0, n_others)).mT * split.new_weight_PC[..., None]
    value_P: Tensor = _HeldOutScore.apply(new_PBF, weight_PCB, split, OBJECTIVES[objective])  # type: ignore[no-untyped-call]
    return value_P


class _HeldOutScore(torch.autograd.Function):
    """The learner's score with its gradient in closed form, which takes one more solve and no graph.

    With features f of a row, weight w and targets t = ±1, coefficients b solve A b = Σ w t f, where A is
    Σ w f f' plus the ridge. Let a, the adjoint, solve A a = Σ g f over the validation rows, with g the slope
    of the score in their scores f'b. The slope of the score is then w ((t − f'b) a − (f'a) b) in f, and
    (t − f'b) (f'a) in w, each summed over the classes.
    """

    @staticmethod
    def forward(
        ctx: Any, new_PBF: Tensor, new_PCB: Tensor, split: InnerSplit, objective: "Objective"
    ) -> Tensor:
        n_training, n_new = split.training_PSF.shape[1], new_PBF.shape[1]
        rows_PNF = torch.cat([split.training_PSF, new_PBF, split.validation_PQF], dim=1)
        feature_PND = torch.baddbmm(split.offset_P1D, rows_PNF, split.direction_PFD)
        fourier_PND, new = feature_PND[..., :N_FOURIER], slice(n_training, n_training + n_new)
        sine_PBD = fourier_PND[:, new].sin()
        fourier_PND.cos_()
        fitted_PND, validation_PQD = feature_PND.tensor_split([new.stop], dim=1)
        weight_PCN = torch.cat([split.training_PCS, new_PCB], dim=2)
        total_P1N = weight_PCN.sum(1, keepdim=True)
        # Products with classes in front are much quicker than those with a class or two at the end.
        gram_PDD = torch.bmm(fitted_PND.mT, fitted_PND * total_P1N.mT)
        gram_PDD.diagonal(dim1=1, dim2=2).mul_(1 + ROUNDING).add_(split.ridge_PD)
        moment_PCD = torch.bmm(2 * weight_PCN - total_P1N, fitted_PND)
        root_PDD, _ = torch.linalg.cholesky_ex(gram_PDD)
        beta_PDC = torch.cholesky_solve(moment_PCD.mT, root_PDD)
        value_P, slope_PCQ = _value_and_slope(objective, split, torch.bmm(beta_PDC.mT, validation_PQD.mT))
        if any(ctx.needs_input_grad):
            adjoint_PDC = torch.cholesky_solve(torch.bmm(slope_PCQ, validation_PQD).mT, root_PDD)
            in_feature_PBD, in_weight_PCB = _slopes(feature_PND[:, new], new_PCB, beta_PDC, adjoint_PDC)
            in_feature_PBD[..., :N_FOURIER] *= -sine_PBD
            ctx.save_for_backward(torch.bmm(in_feature_PBD, split.direction_PFD.mT), in_weight_PCB)
        return value_P

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope_P: Tensor) -> tuple[Tensor, Tensor, None, None]:
        in_rows_PBF, in_weight_PCB = ctx.saved_tensors
        slope_P11 = slope_P[:, None, None]
        return slope_P11 * in_rows_PBF, slope_P11 * in_weight_PCB, None, None


def _value_and_slope(objective: "Objective", split: InnerSplit, score_PCQ: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the objective over the scored classes ``(P,)``, and its gradient in the learner's scores."""
    with torch.enable_grad():
        score_PCQ = score_PCQ.detach().requires_grad_()
        value_PC = objective(score_PCQ, split.validation_PCQ)
        value_P = (value_PC * split.scored_PC).sum(1) / split.scored_PC.sum(1)
        (slope_PCQ,) = torch.autograd.grad(value_P.sum(), score_PCQ)
    return value_P.detach(), slope_PCQ


def _slopes(
    feature_PBD: Tensor, weight_PCB: Tensor, beta_PDC: Tensor, adjoint_PDC: Tensor
) -> tuple[Tensor, Tensor]:
    """Gradients of the score in the features of synthetic rows ``(P, B, D)``, and in their weights."""
    both_PDC = torch.cat([beta_PDC, adjoint_PDC], dim=2)
    fit_PCB, adjoint_PCB = torch.bmm(both_PDC.mT, feature_PBD.mT).chunk(2, dim=1)
    total_P1B = weight_PCB.sum(1, keepdim=True)
    residual_PCB = 2 * weight_PCB - total_P1B - total_P1B * fit_PCB  # weighted
    along_PCB = torch.cat([-total_P1B * adjoint_PCB, residual_PCB], dim=1)
    in_weight_PCB = 2 * adjoint_PCB - (adjoint_PCB + adjoint_PCB * fit_PCB).sum(1, keepdim=True)
    return torch.bmm(along_PCB.mT, both_PDC.mT), in_weight_PCB


Objective = Callable[[Tensor, Tensor], Tensor]
"""From scores ``(P, C, Q)`` and weights in the line of the true class to a score per class ``(P, C)``."""


def _probabilities(score_PCQ: Tensor) -> Tensor:
    return (SHARPNESS * score_PCQ).softmax(1)


def _f1(score_PCQ: Tensor, weight_PCQ: Tensor) -> Tensor:
    """F1 with probabilities in place of answers."""
    said_PCQ = _probabilities(score_PCQ)
    hits_PC = (said_PCQ * weight_PCQ).sum(2)
    said_PC = (said_PCQ * weight_PCQ.sum(1, keepdim=True)).sum(2)
    return 2 * hits_PC / (said_PC + weight_PCQ.sum(2)).clamp(min=1e-6)


def _g_mean(score_PCQ: Tensor, weight_PCQ: Tensor) -> Tensor:
    """Geometric mean of the classes' recalls, the same for every class."""
    there_PC = weight_PCQ.sum(2)
    recall_PC = (_probabilities(score_PCQ) * weight_PCQ).sum(2) / there_PC.clamp(min=1e-6)
    logs_PC = torch.log(recall_PC + 1e-3) * (there_PC > 0)
    mean_P1 = logs_PC.sum(1, keepdim=True) / (there_PC > 0).sum(1, keepdim=True)
    return torch.exp(mean_P1).expand_as(there_PC)


def _log_loss(score_PCQ: Tensor, weight_PCQ: Tensor) -> Tensor:
    """Negative log-loss, the same for every class."""
    log_PCQ = (SHARPNESS * score_PCQ).log_softmax(1)
    mean_P = (log_PCQ * weight_PCQ).sum((1, 2)) / weight_PCQ.sum((1, 2))
    return mean_P[:, None].expand(weight_PCQ.shape[:2])


def _average_precision(score_PCQ: Tensor, weight_PCQ: Tensor) -> Tensor:
    """Average precision with soft ranks (Qin, Liu & Li 2010)."""
    weight_PQ1 = weight_PCQ.sum(1)[..., None]
    values = []
    for score_PQ, weight_PQ in zip(score_PCQ.unbind(1), weight_PCQ.unbind(1), strict=True):
        above_PQQ = (2 * SHARPNESS * (score_PQ[:, None, :] - score_PQ[:, :, None])).sigmoid()
        hits_PQ = (above_PQQ * weight_PQ[:, None]).sum(-1) + 0.5 * weight_PQ
        said_PQ = (above_PQQ * weight_PQ1.mT).sum(-1) + 0.5 * weight_PQ
        precision_PQ = hits_PQ / said_PQ.clamp(min=1e-6)
        values.append((precision_PQ * weight_PQ).sum(1) / weight_PQ.sum(1).clamp(min=1e-6))
    return torch.stack(values, dim=1)


OBJECTIVES: Final[Mapping[str, Objective]] = MappingProxyType(
    {"f1": _f1, "g_mean": _g_mean, "log_loss": _log_loss, "average_precision": _average_precision}
)
