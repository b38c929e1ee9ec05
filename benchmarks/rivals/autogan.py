"""AutoGAN: train a conditional GAN in units, let an oracle score it, keep the best, stop after failures.

Nazari, Branco & Jourdan, "AutoGAN: An Automated Human-out-of-the-Loop Approach for Training Generative
Adversarial Networks", Mathematics 2023, 11(4), 977, doi:10.3390/math11040977. Networks, optimiser and loop
have the settings of the authors' release (github.com/enazari/autoGAN): 100 steps of 128 rows between
scorings, 500 rows per class for a score, ties are failures, training stops with failure ``patience + 1`` in
a row, and the untrained generator is what remains if no score is any good.

Where we leave the release, always in the rival's favour:

* A score that is not finite is a failure; in the release it counts as a success, and no later score can
  beat it, or fail to: the loop never ends.
* ``cas_real`` fits a fresh classifier at every scoring; the release goes on training the same one, so its
  score rises with the number of scorings, whatever the generator does.
* ``fcd`` encodes rows on the scale its autoencoder was trained on; the release trains it on [0, 1] and
  feeds it [-1, 1].
* Rows are scaled by the training rows alone, and every draw has a seed.
* The critic and the generator have an optimiser each. The release shares one object between both, which
  makes no difference but to Adam's correction of the first few updates.

Kept although it is odd: both oracles score on the training rows, and ``fcd`` compares as many generated
rows of either class with real ones in their true, imbalanced proportion.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn

from benchmarks.rivals.common import (
    ColumnRange,
    Dense,
    Labels,
    Rows,
    Task,
    gradient_step,
    one_thread,
    seed_of,
    stream_of,
    uniform,
)

LATENT: Final = 100
BATCH: Final = 128
WIDTHS: Final = (256, 512, 1024)  # of the generator
CRITIC_WIDTH: Final = 512
SLOPE: Final = 0.2
DROPOUT: Final = 0.4
ENCODER_EPOCHS: Final = 200
# 20 epochs, none fewer, as Keras would fit it
CLASSIFIER: Final = MappingProxyType({"alpha": 0.0, "max_iter": 20, "tol": 0.0, "n_iter_no_change": 20})


def _embedding(width: int, stream: torch.Generator) -> nn.Parameter:
    """One factor per input for either class, started as Keras does."""
    return nn.Parameter(uniform((2, width), 0.05, stream))


class Generator(nn.Module):
    """Noise times the embedded class to rows in [-1, 1]; normalised after each activation."""

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
    """Row times the embedded class to the logit of being real; always in training mode."""

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


def _adam(parameters: list[nn.Parameter]) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999), eps=1e-7, fused=True)


@torch.no_grad()
def generate(generator: Generator, labels: Labels, stream: torch.Generator) -> Rows:
    """Rows of these classes in [-1, 1]."""
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
        self.optimizers = [_adam(weights) for weights in self.weights]

    def train(self, n_steps: int) -> None:
        """Minibatch steps, which the release calls epochs: critic on real, on generated, then generator."""
        for _ in range(n_steps):
            picked = torch.randint(len(self.rows), (BATCH,), generator=self.stream)
            labels = self.codes[picked]
            z = torch.randn(BATCH, LATENT, generator=self.stream)
            self._teach(0, -self._logits(self.rows[picked], labels))
            self._teach(0, self._logits(self._fixed(z, labels), labels))
            labels = torch.randint(2, (BATCH,), generator=self.stream)
            self.generator.train()
            self._teach(1, -self._logits(self.generator(z, labels), labels))

    def _teach(self, which: int, logits: Tensor) -> None:
        """Binary cross-entropy; the sign of the logits says which answer is wanted."""
        gradient_step(F.softplus(logits).mean(), self.weights[which], self.optimizers[which])

    def _logits(self, x: Tensor, labels: Tensor) -> Tensor:
        return self.critic(x, labels, self.stream)

    @torch.no_grad()
    def _fixed(self, z: Tensor, labels: Tensor) -> Tensor:
        """Rows as the generator makes them when it is not trained, which is what the release shows."""
        self.generator.eval()
        return self.generator(z, labels)


class Score(Protocol):
    """An oracle: higher is better."""

    def __call__(self, generator: Any) -> float: ...


class CasReal:
    """Macro F1 on the real rows of a small network fitted for 20 epochs on generated ones."""

    def __init__(self, rows: Rows, codes: Labels, n_score: int, random_state: int):
        self.rows, self.codes = rows, codes
        self.asked = np.repeat([0, 1], n_score)
        self.batch = min(32, 2 * n_score)
        self.stream = stream_of(random_state, "cas_real")
        self.seed = seed_of(random_state, "classifier") % 2**31

    def __call__(self, generator: Generator) -> float:
        made = generate(generator, self.asked, self.stream)
        if not np.isfinite(made).all():
            return math.nan
        classifier = MLPClassifier((20, 20), batch_size=self.batch, random_state=self.seed, **CLASSIFIER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            classifier.fit(made, self.asked)
        return float(f1_score(self.codes, classifier.predict(self.rows), average="macro", zero_division=0.0))


class Fcd:
    """Minus the Fréchet distance between codes of real and generated rows, from an autoencoder."""

    def __init__(self, rows: Rows, codes: Labels, n_score: int, random_state: int):
        self.asked = np.repeat([0, 1], n_score)
        self.stream = stream_of(random_state, "fcd")
        self.encoder = train_encoder(rows, self.stream)
        self.real = self.encode(rows)

    @torch.no_grad()
    def encode(self, rows: Rows) -> Rows:
        return self.encoder(torch.as_tensor(rows, dtype=torch.float32)).double().numpy()

    def __call__(self, generator: Generator) -> float:
        made = self.encode(generate(generator, self.asked, self.stream))
        return -abs(frechet(self.real, made)) if np.isfinite(made).all() else math.nan


def frechet(a: Rows, b: Rows) -> float:
    """Squared Fréchet distance between normal distributions fitted to two sets of rows."""
    cov_a, cov_b = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    common = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(min=0)).sum()
    shift = a.mean(axis=0) - b.mean(axis=0)
    return float(shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * common)


def train_encoder(rows: Rows, stream: torch.Generator) -> nn.Module:
    """Encoder of a d-2d-d-d/2-d-2d-d autoencoder: squared error, Adam, batches of 16."""
    d = rows.shape[1]
    encoder = _funnel((d, 2 * d, d, max(round(d / 2), 1)), stream)
    model = nn.Sequential(encoder, _funnel((max(round(d / 2), 1), d, 2 * d, d), stream))
    weights = list(model.parameters())
    adam = torch.optim.Adam(weights, lr=1e-3, eps=1e-7, fused=True)
    x = torch.as_tensor(rows, dtype=torch.float32)
    for _ in range(ENCODER_EPOCHS):
        # a single row left over has no variance to normalise by
        for picked in torch.randperm(len(x), generator=stream).split(16):
            if len(picked) > 1:
                gradient_step(F.mse_loss(model(x[picked]), x[picked]), weights, adam)
    return encoder.eval()


def _funnel(widths: Sequence[int], stream: torch.Generator) -> nn.Sequential:
    """Dense layers, each but the last one normalised and then activated, with Keras's constants."""
    *hidden, last = pairwise(widths)
    layers: list[nn.Module] = []
    for inputs, outputs in hidden:
        norm = nn.BatchNorm1d(outputs, eps=1e-3, momentum=0.01)
        layers += [Dense(inputs, outputs, stream, glorot=True), norm, nn.LeakyReLU(0.3)]
    return nn.Sequential(*layers, Dense(*last, stream, glorot=True))


ORACLES: Final[Mapping[str, Callable[[Rows, Labels, int, int], Score]]] = MappingProxyType(
    {"cas_real": CasReal, "fcd": Fcd}
)


@dataclass
class Arm:
    """What one oracle has made of the training so far.

    Attributes
    ----------
    score : callable
        The oracle.
    generator : Generator
        The best so far, at first the untrained one.
    best, best_step, failed : float, int, int
        Its score, its step, failures in a row since.
    stopped_at : int
        Step of the last scoring.
    seconds : float
        What this arm would have taken alone.
    """

    score: Score
    generator: Any
    best: float = -math.inf
    best_step: int = 0
    failed: int = 0
    stopped_at: int = 0
    seconds: float = 0.0

    def observe(self, generator: Any, step: int) -> None:
        """Score; a tie, or a number that is not finite, is a failure."""
        started = time.perf_counter()
        score = self.score(generator)
        self.stopped_at = step
        self.failed += 1
        if math.isfinite(score) and score > self.best:
            self.generator, self.best = copy.deepcopy(generator), score
            self.best_step, self.failed = step, 0
        self.seconds += time.perf_counter() - started


class Trainable(Protocol):
    """A GAN that can be trained on."""

    generator: Any

    def train(self, n_steps: int) -> None: ...


@dataclass(frozen=True)
class Budget:
    """Steps between scorings, failures in a row that are forgiven, steps after which all stop."""

    epoch_unit: int = 100
    patience: int = 10
    max_steps: float = math.inf


def train_until_all_stop(gan: Trainable, arms: Sequence[Arm], budget: Budget) -> None:
    """The AutoGAN loop, with any number of oracles that watch one training."""
    step = 0
    while (watching := [arm for arm in arms if arm.failed <= budget.patience]) and step < budget.max_steps:
        started = time.perf_counter()
        unit = int(min(budget.epoch_unit, budget.max_steps - step))
        gan.train(unit)
        step += unit
        trained = time.perf_counter() - started
        for arm in watching:
            arm.seconds += trained
            arm.observe(gan.generator, step)


@dataclass(frozen=True)
class Trained:
    """A generator chosen by one oracle.

    Attributes
    ----------
    generator, scale : Generator, ColumnRange
        What makes rows in [-1, 1], and what brings them back.
    best_step, stopped_at : int
        Step the generator is from, step at which training ended.
    seconds : float
        Of training and of this oracle's scorings.
    """

    generator: Generator
    scale: ColumnRange
    best_step: int
    stopped_at: int
    seconds: float

    def draw(self, codes: Labels, random_state: int) -> Rows:
        """Rows of these classes on the scale of the training rows."""
        with one_thread():
            rows = generate(self.generator, codes, stream_of(random_state, "sampling"))
        return self.scale.back((rows + 1) / 2)

    def resample(self, X: Any, y: Any, random_state: int = 0) -> tuple[Rows, Any]:
        """The rows it was trained on, and after them what the minority lacks."""
        task = Task.of(X, y)
        return task.with_new(self.draw(np.full(task.n_new, task.minority), random_state))


@dataclass
class _Run:
    """One training: its data on the scale of the network, its GAN, its clock."""

    task: Task
    random_state: int
    scale: ColumnRange = field(init=False)
    gan: Cgan = field(init=False)
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.scale = ColumnRange.of(self.task.X)
        self.rows = 2 * self.scale.to_unit(self.task.X) - 1
        self.gan = Cgan(self.rows, self.task.codes, self.random_state)

    def arm(self, oracle: str, n_score: int) -> Arm:
        started = time.perf_counter()
        score = ORACLES[oracle](self.rows, self.task.codes, n_score, self.random_state)
        untrained = copy.deepcopy(self.gan.generator)
        return Arm(score, untrained, seconds=time.perf_counter() - started)

    def result(self, arm: Arm) -> Trained:
        return Trained(arm.generator, self.scale, arm.best_step, arm.stopped_at, arm.seconds)


def follow(
    X: Any,
    y: Any,
    oracles: Sequence[str] = ("cas_real", "fcd"),
    *,
    epoch_unit: int = 100,
    patience: int = 10,
    max_steps: int | None = None,
    n_score: int = 500,
    random_state: int = 0,
) -> dict[str, Trained]:
    """One training that several oracles watch; each one's choice is the same as if it watched alone.

    >>> arms = follow(X, y)  # doctest: +SKIP
    >>> tables = {oracle: trained.resample(X, y) for oracle, trained in arms.items()}  # doctest: +SKIP
    """
    with one_thread():
        run = _Run(Task.of(X, y), random_state)
        arms = {oracle: run.arm(oracle, n_score) for oracle in oracles}
        budget = Budget(epoch_unit, patience, math.inf if max_steps is None else max_steps)
        train_until_all_stop(run.gan, list(arms.values()), budget)
    return {oracle: run.result(arm) for oracle, arm in arms.items()}


def train_fixed(X: Any, y: Any, steps: int, random_state: int = 0) -> Trained:
    """The paper's "Fixed" comparison: so many steps, and whatever generator is there then."""
    started = time.perf_counter()
    with one_thread():
        run = _Run(Task.of(X, y), random_state)
        run.gan.train(steps)
    return Trained(run.gan.generator, run.scale, steps, steps, time.perf_counter() - started)


class AutoGAN(BaseEstimator):
    """AutoGAN as an oversampler of two classes.

    Parameters
    ----------
    oracle : {"cas_real", "fcd"}
        Who scores; the two that beat a fixed number of steps in the authors' own results.
    epoch_unit : int
        Steps (minibatches) between scorings.
    patience : int
        Failures in a row that are forgiven.
    max_steps : int, optional
        Cap; the paper has none.
    fixed_steps : int, optional
        Train so long without an oracle.
    n_score : int
        Rows generated per class for a score.
    random_state : int
        Seed.
    """

    def __init__(
        self,
        oracle: str = "cas_real",
        epoch_unit: int = 100,
        patience: int = 10,
        max_steps: int | None = None,
        fixed_steps: int | None = None,
        n_score: int = 500,
        random_state: int = 0,
    ):
        self.oracle = oracle
        self.epoch_unit = epoch_unit
        self.patience = patience
        self.max_steps = max_steps
        self.fixed_steps = fixed_steps
        self.n_score = n_score
        self.random_state = random_state

    def fit_resample(self, X: Any, y: Any) -> tuple[Rows, Any]:
        """Originals, and after them as many generated rows as the minority lacks."""
        trained = self._trained(X, y)
        self.best_step_, self.stopped_at_ = trained.best_step, trained.stopped_at
        self.seconds_ = trained.seconds
        return trained.resample(X, y, self.random_state)

    def _trained(self, X: Any, y: Any) -> Trained:
        if self.fixed_steps is not None:
            return train_fixed(X, y, self.fixed_steps, self.random_state)
        return follow(
            X,
            y,
            (self.oracle,),
            epoch_unit=self.epoch_unit,
            patience=self.patience,
            max_steps=self.max_steps,
            n_score=self.n_score,
            random_state=self.random_state,
        )[self.oracle]
