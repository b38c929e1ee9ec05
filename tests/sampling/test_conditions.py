"""Conditional sources: rows that fit, exactly as many as asked for, near the real rows that fit."""

import numpy as np
import pytest

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.conditions import ConditionalSource
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import BaseSource, Drawn, Mixture

RNG = np.random.default_rng(0)
N = 120
X = [
    [float(a), "FM"[s], float(b)]
    for a, s, b in zip(RNG.normal(40, 9, N), RNG.integers(0, 2, N), RNG.normal(size=N))
]
CODES = (np.arange(N) % 3 == 0).astype(int)
ENCODER = TableEncoder.learn(X)
DATA = FoldData.of(ENCODER.encode(X), CODES, RowSpace(ENCODER.layout), learned=[1], drawn=[1])
CASES = [{1: "F"}, {0: (35, 45)}, {1: "M", 0: (30, 36)}, {0: (38, 42), 1: "F"}, {0: [X[3][0]]}]


def _conditional(given, source=None, data=DATA):
    encoder = ENCODER.given(given)
    source = BaseSource(data, "smoothed_bootstrap") if source is None else source
    return ConditionalSource.of(source, encoder, 1, "rare", Streams(0))


def _decoded(source, rows):
    return source.encoder.decode(rows, np.random.default_rng(0))


@pytest.mark.parametrize("base", sorted(BASES))
@pytest.mark.parametrize("given", CASES, ids=str)
def test_all_rows_fit_and_counts_are_exact_for_every_base(base, given):
    source = _conditional(given, Mixture((BaseSource(DATA, base), BaseSource(DATA, "bootstrap"))))
    for n in (0, 1, 40):
        drawn = source.draw(1, n, Streams(n))
        assert drawn.rows.shape == (n, ENCODER.layout.width)
        assert drawn.seed_indices.shape == (n,)
        assert not n or source.encoder.keeps(drawn.rows, None, np.random.default_rng(1)).all()
        np.testing.assert_array_equal(drawn.rows, source.draw(1, n, Streams(n)).rows)


def test_rows_start_from_real_rows_that_fit():
    source = _conditional({1: "F", 0: (35, 45)})
    seeds = source.draw(1, 60, Streams(0)).seed_indices
    fitting = [i for i in range(N) if CODES[i] and X[i][1] == "F" and 35 <= X[i][0] <= 45]
    assert set(seeds) == set(fitting)


def test_conditions_that_all_rows_keep_leave_seeds_to_all():
    seeds = _conditional({0: (0, 100)}).draw(1, 400, Streams(0)).seed_indices
    assert set(seeds) == set(np.flatnonzero(CODES))


def test_where_no_real_row_fits_those_that_keep_most_conditions_are_the_nearest():
    source = _conditional({1: "F", 0: (39.5, 39.7), 2: (0, 9)})
    assert not len(source.fitting)
    rows = _decoded(source, source.draw(1, 20, Streams(0)).rows)
    assert {row[1] for row in rows} == {"F"}
    assert all(39.5 <= row[0] <= 39.7 and row[2] >= 0 for row in rows)
    assert len({row[0] for row in rows}) > 3  # values lie in the interval, not at one end of it


class Fixed:
    """A source of one row, which never fits."""

    data = DATA

    def __init__(self, row):
        self.row = row

    def draw(self, code, n, streams):
        return Drawn(np.tile(self.row, (n, 1)), n)

    def among(self, code, masks):
        return self


def test_proposals_that_never_fit_take_the_cells_of_the_nearest_row_that_does():
    (row,) = ENCODER.encode([[20.0, "M", 0.5]])
    source = _conditional({1: "F", 0: (50, 60)}, Fixed(row))
    rows = _decoded(source, source.draw(1, 9, Streams(0)).rows)
    assert {row[1] for row in rows} == {"F"}
    assert all(50 <= row[0] <= 60 for row in rows)
    assert all(row[2] == pytest.approx(0.5, abs=1e-6) for row in rows)  # nothing was asked of it


def test_conditions_that_hold_apart_are_combined_with_a_warning():
    (row,) = ENCODER.encode([[20.0, "M", 0.0]])
    source = _conditional({0: [X[3][0]], 2: [X[6][2]]}, Fixed(row))
    with pytest.warns(UserWarning, match="No real row of class 'rare' fits all of 'given'"):
        rows = _decoded(source, source.draw(1, 5, Streams(0)).rows)
    np.testing.assert_allclose([row[::2] for row in rows], [[X[3][0], X[6][2]]] * 5, rtol=1e-6)


def test_what_cannot_be_made_says_how_many_real_rows_fit():
    (row,) = ENCODER.encode([[20.0, "M", 0.0]])
    n_rare, n_f = CODES.sum(), sum(X[i][1] == "F" for i in np.flatnonzero(CODES))
    message = rf"class 'rare'.* 0 of its {n_rare} real rows fit .*1 by {n_f}, 0 by 0\)"
    with pytest.raises(ValueError, match=message):
        _conditional({1: "F", 0: (500, 600)}, Fixed(row)).draw(1, 5, Streams(0))


def test_seed_odds_of_the_rows_that_are_left_stay_in_proportion():
    kept = np.arange(len(DATA.positions[1])) % 2 == 0
    part = DATA.among(1, {1: kept}).neighbourhoods[1]
    np.testing.assert_array_equal(part.traits_nK, DATA.neighbourhoods[1].traits_nK[kept])
    np.testing.assert_array_equal(part.spread_F, DATA.neighbourhoods[1].spread_F)
    assert part.neighbours_nK.max() < kept.sum()


def test_more_rows_than_a_chunk_combine_proposals_of_their_own(monkeypatch):
    monkeypatch.setattr("gan_oversampler.sampling.proposals.CHUNK", 30)
    monkeypatch.setattr("gan_oversampler.sampling.conditions.N_PILOT", 20)
    source = _conditional({0: [X[3][0]], 2: [X[6][2]]})
    with pytest.warns(UserWarning, match="fits all of 'given'"):
        drawn = source.draw(1, 70, Streams(0))
    assert len(drawn.rows) == 70
    assert len(np.unique(drawn.rows, axis=0)) > 1


class Capped(BaseSource):
    """A base of whose rows every second one had been rejected."""

    def draw(self, code, n, streams):
        drawn = super().draw(code, n, streams)
        return Drawn(drawn.rows, n, drawn.seeds, drawn.rows[:, 0] > np.median(drawn.rows[:, 0]))


@pytest.mark.parametrize("given", [{1: "F"}, {0: (39.5, 39.7)}], ids=str)
def test_rows_that_fit_tell_whether_they_had_been_rejected(given):
    drawn = _conditional(given, Capped(DATA, "smoothed_bootstrap")).draw(1, 40, Streams(0))
    assert 0 < drawn.n_rejected < 40
