"""What all displays share: axes, colours, labels that hide nothing. matplotlib is imported when used."""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Iterator, Sequence
from itertools import cycle
from typing import Any, Final

import numpy as np

from gan_oversampler._utils import lookup

# Okabe and Ito's colours: told apart by colour-blind readers, too.
LINES: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
DASHES: Final = ("-", "--", "-.", ":")
REAL, NEW, OTHERS, QUIET, INK = "#D55E00", "#0072B2", "#BBBBBB", "#666666", "#222222"
KEPT: Final = {"marker": "*", "ms": 17, "mfc": "gold", "mec": "black", "mew": 0.9, "ls": "", "zorder": 6}
LONGEST: Final = 26


def matplotlib(module: str = "") -> Any:
    """A module of matplotlib, or its whole.

    Raises
    ------
    ImportError
        If matplotlib is missing; the message says how to get it.
    """
    try:
        return importlib.import_module(f"matplotlib.{module}".removesuffix("."))
    except ImportError as error:
        raise ImportError('Displays need matplotlib: pip install "gan-oversampler[plot]".') from error


def judged(sampler: Any, oracle: str | None) -> tuple[Any, Any]:
    """Report and history of one of the oracles of a fitted sampler; of the first one by default."""
    if oracle is None:
        return sampler.report_, sampler.history_
    report = lookup(sampler.reports_, oracle, "oracle")
    return report, report.history


def axes_for(ax: Any, size: tuple[float, float]) -> Any:
    """The axes given, or those of a new figure."""
    if ax is not None:
        return ax
    _, made = matplotlib("pyplot").subplots(figsize=size, layout="constrained")
    return made


def panels_in(ax: Any, rows: int, columns: int) -> tuple[Any, list[Any]]:
    """A strip for a legend and, below it, a grid of axes; they fill the space of ``ax``, now unseen."""
    ax.set_axis_off()
    place, figure = ax.get_subplotspec(), ax.figure
    cells = [(i, j) for i in range(rows) for j in range(columns)]
    if place is None:  # axes that were put anywhere: leave room for the labels ourselves
        w, h = 1 / columns, 0.94 / rows
        grid = [ax.inset_axes((j * w, 0.94 - (i + 0.85) * h, 0.8 * w, 0.6 * h)) for i, j in cells]
        return ax.inset_axes((0, 0.94, 1, 0.06)), grid
    spec = place.subgridspec(rows + 1, columns, height_ratios=[0.12, *[1] * rows])
    return figure.add_subplot(spec[0, :]), [figure.add_subplot(spec[i + 1, j]) for i, j in cells]


def styles() -> Iterator[dict[str, Any]]:
    """Endless looks of lines: colours first, then dashes."""
    for dash in cycle(DASHES):
        for colour in LINES:
            yield {"color": colour, "ls": dash}


def plain(ax: Any, *, grid: str = "y") -> None:
    """No frame, faint lines to read values from."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, alpha=0.25, lw=0.6)
    ax.set_axisbelow(True)


def legend_below(ax: Any, columns: int = 3, *, points: float = 36) -> None:
    """Legend under the axes, so many points below them."""
    handles, labels = ax.get_legend_handles_labels()
    shift = matplotlib("transforms").ScaledTranslation(0, -points / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        bbox_transform=ax.transAxes + shift,
        ncols=min(columns, max(len(labels), 1)),
        borderaxespad=0,
        frameon=False,
        fontsize="small",
    )


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights of labels in the given order, moved apart as little as needed.

    >>> spread([-0.5, 1.0, 1.0, 5.0], gap=1.0)
    [-0.5, 0.5, 1.5, 5.0]
    """
    order = np.argsort(heights, kind="stable")
    groups: list[list[Any]] = []  # [centre, number of labels]
    for height in np.asarray(heights, float)[order]:
        groups.append([float(height), 1])
        while len(groups) > 1 and _touch(groups[-2], groups[-1], gap):
            (low, m), (high, n) = groups[-2:]
            groups[-2:] = [[(m * low + n * high) / (m + n), m + n]]
    placed = [centre + (i - (n - 1) / 2) * gap for centre, n in groups for i in range(n)]
    found = np.empty(len(placed))
    found[order] = placed
    return found.tolist()


def _touch(lower: list[Any], upper: list[Any], gap: float) -> bool:
    return bool(upper[0] - lower[0] < gap * (lower[1] + upper[1]) / 2 - 1e-12)


def title_of(column: Hashable, longest: int = LONGEST) -> str:
    """A column's name for readers: ``x3`` for a position, long names shortened, no mathtext.

    >>> title_of(3), title_of("a very long name of a column of a table")
    ('x3', 'a very long n…n of a table')
    """
    number = isinstance(column, (int, np.integer)) and not isinstance(column, bool)
    text = " ".join((f"x{column}" if number else str(column)).split())
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[: longest - 1 - half]}…{text[-half:]}"
    return text.replace("$", r"\$")


def short(name: str) -> str:
    """``base(smote)`` becomes ``base smote``.

    >>> short("base(local_gaussian)"), short("guided")
    ('base local gaussian', 'guided')
    """
    return name.replace("(", " ").removesuffix(")").replace("_", " ")
