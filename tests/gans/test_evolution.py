"""Evolution of generators: mutations, fitness, survivors, and what is refused."""

import math

import pytest
import torch
from sklearn.base import clone

from gan_oversampler import GAN, Evolution
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.evolution import MUTATIONS
from gan_oversampler.gans.losses import LOSSES
from tests.populations import randn


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_mutation_raises_the_logits_of_generated_rows(name):
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
    fake = randn(3, 32)
    torch.testing.assert_close(MUTATIONS["minimax"](fake), LOSSES["gan"].saturating(fake, fake))
    torch.testing.assert_close(MUTATIONS["heuristic"](fake), LOSSES["bce"].generator(fake, fake))


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_mutation_takes_the_place_of_the_generators_objective_only(name):
    loss, real, fake = LOSSES["bce"], randn(2, 8), randn(2, 8, seed=1)
    mutated = Evolution().mutated(loss, name)
    assert torch.equal(mutated.generator(real, fake), MUTATIONS[name](fake))
    assert mutated.critic is loss.critic


def test_fitness_prefers_what_looks_real_and_what_leaves_the_critic_nothing_to_learn():
    evolution, gradient = Evolution(diversity=0.1), torch.ones(2, 64)
    logit = torch.tensor([[-1.0], [1.0]]).expand(2, 32)
    worse, better = evolution.fitness(logit, gradient)
    assert (better - worse).item() == pytest.approx(math.tanh(0.5))
    steep, flat = evolution.fitness(logit[:1].expand(2, 32), gradient * torch.tensor([[2.0], [1.0]]))
    assert (flat - steep).item() == pytest.approx(0.1 * math.log(4))


def test_rows_of_one_mode_are_less_fit_than_rows_of_both():
    """The sign of diversity: a critic trained on both modes learns more from rows of one of them."""
    real = torch.tensor([[-1.0], [1.0]]).repeat(64, 1)[None]
    one, both = torch.ones(1, 128, 1), real.clone()
    weight = torch.zeros(1, 1, 1, requires_grad=True)

    def gradient(fake):
        loss = LOSSES["bce"].critic((real @ weight)[..., 0], (fake @ weight)[..., 0])
        return torch.autograd.grad(loss.sum(), weight)[0].flatten(1)

    fitness = [Evolution(diversity=1.0).fitness(torch.zeros(1, 128), gradient(x)) for x in (one, both)]
    assert fitness[1] > fitness[0]


def test_survivors_are_the_fittest_of_every_group_and_never_nan():
    fitness = torch.tensor([[0.1, torch.nan, 0.3, 0.3], [0.2, 0.0, 0.1, 0.4]])
    mutation, parent = Evolution(population=2).survivors(fitness)
    assert mutation.tolist() == [1, 0, 1, 0]
    assert parent.tolist() == [0, 0, 3, 2]


def test_a_single_parent_is_followed_by_its_fittest_child():
    mutation, parent = Evolution().survivors(torch.tensor([[0.1, 3.0], [0.2, 1.0], [0.0, 3.0]]))
    assert mutation.tolist() == [1, 0]
    assert parent.tolist() == [0, 1]


def test_the_critic_sees_all_parents_in_equal_shares():
    rows = torch.arange(4.0)[:, None, None].expand(4, 6, 1)
    assert Evolution().mixed(rows) is rows
    mixed = Evolution(population=2).mixed(rows)[..., 0]
    assert mixed.tolist() == [[0, 1] * 3] * 2 + [[2, 3] * 3] * 2


def test_parents_share_their_loss():
    loss_P = torch.tensor([1.0, 3.0, 4.0, 6.0])
    assert Evolution().shared(loss_P) is loss_P
    assert Evolution(population=2).shared(loss_P).tolist() == [2.0, 2.0, 5.0, 5.0]


def test_evolution_is_a_parameter_like_any_other():
    gan = GAN(loss="bce", evolution=Evolution(population=2))
    assert clone(gan).evolution.population == 2
    assert gan.set_params(evolution__population=3).evolution.population == 3
    assert gan.cohort_key != GAN(loss="bce").cohort_key
    assert gan.cohort_key == GAN(loss="bce", evolution=Evolution(population=3)).cohort_key
    assert gan.n_siblings == 3
    assert GAN().n_siblings == 1


@pytest.mark.parametrize(
    ("evolution", "message"),
    [
        (Evolution(["minimx"]), "Unknown mutation 'minimx'. Did you mean 'minimax'"),
        (Evolution([]), "at least one"),
        (Evolution(["kl", "kl"]), "different names"),
        (Evolution(population=0), "population"),
        (Evolution(diversity=-1.0), "diversity"),
    ],
)
def test_what_cannot_evolve_is_refused(evolution, message):
    with pytest.raises(ValueError, match=message):
        evolution.validate()
