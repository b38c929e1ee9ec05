"""Copies of real rows are replaced where the table leaves another row, and counted where it does not."""

import numpy as np
import pytest

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.copies import knowing
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling.copies import N_ROUNDS, CopyTally, repeats
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import BaseSource, Drawn, Mixture
from gan_oversampler.sampling.tables import draw_blocks, draw_table, in_chunks

CODES = np.repeat([0, 1], [40, 20])


def whole_numbers(high=40, columns=2, seed=0):
    return np.random.default_rng(seed).integers(0, high, size=(60, columns)).astype(float)


class Copying:
    """Draws real rows of the class in turn; every row of another draw than the first is the last one."""

    def __init__(self, rows_nF):
        self.rows_nF, self.n_draws = rows_nF, 0

    def draw(self, code, n, streams):
        self.n_draws += 1
        place = np.arange(n) % 20 if self.n_draws == 1 else np.full(n, 19)
        return Drawn(self.rows_nF[CODES == 1][place], n, 40 + place)


def drawn(X, n=100, source=None, seed=0, **options):
    """New rows of class 1, and what became of copies; ``source`` is made of the encoded rows."""
    encoder, rows = knowing(TableEncoder.learn(X, **options), X)
    source = (source or Copying)(rows)
    tally, streams = CopyTally(), Streams(seed)
    table, _, seeds = draw_table(source, encoder, {1: n}, "ab", streams, streams.numpy("decode"), tally)
    return table, seeds, tally, source


def equal_real(new, X):
    return (np.asarray(new)[:, None] == X[None]).all(axis=2).any(axis=1)


def test_copies_that_nothing_else_is_drawn_for_move_by_one_step_in_one_column():
    X = whole_numbers()
    new, seeds, tally, source = drawn(X)
    assert not equal_real(new, X).any()
    assert (tally.n_rows, tally.n_redrawn, tally.n_moved, tally.n_left) == (100, 0, 100, 0)
    away = np.abs(new - X[seeds])
    assert ((away > 0).sum(axis=1) == 1).all()
    assert away.max() <= 2
    assert source.n_draws == 1 + N_ROUNDS
    assert seeds.tolist() == [40 + i % 20 for i in range(100)]  # those of the rows that were moved


def test_rows_that_are_drawn_in_place_of_copies_bring_their_seeds():
    X = whole_numbers()

    class Improving(Copying):
        def draw(self, code, n, streams):
            found = super().draw(code, n, streams)
            return found if self.n_draws == 1 else Drawn(found.rows + np.float32(0.31), n, found.seeds)

    new, seeds, tally, _ = drawn(X, source=Improving)
    assert not equal_real(new, X).any()
    assert tally.n_redrawn + tally.n_moved == 100
    assert tally.n_redrawn > 90
    assert (seeds == 59).sum() >= tally.n_redrawn


def test_what_is_no_copy_keeps_its_bits():
    X = whole_numbers(high=1000)

    def half(rows):
        source = Copying(rows)
        source.rows_nF = rows.copy()
        source.rows_nF[40:50] += np.float32(0.31)
        return source

    encoder, rows = knowing(TableEncoder.learn(X), X)
    streams = Streams(0)
    before = encoder.decode(half(rows).draw(1, 100, streams).rows, streams.numpy("decode"))
    after, _, tally, _ = drawn(X, source=half)
    stay = ~equal_real(before, X)
    np.testing.assert_array_equal(before[stay], after[stay])
    assert tally.n_moved == (~stay).sum() == 50


def test_where_columns_can_form_few_other_rows_copies_stay_and_the_reason_is_told():
    X = np.array([[a, b] for a in range(4) for b in range(5)] * 3, float)
    new, _, tally, source = drawn(X)
    assert equal_real(new, X).all()
    assert (tally.n_left, tally.n_moved, source.n_draws) == (100, 0, 1)
    assert "20 rows only, of which the table holds 20" in tally.reason


def test_where_a_constraint_leaves_no_other_row_copies_stay():
    X = whole_numbers()
    real = {tuple(row) for row in X.tolist()}
    new, _, tally, _ = drawn(
        X, constraints=[lambda rows: np.array([tuple(r) in real for r in rows.tolist()])]
    )
    assert equal_real(new, X).all()
    assert tally.n_left == 100
    assert "no value near" in tally.reason


def test_what_replaces_a_copy_keeps_constraints():
    X = whole_numbers()
    X[:, 0] -= X[:, 0] % 2
    new, *_ = drawn(X, constraints=[lambda rows: rows[:, 0] % 2 == 0])
    assert not equal_real(new, X).any()
    assert (new[:, 0] % 2 == 0).all()


def test_levels_move_where_there_are_no_numbers_and_missing_cells_stay():
    rng = np.random.default_rng(0)
    X = [[str(cell) for cell in row] for row in rng.integers(0, 9, size=(60, 4))]
    X[45][2] = None
    new, seeds, tally, _ = drawn(X)
    assert not {tuple(row) for row in new} & {tuple(row) for row in X}
    assert tally.n_moved == 100
    away = [
        sum(a != b for a, b in zip(row, X[seed], strict=True)) for row, seed in zip(new, seeds, strict=True)
    ]
    assert set(away) == {1}
    assert all(row[2] is None for row, seed in zip(new, seeds, strict=True) if seed == 45)


@pytest.mark.parametrize("size", [1, 20, 64])
def test_no_chunk_holds_copies_whatever_its_size(size):
    X = whole_numbers(high=30)
    encoder, rows = knowing(TableEncoder.learn(X), X)
    data = FoldData.of(rows, CODES, RowSpace(encoder.layout), learned=(1,), drawn=[1])
    tally = CopyTally()
    blocks = draw_blocks(BaseSource(data, "smote"), encoder, {1: 50}, "ab", Streams(0), None, tally)
    chunks = in_chunks(blocks, encoder, size)
    new = np.concatenate([table for table, _, _ in chunks])
    assert len(new) == tally.n_rows == 50
    assert not equal_real(new, X).any()


def test_a_base_that_is_there_to_repeat_rows_may_do_so():
    X = whole_numbers()
    encoder, rows = knowing(TableEncoder.learn(X), X)
    data = FoldData.of(rows, CODES, RowSpace(encoder.layout), learned=(1,), drawn=[1])
    bootstrap, smote = BaseSource(data, "bootstrap"), BaseSource(data, "smote")
    assert [repeats(source) for source in (bootstrap, smote, Mixture((bootstrap, smote)))] == [
        True,
        False,
        False,
    ]
    new, _, tally, _ = drawn(X, source=lambda rows: bootstrap)
    assert equal_real(new, X).all()
    assert "repeat" in tally.reason
