"""Perceptrons of several kinds, for tests of networks."""

import torch
import torch.nn.functional as F

from gan_oversampler.nn.mlp import Mlp
from tests.populations import randn, stream_of

SHAPES = {
    "plain": Mlp(3, 4, n_classes=2, widths=(8, 5)),
    "linear": Mlp(3, 4, n_classes=2, widths=()),
    "multiply": Mlp(3, 4, n_classes=2, widths=(8, 5), multiply=True),
    "batch_norm": Mlp(3, 4, n_classes=2, widths=(8, 5), batch_norm=True),
    "layer_norm": Mlp(3, 4, n_classes=2, widths=(8, 5), layer_norm=True),
    "film": Mlp(3, 4, n_classes=2, widths=(8, 5), film=True, batch_norm=True),
    "everything": Mlp(3, 4, n_classes=2, widths=(7, 5, 6), multiply=True, batch_norm=True, dropout=0.3),
}


def labels(*shape, n_classes=2):
    return F.one_hot(torch.randint(n_classes, shape, generator=stream_of(9)), n_classes).float()


def start_of(network, p):
    """Weights before training."""
    return torch.stack([network.init(stream_of(seed)) for seed in range(p)])


def anywhere(network, p):
    """Weights as after some training: nothing is zero or one any more."""
    return 0.5 * randn(p, network.n_parameters, seed=3)


def statistics_of(network, p):
    return 0.5 + torch.rand(p, len(network.init_statistics()), generator=stream_of(4))
