"""Batches: real rows and starts of one class, and the shares of classes and rows."""

import numpy as np
import pytest
import torch

from gan_oversampler.nn.latent import Latent
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.training.batches import GuidedBatches, PlainBatches, stacked
from gan_oversampler.training.inner_splits import InnerSplits
from tests.populations import CPU, LINE, differences, fold_data, plane_data, stream_of, tensors_of


def _plain(data, base=None, latent=3, seed=0):
    return PlainBatches(data, BASES[base] if base else None, 32, Latent(latent), stream_of(seed))


def _guided(data, seed=0):
    return GuidedBatches(InnerSplits(data, stream_of(seed)), 32, Latent(3))


def _apart():
    """Three classes of 12 rows, a hundred apart from each other."""
    codes = np.repeat([0, 1, 2], 12)
    rows = 100.0 * codes[:, None] + np.tile(np.arange(12.0), 3)[:, None]
    return FoldData.of(rows.astype(np.float32), codes, LINE, learned=[1, 2], drawn=[1, 2])


def test_batches_pair_real_and_base_rows_of_one_class():
    batches = _plain(_apart(), "smote").draw(9)
    assert batches.real.shape == batches.start.shape == (9, 32, 1)
    assert batches.noise.shape == (9, 32, 3)
    of_real, of_base = ((side[..., 0] // 100).long() for side in (batches.real, batches.start))
    assert torch.equal(of_real, of_base)
    assert torch.equal(of_real - 1, batches.label.argmax(-1))


def test_batches_of_guided_gans_pair_real_rows_and_seeds_of_one_class():
    batches = _guided(_apart()).draw(9)
    assert batches.real.shape == batches.start.rows.shape == (9, 32, 1)
    assert batches.noise.shape == (9, 32, 3)
    assert len(batches.split.training_PSF) == 9
    of_real, of_seed = ((side[..., 0] // 100).long() for side in (batches.real, batches.start.rows))
    assert torch.equal(of_real, of_seed)
    assert torch.equal(of_real - 1, batches.label.argmax(-1))
    assert batches.label.sum(1).tolist() == [[16, 16]] * 9


def test_generators_that_start_from_noise_alone_have_no_start():
    assert _plain(fold_data()).draw(2).start is None


def test_classes_and_their_rows_come_in_equal_shares():
    data = fold_data()
    batches = _plain(data).draw(10)
    assert batches.label.sum((0, 1)).tolist() == [160, 160]
    real = batches.real.flatten(0, 1)
    for code, rows in data.learned_rows.items():
        uses = (real[:, None] == rows).all(-1).sum(0)
        assert uses.sum() == 160, code
        assert set(uses.tolist()) <= {160 // len(rows), 160 // len(rows) + 1}


@pytest.mark.parametrize(("balanced", "share"), [(True, 0.5), (False, 0.2)])
def test_critic_batches_hold_classes_equally_or_as_the_rows_do(balanced, share):
    rows, codes = np.zeros((100, 1), np.float32), np.repeat([0, 1], [80, 20])
    data = FoldData.of(rows, codes, LINE, learned=[0, 1], drawn=[])
    batches = _plain(data).draw(50, balanced=balanced)
    assert batches.label.shape == (50, 32, 2)
    assert batches.label[..., 1].mean().item() == pytest.approx(share)


@pytest.mark.parametrize("kind", [_plain, _guided])
def test_mixing_weights_are_uniform(kind):
    mix = kind(plane_data()).draw(10).mix
    assert mix.shape == (10, 32, 1)
    assert mix.min() >= 0
    assert mix.max() <= 1
    assert mix.mean().item() == pytest.approx(0.5, abs=0.06)
    assert mix.std().item() == pytest.approx(12**-0.5, abs=0.04)


@pytest.mark.parametrize("kind", [_plain, _guided])
def test_batches_depend_on_the_stream_and_go_on_where_it_is(kind):
    data = plane_data()
    stream = kind(data)
    first, second = stream.draw(2), stream.draw(2)
    assert not differences(first, kind(data).draw(2))
    for other in (second, kind(data, seed=1).draw(2)):
        assert "noise" in differences(first, other)


def test_batches_of_members_lie_side_by_side():
    parts = [_guided(plane_data(), seed).draw(3) for seed in (0, 1)]
    together = tensors_of(stacked(parts, 2, CPU))
    assert together
    for path, tensor in together.items():
        for p, part in enumerate(parts):
            assert torch.equal(tensor[p], tensors_of(part)[path][2])
