"""Training data: members of a fold see its training rows only, with the classes that they learn."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.training import data as data_module
from gan_oversampler.training.data import MIN_ROWS, TrainingData
from gan_oversampler.training.population import CrossFittedPopulation
from tests.populations import CPU, LINE, fold_data, small
from tests.samples import rows_of

# 40 common rows, 16 and 12 rare ones, and a class too small to learn; a row's value is its position.
CODES = np.repeat([0, 1, 2, 3], [40, 16, 12, MIN_ROWS - 1])
ROWS = rows_of(np.arange(len(CODES))[:, None], CODES, list("abcd"))
EVEN = np.arange(0, len(CODES), 2)
ODD = np.arange(1, len(CODES), 2)
GROWTH = {1: 1.5, 2: 2.0, 3: 4.0}


def _data(*gans):
    rows = replace(ROWS, values=ROWS.values.astype(np.float32))
    return TrainingData.of(gans, rows, LINE, [(EVEN, ODD), (ODD, EVEN)], [1, 2], GROWTH)


def _seen(fold):
    return sorted(torch.cat(list(fold.rows.values()))[:, 0].long().tolist())


def test_a_fold_holds_its_training_rows_and_all_rows_come_without_a_fold():
    data = _data(GAN())
    assert _seen(data.fold(GAN(), 0)) == EVEN.tolist()
    assert _seen(data.fold(GAN(), 1)) == ODD.tolist()
    assert _seen(data.full(GAN())) == list(range(len(CODES)))
    assert data.full() is data.full(GAN())
    assert list(data.by_fold(GAN())) == [0, 1, None]


def test_the_classes_to_oversample_are_drawn_and_those_with_enough_rows_are_learned():
    fold = _data(GAN()).fold(GAN(), 0)
    assert fold.classes == (1, 2)
    assert set(fold.neighbourhoods) == {1, 2, 3}
    assert fold.new_per_real == GROWTH
    assert set(fold.rows) == {0, 1, 2, 3}


@pytest.mark.parametrize(("family", "drawn"), [("classic", {1, 2, 3}), ("residual", {0, 1, 2, 3})])
def test_a_gan_of_all_classes_learns_those_with_enough_rows_of_all(family, drawn):
    gan = GAN(family, classes="all")
    data = _data(gan, GAN())
    assert data.fold(gan, 0).classes == (0, 1, 2)
    # A generator over a base needs neighbourhoods of all that it learns.
    assert set(data.full(gan).neighbourhoods) == drawn
    assert data.fold(GAN(), 0).classes == (1, 2)
    assert _seen(data.fold(gan, 0)) == EVEN.tolist()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_member_of_a_fold_is_untouched_by_rows_that_it_must_not_see(family):
    """The same member beside other rows of the other fold."""
    gan, snapshots = small(family), []
    for other in (3, 4):
        folds = {0: fold_data(0), 1: fold_data(other), None: fold_data(other)}
        population = CrossFittedPopulation([gan], TrainingData({"targets": folds}), Streams(0), CPU)
        population.advance(3)
        snapshots.append(population.candidates(3)[0].snapshots)
    assert torch.equal(snapshots[0][0].weights_N, snapshots[1][0].weights_N)
    assert not torch.equal(snapshots[0][1].weights_N, snapshots[1][1].weights_N)


def test_a_search_for_all_folds_finds_the_neighbours_of_each(monkeypatch):
    alone = _data(GAN()).by_fold()
    monkeypatch.setattr(data_module, "MIN_SHARED", 10)
    for fold, its in _data(GAN()).by_fold().items():
        for code, near in its.neighbourhoods.items():
            # A row's value is its position, so many neighbours are equally far, in either order.
            far = [
                (n.rows_nF[n.nearest_nK, 0] - n.rows_nF[:, :1]).abs()
                for n in (near, alone[fold].neighbourhoods[code])
            ]
            assert torch.equal(*far)
            torch.testing.assert_close(near.traits_nK, alone[fold].neighbourhoods[code].traits_nK)
