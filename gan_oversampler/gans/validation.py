"""Checks of a GAN: every parameter alone, and parameters that contradict each other."""

import math
from collections.abc import Collection, Mapping
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, Final

from gan_oversampler._utils import lookup
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.loss_terms import LOSS_TERMS
from gan_oversampler.gans.losses import LOSSES, PENALTIES
from gan_oversampler.gans.parts import COUNT, FRACTION, Cell, Generator
from gan_oversampler.gans.utility import OBJECTIVES
from gan_oversampler.nn.latent import LATENTS
from gan_oversampler.nn.optimizers import OPTIMIZERS
from gan_oversampler.nn.packed import ACTIVATIONS
from gan_oversampler.sampling.base_samplers import BASES

REGISTRIES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "family": FAMILIES,
        "base": BASES,
        "loss": LOSSES,
        "objective": {"auto": None, **OBJECTIVES},
        "generator__latent_law": LATENTS,
        "generator__activation": ACTIVATIONS,
        "generator__optimizer": OPTIMIZERS,
        "critic__activation": ACTIVATIONS,
        "critic__optimizer": OPTIMIZERS,
        "critic__penalty": {"auto": None, **PENALTIES},
    }
)

LARGEST: Final = 2**62  # of integers


def validated(gan: GAN) -> GAN:
    """Check all parameters of a GAN, each alone and together, and return the GAN.

    ``ValueError`` is raised where a name is unknown (the message lists the known ones), where a number is out
    of range, and where parameters contradict each other (the message says what to do instead).
    """
    for part in (gan, gan.generator, gan.critic):
        part._validate_params()
    params = gan.get_params()
    for name, registry in REGISTRIES.items():
        if params[name] is not None:
            lookup(registry, params[name], name.replace("__", " ").replace("_", " "))
    for check in CHECKS:
        check(gan)
    return gan


def _check_numbers(gan: GAN) -> None:
    for role, part in (("generator", gan.generator), ("critic", gan.critic)):
        if not all(map(COUNT.is_satisfied_by, part.widths or ())):
            raise ValueError(
                f"'widths' of the {role} must hold positive integers. Got {part.widths!r} instead."
            )
        betas = part.betas
        if betas is not None and (len(betas) != 2 or not all(map(FRACTION.is_satisfied_by, betas))):
            raise ValueError(f"'betas' of the {role} must be two numbers in [0, 1). Got {betas!r} instead.")
    grid = gan.generator.grid
    if isinstance(grid, tuple | list) and (len(grid) != 2 or not all(map(COUNT.is_satisfied_by, grid))):
        raise ValueError(f"'grid' of the generator must be (height, width) in cells. Got {grid!r} instead.")


def _check_cells(gan: GAN) -> None:
    generator = gan.generator
    if generator.cells is None:
        return
    if not generator.cells or not all(isinstance(cell, Cell) for cell in generator.cells):
        raise ValueError(
            f"'cells' of the generator must be one Cell or more, in a tuple. Got {generator.cells!r} instead."
        )
    for i, cell in enumerate(generator.cells):
        _check_cell(i, cell, on_grid=generator.grid is not None)
    given, usual = generator.get_params(), Generator().get_params()
    for name in ("widths", "activation", "norm"):
        if given[name] not in (usual[name], [*usual["widths"]]):
            raise ValueError(
                f"{name}={given[name]!r} of the generator means nothing beside 'cells', each of which has its"
                f" own. Set it there, or leave out one of both."
            )


def _check_cell(i: int, cell: Cell, *, on_grid: bool) -> None:
    cell._validate_params()
    lookup(ACTIVATIONS, cell.activation, f"activation of cell {i}")
    if len({skip for skip in range(i) if skip in cell.skips}) < len(cell.skips):
        raise ValueError(
            f"'skips' of cell {i} must be different positions of cells before it, counted from 0. Got"
            f" {cell.skips!r} instead."
        )
    usual = Cell().get_params()
    for name in ("kernel", "upsampling"):
        value = getattr(cell, name)
        if value != usual[name] and not on_grid:
            raise ValueError(
                f"{name}={value!r} of cell {i} means something on a grid only. Leave it out, or give"
                " Generator(grid=(height, width))."
            )


def _check_sizes(gan: GAN) -> None:
    """Raise ValueError for integers that no float and no length of a tensor can be."""
    parts: list[Any] = [gan, *(gan.generator.cells or ())]
    for part in parts:
        for name, value in part.get_params().items():
            values = value.values() if isinstance(value, Mapping) else value
            for number in values if isinstance(values, Collection) else [value]:
                if isinstance(number, Integral) and abs(int(number)) > LARGEST:
                    n_bits = int(number).bit_length()
                    raise ValueError(f"{name!r} must hold smaller integers. Got one of {n_bits} bits.")


def _check_film(gan: GAN) -> None:
    critic = gan.critic.completed(gan.generator)
    for role, widths in (("generator", gan.generator.hidden_widths), ("critic", critic.widths)):
        if gan.conditioning == "film" and not widths:
            raise ValueError(
                f"conditioning='film' scales and shifts hidden layers, and the {role} has none. Give it"
                " 'widths', or set conditioning='concat'."
            )


def _check_terms(gan: GAN) -> None:
    is_guided = FAMILIES[gan.family].is_guided
    if not gan.balanced and is_guided:
        raise ValueError(
            f"balanced=False is not possible with family={gan.family!r}: inner splits balance the classes."
        )
    for name, weight in (gan.loss_weights or {}).items():
        term = lookup(LOSS_TERMS, name, "loss term")
        if term.guided_only and weight and not is_guided:
            raise ValueError(
                f"The loss term {name!r} needs the family 'guided', because others draw from all rows, also"
                f" from those that utility is measured on. Got family={gan.family!r}."
            )
        if not isinstance(weight, Real) or not 0 <= weight < math.inf:
            raise ValueError(
                "'loss_weights' of GAN must hold weights that are finite and not negative."
                f" Got {weight!r} for {name!r}."
            )


def _check_critic(gan: GAN) -> None:
    """Refuse parameters that mean nothing for the critic of the loss."""
    critic, penalty = gan.critic, gan.penalty
    if gan.saturating and LOSSES[gan.loss].saturating is None:
        known = ", ".join(repr(name) for name, loss in LOSSES.items() if loss.saturating)
        raise ValueError(
            f"saturating=True needs a loss with an original objective of the generator: {known}. Got"
            f" loss={gan.loss!r}."
        )
    if LOSSES[gan.loss].error:
        _check_autoencoder(gan)
    if critic.penalty_weight and penalty == "none":
        raise ValueError(
            f"penalty_weight={critic.penalty_weight!r} weighs nothing: loss={gan.loss!r} with"
            f" penalty={critic.penalty!r} has no penalty. Give penalty='r1_r2' or 'gradient', or no weight."
        )
    if critic.norm == "batch" and PENALTIES[penalty] and critic.penalty_weight != 0:
        raise ValueError(
            f"The penalty {penalty!r} measures the critic's slope row by row, and norm='batch' mixes rows."
            " Set norm='layer' of the critic, or penalty='none' with a loss that can do without."
        )
    if critic.dropout and len(critic.completed(gan.generator).widths or ()) < 2:
        raise ValueError(
            f"dropout={critic.dropout!r} silences nothing: it acts after each hidden layer of the critic but"
            f" the first. Give the critic two or more widths, or no dropout. Got widths={critic.widths!r}."
        )
    if critic.separate_batches and critic.norm != "batch":
        raise ValueError(
            "separate_batches=True makes no difference unless the critic normalises over batches. Set"
            f" norm='batch' of the critic, or leave separate_batches out. Got norm={critic.norm!r}."
        )


def _check_autoencoder(gan: GAN) -> None:
    """Refuse parameters that mean nothing for a critic that is an autoencoder."""
    critic = gan.critic
    for name in ("label_noise", "label_smoothing"):
        if getattr(critic, name):
            raise ValueError(
                f"The critic of loss={gan.loss!r} is an autoencoder and has no labels. Set {name}=0."
            )
    if critic.penalty == "gradient":
        raise ValueError(
            f"penalty='gradient' asks for a slope of one, but the critic of loss={gan.loss!r} is an"
            " autoencoder, and flat where it reconstructs well. Set penalty='none' or 'r1_r2'."
        )
    if not critic.completed(gan.generator).widths:
        raise ValueError(
            f"The critic of loss={gan.loss!r} is an autoencoder, which needs a hidden layer. Set"
            " widths of the critic to the layers that encode and decode, such as (64, 16, 64)."
        )


def _check_controllers(gan: GAN) -> None:
    if not gan.controllers:
        return
    from gan_oversampler.gans.controllers import CONTROLLERS  # only GANs with controllers need them

    for name in gan.controllers:
        lookup(CONTROLLERS, name, "controller")
    if len(set(gan.controllers)) < len(gan.controllers):
        raise ValueError(f"'controllers' of GAN must be different names. Got {gan.controllers!r}.")
    if "adversarial" not in gan.active_terms:
        raise ValueError(
            "'controllers' of GAN watch the critic, which trains only under the loss term 'adversarial'. Got"
            f" controllers={gan.controllers!r} and loss_weights={gan.loss_weights!r}. Give that term a"
            " weight, or leave the controllers out."
        )
    known = [name for name, loss in LOSSES.items() if loss.equilibrium is not None]
    lost = [name for name in ("gap", "reset") if name in gan.controllers and gan.loss not in known]
    if lost:
        raise ValueError(
            f"The controller {lost[0]!r} needs a loss whose value at equilibrium is known. Got"
            f" loss={gan.loss!r}. Take one of {', '.join(map(repr, known))}, or another controller."
        )
    critic = gan.critic
    if "r1" in gan.controllers and (gan.penalty == "none" or critic.penalty_weight == 0):
        raise ValueError(
            "The controller 'r1' moves the weight of the penalty, and there is none. Got"
            f" loss={gan.loss!r}, penalty={critic.penalty!r}, penalty_weight={critic.penalty_weight!r}."
            " Give penalty='r1_r2', or leave the controller out."
        )


def _check_evolution(gan: GAN) -> None:
    if gan.evolution is None:
        return
    from gan_oversampler.gans.evolution import Evolution  # only GANs that evolve need it

    if not isinstance(gan.evolution, Evolution):
        raise ValueError(f"'evolution' of GAN must be an Evolution or None. Got {gan.evolution!r} instead.")
    gan.evolution.validate()
    if gan.loss != "bce" or "adversarial" not in gan.active_terms:
        raise ValueError(
            "'evolution' needs a critic whose output is a log density ratio: set loss='bce', and leave the"
            f" loss term 'adversarial' on. Got loss={gan.loss!r} and loss_weights={gan.loss_weights!r}."
        )


# What contradicts itself is told before what contradicts others.
CHECKS: Final = (
    *(_check_numbers, _check_cells, _check_sizes, _check_film, _check_terms, _check_critic),
    *(_check_controllers, _check_evolution),
)
