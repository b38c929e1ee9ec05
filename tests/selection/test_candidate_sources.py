"""Sources of candidates: all rows and replicas in the end, in each fold what never saw its rows."""

from dataclasses import replace

import numpy as np
import pytest

from gan_oversampler import GAN
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.sources import BaseSource
from gan_oversampler.selection.candidate_sources import (
    CrossFittedSources,
    base_sources,
    fold_source,
    generator_sources,
)
from tests.fits import BASE, GUIDED, STREAMS, candidates_of, problem_of, table

GANS = [BASE, GUIDED, GAN("classic", classes="all", generator=Generator(widths=(8,)))]
ROWS = table()
PROBLEM = problem_of(ROWS)
DATA = PROBLEM.training_data(GANS)


@pytest.fixture(scope="module")
def candidates():
    return candidates_of(GANS, DATA, n_steps=1)


def _rows(source, n=20):
    return source.draw(1, n, STREAMS).rows


def test_in_a_fold_the_generator_that_never_saw_its_rows_draws(candidates):
    for candidate in candidates:
        gan = GANS[candidate.specification]
        source = fold_source(gan, candidate, DATA, 1)
        assert source.snapshot is candidate.snapshots[1]
        assert source.data is DATA.fold(gan, 1)
        real = source.data.rows[1].numpy()
        seen = ROWS.at(PROBLEM.folds[1][0]).of(1).values
        np.testing.assert_array_equal(real, seen)


def test_in_the_end_all_replicas_that_saw_all_rows_draw_in_equal_shares(candidates):
    _, guided, _ = candidates
    found = generator_sources(GANS, [guided], DATA, 2)
    assert [part.snapshot for part in found.full.sources] == [guided.snapshots[None], *guided.replicas]
    assert len(found.full.sources) == 3
    assert all(part.data is DATA.full(GUIDED) for part in found.full.sources)
    assert [[part.snapshot for part in fold.sources] for fold in found.by_fold] == [
        [guided.snapshots[0]],
        [guided.snapshots[1]],
    ]


def test_one_replica_of_an_untrained_generator_is_enough(candidates):
    untrained = replace(candidates[1], step=0)
    found = generator_sources(GANS, [untrained], DATA, 2)
    assert [part.snapshot for part in found.full.sources] == [untrained.snapshots[None]]


def test_candidates_that_sample_together_share_the_rows(candidates):
    base, guided, classic = candidates
    found = generator_sources(GANS, [base, guided, classic], DATA, 2)
    assert len(found.full.sources) == 1 + 3 + 1
    assert [len(fold.sources) for fold in found.by_fold] == [3, 3]
    assert found.full.sources[-1].data is DATA.full(GANS[2])
    assert _rows(found.full).shape == (20, 2)


def test_a_base_draws_from_the_rows_of_each_fold():
    found = base_sources("star", DATA, 2)
    np.testing.assert_array_equal(_rows(found.full), _rows(BaseSource(DATA.full(), "star")))
    assert [source.data for source in found.by_fold] == [DATA.fold(None, fold) for fold in (0, 1)]


def test_without_folds_nothing_is_held_out(candidates):
    assert generator_sources(GANS, candidates, DATA, 0).by_fold == ()
    assert base_sources("star", DATA, 0).by_fold == ()


def test_a_change_knows_the_fold_of_each_source():
    sources = CrossFittedSources("all", ("first", "second"))
    assert sources.each(lambda fold, source: (fold, source)) == CrossFittedSources(
        (None, "all"), ((0, "first"), (1, "second"))
    )
