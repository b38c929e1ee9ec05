"""Rows as tables of the user, drawn together or in chunks."""

import numpy as np
import pytest

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling.sources import BaseSource
from gan_oversampler.sampling.tables import chunks_of, draw_in_chunks, draw_table
from tests.drawing import fold_data, number_space

VALUES = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
N_NEW = {2: 30, 1: 25}
DATA = fold_data(space=number_space(2))


def _chunks(size, seed=7):
    encoder = TableEncoder.learn(VALUES)
    source = BaseSource(DATA, "smote")
    return list(draw_in_chunks(source, encoder, N_NEW, ["a", "b", "c"], Streams(seed), size))


@pytest.mark.parametrize("size", [None, 55, 1000])
def test_one_chunk_is_a_single_draw(size):
    (chunk,) = _chunks(size)
    streams, encoder = Streams(7), TableEncoder.learn(VALUES)
    how = streams.child("resample"), streams.numpy("decode")
    alone = draw_table(BaseSource(DATA, "smote"), encoder, N_NEW, ["a", "b", "c"], *how)
    for ours, theirs in zip(chunk, alone, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("size", [1, 7, 30, 54])
def test_chunks_hold_the_same_classes_in_the_same_order_and_all_different_rows(size):
    tables, codes, seeds = map(list, zip(*_chunks(size), strict=True))
    assert [len(part) for part in tables] == [size] * (55 // size) + [55 % size] * (55 % size > 0)
    assert np.concatenate(codes).tolist() == [2] * 30 + [1] * 25
    assert list(map(len, seeds)) == list(map(len, tables))
    assert len(np.unique(np.concatenate(tables), axis=0)) == 55
    again = _chunks(size)
    assert all((a == b[0]).all() for a, b in zip(tables, again, strict=True))


@pytest.mark.parametrize("n_new", [{}, {1: 0}, {1: 4, 2: 0, 3: 5}])
def test_no_row_is_lost_between_chunks(n_new):
    parts = list(chunks_of(n_new, 3))
    totals = {code: sum(part.get(code, 0) for part in parts) for code in n_new}
    assert totals == n_new
    assert all(sum(part.values()) == 3 for part in parts[:-1])
