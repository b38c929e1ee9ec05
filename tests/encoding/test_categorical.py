"""Columns of levels: their states, rare levels, constants, and columns that are refused as ids."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.encoding.categorical import MAX_STATES, Categorical
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, column_of, rng, round_trip, some_rows


@pytest.mark.parametrize("values", [[0, 1], [0.0, 1.0], [False, True], [-1, 4.5], ["n", "y"]])
def test_two_distinct_values_are_two_levels(values):
    column = column_of(values * 5)
    assert isinstance(column, Categorical)
    assert column.block(0).n_states == 2
    assert round_trip([[v] for v in values * 5]) == [[v] for v in values * 5]


def test_one_value_and_missing_cells_are_two_states():
    block = column_of([3.0, np.nan, 3.0]).block(0)
    assert (block.n_states, block.pinned) == (2, None)


def test_missing_cells_are_drawn_where_their_state_says_so():
    X = pd.DataFrame({"x": [np.nan, *range(1, 20)], "c": [None, *"abc" * 6, "a"]})
    encoder = TableEncoder.learn(X)
    rows = encoder.encode(X.iloc[rng().integers(0, 20, 400)])
    share = rows[:, encoder.layout.blocks[0].start + 1].mean()
    new = encoder.decode(rows, rng())
    assert 0 < share == pytest.approx(new["x"].isna().mean()) == new["c"].isna().mean()


def test_rare_levels_share_a_state_and_are_drawn_by_frequency():
    text = np.repeat([f"own{i:02}" for i in range(MAX_STATES - 1)], 40)
    X = pd.DataFrame({"c": [*text, *["rare3"] * 30, *["rare1"] * 10]})
    encoder = TableEncoder.learn(X)
    (block,) = encoder.layout.blocks
    assert block.n_states == MAX_STATES
    rare = np.zeros((8000, MAX_STATES), dtype=np.float32)
    rare[:, -1] = 1
    shares = encoder.decode(rare, rng())["c"].value_counts(normalize=True)
    assert set(shares.index) == {"rare1", "rare3"}
    assert abs(shares["rare3"] - 0.75) < 4 * np.sqrt(0.1875 / 8000)
    own = X["c"].str.startswith("own")
    back = encoder.decode(encoder.encode(X), rng())
    assert back["c"][own].equals(X["c"][own])


def test_missing_cells_count_towards_the_states():
    X = pd.DataFrame({"c": [f"l{i % 100}" for i in range(900)] + [None] * 5})
    encoder = TableEncoder.learn(X)
    assert encoder.layout.width == MAX_STATES
    back = encoder.decode(encoder.encode(X), rng())
    assert back["c"].isna().equals(X["c"].isna())
    assert set(encoder.decode(some_rows(encoder, 9000), rng())["c"].dropna()) == set(X["c"].dropna())


def test_levels_of_several_types_are_sorted_by_type_then_text():
    for values in (["b", 2, (1, 2), 10, "a"] * 5, ["a", (1, 2), 10, 2, "b"] * 5):
        assert column_of(values).levels.tolist() == [10, 2, "a", "b", (1, 2)]


def test_constant_and_missing_columns_need_no_block():
    X = pd.DataFrame(
        {
            "one": [4] * 3,
            "none": [None] * 3,
            "text": ["a"] * 3,
            "day": [pd.Timestamp("2024-01-01")] * 3,
        }
    )
    encoder = TableEncoder.learn(X)
    assert encoder.layout.width == 0
    rows = encoder.encode(X)
    assert rows.shape == (3, 0)
    pd.testing.assert_frame_equal(encoder.decode(rows, rng()), X)


def test_identifiers_are_refused_with_the_remedies():
    names = [f"user{i}" for i in range(N)]
    with pytest.raises(ValueError, match=r"'who'.*60 distinct values in 60.*categorical_features"):
        TableEncoder.learn(pd.DataFrame({"who": names}))
    assert column_of(names, categorical_features=["x"]).block(0).n_states == N
    assert column_of(pd.Categorical(names)).block(0).n_states == N
    assert column_of(names[:20]).block(0).n_states == 20
    assert column_of(names[:25] * 2).block(0).n_states == 25


def test_unknown_categories_are_refused():
    encoder = TableEncoder.learn(pd.DataFrame({"city": ["Bonn", "Kiel"]}))
    with pytest.raises(ValueError, match=r"'city'.*'Ulm'"):
        encoder.encode(pd.DataFrame({"city": ["Bonn", "Ulm"]}))
