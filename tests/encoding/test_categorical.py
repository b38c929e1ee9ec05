"""Columns of levels: their states, rare levels, constants, and columns that are refused as ids."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTENC
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from gan_oversampler import GAN, GANOversampler
from gan_oversampler.encoding.categorical import MAX_STATES, Categorical
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.coding import N, column_of, rng, round_trip, some_rows
from tests.tables import many_levels


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


def skewed(n_rows=4000):
    """Levels of two classes, code 1 the rarer: each class has its own frequent ones, 90 levels in all."""
    codes = np.repeat([0, 1], [n_rows * 9 // 10, n_rows // 10])
    level = np.where(
        codes == 0, 89 - rng(1).geometric(0.05, n_rows) % 90, rng(2).geometric(0.03, n_rows) % 90
    )
    return pd.DataFrame({"c": [f"l{i:02}" for i in level]}), codes


def test_levels_of_a_class_to_be_drawn_have_states_before_those_of_the_table():
    X, codes = skewed()
    column = TableEncoder.learn(X, drawn={1: np.flatnonzero(codes == 1)}).columns[0]
    counts = X["c"][codes == 1].value_counts().reindex(column.levels, fill_value=0).to_numpy()
    assert column.n_own == MAX_STATES - 1
    assert counts[: column.n_own].min() >= counts[column.n_own :].max()
    without = TableEncoder.learn(X).columns[0]
    counts = X["c"].value_counts().reindex(without.levels, fill_value=0).to_numpy()
    assert counts[: without.n_own].min() >= counts[without.n_own :].max()


def test_small_classes_have_states_beside_larger_ones():
    X = pd.DataFrame({"c": [f"l{i % 60:02}" for i in range(1200)] + ["small"] * 3})
    column = TableEncoder.learn(X, drawn={1: np.arange(600), 2: np.arange(1200, 1203)}).columns[0]
    assert "small" in column.levels[: column.n_own]


def test_states_do_not_tell_the_class_where_levels_say_nothing():
    level, codes = rng(3).integers(0, 1000, 3000), np.arange(3000) % 20 == 0
    X = pd.DataFrame({"c": [f"l{i:03}" for i in level]})
    kwargs = {"categorical_features": ["c"], "drawn": {1: np.flatnonzero(codes)}}
    shared = TableEncoder.learn(X, **kwargs).encode(X)[:, -1]
    assert abs(shared[codes].mean() - shared[~codes].mean()) < 0.05


def test_a_shared_state_becomes_a_level_of_the_rows_own_class():
    X, codes = skewed()
    encoder = TableEncoder.learn(X, drawn={1: np.flatnonzero(codes == 1)})
    column = encoder.columns[0]
    rare = set(column.levels[column.n_own :])
    shared = np.zeros((9000, MAX_STATES), dtype=np.float32)
    shared[:, -1] = 1
    ours = X["c"][codes == 1]
    expected = ours[ours.isin(rare)].value_counts(normalize=True)
    shares = encoder.decode(shared, rng(), np.ones(9000, dtype=int))["c"].value_counts(normalize=True)
    assert set(shares.index) == set(expected.index) < rare
    assert (shares - expected).abs().max() < 5 * np.sqrt(expected.max() / 9000)
    both = encoder.decode(shared, rng(), np.arange(9000) % 2)["c"]
    assert set(both[1::2]) == set(expected.index) < set(both[::2])  # class 0 was not to be drawn


def test_without_rare_levels_in_its_class_a_row_gets_those_of_the_table():
    X = pd.DataFrame({"c": [f"l{i % 60:02}" for i in range(1200)] + ["own"] * 50})
    encoder = TableEncoder.learn(X, drawn={1: np.arange(1200, 1250)})
    shared = np.eye(MAX_STATES, dtype=np.float32)[np.full(2000, MAX_STATES - 1)]
    new = encoder.decode(shared, rng(), np.ones(2000, dtype=int))["c"]
    assert set(new) == set(encoder.columns[0].levels[MAX_STATES - 1 :])


def test_300_levels_say_as_much_of_the_class_as_after_smotenc():
    (X, y), (X_test, y_test) = many_levels(), many_levels(seed=1)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["level"]), remainder="passthrough"
    )
    classifier = make_pipeline(columns, LogisticRegression(max_iter=200))

    def precision(sampler):
        X_new, y_new = sampler.fit_resample(X, y)
        assert set(X_new["level"][y_new == 1]) == set(X["level"][y == 1])
        probabilities = classifier.fit(X_new, y_new).predict_proba(X_test)[:, 1]
        return average_precision_score(y_test, probabilities)

    untrained = GAN(base="smote", loss_weights={})
    ours = precision(GANOversampler(gan=untrained, oracle=None, max_steps=0, random_state=0))
    assert ours > precision(SMOTENC(["level"], random_state=0)) - 0.02


def test_missing_cells_are_no_level_of_a_class():
    X, codes = skewed()
    X.loc[rng().random(len(X)) < 0.3, "c"] = None
    encoder = TableEncoder.learn(X, drawn={1: np.flatnonzero(codes == 1)})
    new = encoder.decode(encoder.encode(X), rng(), codes)["c"]
    assert new.isna().equals(X["c"].isna())
    assert set(new[codes == 1].dropna()) <= set(X["c"][codes == 1].dropna())


def test_missing_cells_count_towards_the_states():
    X = pd.DataFrame({"c": [f"l{i % 100}" for i in range(900)] + [None] * 5})
    encoder = TableEncoder.learn(X)
    assert encoder.layout.width == MAX_STATES
    back = encoder.decode(encoder.encode(X), rng())
    assert back["c"].isna().equals(X["c"].isna())
    assert set(encoder.decode(some_rows(encoder, 30_000), rng())["c"].dropna()) == set(X["c"].dropna())


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
    assert column_of(names, categorical_features=["x"]).block(0).n_states == MAX_STATES
    assert column_of(pd.Categorical(names)).block(0).n_states == MAX_STATES
    assert column_of(names[:20]).block(0).n_states == 20
    assert column_of(names[:25] * 2).block(0).n_states == 25


def test_unknown_categories_are_refused():
    encoder = TableEncoder.learn(pd.DataFrame({"city": ["Bonn", "Kiel"]}))
    with pytest.raises(ValueError, match=r"'city'.*'Ulm'"):
        encoder.encode(pd.DataFrame({"city": ["Bonn", "Ulm"]}))


def test_a_narrowed_column_decodes_rare_levels_that_are_allowed_and_that_the_class_holds():
    column = Categorical(
        "x", np.array(list("abcd"), object), 1, np.ones(3) / 3, {1: np.array([0.8, 0.2, 0])}, False
    )
    rare = np.tile(np.float32([0, 1]), (200, 1))
    narrowed = column.narrowed(np.array([False, False, True, True]))
    for codes, levels in ((None, {"c", "d"}), (np.ones(200, int), {"c"})):
        assert set(narrowed.decode(rare, rng(), codes).values) == levels
    absent = column.narrowed(np.array([False, False, False, True]))  # the class holds none of these
    assert set(absent.decode(rare, rng(), np.ones(200, int)).values) == {"b", "c"}
    own = column.narrowed(np.array([True, False, False, False]))
    assert set(own.decode(rare, rng()).values) == {"b", "c", "d"}
