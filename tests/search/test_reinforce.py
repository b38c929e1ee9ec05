import math

import numpy as np
import pytest
import torch

from gan_oversampler.search.reinforce import Episode, Recurrent, Reinforce
from tests.populations import stream_of

SIZES = [3, 2, 4]
START = torch.zeros(2, 100)


def learner(**settings):
    return Reinforce.start(Recurrent(SIZES), stream_of(0), **settings)


def trained(found, reward, n_episodes=40):
    for number in range(n_episodes):
        choices = found.sample(START, stream_of(number))
        found.learn([Episode(choices, START, reward(choices))])
    return found


def probabilities(found, choices):
    walk = found.follow(choices, START)
    return [float(log_L[choice].exp()) for log_L, choice in zip(walk.log_T, choices)]


def test_untrained_choices_are_about_as_likely():
    entropy = float(learner().follow((0, 0, 0), START).entropy)
    assert math.isclose(entropy, math.log(3 * 2 * 4), rel_tol=0.01)


def test_probabilities_of_all_walks_sum_to_one():
    found = trained(learner(), lambda choices: choices[0])
    walks = [(a, b, c) for a in range(3) for b in range(2) for c in range(4)]
    total = sum(math.exp(found.follow(walk, START).log_probability) for walk in walks)
    assert math.isclose(total, 1, rel_tol=1e-5)


def test_best_choice_of_every_token_becomes_likelier():
    best = (2, 0, 1)
    found = trained(learner(), lambda choices: sum(a == b for a, b in zip(choices, best)))
    assert np.all(np.array(probabilities(found, best)) > [0.6, 0.7, 0.5])


@pytest.mark.parametrize(("unit", "offset"), [(1000.0, 0.0), (0.125, -2.0)])
def test_unit_and_offset_of_the_reward_do_not_matter(unit, offset):
    def reward(choices):
        return float(choices[2])

    plain = trained(learner(), reward, 10)
    other = trained(learner(), lambda choices: unit * reward(choices) + offset, 10)
    torch.testing.assert_close(other.weights_N, plain.weights_N, rtol=1e-3, atol=1e-4)


def test_entropy_bonus_keeps_choices_open():
    # Only one token earns anything: the others should stay as they are, and all of them with a large bonus.
    plain, open_ = (
        trained(learner(entropy_weight=weight), lambda choices: choices[0]) for weight in (0.0, 1.0)
    )
    entropies = [float(found.follow((2, 0, 0), START).entropy) for found in (plain, open_)]
    assert entropies[0] < 0.6 * math.log(24)
    assert entropies[1] > 0.8 * math.log(24)


def test_equal_rewards_teach_nothing_but_entropy():
    found = trained(learner(entropy_weight=0.0), lambda choices: 0.5)
    assert torch.equal(found.weights_N, learner().weights_N)


def test_failed_episodes_are_left_out():
    found = learner()
    found.learn([Episode((0, 0, 0), START, math.nan), Episode((0, 0, 0), START, -math.inf)])
    assert torch.equal(found.weights_N, learner().weights_N)
    assert math.isnan(found.baseline)


def test_baseline_begins_at_the_mean_of_the_first_round_and_moves_by_a_tenth():
    found = learner()
    found.learn([Episode((0, 0, 0), START, reward) for reward in (1.0, 3.0)])
    assert math.isclose(found.baseline, 0.9 * (0.9 * 2 + 0.1 * 1) + 0.1 * 3)


def test_state_goes_on_bit_for_bit():
    first = trained(learner(), lambda choices: choices[1], 5)
    second = learner()
    second.restore(first.state())
    for found in (first, second):
        trained(found, lambda choices: choices[2], 5)
    assert torch.equal(first.weights_N, second.weights_N)
    assert first.sample(START, stream_of(9)) == second.sample(START, stream_of(9))


def test_global_streams_are_left_alone():
    before = torch.get_rng_state()
    trained(learner(), lambda choices: choices[0], 2)
    assert torch.equal(torch.get_rng_state(), before)
