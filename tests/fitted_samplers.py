"""Small fitted samplers and their evidence, for tests of reports and displays."""

import importlib

import numpy as np
from gan_oversampler.sampling.pool import Pool

from gan_oversampler import GAN, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.encoding.table_encoder import Codec
from gan_oversampler.gans.parts import Generator
from gan_oversampler.reporting.evidence import Evidence, n_drawn
from gan_oversampler.sampling.sources import Source
from gan_oversampler.selection.folds import split

SMALL = {"max_steps": 20, "epoch_unit": 10, "random_state": 0}


def gathered(X, y, base="smoothed_bootstrap", cv=3):
    """Evidence of an untrained base, as a fit gathers it."""
    target, codec = Target.of(y), Codec.learn(X)
    rng = np.random.default_rng(0)
    rows = Rows(
        codec.encode(X), target.codes, target.classes, lambda values, origin: codec.decode(values, rng)
    )
    targets = list(range(1, len(target.classes)))
    everything = [(np.arange(len(rows)), np.arange(0))]
    folds = split(cv, rows, 8, 0) if cv else everything
    drawn = [_drawn(rows, seen, RowSpace(codec.layout), base, targets) for seen, _ in folds]
    return Evidence.gather(rows, folds, drawn, targets)


def _drawn(rows, seen, space, base, targets):
    pool = Pool.of(
        rows.values[seen],
        rows.codes[seen],
        space,
        learned=targets,
        drawn=targets,
        n_classes=len(rows.classes),
    )
    values = [Source(pool, base).draw(code, n_drawn(len(pool.rows[code])), Streams.of(0)) for code in targets]
    codes = np.repeat(targets, [len(part) for part in values])
    return Rows(np.concatenate(values), codes, rows.classes, rows.frames)


def fitted(X, y, **parameters):
    """A sampler with a trained GAN and an untrained base."""
    gans = [GAN("guided", generator=Generator(widths=(8,))), GAN(base="smote", loss_weights={})]
    return GANOversampler(**{"gan": gans, **SMALL, **parameters}).fit(X, y)


def without_matplotlib(monkeypatch):
    """As if matplotlib were not installed."""
    found = importlib.import_module

    def import_module(name, package=None):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return found(name, package)

    monkeypatch.setattr("importlib.import_module", import_module)
