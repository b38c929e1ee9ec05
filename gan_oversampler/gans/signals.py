"""What one training step shows of the balance between critic and generator."""

# P member, B row, F encoded column, C class

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

WIDTH: Final = 0.1  # of the band around an equilibrium, as a share of it (Hazimeh & Ponomareva 2023)
SAME: Final = 1e-5  # rows that lie nearer to each other count as one


@dataclass(frozen=True, slots=True)
class Signals:
    """Numbers ``(P, 1)`` of one training step that controllers depend on."""

    critic: Tensor  # losses, without penalties
    generator: Tensor
    gap: Tensor  # deviation of the critic's loss from equilibrium; above 0 the critic is too weak
    accuracy: Tensor  # share of rows that the critic puts on their side; one half at equilibrium
    confidence: Tensor  # mean sign of the critic at real rows: 0 at equilibrium, 1 where it knows them all
    spread: Tensor  # variance within classes, and number of different rows, of new rows relative to real ones
    variety: Tensor


def deviation(loss: Tensor, equilibrium: float) -> Tensor:
    """Losses relative to an equilibrium, in tenths of it, or in tenths where the equilibrium is 0.

    >>> deviation(torch.tensor([2.0, 2.2]), 2.0).round(decimals=4)
    tensor([0., 1.])
    """
    return (loss - equilibrium) / (WIDTH * (abs(equilibrium) or 1.0))


def signs(real_PB: Tensor, fake_PB: Tensor, threshold: float | None) -> tuple[Tensor, Tensor]:
    """Mean signs ``(P, 1)`` of a critic at real rows, and of its opposite at new ones, around a threshold.

    Both are 1 where the critic is always right. Critics without a threshold know ratios up to a constant
    only, so the two rows of each pair are compared.
    """
    over = real_PB - (fake_PB if threshold is None else threshold)
    under = (real_PB if threshold is None else threshold) - fake_PB
    return over.sign().mean(-1, keepdim=True), under.sign().mean(-1, keepdim=True)


def spread_ratio(real_PBF: Tensor, fake_PBF: Tensor, label_PBC: Tensor) -> Tensor:
    """Variance of new rows around the mean of their class, relative to that of real rows: ``(P, 1)``.

    Rows are ``(P, B, F)`` with one-hot classes ``(P, B, C)``. Near 0, new rows of a class are all alike.
    """
    return _within(fake_PBF, label_PBC) / _within(real_PBF, label_PBC).clamp(min=1e-12)


def _within(rows_PBF: Tensor, label_PBC: Tensor) -> Tensor:
    counts_P1C = label_PBC.sum(1, keepdim=True).clamp(min=1)
    means_PCF = torch.bmm(label_PBC.transpose(1, 2) / counts_P1C.transpose(1, 2), rows_PBF)
    return (rows_PBF - torch.bmm(label_PBC, means_PCF)).square().mean(-1).mean(-1, keepdim=True)


def variety_ratio(real_PBF: Tensor, fake_PBF: Tensor) -> Tensor:
    """Number of different new rows relative to that of real rows of the same batch: ``(P, 1)``.

    Real rows repeat each other where a class is small; new rows need not be more diverse than these.
    """
    return _n_different(fake_PBF) / _n_different(real_PBF)


def _n_different(rows_PBF: Tensor) -> Tensor:
    # Rows that are equal have equal projections, others almost never have.
    line_F = torch.arange(1.0, rows_PBF.shape[-1] + 1).sin().to(rows_PBF)
    steps = (rows_PBF * line_F).sum(-1).sort(-1).values.diff(dim=-1)
    return 1.0 + (steps > SAME).to(rows_PBF).sum(-1, keepdim=True)


def read_signals(
    critic_P: Tensor,
    generator_P: Tensor,
    outputs: tuple[Tensor, Tensor],
    rows: tuple[Tensor, Tensor, Tensor],
    *,
    equilibrium: float | None,
    threshold: float | None,
) -> Signals:
    """Measure the signals of one training step from the losses ``(P,)`` of critic and generator.

    ``outputs`` are those of the critic ``(P, B)`` for real and for new rows; ``rows`` are the real rows, the
    new rows ``(P, B, F)`` and their classes. Losses without an ``equilibrium`` have no meaningful ``gap``.
    """
    real_sign, fake_sign = signs(*outputs, threshold)
    real_PBF, fake_PBF, label_PBC = rows
    critic_P1 = critic_P[:, None]
    return Signals(
        critic_P1,
        generator_P[:, None],
        deviation(critic_P1, equilibrium or 0.0),
        0.5 + (real_sign + fake_sign) / 4,
        real_sign,
        spread_ratio(real_PBF, fake_PBF, label_PBC),
        variety_ratio(real_PBF, fake_PBF),
    )
