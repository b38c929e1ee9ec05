"""Pictures of a search: its scores, what they depend on, and the architecture that was found."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gan_oversampler import GAN, ArchitectureDisplay, Critic, Generator, ImportanceDisplay, SearchDisplay
from gan_oversampler.gans.parts import Cell
from gan_oversampler.reporting.facts import ReportFacts
from gan_oversampler.reporting.search_facts import SearchFacts, TrialFacts


def axes():
    return Figure().add_subplot()


def facts(scores=(0.5, 0.7, np.nan, 0.6), states=("complete", "complete", "failed", "pruned"), **changes):
    trials = tuple(TrialFacts(n, *its) for n, its in enumerate(zip(states, scores, strict=True)))
    search = SearchFacts("tpe", 12, trials, best=1, best_gan=GAN(), **changes)
    return ReportFacts("F1", "guided", "best", search=search)


def test_every_scored_trial_is_a_point_and_the_line_is_the_best_complete_one_so_far():
    display = SearchDisplay.from_report(facts()).plot(ax=axes())
    points = {line.get_label(): line.get_xydata().tolist() for line in display.ax_.lines}
    assert points["complete trial"] == [[0, 0.5], [1, 0.7]]
    assert points["pruned trial"] == [[3, 0.6]]
    assert points["best so far"] == [[0, 0.5], [1, 0.7]]


def test_where_low_scores_are_good_the_line_falls():
    trials = pd.DataFrame({"number": [0, 1, 2], "state": "complete", "score": [3.0, 1.0, 2.0]})
    display = SearchDisplay(trials, greater_is_better=False).plot(ax=axes())
    assert display.ax_.lines[-1].get_ydata().tolist() == [3.0, 1.0, 1.0]
    assert "trial 1 with 1.000" in display.description


def test_importances_are_drawn_largest_first():
    shares = {"latent": 0.2, "loss": 0.5, "cells": 0.3}
    display = ImportanceDisplay.from_report(facts(importances=shares)).plot(ax=axes())
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["loss", "cells", "latent"]


def test_an_architecture_has_a_box_for_every_part_and_an_arc_for_every_skip():
    cells = Cell(width=16), Cell(width=8, order="pre", norm="layer"), Cell(width=4, skips=(0, 1))
    gan = GAN(generator=Generator(cells=cells), critic=Critic(widths=(32,), norm="layer"))
    display = ArchitectureDisplay(gan).plot(ax=axes())
    texts = [text.get_text() for text in display.ax_.texts]
    for part in (
        "16 × 2, post\nleaky_relu\nshortcut",
        "8 × 2, pre\nleaky_relu\nlayer norm\nshortcut",
        "new row",
    ):
        assert part in texts
    arrows = [text for text in display.ax_.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 4 + 2 + 2  # of the chain of the generator, of that of the critic, and skips
    assert "32 leaky_relu layer norm" in display.description


def test_without_a_search_or_scores_there_is_nothing_to_draw():
    for kind in (SearchDisplay, ImportanceDisplay, ArchitectureDisplay):
        with pytest.raises(ValueError, match="There was no search"):
            kind.from_report(ReportFacts("F1", "smote", "best"))
    with pytest.raises(ValueError, match="no trial of the search could be scored"):
        SearchDisplay.from_report(facts(scores=(np.nan,) * 4)).plot(ax=axes())
    with pytest.raises(ValueError, match="too few trials"):
        ImportanceDisplay.from_report(facts()).plot(ax=axes())
