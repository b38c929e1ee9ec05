"""Columns coded together give the same bits as one by one."""

import numpy as np
import pytest

from gan_oversampler.encoding import coding
from gan_oversampler.encoding.cells import Cells
from gan_oversampler.encoding.coding import decode_columns, encode_columns
from gan_oversampler.encoding.columns import learn_column
from gan_oversampler.encoding.numeric import Numeric

N = 60


def _cells():
    """Plain columns of several scales between integers, spikes, categories, missing cells and a constant."""
    rng = np.random.default_rng(0)
    some = [
        rng.normal(size=N),
        rng.integers(0, 50, N),
        rng.normal(1e4, 1e3, N),
        np.where(rng.random(N) < 0.5, 0.0, rng.normal(size=N)),
        rng.lognormal(0, 3, N),
        rng.choice(np.array(["a", "b", "c"], dtype=object), N),
        np.full(N, 7.0),
        rng.uniform(-1, 1, size=N) * 1.7e308,
        rng.normal(size=N),
    ]
    missing = np.zeros((len(some), N), dtype=bool)
    missing[-1, ::7] = True
    return [Cells(*pair) for pair in zip(some, missing, strict=True)]


@pytest.mark.parametrize("max_cells", [1, 2 * N, 10**6])
def test_columns_together_are_coded_as_one_by_one(max_cells, monkeypatch):
    monkeypatch.setattr(coding, "MAX_CELLS", max_cells)
    cells = _cells()
    columns = [learn_column(i, its) for i, its in enumerate(cells)]
    assert sum(isinstance(column, Numeric) and column.is_plain for column in columns) >= 2
    rows = encode_columns(columns, cells)
    alone = [column.encode(its) for column, its in zip(columns, cells, strict=True)]
    np.testing.assert_array_equal(rows, np.concatenate(alone, axis=1))
    moved = rows + np.random.default_rng(1).normal(size=rows.shape).astype(np.float32) * 3
    codes = np.zeros(N, dtype=np.intp)
    found = decode_columns(columns, moved, np.random.default_rng(2), codes)
    rng, start = np.random.default_rng(2), 0
    for column, its in zip(columns, found, strict=True):
        width = column.block(0).width
        expected = column.decode(moved[:, start : start + width], rng, codes)
        np.testing.assert_array_equal(its.values, expected.values)
        np.testing.assert_array_equal(its.missing, expected.missing)
        start += width


def test_infinity_and_new_missing_cells_are_refused_by_name():
    rng = np.random.default_rng(0)
    cells = [Cells(rng.normal(size=N), np.zeros(N, dtype=bool)) for _ in range(3)]
    columns = [learn_column(f"c{i}", its) for i, its in enumerate(cells)]
    cells[1].values[4] = np.inf
    with pytest.raises(ValueError, match="infinity in column 'c1'"):
        encode_columns(columns, cells)
    cells[2].missing[5] = True
    with pytest.raises(ValueError, match="'c2' holds 1 missing"):
        encode_columns(columns, cells)
