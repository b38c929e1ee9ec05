"""Generators that evolve: mutations, fitness, selection, and what equals a plain training."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from gan_oversampler import GAN, Evolution, GANOversampler
from gan_oversampler._utils import Streams
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.evolution import MUTATIONS, mixed, mutated, survivors
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.sources import Source
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from tests.populations import CPU, PLANE, pool_of
from tests.tables import numbers

SMALL = {"family": "classic", "loss": "bce", "widths": (8,), "batch_size": 32, "latent": 4}
THREE = Evolution()


def _cohort(evolution, n_steps=12, n=2, **more):
    """Members of one specification, trained."""
    gan = GAN(evolution=evolution, **{**SMALL, **more})
    members = [
        Member(0, p, gan, pool_of(), Streams(p), sibling=s) for p in range(n) for s in range(gan.n_siblings)
    ]
    cohort = Cohort(members, CPU)
    cohort.advance(n_steps)
    return cohort


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_mutation_pulls_new_rows_to_where_the_critic_takes_them_for_real(name):
    logit = torch.linspace(-20, 20, 41)[None].requires_grad_()
    (slope,) = torch.autograd.grad(MUTATIONS[name](logit).sum(), logit)
    assert torch.isfinite(slope).all()
    assert (slope <= 0).all()
    assert (slope[0, 18:23] < 0).all()


@pytest.mark.parametrize("name", sorted(set(MUTATIONS) & set(DIVERGENCES)))
def test_mutations_of_divergences_are_their_alternative_objectives(name):
    """At the best critic, whose logit is log p/q, they are -E f'(p/q)."""
    ratio = torch.tensor([[0.1, 0.5, 1.0, 3.0]])
    expected = -DIVERGENCES[name].slope(ratio).mean(-1)
    torch.testing.assert_close(MUTATIONS[name](ratio.log()), expected)


def test_minimax_and_heuristic_are_the_two_games_of_cross_entropy():
    fake = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    minimax, heuristic = (LOSSES[name].generator(fake, fake) for name in ("gan_saturating", "bce"))
    torch.testing.assert_close(MUTATIONS["minimax"](fake), minimax)
    torch.testing.assert_close(MUTATIONS["heuristic"](fake), heuristic)


def test_fitness_prefers_what_looks_real_and_what_leaves_the_critic_nothing_to_learn():
    evolution, gradient = Evolution(diversity=0.1), torch.ones(2, 64)
    logit = torch.tensor([[-1.0], [1.0]]).expand(2, 32)
    worse, better = evolution.fitness_of(logit, gradient)
    assert better > worse
    steep, flat = evolution.fitness_of(logit[:1].expand(2, 32), gradient * torch.tensor([[2.0], [1.0]]))
    assert (flat - steep).item() == pytest.approx(0.1 * np.log(4))


def test_rows_of_one_mode_are_less_fit_than_rows_of_both():
    """The sign of diversity: a critic trained on both modes learns more from rows of one of them."""
    real = torch.tensor([[-1.0], [1.0]]).repeat(64, 1)[None]
    one, both = torch.ones(1, 128, 1), real.clone()
    weight = torch.zeros(1, 1, 1, requires_grad=True)

    def gradient(fake):
        loss = LOSSES["bce"].critic((real @ weight)[..., 0], (fake @ weight)[..., 0])
        return torch.autograd.grad(loss.sum(), weight)[0].flatten(1)

    fitness = [Evolution(diversity=1.0).fitness_of(torch.zeros(1, 128), gradient(x)) for x in (one, both)]
    assert fitness[1] > fitness[0]


def test_survivors_are_the_fittest_of_every_group_and_never_nan():
    mutation, parent = survivors(torch.tensor([[0.1, torch.nan, 0.3, 0.3], [0.2, 0.0, 0.1, 0.4]]), 2)
    assert mutation.tolist() == [1, 0, 1, 0]
    assert parent.tolist() == [0, 0, 3, 2]


def test_the_critic_sees_all_parents_in_equal_shares():
    rows = torch.arange(4.0)[:, None, None].expand(4, 6, 1)
    assert mixed(rows, 1) is rows
    assert mixed(rows, 2)[..., 0].tolist() == [[0, 1] * 3] * 2 + [[2, 3] * 3] * 2


@pytest.mark.parametrize(("mutation", "loss"), [("heuristic", "bce"), ("minimax", "gan_saturating")])
def test_one_parent_with_one_mutation_is_the_plain_trainer(mutation, loss):
    evolved = _cohort(Evolution([mutation]), batch_norm=True, critic_dropout=0.3)
    if loss == "bce":
        plain = _cohort(None, batch_norm=True, critic_dropout=0.3)
        for name in ("generator_PN", "average_PN", "statistics_PS", "critic_PN"):
            assert torch.equal(getattr(evolved.state, name), getattr(plain.state, name))
    else:  # another critic's formula, equal up to rounding
        plain = _cohort(None, loss=loss, batch_norm=True, critic_dropout=0.3)
        torch.testing.assert_close(evolved.state.generator_PN, plain.state.generator_PN, atol=1e-4, rtol=0)


def test_an_evolving_member_is_the_same_alone_and_among_others():
    for evolution in (THREE, Evolution(population=2)):
        alone, among = _cohort(evolution, n=1), _cohort(evolution, n=5)
        for mine, other in zip(alone.snapshots(), among.snapshots(), strict=False):
            assert torch.equal(mine.weights_N, other.weights_N)


def test_a_child_is_one_step_of_one_parent_by_one_mutation():
    cohort = _cohort(THREE, n_steps=3)
    parents = cohort.state.take(range(2))
    children = []
    for name in MUTATIONS:
        twin = _cohort(THREE, n_steps=3)
        twin.loss = mutated(twin.loss, name)
        twin._learn(twin._next_batch())
        children.append(twin.state.generator_PN)
    cohort._generator_step(cohort._next_batch())
    for p in range(2):
        assert any(torch.equal(cohort.state.generator_PN[p], child[p]) for child in children)
        assert not torch.equal(cohort.state.generator_PN[p], parents.generator_PN[p])
    assert torch.equal(cohort.state.critic_PN, parents.critic_PN)


def test_siblings_share_the_critic_and_nothing_else():
    cohort = _cohort(Evolution(population=3))
    critics, generators = cohort.state.critic_PN[:3], cohort.state.generator_PN[:3]
    assert torch.equal(critics[0], critics[1])
    assert torch.equal(critics[0], critics[2])
    assert not torch.equal(generators[0], generators[1])


def test_no_mutation_of_the_three_always_wins():
    """Otherwise the choice would be idle."""
    cohort = _cohort(THREE, n_steps=0)
    seen = set()
    for _ in range(30):
        before = cohort.state
        fitness = []
        for name in THREE.mutations:
            cohort.state, plain = before.take(range(2)), cohort.loss
            cohort.loss = mutated(plain, name)
            cohort._learn(batch := cohort._next_batch())
            cohort.loss = plain
            fitness.append(THREE.fitness_of(*cohort._confront(plain, batch)))
        seen |= set(survivors(torch.stack(fitness), 1)[0].tolist())
        cohort.state = before
        cohort.advance(1)
    assert len(seen) > 1


def test_the_oracle_lets_all_lineages_go_on_from_the_best():
    X, y = numbers()
    gan = GAN(**SMALL, evolution=Evolution(fitness="oracle"))
    sampler = GANOversampler(
        gan=gan, cv=2, max_steps=30, epoch_unit=10, patience=9, oracle="energy", random_state=0
    ).fit(X, y)
    history = sampler.history_
    told = [event for event in sampler.report_.events if event.controller == "evolution"]
    assert told
    assert all(event.decision.startswith("all lineages go on from classic by ") for event in told)
    assert set(history["name"]) == {f"classic by {name}" for name in THREE.mutations}
    plain = GANOversampler(
        gan=[GAN(**SMALL, evolution=Evolution([name])) for name in THREE.mutations],
        **{key: value for key, value in sampler.get_params(deep=False).items() if key != "gan"},
    ).fit(X, y)
    assert history["score"].min() <= history["score"].iloc[:3].min()
    assert not np.array_equal(history["score"], plain.history_["score"])


def test_children_are_judged_on_equal_terms():
    cohorts = [
        _cohort(Evolution(names), n_steps=3, critic_norm="batch")
        for names in (("heuristic", "kl"), ("kl", "heuristic"))
    ]
    torch.testing.assert_close(cohorts[0].state.generator_PN, cohorts[1].state.generator_PN)


def test_events_of_parents_can_be_told_apart():
    X, y = numbers()
    gan = GAN(**SMALL, evolution=Evolution(population=2))
    sampler = GANOversampler(gan=gan, cv=2, max_steps=10, epoch_unit=10, oracle="energy", random_state=0)
    told = [event.member for event in sampler.fit(X, y).report_.events if event.controller == "evolution"]
    assert {"fold 0, parent 1", "fold 0, parent 2", "all rows, parent 1"} <= set(told)
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("other", [{"replicas": 2}, {"evolution": Evolution(["kl"], fitness="oracle")}])
def test_lineages_of_two_gans_must_not_breed_with_each_other(other):
    gan = GAN(**SMALL, evolution=Evolution(fitness="oracle"))
    sampler = GANOversampler(gan=[gan, clone(gan).set_params(**other)], oracle="energy")
    with pytest.raises(ValueError, match="Give one of them all the mutations"):
        sampler.fit(*numbers())


def test_the_log_tells_which_children_were_chosen():
    X, y = numbers()
    gan = GAN(**SMALL, evolution=THREE)
    sampler = GANOversampler(gan=gan, cv=2, max_steps=20, epoch_unit=10, oracle="energy", random_state=0)
    told = [event for event in sampler.fit(X, y).report_.events if event.controller == "evolution"]
    assert [(event.step, event.member) for event in told] == [
        (step, member) for step in (10, 20) for member in ("fold 0", "fold 1", "all rows")
    ]
    for event in told:
        assert sum(int(part.split()[-1]) for part in event.decision.split(", ")) == 10


def test_evolution_is_a_parameter_like_any_other():
    gan = GAN(loss="bce", evolution=Evolution(population=2))
    assert clone(gan).evolution.population == 2
    assert gan.set_params(evolution__population=3).evolution.population == 3
    assert gan.shape_key != GAN(loss="bce").shape_key
    assert gan.shape_key == GAN(loss="bce", evolution=Evolution(population=3)).shape_key


@pytest.mark.parametrize(
    ("evolution", "message"),
    [
        (Evolution(["minimx"]), "Unknown mutation 'minimx'. Did you mean 'minimax'"),
        (Evolution([]), "at least one"),
        (Evolution(["kl", "kl"]), "different names"),
        (Evolution(fitness="oracle", population=2), "Set population=1"),
        (Evolution(population=0), "population"),
        (Evolution(diversity=-1.0), "diversity"),
    ],
)
def test_what_cannot_evolve_is_refused(evolution, message):
    with pytest.raises(ValueError, match=message):
        GAN(loss="bce", evolution=evolution).validate()


def test_evolution_needs_a_critic_of_odds_and_an_oracle_where_it_is_to_choose():
    with pytest.raises(ValueError, match="loss='bce'"):
        GAN(evolution=Evolution()).validate()
    with pytest.raises(ValueError, match="adversarial"):
        GAN(loss="bce", forces={}, evolution=Evolution()).validate()
    X, y = numbers()
    with pytest.raises(ValueError, match="needs an oracle"):
        GANOversampler(gan=GAN(loss="bce", evolution=Evolution(fitness="oracle")), oracle=None).fit(X, y)


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
    centres, pool = _eight()
    gan = GAN(
        "classic",
        loss="bce",
        penalty="r1_r2",
        penalty_weight=0.1,
        latent=4,
        learning_rate=2e-3,
        critic_learning_rate=2e-3,
        ema=0.0,
        evolution=evolution,
    )
    cohort = Cohort([Member(0, seed, gan, pool, Streams(seed)) for seed in range(n_seeds)], CPU)
    cohort.advance(n_steps)
    covered = 0
    for snapshot in cohort.snapshots():
        rows = Source(pool, gan.base, snapshot).draw(1, 1000, Streams(9))
        distance = np.linalg.norm(rows[:, None] - centres, axis=-1)
        nearest = distance.argmin(1)[distance.min(1) < 0.2]
        covered += int((np.bincount(nearest, minlength=8) > 1000 / 8 / 4).sum())
    return covered


@pytest.mark.slow
def test_evolution_covers_most_modes_as_its_mutations_do():
    # Of 40. Which of the four is best, other processors decide: a rounding grows over 3000 steps.
    for evolution in (THREE, *(Evolution([name]) for name in THREE.mutations)):
        assert _modes_covered(evolution) >= 30
