"""Labelled rows for tests of oracles."""

import numpy as np

from gan_oversampler.encoding.dataset import Rows

WORDS = np.array(["common", "rare"])


def normal(n, d=3, seed=0, mean=0.0):
    return np.random.default_rng(seed).normal(mean, 1, size=(n, d))


def as_they_are(values, codes, origin):
    return values


def rows_of(values, codes, classes=WORDS, **options):
    options = {"frames": as_they_are, **options}
    return Rows(np.asarray(values, float), np.asarray(codes, dtype=np.intp), np.asarray(classes), **options)


def problem(n_common=150, n_rare=12, seed=0, **options):
    """Two overlapping clouds; the rare one lies at (2, 2)."""
    values = np.concatenate([normal(n_common, 2, seed), normal(n_rare, 2, seed + 50, mean=2.0)])
    return rows_of(values, np.repeat([0, 1], [n_common, n_rare]), **options)


def three(seed=0):
    """Three overlapping clouds, the rarer the farther."""
    clouds = normal(80, 2, seed), normal(40, 2, seed + 9, 2.0), normal(20, 2, seed + 99, 4.0)
    values = np.concatenate(clouds)
    return rows_of(values, np.repeat([0, 1, 2], [80, 40, 20]), ["x", "y", "z"])


def one_class(values):
    """Rows of the class with code 1."""
    return rows_of(values, np.ones(len(values)))


def score_of(oracle, train, holdout, synthetic):
    """Score of an oracle when all rows are of one class."""
    return oracle.fit(one_class(train), targets=[1]).score(one_class(holdout), one_class(synthetic))


def global_state():
    """Numpy's process-wide generator, which nobody may touch."""
    _, words, position, *normal = np.random.get_state()  # noqa: NPY002
    return words.tolist(), position, normal


NONE = rows_of(np.empty((0, 2)), [])
