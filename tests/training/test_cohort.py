"""Cohorts: members do not know each other, what a step of training is made of, and what training learns."""

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.controllers import CONTROLLERS
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.parts import Critic, Generator
from gan_oversampler.gans.validation import validated
from gan_oversampler.nn.latent import LATENTS, Latent
from gan_oversampler.nn.tensors import take
from gan_oversampler.training.cohort import BLOCK, Cohort
from gan_oversampler.training.members import Member
from tests.populations import (
    CPU,
    LINE,
    assert_members_agree,
    break_down,
    cohort_of,
    crowd_of,
    differences,
    draw,
    fold_data,
    line_data,
    numbers_of,
    plain_data,
    population_of,
    population_on,
    randn,
    small,
)
from tests.samples import global_state

BATCH_NORM = {"generator__norm": "batch", "critic__norm": "batch"}
CONFIGS = {
    "default": GAN(),
    "odd": small(generator__widths=(33,), generator__latent=5, batch_size=50),
    "wgan_gp": small(loss="wgan_gp", critic__steps=2, generator__widths=(16, 16)),
    "classic": small("classic", conditioning="multiply", generator__norm="batch", critic__dropout=0.25),
    "guided": small("guided"),
    "ebgan": small(loss="ebgan", generator__widths=(16, 8, 16)),
    "began": small(loss="began", generator__widths=(16, 5), critic__norm="layer"),
    "norm": small(loss="bce", critic__separate_batches=True, **BATCH_NORM),
    "grid": small("classic", loss="hinge", generator__grid=(2, 2), generator__widths=(6, 5), **BATCH_NORM),
    "grid_began": small(loss="began", generator__grid="square", critic__norm="layer"),
    "deep": small(loss="hinge", generator__widths=(16, 8, 16), critic__widths=(12,), classes="all"),
    "evolving": small("classic", loss="bce", evolution=Evolution(population=2)),
    "controlled": small(loss="bce", critic__penalty="r1_r2", controllers=tuple(CONTROLLERS)),
}


# --- members do not know each other


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_a_member_trains_the_same_alone_and_among_others_up_to_rounding(config):
    alone, among = (
        population_of([CONFIGS[config]]),
        population_of(crowd_of(CONFIGS[config], "border", "star")),
    )
    for population in (alone, among):
        population.advance(8)
    assert len(among.cohorts) == 1
    assert_members_agree(numbers_of(alone, 0), numbers_of(among, 1), numbers_of(among, 2))


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_a_member_trains_the_same_beside_members_that_have_diverged(config):
    populations = [population_of(crowd_of(CONFIGS[config], "border", "star")) for _ in range(2)]
    for neighbour in (0, 2):
        break_down(populations[1], neighbour)
    for population in populations:
        population.advance(8)
    assert [candidate.is_finite for candidate in populations[1].candidates(8)] == [False, True, False]
    assert not differences(*(numbers_of(population, 1) for population in populations))


@pytest.mark.parametrize("config", ["default", "classic", "guided", "controlled"])
def test_a_member_trains_the_same_after_others_were_dropped(config):
    gans = crowd_of(CONFIGS[config], "border", "star", "bootstrap")
    staying, among = population_of(gans), population_of(gans)
    for dropped in ([0, 3], [2], []):
        staying.advance(4)
        among.advance(4)
        for number in dropped:
            among.drop(number)
    assert [c.specification for c in among.candidates(12)] == [1]
    assert_members_agree(numbers_of(staying, 1), numbers_of(among, 1), numbers_of(staying, 0))


@pytest.mark.parametrize("loss", ["relativistic", "ebgan"])
def test_members_do_not_mix_where_there_is_one_column(loss):
    rows, gan = randn(60, 1), small(loss=loss)
    data = plain_data(rows[:30], rows[30:], LINE)
    alone, among = (population_on(gans, data) for gans in ([gan], crowd_of(gan, "border", "star")))
    for population in (alone, among):
        population.advance(8)
    assert_members_agree(numbers_of(alone, 0), numbers_of(among, 1), numbers_of(among, 2))


def test_training_is_repeatable_and_leaves_global_randomness_alone():
    before, legacy = torch.get_rng_state(), global_state()
    runs = [population_of([small()], seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        run.advance(5)
    first, same, other = (numbers_of(run, 0) for run in runs)
    assert not differences(first, same)
    assert "generator.weights_PN" in differences(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert global_state() == legacy


def test_training_does_not_depend_on_when_it_is_scored():
    whole, split = (population_of([small(), small(base="border")]) for _ in range(2))
    whole.advance(60)
    for unit in (1, 29, 30):
        split.advance(unit)
    assert not differences(numbers_of(whole, 0), numbers_of(split, 0))


# --- what a step of training is made of


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_without_loss_terms_nothing_moves(family):
    population = population_of([small(family, loss_weights={"adversarial": 0.0})])
    before = numbers_of(population, 0)
    population.advance(5)
    assert not differences(before, numbers_of(population, 0))


def test_a_critic_without_the_adversarial_term_rests():
    population = population_of([small("guided", loss_weights={"utility": 1.0})])
    before = numbers_of(population, 0)
    population.advance(5)
    changed = differences(before, numbers_of(population, 0))
    assert {"generator.weights_PN", "average_PN"} <= set(changed)
    assert not [path for path in changed if path.startswith("critic")]


def test_the_adversarial_term_is_the_default():
    cohorts = [cohort_of(small(loss_weights=weights)) for weights in (None, {"adversarial": 1.0})]
    for cohort in cohorts:
        cohort.advance(5)
    assert not differences(cohorts[0].state, cohorts[1].state)


@pytest.mark.parametrize("critic_steps", [1, 5])
def test_the_critic_has_as_many_updates_as_asked_for_per_update_of_the_generator(critic_steps):
    # Real rows at 0, generated ones around 3, a generator that cannot move: the slope hardly changes, so
    # each of the first Adam steps goes as far as the learning rate.
    gan = GAN(
        base="translation",
        loss="wgan_gp",
        batch_size=2048,
        generator=Generator(widths=(8,)),
        critic=Critic(penalty="none", steps=critic_steps, learning_rate=1e-4),
    )
    cohort = cohort_of(gan, line_data(np.zeros(8), np.full(8, 12.0)))
    before = cohort.state
    cohort.advance(1)
    moved = (cohort.state.critic.weights_PN - before.critic.weights_PN)[0].abs().max().item()
    assert moved == pytest.approx(critic_steps * 1e-4, rel=0.1)


def test_losses_are_summed_over_the_steps():
    """At the start a relativistic critic knows next to nothing: both pay about log 2."""
    gan = small(
        generator__learning_rate=1e-9, critic__penalty="none", critic__learning_rate=1e-9, critic__steps=3
    )
    cohort = cohort_of(gan)
    cohort.state.critic.weights_PN.zero_()
    losses = cohort.advance(3)
    assert cohort.advance(4, losses) is losses
    torch.testing.assert_close(losses / 7, torch.full((1, 2), np.log(2.0)), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("balanced", "share"), [(True, 0.5), (False, 1 / 3)])
def test_only_batches_of_the_critic_may_hold_classes_as_the_rows_do(balanced, share, monkeypatch):
    cohort, shares = cohort_of(small(balanced=balanced)), {}  # of 30 and 15 rows
    for name in ("critic_step", "generator_step"):
        step, seen = getattr(cohort.steps, name), shares.setdefault(name, [])

        def spy(state, batch, streams, step=step, seen=seen):
            seen.append(batch.label[..., 1].mean().item())
            return step(state, batch, streams)

        monkeypatch.setattr(cohort.steps, name, spy)
    cohort.advance(BLOCK)
    assert np.mean(shares["critic_step"]) == pytest.approx(share, abs=0.02)
    assert np.mean(shares["generator_step"]) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("family", "batch_size", "rows"),
    [("residual", 50, 50), ("residual", 1, 1), ("guided", 50, 50), ("guided", 1, 2)],
)
def test_batches_have_as_many_rows_as_asked_for_and_guided_ones_at_least_one_per_class(
    family, batch_size, rows
):
    cohort = cohort_of(small(family, batch_size=batch_size))
    assert cohort.batch_streams[0].draw(1).real.shape[1] == rows
    assert cohort.advance(2).isfinite().all()


@pytest.mark.parametrize("family", ["residual", "guided"])
@pytest.mark.parametrize("law", sorted(LATENTS))
def test_noise_has_the_law_and_the_length_of_the_gan_in_training_and_in_snapshots(law, family):
    cohort = cohort_of(small(family, generator__latent=5, generator__latent_law=law))
    noise = cohort.batch_streams[0].draw(20).noise
    assert noise.shape == (20, 32, 5)
    assert bool(noise.abs().max() <= 1) is (law == "uniform")
    assert cohort.snapshots()[0].latent == Latent(5, law)


@pytest.mark.parametrize("batch_size", [1, 32])
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_three_steps_leave_other_and_finite_weights(loss, batch_size):
    cohort = cohort_of(small(loss=loss, batch_size=batch_size))
    before = cohort.state
    assert cohort.advance(3).isfinite().all()
    for side in ("critic", "generator"):
        weights = getattr(cohort.state, side).weights_PN
        assert weights.isfinite().all()
        assert not torch.equal(weights, getattr(before, side).weights_PN)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_generator_may_have_no_hidden_layer(family):
    cohort = cohort_of(validated(small(family, generator__widths=(), critic__widths=(8,))))
    cohort.advance(2)
    assert cohort.state.generator.weights_PN.isfinite().all()


# --- rolling back


def test_a_rollback_restores_some_members_and_halves_their_rates():
    members = [Member(0, p, small(), fold_data(p), Streams(p)) for p in range(3)]
    cohort = Cohort(members, CPU)
    cohort.advance(2)
    saved = take(cohort.state, [0, 2])
    cohort.advance(2)
    bystander = take(cohort.state, [1])
    for rate in (0.5, 0.25):
        cohort.roll_back([0, 2], saved)
        assert differences(saved, take(cohort.state, [0, 2])) == ["rate_P1"]
        assert cohort.state.rate_P1[:, 0].tolist() == [rate, 1.0, rate]
        assert not differences(bystander, take(cohort.state, [1]))


# --- learning


# Two columns and not one: in one dimension a critic with a gradient penalty cannot turn round, because on
# the way from one slope to the opposite one it would be flat.
LEARNING = {loss: {"generator__widths": (16,), "generator__learning_rate": 2e-3} for loss in LOSSES}
# A Wasserstein critic must be ahead of its generator.
LEARNING["wgan_gp"] |= {"critic__steps": 5, "critic__widths": (32, 32), "generator__learning_rate": 5e-4}


def _learner(family, loss, data, **options):
    options = {**LEARNING[loss], "critic__learning_rate": 5e-3, "batch_size": 64, **options}
    return cohort_of(small(family, loss=loss, **options), data)


def _distance(cohort, data, base):
    """Distance of the mean of new rows to that of real ones."""
    new = draw(data, base, 1, 1000, Streams(1), cohort.snapshots()[0])
    return np.linalg.norm(new.mean(0) - data.rows[1].mean(0).numpy())


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_classic_gan_moves_to_the_mean_of_skewed_rows(loss):
    data = plain_data(np.random.default_rng(0).exponential(size=(200, 2)) * [1, -2])
    cohort = _learner("classic", loss, data)
    start = _distance(cohort, data, "smote")
    assert start > 1  # the middle of the range is far from the mean
    cohort.advance(300)
    assert _distance(cohort, data, "smote") < start / 2


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_residual_gan_corrects_a_shifted_base(loss):
    rng = np.random.default_rng(0)
    data = plain_data(rng.normal(size=(100, 2)), rng.normal((8, 4), 1, size=(100, 2)))
    cohort = _learner("residual", loss, data, base="translation", generator__correction_bound=3.0)
    start = _distance(cohort, data, "translation")
    assert start > 1
    cohort.advance(300)
    assert _distance(cohort, data, "translation") < start / 2
