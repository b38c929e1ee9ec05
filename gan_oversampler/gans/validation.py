"""Parameters of a GAN that contradict each other: refused, with what to do instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Final, Protocol

from gan_oversampler._utils import lookup
from gan_oversampler.gans.controllers import CONTROLLERS
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.losses import LOSSES, PENALTIES
from gan_oversampler.gans.objectives import LOSS_TERMS


class Settings(Protocol):
    """What a specification says of itself."""

    balanced: bool
    controllers: Sequence[str]
    critic_norm: str
    evolution: Evolution | None
    family: str
    forces: Mapping[str, float] | None
    grid: Any
    loss: str
    penalty: str
    penalty_weight: float | None
    separate_batches: bool

    @property
    def pulls(self) -> Mapping[str, float]:
        """Forces that are not zero."""

    @property
    def penalty_in_force(self) -> str:
        """The penalty that is meant."""

    @property
    def layers_of_critic(self) -> tuple[int, ...]:
        """Hidden units or channels of the critic."""


def _balance(gan: Settings) -> None:
    if not gan.balanced and FAMILIES[gan.family].is_guided:
        raise ValueError(f"balanced=False is not possible with family={gan.family!r}: lessons balance.")


def _forces(gan: Settings) -> None:
    for name, weight in (gan.forces or {}).items():
        term = lookup(LOSS_TERMS, name, "force")
        if term.guided_only and weight and not FAMILIES[gan.family].is_guided:
            raise ValueError(
                f"The force {name!r} needs the family 'guided', because others draw from all rows, also"
                f" from those that utility is measured on. Got family={gan.family!r}."
            )
        if not isinstance(weight, Real) or not 0 <= weight < math.inf:
            raise ValueError(
                "'forces' of GAN must hold weights that are finite and not negative."
                f" Got {weight!r} for {name!r}."
            )


def _controllers(gan: Settings) -> None:
    for name in gan.controllers:
        lookup(CONTROLLERS, name, "controller")
    if len(set(gan.controllers)) < len(gan.controllers):
        raise ValueError(f"'controllers' of GAN must be different names. Got {gan.controllers!r}.")
    if gan.controllers and "adversarial" not in gan.pulls:
        raise ValueError(
            f"'controllers' of GAN watch the critic, which trains only under the force 'adversarial'. Got"
            f" controllers={gan.controllers!r} and forces={gan.forces!r}. Give that force a weight, or"
            " leave the controllers out."
        )
    known = [name for name, loss in LOSSES.items() if loss.equilibrium is not None]
    lost = [name for name in ("gap", "reset") if name in gan.controllers and gan.loss not in known]
    if lost:
        raise ValueError(
            f"The controller {lost[0]!r} needs a loss whose value at equilibrium is known. Got"
            f" loss={gan.loss!r}. Take one of {', '.join(map(repr, known))}, or another controller."
        )
    if "r1" in gan.controllers and (gan.penalty_in_force == "none" or gan.penalty_weight == 0):
        raise ValueError(
            "The controller 'r1' moves the weight of the penalty, and there is none. Got"
            f" loss={gan.loss!r}, penalty={gan.penalty!r}, penalty_weight={gan.penalty_weight!r}."
            " Give penalty='r1_r2', or leave the controller out."
        )


def _is_decay(number: Any) -> bool:
    return isinstance(number, Real) and 0 <= float(number) < 1


def _numbers(gan: Settings) -> None:
    for name in ("widths", "critic_widths"):
        widths = getattr(gan, name)
        if widths is not None and not all(isinstance(w, Integral) and int(w) > 0 for w in widths):
            raise ValueError(f"{name!r} of GAN must hold positive integers. Got {widths!r} instead.")
    for name in ("betas", "critic_betas"):
        betas = getattr(gan, name)
        if betas is not None and (len(betas) != 2 or not all(map(_is_decay, betas))):
            raise ValueError(f"{name!r} of GAN must be two numbers in [0, 1). Got {betas!r} instead.")
    grid = gan.grid
    if isinstance(grid, tuple | list) and (
        len(grid) != 2 or not all(isinstance(n, Integral) and int(n) > 0 for n in grid)
    ):
        raise ValueError(f"'grid' of GAN must be (height, width) in cells. Got {grid!r} instead.")


def _critic(gan: Settings) -> None:
    """Refuse what means nothing for the critic that is asked for."""
    game = LOSSES[gan.loss]
    if game.error:
        _autoencoder(gan)
    penalty = gan.penalty_in_force
    if gan.penalty_weight and penalty == "none":
        raise ValueError(
            f"penalty_weight={gan.penalty_weight!r} weighs nothing: loss={gan.loss!r} with"
            f" penalty={gan.penalty!r} has no penalty. Give penalty='r1_r2' or 'gradient', or no weight."
        )
    if gan.critic_norm == "batch" and PENALTIES[penalty] and gan.penalty_weight != 0:
        raise ValueError(
            f"The penalty {penalty!r} measures the critic's slope row by row, and critic_norm='batch'"
            " mixes rows. Set critic_norm='layer', or penalty='none' with a loss that can do without."
        )
    if gan.separate_batches and gan.critic_norm != "batch":
        raise ValueError(
            "separate_batches=True makes no difference unless the critic normalises over batches. Set"
            f" critic_norm='batch', or leave separate_batches out. Got critic_norm={gan.critic_norm!r}."
        )


def _autoencoder(gan: Settings) -> None:
    for name in ("label_noise", "label_smoothing"):
        if getattr(gan, name):
            raise ValueError(
                f"The critic of loss={gan.loss!r} is an autoencoder and has no labels. Set {name}=0."
            )
    if gan.penalty == "gradient":
        raise ValueError(
            f"penalty='gradient' asks for a slope of one, but the critic of loss={gan.loss!r} is an"
            " autoencoder, and flat where it reconstructs well. Set penalty='none' or 'r1_r2'."
        )
    if not gan.layers_of_critic:
        raise ValueError(
            f"The critic of loss={gan.loss!r} is an autoencoder, which needs a hidden layer. Set"
            " critic_widths to the layers that encode and decode, such as (64, 16, 64)."
        )


def _evolution(gan: Settings) -> None:
    if gan.evolution is None:
        return
    gan.evolution.validate()
    if gan.loss != "bce" or "adversarial" not in gan.pulls:
        raise ValueError(
            "'evolution' needs a critic that tells odds: set loss='bce', and leave the force"
            f" 'adversarial' on. Got loss={gan.loss!r} and forces={gan.forces!r}."
        )


CHECKS: Final[tuple[Callable[[Settings], None], ...]] = (
    _balance,
    _forces,
    _controllers,
    _numbers,
    _critic,
    _evolution,
)
