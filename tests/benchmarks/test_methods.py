"""Every method works on the tables that it is meant for."""

import pytest

from benchmarks import protocol
from benchmarks.classifiers import CLASSIFIERS
from benchmarks.methods import METHODS, SCHEDULE, TITLES, portfolio
from benchmarks.protocol import Cell
from benchmarks.tables import EMBEDDED
from gan_oversampler.gans.portfolio import PORTFOLIO_STEPS, PORTFOLIO_UNIT, default_portfolio
from tests.benchmarks.small_benchmarks import QUICK, tiny


@pytest.mark.parametrize("categorical", [(), ("c",), ("a", "b", "c")])
@pytest.mark.parametrize(
    "method",
    [
        *("class_weight", "random", "smoothed_bootstrap", "smote", "smote_x5", "borderline"),
        *("ours_base_only", "simplicial_smote", "balanced_bagging"),
    ],
)
def test_methods_work_on_numbers_categories_and_few_rows(method, categorical):
    for row in protocol.evaluate(Cell(tiny(categorical, n_minority=6), 0, 0, method, QUICK)):
        assert row["error"] == ""


@pytest.mark.parametrize("method", ["svm_smote", "kmeans_smote", "adasyn", "smote_tomek", "smote_enn"])
def test_further_methods_work_on_numbers(method):
    table = EMBEDDED["wine-third"]()
    assert [row["error"] for row in protocol.evaluate(Cell(table, 0, 0, method, ("knn",)))] == [""]


def test_every_method_has_a_title_of_its_own():
    assert len(set(TITLES.values())) == len(METHODS)


def test_classifiers_that_balance_by_themselves_need_no_method():
    own = tuple(name for name, known in CLASSIFIERS.items() if known.block == "balanced")
    for row in protocol.evaluate(Cell(tiny(), 0, 0, "none", own)):
        assert row["error"] == ""
        assert row["average_precision"] > 0.3


def test_the_portfolio_that_ablations_change_is_the_default_one():
    default = default_portfolio(n_rows=20)
    assert [repr(gan) for gan in portfolio(loss_weights=default[0].loss_weights)] == [*map(repr, default)]
    assert {"max_steps": PORTFOLIO_STEPS, "epoch_unit": PORTFOLIO_UNIT} == SCHEDULE
