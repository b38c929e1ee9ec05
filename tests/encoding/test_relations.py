"""Relations between columns: whatever rows a generator draws, decoded ones keep them."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.constraints import Between, OneOf, Order, Sum
from gan_oversampler.encoding.relations import Relations, holding
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import rng, some_rows

N = 200


def related(seed=0):
    """A table with orders, a sum, another unit, a determined column, and missing cells."""
    g = np.random.default_rng(seed)
    start, wait = g.integers(0, 300, N), g.geometric(0.2, N) - 1
    day = pd.Timestamp("2024-01-01")
    net, tax = np.round(g.gamma(2, 20, N), 2), np.round(g.gamma(2, 4, N), 2)
    city = g.integers(0, 20, N)
    low = g.normal(size=N)
    frame = pd.DataFrame(
        {
            "start": day + pd.to_timedelta(start, unit="D"),
            "end": day + pd.to_timedelta(start + wait, unit="D"),
            "paid": day + pd.to_timedelta(start + wait + g.geometric(0.3, N), unit="D"),
            "net": net,
            "tax": tax,
            "total": np.round(net + tax, 2),
            "cents": np.rint(net * 100).astype(int),
            "city": [f"city {c}" for c in city],
            "canton": [f"canton {c % 6}" for c in city],
            "low": low,
            "high": (low + g.exponential(size=N)).astype("float64"),
            "lowest": low - g.exponential(size=N),
            "whole": np.ceil(low + g.exponential(size=N)).astype(int),
        }
    )
    frame.loc[::9, "end"] = pd.NaT
    frame.loc[::7, "low"] = np.nan
    frame.loc[::13, "tax"] = np.nan
    frame.loc[::11, "canton"] = None
    return frame


RULES = {
    "dates": [Order("start", "end")],
    "strict order": [Order("end", "paid", strict=True)],
    "chain": [Order("start", "end"), Order("end", "paid", strict=True), Order("start", "paid")],
    "two below one": [Order("low", "high"), Order("lowest", "high")],
    "one below two": [Order("lowest", "low"), Order("lowest", "high")],
    "above a finer grid": [Order("low", "whole")],
    "sum": [Sum("total", ["net", "tax"])],
    "unit": [Sum("cents", ["net"], weights=[100])],
    "order up to a total": [Order("net", "total"), Sum("total", ["net", "tax"])],
    "combinations": [OneOf(["city", "canton"])],
    "bounds": [Between("low", -9, 9), Between("start", "2024-01-01", pd.Timestamp("2025-01-01"))],
    "bounds of a computed column": [Order("low", "high"), Between("high", high=99.0)],
    "found": ["auto"],
    "some given": ["auto", Order("lowest", "low")],
}


def violations(table, rules, like):
    names = list(like.columns)
    read = TableEncoder.learn(like).container.read
    columns = read(table)[1]
    stated = Relations.stated(rules, names, read(like)[1])
    # Combinations are those of the training rows.
    return {str(rule): int(broken.sum()) for rule, broken in stated.broken(columns, table)}


@pytest.mark.parametrize("name", sorted(RULES))
def test_decoded_rows_keep_every_constraint(name):
    X = related()
    encoder = TableEncoder.learn(X, constraints=RULES[name])
    new = encoder.decode(some_rows(encoder, 500) * 2, rng(), redraw=lambda at, i: some_rows(encoder, len(at)))
    rules = encoder.relations.constraints
    assert rules
    assert set(violations(new, rules, X).values()) == {0}
    pd.testing.assert_series_equal(new.dtypes, X.dtypes)
    for column in ("start", "end", "paid", "low", "high", "lowest", "whole"):
        assert new[column].min() >= X[column].min()
        assert new[column].max() <= X[column].max()


@pytest.mark.parametrize("name", sorted(RULES))
def test_real_rows_come_back_as_they_were(name):
    X = related()
    encoder = TableEncoder.learn(X, constraints=RULES[name])
    back = encoder.decode(encoder.encode(X), rng())
    pd.testing.assert_frame_equal(back, X, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", sorted(RULES))
def test_decoded_rows_can_be_encoded_again(name):
    X = related()
    encoder = TableEncoder.learn(X, constraints=RULES[name])
    new = encoder.decode(some_rows(encoder, 300) * 2, rng())
    assert np.isfinite(encoder.encode(new)).all()


def test_a_total_takes_no_encoded_column():
    X = related()[["net", "total"]].assign(tax=related()["total"] - related()["net"]).round(2)
    encoder = TableEncoder.learn(X, constraints=[Sum("total", ["net", "tax"])])
    assert encoder.layout.width == 2


def test_totals_are_drawn_again_until_they_lie_in_their_range():
    g = np.random.default_rng(0)
    X = pd.DataFrame(g.uniform(0, 100, (N, 2)).round(1), columns=["a", "b"])
    X["total"] = X["a"] + X["b"]
    X = X[X["total"].between(50, 150)]
    encoder = TableEncoder.learn(X, constraints=[Sum("total", ["a", "b"])])
    again = rng()
    wide = encoder.decode(some_rows(encoder, 300) * 2, rng())["total"]
    kept = encoder.decode(
        some_rows(encoder, 300) * 2,
        rng(),
        redraw=lambda at, i: again.uniform(-1, 1, (len(at), encoder.layout.width)),
    )["total"]
    assert not wide.between(50, 150).all()
    assert kept.between(X["total"].min(), X["total"].max()).all()


def test_orders_that_may_be_no_laws_are_told_of():
    g = np.random.default_rng(0)
    young = g.integers(20, 80, N)
    X = pd.DataFrame({"diagnosed": young, "age": young + 1 + g.poisson(4, N)})
    relations = TableEncoder.learn(X, constraints="auto").relations
    assert relations.constraints == ()
    (text,) = relations.near
    assert text.startswith(f"diagnosed < age holds in all {N} rows, but may do so by correlation alone")


def test_flags_of_which_one_is_set_are_drawn_again():
    g = np.random.default_rng(0)
    X = pd.get_dummies(pd.Series(g.choice(list("abc"), N, p=[0.6, 0.3, 0.1])), dtype=int)
    encoder = TableEncoder.learn(X.assign(x=g.normal(size=N)), constraints="auto")
    draw = rng()

    def anew(at, attempt):
        return draw.uniform(-1, 1, (len(at), encoder.layout.width))

    rows = anew(range(300), 0)
    assert (encoder.decode(rows, rng())[list("abc")].sum(axis=1) != 1).any()
    new = encoder.decode(rows, rng(), redraw=anew)[list("abc")]
    assert (new.sum(axis=1) == 1).all()
    assert (new.mean() > 0.2).all()  # none is the one that repaired rows would fall back to


@pytest.mark.filterwarnings("ignore:Column '.*' looks like row numbers")
def test_functions_are_asked_before_rows_are_scored():
    X = pd.DataFrame({"a": np.arange(60), "b": np.arange(60)[::-1]})
    encoder = TableEncoder.learn(X, constraints=[lambda rows: rows["a"] + rows["b"] < 90])
    draw = rng()
    rows = draw.uniform(-1, 1, (300, 2))
    scored = encoder.recode(rows, rng(), redraw=lambda at, i: draw.uniform(-1, 1, (len(at), 2)))
    assert (encoder.decode(scored, rng()).sum(axis=1) < 91).all()


@pytest.mark.filterwarnings("ignore:Column '.*' looks like row numbers")
def test_totals_of_large_integers_are_exact():
    net = 2**54 + np.arange(0, 200, 2)
    X = pd.DataFrame({"gross": net + np.tile([1, 3], 50), "net": net, "tax": np.tile([1, 3], 50)})
    encoder = TableEncoder.learn(X, constraints=[Sum("tax", ["gross", "net"], weights=[1, -1])])
    new = encoder.decode(some_rows(encoder, 50), rng())
    assert (new["gross"] - new["net"] == new["tax"]).all()


def test_what_was_found_never_ends_in_an_error():
    g = np.random.default_rng(0)
    low = g.uniform(0, 99, N)
    X = pd.DataFrame({"low": low, "high": low + g.exponential(3, N)})
    encoder = TableEncoder.learn(X, constraints="auto")
    reversed_ = X.rename(columns={"low": "high", "high": "low"})[["low", "high"]]
    columns = encoder.container.read(reversed_)[1]
    with pytest.warns(UserWarning, match="do not keep low <= high, which was found"):
        encoder.relations.refuse_broken(columns, reversed_, 100)
    given = TableEncoder.learn(X, constraints=[Order("low", "high")])
    with pytest.raises(ValueError, match="200 of 200 new rows break the constraint low <= high after 100"):
        given.relations.refuse_broken(columns, reversed_, 100)


def test_dates_stay_on_their_mondays():
    g = np.random.default_rng(0)
    monday = pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * g.integers(0, 100, N), unit="D")
    begin = monday - pd.to_timedelta(g.integers(0, 40, N), unit="D")
    X = pd.DataFrame({"begin": begin, "monday": monday})
    encoder = TableEncoder.learn(X, constraints=[Order("begin", "monday")])
    new = encoder.decode(some_rows(encoder, 400), rng())
    assert (new["monday"].dt.day_of_week == 0).all()
    assert (new["begin"] <= new["monday"]).all()


def test_the_first_column_of_a_combination_is_kept():
    X = pd.DataFrame({"city": ["Chur", "Davos", "Bern"] * 40, "canton": ["GR", "GR", "BE"] * 40})
    encoder = TableEncoder.learn(X, constraints=[OneOf(["city", "canton"])])
    rows = encoder.encode(X)
    rows[:, -2:] = rows[::-1, -2:].copy()  # other cantons
    pd.testing.assert_frame_equal(encoder.decode(rows, rng()), X)


def test_rules_speak_of_complete_rows_only():
    cells = TableEncoder.learn(related()).container.read(related())[1]
    names = list(related().columns)
    order = [cells[names.index(name)] for name in ("paid", "end")]
    found = holding(Order("paid", "end"), order)
    np.testing.assert_array_equal(found, related()["end"].isna())


def test_columns_depend_on_what_they_are_computed_from_and_on_their_combinations():
    X = pd.DataFrame({"a": [1, 2, 3] * 20, "b": [2, 1, 0] * 20, "c": ["x", "y", "y"] * 20})
    X["sum"], X["top"], X["d"] = X["a"] + X["b"], X["a"] + X["b"] + 1, X["c"]
    rules = [Sum("sum", ["a", "b"]), Order("sum", "top"), OneOf(["c", "d"])]
    relations = TableEncoder.learn(X, constraints=rules).relations
    expected = {0: {0}, 2: {2, 5}, 3: {0, 1, 3}, 4: {0, 1, 3, 4}, 5: {2, 5}}
    assert {i: relations.depending([i]) for i in expected} == expected
    assert relations.depending([0, 5]) == {0, 2, 5}
