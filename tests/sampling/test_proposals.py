"""Searches among proposals: enough, never more than allowed, and in batches of the size that is needed."""

import numpy as np
import pytest

from gan_oversampler._utils import Streams
from gan_oversampler.sampling.proposals import ProposalSearch
from gan_oversampler.sampling.sources import CHUNK, N_EXTRA, BaseSource, Mixture
from tests.drawing import plane

SOURCE = BaseSource(plane([(float(i), 1.0) for i in range(1, 9)]), "bootstrap")
SIDES = Mixture(
    (BaseSource(plane([(-1.0, 0.0)] * 4), "bootstrap"), BaseSource(plane([(1.0, 0.0)] * 4), "bootstrap"))
)


def _run(search, share, source=SOURCE):
    """Sizes of the batches, of each of which a share is accepted, and all proposals."""
    sizes, rows = [], []
    for proposals, _, rng in search.batches(source, 1, Streams(0), name="some", order="order"):
        search.n_found += int((rng.random(len(proposals.rows)) < share).sum())
        sizes.append(len(proposals.rows))
        rows.append(proposals.rows)
    return sizes, rows


@pytest.mark.parametrize("rate", [None, 0.0, 0.2, 1.0])
@pytest.mark.parametrize("share", [0.2, 1.0])
def test_a_search_goes_on_until_enough_is_found(share, rate):
    search = ProposalSearch(300, 10**6, rate)
    sizes, _ = _run(search, share)
    assert search.n_missing <= 0
    assert search.n_drawn == sum(sizes)
    assert max(sizes) <= CHUNK


def test_a_search_ends_when_no_more_may_be_drawn():
    search = ProposalSearch(100, 250, 1.0)
    sizes, _ = _run(search, 0.0)
    assert sum(sizes) == search.n_drawn == 250
    assert search.n_missing == 100


def test_the_rate_so_far_tells_how_many_more_are_drawn():
    first, second, *_ = _run(search := ProposalSearch(1000, 10**6), 0.25)[0]
    assert first == 1100 + N_EXTRA
    missing, rate = 1000 - first / 4, 1 / 4
    assert second == pytest.approx(1.1 * missing / rate, rel=0.15)
    assert search.n_found < 1300


def test_batches_differ_and_mix_the_parts_of_a_source():
    _, (first, second, *_) = _run(ProposalSearch(60, 10**6, 1.0), 0.3, SIDES)
    assert not np.array_equal(first[:40], second[:40])
    half = (first[: len(first) // 2, 0] > 0).mean()
    assert 0.2 < half < 0.8
