"""What members see and what comes of it: batches, learning, sources."""

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.nn.latent import Latent
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import CHUNK, Source
from gan_oversampler.training.batches import Feed
from gan_oversampler.training.population import CrossFittedPopulation
from tests.populations import (
    CPU,
    LINE,
    SMALL,
    cohort_of,
    line_pool,
    plain_pool,
    pool_of,
    population_of,
    stream_of,
    three_classes,
)
from tests.tables import MIXED

# --- what a member sees


def test_batches_pair_real_and_base_rows_of_one_class():
    codes = np.repeat([0, 1, 2], 12)
    rows = 100.0 * codes[:, None] + np.tile(np.arange(12.0), 3)[:, None]
    pool = FoldData.of(rows.astype(np.float32), codes, LINE, learned=[1, 2], drawn=[1, 2])
    batches = Feed(pool, BASES["smote"], 32, Latent(3), stream_of()).draw(9)
    assert batches.real.shape == batches.start.rows.shape == (9, 32, 1)
    assert batches.noise.shape == (9, 32, 3)
    of_real, of_base = ((side[..., 0] // 100).long() for side in (batches.real, batches.start.rows))
    assert torch.equal(of_real, of_base)
    assert torch.equal(of_real - 1, batches.label.argmax(-1))


def test_classes_and_their_rows_are_fed_in_equal_shares():
    pool = pool_of()
    batches = Feed(pool, None, 32, Latent(3), stream_of()).draw(10)
    assert batches.label.sum((0, 1)).tolist() == [160, 160]
    real = batches.real.flatten(0, 1)
    for code in pool.classes:
        uses = (real[:, None] == pool.reals[code]).all(-1).sum(0)
        assert uses.sum() == 160
        assert set(uses.tolist()) <= {160 // len(pool.reals[code]), 160 // len(pool.reals[code]) + 1}


def test_mixing_weights_are_shares():
    mix = Feed(pool_of(), None, 32, Latent(3), stream_of()).draw(10).mix
    assert mix.shape == (10, 32, 1)
    assert mix.min() >= 0
    assert mix.max() <= 1
    assert mix.std() > 0.2


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_fold_member_is_untouched_by_rows_it_must_not_see(family):
    """The same member, whatever the other fold's rows are."""
    gan, weights = GAN(family, **SMALL), []
    for other in (3, 4):
        pools = {"targets": {0: pool_of(0), 1: pool_of(other), None: pool_of(other)}}
        population = CrossFittedPopulation([gan], pools, Streams(0), CPU)
        population.advance(3)
        weights.append(population.candidates(3)[0].snapshots)
    assert torch.equal(weights[0][0].weights_N, weights[1][0].weights_N)
    assert not torch.equal(weights[0][1].weights_N, weights[1][1].weights_N)


@pytest.mark.parametrize(("balanced", "share"), [(True, 0.5), (False, 0.2)])
def test_critic_batches_hold_classes_equally_or_as_the_rows_do(balanced, share):
    rows, codes = np.zeros((100, 1), np.float32), np.repeat([0, 1], [80, 20])
    pool = FoldData.of(rows, codes, LINE, learned=[0, 1], drawn=[])
    batches = Feed(pool, None, 32, Latent(1), stream_of()).draw(50, balanced=balanced)
    assert batches.label.shape == (50, 32, 2)
    assert batches.label[..., 1].mean().item() == pytest.approx(share)


# --- learning


# Two columns and not one: in one dimension a critic with a gradient penalty cannot turn round, because on
# the way from one slope to the opposite one it would be flat.
LEARNING = {loss: {"widths": (16,), "learning_rate": 2e-3} for loss in LOSSES}
# A Wasserstein critic must be ahead of its generator.
LEARNING["wgan_gp"] |= {"critic_steps": 5, "critic_widths": (32, 32), "learning_rate": 5e-4}


def _learner(family, loss, pool, **options):
    return cohort_of(GAN(family, loss=loss, critic_learning_rate=5e-3, **LEARNING[loss], **options), pool)


def _gap(cohort, pool, base):
    """Distance of the mean of new rows to that of real ones."""
    new = Source(pool, base, cohort.snapshots()[0]).draw(1, 1000, Streams(1))
    return np.linalg.norm(new.mean(0) - pool.reals[1].mean(0).numpy())


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_classic_gan_moves_to_the_mean_of_skewed_rows(loss):
    rows = np.random.default_rng(0).exponential(size=(200, 2)) * [1, -2]
    pool = plain_pool(rows)
    cohort = _learner("classic", loss, pool)
    start = _gap(cohort, pool, "smote")
    assert start > 1  # the middle of the range is far from the mean
    cohort.advance(300)
    assert _gap(cohort, pool, "smote") < start / 2


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_residual_gan_corrects_a_shifted_base(loss):
    rng = np.random.default_rng(0)
    pool = plain_pool(rng.normal(size=(100, 2)), rng.normal((8, 4), 1, size=(100, 2)))
    cohort = _learner("residual", loss, pool, base="translation", reach=3.0)
    start = _gap(cohort, pool, "translation")
    assert start > 1
    cohort.advance(300)
    assert _gap(cohort, pool, "translation") < start / 2


def test_losses_are_means_over_the_steps():
    """At the start a relativistic critic knows next to nothing: both pay about log 2."""
    gan = GAN(penalty="none", critic_learning_rate=1e-9, learning_rate=1e-9, critic_steps=3, **SMALL)
    cohort = cohort_of(gan, pool_of())
    with torch.no_grad():
        cohort.state.critic_PN.zero_()
    losses = cohort.advance(7)
    torch.testing.assert_close(losses, torch.full((1, 2), np.log(2.0)), atol=1e-4, rtol=0)


# --- sources


def test_sources_draw_as_many_rows_as_asked():
    source = Source(line_pool(np.arange(9.0)), "smote")
    for n in (0, 1, CHUNK, CHUNK + 1):
        assert source.draw(1, n, Streams(0)).shape == (n, 1)


def test_a_class_that_was_not_learned_is_drawn_from_the_base():
    population = population_of([GAN(learning_rate=0.05, **SMALL)])
    population.advance(5)
    (candidate,) = population.candidates(5)
    pool = FoldData.of(*three_classes(), MIXED, learned=(1, 2), drawn=(0, 1, 2))
    trained, bare = Source(pool, "smote", candidate.snapshots[None]), Source(pool, "smote")
    for code, same in ((0, True), (1, False), (2, False)):
        rows = [source.draw(code, 20, Streams(3)) for source in (trained, bare)]
        assert np.array_equal(*rows) is same


def test_two_classes_never_share_a_stream():
    rows = np.tile(np.arange(20.0, dtype=np.float32), 2)[:, None]
    pool = FoldData.of(rows, np.repeat([0, 1], 20), LINE, learned=(), drawn=(0, 1))
    source = Source(pool, "smote")
    assert not np.array_equal(source.draw(0, 20, Streams(0)), source.draw(1, 20, Streams(0)))
    np.testing.assert_array_equal(source.draw(0, 20, Streams(0)), source.draw(0, 20, Streams(0)))
