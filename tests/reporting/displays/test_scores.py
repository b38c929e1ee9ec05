"""Scores are shown best first, and of very many those that matter."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gan_oversampler.reporting.displays.scores import ScoresDisplay
from tests.histories import entries_of


def _labels(display):
    return [label.get_text() for label in display.plot(Figure().add_subplot()).ax_.get_yticklabels()]


@pytest.mark.parametrize("greater_is_better", [True, False, None])
def test_the_best_score_is_on_top(greater_is_better):
    display = ScoresDisplay(entries_of(a=(10, 0.7)), greater_is_better=greater_is_better)
    assert _labels(display) == sorted(["guided, step 10", "smote"], reverse=greater_is_better is False)
    assert display.ax_.get_ylim()[0] > display.ax_.get_ylim()[1]
    words = display.description
    assert (words.index("guided") < words.index("smote")) is (greater_is_better is not False)


def test_of_many_candidates_baselines_and_kept_ones_stay():
    many = pd.DataFrame({"name": "guided", "step": range(99), "score": np.linspace(1, 0, 99)})
    many = pd.concat([many.assign(kept=many["step"] == 98), entries_of()]).assign(standard_error=0.1)
    names = _labels(ScoresDisplay(many))
    assert len(names) == 24
    assert {"smote", "guided, step 0", "guided, step 98"} <= set(names)


def test_stars_mark_what_was_kept_and_scores_that_are_not_finite_are_left_out():
    entries = pd.concat([entries_of(a=(10, 0.7)), entries_of().assign(name="none", score=np.nan)])
    display = ScoresDisplay(entries)
    assert _labels(display) == ["guided, step 10", "smote"]
    (stars,) = (line for line in display.ax_.lines if line.get_marker() == "*")
    assert stars.get_xydata().tolist() == [[0.7, 0.0]]
