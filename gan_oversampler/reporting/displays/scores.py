"""Picture of the scores of candidates and baselines, each with its noise."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from gan_oversampler.reporting.displays import drawing
from gan_oversampler.reporting.displays.base import ReportDisplay
from gan_oversampler.reporting.facts import ReportFacts

MAX_LINES: Final = 24


@dataclass(eq=False, repr=False)
class ScoresDisplay(ReportDisplay):
    """Held-out scores of candidates and baselines, the best on top, the kept ones marked by a star.

    Parameters
    ----------
    entries : DataFrame
        One row each: name, step (missing for baselines), score, standard_error, kept. Of more than 24 with a
        score, the baselines, the kept and the best candidates are drawn.
    score_name : str, default="score"
        What the axis calls the scores.
    greater_is_better : bool or None, default=None
        Whether high scores are on top (they are if None, too), and what the axis says of them.

    Examples
    --------
    >>> entries = pd.DataFrame({"name": ["smote", "guided"], "step": [None, 50], "score": [0.5, 0.6]})
    >>> entries = entries.assign(standard_error=0.1, kept=[False, True])
    >>> from matplotlib.figure import Figure
    >>> display = ScoresDisplay(entries).plot(ax=Figure().add_subplot())
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['guided, step 50', 'smote']
    """

    entries: pd.DataFrame
    _: KW_ONLY
    score_name: str = "score"
    greater_is_better: bool | None = None

    @classmethod
    def from_report(cls, report: ReportFacts) -> ScoresDisplay:
        """Take the entries of a report and the direction of its oracle, without drawing them."""
        return cls(
            report.to_frame(), score_name=report.score_name, greater_is_better=report.greater_is_better
        )

    @property
    def description(self) -> str:
        """Name, step, score and standard error of all candidates and baselines that are drawn, best first."""
        shown = self._shown().itertuples()
        texts = [f"{line.title} {line.score:.3f} ± {line.standard_error:.3f}" for line in shown]
        return f"Held-out scores, best first: {'; '.join(texts)}."

    def plot(self, ax: Any = None) -> ScoresDisplay:
        """Draw a point per score, with a bar of one standard error to either side, as :meth:`Display.plot`.

        Raises ``ValueError`` if there is no finite score.
        """
        shown = self._shown()
        if not len(shown):
            raise ValueError("There are no scores to draw: no oracle scored this fit.")
        self._start(ax, (8, 1.3 + 0.3 * len(shown)))
        trained = shown["step"].notna()
        look = {"fmt": "o", "ms": 6, "elinewidth": 1.4, "capsize": 2.5}
        for label, lines, colours in (
            ("baseline", shown[~trained], {"color": drawing.QUIET, "mfc": "white"}),
            ("candidate", shown[trained], {"color": drawing.NEW}),
        ):
            if len(lines):
                errors = lines["standard_error"]
                self.ax_.errorbar(lines["score"], lines.index, xerr=errors, label=label, **look, **colours)
        if len(kept := shown[shown["kept"]]):
            self.ax_.plot(kept["score"], kept.index, label="kept", **drawing.KEPT)
        self.ax_.set_yticks(shown.index, shown["title"])
        self.ax_.set_ylim(len(shown) - 0.4, -0.6)
        label = drawing.score_axis_label(self.score_name, self.greater_is_better)
        self.ax_.set_xlabel(label, loc="right")  # there is room under the names
        drawing.clean_axes(self.ax_, grid="x")
        self.ax_.tick_params(axis="y", length=0)
        drawing.legend_below(self.ax_)
        return self

    def _shown(self) -> pd.DataFrame:
        """Entries to draw, the best first, numbered from 0, with their titles."""
        entries = self.entries.astype({"score": float, "standard_error": float, "kept": bool})
        ascending = self.greater_is_better is False
        best = entries[np.isfinite(entries["score"])].sort_values("score", ascending=ascending, kind="stable")
        if len(best) > MAX_LINES:
            always = best["kept"] | best["step"].isna()
            best = best[always | ((~always).cumsum() <= max(MAX_LINES - int(always.sum()), 0))]
        names = [drawing.column_title(drawing.gan_title(name)) for name in best["name"]]
        titles = [n if pd.isna(step) else f"{n}, step {int(step)}" for n, step in zip(names, best["step"])]
        return best.assign(title=titles).reset_index(drop=True)
