"""Relations that are found are laws of the table; chance and correlation make none."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine

from gan_oversampler.constraints import Sum
from gan_oversampler.encoding.containers import read_table
from gan_oversampler.encoding.relation_search import Found
from gan_oversampler.encoding.table_encoder import TableEncoder

SEEDS = range(8)


def texts(rules):
    return [str(rule).replace("column ", "") for rule in rules]  # of arrays


def searched(X, **kwargs):
    container, columns = read_table(X)
    return Found.search(container.names, columns, **kwargs)


def found(X, **kwargs):
    return texts(searched(X, **kwargs).built_in)


def correlated(g, n, rho, shift):
    noise = np.sqrt(1 - rho)
    return np.sqrt(rho) * g.normal(size=(n, 1)) + noise * (g.normal(size=(n, 5)) + shift * np.arange(5))


def duplicated(g):
    return np.repeat(g.normal(size=(30, 4)), 10, axis=0)


def flags(g, n=300):
    one_hot = np.eye(4)[g.integers(0, 4, n)]
    other = np.eye(3)[g.integers(0, 3, n)]
    return np.column_stack([one_hot, other, g.random((n, 3)) < 0.02]).astype(float)


def clusters(g, n=300):
    which = g.integers(0, 3, n)
    return g.normal(size=(n, 4)) * 0.3 + g.normal(size=(3, 4))[which] * 3 + np.arange(4) * 4


UNRELATED = {
    "independent": lambda g: g.normal(size=(200, 6)),
    "independent integers": lambda g: g.integers(0, 5, size=(200, 6)),
    "shifted": lambda g: g.normal(size=(200, 5)) + 2 * np.arange(5),
    "ranges apart": lambda g: g.random((200, 4)) + 2 * np.arange(4),
    "correlated": lambda g: correlated(g, 300, 0.9, 2),
    "strongly correlated": lambda g: correlated(g, 300, 0.999, 3),
    "few rows": lambda g: correlated(g, 60, 0.99, 3),
    "many rows": lambda g: correlated(g, 2000, 0.99, 4),
    "sizes of one thing": lambda g: np.exp(correlated(g, 400, 0.99, 3)),
    "rounded": lambda g: correlated(g, 300, 0.999, 3).round(1),
    "clusters": clusters,
    "flags": flags,
    "shares": lambda g: g.dirichlet([2, 3, 4], size=200),
    "rows that occur twice": duplicated,
    "identifier": lambda g: pd.DataFrame(
        {"id": range(100, 300), "x": g.normal(size=200), "k": ["a", "b"] * 100}
    ),
    "constants": lambda g: np.column_stack([np.ones(200), np.zeros(200), g.normal(size=200)]),
    "predictable": lambda g: pd.DataFrame(
        {"a": g.integers(0, 60, 150).astype(str), "b": np.where(np.arange(150) < 3, "rare", "usual")}
    ),
}


@pytest.mark.parametrize("name", sorted(UNRELATED))
@pytest.mark.parametrize("seed", SEEDS)
def test_tables_without_relations_give_none(name, seed):
    assert found(UNRELATED[name](np.random.default_rng(seed))) == []


# Tables whose columns are far apart in every row, as if by law, though nothing but chance keeps them so.
FAR_APART = {
    *("correlated", "strongly correlated", "few rows", "many rows", "sizes of one thing", "rounded"),
    "flags",  # of which one is set
}


@pytest.mark.parametrize("name", sorted(set(UNRELATED) - FAR_APART))
def test_independent_columns_are_not_even_seen_in_order(name):
    for seed in SEEDS:
        tables = searched(UNRELATED[name](np.random.default_rng(seed)))
        assert tables.checked == []
        assert tables.near == []


def test_flags_of_which_one_is_set_are_found_and_others_are_not():
    g = np.random.default_rng(0)
    groups = [np.eye(k, dtype=int)[g.integers(0, k, 300)] for k in (4, 3, 2)]
    other = (g.random((300, 3)) < 0.02).astype(int)
    assert texts(searched(np.column_stack([other, *groups])).checked) == [
        "combinations of 3, 4, 5, 6",
        "combinations of 7, 8, 9",
        "combinations of 10, 11",
    ]
    groups[1][5] = 0
    assert len(searched(np.column_stack(groups)).checked) == 2
    assert searched(other).checked == []


@pytest.mark.parametrize("load", [load_iris, load_wine, load_diabetes, load_digits])
def test_tables_of_scikit_learn_show_no_orders_and_no_sums(load):
    tables = searched(load().data)
    assert (tables.built_in, tables.checked, tables.near) == ([], [], [])


def test_worst_cells_are_no_better_than_mean_ones():
    X = load_breast_cancer(as_frame=True).data
    assert found(X) == ["concavity error <= mean concavity", "concave points error <= mean concave points"]
    near = searched(X).near
    assert len(near) == 9
    for order in near:
        assert str(order.upper) == str(order.lower).replace("mean", "worst")


@pytest.mark.parametrize("gap", ["exponential", "uniform", "days", "nothing or more"])
def test_orders_are_found_by_gaps_with_an_edge(gap):
    g = np.random.default_rng(0)
    start = g.integers(0, 300, 400).astype(float)
    gaps = {
        "exponential": g.exponential(5, 400),
        "uniform": g.uniform(0, 30, 400),
        "days": g.geometric(0.3, 400),
        "nothing or more": np.where(g.random(400) < 0.3, 0.0, g.exponential(5, 400)),
    }[gap]
    assert found(np.column_stack([start, start + gaps, g.normal(150, 80, 400)])) == ["0 <= 1"]


def test_an_order_that_follows_from_others_is_not_reported():
    g = np.random.default_rng(0)
    steps = np.column_stack([g.uniform(0, 99, 400), g.exponential(4, (400, 2))])
    assert found(steps.cumsum(axis=1)) == ["0 <= 1", "1 <= 2"]


def test_sums_are_found_whatever_their_sign_and_order():
    g = np.random.default_rng(0)
    sales, costs, other = g.gamma(9, 9, (3, 100)).round(2)
    table = {"profit": (sales - costs).round(2), "sales": sales, "other": other, "costs": costs}
    assert found(pd.DataFrame(table)) == ["profit = sales - costs"]
    deep = pd.DataFrame({"all": (sales + costs + other).round(2), "a": sales, "b": costs, "c": other})
    assert found(deep) == ["all = a + b + c"]


def test_sums_of_sums_and_copies_in_another_unit_are_found():
    g = np.random.default_rng(1)
    a, b, c = g.integers(1, 99, (3, 80))
    table = pd.DataFrame({"a": a, "b": b, "ab": a + b, "c": c, "c10": 10 * c, "a_again": a})
    assert sorted(found(table)) == ["a_again = a", "ab = a + b", "c10 = 10 * c"]


@pytest.mark.parametrize("n_broken", [1, 3])
def test_sums_that_hold_in_nearly_all_rows_are_not_built_in_but_near(n_broken):
    g = np.random.default_rng(0)
    a, b = g.integers(1, 99, (2, 200))
    total = a + b
    total[17 : 17 + n_broken] += 1
    tables = searched(np.column_stack([a, b, total]))
    assert not any(isinstance(rule, Sum) for rule in tables.built_in)
    assert texts(tables.near) == (["2 = 0 + 1"] if n_broken == 1 else [])  # at most 1 %


def test_sums_of_many_columns_survive_a_few_broken_rows():
    g = np.random.default_rng(0)
    X = g.uniform(0, 99, (2000, 12)).round(2)
    X[:, 11] = X[:, :4].sum(axis=1).round(2)
    X[::150, 11] += 1
    assert texts(searched(X).near) == ["11 = 0 + 1 + 2 + 3"]


def test_a_sum_of_which_every_column_takes_few_values_is_near():
    a, b = np.random.default_rng(0).integers(0, 10, (2, 500))
    tables = searched(np.column_stack([a, b, a + b]))
    assert (tables.built_in, texts(tables.near)) == ([], ["2 = 0 + 1"])


def test_flags_that_are_hardly_ever_set_are_no_near_copies():
    g = np.random.default_rng(0)
    assert searched((g.random((2000, 8)) < 0.004).astype(int)).near == []


def priced(n=400):
    """A product with its list price, of which a discount is taken off."""
    g = np.random.default_rng(0)
    product = g.integers(0, 80, n)
    price = np.array([10.0, 20.0, 35.0, 50.0, 80.0, 95.0])[product % 6]
    discount = (price * g.uniform(0, 0.4, n)).round(2)
    return pd.DataFrame(
        {
            "product": product.astype(str),
            "price": price,
            "discount": discount,
            "paid": (price - discount).round(2),
        }
    )


@pytest.mark.parametrize("columns", [["price", "discount", "paid"], ["product", "price", "discount", "paid"]])
def test_a_column_of_few_or_determined_values_is_not_computed(columns):
    assert "paid = price - discount" in found(priced()[columns])


def test_an_order_up_to_a_determined_column_is_checked():
    tables = searched(priced()[["product", "price", "paid"]])
    assert texts(tables.built_in) == ["combinations of product, price"]
    assert texts(tables.checked) == ["paid <= price"]


def test_parts_that_make_up_for_each_other_do_not_compute_their_total():
    g = np.random.default_rng(0)
    a = g.uniform(0, 300, 300).round(1)
    total = g.uniform(288, 409, 300).round(1)
    assert found(pd.DataFrame({"a": a, "b": (total - a).round(1), "total": total})) == ["a = total - b"]


def test_a_column_of_fewer_decimals_than_its_parts_is_not_computed():
    g = np.random.default_rng(0)
    a, whole = g.uniform(0, 90, 300).round(2), g.integers(0, 900, 300)
    assert found(pd.DataFrame({"whole": whole, "a": a, "b": (whole - a).round(2)})) == ["b = whole - a"]


def test_sums_of_common_columns_do_not_run_in_a_circle():
    g = np.random.default_rng(0)
    k, other = g.uniform(0, 9, 200).round(2), g.uniform(-99, -50, 200).round(2)
    table = pd.DataFrame({"k": k, "other": other, "up": (k - other).round(2), "down": (other - k).round(2)})
    assert len(TableEncoder.learn(table, constraints="auto").relations.derived) == 2


@pytest.mark.filterwarnings("error")
def test_columns_without_a_size_are_in_no_sum():
    g = np.random.default_rng(0)
    a, b = g.integers(1, 99, (2, 200)).astype(float)
    table = pd.DataFrame({"a": a, "b": b, "t": a + b, "zero": 0.0, "huge": 1e200 * g.random(200), "hole": a})
    table.loc[:9, "zero"] = 7
    table.loc[:9, "hole"] = np.nan
    assert "t = a + b" in found(table)


def test_determined_columns_are_found_once():
    g = np.random.default_rng(0)
    city = g.integers(0, 30, 600)
    table = pd.DataFrame({"land": city % 3 % 2, "canton": city % 6, "city": city, "x": g.normal(size=600)})
    table = table.astype({name: str for name in ("land", "canton", "city")})
    assert found(table) == ["combinations of city, land, canton"]


def test_missing_cells_prove_nothing_and_break_nothing():
    g = np.random.default_rng(0)
    start = g.uniform(0, 99, 400)
    table = pd.DataFrame({"start": start, "end": start + g.exponential(3, 400)})
    table.loc[::5, "start"] = np.nan
    table.loc[1::7, "end"] = np.nan
    assert found(table) == ["start <= end"]
    table.loc[20:, "end"] = np.nan
    assert found(table) == []


def test_codes_that_the_user_calls_categories_have_no_order():
    g = np.random.default_rng(0)
    low = g.integers(0, 60, 400)
    table = pd.DataFrame({"low": low, "high": low + g.geometric(0.4, 400)})
    assert found(table) == ["low <= high"]
    assert "low <= high" not in found(table, categorical={"low", "high"})


def test_the_search_is_quick_on_wide_tables():
    # Nothing grows faster than the square of the columns; this would take minutes otherwise.
    g = np.random.default_rng(0)
    assert found(g.normal(size=(1000, 200))) == []


def test_what_a_part_of_the_rows_shows_must_hold_in_all(monkeypatch):
    for module in ("sum_search", "relation_search"):
        monkeypatch.setattr(f"gan_oversampler.encoding.{module}.MAX_ROWS", 200)
    g = np.random.default_rng(0)
    a, b = g.integers(0, 99, size=(2, 1_000))
    town = g.integers(0, 40, 1_000)
    table = pd.DataFrame({"a": a, "b": b, "sum": a + b, "town": town, "land": town % 4})
    table = table.astype({"town": str, "land": str})
    assert len(found(table)) == 2
    broken = table.copy()
    broken.loc[501, "sum"] += 1  # a row that is not looked at first
    broken.loc[501, "land"] = str(int(broken.loc[501, "land"]) + 1)
    assert found(broken) == []
    assert texts(searched(broken).near) == ["sum = a + b"]
