"""Specifications as JSON: a GAN that was found for one table can be written down and used for another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import numpy as np
from sklearn.base import BaseEstimator

from gan_oversampler._utils import did_you_mean
from gan_oversampler.gans.parts import Cell, Critic, Generator

Kind = TypeVar("Kind", bound=BaseEstimator)
PARTS: Final[Mapping[str, type[BaseEstimator]]] = {"generator": Generator, "critic": Critic}


def to_json(specification: BaseEstimator) -> str:
    """Write all parameters of a specification as JSON, those of its parts as objects inside it.

    Raises TypeError if a parameter is no value that JSON has, and ValueError if one is no finite number.

    >>> json.loads(to_json(Cell(width=8)))["width"]
    8
    """
    return json.dumps(specification, default=_plain, indent=2, allow_nan=False)


def from_json(kind: type[Kind], text: str) -> Kind:
    """Read what ``to_json`` wrote of a specification of this class; parameters left out are the defaults.

    Raises ValueError if the text is no JSON object, or has a parameter that the class has not.

    >>> from_json(Generator, '{"cells": [{"width": 8}]}')
    Generator(cells=(Cell(width=8),))
    """
    try:
        content = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"The text of a {kind.__name__} is no JSON: {error}") from None
    return _read(kind, content)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseEstimator):
        return value.get_params(deep=False)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"JSON holds numbers, texts, lists and mappings. Got {value!r}.")


def _read(kind: type[Kind], content: Any) -> Kind:
    if not isinstance(content, dict):
        raise ValueError(f"A {kind.__name__} is written as a JSON object. Got {content!r}.")
    known = kind._get_param_names()
    for name in content:
        if name not in known:
            raise ValueError(f"{kind.__name__} has no parameter {name!r}.{did_you_mean(name, known)}")
    return kind(**{name: _value(name, value) for name, value in content.items()})


def _value(name: str, value: Any) -> Any:
    """A parameter; parts are known by their names, and lists become tuples."""
    if value is None:
        return None
    if name == "cells":
        if not isinstance(value, list):
            raise ValueError(f"'cells' are written as a JSON list. Got {value!r}.")
        return tuple(_read(Cell, cell) for cell in value)
    if name == "evolution":
        from gan_oversampler.gans.evolution import Evolution  # needs torch, and is rarely there

        return _read(Evolution, value)
    if name in PARTS:
        return _read(PARTS[name], value)
    return tuple(value) if isinstance(value, list) else value
