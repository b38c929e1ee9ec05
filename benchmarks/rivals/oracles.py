"""AutoGAN's oracles for tables, CAS-real and FCD; ``autogan`` says where we leave the release."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score
from sklearn.neural_network import MLPClassifier
from torch import nn

from benchmarks.rivals.cgan import Generator, generate
from benchmarks.rivals.common import Dense, Labels, Rows, gradient_step, seed_of, stream_of

ENCODER_EPOCHS: Final = 200
# 20 epochs, none fewer, as Keras would fit it
CLASSIFIER: Final = {"alpha": 0.0, "max_iter": 20, "tol": 0.0, "n_iter_no_change": 20}

Score = Callable[[Any], float]  # from a generator to a score, higher being better


class CasReal:
    """Macro F1 on the real rows of a small network fitted for 20 epochs on generated ones."""

    def __init__(self, rows: Rows, codes: Labels, n_score: int, random_state: int):
        self.rows, self.codes = rows, codes
        self.labels = np.repeat([0, 1], n_score)
        self.batch = min(32, 2 * n_score)
        self.stream = stream_of(random_state, "cas_real")
        self.seed = seed_of(random_state, "classifier") % 2**31

    def __call__(self, generator: Generator) -> float:
        made = generate(generator, self.labels, self.stream)
        if not np.isfinite(made).all():
            return math.nan
        classifier = MLPClassifier((20, 20), batch_size=self.batch, random_state=self.seed, **CLASSIFIER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            classifier.fit(made, self.labels)
        return float(f1_score(self.codes, classifier.predict(self.rows), average="macro", zero_division=0.0))


class Fcd:
    """Minus the Fréchet distance between codes of real and generated rows, from an autoencoder."""

    def __init__(self, rows: Rows, codes: Labels, n_score: int, random_state: int):
        self.labels = np.repeat([0, 1], n_score)
        self.stream = stream_of(random_state, "fcd")
        self.encoder = train_encoder(rows, self.stream)
        self.real = self.encode(rows)

    @torch.no_grad()
    def encode(self, rows: Rows) -> Rows:
        return self.encoder(torch.as_tensor(rows, dtype=torch.float32)).double().numpy()

    def __call__(self, generator: Generator) -> float:
        made = self.encode(generate(generator, self.labels, self.stream))
        return -abs(frechet(self.real, made)) if np.isfinite(made).all() else math.nan


def frechet(a: Rows, b: Rows) -> float:
    """Compute the squared Fréchet distance between normal distributions fitted to two sets of rows."""
    cov_a, cov_b = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    common = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(min=0)).sum()
    shift = a.mean(axis=0) - b.mean(axis=0)
    return float(shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * common)


def train_encoder(rows: Rows, stream: torch.Generator) -> nn.Module:
    """Train a d-2d-d-d/2-d-2d-d autoencoder (squared error, Adam, batches of 16); return its encoder."""
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


ORACLES: Final[Mapping[str, Callable[[Rows, Labels, int, int], Score]]] = {"cas_real": CasReal, "fcd": Fcd}
