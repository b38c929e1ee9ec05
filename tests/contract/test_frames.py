"""Frames of every dtype keep their rows and dtypes, and new rows hold what could have been there."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import RandomOverSampler

from gan_oversampler import GANOversampler
from tests.frames import LIBRARIES, N_RARE, TARGET, N, frames
from tests.samplers import UNTRAINED

MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(MANY, max_examples=9)


def schema(table):
    return table.schema if isinstance(table, (pa.Table, pl.DataFrame)) else table.dtypes.tolist()


def assert_same(table, other):
    if isinstance(table, pd.DataFrame):
        pd.testing.assert_frame_equal(table, other, check_exact=True)
    else:
        assert table.equals(other)


def columns(table):
    """Cells of each column as Python objects, None where they are missing."""
    for name in table.column_names if isinstance(table, pa.Table) else table.columns:
        column = table[name]
        cells = column.to_pylist() if isinstance(table, pa.Table) else column.to_list()
        yield [None if pd.isna(cell) else cell for cell in cells]


def check_laws(X, extra):
    sampler = GANOversampler({0: N - N_RARE, 1: N_RARE + extra}, gan=UNTRAINED, oracle=None, random_state=0)
    before = X.copy() if isinstance(X, pd.DataFrame) else X
    new, target = sampler.set_params(max_steps=0).fit_resample(X, TARGET)
    assert type(new) is type(X)
    assert schema(new) == schema(X)
    assert_same(X, before)
    assert_same(new[:N] if not isinstance(X, pd.DataFrame) else new.iloc[:N], X)
    assert target == TARGET + [1] * extra
    assert sampler.is_synthetic_.tolist() == [False] * N + [True] * extra
    for cells in columns(new):
        known, drawn = set(cells[:N]), set(cells[N:])
        assert None in known or None not in drawn
        known, drawn = known - {None}, drawn - {None}
        if any(isinstance(cell, (str, bytes, bool)) for cell in known):
            assert drawn <= known
        elif drawn:
            assert min(known) <= min(drawn) <= max(drawn) <= max(known)


@pytest.mark.parametrize("library", LIBRARIES)
@FEW
@given(data=st.data())
def test_frames_keep_rows_dtypes_levels_and_ranges(library, data):
    check_laws(data.draw(frames(library)), data.draw(st.integers(0, 30)))


@pytest.mark.parametrize(
    "index", [pd.RangeIndex(7, 87, 2), list("abcdefgh") * 5, pd.date_range("2024", periods=N)]
)
def test_frames_are_indexed_anew_as_in_imbalanced_learn(index):
    X = pd.DataFrame({"x": np.random.default_rng(0).normal(size=N)}, index=index)
    y = pd.Series(TARGET, index=X.index, name="y")
    ours = GANOversampler(gan=UNTRAINED, oracle=None, max_steps=0, random_state=0).fit_resample(X, y)
    theirs = RandomOverSampler(random_state=0).fit_resample(X, y)
    for mine, other in zip(ours, theirs, strict=True):
        pd.testing.assert_index_equal(mine.index, other.index)


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
@MANY
@given(data=st.data())
def test_many_frames_keep_rows_dtypes_levels_and_ranges(library, data):
    check_laws(data.draw(frames(library)), data.draw(st.integers(0, 30)))
