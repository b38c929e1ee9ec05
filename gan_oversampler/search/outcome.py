"""What training and scoring one trial of a search brings: plain values, which a storage can keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.policy import Policy

if TYPE_CHECKING:  # a search space needs no torch
    from torch import Tensor

    from gan_oversampler.nn.autoencoder import CriticNet
    from gan_oversampler.nn.generator import BaseGenerator

Fold = int | None


@dataclass(frozen=True)
class SearchedGAN:
    """One point of a search space: a GAN, and the policy under which its rows are drawn.

    Examples
    --------
    >>> SearchedGAN(GAN("guided")).policy is None
    True
    """

    gan: GAN
    policy: Policy | None = None  # None: rows as the generator draws them


@dataclass(frozen=True)
class Networks:
    """Shapes of what is trained: networks for the columns of a table, one member per fold."""

    of: Callable[[GAN], tuple[BaseGenerator, CriticNet]]
    folds: tuple[Fold, ...]


@dataclass(frozen=True)
class Weights:
    """Weights of one member, to begin from or as training left them, each a flat tensor ``(N,)``."""

    generator: Tensor
    critic: Tensor | None = None  # None: a fresh one


@dataclass(frozen=True)
class TrialOutcome:
    """Scores of one GAN after training, at the step where its mean utility was best.

    Examples
    --------
    >>> TrialOutcome(utilities=(0.5, 0.7), step=50, seconds=1.2, n_parameters=400).error
    ''
    """

    utilities: tuple[float, ...]  # per fold, higher is better; empty if nothing could be scored
    step: int  # generator updates until then
    seconds: float  # its share of training and scoring
    n_parameters: int  # of the generator
    by_step: Mapping[int, tuple[float, ...]] = field(default_factory=dict)  # utilities per fold of each round
    is_stopped: bool = False  # whether it was told to stop before its training was over
    losses: tuple[tuple[float, float], ...] = ()  # of critic and generator, round by round
    weights: Mapping[Fold, Weights] = field(default_factory=dict)  # by fold, where they are shared
    error: str = ""  # why nothing could be trained or scored


Stop = Callable[[int, Mapping[int, tuple[float, ...]]], Sequence[int]]
"""Called after every evaluation round with the step and the utilities per fold of the trials that were
scored, by their position in the round; returns the positions of those that train no further."""

Starts = Sequence[Mapping[Fold, Weights] | None]
"""Weights by fold for each trial of a round; None begins with fresh ones. If empty, all of them do so, and
outcomes hold no weights."""

Run = Callable[[Sequence[SearchedGAN], Stop | None, Starts], Sequence[TrialOutcome]]
"""Trains and scores the trials of a round together. If it raises, none of them has an outcome."""
