"""Members: names, streams, fresh states, and bounds of their corrections."""

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.encoding.row_space import STATE_LOGIT
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Generator
from gan_oversampler.training.members import Member, State, correction_bounds
from gan_oversampler.training.networks import networks_of
from tests.populations import differences, fold_data, line_data, small
from tests.tables import MIXED


def _member(seed=0, data=None, gan=None, **options):
    return Member(0, None, gan or small(), data or fold_data(), Streams(seed), **options)


def _fresh(*members, control_K=None):
    control_K = torch.empty(0) if control_K is None else control_K
    return State.start(*networks_of(members[0].gan, members[0].data), members, control_K)


@pytest.mark.parametrize("bound", [0.5, 2.0])
def test_corrections_are_bounded_by_a_share_of_the_spread_of_the_class(bound):
    bounds = correction_bounds(
        [_member(data=line_data([0.0, 1.0, 5.0]), gan=GAN(generator=Generator(correction_bound=bound)))]
    )
    assert bounds.bound_PCF.item() == pytest.approx(bound * np.std([0, 1, 5]))
    assert bounds.centre_PF.item() == 2.5
    assert bounds.half_PF.item() == 2.5


def test_fidelity_keeps_states_and_without_it_every_state_may_flip():
    bounds = correction_bounds([_member(gan=GAN(loss_weights={"fidelity": 0.1}))])
    assert not bounds.bound_PCF[..., MIXED.states_S].any()
    bounds = correction_bounds([_member()])
    assert (bounds.bound_PCF[..., MIXED.states_S] > STATE_LOGIT).all()
    assert (bounds.half_PF[..., MIXED.states_S] > 0).all()


def test_bounds_are_measured_on_each_members_own_rows():
    both = [fold_data(seed) for seed in (0, 1)]
    together = correction_bounds([_member(data=data) for data in both])
    for p, data in enumerate(both):
        alone = correction_bounds([_member(data=data)])
        assert torch.equal(together.bound_PCF[p], alone.bound_PCF[0])
        for k, code in enumerate(data.classes):
            expected = 0.5 * data.rows[code].std(0, correction=0)[MIXED.values_V]
            torch.testing.assert_close(together.bound_PCF[p, k, MIXED.values_V], expected)


def test_a_fresh_state_is_the_members_own_and_has_no_past():
    members = [_member(seed) for seed in range(3)]
    state = _fresh(*members, control_K=torch.tensor([1.0, 2.0]))
    assert torch.equal(state.average_PN, state.generator.weights_PN)
    assert state.control_PK.tolist() == [[1.0, 2.0]] * 3
    assert state.rate_P1.tolist() == [[1.0]] * 3
    assert not state.balance_P.any()
    for player in (state.generator, state.critic):
        assert not player.moments.first_PN.any()
        assert not player.moments.second_PN.any()
        assert (player.moments.decay_P2 == 1).all()
        assert torch.pdist(player.weights_PN).min() > 0
    alone = _fresh(members[1])
    assert torch.equal(alone.generator.weights_PN[0], state.generator.weights_PN[1])
    assert torch.equal(alone.critic.weights_PN[0], state.critic.weights_PN[1])


def test_siblings_start_with_one_critic_and_generators_of_their_own():
    first, sibling = _fresh(_member()), _fresh(_member(sibling=1))
    assert set(differences(first, sibling)) == {"generator.weights_PN", "average_PN"}


@pytest.mark.parametrize(
    ("fold", "options", "name"),
    [
        (None, {}, "all rows"),
        (2, {}, "fold 2"),
        (None, {"replica": 1}, "all rows, replica 1"),
        (0, {"sibling": 1, "gan": GAN(loss="bce", evolution=Evolution(population=2))}, "fold 0, parent 2"),
    ],
    ids=str,
)
def test_members_are_named_by_what_they_see_and_which_they_are(fold, options, name):
    options = {"gan": GAN(), "data": fold_data(), "streams": Streams(0), **options}
    assert Member(0, fold, **options).name == name
