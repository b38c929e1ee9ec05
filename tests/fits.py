"""Folds, candidates and evaluators over small tables, without a sampler around them."""

import numpy as np
import torch

from gan_oversampler import GAN, Oracle
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.sources import Drawn
from gan_oversampler.selection.folds import split
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import Evaluator
from gan_oversampler.training.population import CrossFittedPopulation
from tests.drawing import number_space
from tests.samples import as_they_are

SPACE = number_space(2)
STREAMS = Streams(0)
BASE = GAN(base="smote", loss_weights={})  # stays untrained
GUIDED = GAN("guided", base="smoothed_bootstrap", batch_size=32, generator=Generator(widths=(8,)))


def table(sizes=(60, 24), seed=0, classes=None):
    """Clouds of points, the rarer the farther from the origin."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    values = (rng.normal(size=(len(codes), 2)) + 1.5 * codes[:, None]).astype(np.float32)
    classes = np.arange(len(sizes)) if classes is None else np.asarray(classes)
    return Rows(values, codes, classes, as_they_are, origin=np.arange(len(codes)))


def folds_of(rows, n_folds=2):
    return split(n_folds, rows, 9, 0)


def problem_of(rows, n_folds=2, learned=None):
    """Classes but the first are to have as many rows as that one; all of these are learned unless named."""
    n_new = {code: int(rows.counts[0] - n) for code, n in enumerate(rows.counts) if code}
    return Problem(rows, SPACE, n_new, folds_of(rows, n_folds), list(n_new) if learned is None else learned)


def candidates_of(gans, data, n_steps=0):
    """One candidate per specification, after some steps."""
    population = CrossFittedPopulation(gans, data, STREAMS.child("members"), torch.device("cpu"))
    if n_steps:
        population.advance(n_steps)
    return population.candidates(n_steps)


def evaluator_of(oracle, gans=(BASE,), rows=None, n_folds=2):
    problem = problem_of(table() if rows is None else rows, n_folds)
    return Evaluator.of(oracle, problem, gans, problem.training_data(gans), STREAMS, None)


class Measured(Oracle):
    """Scores of a function of held-out and new rows, encoded.

    Parameters
    ----------
    function : callable
        ``(heldout, new) -> float``.
    """

    def __init__(self, function=len):
        self.function = function

    def score(self, holdout, synthetic):
        return float(self.function(holdout, synthetic))


class Loss(Measured):
    """The same, where less is better."""

    greater_is_better = False


NUMBER_OF_ROWS = Measured(lambda holdout, new: len(new))
FIRST_COLUMN = Measured(lambda holdout, new: new.values[:, 0].mean())


class Constant:
    """A source of rows that are all alike."""

    def __init__(self, value):
        self.value = value

    def draw(self, code, n, streams):
        return Drawn(np.full((n, 2), self.value, np.float32), n)


class Failing:
    """A source that cannot draw."""

    def draw(self, code, n, streams):
        raise RuntimeError("nothing to draw")
