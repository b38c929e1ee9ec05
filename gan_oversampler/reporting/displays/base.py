"""What displays have in common: how they are drawn, and where the scores or rows that they show come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from gan_oversampler._utils import lookup
from gan_oversampler.reporting.displays.drawing import matplotlib
from gan_oversampler.reporting.evidence import Evidence, as_pandas, n_drawn
from gan_oversampler.reporting.facts import ReportFacts

NOT_FITTED: Final = "This %(name)s is not fitted yet. Call its 'fit' or 'fit_resample' before drawing it."


class Display(ABC):
    """Base of all pictures, in the style of scikit-learn's displays.

    The constructor takes tables, ``from_estimator`` takes them from a fitted sampler and draws them, and
    ``plot`` draws them again, on other axes or with other options. Showing and closing figures is left to the
    user.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes that were drawn on last.
    figure_ : matplotlib Figure
        Figure of these axes.
    """

    ax_: Any
    figure_: Any

    @property
    @abstractmethod
    def description(self) -> str:
        """A sentence with the main numbers of the picture, for readers who do not see it."""

    @abstractmethod
    def plot(self, ax: Any = None) -> Self:
        """Draw the picture, and return the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Raises
        ------
        ValueError
            If there is nothing to draw; the message says why.
        """

    def _start(self, ax: Any, size: tuple[float, float]) -> None:
        """Remember the axes to draw on, those of a new figure if None."""
        if ax is None:
            _, ax = matplotlib("pyplot").subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure


class ReportDisplay(Display):
    """A picture of scores or losses, which are those of a report."""

    @classmethod
    @abstractmethod
    def from_report(cls, report: ReportFacts) -> Self:
        """Take from a report what the picture shows, without drawing it; :meth:`plot` does that later."""

    @classmethod
    def from_estimator(cls, sampler: Any, *, oracle: str | None = None, ax: Any = None) -> Self:
        """Draw scores or losses of a fitted sampler.

        Parameters
        ----------
        sampler : GANOversampler or Search
            Fitted.
        oracle : str, default=None
            Key of ``sampler.reports_``: whose scores, of several oracles; None is the first one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Raises
        ------
        NotFittedError
            If the sampler is not fitted.
        ValueError
            If there is no such oracle, nothing was scored, or, for losses, nothing was trained.
        """
        sampler = getattr(sampler, "sampler_", sampler)  # of a fitted search
        check_is_fitted(sampler, "report_", msg=NOT_FITTED)
        report = sampler.report_ if oracle is None else lookup(sampler.reports_, oracle, "oracle")
        return cls.from_report(report).plot(ax=ax)


@dataclass(frozen=True, eq=False)
class Pair:
    """Real and new rows of one class, as tables to be compared.

    Parameters
    ----------
    real, new, others : DataFrame
        Real rows of the class, new rows, and real rows of all other classes.
    label : object
        The class.
    """

    real: pd.DataFrame
    new: pd.DataFrame
    others: pd.DataFrame
    label: Any

    @classmethod
    def of_evidence(cls, evidence: Evidence, label: Any = None) -> Pair:
        """Take the rows that a fit kept of a class, held-out ones where there are any.

        The class is the rarest if ``label`` is None. Raises ``ValueError`` if it was not oversampled.
        """
        label = evidence.labels[0] if label is None else label
        others = evidence.real_table(label, others=True)
        return cls(evidence.real_table(label), evidence.new_table(label), others, label)


class RowsDisplay(Display):
    """A picture of real rows beside new rows of one class."""

    @classmethod
    @abstractmethod
    def from_pair(cls, pair: Pair) -> Self:
        """Compute from real and new rows what the picture shows; :meth:`plot` draws it afterwards."""

    @classmethod
    def from_estimator(
        cls, sampler: Any, *, label: Any = None, X: Any = None, y: Any = None, ax: Any = None, **options: Any
    ) -> Self:
        """Draw rows of a fitted sampler.

        Parameters
        ----------
        sampler : GANOversampler
            Fitted.
        label : object, default=None
            Class; None is the rarest or, with ``X``, the one that most new rows were asked for.
        X, y : table and labels, default=None
            Real rows to compare with rows drawn now. Without them it shows what the fit kept: rows held
            out, and rows of generators that never saw these.
        ax, **options
            Axes to draw on, and further options of ``plot``.

        Raises
        ------
        NotFittedError
            If the sampler is not fitted.
        ValueError
            If the fit kept no rows and ``X`` is None, or ``X`` comes without ``y``.
        """
        check_is_fitted(sampler, "report_", msg=NOT_FITTED)
        if X is None:
            report = sampler.report_
            if report.evidence is None:
                raise ValueError(
                    f"This fit kept no rows to compare ({report.reason}). Give 'X' and 'y', best of"
                    " rows that it was not fitted on."
                )
            return cls.from_pair(Pair.of_evidence(report.evidence, label)).plot(ax=ax, **options)
        if y is None:
            raise ValueError("'X' needs 'y', the classes of its rows. Give both, or none.")
        if label is None:
            n_new = {name: n for name, n in sampler.sampling_strategy_.items() if n}
            label = max(n_new, key=n_new.__getitem__, default=None)
        table, mask = as_pandas(X), np.array([value == label for value in y])
        real, others = (table[side].reset_index(drop=True) for side in (mask, ~mask))
        new = as_pandas(sampler.sample(n_drawn(len(real)), y=label, random_state=0))
        return cls.from_pair(Pair(real, new, others, label)).plot(ax=ax, **options)
