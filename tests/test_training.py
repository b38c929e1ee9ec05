"""Laws of training: members do not know each other, snapshots do not change, learning goes uphill."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from gan_oversampler._rng import Streams
from gan_oversampler.bases import BASES
from gan_oversampler.latent import Latent
from gan_oversampler.losses import LOSSES
from gan_oversampler.networks import FAMILIES
from gan_oversampler.sampling import CHUNK, Source
from gan_oversampler.schema import Block, Layout
from gan_oversampler.space import STATE_LOGIT, RowSpace
from gan_oversampler.specification import GAN
from gan_oversampler.training.building import WIDE
from gan_oversampler.training.cohort import BLOCK, Cohort
from gan_oversampler.training.feed import Feed
from gan_oversampler.training.members import Member, State, reach_of
from gan_oversampler.training.pool import Pool
from gan_oversampler.training.population import CrossFitted
from tests.tables import MIXED

CPU = torch.device("cpu")
LINE = RowSpace(Layout((Block("x", 0, 0, ()),)))
PLANE = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def _table(seed=0, n=90):
    """Rows of three classes, the last one rarest."""
    codes = np.repeat([0, 1, 2], [n // 2, n // 3, n // 6])
    rows = torch.randn(len(codes), MIXED.width, generator=_generator(seed))
    return MIXED.project(rows + 0.5 * torch.from_numpy(codes)[:, None]).numpy(), codes


def _pool(seed=0, learned=(1, 2), drawn=(1, 2)):
    return Pool.of(*_table(seed), MIXED, learned=learned, drawn=drawn)


def _plain(rows, others=((0.0, 0.0),), space=PLANE):
    """Numbers, one class to learn."""
    rows, others = np.asarray(rows, np.float32), np.asarray(others, np.float32)
    codes = np.repeat([1, 0], [len(rows), len(others)])
    return Pool.of(np.concatenate([rows, others]), codes, space, learned=[1], drawn=[1])


def _line(rows, others=(0.0,)):
    """One column of numbers."""
    return _plain(*(np.reshape(side, (-1, 1)) for side in (rows, others)), space=LINE)


def _population(gans, folds=(None,), seed=0):
    everything, targets = ((0, 1, 2), (1, 2))
    pools = {
        "targets": {f: _pool(i, targets, targets) for i, f in enumerate(folds)},
        "all": {f: _pool(i, everything, everything) for i, f in enumerate(folds)},
    }
    return CrossFitted(gans, pools, Streams(seed), CPU)


def _cohort(gan, pool, seed=0):
    return Cohort([Member(0, None, gan, pool, Streams(seed))], CPU)


def _numbers(population, specification):
    """All numbers of a specification's members."""
    for cohort in population.cohorts:
        rows = [p for p, m in enumerate(cohort.members) if m.specification == specification]
        if rows:
            return cohort.state.take(rows)
    raise KeyError(specification)


def _differences(first, second):
    return [
        field.name
        for field in fields(State)
        if not torch.equal(getattr(first, field.name), getattr(second, field.name))
    ]


def _global_state():
    """Numpy's process-wide generator, which nobody may touch."""
    return np.random.get_state()[1].tolist()  # noqa: NPY002


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
SMALL = {"widths": (8,), "batch_size": 32}
OTHERS = sorted(set(BASES) - {"smote"}) * 3


# --- members do not know each other


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_a_member_trains_the_same_alone_and_among_sixteen(config):
    gan = GAN(**CONFIGS[config])
    crowd = [GAN(**CONFIGS[config]).set_params(base=base) for base in OTHERS]
    alone, among = _population([gan]), _population([*crowd[:7], gan, *crowd[7:]])
    alone.advance(BLOCK + 2)
    among.advance(BLOCK + 2)
    assert len(among.cohorts) == 1
    assert not _differences(_numbers(alone, 0), _numbers(among, 7))


@pytest.mark.parametrize("config", sorted(CONFIGS))
def test_a_member_trains_the_same_after_others_were_dropped(config):
    gan = GAN(**CONFIGS[config])
    crowd = [GAN(**CONFIGS[config]).set_params(base=base) for base in OTHERS[:5]]
    alone, among = _population([gan]), _population([*crowd[:3], gan, *crowd[3:]])
    for dropped in ([0, 5], [1, 2, 4], []):
        alone.advance(4)
        among.advance(4)
        for number in dropped:
            among.drop(number)
    assert [c.specification for c in among.candidates(12)] == [3]
    assert not _differences(_numbers(alone, 0), _numbers(among, 3))


@pytest.mark.parametrize("conditioning", ["concat", "multiply"])
@pytest.mark.parametrize("n_columns", [1, 2, 3, 7])
def test_members_do_not_mix_however_many_columns_there_are(n_columns, conditioning):
    space = RowSpace(Layout(tuple(Block(i, i, 0, ()) for i in range(n_columns))))
    rows = torch.randn(60, n_columns, generator=_generator()).numpy()
    pool = Pool.of(rows, np.repeat([0, 1], 30), space, learned=[1], drawn=[1])
    gan = GAN(conditioning=conditioning, **SMALL)
    crowd = [GAN(base=base, conditioning=conditioning, **SMALL) for base in OTHERS[:4]]
    alone, among = (
        CrossFitted(gans, {"targets": {None: pool}}, Streams(0), CPU)
        for gans in ([gan], [crowd[0], gan, *crowd[1:]])
    )
    alone.advance(8)
    among.advance(8)
    assert not _differences(_numbers(alone, 0), _numbers(among, 1))


def test_folds_train_the_same_with_and_without_other_specifications():
    gan, other = GAN(**SMALL), GAN("classic", **SMALL)
    alone, among = _population([gan], (0, 1, None)), _population([other, gan], (0, 1, None))
    alone.advance(5)
    among.advance(5)
    assert not _differences(_numbers(alone, 0), _numbers(among, 1))
    folds = _numbers(alone, 0).generator_PN
    assert not torch.equal(folds[0], folds[1])


def test_training_is_repeatable_and_leaves_global_randomness_alone():
    before, legacy = torch.get_rng_state(), _global_state()
    runs = [_population([GAN(**SMALL)], seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        run.advance(5)
    first, same, other = (_numbers(run, 0) for run in runs)
    assert not _differences(first, same)
    assert "generator_PN" in _differences(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert _global_state() == legacy


def test_twins_in_the_users_list_are_different_members():
    population = _population([GAN(**SMALL), GAN(**SMALL)])
    assert "critic_PN" in _differences(_numbers(population, 0), _numbers(population, 1))


# --- the start


@pytest.mark.parametrize("base", sorted(BASES))
def test_an_untrained_residual_gan_samples_like_its_base(base):
    pool = _pool()
    (candidate,) = _population([GAN(base=base, **SMALL)]).candidates(0)
    for code in (1, 2):
        bare = Source(pool, base).draw(code, 40, Streams(1))
        np.testing.assert_array_equal(
            Source(pool, base, candidate.snapshots[None]).draw(code, 40, Streams(1)), bare
        )


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_trained_generators_sample_lawful_rows(family):
    population = _population([GAN(family, learning_rate=0.05, ema=0.0, **SMALL)])
    population.advance(10)
    (candidate,) = population.candidates(10)
    new = torch.from_numpy(Source(_pool(), "smote", candidate.snapshots[None]).draw(2, 50, Streams(1)))
    assert new.shape == (50, MIXED.width)
    assert torch.equal(MIXED.project(new), new)
    bare = torch.from_numpy(Source(_pool(), "smote").draw(2, 50, Streams(1)))
    assert not torch.equal(new, bare)


def test_reach_is_a_share_of_the_spread_and_the_range_of_the_class():
    pool = _line([0.0, 1.0, 5.0])
    reach = reach_of([Member(0, None, GAN(reach=0.5), pool, Streams(0))])
    assert reach.bound_PCF.item() == pytest.approx(0.5 * np.std([0, 1, 5]))
    assert reach.centre_PF.item() == 2.5
    assert reach.half_PF.item() == 2.5


def test_reach_lets_every_state_flip():
    reach = reach_of([Member(0, None, GAN(), _pool(), Streams(0))])
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
    population = _population([gan, GAN(base="border", **SMALL)], (0, None))
    population.advance(10)
    saved, bystander = _numbers(population, 0), _numbers(population, 1)
    population.save(0)
    population.advance(10)
    later = _numbers(population, 1)
    assert len(_differences(saved, _numbers(population, 0))) == len(fields(State)) - 1  # all but the rates
    population.rollback(0)
    assert _differences(saved, _numbers(population, 0)) == ["rate_P1"]
    assert not _differences(later, _numbers(population, 1))
    assert _differences(bystander, later)


def test_a_rollback_before_any_save_goes_to_the_start():
    population = _population([GAN(**SMALL)])
    start = _numbers(population, 0)
    population.advance(3)
    population.rollback(0)
    assert _differences(start, _numbers(population, 0)) == ["rate_P1"]


def test_a_rollback_can_be_repeated():
    population = _population([GAN(**SMALL)])
    population.advance(3)
    population.save(0)
    saved = _numbers(population, 0)
    for rate in (0.5, 0.25):
        population.advance(3)
        population.rollback(0)
        assert _differences(saved, _numbers(population, 0)) == ["rate_P1"]
        assert _numbers(population, 0).rate_P1.item() == rate


def test_a_rollback_works_after_others_were_dropped():
    population = _population([GAN(base=base, **SMALL) for base in ("border", "smote", "translation")])
    population.advance(3)
    population.save(1)
    saved = _numbers(population, 1)
    population.drop(0)
    population.advance(3)
    population.drop(2)
    population.rollback(1)
    assert _differences(saved, _numbers(population, 1)) == ["rate_P1"]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_snapshot_does_not_change_when_training_goes_on(family):
    population = _population([GAN(family, batch_norm=True, learning_rate=0.01, **SMALL)])
    population.advance(5)
    (early,) = population.candidates(5)
    source = Source(_pool(), "smote", early.snapshots[None])
    before = source.draw(1, 30, Streams(0))
    population.advance(5)
    (late,) = population.candidates(10)
    np.testing.assert_array_equal(source.draw(1, 30, Streams(0)), before)
    assert not torch.equal(late.snapshots[None].weights_N, early.snapshots[None].weights_N)


def test_candidates_are_the_active_specifications_in_the_users_order():
    gans = [GAN(**SMALL), GAN("classic", **SMALL), GAN(base="border", **SMALL)]
    population = _population(gans, (0, 1, None))
    assert [c.specification for c in population.candidates(0)] == [0, 1, 2]
    population.drop(1)
    population.advance(2)
    candidates = population.candidates(2)
    assert [c.specification for c in candidates] == [0, 2]
    assert all(set(c.snapshots) == {0, 1, None} for c in candidates)
    assert all(c.step == 2 for c in candidates)
    assert np.isfinite([c.losses for c in candidates]).all()


def test_weights_that_are_not_finite_are_noticed():
    population = _population([GAN(**SMALL)])
    assert population.candidates(0)[0].finite
    population.cohorts[0].state.average_PN[0, 3] = torch.nan
    assert not population.candidates(0)[0].finite


# --- what a step does


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_without_forces_nothing_moves(family):
    population = _population([GAN(family, forces={"adversarial": 0.0}, **SMALL)])
    before = _numbers(population, 0)
    population.advance(5)
    assert not _differences(before, _numbers(population, 0))


def test_a_critic_without_adversarial_force_rests():
    population = _population([GAN("guided", forces={"utility": 1.0}, **SMALL)])
    before = _numbers(population, 0)
    population.advance(5)
    changed = _differences(before, _numbers(population, 0))
    assert {"generator_PN", "average_PN"} <= set(changed)
    assert not {"critic_PN", "critic_moments_P2N", "critic_decay_P2"} & set(changed)


def test_the_geometry_has_a_step_size_of_its_own():
    population = _population([GAN("guided", learning_rate=1e-9, ema=0.0, **SMALL)])
    generator, before = population.cohorts[0].generator, _numbers(population, 0)
    population.advance(2)
    moved = (_numbers(population, 0).generator_PN - before.generator_PN).abs()[0]
    n = sum(rows * columns for rows, columns in generator.mlp.shapes)
    assert moved[:n].max() < 1e-7
    assert moved[n:].max() > 0.01


def test_the_adversarial_force_is_the_default():
    cohorts = [_cohort(GAN(forces=forces, **SMALL), _pool()) for forces in (None, {"adversarial": 1.0})]
    for cohort in cohorts:
        cohort.advance(5)
    assert not _differences(cohorts[0].state, cohorts[1].state)


def test_the_average_follows_the_weights():
    last, half = (_cohort(GAN(ema=ema, **SMALL), _pool()) for ema in (0.0, 0.5))
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
    pool = _line(np.zeros(8), np.full(8, 12.0))
    gan = GAN(
        base="translation",
        loss="wgan_gp",
        penalty="none",
        critic_steps=critic_steps,
        critic_learning_rate=1e-4,
        widths=(8,),
        batch_size=2048,
    )
    cohort = _cohort(gan, pool)
    before = cohort.state.critic_PN.clone()
    cohort.advance(1)
    moved = (cohort.state.critic_PN - before)[0].abs().max().item()
    assert moved == pytest.approx(critic_steps * 1e-4, rel=0.1)


def test_a_critic_may_have_no_hidden_layer():
    cohort = _cohort(GAN(critic_widths=(), **SMALL), _pool())
    assert cohort.critic.widths == ()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_generator_may_have_no_hidden_layer(family):
    cohort = _cohort(GAN(family, widths=(), critic_widths=(8,)).validate(), _pool())
    cohort.advance(2)
    assert cohort.state.generator_PN.isfinite().all()


# --- what a member sees


def test_batches_pair_real_and_base_rows_of_one_class():
    codes = np.repeat([0, 1, 2], 12)
    rows = 100.0 * codes[:, None] + np.tile(np.arange(12.0), 3)[:, None]
    pool = Pool.of(rows.astype(np.float32), codes, LINE, learned=[1, 2], drawn=[1, 2])
    batches = Feed(pool, BASES["smote"], 32, Latent(3), _generator()).draw(9)
    assert batches.real.shape == batches.start.rows.shape == (9, 32, 1)
    assert batches.noise.shape == (9, 32, 3)
    of_real, of_base = ((side[..., 0] // 100).long() for side in (batches.real, batches.start.rows))
    assert torch.equal(of_real, of_base)
    assert torch.equal(of_real - 1, batches.label.argmax(-1))


def test_classes_and_their_rows_are_fed_in_equal_shares():
    pool = _pool()
    batches = Feed(pool, None, 32, Latent(3), _generator()).draw(10)
    assert batches.label.sum((0, 1)).tolist() == [160, 160]
    real = batches.real.flatten(0, 1)
    for code in pool.classes:
        uses = (real[:, None] == pool.reals[code]).all(-1).sum(0)
        assert uses.sum() == 160
        assert set(uses.tolist()) <= {160 // len(pool.reals[code]), 160 // len(pool.reals[code]) + 1}


def test_mixing_weights_are_shares():
    mix = Feed(_pool(), None, 32, Latent(3), _generator()).draw(10).mix
    assert mix.shape == (10, 32, 1)
    assert mix.min() >= 0
    assert mix.max() <= 1
    assert mix.std() > 0.2


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_fold_member_is_untouched_by_rows_it_must_not_see(family):
    """The same member, whatever the other fold's rows are."""
    gan, weights = GAN(family, **SMALL), []
    for other in (3, 4):
        pools = {"targets": {0: _pool(0), 1: _pool(other), None: _pool(other)}}
        population = CrossFitted([gan], pools, Streams(0), CPU)
        population.advance(3)
        weights.append(population.candidates(3)[0].snapshots)
    assert torch.equal(weights[0][0].weights_N, weights[1][0].weights_N)
    assert not torch.equal(weights[0][1].weights_N, weights[1][1].weights_N)


# --- learning


# Two columns and not one: in one dimension a critic with a gradient penalty cannot turn round, because on
# the way from one slope to the opposite one it would be flat.
LEARNING = {loss: {"widths": (16,), "learning_rate": 2e-3} for loss in LOSSES}
# A Wasserstein critic must be ahead of its generator.
LEARNING["wgan_gp"] |= {"critic_steps": 5, "critic_widths": (32, 32), "learning_rate": 5e-4}


def _learner(family, loss, pool, **options):
    return _cohort(GAN(family, loss=loss, critic_learning_rate=5e-3, **LEARNING[loss], **options), pool)


def _gap(cohort, pool, base):
    """Distance of the mean of new rows to that of real ones."""
    new = Source(pool, base, cohort.snapshots()[0]).draw(1, 1000, Streams(1))
    return np.linalg.norm(new.mean(0) - pool.reals[1].mean(0).numpy())


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_classic_gan_moves_to_the_mean_of_skewed_rows(loss):
    rows = np.random.default_rng(0).exponential(size=(200, 2)) * [1, -2]
    pool = _plain(rows)
    cohort = _learner("classic", loss, pool)
    start = _gap(cohort, pool, "smote")
    assert start > 1  # the middle of the range is far from the mean
    cohort.advance(300)
    assert _gap(cohort, pool, "smote") < start / 2


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_residual_gan_corrects_a_shifted_base(loss):
    rng = np.random.default_rng(0)
    pool = _plain(rng.normal(size=(100, 2)), rng.normal((8, 4), 1, size=(100, 2)))
    cohort = _learner("residual", loss, pool, base="translation", reach=3.0)
    start = _gap(cohort, pool, "translation")
    assert start > 1
    cohort.advance(300)
    assert _gap(cohort, pool, "translation") < start / 2


def test_losses_are_means_over_the_steps():
    """At the start a relativistic critic knows next to nothing: both pay about log 2."""
    gan = GAN(penalty="none", critic_learning_rate=1e-9, learning_rate=1e-9, critic_steps=3, **SMALL)
    cohort = _cohort(gan, _pool())
    with torch.no_grad():
        cohort.state.critic_PN.zero_()
    losses = cohort.advance(7)
    torch.testing.assert_close(losses, torch.full((1, 2), np.log(2.0)), atol=1e-4, rtol=0)


# --- sources


def test_sources_draw_as_many_rows_as_asked():
    source = Source(_line(np.arange(9.0)), "smote")
    for n in (0, 1, CHUNK, CHUNK + 1):
        assert source.draw(1, n, Streams(0)).shape == (n, 1)


def test_a_class_that_was_not_learned_is_drawn_from_the_base():
    population = _population([GAN(learning_rate=0.05, **SMALL)])
    population.advance(5)
    (candidate,) = population.candidates(5)
    pool = Pool.of(*_table(), MIXED, learned=(1, 2), drawn=(0, 1, 2))
    trained, bare = Source(pool, "smote", candidate.snapshots[None]), Source(pool, "smote")
    for code, same in ((0, True), (1, False), (2, False)):
        rows = [source.draw(code, 20, Streams(3)) for source in (trained, bare)]
        assert np.array_equal(*rows) is same


def test_two_classes_never_share_a_stream():
    rows = np.tile(np.arange(20.0, dtype=np.float32), 2)[:, None]
    pool = Pool.of(rows, np.repeat([0, 1], 20), LINE, learned=(), drawn=(0, 1))
    source = Source(pool, "smote")
    assert not np.array_equal(source.draw(0, 20, Streams(0)), source.draw(1, 20, Streams(0)))
    np.testing.assert_array_equal(source.draw(0, 20, Streams(0)), source.draw(0, 20, Streams(0)))


def test_training_does_not_depend_on_when_it_is_scored():
    whole, split = (_population([GAN(**SMALL), GAN(base="border", **SMALL)]) for _ in range(2))
    whole.advance(60)
    for unit in (1, 29, 30):
        split.advance(unit)
    assert not _differences(_numbers(whole, 0), _numbers(split, 0))


@pytest.mark.parametrize(("balanced", "share"), [(True, 0.5), (False, 0.2)])
def test_critic_batches_hold_classes_equally_or_as_the_rows_do(balanced, share):
    space = RowSpace(Layout((Block("x", 0, 0, ()),)))
    pool = Pool.of(
        np.zeros((100, 1), np.float32), np.repeat([0, 1], [80, 20]), space, learned=[0, 1], drawn=[]
    )
    batches = Feed(pool, None, 32, Latent(1), _generator()).draw(50, balanced=balanced)
    assert batches.label.shape == (50, 32, 2)
    assert batches.label[..., 1].mean().item() == pytest.approx(share)


# --- replicas


def test_replicas_differ_and_leave_the_first_as_it_is():
    alone, three = (_population([GAN(**CONFIGS["guided"]).set_params(replicas=n)]) for n in (1, 3))
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
    assert len(_population([gan]).candidates(0)[0].finals) == n
