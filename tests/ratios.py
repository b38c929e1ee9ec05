"""Real rows from N(0, 1) and proposals from N(0, 1.5), whose density ratio is known."""

from functools import cache

import numpy as np
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.density_ratio import View, train_ratio_critics
from gan_oversampler.sampling.sources import Drawn

WIDE = 1.5  # of the proposals; the largest ratio is 1.5, at 0


def proposals(n, seed=0):
    return np.random.default_rng(seed).normal(0, WIDE, n)


def log_ratio_of(x):
    """Log ratio of the densities N(0, 1) and N(0, 1.5)."""
    x = np.asarray(x, float)
    return np.log(WIDE) - x**2 / 2 + x**2 / (2 * WIDE**2)


class WideSource:
    """Draws from N(0, 1.5), in one column."""

    def draw(self, code, n, streams):
        return Drawn(streams.numpy("wide", code).normal(0, WIDE, (n, 1)).astype(np.float32), n)


class KnownRatio:
    """A critic that knows the ratio."""

    def log_ratio(self, rows_nF):
        return log_ratio_of(rows_nF[:, 0].numpy())


@cache
def critics(n=1500):
    """Critics of a fold and of all rows, trained on real rows and proposals."""
    rng = np.random.default_rng(0)
    parts = [rng.normal(0, scale, (n, 1)) for scale in (1, WIDE, 1, WIDE)]
    view = View(*(torch.tensor(part, dtype=torch.float32) for part in parts))
    return train_ratio_critics([view, View(view.real_nF, view.fake_nF)], Streams(0))
