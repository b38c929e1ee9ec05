"""Evolution of generators (E-GAN, Wang et al. 2019): mutations, fitness, and the parameters of both.

A mutation is an objective of the generator; every parent has a child by each of them, one step long. All
are functions of the critic's logit ``v``, whose best value is the logarithm of the density ratio ``p/q``.
"""

# P member, B row, N parameter

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Final

import torch
import torch.nn.functional as F
from sklearn.base import BaseEstimator
from torch import Tensor

from gan_oversampler._pages import DocumentedMixin
from gan_oversampler._utils import lookup
from gan_oversampler.gans.divergences import DIVERGENCES, ratio_of_logit
from gan_oversampler.gans.losses import GanLoss
from gan_oversampler.gans.parts import COUNT, NOT_NEGATIVE

Mutation = Callable[[Tensor], Tensor]
"""Critic's logits of new rows ``(P, B)`` to what the generator minimises ``(P,)``."""


def _alternative(name: str) -> Mutation:
    """``-E f'(p/q)``, the generator's alternative objective for a divergence, as a function of the logit."""
    return lambda v: -DIVERGENCES[name].slope(ratio_of_logit(v)).mean(-1)


# Those of Jensen-Shannon and of the original game have the gradient of ``heuristic``; that of total variation
# has none.
MUTATIONS: Final[Mapping[str, Mutation]] = MappingProxyType(
    {
        "minimax": lambda v: -F.softplus(v).mean(-1),
        "heuristic": lambda v: F.softplus(-v).mean(-1),
        "least_squares": lambda v: (v.sigmoid() - 1).square().mean(-1),
        **{name: _alternative(name) for name in ("kl", "reverse_kl", "pearson", "hellinger")},
    }
)


@dataclass(eq=False, repr=False)
class Evolution(DocumentedMixin, BaseEstimator):
    """How generators evolve; the ``evolution`` of a :class:`GAN`.

    In every generator step each parent has one child per mutation; the fittest children are the next
    parents, with the state of their optimisers. The critic sees rows of all parents, in equal shares. A
    child's fitness is ``quality + diversity * (-log |g|^2)``, with the mean probability that the critic
    gives its rows of being real, and the critic's gradient ``g``, which is small where these rows leave it
    nothing to learn.

    Parameters
    ----------
    mutations : sequence of str, default=("minimax", "heuristic", "least_squares")
        Objectives that children are trained by; also ``kl``, ``reverse_kl``, ``pearson`` and ``hellinger``
        (Nowozin et al. 2016, alternative objective).
    population : int, default=1
        Parents. The fittest one is scored and samples.
    diversity : float, default=0.01
        Weight of diversity in the fitness.

    References
    ----------
    Wang, Xu, Yao & Tao, "Evolutionary Generative Adversarial Networks", IEEE TEVC 23(6), 2019. The sign of
    diversity is that of the paper; in the authors' later release it is the opposite.

    Examples
    --------
    >>> Evolution(["heuristic", "kl"], population=2).validate()
    Evolution(mutations=['heuristic', 'kl'], population=2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "mutations": [list, tuple],
        "population": [COUNT],
        "diversity": [NOT_NEGATIVE],
    }

    mutations: Sequence[str] = ("minimax", "heuristic", "least_squares")
    _: KW_ONLY
    population: int = 1
    diversity: float = 0.01

    def validate(self) -> Evolution:
        """Check every parameter and return the evolution itself.

        ``ValueError`` is raised if a number is out of range, if there is no mutation, or if one is unknown or
        named twice.
        """
        self._validate_params()
        for name in self.mutations:
            lookup(MUTATIONS, name, "mutation")
        if not self.mutations or len(set(self.mutations)) < len(self.mutations):
            raise ValueError(f"'mutations' must be different names, at least one. Got {self.mutations!r}.")
        return self

    def mutated(self, loss: GanLoss, mutation: str) -> GanLoss:
        """Copy a loss with the generator's objective replaced by a mutation; the critic's stays as it is."""
        return replace(loss, generator=lambda real, fake: MUTATIONS[mutation](fake))

    def fitness(self, logit_PB: Tensor, gradient_PN: Tensor) -> Tensor:
        """Compute the fitness ``(P,)`` from the critic's logits of new rows and its gradient at them.

        Logits are ``(P, B)`` and gradients of the critic's loss ``(P, N)``. Fit are rows that look real and
        leave the critic little to learn, because they are as diverse as real ones.
        """
        quality_P = logit_PB.sigmoid().mean(-1)
        return quality_P - self.diversity * torch.log(gradient_PN.square().sum(-1) + 1e-30)

    def survivors(self, fitness_MP: Tensor) -> tuple[Tensor, Tensor]:
        """Choose the fittest children, best first within each group of ``population`` neighbouring parents.

        Returned are numbers ``(P,)`` of the mutation and of the parent that each child comes from. Of equally
        fit children the first is chosen; fitness that is not a number counts as the lowest.

        >>> evolution = Evolution(population=2)
        >>> evolution.survivors(torch.tensor([[0.0, 5.0, 1.0, 1.0], [2.0, 3.0, 1.0, 0.0]]))
        (tensor([0, 1, 0, 0]), tensor([1, 1, 2, 3]))
        """
        n = self.population
        fitness_MGS = fitness_MP.nan_to_num(-torch.inf).unflatten(1, (-1, n))
        order_GS = fitness_MGS.movedim(0, 1).flatten(1).argsort(dim=1, descending=True, stable=True)[:, :n]
        first_G1 = n * torch.arange(len(order_GS), device=order_GS.device)[:, None]
        mutation_GS = order_GS.div(n, rounding_mode="floor")
        return mutation_GS.flatten(), (first_G1 + order_GS % n).flatten()

    def shared(self, loss_P: Tensor) -> Tensor:
        """Average a loss ``(P,)`` over the parents of each group, whose controllers all see the mean.

        >>> Evolution(population=2).shared(torch.tensor([1.0, 3.0, 4.0, 4.0]))
        tensor([2., 2., 4., 4.])
        """
        if self.population == 1:
            return loss_P
        return loss_P.unflatten(0, (-1, self.population)).mean(1).repeat_interleave(self.population)

    def mixed(self, rows_PBF: Tensor) -> Tensor:
        """Mix the rows ``(P, B, F)`` of all parents of a group in equal shares, row by row in turn.

        Every parent's critic sees the mixture, so that all parents of a group keep equal critics.

        >>> Evolution(population=2).mixed(torch.tensor([[[1.0], [1.0]], [[2.0], [2.0]]]))[1].flatten()
        tensor([1., 2.])
        """
        if self.population == 1:
            return rows_PBF
        row_B = torch.arange(rows_PBF.shape[1], device=rows_PBF.device)
        shared_GBF = rows_PBF.unflatten(0, (-1, self.population))[:, row_B % self.population, row_B]
        return shared_GBF.repeat_interleave(self.population, dim=0)
