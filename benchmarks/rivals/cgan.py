"""The conditional GAN of AutoGAN's release: networks, optimisers, minibatch steps; see ``autogan``."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.rivals.common import Dense, Labels, Rows, gradient_step, stream_of, uniform

LATENT: Final = 100
BATCH: Final = 128
WIDTHS: Final = (256, 512, 1024)  # of the generator
CRITIC_WIDTH: Final = 512
SLOPE: Final = 0.2
DROPOUT: Final = 0.4


def _embedding(width: int, stream: torch.Generator) -> nn.Parameter:
    """One factor per input for either class, with the start of Keras."""
    return nn.Parameter(uniform((2, width), 0.05, stream))


class Generator(nn.Module):
    """Maps noise times the embedded class to rows in [-1, 1]; batch normalisation follows each activation."""

    def __init__(self, n_columns: int, stream: torch.Generator):
        super().__init__()
        self.embedding = _embedding(LATENT, stream)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((LATENT, *WIDTHS)):
            layers += [Dense(inputs, outputs, stream, glorot=True), nn.LeakyReLU(SLOPE)]
            layers += [nn.BatchNorm1d(outputs, eps=1e-3, momentum=0.2)]  # Keras calls this momentum .8
        self.layers = nn.Sequential(*layers, Dense(WIDTHS[-1], n_columns, stream, glorot=True), nn.Tanh())

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return self.layers(z * F.embedding(labels, self.embedding))


class Critic(nn.Module):
    """Maps a row times the embedded class to the logit of being real; always in training mode."""

    def __init__(self, n_columns: int, stream: torch.Generator):
        super().__init__()
        self.embedding = _embedding(n_columns, stream)
        widths = (n_columns, CRITIC_WIDTH, CRITIC_WIDTH, CRITIC_WIDTH, 1)
        self.layers = nn.ModuleList([Dense(i, o, stream, glorot=True) for i, o in pairwise(widths)])

    def forward(self, x: Tensor, labels: Tensor, stream: torch.Generator) -> Tensor:
        first, second, third, last = self.layers
        h = F.leaky_relu(first(x * F.embedding(labels, self.embedding)), SLOPE)
        h = _dropped(F.leaky_relu(second(h), SLOPE), stream)
        h = _dropped(F.leaky_relu(third(h), SLOPE), stream)
        return last(h)


def _dropped(h: Tensor, stream: torch.Generator) -> Tensor:
    keep = torch.rand(h.shape, generator=stream) >= DROPOUT
    return h * keep.to(h).mul_(1 / (1 - DROPOUT))


@torch.no_grad()
def generate(generator: Generator, labels: Labels, stream: torch.Generator) -> Rows:
    """Draw rows of these classes in [-1, 1]."""
    generator.eval()
    z = torch.randn(len(labels), LATENT, generator=stream)
    return generator(z, torch.as_tensor(labels)).double().numpy()


class Cgan:
    """The conditional GAN and its training data: rows in [-1, 1], codes of their classes."""

    def __init__(self, rows: Rows, codes: Labels, random_state: int):
        self.stream = stream_of(random_state, "training")
        self.rows, self.codes = torch.as_tensor(rows, dtype=torch.float32), torch.as_tensor(codes)
        self.generator = Generator(rows.shape[1], self.stream)
        self.critic = Critic(rows.shape[1], self.stream)
        self.weights = [list(net.parameters()) for net in (self.critic, self.generator)]
        settings = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-7, "fused": True}
        self.optimizers = [torch.optim.Adam(weights, **settings) for weights in self.weights]

    def train(self, n_steps: int) -> None:
        """Make minibatch steps, which the release calls epochs.

        In each the critic learns from real rows, then from generated ones; then the generator learns.
        """
        for _ in range(n_steps):
            picked = torch.randint(len(self.rows), (BATCH,), generator=self.stream)
            labels = self.codes[picked]
            z = torch.randn(BATCH, LATENT, generator=self.stream)
            self._step(0, -self.critic(self.rows[picked], labels, self.stream))
            self.generator.eval()  # the release shows the critic rows as they are made outside training
            with torch.no_grad():
                made = self.generator(z, labels)
            self._step(0, self.critic(made, labels, self.stream))
            labels = torch.randint(2, (BATCH,), generator=self.stream)
            self.generator.train()
            self._step(1, -self.critic(self.generator(z, labels), labels, self.stream))

    def _step(self, which: int, logits: Tensor) -> None:
        """Update by binary cross-entropy; the sign of the logits says which class is the target."""
        gradient_step(F.softplus(logits).mean(), self.weights[which], self.optimizers[which])
