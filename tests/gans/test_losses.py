"""Losses, penalties and the terms of autoencoders, with their closed forms."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.gans.losses import (
    CONTROL_RATE,
    LOSSES,
    MARGIN,
    PENALTIES,
    loss_of,
    proportional_control,
    pulling_away,
)
from tests.populations import randn, stream_of

EQUILIBRIUM = sorted(name for name, loss in LOSSES.items() if loss.equilibrium is not None)
THRESHOLD = sorted(name for name, loss in LOSSES.items() if loss.threshold is not None)
SATURATING = sorted(name for name, loss in LOSSES.items() if loss.saturating)
ERRORS = st.floats(0, 100)
OBJECTIVES = [
    *((name, player) for name in sorted(LOSSES) for player in ("critic", "generator")),
    *((name, "saturating") for name in SATURATING),
]
SMOOTH = sorted(name for name, penalty in PENALTIES.items() if penalty)


def _logits(*shape, seed=0):
    """Critic outputs between 0 and 1, where no loss has reached its aim."""
    return 0.01 + 0.98 * torch.rand(*shape, generator=stream_of(seed))


def _linear(w_PF):
    return lambda rows_PBF: torch.einsum("pbf,pf->pb", rows_PBF, w_PF)


def _parabola(rows_PBF):
    return rows_PBF.square().sum(-1) / 2


# --- losses


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("saturating", [False, True])
def test_the_generator_raises_the_outputs_of_generated_rows(name, saturating):
    real, fake = _logits(2, 8), _logits(2, 8, seed=1).requires_grad_()
    loss_of(name, saturating=saturating).generator(real, fake).sum().backward()
    assert (fake.grad < 0).all()


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_the_critic_raises_outputs_of_real_rows_and_lowers_those_of_generated_ones(name):
    real, fake = _logits(2, 8).requires_grad_(), _logits(2, 8, seed=1).requires_grad_()
    LOSSES[name].critic(real, fake).sum().backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize(("name", "player"), OBJECTIVES)
def test_a_members_loss_is_that_of_the_member_alone(name, player):
    objective, real, fake = getattr(LOSSES[name], player), randn(5, 16), randn(5, 16, seed=1)
    alone = torch.cat([objective(real[p : p + 1], fake[p : p + 1]) for p in range(5)])
    torch.testing.assert_close(objective(real, fake), alone)


@pytest.mark.parametrize(("name", "player"), OBJECTIVES)
def test_a_loss_is_a_mean_over_rows(name, player):
    objective, real, fake = getattr(LOSSES[name], player), randn(1, 16), randn(1, 16, seed=1)
    torch.testing.assert_close(objective(real.repeat(1, 3), fake.repeat(1, 3)), objective(real, fake))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_names_a_known_penalty(name):
    assert LOSSES[name].penalty in PENALTIES


@pytest.mark.parametrize(
    ("name", "critic", "generator"),
    [
        ("bce", 2 * math.log(2), math.log(2)),
        ("least_squares", 0.5, 0.5),
        ("hinge", 2.0, 0.0),
        ("wgan_gp", 0.0, 0.0),
        ("relativistic", math.log(2), math.log(2)),
    ],
)
def test_losses_where_the_critic_knows_nothing(name, critic, generator):
    zero, loss = torch.zeros(1, 4), LOSSES[name]
    assert loss.critic(zero, zero).item() == pytest.approx(critic, abs=1e-7)
    assert loss.generator(zero, zero).item() == pytest.approx(generator, abs=1e-7)


def test_relativistic_and_wasserstein_losses_see_differences_only():
    real, fake = randn(2, 8), randn(2, 8, seed=1)
    for name in ("relativistic", "wgan_gp"):
        torch.testing.assert_close(
            LOSSES[name].critic(real + 3, fake + 3), LOSSES[name].critic(real, fake), atol=1e-5, rtol=1e-5
        )


def test_a_perfect_critic_pays_nothing():
    one, large = torch.ones(1, 4), torch.full((1, 4), 50.0)
    assert LOSSES["hinge"].critic(one, -one).item() == 0
    assert LOSSES["least_squares"].critic(one, 0 * one).item() == 0
    assert LOSSES["bce"].critic(large, -large).item() == pytest.approx(0, abs=1e-12)
    assert LOSSES["relativistic"].critic(large, -large).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", EQUILIBRIUM)
def test_an_equilibrium_is_the_least_loss_of_a_critic_that_cannot_tell_rows_apart(name):
    outputs = torch.linspace(-3, 3, 6001)[:, None]
    least = LOSSES[name].critic(outputs, outputs).min().item()
    assert LOSSES[name].equilibrium == pytest.approx(least, abs=1e-5)


@pytest.mark.parametrize("name", SATURATING)
def test_the_original_game_has_the_same_critic_and_another_generator(name):
    usual, original = loss_of(name), loss_of(name, saturating=True)
    assert usual is LOSSES[name]
    assert original.critic is usual.critic
    assert original.generator is usual.saturating


@pytest.mark.parametrize("name", sorted(set(LOSSES) - set(SATURATING)))
def test_a_loss_without_an_original_game_stays_as_it_is(name):
    assert loss_of(name, saturating=True) is LOSSES[name]


@pytest.mark.parametrize("name", THRESHOLD)
def test_the_best_critic_puts_kinds_of_row_that_are_more_often_real_above_the_threshold(name):
    """Of four kinds the first is real in one case of five, the last one in four of five."""
    kinds, shares = torch.arange(4), torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1]])
    pairs = torch.cartesian_prod(*(kinds.repeat_interleave(share) for share in shares)).T
    threshold = LOSSES[name].threshold
    v = torch.full((1, 4), threshold, dtype=torch.float64, requires_grad=True)
    for _ in range(100):
        loss = LOSSES[name].critic(*(v[:, side] for side in pairs)).sum()
        (slope,) = torch.autograd.grad(loss, v)
        v = (v - 0.2 * slope).detach().requires_grad_()
    assert (v > threshold).tolist() == [[False, False, True, True]]
    assert (v.diff() > -1e-6).all()


# --- penalties


def test_penalties_of_a_linear_critic():
    w = torch.tensor([[3.0, 4.0], [0.6, 0.8]])
    rows = randn(2, 6, 2), randn(2, 6, 2, seed=1), _logits(2, 6, 1)
    gradient = PENALTIES["gradient"].term(_linear(w), *rows)
    torch.testing.assert_close(gradient, torch.tensor([16.0, 0.0]), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(PENALTIES["r1_r2"].term(_linear(w), *rows), torch.tensor([25.0, 1.0]))


def test_penalties_look_where_they_say():
    # The parabola |x|^2 / 2 has slope |x|: real rows at the origin, fake ones 5 away.
    real, fake, mix = torch.zeros(1, 1, 2), torch.tensor([[[3.0, 4.0]]]), torch.tensor([[[0.6]]])
    assert PENALTIES["gradient"].term(_parabola, real, fake, mix).item() == pytest.approx((0.6 * 5 - 1) ** 2)
    assert PENALTIES["r1_r2"].term(_parabola, real, fake, mix).item() == pytest.approx((0 + 25) / 2)


def test_a_constant_critic_is_smooth():
    rows = randn(2, 6, 3), randn(2, 6, 3, seed=1), _logits(2, 6, 1)
    constant = _linear(torch.zeros(2, 3))
    assert torch.equal(PENALTIES["r1_r2"].term(constant, *rows), torch.zeros(2))
    torch.testing.assert_close(PENALTIES["gradient"].term(constant, *rows), torch.ones(2))


@pytest.mark.parametrize("name", SMOOTH)
def test_a_members_penalty_is_that_of_the_member_alone(name):
    term, w = PENALTIES[name].term, randn(4, 3)
    real, fake, mix = randn(4, 6, 3, seed=1), randn(4, 6, 3, seed=2), _logits(4, 6, 1)
    alone = [term(_linear(w[p : p + 1]), real[p : p + 1], fake[p : p + 1], mix[p : p + 1]) for p in range(4)]
    torch.testing.assert_close(term(_linear(w), real, fake, mix), torch.cat(alone))


@pytest.mark.parametrize("name", SMOOTH)
def test_descending_a_penalty_flattens_a_steep_critic(name):
    w = torch.tensor([[3.0, 4.0]], requires_grad=True)
    rows = randn(1, 6, 2), randn(1, 6, 2, seed=1), _logits(1, 6, 1)
    (gradient,) = torch.autograd.grad(PENALTIES[name].term(_linear(w), *rows).sum(), w)
    # d(|w| - 1)^2 = 2 (|w| - 1) w / |w| and d|w|^2 = 2 w
    expected = {"gradient": 8 / 5, "r1_r2": 2.0}
    assert (gradient * w > 0).all()
    if name in expected:
        torch.testing.assert_close(gradient, expected[name] * w.detach())


@pytest.mark.parametrize("name", SMOOTH)
def test_a_penalty_is_finite_where_the_slope_is_zero(name):
    rows = torch.zeros(1, 4, 2)
    w = torch.zeros(1, 2, requires_grad=True)
    term = PENALTIES[name].term(_linear(w), rows, rows, torch.zeros(1, 4, 1))
    (gradient,) = torch.autograd.grad(term.sum(), w)
    assert gradient.isfinite().all()


# --- autoencoders as critics


def test_errors_of_a_row_are_means_over_its_columns():
    difference = torch.tensor([[[3.0, -1.0, 0.0, 0.0]]])
    assert LOSSES["ebgan"].error(difference).item() == 10 / 4
    assert LOSSES["began"].error(difference).item() == 4 / 4


def test_the_ebgan_critic_ignores_generated_rows_beyond_the_margin():
    real_error, fake_error = torch.tensor([[0.25, 0.75]]), torch.tensor([[0.0, 3 * MARGIN]])
    loss = LOSSES["ebgan"]
    assert loss.critic(-real_error, -fake_error).item() == pytest.approx(0.5 + (MARGIN + 0) / 2)
    assert loss.generator(-real_error, -fake_error).item() == pytest.approx(1.5 * MARGIN)


@given(st.floats(0, 1), ERRORS, ERRORS, st.floats(0, 1))
def test_the_balance_stays_a_share_and_moves_toward_its_set_point(balance, real, fake, ratio):
    before, *errors = (torch.tensor([value], dtype=torch.float64) for value in (balance, real, fake))
    after, gap = proportional_control(before, *errors, ratio), ratio * real - fake
    assert 0 <= after <= 1
    assert (after - before) * gap >= 0
    if abs(gap) > 1e-6 and 0 < balance + CONTROL_RATE * gap < 1:
        assert after.item() == pytest.approx(balance + CONTROL_RATE * gap)


def test_control_drives_the_ratio_of_errors_to_the_one_asked_for():
    # A player whose generated rows err more, the more weight the critic gives them.
    balance, real = torch.zeros(1), torch.ones(1)
    for _ in range(2000):
        balance = proportional_control(balance, real, 0.2 + balance, 0.7)
    torch.testing.assert_close(0.2 + balance, torch.full((1,), 0.7), atol=1e-3, rtol=0)


def test_the_pulling_away_term_is_1_for_codes_in_one_direction_and_0_for_orthogonal_ones():
    direction, lengths = randn(1, 1, 5), torch.tensor([1.0, 2.0, -0.5, 3.0])
    codes = torch.stack([direction[0] * lengths[:, None], torch.eye(4, 5)])
    torch.testing.assert_close(pulling_away(codes), torch.tensor([1.0, 0.0]))


def test_the_pulling_away_term_is_the_mean_squared_cosine_of_pairs():
    codes = randn(3, 6, 4)
    for p in range(3):
        pairs = [
            torch.cosine_similarity(codes[p, i], codes[p, j], dim=0) ** 2
            for i in range(6)
            for j in range(6)
            if i != j
        ]
        torch.testing.assert_close(pulling_away(codes)[p], torch.stack(pairs).mean())


def test_descending_the_pulling_away_term_turns_codes_apart():
    codes = (torch.ones(1, 8, 3) + 0.1 * randn(1, 8, 3)).requires_grad_()
    before = pulling_away(codes)
    (gradient,) = torch.autograd.grad(before.sum(), codes)
    assert pulling_away(codes - gradient) < before
