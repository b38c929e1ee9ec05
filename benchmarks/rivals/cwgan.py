"""cWGAN-GP: a conditional Wasserstein GAN with gradient penalty and an auxiliary classifier.

Engelmann & Lessmann, "Conditional Wasserstein GAN-based oversampling of tabular data for imbalanced
learning", Expert Systems with Applications 174 (2021) 114582, doi:10.1016/j.eswa.2021.114582,
arXiv:2008.09202. All settings are those of the worked example in the authors' release
(github.com/justinengelmann/GANbasedOversampling, Tutorial) or, where it is silent, the release's defaults;
the paper may have tuned them per table. Generator (128, 64) with one cross layer on 30 uniform numbers,
critic (128, 64, 32) with two cross layers and layer normalisation, numbers conditioned on the categories,
Gumbel-softmax at .66, penalty 15, Adam at 1e-4 with betas (0, .9), batches of 64, three critic updates per
generator update, 300 passes over the rows. The auxiliary classifier is fitted beforehand, for 30 passes;
its cross-entropy, never below .3, is weighted with a tenth of the size of the critic's loss.

Cross layers: Wang, Fu, Fu & Wang, "Deep & cross network for ad click predictions", 2017, arXiv:1708.05123.

Where we leave the release: numbers are clipped to the range of the training rows, which the release does
for its unconditional GAN only; and the rhythm of generator updates goes on from one pass to the next,
where the release begins anew and so trains the generator more often on few rows.

Kept although it hurts: nothing bounds the numbers while training, and the critic's cross layers are cubic, so
a fit may diverge. One seed in eight did on 400 rows of 8 numbers with 25 of the minority, none with five
critic updates; the log of the release's worked example drifts off too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from benchmarks.rivals.common import (
    ColumnRange,
    Dense,
    Rows,
    Task,
    gradient_step,
    one_thread,
    stream_of,
    uniform,
)

LATENT: Final = 30
BATCH: Final = 64
PASSES: Final = 300
TEMPERATURE: Final = 0.66
NOISE: Final = 0.01  # on the numbers that the critic sees
AUX_WEIGHT: Final = 0.1
AUX_FLOOR: Final = 0.3
AUX_PASSES: Final = 30


class Cross(nn.Module):
    """Products of the input's columns: ``x0 * (x @ w) + b + x``, some layers of it."""

    def __init__(self, width: int, depth: int, stream: torch.Generator):
        super().__init__()
        std = math.sqrt(2 / width)
        self.weights = nn.Parameter(torch.randn(depth, width, generator=stream) * std)
        self.biases = nn.Parameter(torch.full((depth, width), 0.1))

    def forward(self, x0: Tensor) -> Tensor:
        x = x0
        for weight, bias in zip(self.weights, self.biases, strict=True):
            x = torch.addcmul(x + bias, x0, (x @ weight)[:, None])
        return x


class Deep(nn.Module):
    """Dense layers, all but the first one normalised, next to cross layers on the same input."""

    def __init__(
        self, widths: Sequence[int], n_cross: int, stream: torch.Generator, *, layer_norm: bool = True
    ):
        super().__init__()
        self.layers = nn.ModuleList([Dense(i, o, stream, glorot=False) for i, o in pairwise(widths)])
        self.norms = nn.ModuleList([nn.LayerNorm(o) for o in widths[2:]]) if layer_norm else ()
        self.cross = Cross(widths[0], n_cross, stream)
        self.width = widths[-1] + widths[0]

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.layers[0](x))
        for i, layer in enumerate(list(self.layers)[1:]):
            h = layer(h)
            h = F.leaky_relu(self.norms[i](h) if self.norms else h)
        return torch.cat([h, self.cross(x)], dim=1)


class Embeddings(nn.Module):
    """Numbers as they are, each one-hot category as a vector a third as long (20 at most)."""

    def __init__(self, n_numbers: int, sizes: Sequence[int], stream: torch.Generator):
        super().__init__()
        self.parts = [n_numbers, *sizes]
        lengths = [min(math.ceil(size / 3), 20) for size in sizes]
        starts = [uniform((s, length), 1 / math.sqrt(s), stream) for s, length in zip(sizes, lengths)]
        self.maps = nn.ParameterList(map(nn.Parameter, starts))
        self.width = n_numbers + sum(lengths)

    def forward(self, x: Tensor) -> Tensor:
        numbers, *categories = x.split(self.parts, dim=1)
        return torch.cat([numbers, *(c @ m for c, m in zip(categories, self.maps, strict=True))], dim=1)


@dataclass(frozen=True)
class Layout:
    """Where numbers and one-hot categories lie in a row, and their order inside: numbers first."""

    numbers: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, n_columns: int, groups: Sequence[Sequence[int]]) -> Layout:
        taken = set(chain.from_iterable(groups))
        numbers = tuple(i for i in range(n_columns) if i not in taken)
        return cls(numbers, tuple(tuple(group) for group in groups))

    @property
    def sizes(self) -> list[int]:
        return [len(group) for group in self.groups]

    @property
    def order(self) -> list[int]:
        return [*self.numbers, *chain.from_iterable(self.groups)]

    def undo(self, inner: Rows) -> Rows:
        """Put columns back where they came from."""
        return inner[:, np.argsort(self.order)]


class Generator(nn.Module):
    """Maps uniform noise and a class of -1 or 1 to categories, then to numbers that depend on these."""

    def __init__(self, layout: Layout, stream: torch.Generator):
        super().__init__()
        self.sizes = layout.sizes
        self.body = Deep((LATENT + 1, 128, 64), 1, stream, layer_norm=False)
        width = self.body.width
        self.categories = Dense(width, sum(self.sizes), stream, glorot=False) if self.sizes else None
        if self.sizes:
            self.embeddings = Embeddings(0, self.sizes, stream)
            self.reduced = Dense(self.embeddings.width, 16, stream, glorot=False)
            width += 16
        self.hidden = Dense(width, 32, stream, glorot=False)
        self.numbers = Dense(32, len(layout.numbers), stream, glorot=False)

    def forward(self, z: Tensor, signs: Tensor, stream: torch.Generator, *, hard: bool = False) -> Tensor:
        h = self.body(torch.cat([z, signs], dim=1))
        if self.categories is None:
            return self.numbers(F.leaky_relu(self.hidden(h)))
        logits = self.categories(h).split(self.sizes, dim=1)
        chosen = torch.cat([gumbel_softmax(part, stream, hard=hard) for part in logits], dim=1)
        known = F.leaky_relu(self.reduced(self.embeddings(chosen.detach())))
        numbers = self.numbers(F.leaky_relu(self.hidden(torch.cat([h, known], dim=1))))
        return torch.cat([numbers, chosen], dim=1)


def gumbel_softmax(logits: Tensor, stream: torch.Generator, *, hard: bool) -> Tensor:
    """Draw from the categories: softened while training, exactly one of them when ``hard``."""
    gumbel = -torch.empty_like(logits).exponential_(generator=stream).log()
    if hard:
        return F.one_hot((logits + gumbel).argmax(dim=1), logits.shape[1]).to(logits)
    return ((logits + gumbel) / TEMPERATURE).softmax(dim=1)


class Critic(nn.Module):
    """Scores how real a row is for its class, with noise on the numbers; without class, a classifier."""

    def __init__(
        self, layout: Layout, widths: Sequence[int], stream: torch.Generator, *, conditional: bool = True
    ):
        super().__init__()
        self.n_numbers = len(layout.numbers)
        self.embeddings = Embeddings(self.n_numbers, layout.sizes, stream)
        self.body = Deep((self.embeddings.width + conditional, *widths), 2, stream)
        self.last = Dense(self.body.width, 1, stream, glorot=False)

    def forward(
        self, x: Tensor, signs: Tensor | None = None, stream: torch.Generator | None = None
    ) -> Tensor:
        if stream is not None:
            noise = torch.zeros_like(x)
            noise[:, : self.n_numbers].normal_(0, NOISE, generator=stream)
            x = x + noise
        parts = [self.embeddings(x)] if signs is None else [self.embeddings(x), signs]
        return self.last(self.body(torch.cat(parts, dim=1)))


class Training:
    """Networks, optimisers and data: rows in [0, 1] with numbers first, signs -1 and 1 of the classes."""

    def __init__(self, rows: Rows, codes: Any, layout: Layout, penalty: float, random_state: int):
        self.stream = stream_of(random_state, "cwgan")
        self.rows = torch.as_tensor(rows, dtype=torch.float32)
        self.signs = torch.as_tensor(2.0 * codes - 1, dtype=torch.float32)[:, None]
        self.penalty = penalty
        self.generator = Generator(layout, self.stream)
        self.critic = Critic(layout, (128, 64, 32), self.stream)
        self.auxiliary = Critic(layout, (64, 64), self.stream, conditional=False)
        self.weights = {net: list(net.parameters()) for net in (self.generator, self.critic, self.auxiliary)}
        rates = {self.generator: 1e-4, self.critic: 1e-4, self.auxiliary: 5e-4}
        self.optimizers = {
            net: torch.optim.Adam(net.parameters(), lr=rate, betas=(0.0, 0.9), fused=True)
            for net, rate in rates.items()
        }

    def run(self, steps: int, critic_steps: int) -> None:
        """Train the auxiliary classifier, then the critic on ``steps`` minibatches.

        The generator learns from the first of every ``critic_steps`` minibatches.
        """
        n_batches = AUX_PASSES * math.ceil(len(self.rows) / BATCH)
        for _, (rows, signs) in zip(range(n_batches), self._batches(), strict=False):
            self._step(self.auxiliary, F.softplus(-signs * self.auxiliary(rows)).mean())
        for step, (rows, signs) in zip(range(steps), self._batches(), strict=False):
            self._step(self.critic, self._critic_loss(rows, signs))
            if step % critic_steps == 0:
                self._step(self.generator, self._generator_loss(signs))

    def _step(self, net: nn.Module, loss: Tensor) -> None:
        gradient_step(loss, self.weights[net], self.optimizers[net])

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pass after pass over the rows, each in a new order, without end."""
        while True:
            for picked in torch.randperm(len(self.rows), generator=self.stream).split(BATCH):
                yield self.rows[picked], self.signs[picked]

    def _made(self, signs: Tensor) -> Tensor:
        z = torch.rand(len(signs), LATENT, generator=self.stream)
        return self.generator(z, signs, self.stream)

    def _critic_loss(self, real: Tensor, signs: Tensor) -> Tensor:
        """Wasserstein loss and penalty; one pass through the critic serves all three kinds of rows."""
        with torch.no_grad():
            made = self._made(signs)
            mixed = torch.lerp(made, real, torch.rand(len(real), 1, generator=self.stream))
        mixed.requires_grad_()
        scores = self.critic(torch.cat([real, made, mixed]), signs.repeat(3, 1), self.stream)
        on_real, on_made, on_mixed = scores.split(len(real))
        (slope,) = torch.autograd.grad(on_mixed.sum(), mixed, create_graph=True)
        norm = (slope.square().sum(dim=1) + 1e-12).sqrt()
        return on_made.mean() - on_real.mean() + self.penalty * (norm - 1).square().mean()

    def _generator_loss(self, signs: Tensor) -> Tensor:
        made = self._made(signs)
        loss = -self.critic(made, signs, self.stream).mean()
        wrong = F.softplus(-signs * self.auxiliary(made)).clamp(min=AUX_FLOOR).mean()
        return loss + AUX_WEIGHT * loss.detach().abs() * wrong

    @torch.no_grad()
    def draw(self, n: int, code: int, stream: torch.Generator) -> Rows:
        """Draw rows of one class, categories one-hot."""
        z = torch.rand(n, LATENT, generator=stream)
        signs = torch.full((n, 1), 2.0 * code - 1)
        return self.generator(z, signs, stream, hard=True).double().numpy()


class CWGANGP(BaseEstimator):
    """Conditional Wasserstein GAN as an oversampler of two classes.

    Parameters
    ----------
    categorical_groups : sequence of sequence of int
        Positions of the one-hot columns of each category; all other columns are numbers.
    steps : int, optional
        Minibatches for the critic; by default 300 passes over the rows, as published.
    critic_steps : int
        Critic updates per generator update.
    gradient_penalty : float
        Weight of the penalty: 15 in the authors' worked example, 10 where WGAN-GP was introduced.
    random_state : int
        Seed.
    """

    def __init__(
        self,
        categorical_groups: Sequence[Sequence[int]] = (),
        steps: int | None = None,
        critic_steps: int = 3,
        gradient_penalty: float = 15.0,
        random_state: int = 0,
    ):
        self.categorical_groups = categorical_groups
        self.steps = steps
        self.critic_steps = critic_steps
        self.gradient_penalty = gradient_penalty
        self.random_state = random_state

    def fit_resample(self, X: Any, y: Any) -> tuple[Rows, Any]:
        """Return the rows given, and after them as many generated rows as the minority lacks."""
        started = time.perf_counter()
        task = Task.of(X, y)
        scale = ColumnRange.of(task.X)
        self.layout_ = Layout.of(task.X.shape[1], self.categorical_groups)
        self.stopped_at_ = PASSES * math.ceil(len(task.X) / BATCH) if self.steps is None else self.steps
        with one_thread():
            rows = scale.to_unit(task.X)[:, self.layout_.order]
            training = Training(rows, task.codes, self.layout_, self.gradient_penalty, self.random_state)
            training.run(self.stopped_at_, self.critic_steps)
            stream = stream_of(self.random_state, "sampling")
            made = self.layout_.undo(training.draw(task.n_new, task.minority, stream))
        new = scale.back(made.clip(0, 1))
        one_hot = list(chain.from_iterable(self.layout_.groups))
        new[:, one_hot] = made[:, one_hot]  # exactly as drawn, without rounding by their range
        self.seconds_ = time.perf_counter() - started
        return task.with_new(new)
