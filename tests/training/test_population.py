"""The population: saving and rolling back, snapshots, candidates, replicas, and the loop that trains it."""

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.sources import GeneratorSource
from gan_oversampler.training.loop import Budget, OracleTracker
from gan_oversampler.training.population import CrossFittedPopulation
from tests.populations import (
    AskedStreams,
    differences,
    draw,
    fold_data,
    next_batch,
    numbers_of,
    population_of,
    small,
    tensors_of,
)
from tests.scripts import NAN, run
from tests.tables import MIXED

# --- who the members are


def test_every_specification_has_a_member_per_fold_and_replicas_that_see_all_rows():
    population = population_of([small(), small("guided")], (0, 1, None))
    members = [member for cohort in population.cohorts for member in cohort.members]
    assert [(m.specification, m.fold, m.replica) for m in members] == [
        *((0, fold, 0) for fold in (0, 1, None)),
        *((1, fold, 0) for fold in (0, 1, None)),
        *((1, None, replica) for replica in (1, 2)),
    ]


def test_specifications_that_share_shapes_share_a_cohort():
    gans = [small(), small("classic"), small(base="border")]
    cohorts = population_of(gans).cohorts
    assert [[m.specification for m in cohort.members] for cohort in cohorts] == [[0, 2], [1]]


def test_folds_train_the_same_with_and_without_other_specifications():
    gan, other = small(), small("classic")
    alone, among = population_of([gan], (0, 1, None)), population_of([other, gan], (0, 1, None))
    alone.advance(5)
    among.advance(5)
    assert not differences(numbers_of(alone, 0), numbers_of(among, 1))
    assert torch.pdist(numbers_of(alone, 0).generator.weights_PN).min() > 0


def test_equal_gans_in_the_users_list_are_different_members():
    population = population_of([small(), small()])
    assert "critic.weights_PN" in differences(numbers_of(population, 0), numbers_of(population, 1))


def test_gans_that_differ_otherwise_are_compared_on_the_same_starts():
    """Their networks start from the same weights, and their batches are the same."""
    population = population_of([small(), small(loss="bce", critic__dropout=0.1), small("classic")])
    first, second, other = (numbers_of(population, number) for number in range(3))
    assert not differences(first, second)
    assert not torch.equal(first.critic.weights_PN, other.critic.weights_PN)
    batches = [next_batch(cohort) for cohort in population.cohorts]
    assert not differences(batches[0], batches[1])
    assert not torch.equal(batches[0].noise, batches[2].noise)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_two_learned_classes_never_share_a_random_stream(family):
    (candidate,) = population_of([small(family)]).candidates(0)
    source = GeneratorSource(fold_data(), "smote", candidate.snapshots[None])
    asked = {}
    for code in (1, 2):
        streams = AskedStreams(3)
        source.draw(code, 20, streams)
        asked[code] = set(streams.names)
    assert asked[1]
    assert not asked[1] & asked[2]


def test_replicas_differ_and_leave_the_first_as_it_is():
    alone, three = (population_of([small("guided", replicas=n)]) for n in (1, 3))
    for population in (alone, three):
        population.advance(3)
    (one,), (many,) = alone.candidates(3), three.candidates(3)
    assert len(one.samplers) == 1
    assert len(many.samplers) == 3
    weights = torch.stack([snapshot.weights_N for snapshot in many.samplers])
    torch.testing.assert_close(one.snapshots[None].weights_N, weights[0], atol=1e-4, rtol=0)
    assert torch.pdist(weights).min() > 1


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_gans_of_different_strengths_share_a_program_and_train_as_alone(family):
    terms = dict(FAMILIES[family].loss_weights)
    strong = {"loss_weights": {name: 3 * weight for name, weight in terms.items()}}
    gans = [small(family), small(family, generator__learning_rate=0.01, critic__learning_rate=0.02, **strong)]
    both = population_of(gans)
    assert len(both.cohorts) == 1
    both.advance(3)
    for number, gan in enumerate(gans):
        alone = population_of([gan])
        alone.advance(3)
        (expected,), found = alone.candidates(3), both.candidates(3)[number]
        for fold, snapshot in expected.snapshots.items():
            torch.testing.assert_close(found.snapshots[fold].weights_N, snapshot.weights_N, atol=1e-4, rtol=0)
    first, second = (both.candidates(3)[n].snapshots[None].weights_N for n in (0, 1))
    assert (first - second).abs().max() > 3e-4


def test_a_population_can_begin_from_weights_of_another_one():
    first, second = population_of([small()]), population_of([small()])
    first.advance(3)
    found = first.weights(0)
    second.begin_from(0, found)
    for fold, (generator_N, critic_N) in second.weights(0).items():
        assert torch.equal(generator_N, found[fold][0])
        assert torch.equal(critic_N, found[fold][1])
    (candidate,) = second.candidates(0)
    assert torch.equal(candidate.snapshots[None].weights_N, found[None][0])


def test_networks_are_those_that_train_in_the_users_order():
    gans = [
        small("classic"),
        small(loss_weights={}),
        small("guided", loss_weights={"utility": 1.0}),
        small(),
    ]
    networks = population_of(gans).networks
    assert [label for label, _, _ in networks] == ["classic", "guided", "residual(smote)"]
    assert [type(generator) for _, generator, _ in networks] == [
        FAMILIES[family].generator for family in ("classic", "guided", "residual")
    ]
    assert [critic is None for _, _, critic in networks] == [False, True, False]


# --- candidates


@pytest.mark.parametrize("base", sorted(BASES))
def test_an_untrained_residual_gan_samples_like_its_base(base):
    data = fold_data()
    (candidate,) = population_of([small(base=base)]).candidates(0)
    for code in (1, 2):
        bare = draw(data, base, code, 40, Streams(1))
        rows = draw(data, base, code, 40, Streams(1), candidate.snapshots[None])
        np.testing.assert_array_equal(rows, bare)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_trained_generators_sample_valid_rows(family):
    population = population_of([small(family, generator__learning_rate=0.05, generator__ema=0.0)])
    population.advance(10)
    (candidate,) = population.candidates(10)
    new = torch.from_numpy(draw(fold_data(), "smote", 2, 50, Streams(1), candidate.snapshots[None]))
    assert new.shape == (50, MIXED.width)
    assert torch.equal(MIXED.project(new), new)
    assert not torch.equal(new, torch.from_numpy(draw(fold_data(), "smote", 2, 50, Streams(1))))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_snapshot_does_not_change_when_training_goes_on(family):
    population = population_of([small(family, generator__norm="batch", generator__learning_rate=0.01)])
    population.advance(5)
    (early,) = population.candidates(5)
    before = draw(fold_data(), "smote", 1, 30, Streams(0), early.snapshots[None])
    population.advance(5)
    (late,) = population.candidates(10)
    np.testing.assert_array_equal(
        draw(fold_data(), "smote", 1, 30, Streams(0), early.snapshots[None]), before
    )
    assert not torch.equal(late.snapshots[None].weights_N, early.snapshots[None].weights_N)


def test_snapshots_hold_the_averaged_weights():
    population = population_of([small(generator__ema=0.5)])
    population.advance(3)
    snapshot, numbers = population.candidates(3)[0].snapshots[None], numbers_of(population, 0)
    assert torch.equal(snapshot.weights_N, numbers.average_PN[0])
    assert not torch.equal(snapshot.weights_N, numbers.generator.weights_PN[0])


def test_seeds_are_drawn_as_was_learned():
    """The seed probabilities that utility has taught reach the snapshots that draw new rows."""
    population, data = (
        population_of([small("guided", generator__geometry_rate=0.3, generator__ema=0.0)]),
        fold_data(),
    )
    traits, label = data.neighbourhoods[1].traits_nK, data.one_hot(1, len(data.rows[1]))
    probabilities = []
    for step in (0, 5):
        snapshot = population.candidates(step)[0].snapshots[None]
        probabilities.append(snapshot.seed_probabilities(traits, label))
        population.advance(5)
    torch.testing.assert_close(probabilities[0], torch.full_like(probabilities[0], 1 / len(traits)))
    assert probabilities[1].sum().item() == pytest.approx(1)
    assert probabilities[1].max() > 1.5 * probabilities[1].min()


def test_candidates_are_the_active_specifications_in_the_users_order():
    gans = [small(), small("classic"), small(base="border")]
    population = population_of(gans, (0, 1, None))
    assert [c.specification for c in population.candidates(0)] == [0, 1, 2]
    population.drop(1)
    population.advance(2)
    candidates = population.candidates(2)
    assert [c.specification for c in candidates] == [0, 2]
    assert all(set(c.snapshots) == {0, 1, None} for c in candidates)
    assert all(c.step == 2 for c in candidates)
    assert np.isfinite([c.losses for c in candidates]).all()


@pytest.mark.parametrize(
    ("gan", "is_noise"),
    [
        (small("classic"), True),
        (small("classic", loss_weights={}), False),  # it stays as it is, so it is no start
        (small(), False),
        (small("guided"), False),
    ],
    ids=str,
)
def test_only_the_start_of_a_generator_without_a_base_is_noise(gan, is_noise):
    population = population_of([gan])
    assert population.candidates(0)[0].is_noise is is_noise
    population.advance(1)
    assert not population.candidates(1)[0].is_noise


def test_losses_are_those_of_the_last_unit_and_a_critic_that_rests_has_none():
    population = population_of([small(), small("guided", loss_weights={"utility": 1.0})])
    assert np.isnan([c.losses for c in population.candidates(0)]).all()
    population.advance(3)
    critic_losses, generator_losses = zip(*(c.losses for c in population.candidates(3)), strict=True)
    assert np.isnan(critic_losses).tolist() == [False, True]
    assert np.isfinite(generator_losses).all()


def test_weights_that_are_not_finite_are_noticed():
    population = population_of([small()])
    assert population.candidates(0)[0].is_finite
    population.cohorts[0].state.average_PN[0, 3] = torch.nan
    assert not population.candidates(0)[0].is_finite


def test_a_specification_trains_if_it_has_a_loss_term():
    population = population_of([small(), small(loss_weights={})])
    assert [population.trains(number) for number in (0, 1)] == [True, False]


# --- save and roll back


def test_a_rollback_restores_every_number_but_the_rates_and_touches_nobody_else():
    gan = small(
        controllers=("two_time_scale",),
        loss="began",
        diversity_ratio=1.0,
        generator__norm="batch",
        critic__norm="batch",
    )
    population = population_of([gan, small(base="border")], (0, None))
    population.advance(10)
    saved, bystander = numbers_of(population, 0), numbers_of(population, 1)
    population.save(0)
    population.advance(10)
    later = numbers_of(population, 1)
    assert set(differences(saved, numbers_of(population, 0))) == set(tensors_of(saved)) - {"rate_P1"}
    population.roll_back(0)
    assert differences(saved, numbers_of(population, 0)) == ["rate_P1"]
    assert not differences(later, numbers_of(population, 1))
    assert differences(bystander, later)


def test_a_rollback_before_any_save_goes_to_the_start():
    population = population_of([small()])
    start = numbers_of(population, 0)
    population.advance(3)
    population.roll_back(0)
    assert differences(start, numbers_of(population, 0)) == ["rate_P1"]


def test_a_rollback_can_be_repeated_and_halves_the_rates_each_time():
    population = population_of([small()])
    population.advance(3)
    population.save(0)
    saved = numbers_of(population, 0)
    for rate in (0.5, 0.25):
        population.advance(3)
        population.roll_back(0)
        assert differences(saved, numbers_of(population, 0)) == ["rate_P1"]
        assert numbers_of(population, 0).rate_P1.item() == rate


def test_a_rollback_works_after_others_were_dropped():
    population = population_of([small(base=base) for base in ("border", "smote", "translation")])
    population.advance(3)
    population.save(1)
    saved = numbers_of(population, 1)
    population.drop(0)
    population.advance(3)
    population.drop(2)
    population.roll_back(1)
    assert differences(saved, numbers_of(population, 1)) == ["rate_P1"]


# --- under the loop


class Broken(CrossFittedPopulation):
    """A population whose first specification breaks in its second unit of training."""

    def advance(self, n_steps, goes_on):
        n_done = super().advance(n_steps, goes_on)
        if self._step == 2 * n_steps:
            cohort, rows = self._place(0)
            cohort.state.generator.weights_PN[rows] = NAN
            cohort.state.average_PN[rows] = NAN
        return n_done


@pytest.mark.parametrize("controllers", [(), ("gap", "pacing", "ada", "collapse")], ids=len)
def test_weights_that_are_not_finite_go_back_to_the_best_state_at_half_the_rates(controllers):
    gans = [small(controllers=controllers), small(base="border", controllers=controllers)]
    population, states = population_of(gans, (0, None)), {}
    population.__class__ = Broken

    def score(candidates):
        states[candidates[0].step] = numbers_of(population, 0)
        return [np.array([float(c.step)] * 2) for c in candidates]

    tracker = OracleTracker(score, 5)
    log = run(population, [tracker], Budget(4, 5, 16))
    scored = [s for s in tracker.scored if s.candidate.specification == 0]
    assert [s.improved for s in scored] == [True, True, False, True, True]
    assert [event[:3] for event in log] == [(8, 0, "rollback")]
    assert "weights were not finite" in log[0][3]
    assert states[8].generator.weights_PN.isnan().all()
    assert states[12].generator.weights_PN.isfinite().all()
    assert [states[step].rate_P1.unique().item() for step in (4, 8, 12, 16)] == [1, 1, 0.5, 0.5]
    assert (numbers_of(population, 1).rate_P1 == 1).all()


def test_a_collapsed_candidate_fails_and_goes_back():
    population = population_of([small("classic", controllers=("collapse",))])
    tracker = OracleTracker(lambda cs: [np.array([float(c.step)]) for c in cs], 2)
    population.cohorts[0].state.generator.weights_PN.zero_()  # every row is the middle of the range
    log = run(population, [tracker], Budget(30, 2, 30))
    assert [s.improved for s in tracker.scored] == [False, False]
    assert tracker.trackers[0].n_failed == 1  # the first was noise
    assert tracker.scored[1].candidate.is_finite
    assert not tracker.scored[1].candidate.is_sound
    assert [event[2] for event in log] == ["rollback"]
    assert "all alike" in log[0][3]
    assert [(e.controller, e.decision) for e in population.events] == [("collapse", "collapsed 0 -> 1")]
