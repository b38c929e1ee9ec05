"""Constraints that users write: what is accepted, and what errors say."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler._utils import text_of
from gan_oversampler.constraints import Between, OneOf, Order, Sum
from gan_oversampler.encoding.containers import read_table
from gan_oversampler.encoding.relation_rules import learn_relations
from gan_oversampler.encoding.table_encoder import TableEncoder

X = pd.DataFrame(
    {
        "start": np.arange(100),
        "end": np.arange(100) + np.tile([0, 5], 50),
        "day": pd.to_datetime(["2024-01-01", "2024-02-01"] * 50),
        "city": ["Chur", "Bern"] * 50,
        "empty": np.nan,
    }
)


def learned(*rules, table=X, categorical=frozenset()):
    container, columns = read_table(table)
    return learn_relations(list(rules), container.names, columns, categorical, table)


def half(rows):
    return np.arange(len(rows)) % 2 == 0


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([Order("end", "start")], r"50 of 100 rows .* end <= start, the first of them is row 1 "),
        ([Order("start", "end", strict=True)], "50 of 100 rows .* start < end"),
        ([Sum("end", ["start"])], "50 of 100 rows .* end = start"),
        ([Between("start", high=97)], "2 of 100 rows .* start <= 97, the first of them is row 98 "),
        ([half], "50 of 100 rows .*<function half>"),
        ([Order("start", "fin")], "names 'fin', which is no column"),
        ([Order("start", 9)], "names 9, which is no column"),
        ([Order("start", "day")], "one kind, .*'start' holds numbers, 'day' holds dates"),
        ([Order("start", "city")], "'city' holds categories"),
        ([Sum("day", ["day", "start"])], "at least two different columns"),
        ([Sum("end", ["start"], weights=[1, 2])], "one weight per part, got 2 for 1"),
        (
            [OneOf(["start", "end"])],
            "copies of real rows: .* 100 distinct combinations in 100 .* fewer columns",
        ),
        ([OneOf(["city"])], "at least two different columns"),
        ([Between("city", 1, 2)], "'city' holds categories"),
        ([Between("start", low="1")], "bounds"),
        ([Between("day", low="soon")], "bounds"),
        ([Between("start", 9, 3)], "leave nothing between them"),
        ([Order("start", "empty")], "No row of X holds all cells"),
        (["autom"], "'autom', which is no constraint"),
        ([7], "7, which is no constraint"),
        ([lambda rows: True], "one True or False per row"),
        ([lambda rows: np.ones(len(rows))], "one True or False per row"),
    ],
    ids=text_of,
)
def test_errors_say_what_is_wrong_and_where(rules, message):
    with pytest.raises(ValueError, match=message):
        learned(*rules)


def test_constraints_that_contradict_each_other_are_refused():
    table = pd.DataFrame({"a": np.arange(60), "b": np.arange(60), "c": np.arange(60)})
    with pytest.raises(ValueError, match="circle"):
        learned(Order("a", "b"), Order("b", "a"), table=table)
    with pytest.raises(ValueError, match="total of two sums"):
        learned(Sum("a", ["b"]), Sum("a", ["c"]), table=table)


def test_numbers_that_are_declared_categories_have_no_order():
    with pytest.raises(ValueError, match="'start' holds categories"):
        learned(Order("start", "end"), categorical=frozenset({"start"}))


def test_columns_of_arrays_are_named_by_position():
    table = np.column_stack([np.arange(60), np.arange(60) + 1.0])
    assert learned(Order(0, 1), table=table).constraints == (Order(0, 1),)
    assert learned(Order(0, 1)).constraints == (Order("start", "end"),)
    numbered = pd.DataFrame({1: np.arange(60), 0: np.arange(60) + 1})
    assert learned(Order(0, 1), table=numbered).constraints == (Order(1, 0),)
    with pytest.raises(ValueError, match="positions from 0 to 1"):
        learned(Order(7, 0), table=numbered.set_axis([7, 0], axis=1))


def test_what_is_given_takes_the_place_of_what_would_be_found():
    g = np.random.default_rng(0)
    low = g.uniform(0, 99, 300)
    table = pd.DataFrame({"low": low, "high": low + g.exponential(3, 300)})
    assert learned("auto", table=table).constraints == (Order("low", "high"),)
    strict = Order("low", "high", strict=True)
    assert learned(strict, "auto", table=table).constraints == (strict,)
    bounds = Between("low", 0, 99)
    assert learned("auto", bounds, table=table).constraints == (bounds, Order("low", "high"))


def test_users_are_told_of_few_relations_that_nearly_hold():
    g = np.random.default_rng(0)
    a, b = g.integers(1, 99, (2, 300))
    table = pd.DataFrame({"a": a, "b": b, "total": a + b})
    table.loc[[7, 9], "total"] += 1
    (text,) = learned("auto", table=table).near
    assert text.startswith("total = a + b holds in all but 2 of 300 rows, of which row 7 ")
    assert learned(Order("a", "total"), "auto", table=table[["a", "total"]]).near == ()
    copies = pd.concat([table.add_suffix(str(i)).sample(300, random_state=i) for i in range(5)], axis=1)
    assert len(learned("auto", table=copies.reset_index(drop=True)).near) == 3
    few = pd.DataFrame({"a": a % 10, "b": b % 10, "total": a % 10 + b % 10})
    (text,) = learned("auto", table=few).near
    assert text.startswith("total = a + b holds in all 300 rows, but would change the values")
    assert learned(Sum("total", ["a", "b"]), "auto", table=few).near == ()


def test_nothing_is_sought_unless_asked():
    container, columns = read_table(X)
    assert learn_relations(None, container.names, columns, frozenset(), X).constraints == ()
    assert learned().constraints == ()


def test_orders_that_are_found_beside_a_given_one_are_checked():
    g = np.random.default_rng(0)
    price = g.integers(1, 300, 400)
    least, value = np.floor(price * g.uniform(0.2, 1, 400)), price + g.geometric(0.3, 400)
    X = pd.DataFrame({"least": least, "price": price, "value": value})
    relations = TableEncoder.learn(X, constraints=["auto", Order("least", "price")]).relations
    assert list(map(str, relations.constraints)) == ["least <= price", "price <= value"]
