"""Names of methods for readers."""

from __future__ import annotations

from benchmarks.methods import SETTINGS, TITLES
from benchmarks.reporting.statistics import NONE, NONE_TUNED


def title(method: str) -> str:
    """Return the name of a method in tables and pictures.

    >>> title("none_tuned"), title("no_such_method")
    ('nothing, tuned', 'no such method')
    """
    if method == NONE_TUNED:
        return f"{title(NONE)}, tuned"
    return TITLES.get(method, method.replace("_", " "))


def marked(method: str, ours: str) -> str:
    """Return the name of a method, ours with an arrow, because bold is for the best number."""
    return ("▸ " if method == ours else "") + title(method)


def setting_of(method: str) -> str:
    """Return the method that this one is another setting of, or an empty text."""
    return SETTINGS.get(method, "")
