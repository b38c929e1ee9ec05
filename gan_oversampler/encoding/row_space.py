"""Operations on encoded rows that keep them valid, shared by base samplers and networks."""

# n row (or any leading dimensions), K parent or state of a group, F encoded column, S state, V value, G group

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from gan_oversampler.encoding.layout import Layout

# Logit of a state that is on, against 0 for one that is off: a correction may flip it, noise cannot.
STATE_LOGIT = 3.0


class RowSpace:
    """Operations on rows of one layout, on one device.

    A valid row has exactly one state per one-hot group and the pinned value that goes with it. Sums and
    averages of valid rows are not valid, but the rows that `project` and `compose` return are.

    Examples
    --------
    >>> from gan_oversampler.encoding.layout import Block
    >>> space = RowSpace(Layout((Block("age", 0, 0, (0.0,)), Block("city", 1, 2, None))))
    >>> space.project(torch.tensor([[0.5, 0.1, 0.9]]))
    tensor([[0.5000, 0.0000, 1.0000]])
    """

    def __init__(self, layout: Layout, device: torch.device | str = "cpu") -> None:
        tensor = partial(torch.as_tensor, device=device)
        self.layout = layout
        self.width = layout.width
        self.states_S = tensor(layout.states)
        self.values_V = tensor(layout.values)
        self.groups_GK = [tensor(index) for index in layout.groups.values()]
        self.guarded_V, self.regular_V = map(tensor, layout.guarded)
        self.pins_FV = tensor(layout.pins)
        # Encoded columns of values alone belong to no group: -1. All groups with missing cells count as the
        # first of them, so that cells that are missing together in real rows are so in new ones.
        self.group_of_F = torch.full((layout.width,), -1, device=device)
        grouped = [block for block in layout.blocks if block.n_states]
        first = next((number for number, block in enumerate(grouped) if block.has_missing), 0)
        for number, block in enumerate(grouped):
            columns = slice(block.start, block.start + block.width)
            self.group_of_F[columns] = first if block.has_missing else number
        self.n_groups = len(grouped)

    def to(self, device: torch.device | str) -> RowSpace:
        """Return the same space with its index tensors on another device."""
        return RowSpace(self.layout, device)

    def logits(self, rows_nF: Tensor) -> Tensor:
        """Return valid rows with their states as logits, 3 for the one that is on and 0 for all others.

        Networks add their corrections to these. Without a correction, `project` turns the logits back into
        the same rows, bit for bit.
        """
        if not self.n_groups:
            return rows_nF
        return rows_nF.index_copy(-1, self.states_S, rows_nF[..., self.states_S] * STATE_LOGIT)

    def project(self, rows_nF: Tensor) -> Tensor:
        """Return the rows made valid: the largest state of each group becomes 1, then states pin values.

        Gradients pass through values that are free, and through states as if these were the softmax of
        their logits (straight-through estimator, Bengio et al. 2013).
        """
        for index_GK in self.groups_GK:
            logits = rows_nF[..., index_GK]
            soft = logits.softmax(-1)
            hard = F.one_hot(logits.argmax(-1), logits.shape[-1]).to(soft)
            # ``soft - soft.detach()`` is exactly zero, so the rows themselves are exactly one-hot.
            states = hard + (soft - soft.detach())
            rows_nF = rows_nF.index_copy(-1, index_GK.flatten(), states.flatten(-2))
        if not len(self.guarded_V):
            return rows_nF
        free_nV = rows_nF[..., self.guarded_V] * rows_nF[..., self.regular_V]
        return rows_nF.index_copy(-1, self.guarded_V, free_nV + rows_nF @ self.pins_FV)

    def compose(
        self,
        parents_nKF: Tensor,
        weights_nK: Tensor,
        probabilities_nK: Tensor,
        *,
        generator: torch.Generator,
    ) -> Tensor:
        """Return children of K parents each, ``(n, F)``: values are averaged, states come from one parent.

        Parameters
        ----------
        parents_nKF : Tensor
            Valid rows.
        weights_nK : Tensor
            Weights that values are combined with; they sum to one per child.
        probabilities_nK : Tensor
            How likely each parent is the source of a one-hot group, not necessarily normalised. Groups with
            missing cells share a source.
        generator : torch.Generator
            Draws the sources, independently; nothing is drawn if there are no groups.

        Notes
        -----
        A value that states may pin is averaged only where all parents are in their regular state;
        otherwise it comes from the source of its states.
        """
        children_nF = torch.einsum("nkf,nk->nf", parents_nKF, weights_nK)
        if not self.n_groups:
            return children_nF
        source_nG = torch.multinomial(probabilities_nK, self.n_groups, True, generator=generator)
        # Index -1 of ``group_of_F`` reads one more column; these values are averaged, not copied.
        source_nG = torch.cat([source_nG, source_nG.new_zeros(len(parents_nKF), 1)], dim=1)
        source_nF = parents_nKF.gather(1, source_nG[:, self.group_of_F][:, None, :])[:, 0]
        children_nF = children_nF.index_copy(-1, self.states_S, source_nF[:, self.states_S])
        movable_nV = (parents_nKF[..., self.regular_V] > 0.5).all(1)
        guarded_nV = torch.where(movable_nV, children_nF[:, self.guarded_V], source_nF[:, self.guarded_V])
        return children_nF.index_copy(-1, self.guarded_V, guarded_nV)

    def free_values(self, rows_nF: Tensor) -> Tensor:
        """Return 1 where a number may be changed without making the row invalid, else 0, as ``(n, F)``.

        Such numbers are values of blocks without states, and values in the regular state.
        """
        free_nF = torch.zeros_like(rows_nF)
        free_nF[..., self.values_V] = 1.0
        if len(self.guarded_V):
            free_nF[..., self.guarded_V] = (rows_nF[..., self.regular_V] > 0.5).to(rows_nF)
        return free_nF
