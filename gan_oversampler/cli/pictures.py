"""The picture of a comparison."""

from __future__ import annotations

from pathlib import Path

from gan_oversampler._utils import standard_error
from gan_oversampler._writing import written_whole
from gan_oversampler.cli.comparison import GROUP_OF, METHODS, METRICS, Comparison
from gan_oversampler.reporting.displays import drawing

COLOURS = (drawing.QUIET, drawing.LINES[1], drawing.LINES[3], drawing.NEW)  # of the methods


def draw_scores(comparison: Comparison, path: Path) -> None:
    """Write the scores of all methods and classifiers as dots with standard errors, a panel per metric.

    Raises ``ImportError`` if matplotlib is missing.
    """
    figure = drawing.matplotlib("figure").Figure((10, 1.2 + 0.9 * len(GROUP_OF)), layout="constrained")
    panels = figure.subplots(1, len(METRICS), sharey=True)
    for ax, metric in zip(panels, METRICS, strict=True):
        for j, (method, colour) in enumerate(zip(METHODS, COLOURS, strict=True)):
            scores = [comparison.by_fold(metric, method=method, classifier=name) for name in GROUP_OF]
            heights = [place + 0.18 * (j - 1.5) for place in range(len(GROUP_OF))]
            look = {"fmt": "o", "ms": 6, "elinewidth": 1.4, "capsize": 2.5, "color": colour, "label": method}
            ax.errorbar([s.mean() for s in scores], heights, xerr=[standard_error(s) for s in scores], **look)
        ax.set_xlabel(f"{drawing.column_title(comparison.score_of[metric], 60)} ± SE")
        drawing.clean_axes(ax, grid="x")
    panels[0].set_yticks(range(len(GROUP_OF)), [f"{name}\n({group})" for name, group in GROUP_OF.items()])
    panels[0].invert_yaxis()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=144, format="png")
