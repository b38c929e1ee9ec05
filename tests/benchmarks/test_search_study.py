"""The study of the search: landscapes have a scale, rows a rule, and pages their figures."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.search import curve, landscape, tables
from benchmarks.studies.search.means import Mean
from benchmarks.studies.search.page import report


@pytest.fixture(scope="module")
def planted():
    return {name: landscape.Landscape(name, seed=0, n_sampled=200) for name in landscape.LANDSCAPES}


@pytest.mark.parametrize("name", landscape.LANDSCAPES)
def test_a_landscape_has_mean_0_and_deviation_1(planted, name):
    values = planted[name].sampled
    np.testing.assert_allclose([values.mean(), values.std()], [0, 1], atol=1e-9)


def test_scores_of_a_landscape_near_the_true_value_with_training(planted):
    hill = planted["additive"]
    start = hill.space.start(landscape.TEMPLATE)
    point = hill.space.trial_of(start, landscape.TEMPLATE)
    (first,), (again,) = (hill.run([point], None, [None]) for _ in range(2))
    assert first.by_step == again.by_step
    errors = [abs(np.mean(values) - hill.value(point)) for values in first.by_step.values()]
    assert errors[-1] < 3 * landscape.NOISE / np.sqrt(landscape.N_FOLDS) + 1.5 * np.exp(-200 / 60)
    (stopped,) = hill.run([point], lambda step, told: list(told), [None])
    assert list(stopped.by_step) == [50]


def rows(**changes):
    scores = {f"{arm}_{name}": 0.5 for arm in ("default", "searched", "found") for name in SCORES}
    facts = {"family": "f", "suite": "keel", "fold": 0, "strategy": "tpe", "n_trials": 9, "best": 3}
    seconds = {"seconds_default": 4.0, "seconds_searched": 64.0, "searched_gain": 0.02}
    frame = pd.DataFrame([facts | seconds | scores | {"table": name} for name in "abc"])
    return frame.assign(heldout_gain=[0.01, -0.01, 0.0]).assign(**changes)


SCORES = ("weak_f1", "weak_ap", "strong_f1", "strong_ap")


def test_where_the_found_gan_gains_nothing_the_default_draws():
    drawn = tables.as_drawn(rows(searched_weak_f1=0.9))
    assert drawn["searched_weak_f1"].tolist() == [0.9, 0.5, 0.5]
    unchanged = tables.as_drawn(rows(searched_weak_f1=0.9, best=0))
    assert unchanged["searched_weak_f1"].tolist() == [0.5, 0.5, 0.5]


def test_the_page_tells_gains_with_errors_and_what_the_search_saw():
    planted_rows = pd.DataFrame(
        {"landscape": "additive", "trials": 30, "strategy": ["random", "tpe"] * 2, "seed": [0, 0, 1, 1]}
    ).assign(value=[1.0, 2.0, 1.0, 1.5], steps=6000.0, better=0.1)
    images = pd.DataFrame(
        {"strategy": "random", "seed": 0, "trial": range(6), "reward": 100 * np.arange(6.0)}
    )
    peaks = pd.DataFrame({"landscape": "additive", "seed": [0, 1], "peak": [3.0, 1.0]})
    text = report(rows(searched_weak_f1=[0.8, 0.8, 0.8]), planted_rows, peaks, images)
    assert "+0.100 ± 0.100" in text  # of one table in three
    assert "+0.75 ± 0.25" in text  # of tpe over random
    assert "2 of 2" in text
    assert "1.25 ± 0.75" in text  # regret of random: to the peak, or to the higher value that tpe found
    assert "tpe ranks first (1.00 on average)" in text
    assert "not significantly better than without (+0.100 ± 0.100" in text
    assert curve.summary(images)["first third"][0].startswith("50 ±")


@pytest.mark.parametrize(("mean", "is_sure"), [(0.0, False), (0.7, False), (0.9, True), (-0.9, True)])
def test_a_mean_is_sure_where_students_interval_excludes_zero(mean, is_sure):
    values = mean + np.sqrt(0.5) * np.array([-1.0, -1.0, 0.0, 1.0, 1.0])  # deviation sqrt(.5), n = 5
    assert Mean.of(values).is_sure == is_sure  # half the interval is 2.776 * sqrt(.1) = .878


def test_no_sampled_gan_is_higher_than_the_peak(planted):
    hill = planted["interacting"]
    hill.best_sampled = hill.best_sampled[-1:]
    assert hill.peak() >= hill.sampled[-1]


def test_strategies_are_compared_on_cells_that_both_have_searched():
    both = pd.concat([rows(found_weak_ap=0.9), rows(strategy="random", found_weak_ap=0.6)[:2]])
    line = tables.paired(both).set_index("what draws").loc["found GAN alone"]
    assert line["tables"] == 2
    assert line["weak ap"].startswith("+0.300")
