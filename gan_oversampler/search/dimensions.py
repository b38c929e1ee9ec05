"""Dimensions of a search: their names, usual choices, and how a GAN is read and changed along them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from sklearn.base import clone

from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Cell, Generator
from gan_oversampler.search.rules import ABSENT, Choice, settle

CELL: Final = re.compile(r"cell (\d{1,3}) (\w+)(?: from (\d{1,3}))?")
MAX_CELLS: Final = 4
CELL_CHOICES: Final[Mapping[str, tuple[Choice, ...]]] = MappingProxyType(
    {
        "width": (16, 32, 64, 128),
        "order": ("post", "pre"),
        "norm": ("none", "batch", "layer", "conditional"),
        "activation": ("leaky_relu", "relu", "silu"),
        "shortcut": (False, True),
    }
)
GRID_CHOICES: Final[Mapping[str, tuple[Choice, ...]]] = MappingProxyType(
    {"kernel": (3, 5), "upsampling": ("nearest", "bilinear", "transposed")}
)
SKIP: Final = "skip"
PATHS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "conditioning": "conditioning",
        "latent": "generator__latent",
        "critic dropout": "critic__dropout",
        "critic norm": "critic__norm",
        "loss": "loss",
        "penalty": "critic__penalty",
        "optimizer": "generator__optimizer",
        "generator rate": "generator__learning_rate",
        "critic rate": "critic__learning_rate",
    }
)
CHOICES: Final[Mapping[str, tuple[Choice, ...]]] = MappingProxyType(
    {
        "latent": (4, 8, 16, 32),
        "critic width": (32, 64, 128),
        "critic depth": (1, 2, 3),
        "critic dropout": (0.0, 0.2, 0.4),
        "critic norm": ("none", "layer"),
        "loss": ("relativistic", "least_squares", "hinge", "wgan_gp", "bce"),
        "penalty": ("auto", "r1_r2", "none"),
        "optimizer": ("adam", "rmsprop"),
        "generator rate": (2e-4, 6e-4, 2e-3, 6e-3),
        "critic rate": (2e-4, 1e-3, 4e-3),
    }
)
WEIGHTS: Final[Mapping[str, tuple[Choice, ...]]] = MappingProxyType(
    {"utility": (0.3, 1.0), "adversarial": (0.0, 0.1, 0.3), "fidelity": (0.0, 0.1, 0.3)}
)
WEIGHTS_OF_CRITICS: Final[Mapping[str, tuple[Choice, ...]]] = MappingProxyType(
    {"adversarial": (0.3, 1.0), "fidelity": (0.0, 0.1, 0.3, 1.0)}
)
NAMES: Final = ("cells", "critic width", "critic depth", *PATHS, *WEIGHTS, "policy")


def usual_choices(template: GAN) -> dict[str, tuple[Choice, ...]]:
    """Choices of every dimension that GANs of the template's family have, with the template's own ones."""
    from gan_oversampler.gans.families import FAMILIES
    from gan_oversampler.sampling.policy import POLICIES

    own, is_grid = read(template), template.generator.grid is not None
    n_cells = max(MAX_CELLS, int(str(own["cells"])))
    weights = WEIGHTS if FAMILIES[template.family].is_guided else WEIGHTS_OF_CRITICS
    (conditioning,) = GAN._parameter_constraints["conditioning"]
    choices = {
        "cells": tuple(range(1, n_cells + 1)),
        **cell_choices(range(1, n_cells + 1), is_grid=is_grid),
        "conditioning": tuple(sorted(conditioning.options)),
        **CHOICES,
        **weights,
        "policy": (None, *map(repr, POLICIES[1:])),
    }
    if template.controllers or template.evolution is not None or template.saturating:
        for name in ("loss", "penalty", "adversarial"):  # these need the template's
            del choices[name]
    return {name: _with(values, own.get(name, values[0])) for name, values in choices.items()}


def cell_choices(positions: Iterable[int], *, is_grid: bool) -> dict[str, tuple[Choice, ...]]:
    """Choices of cells at these positions, from 1, with skips from every earlier one."""
    parts = {**CELL_CHOICES, **(GRID_CHOICES if is_grid else {})}
    found: dict[str, tuple[Choice, ...]] = {}
    for k in positions:
        found |= {f"cell {k} {part}": values for part, values in parts.items()}
        found |= {f"cell {k} {SKIP} from {j}": (False, True) for j in range(1, k)}
    return found


def _with(choices: tuple[Choice, ...], own: Choice) -> tuple[Choice, ...]:
    """Add the template's own choice, numbers in order."""
    if own in choices:
        return choices
    if isinstance(own, int | float) and None not in choices:
        return tuple(sorted((*choices, own), key=lambda choice: float(str(choice))))
    return (*choices, own)


def read(gan: GAN) -> dict[str, Choice]:
    """Where a GAN lies along every dimension that it has.

    The depth of a critic whose hidden layers differ in width is 0: those of the GAN itself.

    >>> cells = Cell(width=16), Cell(width=16, skips=(0,))
    >>> point = read(GAN(generator=Generator(cells=cells)))
    >>> point["cells"], point["cell 1 width"], point["cell 2 skip from 1"], point["critic depth"]
    (2, 16, True, 2)
    """
    from gan_oversampler.gans.families import FAMILIES

    cells = gan.generator.cells or ()
    point: dict[str, Choice] = {"cells": len(cells)}
    for k, cell in enumerate(cells, start=1):
        point |= {f"cell {k} {part}": getattr(cell, part) for part in (*CELL_CHOICES, *GRID_CHOICES)}
        point |= {f"cell {k} {SKIP} from {j}": j - 1 in cell.skips for j in range(1, k)}
    params, family = gan.get_params(), FAMILIES[gan.family]
    point |= {name: params[path] for name, path in PATHS.items()}
    if point["generator rate"] is None:
        point["generator rate"] = family.learning_rate
    widths = _critic_widths(gan)
    is_even = len(set(widths)) == 1
    point |= {"critic depth": len(widths), "critic width": widths[0]} if is_even else {"critic depth": 0}
    terms = WEIGHTS if family.is_guided else WEIGHTS_OF_CRITICS
    return point | {name: gan.active_terms.get(name, 0.0) for name in terms} | {"policy": None}


def write(template: GAN, params: Mapping[str, Choice]) -> GAN:
    """Copy the template with these choices; where they are its own it stays as it is, and ``None`` stays.

    What has no effect at the point is left as it is in the template; see ``rules.settle``.
    """
    own, gan = read(template), clone(template)
    before, settled = settle(own), settle(own | dict(params))
    changed = {name: choice for name, choice in settled.items() if choice != own.get(name, ABSENT)}
    if all(settled.get(name) == before.get(name) for name in ("loss", "penalty")):  # the template's game
        changed = {name: choice for name, choice in changed.items() if choice != before.get(name, ABSENT)}
    if any(name == "cells" or CELL.fullmatch(name) for name in changed):
        gan.generator.set_params(cells=_cells(template.generator, settled))
        if gan.generator.cells is not None:  # which have these of their own
            usual = Generator().get_params()
            gan.generator.set_params(**{name: usual[name] for name in ("widths", "activation", "norm")})
    gan.set_params(**{PATHS[name]: choice for name, choice in changed.items() if name in PATHS})
    if "optimizer" in changed:
        gan.critic.set_params(optimizer=None)
    if "critic depth" in settled:
        depth = int(str(settled["critic depth"]))
        widths = (settled.get("critic width"),) * depth or template.critic.completed(
            template.generator
        ).widths
        if gan.critic.completed(gan.generator).widths != widths:
            gan.critic.set_params(widths=widths)
    weights = {name: changed[name] for name in WEIGHTS if name in changed}
    if weights:
        gan.set_params(loss_weights={**template.active_terms, **weights})
    return _repaired(gan)


def _critic_widths(gan: GAN) -> tuple[int, ...]:
    return tuple(gan.critic.completed(gan.generator).widths or ())


def _cells(generator: Generator, point: Mapping[str, Choice]) -> tuple[Cell, ...] | None:
    """Cells at a point, each like the one that the generator has at its place where nothing is said."""
    built = []
    for k in range(1, int(str(point["cells"])) + 1):
        given = (generator.cells or ())[k - 1 : k]
        cell = clone(given[0]) if given else Cell()
        names = {part: f"cell {k} {part}" for part in (*CELL_CHOICES, *GRID_CHOICES)}
        cell.set_params(**{part: point[name] for part, name in names.items() if name in point})
        skips = {j: point.get(f"cell {k} {SKIP} from {j}", False) for j in range(1, k)}
        built.append(cell.set_params(skips=tuple(j - 1 for j, has_skip in skips.items() if has_skip)))
    return tuple(built) or None


def _repaired(gan: GAN) -> GAN:
    """Take away what only made sense with another choice: dropout, a penalty's weight, batches of its own."""
    from gan_oversampler.gans.losses import LOSSES

    critic = gan.critic
    if len(_critic_widths(gan)) < 2:
        critic.set_params(dropout=0.0)
    if gan.loss in LOSSES and gan.penalty == "none":
        critic.set_params(penalty_weight=None)
    if critic.norm != "batch":
        critic.set_params(separate_batches=False)
    return gan
