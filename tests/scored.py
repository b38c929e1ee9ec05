"""Candidates with their utilities, and draw options, written down by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from gan_oversampler import Policy
from gan_oversampler.selection.choice import Choice
from gan_oversampler.selection.draw_options import DrawOptions
from gan_oversampler.training.loop import Candidate, Scored


def scored(specification, step, *utilities, is_finite=True, **flags):
    """A candidate, and its utilities per fold; flags are those of Candidate."""
    snapshots = {} if is_finite else {None: SimpleNamespace(is_finite=False)}
    candidate = Candidate(specification, step, snapshots, **flags)
    return Scored(candidate, np.array(utilities, float), False, 0, 0.0)


def noise(specification, *utilities):
    """An untrained generator that begins with noise."""
    return scored(specification, 0, *utilities, is_noise=True)


def alone(entry):
    """A choice of one candidate."""
    return Choice(entry, (entry,))


def options(choice, utilities=None, ratio=1.0, policy=None):
    """Draw options of a choice, or of a single candidate; utilities are its own unless given."""
    choice = choice if isinstance(choice, Choice) else alone(choice)
    values = choice.best.utilities if utilities is None else np.array(utilities, float)
    return DrawOptions(choice, policy or Policy(), ratio, values)


def renumbered(entry, **changes):
    """The same with other fields of its candidate."""
    return replace(entry, candidate=replace(entry.candidate, **changes))
