"""Look-ups by name whose failure says which names there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

Entry = TypeVar("Entry")


def lookup(registry: Mapping[str, Entry], name: str, what: str) -> Entry:
    """Entry of a registry.

    >>> lookup({"hinge": 1, "bce": 2}, "hing", "loss")
    Traceback (most recent call last):
        ...
    ValueError: Unknown loss 'hing'. Did you mean 'hinge'? Known are: 'bce', 'hinge'.
    """
    if not isinstance(name, str):
        raise ValueError(f"A {what} is given by its name, a string. Got {name!r} instead.")
    if name not in registry:
        raise ValueError(f"Unknown {what} {name!r}.{did_you_mean(name, registry)}")
    return registry[name]


def did_you_mean(name: str, known: Iterable[str], besides: Iterable[str] = ()) -> str:
    """The nearest name, if any, and all known ones; those ``besides`` are too many to list."""
    near = get_close_matches(name, [*known, *besides], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} Known are: {', '.join(map(repr, sorted(known)))}."
