"""Steps downhill are those of torch.optim, member by member."""

import pytest
import torch

from gan_oversampler.nn.optimizers import MAX_NORM, OPTIMIZERS, clipped

BETAS = (0.5, 0.9)
THEIRS = {
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.01, betas=BETAS),
    "rmsprop": lambda weights: torch.optim.RMSprop(weights, lr=0.01, alpha=BETAS[1]),
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=BETAS[0]),
}


def _normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_every_optimizer_has_a_reference():
    assert set(THEIRS) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_steps_are_those_of_torch(name):
    flat, gradients = _normal(3, 8), _normal(6, 3, 8, seed=1)
    moments, decay = torch.zeros(3, 2, 8), torch.ones(3, 2)
    weights = torch.nn.Parameter(flat.clone())
    theirs = THEIRS[name]([weights])
    for gradient in gradients:
        flat -= 0.01 * OPTIMIZERS[name](gradient, moments, decay, BETAS)
        weights.grad = gradient.clone()
        theirs.step()
    torch.testing.assert_close(flat, weights.detach())


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_gradient_that_is_not_finite_stays_with_its_member(name):
    gradient = torch.ones(2, 4)
    gradient[0, 0] = torch.nan
    step = OPTIMIZERS[name](clipped(gradient), torch.zeros(2, 2, 4), torch.ones(2, 2), (0.0, 0.0))
    torch.testing.assert_close(step[1], torch.ones(4))


def test_each_members_gradient_is_clipped_by_itself():
    gradient = torch.ones(2, 4)
    gradient[0] *= 1e6
    torch.testing.assert_close(clipped(gradient)[0].norm(), torch.tensor(MAX_NORM))
    torch.testing.assert_close(clipped(gradient)[1], torch.ones(4))
