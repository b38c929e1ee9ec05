"""Reporting: what a fit did, as text, tables, one HTML page and pictures.

Here live the facts of a fit, the report that renders them, its page, the displays in scikit-learn's style,
the model summary, and the held-out evidence that they show. Nothing here may decide anything: reports are
written from finished facts. Start at ``facts.py``, then at ``report.py`` and ``displays/``.
"""

from gan_oversampler.reporting.displays.correlation import CorrelationDisplay
from gan_oversampler.reporting.displays.marginals import MarginalsDisplay
from gan_oversampler.reporting.displays.projection import ProjectionDisplay
from gan_oversampler.reporting.displays.scores import ScoresDisplay
from gan_oversampler.reporting.displays.searching import (
    ArchitectureDisplay,
    ImportanceDisplay,
    SearchDisplay,
)
from gan_oversampler.reporting.displays.training import LossDisplay, TrajectoryDisplay
from gan_oversampler.reporting.model_summary import ModelSummary
from gan_oversampler.reporting.report import Report

__all__ = ["CorrelationDisplay", "LossDisplay", "MarginalsDisplay", "ModelSummary", "ProjectionDisplay"]
__all__ += ["Report", "ScoresDisplay", "TrajectoryDisplay"]
__all__ += ["ArchitectureDisplay", "ImportanceDisplay", "SearchDisplay"]
