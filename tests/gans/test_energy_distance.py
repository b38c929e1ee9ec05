"""The energy distance: what it is, class by class, and its gradient."""

import pytest
import torch

from gan_oversampler.gans.energy_distance import energy_distance
from tests.populations import randn


def _weights(*shape, seed=0):
    """Weights of rows that sum to one, each in the column of its class."""
    n_rows, n_classes = shape[1:]
    weight = randn(*shape[:2], seed=seed).double().exp()[..., None]
    weight = weight * torch.eye(n_classes).repeat(-(-n_rows // n_classes), 1)[:n_rows]
    return weight / weight.sum(1, keepdim=True)


@pytest.mark.parametrize("n_classes", [1, 2, 3])
def test_it_is_a_mean_over_classes(n_classes):
    new, real = randn(2, 12, 3).double(), randn(2, 9, 3, seed=1).double()
    ours, theirs = _weights(2, 12, n_classes), _weights(2, 9, n_classes, seed=1)
    each = [energy_distance(new, ours[..., [c]], real, theirs[..., [c]]) for c in range(n_classes)]
    torch.testing.assert_close(energy_distance(new, ours, real, theirs), torch.stack(each).mean(0))
    for p in range(2):
        across = ours[p, :, 0] @ torch.cdist(new[p], real[p]) @ theirs[p, :, 0]
        among = ours[p, :, 0] @ torch.cdist(new[p], new[p]) @ ours[p, :, 0]
        torch.testing.assert_close(each[0][p], 2 - among / across, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("n_classes", [1, 2])
def test_its_gradient_is_the_derivative_but_for_the_cross_term_below(n_classes):
    new, real = randn(2, 8, 3).double(), randn(2, 5, 3, seed=1).double()
    ours, theirs = _weights(2, 8, n_classes), _weights(2, 5, n_classes, seed=1)
    across_PC = (ours * (torch.cdist(new, real) @ theirs)).sum(1)
    inputs = new.requires_grad_(), ours.requires_grad_()

    def times_across(rows, weights):
        """Over all classes, without what is below; that is constant in the gradient only."""
        gaps = 2 * torch.cdist(rows, real) @ theirs - torch.cdist(rows, rows) @ weights
        return ((weights * gaps).sum(1) / across_PC).mean(1).sum()

    expected = torch.autograd.grad(times_across(*inputs), inputs)
    found = torch.autograd.grad(energy_distance(*inputs, real, theirs).sum(), inputs)
    for gradient, other in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, other, atol=1e-4, rtol=1e-4)


def test_a_class_without_real_rows_counts_as_zero():
    rows, weights = randn(1, 4, 2), torch.eye(2).repeat(2, 1)[None] / 2
    theirs = weights * torch.tensor([1.0, 0.0])
    one = energy_distance(rows, weights[..., :1], rows + 1, theirs[..., :1])
    torch.testing.assert_close(energy_distance(rows, weights, rows + 1, theirs), one / 2)
