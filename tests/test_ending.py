"""What follows a training fits into ``max_time``, by clocks that tests turn by hand."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from gan_oversampler import Policy, ending
from gan_oversampler.callbacks import Event
from gan_oversampler.observer import Observer
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.training.loop import Budget
from tests.clocks import FakeTime
from tests.fits import Measured
from tests.samplers import quick
from tests.tables import numbers
from tests.workflows import fit_rows, services_of

TOO_SHORT = "is too short for this table"


def slow(time, seconds):
    """An oracle of which every scoring in a fold takes so long."""

    def score(holdout, new):
        time.passes(seconds)
        return float(new.values[:, 0].mean())

    return {"slow": Measured(score)}


def labelled(time):
    """An oracle to which labels and classifiers without new rows mean something, too."""

    class Labelled(DownstreamOracle):
        def score(self, holdout, new):
            time.passes(0.5)
            return 0.5 + 0.001 * len(new)

        def of_labels(self):
            return Labelled(smooth=False) if self.smooth else None

    return {"labelled": Labelled()}


class Steps(Observer):
    """Every generator step takes so long."""

    def __init__(self, time, seconds=1.0):
        super().__init__()
        self.time, self.seconds = time, seconds

    def step_ends(self, step):
        self.time.passes(self.seconds)


def fit_within(max_time, time, oracles, step=0.5, **options):
    """A fit that would train for much longer, and its clock."""
    services = services_of(time, observer=Steps(time, step))
    budget = Budget(50, 9999, 99_999, max_time=max_time)
    return fit_rows(oracles=oracles, services=services, budget=budget, **options), services.clock


@pytest.mark.parametrize("max_time", [60, 150])
@pytest.mark.parametrize(
    "options", [{}, {"policy": Policy()}, {"policy": "oracle"}, {"policy": "oracle", "choose_ratio": True}]
)
def test_time_is_kept_with_all_that_comes_after_the_training(max_time, options):
    time = FakeTime()
    found, clock = fit_within(max_time, time, slow(time, 0.5), step=2.0, **options)
    assert 0.75 * max_time <= clock.seconds <= 1.1 * max_time
    assert found.first.report.history["step"].iloc[-1] % 50


def test_a_limit_that_nothing_fits_into_is_told_once_and_the_fit_ends_as_soon_as_it_can():
    time = FakeTime()
    with pytest.warns(UserWarning, match=TOO_SHORT) as caught:
        found, clock = fit_within(1.5, time, slow(time, 0.5), policy="oracle", choose_ratio=True)
    assert [str(warning.message) for warning in caught if TOO_SHORT in str(warning.message)] == [
        ending.TOO_SHORT.format(1.5, 2 + 0.25)  # smote and the untrained GAN in two folds, and the rest
    ]
    assert clock.seconds == 2  # no draw options were scored
    report = found.first.report
    assert report.history["step"].tolist() == [0]
    assert report.draw_options is None
    assert report.events == (Event(0, "all GANs", "", "max_time", ending.LEFT_OUT),)


def test_what_is_optional_makes_way_for_what_must_be_done_without_a_warning():
    time = FakeTime()
    found, clock = fit_within(20, time, slow(time, 0.5), policy="oracle", choose_ratio=True)
    assert found.first.report.draw_options is None
    assert found.first.report.history["step"].max() > 0
    assert 0.75 * 20 <= clock.seconds <= 1.1 * 20


@pytest.mark.parametrize(("max_time", "is_brief"), [(5, True), (60, False)])
def test_labels_are_measured_before_the_training_and_forests_cost_no_time(max_time, is_brief):
    time = FakeTime()
    found, clock = fit_within(max_time, time, labelled(time), baselines=("none", "smote"))
    report = found.first.report
    assert 0.75 * max_time <= clock.seconds <= 1.1 * max_time
    assert (report.labels is None) == is_brief


@pytest.mark.parametrize("seconds", [0.02, 0.5])
def test_new_rows_are_measured_by_a_few_of_them(monkeypatch, seconds):
    time, draw = FakeTime(), ending.draw_classes

    def drawn(source, n_new, *where):
        time.passes(seconds * sum(n_new.values()))
        return draw(source, n_new, *where)

    monkeypatch.setattr(ending, "draw_classes", drawn)
    monkeypatch.setattr(ending, "PROBE", 4)
    _, clock = fit_within(60, time, slow(time, 0.5))
    assert clock.seconds + seconds * 36 == pytest.approx(60, abs=3)  # 36 rows are drawn after the fit


@pytest.mark.parametrize("max_time", [0, np.inf])
def test_no_limit_and_none_at_all_leave_nothing_out(max_time):
    time = FakeTime()
    budget, services = Budget(2, 2, 4, max_time=max_time), services_of(time)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fit_rows(oracles=slow(time, 0.5), services=services, budget=budget, policy="oracle")
    assert found.first.report.draw_options is not None
    assert "estimate" not in found.first.report.seconds
    assert not found.first.report.events


def test_a_policy_that_was_given_stays_where_the_ratio_is_not_chosen():
    time, policy = FakeTime(), Policy(spread=0.5)
    with pytest.warns(UserWarning, match=TOO_SHORT):
        found, _ = fit_within(1.5, time, slow(time, 0.5), policy=policy, choose_ratio=True)
    assert "policy" in found.first.report.seconds  # it draws
    assert found.first.n_new == {1: 36}  # all rows


def test_a_training_that_goes_on_late_is_brief_without_a_warning():
    time, written = FakeTime(), []
    checkpoint = SimpleNamespace(found=None, write=written.append)
    services = services_of(time, observer=Steps(time), checkpoint=checkpoint)
    budget, oracles = Budget(5, 9999, 99_999, max_time=40), slow(time, 0.5)
    fit_rows(oracles=oracles, services=services, budget=budget)
    last = written[-1]
    again = services_of(time, checkpoint=SimpleNamespace(found=last, write=written.append))
    steps = fit_rows(oracles=oracles, services=again, budget=budget).first.report.history["step"]
    assert steps.iloc[-1] == last.step


def test_without_an_oracle_time_ends_the_training():
    time = FakeTime()
    found, clock = fit_within(30, time, {})
    assert clock.seconds == pytest.approx(30, abs=1)
    assert found.first.report.history["step"].max() > 50


def test_a_limit_that_is_not_reached_leaves_the_report_as_it_is():
    table = numbers()
    limited, free = (quick(oracle="downstream", max_time=limit).fit(*table).report_ for limit in (1e6, None))
    assert (limited.ranking, limited.labels) == (free.ranking, free.labels)
    assert limited.advice == free.advice
