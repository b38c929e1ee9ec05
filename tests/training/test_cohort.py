"""Cohorts: members do not know each other, what training learns, and what the usual training leaves alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.parts import Critic, Generator
from gan_oversampler.nn.latent import LATENTS, Latent
from gan_oversampler.nn.tensors import take
from gan_oversampler.training.cohort import BLOCK, Cohort
from gan_oversampler.training.members import Member
from gan_oversampler.training.networks import WIDE
from tests.populations import (
    CPU,
    OTHERS,
    SMALL,
    cohort_of,
    differences,
    draw,
    fold_data,
    line_data,
    numbers_of,
    plain_data,
    population_of,
    population_on,
    randn,
    space_of,
)
from tests.samples import global_state

CONFIGS = {
    "default": {},
    "wgan_gp": {"loss": "wgan_gp", "critic_steps": 2, "widths": (16, 16)},
    "classic": {
        "family": "classic",
        "conditioning": "multiply",
        "batch_norm": True,
        "critic_dropout": 0.25,
        "widths": (24,),
    },
    "guided": {"family": "guided", "widths": (16,), "batch_size": 32},
    "both": {"family": "guided", "widths": (24,), "forces": {"utility": 1.0, "adversarial": 0.1}},
    "odd": {"widths": (33,), "batch_size": 50, "latent": 5},
    "wide": {"widths": (WIDE, 16), "batch_size": 32},
    "ebgan": {"loss": "ebgan", "widths": (16, 8, 16), "batch_size": 32},
    "began": {"loss": "began", "widths": (16, 5), "critic_norm": "layer"},
    "norm": {"loss": "bce", "widths": (16, 12), "critic_norm": "batch", "separate_batches": True},
    "grid": {"family": "classic", "grid": (2, 2), "widths": (6, 5), "batch_norm": True, "loss": "hinge"},
    "grid_began": {
        "grid": "square",
        "widths": (4,),
        "loss": "began",
        "critic_norm": "layer",
        "batch_size": 32,
    },
    "deep": {"widths": (16, 8, 16), "critic_widths": (12,), "loss": "hinge", "classes": "all"},
}


# --- members do not know each other


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_a_member_trains_the_same_alone_and_among_sixteen(config):
    gan = GAN(**CONFIGS[config])
    crowd = [GAN(**CONFIGS[config]).set_params(base=base) for base in OTHERS]
    alone, among = population_of([gan]), population_of([*crowd[:7], gan, *crowd[7:]])
    alone.advance(BLOCK + 2)
    among.advance(BLOCK + 2)
    assert len(among.cohorts) == 1
    assert not differences(numbers_of(alone, 0), numbers_of(among, 7))


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_a_member_trains_the_same_after_others_were_dropped(config):
    gan = GAN(**CONFIGS[config])
    crowd = [GAN(**CONFIGS[config]).set_params(base=base) for base in OTHERS[:5]]
    alone, among = population_of([gan]), population_of([*crowd[:3], gan, *crowd[3:]])
    for dropped in ([0, 5], [1, 2, 4], []):
        alone.advance(4)
        among.advance(4)
        for number in dropped:
            among.drop(number)
    assert [c.specification for c in among.candidates(12)] == [3]
    assert not differences(numbers_of(alone, 0), numbers_of(among, 3))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"conditioning": "multiply"},
        {"loss": "ebgan", "widths": (8, 3)},
        {"loss": "began", "widths": (8, 3), "diversity_ratio": 1.0},
        {"loss": "bce", "widths": (8, 3), "critic_norm": "layer"},
    ],
    ids=str,
)
@pytest.mark.parametrize("n_columns", [1, 2, 3, 7])
def test_members_do_not_mix_however_many_columns_there_are(n_columns, changes):
    rows = randn(60, n_columns)
    data = plain_data(rows[:30], rows[30:], space_of(n_columns))
    gan, *crowd = (GAN(base=base, **{**SMALL, **changes}) for base in ("smote", *OTHERS[:4]))
    alone, among = (population_on(gans, data) for gans in ([gan], [crowd[0], gan, *crowd[1:]]))
    alone.advance(8)
    among.advance(8)
    assert not differences(numbers_of(alone, 0), numbers_of(among, 1))


def test_training_is_repeatable_and_leaves_global_randomness_alone():
    before, legacy = torch.get_rng_state(), global_state()
    runs = [population_of([GAN(**SMALL)], seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        run.advance(5)
    first, same, other = (numbers_of(run, 0) for run in runs)
    assert not differences(first, same)
    assert "generator.weights_PN" in differences(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert global_state() == legacy


def test_training_does_not_depend_on_when_it_is_scored():
    whole, split = (population_of([GAN(**SMALL), GAN(base="border", **SMALL)]) for _ in range(2))
    whole.advance(60)
    for unit in (1, 29, 30):
        split.advance(unit)
    assert not differences(numbers_of(whole, 0), numbers_of(split, 0))


def test_a_member_alone_gets_a_twin_that_goes_on_beside_it():
    """Batched products round differently for one member than for several."""
    assert len(cohort_of(GAN(**SMALL)).state.rate_P1) == 2
    assert len(cohort_of(GAN(**{**SMALL, "widths": (WIDE,)})).state.rate_P1) == 1
    members = [Member(0, p, GAN(**SMALL), fold_data(p), Streams(p)) for p in range(3)]
    cohort = Cohort(members, CPU)
    cohort.advance(3)
    cohort.keep([1])
    assert len(cohort.state.rate_P1) == 2
    assert [len(found) for found in (cohort.snapshots(), cohort.collapsed(), cohort.advance(1))] == [1, 1, 1]


# --- what a step of training is made of


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_without_loss_terms_nothing_moves(family):
    population = population_of([GAN(family, loss_weights={"adversarial": 0.0}, **SMALL)])
    before = numbers_of(population, 0)
    population.advance(5)
    assert not differences(before, numbers_of(population, 0))


def test_a_critic_without_the_adversarial_term_rests():
    population = population_of([GAN("guided", loss_weights={"utility": 1.0}, **SMALL)])
    before = numbers_of(population, 0)
    population.advance(5)
    changed = differences(before, numbers_of(population, 0))
    assert {"generator.weights_PN", "average_PN"} <= set(changed)
    assert not [path for path in changed if path.startswith("critic")]


def test_the_adversarial_term_is_the_default():
    cohorts = [cohort_of(GAN(loss_weights=weights, **SMALL)) for weights in (None, {"adversarial": 1.0})]
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


def test_losses_are_means_over_the_steps():
    """At the start a relativistic critic knows next to nothing: both pay about log 2."""
    gan = GAN(
        **SMALL,
        generator=Generator(learning_rate=1e-9),
        critic=Critic(penalty="none", learning_rate=1e-9, steps=3),
    )
    cohort = cohort_of(gan)
    cohort.state.critic.weights_PN.zero_()
    losses = cohort.advance(7)
    torch.testing.assert_close(losses, torch.full((1, 2), np.log(2.0)), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("balanced", "share"), [(True, 0.5), (False, 1 / 3)])
def test_only_batches_of_the_critic_may_hold_classes_as_the_rows_do(balanced, share, monkeypatch):
    cohort, shares = cohort_of(GAN(**SMALL, balanced=balanced)), {}  # of 30 and 15 rows
    for name in ("critic_step", "generator_step"):
        step, seen = getattr(cohort.steps, name), shares.setdefault(name, [])

        def spy(state, batch, streams, step=step, seen=seen):
            seen.append(batch.label[..., 1].mean().item())
            return step(state, batch, streams)

        monkeypatch.setattr(cohort.steps, name, spy)
    cohort.advance(BLOCK)
    assert np.mean(shares["critic_step"]) == pytest.approx(share, abs=0.02)
    assert np.mean(shares["generator_step"]) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("batch_size", "rows"), [(32, 32), (50, 64), (1, 32)])
def test_batches_are_rounded_up_to_whole_vectors(batch_size, rows):
    cohort = cohort_of(GAN(batch_size=batch_size, generator=Generator(widths=(8,))))
    assert cohort.batch_streams[0].draw(1).real.shape[1] == rows


@pytest.mark.parametrize("family", ["residual", "guided"])
@pytest.mark.parametrize("law", sorted(LATENTS))
def test_noise_has_the_law_and_the_length_of_the_gan_in_training_and_in_snapshots(law, family):
    cohort = cohort_of(GAN(family, **SMALL, generator=Generator(latent=5, latent_law=law)))
    noise = cohort.batch_streams[0].draw(20).noise
    assert noise.shape == (20, 32, 5)
    assert bool(noise.abs().max() <= 1) is (law == "uniform")
    assert cohort.snapshots()[0].latent == Latent(5, law)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_three_steps_leave_other_and_finite_weights(loss):
    cohort = cohort_of(GAN(loss=loss, **SMALL))
    before = cohort.state
    assert cohort.advance(3).isfinite().all()
    for side in ("critic", "generator"):
        weights = getattr(cohort.state, side).weights_PN
        assert weights.isfinite().all()
        assert not torch.equal(weights, getattr(before, side).weights_PN)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_generator_may_have_no_hidden_layer(family):
    cohort = cohort_of(GAN(family, generator=Generator(widths=()), critic=Critic(widths=(8,))).validate())
    cohort.advance(2)
    assert cohort.state.generator.weights_PN.isfinite().all()


# --- rolling back


def test_a_rollback_restores_some_members_and_halves_their_rates():
    members = [Member(0, p, GAN(**SMALL), fold_data(p), Streams(p)) for p in range(3)]
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
LEARNING = {loss: {"widths": (16,), "learning_rate": 2e-3} for loss in LOSSES}
# A Wasserstein critic must be ahead of its generator.
LEARNING["wgan_gp"] |= {"critic_steps": 5, "critic_widths": (32, 32), "learning_rate": 5e-4}


def _learner(family, loss, data, **options):
    return cohort_of(
        GAN(family, loss=loss, **LEARNING[loss], **options, critic=Critic(learning_rate=5e-3)), data
    )


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
    cohort = _learner("residual", loss, data, base="translation", reach=3.0)
    start = _distance(cohort, data, "translation")
    assert start > 1
    cohort.advance(300)
    assert _distance(cohort, data, "translation") < start / 2


# --- what the usual training leaves alone

USUAL_TRAINING = """
import sys

from gan_oversampler.gans.gan import GAN
from tests.populations import SMALL, population_of

population = population_of([GAN("guided", **SMALL)], (0, 1, None))
called = set()
sys.setprofile(lambda frame, *_: called.add(frame.f_globals.get("__name__")))
population.advance(2)
population.save(0)
population.candidates(2)
population.roll_back(0)
population.advance(2)
sys.setprofile(None)
training, gans = ("gan_oversampler.training.", "gan_oversampler.gans.")
assert training + "steps" in called and gans + "objectives" in called, called
imported = {training + name for name in ("augmentation", "evolving", "feedback")} & set(sys.modules)
used = {gans + name for name in ("controllers", "evolution", "signals")} & called
assert not imported, imported
assert not used, used
"""


def test_the_usual_training_neither_imports_nor_calls_controllers_and_evolution():
    """``GAN`` validates the names of controllers and mutations: their laws are imported, but never called."""
    command, root = [sys.executable, "-c", USUAL_TRAINING], Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
