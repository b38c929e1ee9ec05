"""New rows of whole fits keep the constraints, in every container, also those that must be drawn again."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import clone

from gan_oversampler import Between, OneOf, Order
from tests.samplers import GUIDED, quick

CONTAINERS = {
    "array": np.asarray,
    "list": lambda X: X.tolist(),
    "pandas": pd.DataFrame,
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")),
    "sparse": sparse.csr_array,
}


def table(n=200, minority=50):
    """Columns a <= b, c, and d = a + c."""
    g = np.random.default_rng(0)
    y = np.r_[np.zeros(n - minority, int), np.ones(minority, int)]
    a, c = g.integers(0, 300, n) + 20.0 * y, g.integers(0, 90, n)
    return np.column_stack([a, a + g.geometric(0.2, n) - 1, c, a + c]), y


def dense(rows):
    return rows.toarray() if sparse.issparse(rows) else np.asarray(rows, dtype=float)


@pytest.mark.parametrize("name", CONTAINERS)
def test_relations_are_found_and_kept_in_every_container(name):
    X, y = table()
    given = CONTAINERS[name](X)
    sampler = quick(gan=GUIDED, max_steps=20)
    rows = dense(sampler.fit_resample(given, y)[0])[len(X) :]
    assert [rule.count("=") - rule.count("<=") for rule in sampler.report_.constraints] == [1, 0]
    for new in (rows, dense(sampler.sample(300))):
        assert (new[:, 0] <= new[:, 1]).all()
        np.testing.assert_array_equal(new[:, 0] + new[:, 2], new[:, 3])
        assert (new == np.rint(new)).all()


def test_without_constraints_orders_are_broken():
    X, y = table()
    new = quick(constraints=None).fit(X, y).sample(300)
    assert (new[:, 0] > new[:, 1]).any()


def test_rows_that_break_a_function_are_drawn_again():
    X, y = table()
    X = pd.DataFrame(X, columns=list("abcd"))
    seen = []

    def even(rows):
        seen.append(type(rows))
        return (rows["c"] % 3 < 2) | (rows["a"] < 0)

    X["c"] = X["c"] // 3 * 3
    X["d"] = X["a"] + X["c"]
    sampler = quick(constraints=[even, Between("d", low=0)]).fit(X, y)
    new = sampler.sample(200)
    assert len(new) == 200
    assert even(new).all()
    assert set(seen) == {pd.DataFrame}


def test_what_cannot_be_met_is_an_error():
    X, y = table()

    def real_rows_only(rows):
        return np.full(len(rows), len(rows) == len(X))

    with pytest.raises(
        ValueError, match=r"new rows break the constraint .*real_rows_only.*hardly ever meet it"
    ):
        quick(constraints=[real_rows_only]).fit_resample(X, y)


@pytest.mark.filterwarnings("error:.*do not keep:UserWarning")
def test_relations_that_overlap_are_kept_without_an_error():
    g = np.random.default_rng(0)
    product, n = g.integers(0, 80, 400), 400
    price = np.array([10.0, 20.0, 35.0, 50.0, 80.0, 95.0])[product % 6]
    paid = (price * g.uniform(0.6, 1, n)).round(2)
    X = pd.DataFrame({"product": product.astype(str), "price": price, "paid": paid})
    y = (np.arange(n) < 80).astype(int)
    for table in (X, X.assign(discount=(price - paid).round(2))):
        new = quick(gan=GUIDED, max_steps=20, categorical_features=["product"]).fit(table, y).sample(200)
        seen = set(map(tuple, X[["product", "price"]].to_numpy().tolist()))
        assert set(map(tuple, new[["product", "price"]].to_numpy().tolist())) <= seen
        assert new["paid"].between(paid.min(), paid.max()).all()


def test_reports_tell_which_constraints_hold():
    X, y = table()
    sampler = quick(constraints=["auto"]).fit(X, y)
    text = "column 3 = column 0 + column 2; column 0 <= column 1"
    assert f"Constraints, kept by all new rows: {text}" in str(sampler.report_)
    assert text.replace("<", "&lt;") in sampler.report_.to_html()
    assert sampler.report_.to_dict()["constraints"] == text.split("; ")
    assert "Constraints" not in str(quick(constraints=None).fit(X, y).report_)


def test_reports_tell_what_nearly_holds():
    X, y = table()
    X[17, 3] += 1
    report = quick().fit(X, y).report_
    text = "column 3 = column 0 + column 2 holds in all but 1 of 200 rows, of which row 17"
    assert f"Not kept: {text}" in str(report)
    assert text in report.to_html()
    assert report.to_dict()["near_constraints"][0].startswith(text)


def test_oracles_score_rows_that_keep_functions():
    X, y = table()
    seen = []

    def oracle(real, new):
        seen.append(new[:, 2])
        return 0.0

    def few(rows):
        return (rows[:, 2] % 9 < 4) | (rows[:, 2] > 89)

    kept = few(X)
    quick(oracle=oracle, constraints=[few]).fit(X[kept], y[kept])
    assert np.mean([few(np.column_stack([c, c, c])).mean() for c in seen]) > 0.98


def test_samplers_with_constraints_are_cloned_printed_and_stored():
    X, y = table()
    rules = [Order(0, 1), OneOf([0, 2]), "auto"]
    sampler = quick(constraints=rules)
    assert clone(sampler).constraints == rules
    assert "Order(lower=0, upper=1, strict=False)" in repr(sampler.get_params())
    copied = pickle.loads(pickle.dumps(quick().fit(X, y)))
    np.testing.assert_array_equal(
        copied.sample(5, random_state=0), quick().fit(X, y).sample(5, random_state=0)
    )


def test_reports_are_stored_whatever_function_is_a_constraint():
    X, y = table()
    sampler = quick(constraints=[lambda rows: np.ones(len(rows), bool)], keep_candidates=True).fit(X, y)
    for report in (sampler.report_, sampler.rescore("energy")):
        (text,) = pickle.loads(pickle.dumps(report)).constraints
        assert "<lambda>" in text


@pytest.mark.parametrize("wrong", ["automatic", Order("a", "b"), 3])
def test_what_is_no_list_is_refused(wrong):
    X, y = table()
    with pytest.raises(ValueError, match="'constraints' parameter"):
        quick(constraints=wrong).fit(X, y)
