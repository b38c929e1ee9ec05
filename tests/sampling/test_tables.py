"""Rows as tables of the user, drawn together or in chunks."""

import numpy as np
import pytest

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling import tables
from gan_oversampler.sampling.sources import BaseSource
from gan_oversampler.sampling.tables import chunks_of, draw_blocks, draw_table, in_chunks
from tests.drawing import fold_data, number_space

VALUES = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
N_NEW = {2: 30, 1: 25}
DATA = fold_data(space=number_space(2))


NAMES = ["a", "b", "c"]
ENCODER = TableEncoder.learn(VALUES)


def _blocks(seed=7):
    return draw_blocks(BaseSource(DATA, "smote"), ENCODER, N_NEW, NAMES, Streams(seed), "resample")


def test_a_block_is_a_single_draw():
    (block,) = _blocks()
    how = Streams(7).child("resample"), Streams(7).numpy("decode")
    alone = draw_table(BaseSource(DATA, "smote"), ENCODER, N_NEW, NAMES, *how)
    for ours, theirs in zip(block, alone, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("block", [9, 20, 55, 100])
def test_rows_do_not_depend_on_the_size_of_chunks(monkeypatch, block):
    monkeypatch.setattr(tables, "BLOCK", block)
    whole = tables.joined(list(_blocks()), ENCODER)
    assert whole.codes.tolist() == [2] * 30 + [1] * 25
    assert len(np.unique(whole.table, axis=0)) == 55
    for size in (1, 7, 20, 54, 55, 1000):
        chunks = list(in_chunks(_blocks(), ENCODER, size))
        assert [len(chunk.codes) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)
        for ours, theirs in zip(tables.joined(chunks, ENCODER), whole, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_no_rows_are_one_empty_chunk():
    none = draw_blocks(BaseSource(DATA, "smote"), ENCODER, {}, NAMES, Streams(7))
    (chunk,) = in_chunks(none, ENCODER, 10)
    assert chunk.table.shape == (0, 2)


@pytest.mark.parametrize("n_new", [{}, {1: 0}, {1: 4, 2: 0, 3: 5}])
def test_no_row_is_lost_between_chunks(n_new):
    parts = list(chunks_of(n_new, 3))
    totals = {code: sum(part.get(code, 0) for part in parts) for code in n_new}
    assert totals == n_new
    assert all(sum(part.values()) == 3 for part in parts[:-1])
