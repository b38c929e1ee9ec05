"""Drawing code that displays share: colours, legends, names of columns. matplotlib is imported when used."""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
from scipy.optimize import isotonic_regression

from gan_oversampler.reporting.facts import DIRECTIONS

# Colours of Okabe and Ito, which colour-blind readers can tell apart, too.
LINES: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
REAL, NEW, OTHERS, QUIET = "#D55E00", "#0072B2", "#BBBBBB", "#666666"
KEPT: Final = {"marker": "*", "ms": 17, "mfc": "gold", "mec": "black", "mew": 0.9, "ls": "", "zorder": 6}


def matplotlib(module: str = "") -> Any:
    """Import a module of matplotlib, such as ``"pyplot"``, or matplotlib itself.

    Raises ``ImportError`` if matplotlib is missing; its message says how to get it.
    """
    try:
        return importlib.import_module(f"matplotlib.{module}".removesuffix("."))
    except ImportError as error:
        raise ImportError('Displays need matplotlib: pip install "gan-oversampler[plot]".') from error


def clean_axes(ax: Any, *, grid: str = "y") -> None:
    """Remove the frame on the top and on the right, and draw faint grid lines behind the data.

    ``grid`` is the direction of the values that readers compare: ``"x"``, ``"y"`` or ``"both"``.
    """
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)


def legend_below(ax: Any, columns: int = 3) -> None:
    """Place the legend of the axes under them, in at most so many columns.

    It lies half an inch below the axes whatever their size, so that it never covers their own label.
    """
    shift = matplotlib("transforms").ScaledTranslation(0, -0.5, ax.figure.dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": ax.transAxes + shift}
    ax.legend(ncols=columns, borderaxespad=0, frameon=False, fontsize="small", **place)


def spaced(heights: Sequence[float], gap: float) -> list[float]:
    """Heights of labels, moved apart as little as needed (by least squares) to keep a gap between them.

    The heights come back in the order in which they were given; which label is above which does not change.

    >>> spaced([-0.5, 1.0, 1.0, 5.0], gap=1.0)
    [-0.5, 0.5, 1.5, 5.0]
    """
    order = np.argsort(heights, kind="stable")
    # From low to high, heights must rise by the gap at least: what remains without these steps must not fall.
    steps = gap * np.arange(len(heights))
    placed = np.empty(len(heights))
    placed[order] = isotonic_regression(np.asarray(heights, float)[order] - steps).x + steps
    return placed.tolist()


def score_axis_label(score_name: str, greater_is_better: bool | None) -> str:
    """Label of an axis of held-out scores of this name, with the direction of the oracle if it is known."""
    direction = DIRECTIONS[greater_is_better]
    return f"held-out {score_name} ± SE ({direction})" if direction else f"held-out {score_name} ± SE"


def column_title(column: Hashable, max_length: int = 26) -> str:
    """Name of a column for readers: positions become ``x3``, long names are shortened in the middle.

    Dollar signs are escaped, because matplotlib would read what stands between them as mathematics.

    >>> column_title(3), column_title("a very long name of a column of a table")
    ('x3', 'a very long n…n of a table')
    """
    number = isinstance(column, (int, np.integer)) and not isinstance(column, bool)
    text = " ".join((f"x{column}" if number else str(column)).split())
    if len(text) > max_length:
        half = (max_length - 1) // 2
        text = f"{text[: max_length - 1 - half]}…{text[-half:]}"
    return text.replace("$", r"\$")


def gan_title(name: str) -> str:
    """Label of a specification or baseline for readers, without brackets and underscores.

    >>> gan_title("base(local_gaussian)"), gan_title("guided")
    ('base local gaussian', 'guided')
    """
    return name.replace("(", " ").removesuffix(")").replace("_", " ")
