"""Optimisers take the steps of torch.optim, member by member, and change nothing that they are given."""

import pytest
import torch

from gan_oversampler.nn.optimizers import MAX_NORM, OPTIMIZERS, Moments, clipped
from gan_oversampler.nn.tensors import map_tensors
from tests.populations import differences, randn

BETAS = (0.5, 0.9)
THEIRS = {
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.01, betas=BETAS),
    "rmsprop": lambda weights: torch.optim.RMSprop(weights, lr=0.01, alpha=BETAS[1]),
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=BETAS[0]),
}


def test_every_optimizer_has_a_reference():
    assert set(THEIRS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_steps_are_those_of_torch(name):
    flat, gradients = randn(3, 8), randn(6, 3, 8, seed=1)
    moments = Moments.zeros(3, 8)
    weights = torch.nn.Parameter(flat.clone())
    theirs = THEIRS[name]([weights])
    for gradient in gradients:
        step, moments = OPTIMIZERS[name](gradient, moments, BETAS)
        flat = flat - 0.01 * step
        weights.grad = gradient.clone()
        theirs.step()
    torch.testing.assert_close(flat, weights.detach())


def test_members_of_different_ages_are_corrected_each_by_its_own():
    """A member that begins anew beside an old one takes the step of a new one, and the old one its own."""
    gradients, old, new = randn(4, 2, 8), Moments.zeros(1, 8), Moments.zeros(1, 8)
    for gradient in gradients[:3]:
        _, old = OPTIMIZERS["adam"](gradient[:1], old, BETAS)
    both = map_tensors(lambda *tensors: torch.cat(tensors), old, new)
    step, _ = OPTIMIZERS["adam"](gradients[3], both, BETAS)
    for p, moments in enumerate((old, new)):
        alone, _ = OPTIMIZERS["adam"](gradients[3, p : p + 1], moments, BETAS)
        torch.testing.assert_close(step[p : p + 1], alone)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_an_optimizer_leaves_its_arguments_as_they_are(name):
    gradient, moments = (
        randn(2, 4),
        Moments(randn(2, 4, seed=1), randn(2, 4, seed=2).square(), torch.ones(2, 2)),
    )
    before = Moments(moments.first_PN.clone(), moments.second_PN.clone(), moments.decay_P2.clone())
    _, after = OPTIMIZERS[name](gradient, moments, BETAS)
    assert torch.equal(gradient, randn(2, 4))
    assert not differences(before, moments)
    assert differences(before, after)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_gradient_that_is_not_finite_stays_with_its_member(name):
    gradient = torch.ones(2, 4)
    gradient[0, 0] = torch.nan
    step, _ = OPTIMIZERS[name](clipped(gradient), Moments.zeros(2, 4), (0.0, 0.0))
    torch.testing.assert_close(step[1], torch.ones(4))


def test_each_members_gradient_is_clipped_by_itself():
    gradient = torch.ones(2, 4)
    gradient[0] *= 1e6
    torch.testing.assert_close(clipped(gradient)[0].norm(), torch.tensor(MAX_NORM))
    torch.testing.assert_close(clipped(gradient)[1], torch.ones(4))
