"""What holds for all displays: where they draw, where their data come from, and what they say without any."""

from dataclasses import replace

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError

from gan_oversampler import GANOversampler
from gan_oversampler.reporting.displays.base import Pair
from gan_oversampler.reporting.displays.correlation import CorrelationDisplay
from gan_oversampler.reporting.displays.marginals import MarginalsDisplay
from gan_oversampler.reporting.displays.projection import ProjectionDisplay
from gan_oversampler.reporting.displays.scores import ScoresDisplay
from gan_oversampler.reporting.displays.training import LossDisplay, TrajectoryDisplay
from tests.fitted_samplers import fitted, gathered, without_matplotlib
from tests.tables import mixed, numbers

OF_ROWS = (MarginalsDisplay, ProjectionDisplay, CorrelationDisplay)
OF_SCORES = (TrajectoryDisplay, LossDisplay, ScoresDisplay)


@pytest.mark.parametrize("display", [*OF_SCORES, *OF_ROWS])
def test_a_display_draws_on_the_axes_given_and_returns_itself(display, sampler):
    figure = Figure()
    ax, beside = figure.subplots(1, 2)
    shown = display.from_estimator(sampler, ax=ax)
    assert isinstance(shown, display)
    assert shown.ax_ is ax
    assert shown.figure_ is figure
    assert shown.plot(ax=figure.add_subplot()) is shown
    assert not beside.lines
    assert not plt.get_fignums()
    assert len(shown.description.split()) > 4


@pytest.mark.parametrize("display", [*OF_SCORES, *OF_ROWS])
def test_a_display_makes_a_figure_where_none_is_given(display, mixed_sampler):
    shown = display.from_estimator(mixed_sampler)
    assert plt.get_fignums()
    shown.figure_.canvas.draw()


@pytest.mark.parametrize("display", OF_ROWS)
def test_displays_compare_rows_of_the_user_with_rows_drawn_now(display, mixed_sampler):
    X, y = mixed()
    shown = display.from_estimator(mixed_sampler, X=X, y=y, label="rare", ax=Figure().add_subplot())
    assert shown.label == "rare"
    assert "class rare" in shown.description


@pytest.mark.parametrize("labels", [list, lambda y: y.to_numpy(object)], ids=["list", "array"])
def test_rows_of_the_user_are_told_apart_by_their_labels_in_any_container(labels, mixed_sampler):
    X, y = mixed()
    shown = ProjectionDisplay.from_estimator(mixed_sampler, X=X, y=labels(y), ax=Figure().add_subplot())
    assert shown.label == "rarest"  # most new rows were asked for
    assert (len(shown.real), len(shown.new), len(shown.others)) == (20, 100, 100)


def test_options_of_a_picture_can_be_given_with_the_sampler(sampler):
    shown = MarginalsDisplay.from_estimator(sampler, max_columns=2, ax=Figure().add_subplot())
    assert len(shown.axes_) == 2
    with pytest.raises(TypeError, match="max_columns"):
        CorrelationDisplay.from_estimator(sampler, max_columns=2)


def test_without_rows_a_display_says_why():
    X, y = numbers()
    sampler = fitted(X, y, max_steps=0)
    sampler.report_ = replace(sampler.report_, evidence=None)
    with pytest.raises(ValueError, match=r"kept no rows to compare .* Give 'X' and 'y'"):
        MarginalsDisplay.from_estimator(sampler)
    with pytest.raises(ValueError, match="'X' needs 'y'"):
        MarginalsDisplay.from_estimator(sampler, X=X)


def test_rows_of_the_rarest_class_are_compared_unless_another_is_asked_for():
    evidence = gathered(*mixed())
    assert Pair.of_evidence(evidence).label == "rarest"
    pair = Pair.of_evidence(evidence, "rare")
    assert [len(table) for table in (pair.real, pair.others)] == [30, 90]


@pytest.mark.parametrize("display", [*OF_SCORES, *OF_ROWS])
def test_a_display_of_an_unfitted_sampler_says_to_fit_it(display):
    with pytest.raises(NotFittedError, match=r"GANOversampler is not fitted yet\. Call its 'fit'"):
        display.from_estimator(GANOversampler())


def test_without_an_oracle_there_are_losses_but_no_scores():
    sampler = fitted(*numbers(), oracle=None)
    assert LossDisplay.from_estimator(sampler, ax=Figure().add_subplot()).ax_.lines
    for display in (TrajectoryDisplay, ScoresDisplay):
        with pytest.raises(ValueError, match="no oracle scored"):
            display.from_estimator(sampler)


def test_scores_of_any_oracle_can_be_drawn():
    sampler = fitted(*numbers(), oracle=["downstream", "energy"])
    for display in OF_SCORES:
        shown = display.from_estimator(sampler, oracle="energy", ax=Figure().add_subplot())
        assert getattr(shown, "greater_is_better", False) is False
    assert "lower is better" in ScoresDisplay.from_estimator(sampler, oracle="energy").ax_.get_xlabel()
    with pytest.raises(ValueError, match="Unknown oracle 'frechet'"):
        ScoresDisplay.from_estimator(sampler, oracle="frechet")


def test_untrained_bases_have_scores_but_no_losses():
    sampler = fitted(*numbers(), max_steps=0)
    assert TrajectoryDisplay.from_estimator(sampler, ax=Figure().add_subplot()).ax_.collections
    with pytest.raises(ValueError, match="nothing was trained"):
        LossDisplay.from_estimator(sampler)


def test_without_matplotlib_a_display_says_what_to_install(monkeypatch, sampler):
    without_matplotlib(monkeypatch)
    with pytest.raises(ImportError, match=r'pip install "gan-oversampler\[plot\]"'):
        ScoresDisplay.from_estimator(sampler)
