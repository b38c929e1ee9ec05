"""Seeds: every source tells which real row each of its rows started from, through all that may follow."""

import numpy as np
import pytest

from gan_oversampler import GAN, Policy
from gan_oversampler._utils import Streams
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.acceptance import Acceptance
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.rejection import Gate, RejectionSource
from gan_oversampler.sampling.sources import BaseSource, Drawn, GeneratorSource, Mixture, Redrawing
from tests.drawing import guided_source, number_space, snapshot_of
from tests.ratios import KnownRatio

N = 40
# Rows of a table, of which every third is of the rare class; no two are near each other.
VALUES = np.stack([1000.0 * np.arange(N), np.arange(N) % 7], axis=1).astype(np.float32)
CODES = (np.arange(N) % 3 == 0).astype(int)
FOLD = np.flatnonzero(np.arange(N) % 5)  # positions of the rows that a fold may see
DATA = FoldData.of(
    VALUES[FOLD], CODES[FOLD], number_space(2), learned=[1], drawn=[1], n_classes=2, positions=FOLD
)


class Telling:
    """A source whose rows say which seed they started from."""

    data = DATA

    def draw(self, code, n, streams):
        seeds = streams.numpy("seeds", code).choice(FOLD, n)
        return Drawn(np.stack([seeds, seeds], axis=1).astype(np.float32), n, seeds=seeds)


@pytest.mark.parametrize("base", sorted(BASES))
@pytest.mark.parametrize("n", [0, 1, 50])
def test_seeds_of_a_base_are_rows_of_the_class_that_the_fold_holds(base, n):
    seeds = BaseSource(DATA, base).draw(1, n, Streams(0)).seed_indices
    assert seeds.shape == (n,)
    assert (CODES[seeds] == 1).all()
    assert np.isin(seeds, FOLD).all()


def test_copies_are_the_rows_at_their_seeds():
    drawn = BaseSource(DATA, "bootstrap").draw(1, 60, Streams(1))
    np.testing.assert_array_equal(drawn.rows, VALUES[drawn.seed_indices])


def test_a_child_of_two_rows_lies_between_its_seed_and_a_neighbour_of_it():
    drawn, neighbourhood = BaseSource(DATA, "smote").draw(1, 60, Streams(1)), DATA.neighbourhoods[1]
    place = np.searchsorted(DATA.positions[1], drawn.seed_indices)
    ends = neighbourhood.rows_nF[neighbourhood.neighbours_nK[place]].numpy()[..., 0]
    low, high = (
        np.sort([VALUES[drawn.seed_indices, 0], end(axis=1)], axis=0) for end in (ends.min, ends.max)
    )
    assert (drawn.rows[:, 0] >= low[0] - 1).all()
    assert (drawn.rows[:, 0] <= high[1] + 1).all()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_generators_tell_their_seeds_and_those_of_noise_have_none(family):
    gan = GAN(family, base="bootstrap", generator=Generator(widths=(8,)))
    seeds = GeneratorSource(DATA, "bootstrap", snapshot_of(gan, DATA)).draw(1, 30, Streams(0)).seed_indices
    assert (CODES[seeds[seeds >= 0]] == 1).all()
    assert set(seeds < 0) == {not FAMILIES[family].generator.uses_base}


def test_seeds_of_a_guided_generator_are_used_evenly_before_training():
    seeds = guided_source(DATA).draw(1, 10 * len(DATA.positions[1]), Streams(0)).seed_indices
    assert sorted(seeds) == sorted(np.tile(DATA.positions[1], 10))


@pytest.mark.parametrize("n", [0, 1, 5, 400])
@pytest.mark.parametrize("max_proposals", [2.0, 100.0])
def test_seeds_stay_with_their_rows(n, max_proposals):
    gate = Gate(KnownRatio(), Acceptance(lambda ratio: np.full(len(ratio), 0.3), 0.3), max_proposals)
    mixture = Mixture((Telling(), Telling(), Telling()))
    thinned = RejectionSource(mixture, {1: gate})
    preferred = PolicySource(thinned, Policy(border=1.0, filter=0.3), DATA)
    for source in (mixture, thinned, preferred):
        drawn = source.draw(1, n, Streams(2))
        np.testing.assert_array_equal(drawn.rows[:, 0], drawn.seed_indices)


def test_rows_that_a_policy_moves_keep_their_seeds_unless_they_become_copies():
    proposals = BaseSource(DATA, "smote").draw(1, 50, Streams(0))
    near = PolicySource(BaseSource(DATA, "smote"), Policy(spread=0.5), DATA).draw(1, 50, Streams(0))
    np.testing.assert_array_equal(near.seed_indices, proposals.seed_indices)
    copies = PolicySource(BaseSource(DATA, "smote"), Policy(spread=0.0), DATA).draw(1, 50, Streams(0))
    np.testing.assert_array_equal(copies.rows, VALUES[copies.seed_indices])


def test_rows_drawn_again_bring_their_own_seeds():
    codes, seeds = np.array([1, 0, 1, 1, 0]), np.full(5, -9)
    redrawing, at = Redrawing(Telling(), codes, seeds, Streams(0)), np.array([0, 1, 4])
    rows = redrawing(at, 0)
    np.testing.assert_array_equal(rows[:, 0], seeds[at])
    assert seeds[[2, 3]].tolist() == [-9, -9]
    assert not np.array_equal(redrawing(at, 1), rows)
