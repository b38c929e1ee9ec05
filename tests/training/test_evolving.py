"""Evolving populations: what equals a plain training, how children are compared, and the log."""

import numpy as np
import pytest
import torch

from gan_oversampler import GAN, Evolution, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.gans.parts import Critic, Generator
from gan_oversampler.nn.tensors import take
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.evolving import evolve
from gan_oversampler.training.members import Member
from tests.populations import CPU, PLANE, differences, draw, fold_data, next_batch, small
from tests.tables import numbers

THREE = Evolution()


def _gan(evolution, **changes):
    return small("classic", evolution=evolution, **{"loss": "bce", "generator__latent": 4, **changes})


def _cohort(evolution, n_steps=12, n=2, **changes):
    """Members of one specification, trained."""
    gan = _gan(evolution, **changes)
    members = [
        Member(0, p, gan, fold_data(), Streams(p), sibling=s) for p in range(n) for s in range(gan.n_siblings)
    ]
    cohort = Cohort(members, CPU)
    cohort.advance(n_steps)
    return cohort


@pytest.mark.parametrize(
    ("mutation", "game"), [("heuristic", {"loss": "bce"}), ("minimax", {"loss": "gan", "saturating": True})]
)
def test_one_parent_with_one_mutation_is_trained_like_a_gan_without_evolution(mutation, game):
    noisy = {"generator__norm": "batch", "critic__dropout": 0.3}
    evolved, plain = _cohort(Evolution([mutation]), **noisy), _cohort(None, **game, **noisy)
    if mutation == "heuristic":
        assert not differences(evolved.state, plain.state)
    else:  # another formula of the critic's loss, equal up to rounding
        weights = [cohort.state.generator.weights_PN for cohort in (evolved, plain)]
        torch.testing.assert_close(*weights, atol=1e-4, rtol=0)


def test_survivors_are_the_fittest_children_with_the_state_of_their_optimisers():
    cohort = _cohort(THREE, n_steps=3)
    steps, state, batch = cohort.steps, cohort.state, next_batch(cohort)
    children = [
        steps.generator_step(state, batch, cohort.streams, THREE.mutated(steps.loss, name))
        for name in THREE.mutations
    ]
    after, loss_P, mutation_P = evolve(steps, THREE, state, batch, cohort.streams)
    for p, number in enumerate(mutation_P.tolist()):
        child, child_loss_P = children[number]
        assert not differences(take(child.generator, [p]), take(after.generator, [p]))
        assert torch.equal(child.average_PN[p], after.average_PN[p])
        assert torch.equal(child_loss_P[p], loss_P[p])
        assert not torch.equal(after.generator.weights_PN[p], state.generator.weights_PN[p])
    assert torch.equal(after.critic.weights_PN, state.critic.weights_PN)


def test_the_survivor_has_the_largest_fitness():
    """Without diversity it is the child whose rows look most real to the critic."""
    quality = Evolution(("minimax", "heuristic"), diversity=0.0)
    cohort = _cohort(quality, n_steps=3)
    steps, state, batch = cohort.steps, cohort.state, next_batch(cohort)
    scores = []
    for name in quality.mutations:
        child, _ = steps.generator_step(state, batch, cohort.streams, quality.mutated(steps.loss, name))
        rows = steps.generate(child, steps.generator.split(child.generator.weights_PN), batch, None)
        critic = steps.critic_fn(state, steps.critic.split(state.critic.weights_PN), batch, None)
        scores.append(critic(rows).sigmoid().mean(-1))
    _, _, mutation_P = evolve(steps, quality, state, batch, cohort.streams)
    assert torch.equal(mutation_P, torch.stack(scores).argmax(0))


def test_siblings_share_the_critic_and_nothing_else():
    cohort = _cohort(Evolution(population=3))
    critics, generators = cohort.state.critic.weights_PN[:3], cohort.state.generator.weights_PN[:3]
    assert torch.equal(critics[0], critics[1])
    assert torch.equal(critics[0], critics[2])
    assert not torch.equal(generators[0], generators[1])


def test_no_mutation_of_the_three_always_wins():
    """Otherwise the choice would be idle."""
    cohort = _cohort(THREE, n_steps=0)
    cohort.advance(30)
    assert cohort.children_PM.sum(1).tolist() == [30, 30]
    assert (cohort.children_PM.sum(0) > 0).sum() > 1


def test_children_are_compared_on_equal_terms():
    """The order of the mutations makes no difference, even if the critic keeps statistics."""
    cohorts = [
        _cohort(Evolution(names), n_steps=3, critic__norm="batch")
        for names in (("heuristic", "kl"), ("kl", "heuristic"))
    ]
    torch.testing.assert_close(*(cohort.state.generator.weights_PN for cohort in cohorts))


# --- the log


def _events(evolution, **options):
    settings = {"cv": 2, "max_steps": 20, "epoch_unit": 10, "oracle": "energy", "random_state": 0, **options}
    sampler = GANOversampler(gan=_gan(evolution), **settings).fit(*numbers())
    return [event for event in sampler.report_.events if event.controller == "evolution"]


def test_the_log_says_which_children_were_chosen():
    events = _events(THREE)
    assert [(event.step, event.member) for event in events] == [
        (step, member) for step in (10, 20) for member in ("fold 0", "fold 1", "all rows")
    ]
    for event in events:
        assert sum(int(part.split()[-1]) for part in event.decision.split(", ")) == 10


def test_parents_have_lines_of_their_own_in_the_log():
    members = [event.member for event in _events(Evolution(population=2), max_steps=10)]
    assert {"fold 0, parent 1", "fold 0, parent 2", "all rows, parent 1"} <= set(members)
    assert len(set(members)) == len(members)


# --- what it is for


def _eight(seed=0, spread=0.05):
    """Eight narrow modes on a circle, and a background of the other class."""
    rng = np.random.default_rng(seed)
    angle = np.arange(8) * np.pi / 4
    centres = 1.4 * np.c_[np.cos(angle), np.sin(angle)]
    modes = centres.repeat(60, 0) + spread * rng.normal(size=(480, 2))
    rows = np.r_[modes, rng.normal(size=(60, 2))].astype(np.float32)
    return centres, FoldData.of(rows, np.repeat([1, 0], [480, 60]), PLANE, learned=[1], drawn=[1])


def _modes_covered(evolution, n_seeds=5, n_steps=3000):
    """Modes that got at least a quarter of their share of new rows, summed over seeds."""
    centres, data = _eight()
    gan = GAN(
        "classic",
        loss="bce",
        evolution=evolution,
        generator=Generator(latent=4, learning_rate=2e-3, ema=0.0),
        critic=Critic(penalty="r1_r2", penalty_weight=0.1, learning_rate=2e-3),
    )
    cohort = Cohort([Member(0, seed, gan, data, Streams(seed)) for seed in range(n_seeds)], CPU)
    cohort.advance(n_steps)
    covered = 0
    for snapshot in cohort.snapshots():
        rows = draw(data, gan.base, 1, 1000, Streams(9), snapshot)
        distance = np.linalg.norm(rows[:, None] - centres, axis=-1)
        nearest = distance.argmin(1)[distance.min(1) < 0.2]
        covered += int((np.bincount(nearest, minlength=8) > 1000 / 8 / 4).sum())
    return covered


@pytest.mark.slow
def test_evolution_covers_most_modes_as_its_mutations_do():
    # Of 40. Which of the four is best, other processors decide: a rounding grows over 3000 steps.
    for evolution in (THREE, *(Evolution([name]) for name in THREE.mutations)):
        assert _modes_covered(evolution) >= 30
