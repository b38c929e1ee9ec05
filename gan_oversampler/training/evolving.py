"""A generator step of an evolving population: every parent has children, and the fittest go on.

Only cohorts whose GAN evolves import this module.
"""

# P member (parent), B row, N parameter

from dataclasses import replace

import torch
from torch import Tensor

from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.nn.tensors import map_tensors
from gan_oversampler.training.batches import Batch
from gan_oversampler.training.members import State, StreamList
from gan_oversampler.training.steps import Steps


def evolve(
    steps: Steps, evolution: Evolution, state: State, batch: Batch, streams: StreamList
) -> tuple[State, Tensor, Tensor]:
    """Train one child per mutation and parent by one step each, and keep the fittest as the new parents.

    Returned are their state with that of their optimisers, their losses ``(P,)``, and the number of the
    mutation ``(P,)`` that each of them comes from (E-GAN, Wang et al. 2019). All children are compared on one
    critic, which is not trained meanwhile.
    """
    children, losses, fitness = [], [], []
    for name in evolution.mutations:
        # Every child starts from the same running statistics of the critic, too.
        child, loss_P = steps.generator_step(state, batch, streams, evolution.mutated(steps.loss, name))
        logit_PB, gradient_PN = _confront(steps, child, batch)
        children.append(child)
        losses.append(loss_P)
        fitness.append(evolution.fitness(logit_PB, gradient_PN))
    mutation_P, parent_P = evolution.survivors(torch.stack(fitness))
    kept = map_tensors(lambda *tensors: torch.stack(tensors)[mutation_P, parent_P], *children)
    kept = replace(kept, critic=children[-1].critic)
    return kept, torch.stack(losses)[mutation_P, parent_P], mutation_P


def _confront(steps: Steps, state: State, batch: Batch) -> tuple[Tensor, Tensor]:
    """The critic's logits of new rows ``(P, B)``, and the gradient ``(P, N)`` that they leave it."""
    with torch.no_grad():
        parts = steps.generator.split(state.generator.weights_PN)
        fake_PBF = steps.generate(state, parts, batch, None)
    weights_PN = state.critic.weights_PN.detach().requires_grad_()
    critic = steps.critic_fn(state, steps.critic.split(weights_PN), batch, None)
    real_PB, fake_PB = critic(torch.cat([batch.real, fake_PBF], dim=1)).chunk(2, dim=1)
    loss_P = steps.loss.critic(real_PB, fake_PB)
    (gradient_PN,) = torch.autograd.grad(loss_P.sum(), weights_PN)
    return fake_PB.detach(), gradient_PN
