"""Copies are found in every container, and the nearest other row is one step away in one column."""

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_oversampler.encoding.copies import copied, knowing, stepped
from gan_oversampler.encoding.table_encoder import TableEncoder
from tests.frames import LIBRARIES, frames
from tests.tables import many_levels, mixed


def known(X):
    return knowing(TableEncoder.learn(X, categorical_features=list(nw.from_native(X).columns)), X)


def copies(encoder, cells):
    """Which rows equal any number of rows that the encoder knows."""
    return np.logical_or(*copied(encoder, cells))


def shuffled(rows, encoder, seed):
    """Rows whose columns come from different rows, so that some are real ones and some are not."""
    rng, mixed_up = np.random.default_rng(seed), rows.copy()
    for block in encoder.layout.blocks:
        if rng.random() < 0.5:
            at = slice(block.start, block.start + block.width)
            mixed_up[:, at] = rng.permutation(rows[:, at])
    return mixed_up


@pytest.mark.parametrize("library", LIBRARIES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_equals_a_real_row_is_a_copy_whatever_the_container(library, data):
    X = data.draw(frames(library))
    try:
        encoder, rows = knowing(TableEncoder.learn(X), X)
    except ValueError:  # texts like identifiers
        encoder, rows = known(X)
    cells = encoder.decode_cells(shuffled(rows, encoder, 0), np.random.default_rng(0), None)
    table = encoder.container.build(cells)
    real, new = ([*map(repr, nw.from_native(part).rows())] for part in (X, table))
    equal = np.isin(new, real)
    assert (copies(encoder, cells) >= equal).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16"])
def test_numbers_are_compared_as_they_are_stored(dtype):
    X = (np.random.default_rng(0).normal(size=(50, 3)) * 9 + 1000).astype(dtype)
    encoder, rows = knowing(TableEncoder.learn(X), X)
    again = encoder.decode_cells(rows, np.random.default_rng(0), None)
    assert copies(encoder, again).all()
    other = rows.copy()
    other[:, 0] = rows[::-1, 0]
    cells = encoder.decode_cells(other, np.random.default_rng(0), None)
    table = encoder.container.build(cells)
    equal = (table[:, None] == X[None]).all(axis=2).any(axis=1)
    assert copies(encoder, cells).tolist() == equal.tolist()


def test_rare_levels_that_share_a_state_are_told_apart():
    X, _ = many_levels(400)
    X = X[["level"]].assign(sex=np.random.default_rng(0).choice(["f", "m"], len(X)))
    encoder, rows = known(X)
    cells = encoder.decode_cells(rows, np.random.default_rng(3), None)  # other rare levels
    table = encoder.container.build(cells)
    pairs = pd.MultiIndex.from_frame(X)
    assert copies(encoder, cells).tolist() == pd.MultiIndex.from_frame(table).isin(pairs).tolist()
    assert not copies(encoder, cells).all()


def test_without_knowledge_of_real_rows_nothing_is_a_copy():
    X, _ = mixed()
    encoder = TableEncoder.learn(X)
    assert not copies(encoder, encoder.cells_of(X)).any()


@pytest.mark.parametrize("by", [1, -1])
def test_a_step_changes_one_column_and_stays_in_its_range(by):
    X, _ = mixed()
    encoder, _ = knowing(TableEncoder.learn(X), X)
    cells, n = encoder.cells_of(X), len(X)
    for i, column in enumerate(encoder.columns):
        rows = stepped(encoder, cells, np.full(n, i), np.full(n, by))
        new = encoder.decode(rows, np.random.default_rng(0))
        others = [name for name in X.columns if name != X.columns[i]]
        pd.testing.assert_frame_equal(new[others], X[others], rtol=1e-4)
        before, after = X.iloc[:, i], new.iloc[:, i]
        assert (before.isna() == after.isna()).all()
        if column.n_values == 1:
            assert after.equals(before)
            continue
        present = before.notna()
        assert (after[present] != before[present]).mean() > 0.8  # the others are at an end of the range
        if not isinstance(before.dtype, pd.CategoricalDtype) and before.dtype != object:
            assert after.min() >= before.min()
            assert after.max() <= before.max()


def test_a_step_of_a_whole_number_is_one_and_of_a_spike_leads_to_the_nearest_value():
    rain = np.r_[np.zeros(30), np.arange(3, 33)]
    encoder, _ = knowing(TableEncoder.learn(rain[:, None]), rain[:, None])
    rows = stepped(encoder, encoder.cells_of(rain[:, None]), np.zeros(60, int), np.ones(60, int))
    found = encoder.decode(rows, np.random.default_rng(0))[:, 0]
    assert set(found[:30]) == {3}
    assert found[30:-1].tolist() == (rain[30:-1] + 1).tolist()
    assert found[-1] == 32  # the end of the range


def test_more_possible_rows_than_any_table_has_are_not_counted():
    X = pd.DataFrame(np.random.default_rng(0).integers(100, size=(40, 2500))).add_prefix("x")
    real = knowing(TableEncoder.learn(X), X)[0].real
    assert real.n_possible is None
    assert not real.fill_space
