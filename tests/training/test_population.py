"""Laws of training: members do not know each other, and snapshots do not change."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import STATE_LOGIT, RowSpace
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import Source
from gan_oversampler.training.cohort import BLOCK
from gan_oversampler.training.members import Member, State, reach_of
from gan_oversampler.training.networks import WIDE
from gan_oversampler.training.population import CrossFittedPopulation
from tests.populations import (
    CPU,
    OTHERS,
    SMALL,
    cohort_of,
    differences,
    line_pool,
    numbers_of,
    pool_of,
    population_of,
    stream_of,
)
from tests.samples import global_state
from tests.tables import MIXED

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


@pytest.mark.parametrize("conditioning", ["concat", "multiply"])
@pytest.mark.parametrize("n_columns", [1, 2, 3, 7])
def test_members_do_not_mix_however_many_columns_there_are(n_columns, conditioning):
    space = RowSpace(Layout(tuple(Block(i, i, 0, ()) for i in range(n_columns))))
    rows = torch.randn(60, n_columns, generator=stream_of()).numpy()
    pool = FoldData.of(rows, np.repeat([0, 1], 30), space, learned=[1], drawn=[1])
    gan = GAN(conditioning=conditioning, **SMALL)
    crowd = [GAN(base=base, conditioning=conditioning, **SMALL) for base in OTHERS[:4]]
    alone, among = (
        CrossFittedPopulation(gans, {"targets": {None: pool}}, Streams(0), CPU)
        for gans in ([gan], [crowd[0], gan, *crowd[1:]])
    )
    alone.advance(8)
    among.advance(8)
    assert not differences(numbers_of(alone, 0), numbers_of(among, 1))


def test_folds_train_the_same_with_and_without_other_specifications():
    gan, other = GAN(**SMALL), GAN("classic", **SMALL)
    alone, among = population_of([gan], (0, 1, None)), population_of([other, gan], (0, 1, None))
    alone.advance(5)
    among.advance(5)
    assert not differences(numbers_of(alone, 0), numbers_of(among, 1))
    folds = numbers_of(alone, 0).generator_PN
    assert not torch.equal(folds[0], folds[1])


def test_training_is_repeatable_and_leaves_global_randomness_alone():
    before, legacy = torch.get_rng_state(), global_state()
    runs = [population_of([GAN(**SMALL)], seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        run.advance(5)
    first, same, other = (numbers_of(run, 0) for run in runs)
    assert not differences(first, same)
    assert "generator_PN" in differences(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert global_state() == legacy


def test_twins_in_the_users_list_are_different_members():
    population = population_of([GAN(**SMALL), GAN(**SMALL)])
    assert "critic_PN" in differences(numbers_of(population, 0), numbers_of(population, 1))


def test_training_does_not_depend_on_when_it_is_scored():
    whole, split = (population_of([GAN(**SMALL), GAN(base="border", **SMALL)]) for _ in range(2))
    whole.advance(60)
    for unit in (1, 29, 30):
        split.advance(unit)
    assert not differences(numbers_of(whole, 0), numbers_of(split, 0))


# --- the start


@pytest.mark.parametrize("base", sorted(BASES))
def test_an_untrained_residual_gan_samples_like_its_base(base):
    pool = pool_of()
    (candidate,) = population_of([GAN(base=base, **SMALL)]).candidates(0)
    for code in (1, 2):
        bare = Source(pool, base).draw(code, 40, Streams(1))
        np.testing.assert_array_equal(
            Source(pool, base, candidate.snapshots[None]).draw(code, 40, Streams(1)), bare
        )


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_trained_generators_sample_lawful_rows(family):
    population = population_of([GAN(family, learning_rate=0.05, ema=0.0, **SMALL)])
    population.advance(10)
    (candidate,) = population.candidates(10)
    new = torch.from_numpy(Source(pool_of(), "smote", candidate.snapshots[None]).draw(2, 50, Streams(1)))
    assert new.shape == (50, MIXED.width)
    assert torch.equal(MIXED.project(new), new)
    bare = torch.from_numpy(Source(pool_of(), "smote").draw(2, 50, Streams(1)))
    assert not torch.equal(new, bare)


def test_reach_is_a_share_of_the_spread_and_the_range_of_the_class():
    pool = line_pool([0.0, 1.0, 5.0])
    reach = reach_of([Member(0, None, GAN(reach=0.5), pool, Streams(0))])
    assert reach.bound_PCF.item() == pytest.approx(0.5 * np.std([0, 1, 5]))
    assert reach.centre_PF.item() == 2.5
    assert reach.half_PF.item() == 2.5


def test_reach_lets_every_state_flip():
    reach = reach_of([Member(0, None, GAN(), pool_of(), Streams(0))])
    assert (reach.bound_PCF[..., MIXED.states_S] > STATE_LOGIT).all()
    assert (reach.half_PF[..., MIXED.states_S] > 0).all()


# --- save, roll back, snapshots


def test_a_rollback_restores_every_number():
    gan = GAN(
        batch_norm=True,
        controllers=("two_time_scale",),
        loss="began",
        diversity_ratio=1.0,
        critic_norm="batch",
        **SMALL,
    )
    population = population_of([gan, GAN(base="border", **SMALL)], (0, None))
    population.advance(10)
    saved, bystander = numbers_of(population, 0), numbers_of(population, 1)
    population.save(0)
    population.advance(10)
    later = numbers_of(population, 1)
    assert len(differences(saved, numbers_of(population, 0))) == len(fields(State)) - 1  # all but the rates
    population.roll_back(0)
    assert differences(saved, numbers_of(population, 0)) == ["rate_P1"]
    assert not differences(later, numbers_of(population, 1))
    assert differences(bystander, later)


def test_a_rollback_before_any_save_goes_to_the_start():
    population = population_of([GAN(**SMALL)])
    start = numbers_of(population, 0)
    population.advance(3)
    population.roll_back(0)
    assert differences(start, numbers_of(population, 0)) == ["rate_P1"]


def test_a_rollback_can_be_repeated():
    population = population_of([GAN(**SMALL)])
    population.advance(3)
    population.save(0)
    saved = numbers_of(population, 0)
    for rate in (0.5, 0.25):
        population.advance(3)
        population.roll_back(0)
        assert differences(saved, numbers_of(population, 0)) == ["rate_P1"]
        assert numbers_of(population, 0).rate_P1.item() == rate


def test_a_rollback_works_after_others_were_dropped():
    population = population_of([GAN(base=base, **SMALL) for base in ("border", "smote", "translation")])
    population.advance(3)
    population.save(1)
    saved = numbers_of(population, 1)
    population.drop(0)
    population.advance(3)
    population.drop(2)
    population.roll_back(1)
    assert differences(saved, numbers_of(population, 1)) == ["rate_P1"]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_snapshot_does_not_change_when_training_goes_on(family):
    population = population_of([GAN(family, batch_norm=True, learning_rate=0.01, **SMALL)])
    population.advance(5)
    (early,) = population.candidates(5)
    source = Source(pool_of(), "smote", early.snapshots[None])
    before = source.draw(1, 30, Streams(0))
    population.advance(5)
    (late,) = population.candidates(10)
    np.testing.assert_array_equal(source.draw(1, 30, Streams(0)), before)
    assert not torch.equal(late.snapshots[None].weights_N, early.snapshots[None].weights_N)


def test_candidates_are_the_active_specifications_in_the_users_order():
    gans = [GAN(**SMALL), GAN("classic", **SMALL), GAN(base="border", **SMALL)]
    population = population_of(gans, (0, 1, None))
    assert [c.specification for c in population.candidates(0)] == [0, 1, 2]
    population.drop(1)
    population.advance(2)
    candidates = population.candidates(2)
    assert [c.specification for c in candidates] == [0, 2]
    assert all(set(c.snapshots) == {0, 1, None} for c in candidates)
    assert all(c.step == 2 for c in candidates)
    assert np.isfinite([c.losses for c in candidates]).all()


def test_weights_that_are_not_finite_are_noticed():
    population = population_of([GAN(**SMALL)])
    assert population.candidates(0)[0].finite
    population.cohorts[0].state.average_PN[0, 3] = torch.nan
    assert not population.candidates(0)[0].finite


# --- what a step does


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_without_forces_nothing_moves(family):
    population = population_of([GAN(family, forces={"adversarial": 0.0}, **SMALL)])
    before = numbers_of(population, 0)
    population.advance(5)
    assert not differences(before, numbers_of(population, 0))


def test_a_critic_without_adversarial_force_rests():
    population = population_of([GAN("guided", forces={"utility": 1.0}, **SMALL)])
    before = numbers_of(population, 0)
    population.advance(5)
    changed = differences(before, numbers_of(population, 0))
    assert {"generator_PN", "average_PN"} <= set(changed)
    assert not {"critic_PN", "critic_moments_P2N", "critic_decay_P2"} & set(changed)


def test_the_geometry_has_a_step_size_of_its_own():
    population = population_of([GAN("guided", learning_rate=1e-9, ema=0.0, **SMALL)])
    generator, before = population.cohorts[0].generator, numbers_of(population, 0)
    population.advance(2)
    moved = (numbers_of(population, 0).generator_PN - before.generator_PN).abs()[0]
    n = sum(rows * columns for rows, columns in generator.mlp.shapes)
    assert moved[:n].max() < 1e-7
    assert moved[n:].max() > 0.01


def test_the_adversarial_force_is_the_default():
    cohorts = [cohort_of(GAN(forces=forces, **SMALL), pool_of()) for forces in (None, {"adversarial": 1.0})]
    for cohort in cohorts:
        cohort.advance(5)
    assert not differences(cohorts[0].state, cohorts[1].state)


def test_the_average_follows_the_weights():
    last, half = (cohort_of(GAN(ema=ema, **SMALL), pool_of()) for ema in (0.0, 0.5))
    last.advance(5)
    assert torch.equal(last.state.average_PN, last.state.generator_PN)
    start = half.state.generator_PN.clone()
    half.advance(1)
    torch.testing.assert_close(half.state.average_PN, (start + half.state.generator_PN) / 2)
    assert not torch.equal(start, half.state.generator_PN)


@pytest.mark.parametrize("critic_steps", [1, 5])
def test_every_critic_update_is_an_adam_step_of_full_length(critic_steps):
    # Real rows at 0, fake ones around 3, a generator that cannot move: the slope hardly changes, so each
    # of the first Adam steps goes as far as the learning rate.
    pool = line_pool(np.zeros(8), np.full(8, 12.0))
    gan = GAN(
        base="translation",
        loss="wgan_gp",
        penalty="none",
        critic_steps=critic_steps,
        critic_learning_rate=1e-4,
        widths=(8,),
        batch_size=2048,
    )
    cohort = cohort_of(gan, pool)
    before = cohort.state.critic_PN.clone()
    cohort.advance(1)
    moved = (cohort.state.critic_PN - before)[0].abs().max().item()
    assert moved == pytest.approx(critic_steps * 1e-4, rel=0.1)


def test_a_critic_may_have_no_hidden_layer():
    cohort = cohort_of(GAN(critic_widths=(), **SMALL), pool_of())
    assert cohort.critic.widths == ()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_generator_may_have_no_hidden_layer(family):
    cohort = cohort_of(GAN(family, widths=(), critic_widths=(8,)).validate(), pool_of())
    cohort.advance(2)
    assert cohort.state.generator_PN.isfinite().all()


# --- replicas


def test_replicas_differ_and_leave_the_first_as_it_is():
    alone, three = (population_of([GAN(**CONFIGS["guided"]).set_params(replicas=n)]) for n in (1, 3))
    for population in (alone, three):
        population.advance(3)
    (one,), (many,) = alone.candidates(3), three.candidates(3)
    assert len(one.finals) == 1
    assert len(many.finals) == 3
    assert torch.equal(one.snapshots[None].weights_N, many.snapshots[None].weights_N)
    weights = torch.stack([snapshot.weights_N for snapshot in many.finals])
    assert torch.pdist(weights).min() > 0


@pytest.mark.parametrize(
    ("gan", "n"),
    [
        (GAN(), 1),
        (GAN("guided"), 3),
        (GAN("guided", replicas=2), 2),
        (GAN(replicas=4), 4),
        (GAN(forces={}, replicas=4), 1),
    ],
)
def test_what_stays_untrained_needs_no_replicas(gan, n):
    assert gan.n_replicas == n
    assert len(population_of([gan]).candidates(0)[0].finals) == n
