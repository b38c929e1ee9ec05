"""Energy distance between weighted rows, as a share of its cross term, with its gradient in closed form."""

# P member, B generated row, R real row, A row of either kind, F encoded column, C class

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def energy_distance(new_PBF: Tensor, new_PBC: Tensor, real_PRF: Tensor, real_PRC: Tensor) -> Tensor:
    """Twice the distance across minus that among generated rows, by the first as a constant: ``(P,)``.

    Weights of the rows of each class sum to 1. The result is a mean over classes, of which those without real
    rows count as 0. Székely & Rizzo (2013); the distances among real rows, a constant, are left out.

    >>> rows, weights = torch.tensor([[[0.0], [2.0]]]), torch.full((1, 2, 1), 0.5)
    >>> energy_distance(rows, weights, rows + 4, weights)  # distances 4 across, 1 among
    tensor([1.7500])
    """
    distance_P: Tensor = _EnergyDistance.apply(new_PBF, new_PBC, real_PRF, real_PRC)  # type: ignore[no-untyped-call]
    return distance_P


class _EnergyDistance(torch.autograd.Function):
    """Generated rows are drawn to real ones, and repel each other, in proportion to both their weights."""

    @staticmethod
    def forward(ctx: Any, new_PBF: Tensor, new_PBC: Tensor, real_PRF: Tensor, real_PRC: Tensor) -> Tensor:
        all_PAF = torch.cat([real_PRF, new_PBF], dim=1)
        signed_PCA = torch.cat([real_PRC, -new_PBC], dim=1).mT
        gap_PBA = _distances(new_PBF, all_PAF)
        n_real, new_PCB = real_PRF.shape[1], new_PBC.mT
        to_real_PCB = torch.bmm(signed_PCA[..., :n_real], gap_PBA[..., :n_real].mT)
        to_new_PCB = torch.bmm(new_PCB, gap_PBA[..., n_real:].mT)
        across_PC, among_PC = (new_PCB * to_real_PCB).sum(2), (new_PCB * to_new_PCB).sum(2)
        scale_PC = (real_PRC.sum(1) > 0) / across_PC.clamp(min=1e-6) / across_PC.shape[1]
        if any(ctx.needs_input_grad):
            scaled_PBC = 2 * scale_PC[:, None] * new_PBC
            pair_PBA = torch.bmm(scaled_PBC, signed_PCA) / gap_PBA
            in_rows_PBF = torch.baddbmm(pair_PBA.sum(2, keepdim=True) * new_PBF, pair_PBA, all_PAF, alpha=-1)
            in_weight_PBC = (2 * scale_PC[..., None] * (to_real_PCB - to_new_PCB)).mT
            ctx.save_for_backward(in_rows_PBF, in_weight_PBC)
        return ((2 * across_PC - among_PC) * scale_PC).sum(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope_P: Tensor) -> tuple[Tensor, Tensor, None, None]:
        in_rows_PBF, in_weight_PBC = ctx.saved_tensors
        slope_P11 = slope_P[:, None, None]
        return slope_P11 * in_rows_PBF, slope_P11 * in_weight_PBC, None, None


def _distances(row_PBF: Tensor, other_PAF: Tensor) -> Tensor:
    """Euclidean distances ``(P, B, A)``, never 0."""
    square_PB1, square_P1A = (x.square().sum(2) for x in (row_PBF, other_PAF))
    square_PBA = torch.baddbmm(square_PB1[..., None] + square_P1A[:, None], row_PBF, other_PAF.mT, alpha=-2)
    return square_PBA.clamp_(min=1e-8).sqrt_()
