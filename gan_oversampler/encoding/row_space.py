"""Geometry of rows that mix numbers and one-hot states, shared by bases and networks.

Everything here keeps the promises of a layout: states are one-hot, pinned values are exact.
"""

# n row, K parent, F encoded column, G one-hot group, V guarded value

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.encoding.layout import Layout

# Logit of a state that is on, against 0 for one that is off: a correction can flip it, noise cannot.
STATE_LOGIT = 3.0


class RowSpace:
    """Operations on rows of one layout, on one device.

    Examples
    --------
    >>> from gan_oversampler.encoding.layout import Block
    >>> space = RowSpace(Layout((Block("age", 0, 0, (0.0,)), Block("city", 1, 2, None))))
    >>> space.project(torch.tensor([[0.5, 0.1, 0.9]]))
    tensor([[0.5000, 0.0000, 1.0000]])
    """

    def __init__(self, layout: Layout, device: torch.device | str = "cpu") -> None:
        def tensor(array: object) -> Tensor:
            return torch.as_tensor(array, device=device)

        self.layout = layout
        self.width = layout.width
        self.states_S = tensor(layout.states)
        self.values_V = tensor(layout.values)
        self.groups_GK = [tensor(index) for index in layout.groups.values()]
        self.guarded_V, self.regular_V = map(tensor, layout.guarded)
        self.pins_FV = tensor(layout.pins)
        self.group_of_F = torch.full((layout.width,), -1, device=device)
        grouped = [block for block in layout.blocks if block.n_states]
        for number, block in enumerate(grouped):
            self.group_of_F[block.start : block.start + block.width] = number
        self.n_groups = len(grouped)

    def to(self, device: torch.device | str) -> RowSpace:
        """The same space on another device."""
        return RowSpace(self.layout, device)

    def logits(self, rows: Tensor) -> Tensor:
        """Rows whose states are turned into logits; ``project`` undoes it exactly."""
        if not self.n_groups:
            return rows
        return rows.index_copy(-1, self.states_S, rows[..., self.states_S] * STATE_LOGIT)

    def project(self, rows: Tensor) -> Tensor:
        """Nearest lawful rows: one state per group, values pinned by their state.

        States pass their gradient straight through as a softmax (Bengio et al. 2013).
        """
        for index_GK in self.groups_GK:
            logits = rows[..., index_GK]
            soft = logits.softmax(-1)
            hard = F.one_hot(logits.argmax(-1), logits.shape[-1]).to(soft)
            # ``soft - soft.detach()`` is exactly zero, so the rows themselves are exactly one-hot.
            states = hard + (soft - soft.detach())
            rows = rows.index_copy(-1, index_GK.flatten(), states.flatten(-2))
        return self._pin(rows)

    def _pin(self, rows: Tensor) -> Tensor:
        if not len(self.guarded_V):
            return rows
        free = rows[..., self.guarded_V] * rows[..., self.regular_V]
        return rows.index_copy(-1, self.guarded_V, free + rows @ self.pins_FV)

    def compose(
        self,
        parents_nKF: Tensor,
        weights_nK: Tensor,
        shares_nK: Tensor,
        *,
        generator: torch.Generator,
    ) -> Tensor:
        """Children of K parents each: ``(n, K, F)`` to ``(n, F)``.

        Values are combined with ``weights`` (summing to one per child). A group of states cannot be
        averaged: it comes whole from one parent, drawn with probability ``shares``; a value guarded
        by states moves only where all parents are in their regular state, else it follows its states.
        """
        children = torch.einsum("nkf,nk->nf", parents_nKF, weights_nK)
        if not self.n_groups:
            return children
        donor = self._donor(parents_nKF, shares_nK, generator)
        children = children.index_copy(-1, self.states_S, donor[:, self.states_S])
        movable = (parents_nKF[..., self.regular_V] > 0.5).all(1)
        guarded = torch.where(movable, children[:, self.guarded_V], donor[:, self.guarded_V])
        return children.index_copy(-1, self.guarded_V, guarded)

    def _donor(self, parents_nKF: Tensor, shares_nK: Tensor, generator: torch.Generator) -> Tensor:
        """Rows that take every group, with its value, from one parent drawn for that group."""
        n = len(parents_nKF)
        choice_nG = torch.multinomial(shares_nK, self.n_groups, True, generator=generator)
        choice_nG = torch.cat([choice_nG, choice_nG.new_zeros(n, 1)], dim=1)
        return parents_nKF.gather(1, choice_nG[:, self.group_of_F][:, None, :])[:, 0]

    def free_values(self, rows: Tensor) -> Tensor:
        """1 where a value may move, 0 at states and at pinned values: ``(n, F)``."""
        free = torch.zeros_like(rows)
        free[..., self.values_V] = 1.0
        if len(self.guarded_V):
            free[..., self.guarded_V] = (rows[..., self.regular_V] > 0.5).to(rows)
        return free
