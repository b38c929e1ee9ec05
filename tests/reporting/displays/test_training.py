"""Trajectories and losses: what is marked where, and how GANs of one name differ."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gan_oversampler.reporting.displays.drawing import LINES
from gan_oversampler.reporting.displays.training import LossDisplay, TrajectoryDisplay
from tests.histories import entries_of, history_of


def test_kept_steps_are_marked_where_they_are():
    shown = TrajectoryDisplay(history_of(0.5, 0.7, 0.6), entries_of(a=(10, 0.7), b=(20, 0.6)))
    (stars,) = (line for line in shown.plot(Figure().add_subplot()).ax_.lines if line.get_marker() == "*")
    assert stars.get_xydata().tolist() == [[10.0, 0.7], [20.0, 0.6]]
    assert "goes from 0.500 at step 0 to 0.600 at step 20" in shown.description
    assert "kept: guided at step 10, guided at step 20" in shown.description


def test_levels_are_named_beyond_the_data_and_never_overlap():
    base = {"specification": 1, "name": "base(border)", "step": 0, "score": 0.4, "standard_error": 0.1}
    history = pd.concat([history_of(0.5, 0.7, 0.6), pd.DataFrame([base])])
    ax = TrajectoryDisplay(history, entries_of(a=(10, 0.7))).plot(Figure().add_subplot()).ax_
    places = {text.get_text().strip(): text.get_position() for text in ax.texts}
    assert set(places) == {"smote", "base border"}
    assert all(x > ax.get_xlim()[1] for x, _ in places.values())
    assert abs(places["smote"][1] - places["base border"][1]) > 0.04 * np.ptp(ax.get_ylim())


def test_gans_of_one_name_are_told_apart():
    twins = pd.concat([history_of(0.5, 0.7, 0.6), history_of(0.5, 0.4, 0.3).assign(specification=2)])
    ax = TrajectoryDisplay(twins, entries_of()).plot(Figure().add_subplot()).ax_
    labels = ax.get_legend_handles_labels()[1]
    assert {"guided (no. 1) ± SE", "guided (no. 3) ± SE"} <= set(labels)
    assert ax.lines[0].get_color() == LINES[0] != ax.lines[1].get_color()


@pytest.mark.parametrize(("greater_is_better", "words"), [(True, "(higher"), (False, "(lower"), (None, "SE")])
def test_the_axis_says_which_scores_are_good(greater_is_better, words):
    display = TrajectoryDisplay(history_of(1, 2, 3), entries_of(), greater_is_better=greater_is_better)
    assert words in display.plot(Figure().add_subplot()).ax_.get_ylabel().removesuffix(" is better)")


def test_of_very_many_steps_at_most_nine_are_named_the_last_one_among_them():
    history = pd.DataFrame({"specification": 0, "name": "guided", "step": range(0, 1050, 50), "score": 0.5})
    display = TrajectoryDisplay(history.assign(standard_error=0.1), entries_of())
    ticks = display.plot(Figure().add_subplot()).ax_.get_xticks()
    assert len(ticks) <= 9
    assert ticks[-1] == 1000


def _losses(**columns):
    frame = history_of(0.5, 0.6, 0.7).assign(critic_loss=np.nan, generator_loss=[np.nan, 0.6, 0.5])
    return frame.assign(**columns)


def test_without_a_critic_there_is_no_loss_of_a_critic():
    display = LossDisplay(_losses()).plot(Figure().add_subplot())
    assert [line.get_label() for line in display.ax_.lines] == ["generator"]
    assert "critic" not in display.description


def test_of_one_gan_the_networks_differ_in_colour_of_several_the_gans_do():
    one = _losses(critic_loss=[np.nan, 1.3, 1.2])
    critic, generator = LossDisplay(one).plot(Figure().add_subplot()).ax_.lines
    assert critic.get_color() != generator.get_color()
    two = pd.concat([one, one.assign(specification=1, name="classic")])
    lines = LossDisplay(two).plot(Figure().add_subplot()).ax_.lines
    assert [line.get_color() for line in lines] == [LINES[0], LINES[0], LINES[1], LINES[1]]
    assert [line.get_linestyle() for line in lines] == ["-", ":", "-", ":"]
