"""Small samplers, and oracles that say what a test wants, for tests of whole fits."""

import numpy as np

from gan_oversampler import GAN, GANOversampler, Oracle
from gan_oversampler.gans.parts import Generator

FAST = GAN(batch_size=32, generator=Generator(widths=(16,)))
GUIDED = GAN("guided", batch_size=32, generator=Generator(widths=(16,)))
UNTRAINED = GAN(loss_weights={})  # SMOTE


def quick(**changes):
    """A sampler with all parts at work, in little."""
    parameters = {"gan": FAST, "max_steps": 4, "epoch_unit": 2, "cv": 2, "random_state": 0, **changes}
    return GANOversampler(**parameters)


class Scripted(Oracle):
    """Gives the scores of a script in order of asking."""

    script: list[float] = []

    def score(self, holdout, synthetic):
        return Scripted.script.pop(0)


def scripted(*scores, **changes):
    """A sampler whose oracle gives these scores, each in both folds: baselines, then round by round."""
    Scripted.script = [score for score in scores for _ in range(2)]
    return quick(**{"oracle": Scripted(), "baselines": (), **changes})


def many_rows(real, synthetic):
    """The more rows, the better."""
    return float(len(synthetic))


def few_rows(real, synthetic):
    """The fewer rows, the better."""
    return -float(len(synthetic))


def few_values(real, synthetic):
    """The fewer different rows, the better."""
    return -float(len(np.unique(np.asarray(synthetic).round(4), axis=0)))
