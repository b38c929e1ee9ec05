"""Displays and the evidence that they show."""

from dataclasses import replace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.figure import Figure
from scipy import sparse

from gan_oversampler import GAN, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.dataset import Rows
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.reporting.displays import tables
from gan_oversampler.reporting.displays.correlation import CorrelationDisplay
from gan_oversampler.reporting.displays.drawing import LINES, spread
from gan_oversampler.reporting.displays.marginals import MarginalsDisplay
from gan_oversampler.reporting.displays.pairs import Pair
from gan_oversampler.reporting.displays.projection import ProjectionDisplay
from gan_oversampler.reporting.displays.scores import ScoresDisplay
from gan_oversampler.reporting.displays.training import LossDisplay, TrajectoryDisplay
from gan_oversampler.reporting.evidence import MOST_DRAWN, MOST_REAL, Evidence, as_pandas, n_drawn
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import Source
from gan_oversampler.selection.folds import split
from tests.tables import mixed, numbers

OF_ROWS = (MarginalsDisplay, ProjectionDisplay, CorrelationDisplay)
OF_SCORES = (TrajectoryDisplay, LossDisplay, ScoresDisplay)
SMALL = {"max_steps": 20, "epoch_unit": 10, "random_state": 0}


def gathered(X, y, base="smoothed_bootstrap", cv=3):
    """Evidence of an untrained base, as a fit gathers it."""
    target, codec = Target.of(y), TableEncoder.learn(X)
    rng = np.random.default_rng(0)
    rows = Rows(
        codec.encode(X), target.codes, target.classes, lambda values, origin: codec.decode(values, rng)
    )
    targets = list(range(1, len(target.classes)))
    everything = [(np.arange(len(rows)), np.arange(0))]
    folds = split(cv, rows, 8, 0) if cv else everything
    drawn = [_drawn(rows, seen, RowSpace(codec.layout), base, targets) for seen, _ in folds]
    return Evidence.gather(rows, folds, drawn, targets)


def _drawn(rows, seen, space, base, targets):
    pool = FoldData.of(
        rows.values[seen],
        rows.codes[seen],
        space,
        learned=targets,
        drawn=targets,
        n_classes=len(rows.classes),
    )
    values = [Source(pool, base).draw(code, n_drawn(len(pool.rows[code])), Streams.of(0)) for code in targets]
    codes = np.repeat(targets, [len(part) for part in values])
    return Rows(np.concatenate(values), codes, rows.classes, rows.frames)


def fitted(X, y, **parameters):
    """A small sampler whose report has everything a fit hands over."""
    gans = [GAN("guided", widths=(8,)), GAN(base="smote", forces={})]
    sampler = GANOversampler(**{"gan": gans, **SMALL, **parameters}).fit(X, y)
    report = sampler.report_
    if report.history is None:
        report = replace(report, history=sampler.history_)
    if report.evidence is None:
        report = replace(report, evidence=gathered(X, y))
    sampler.report_ = report
    return sampler


@pytest.fixture(scope="module")
def sampler():
    return fitted(*numbers())


@pytest.fixture(scope="module")
def mixed_sampler():
    return fitted(*mixed())


@pytest.fixture(autouse=True)
def no_show(monkeypatch):
    """Displays leave showing and closing to the user."""
    for name in ("show", "close"):
        monkeypatch.setattr(plt, name, lambda *_, name=name: pytest.fail(f"a display called {name}"))
    before = set(plt.get_fignums())
    yield
    monkeypatch.undo()
    for number in set(plt.get_fignums()) - before:
        plt.close(number)


# --- displays


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


def test_without_rows_a_display_says_why():
    X, y = numbers()
    sampler = GANOversampler(**SMALL).fit(X, y)
    sampler.report_ = replace(sampler.report_, evidence=None)
    with pytest.raises(ValueError, match=r"kept no rows to compare .* Give 'X' and 'y'"):
        MarginalsDisplay.from_estimator(sampler)
    with pytest.raises(ValueError, match="'X' needs 'y'"):
        MarginalsDisplay.from_estimator(sampler, X=X)


def test_without_an_oracle_there_are_losses_but_no_scores():
    sampler = fitted(*numbers(), oracle=None)
    assert LossDisplay.from_estimator(sampler, ax=Figure().add_subplot()).ax_.lines
    for display in (TrajectoryDisplay, ScoresDisplay):
        with pytest.raises(ValueError, match="no oracle judged"):
            display.from_estimator(sampler)


def test_scores_of_any_oracle_can_be_drawn():
    sampler = fitted(*numbers(), oracle=["downstream", "energy"])
    if sampler.reports_["energy"].history is None:
        sampler.reports_["energy"] = replace(sampler.reports_["energy"], history=sampler.history_)
    for display in OF_SCORES:
        shown = display.from_estimator(sampler, oracle="energy", ax=Figure().add_subplot())
        assert getattr(shown, "direction", "lower is better") == "lower is better"
    with pytest.raises(ValueError, match="Unknown oracle 'frechet'"):
        ScoresDisplay.from_estimator(sampler, oracle="frechet")


def test_untrained_bases_have_scores_but_no_losses():
    sampler = fitted(*numbers(), max_steps=0)
    assert TrajectoryDisplay.from_estimator(sampler, ax=Figure().add_subplot()).ax_.collections
    with pytest.raises(ValueError, match="nothing was trained"):
        LossDisplay.from_estimator(sampler)


def history_of(*scores):
    frame = pd.DataFrame({"specification": 0, "name": "guided", "step": [0, 10, 20], "score": scores})
    return frame.assign(standard_error=0.1)


def entries_of(**steps):
    rows = [
        ("smote", None, 0.4, 0.1, False),
        *(("guided", step, score, 0.1, True) for step, score in steps.values()),
    ]
    columns = ["name", "step", "score", "standard_error", "kept"]
    return pd.DataFrame(rows, columns=columns).astype({"step": "Int64"})


def test_kept_steps_are_marked_where_they_are():
    shown = TrajectoryDisplay(history_of(0.5, 0.7, 0.6), entries_of(a=(10, 0.7), b=(20, 0.6)))
    (stars,) = (line for line in shown.plot(Figure().add_subplot()).ax_.lines if line.get_marker() == "*")
    assert stars.get_xydata().tolist() == [[10.0, 0.7], [20.0, 0.6]]
    assert "kept: guided at step 10, guided at step 20" in shown.description


def test_levels_are_named_beyond_the_data_and_never_overlap():
    base = {"specification": 1, "name": "base(border)", "step": 0, "score": 0.4, "standard_error": 0.1}
    history = pd.concat([history_of(0.5, 0.7, 0.6), pd.DataFrame([base])])
    ax = TrajectoryDisplay(history, entries_of(a=(10, 0.7))).plot(Figure().add_subplot()).ax_
    places = {text.get_text().strip(): text.get_position() for text in ax.texts}
    assert set(places) == {"smote", "base border"}
    assert all(x > ax.get_xlim()[1] for x, _ in places.values())
    assert abs(places["smote"][1] - places["base border"][1]) > 0.04 * np.ptp(ax.get_ylim())


@pytest.mark.parametrize("direction", ["higher is better", "lower is better"])
def test_the_best_score_is_on_top(direction):
    ax = ScoresDisplay(entries_of(a=(10, 0.7)), direction=direction).plot(Figure().add_subplot()).ax_
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == sorted(["guided, step 10", "smote"], reverse=direction.startswith("lower"))
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_of_many_candidates_baselines_and_kept_ones_stay():
    many = pd.DataFrame({"name": "guided", "step": range(99), "score": np.linspace(1, 0, 99)})
    many = pd.concat([many.assign(kept=many["step"] == 98), entries_of()]).assign(standard_error=0.1)
    ax = ScoresDisplay(many).plot(Figure().add_subplot()).ax_
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert len(names) == 24
    assert {"smote", "guided, step 0", "guided, step 98"} <= set(names)


def test_gans_of_one_name_are_told_apart():
    twins = pd.concat([history_of(0.5, 0.7, 0.6), history_of(0.5, 0.4, 0.3).assign(specification=2)])
    ax = TrajectoryDisplay(twins, entries_of()).plot(Figure().add_subplot()).ax_
    labels = ax.get_legend_handles_labels()[1]
    assert {"guided (no. 1) ± SE", "guided (no. 3) ± SE"} <= set(labels)
    assert ax.lines[0].get_color() == LINES[0] != ax.lines[1].get_color()


def test_columns_that_differ_most_come_first_and_no_more_than_asked():
    real = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 20)))
    new = real.copy()
    new[7] += 9
    new[3] += 1
    shown = MarginalsDisplay(real, new).plot(Figure().add_subplot(), max_columns=5)
    assert shown.differences_.index[:2].tolist() == [7, 3]
    assert [ax.get_title(loc="left").split()[0] for ax in shown.axes_][:2] == ["x7", "x3"]
    assert len(shown.axes_) == 5
    with pytest.raises(ValueError, match="'histogram' or 'cumulative'"):
        shown.plot(style="bars")


def test_marginals_fill_axes_that_were_put_anywhere(sampler):
    figure = Figure()
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    shown = MarginalsDisplay.from_estimator(sampler, ax=ax, style="cumulative")
    figure.canvas.draw()
    assert len(shown.axes_) == 4


def test_new_rows_have_no_part_in_the_axes_of_a_projection():
    rng = np.random.default_rng(0)
    real, others = pd.DataFrame(rng.normal(size=(9, 3))), pd.DataFrame(rng.normal(size=(30, 3)))
    one = ProjectionDisplay.from_pair(Pair(real, real, others, 1))
    two = ProjectionDisplay.from_pair(Pair(real, real.head(2) + 3, others, 1))
    np.testing.assert_allclose(one.real, two.real)
    np.testing.assert_allclose(one.real, one.new)
    assert one.shares == two.shares
    assert 0 < one.shares[1] <= one.shares[0] < 1


def test_equal_rows_have_no_difference_in_correlations():
    X, _ = mixed()
    shown = CorrelationDisplay.from_pair(Pair(X, X, X, "any"))
    assert shown.mean == 0
    assert "constant" not in " ".join(map(str, shown.difference))
    with pytest.raises(ValueError, match="fewer than two columns"):
        CorrelationDisplay.from_pair(Pair(X[["amount"]], X[["amount"]], X, "any")).plot()


def test_without_matplotlib_a_display_says_what_to_install(monkeypatch, sampler):
    monkeypatch.setattr("importlib.import_module", _no_matplotlib)
    with pytest.raises(ImportError, match=r'pip install "gan-oversampler\[plot\]"'):
        ScoresDisplay.from_estimator(sampler)


def _no_matplotlib(name, package=None):
    raise ImportError(name)


# --- tables


def test_labels_are_moved_apart_as_little_as_needed():
    placed = spread([3.0, 1.0, 1.1], gap=0.5)
    assert placed[0] == 3.0
    assert np.mean(placed[1:]) == pytest.approx(1.05)
    assert placed[2] - placed[1] == pytest.approx(0.5)


def test_kinds_of_columns():
    X, _ = mixed()
    kinds = tables.kinds_of(X, X)
    assert kinds == {
        **dict.fromkeys(["amount", "price", "rain", "visits"], "number"),
        **dict.fromkeys(["member", "city", "note"], "category"),
        "when": "date",
        "wait": "duration",
    }


def test_distributions_differ_from_0_to_1():
    X, _ = mixed()
    assert tables.differences(X, X).eq(0).all()
    assert tables.difference(pd.Series(["a"] * 3), pd.Series(["b"] * 2), "category") == 1
    half = pd.Series([1.0, np.nan, 2.0, np.nan])
    assert tables.difference(half, pd.Series([1.0, 2.0, 1.0, 2.0]), "number") == 0.5  # of missing cells


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: X.to_numpy(),
        lambda X: X.to_numpy().tolist(),
        lambda X: sparse.csr_array(X.to_numpy()),
        lambda X: pl.DataFrame({name: X[name].to_numpy() for name in X}),
    ],
)
def test_any_container_becomes_a_pandas_frame(make):
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 3.0]})
    table = as_pandas(make(X))
    assert isinstance(table, pd.DataFrame)
    np.testing.assert_array_equal(table.to_numpy(float), X.to_numpy())


@pytest.mark.parametrize("container", ["polars", "list"])
def test_other_containers_are_drawn_too(container):
    X, y = mixed()
    X = X[["amount", "price", "city", "note"]].astype({"city": str})
    if container == "polars":
        X = pl.DataFrame({name: list(X[name].where(X[name].notna(), None)) for name in X}, strict=False)
    else:
        X = X.astype(object).where(X.notna(), None).to_numpy().tolist()
    evidence = gathered(X, y)
    for display in (ProjectionDisplay, CorrelationDisplay):
        display.from_pair(Pair.of_evidence(evidence)).plot(Figure().add_subplot())
    pair = Pair.of_evidence(evidence, "rare")
    assert len(MarginalsDisplay(pair.real, pair.new).plot(Figure().add_subplot()).axes_) == 4


# --- evidence


def test_generators_of_a_fold_draw_nothing_of_its_holdout():
    X, y = numbers()
    sampler = fitted(X, y, gan=GAN(base="bootstrap", forces={}), max_steps=0)
    for seen, unseen, new in sampler.report_.evidence.folds():
        assert not set(map(tuple, seen.values)) & set(map(tuple, unseen.values))
        assert not set(map(tuple, new.values)) & set(map(tuple, unseen.values))
    for seen, _, new in gathered(X, y, "bootstrap").folds():
        assert set(map(tuple, new.values)) <= set(map(tuple, seen.values))


def test_copies_are_found():
    figures = gathered(*numbers(), "bootstrap").figures.set_index("name")
    assert figures.loc["copies", "value"] == 1
    assert figures.loc["distance to closest record", "value"] == 0
    fresh = gathered(*numbers()).figures.set_index("name")
    assert fresh.loc["copies", "value"] == 0
    assert fresh.loc["distance to closest record", "value"] > 0.2
    assert fresh["value"].notna().all()


def test_every_held_out_row_is_shown_once_and_only_the_class_asked_for():
    X, y = mixed()
    evidence = gathered(X, y)
    assert evidence.held_out
    assert evidence.labels == ["rarest", "rare"]
    assert len(evidence.real_table("rare")) == 30
    assert len(evidence.real_table("rare", others=True)) == 90
    assert len(evidence.new_table("rarest")) == 3 * 100
    with pytest.raises(ValueError, match=r"class 'common'.*Known are"):
        evidence.new_table("common")


def test_evidence_is_bounded_and_leads_nowhere_else():
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(5000, int), np.ones(1500, int)]
    evidence = gathered(rng.normal(size=(len(y), 2)), y)
    assert np.bincount(evidence.real.codes).tolist() == [MOST_REAL, MOST_REAL]
    assert all(len(exhibit.synthetic) == MOST_DRAWN for exhibit in evidence.exhibits)
    assert evidence.real.frame is evidence.real.values


def test_where_nothing_was_held_out_there_are_pictures_but_no_figures():
    evidence = gathered(*numbers(), cv=None)
    assert not evidence.held_out
    assert evidence.figures.empty
    assert len(evidence.real_table(1)) == 24
