"""Which choices of a point have an effect, and what becomes of those that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

Choice = str | int | float | bool | None
"""A choice along a dimension: a plain value."""


class Absence(Enum):
    """Sentinel of a choice without effect."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT
OF_CELLS: Final = ("cells",)
OF_CRITICS: Final = ("adversarial", "loss", "penalty", "critic depth")
_CELL_NUMBER: Final = re.compile(r"cell (\d+) ")


def settle(point: Mapping[str, Choice]) -> dict[str, Choice]:
    """Leave out choices without effect, and replace those that contradict others.

    Cells beyond the number of cells have no effect; nor have, without the weight ``adversarial``, loss,
    penalty and critic; nor dropout in a critic of one layer. A penalty that the loss has anyway is
    ``"auto"``. So are no penalty under ``wgan_gp``, which needs one, and ``"gradient"`` for a critic that is
    an autoencoder. Norms over batches become ``"none"`` where there is a penalty.

    >>> settle({"loss": "wgan_gp", "penalty": "none", "critic depth": 1, "critic dropout": 0.2})
    {'loss': 'wgan_gp', 'penalty': 'auto', 'critic depth': 1}
    """
    settled = {name: settled_choice(name, choice, point) for name, choice in point.items()}
    return {name: choice for name, choice in settled.items() if not isinstance(choice, Absence)}


def settled_choice(name: str, choice: Choice, point: Mapping[str, Choice]) -> Choice | Absence:
    """Return what stands for a choice at a point: itself, another one, or ``ABSENT`` without effect."""
    if cell := _CELL_NUMBER.match(name):
        is_there = "cells" not in point or int(cell[1]) <= int(str(point["cells"]))
        return choice if is_there else ABSENT
    is_critic = name in ("loss", "penalty") or name.startswith("critic ")
    if is_critic and point.get("adversarial") == 0:
        return ABSENT
    depth = point.get("critic depth")
    if (name == "critic dropout" and depth == 1) or (name == "critic width" and depth == 0):
        return ABSENT
    if name == "penalty":
        return _penalty(str(choice), point.get("loss"))
    if name == "critic norm" and choice == "batch" and _has_penalty(point):
        return "none"
    return choice


def _penalty(penalty: str, loss_name: Choice) -> str:
    from gan_oversampler.gans.losses import LOSSES  # tensor functions: a space needs no torch

    loss = LOSSES.get(str(loss_name))
    if loss is None:
        return penalty
    contradicts = (penalty == "none" and loss.penalty == "gradient") or (
        penalty == "gradient" and loss.error is not None
    )
    return "auto" if contradicts or penalty == loss.penalty else penalty


def _has_penalty(point: Mapping[str, Choice]) -> bool:
    from gan_oversampler.gans.losses import LOSSES

    penalty = _penalty(str(point.get("penalty", "auto")), point.get("loss"))
    loss = LOSSES.get(str(point.get("loss")))
    return penalty not in ("auto", "none") or (penalty == "auto" and (not loss or loss.penalty != "none"))
