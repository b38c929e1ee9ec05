"""Small fitted samplers and their evidence, for tests of reports and displays."""

import importlib

import numpy as np

from gan_oversampler import GAN, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.gans.parts import Generator
from gan_oversampler.reporting.evidence import Evidence, n_drawn
from gan_oversampler.sampling.sources import BaseSource, draw_classes
from gan_oversampler.selection.problem import Problem

SMALL = {"max_steps": 20, "epoch_unit": 10, "random_state": 0}


def gathered(X, y, base="smoothed_bootstrap", cv=3):
    """Evidence of an untrained base, as a fit gathers it."""
    target, encoder, streams = Target.of(y), TableEncoder.learn(X), Streams(0)
    rng = np.random.default_rng(0)
    rows = Rows(
        encoder.encode(X),
        target.codes,
        target.classes,
        lambda values, codes, origin: encoder.decode(values, rng, codes),
    )
    n_new = {code: int(rows.counts[0] - rows.counts[code]) for code in range(1, len(rows.classes))}
    problem = Problem.of(rows, encoder.layout, n_new, streams, cv)
    data = problem.training_data([])
    drawn, smote = [], []
    for fold in range(len(problem.folds)) if cv else [None]:
        seen = data.by_fold()[fold]
        n_of = {code: n_drawn(len(seen.rows[code])) for code in n_new}
        for its_base, found in ((base, drawn), ("smote", smote)):
            new = draw_classes(BaseSource(seen, its_base), n_of, streams, encoder.layout.width)
            found.append(rows.synthetic(new.rows, new.codes))
    folds = problem.folds or [(np.arange(len(rows)), np.arange(0))]
    return Evidence.gather(rows, folds, drawn, list(n_new), smote if cv else ())


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
