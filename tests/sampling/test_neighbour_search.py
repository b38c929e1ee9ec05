"""One search of a table finds the same neighbours in every part of it as a search of the part."""

import numpy as np
import pytest

from gan_oversampler.sampling import neighbour_search
from gan_oversampler.sampling.neighbour_search import SharedSearch, nearest

N = 200
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(N, 3)).astype(np.float32)
CODES = (RNG.random(N) < 0.3).astype(np.intp)


def _parts(share):
    return np.flatnonzero(np.random.default_rng(1).random(N) < share)


@pytest.mark.parametrize("share", [1.0, 0.7, 0.2, 0.06])
@pytest.mark.parametrize("n_wide", [32, 12])
@pytest.mark.parametrize("code", [0, 1])
def test_a_part_has_the_neighbours_of_a_search_of_its_own(share, n_wide, code, monkeypatch):
    monkeypatch.setattr(neighbour_search, "N_WIDE", n_wide)
    part, search = _parts(share), SharedSearch(ROWS, CODES)
    mine, others = (ROWS[part[(CODES[part] == code) == is_mine]] for is_mine in (True, False))
    alone = nearest(mine, mine, skip_self=True), nearest(mine, others, skip_self=False)
    for _ in range(2):  # the second time without a search
        for (positions, distances), (known, far) in zip(search.within(code, part), alone, strict=True):
            np.testing.assert_array_equal(positions, known)
            np.testing.assert_allclose(distances, far, atol=1e-6)


def test_among_equal_rows_none_is_its_own_neighbour(monkeypatch):
    monkeypatch.setattr(neighbour_search, "N_WIDE", 12)
    rows, part = np.repeat(ROWS[:10], 20, axis=0), _parts(0.2)
    (positions, distances), _ = SharedSearch(rows, np.zeros(N, np.intp)).within(0, part)
    assert (positions != np.arange(len(part))[:, None]).all()
    assert all(len(set(row)) == len(row) for row in positions.tolist())
    alone = nearest(rows[part], rows[part], skip_self=True)
    np.testing.assert_allclose(distances, alone[1], atol=1e-6)
