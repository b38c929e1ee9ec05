"""The report's figures: critical differences, wins, score against seconds, costs against size.

They are readable at 900 pixels. Ours is vermilion and bold everywhere; colour-blind readers can tell the
colours apart.
"""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import textalloc
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullFormatter
from scikit_posthocs import critical_difference_diagram
from scipy.stats import studentized_range

from benchmarks.reporting.names import title
from benchmarks.reporting.statistics import HEADLINES, SCORES, distinct
from benchmarks.writing import save_picture

OURS, OTHERS, INK, FRONT = "#D55E00", "#333333", "#222222", "#0072B2"
LINES: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
DASHES: Final = ("-", "--", ":", "-.")
MARKERS: Final = "osD^vPX*"
ALPHA: Final = 0.05
QUICKEST: Final = 1e-3  # seconds; a method that draws nothing would have no place on a logarithmic axis


def _figure(size: tuple[float, float]) -> Figure:
    """A figure without global state; 900 pixels wide shown, twice that stored."""
    figure = Figure(figsize=size, dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, lw=0.6)
    axes.title.set_fontsize(11)


def critical_differences(summary: pd.DataFrame, tables: int, ours: str, path: Path) -> None:
    """Draw mean ranks of the complete methods of a block; bars join those that are not told apart."""
    panels = []
    for metric in HEADLINES:
        ranks = summary.set_index("method")[f"rank_{metric}"].dropna().sort_values().rename(index=title)
        panels += [(metric, ranks)] if len(ranks) > 1 else []
    if not panels:
        return
    height = max(2.6, 1.1 + 0.19 * max(len(ranks) for _, ranks in panels)) * len(panels)
    figure = _figure((9, height))
    for axes, (metric, ranks) in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels):
        gaps = np.abs(np.subtract.outer(ranks.to_numpy(), ranks.to_numpy()))
        alike = pd.DataFrame(gaps <= nemenyi(len(ranks), tables), ranks.index, ranks.index).astype(float)
        drawn = critical_difference_diagram(
            ranks,
            alike,  # as if it were p: 1 or 0
            ax=axes,
            color_palette={name: OURS if name == title(ours) else OTHERS for name in ranks.index},
            text_h_margin=0.02 * (ranks.max() - ranks.min()),
            label_fmt_left="{label}  {rank:.1f} ",
            label_fmt_right=" {rank:.1f}  {label}",
            label_props={"fontsize": 9.5},
            elbow_props={"linewidth": 0.9},
            marker_props={"s": 18},
            crossbar_props={"linewidth": 3, "color": "#777777", "solid_capstyle": "round"},
        )
        for label in drawn["labels"]:
            label.set_fontweight("bold" if label.get_color() == OURS else "normal")
        axes.set_title(f"{SCORES[metric]}: mean rank, 1 is best", loc="left", fontsize=11, pad=14)
    save_picture(figure, path)


def nemenyi(methods: int, tables: int) -> float:
    """Compute the critical difference of mean ranks by Nemenyi's test, tables taken as independent.

    >>> round(nemenyi(4, 24), 2)  # Demšar (2006): 2.569 * sqrt(4 * 5 / (6 * 24)) = 0.957
    0.96
    """
    q = studentized_range.ppf(1 - ALPHA, methods, np.inf)
    return float(q * np.sqrt(methods * (methods + 1) / (12 * tables)))


def wins(tests: pd.DataFrame, path: Path) -> None:
    """Draw tables won/tied/lost by ours, against every opponent by every metric, a panel per block."""
    blocks = list(tests["block"].unique())
    lines = [tests.loc[tests["block"] == block, "opponent"].nunique() for block in blocks]
    figure = _figure((9, 0.27 * sum(lines) + 0.9 * len(blocks)))
    panels = figure.subplots(len(blocks), squeeze=False, height_ratios=[n + 1 for n in lines])[:, 0]
    for axes, block in zip(panels, blocks):
        part = tests[tests["block"] == block]
        part = part.assign(share=(part["won"] - part["lost"]) / part["tables"])
        metrics = [name for name in SCORES if name in set(part["metric"])]
        grid = part.pivot(index="opponent", columns="metric", values="share")[metrics]
        grid = grid.loc[grid["f1"].sort_values(kind="stable").index]
        image = axes.imshow(grid, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
        places = {name: i for i, name in enumerate(grid.index)}
        for line in part.itertuples():
            colour = "white" if abs(line.won - line.lost) > 0.6 * line.tables else INK
            text = f"{line.won}/{line.tied}/{line.lost}"
            centre = {"ha": "center", "va": "center", "fontsize": 8.5}
            axes.text(metrics.index(line.metric), places[line.opponent], text, color=colour, **centre)
        axes.set_xticks(range(len(metrics)), [SCORES[name] for name in metrics], fontsize=9)
        axes.set_yticks(range(len(grid)), [title(name) for name in grid.index], fontsize=9)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(f"{block} classifiers: tables won / tied / lost by ours", loc="left", fontsize=11)
    bar = figure.colorbar(image, ax=list(panels), shrink=0.5, aspect=30, pad=0.02)
    bar.set_label("(won - lost) / tables", fontsize=9)
    save_picture(figure, path)


def seconds(summary: pd.DataFrame, ours: str, path: Path) -> None:
    """Draw mean scores of a block's complete methods against seconds, the best ones joined by a line."""
    figure = _figure((9, 10))
    panels = list(zip(figure.subplots(len(HEADLINES)), HEADLINES))
    points = distinct(summary).assign(x=summary["seconds"].clip(lower=QUICKEST)).dropna(subset="x")
    for axes, metric in panels:
        shown = points.dropna(subset=metric)
        mine, front = shown["method"] == ours, pareto(shown, metric)
        axes.set_xscale("log")
        axes.margins(0.12, 0.1)
        axes.step(front["x"], front[metric], where="post", color=FRONT, lw=1.4, alpha=0.7, zorder=1)
        axes.scatter(shown["x"], shown[metric], c=np.where(mine, OURS, OTHERS), s=np.where(mine, 80, 26))
        axes.set_ylabel(f"mean {SCORES[metric]}")
        axes.set_title(f"{SCORES[metric]} against seconds; blue: no quicker method is better", loc="left")
        _plain(axes)
    panels[-1][0].set_xlabel("seconds per training fold, median (logarithmic)")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed in the final layout
    for axes, metric in panels:
        _name_points(axes, points.dropna(subset=metric), metric, ours)
    save_picture(figure, path)


def pareto(points: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Select the points that no quicker one equals."""
    ordered = points.sort_values(["x", metric], ascending=[True, False])
    return ordered[ordered[metric] > ordered[metric].cummax().shift(fill_value=-np.inf)]


def _name_points(axes: Any, points: pd.DataFrame, metric: str, ours: str) -> None:
    """Names where they hide neither points nor one another."""
    x, y = points["x"].to_numpy(), points[metric].to_numpy()
    mine = points["method"] == ours
    look = {
        "textcolor": list(np.where(mine, OURS, INK)),
        "fontweight": list(np.where(mine, "bold", "normal")),
        "textsize": 9.5,
        "linecolor": "#999999",
        "linewidth": 0.6,
        "path_effects": [withStroke(linewidth=2.5, foreground="white")],  # a rim over lines below
    }
    steps = axes.lines[0].get_path().vertices
    if len(steps) > 1:
        look |= {"x_lines": [steps[:, 0]], "y_lines": [steps[:, 1]]}
    names = [title(method) for method in points["method"]]
    textalloc.allocate(axes, x, y, names, x_scatter=x, y_scatter=y, **look)


def sweeps(costs: pd.DataFrame, ours: str, path: Path) -> None:
    """Draw seconds and memory against the swept value, a line per method (columns sweep, value, method)."""
    sizes, methods = costs["sweep"].unique(), costs["method"].unique()
    figure = _figure((9, 3.1 * len(sizes) + 1.2))
    grid = figure.subplots(len(sizes), 2, squeeze=False)
    for line, size in zip(grid, sizes):
        part = costs[costs["sweep"] == size]
        for axes, (column, label) in zip(line, (("seconds", "seconds"), ("peak_mb", "peak MB"))):
            styles = zip(
                methods, cycle(LINES), (dash for dash in cycle(DASHES) for _ in LINES), cycle(MARKERS)
            )
            for method, colour, dash, marker in styles:
                points = part[part["method"] == method].sort_values("value")
                look = {"color": colour, "lw": 1.3, "ls": dash}
                look = {"color": OURS, "lw": 3, "zorder": 5} if method == ours else look
                y = points[column].clip(lower=QUICKEST)
                axes.plot(points["value"], y, marker=marker, ms=4.5, label=title(method), **look)
            axes.set(xscale="log", yscale="log")
            values = sorted(part["value"].unique())
            axes.set_xticks(values, [f"{value:g}" for value in values])
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_locator(LogLocator(numticks=6))
            _plain(axes)
            axes.set(xlabel=size, ylabel=label)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    save_picture(figure, path)
