"""Laws of losses, penalties and forces, with their closed forms."""

import math

import pytest
import torch

from gan_oversampler.gans.losses import LOSSES, PENALTIES, density_ratio
from gan_oversampler.gans.objectives import FORCES, Draft
from gan_oversampler.gans.utility import Lesson

SMOOTH = sorted(name for name, penalty in PENALTIES.items() if penalty)
TELLING = sorted(name for name, loss in LOSSES.items() if loss.ratio)


def _logits(*shape, seed=0):
    """Critic outputs between 0 and 1, where no loss has reached its aim."""
    return 0.01 + 0.98 * torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _linear(w_PF):
    return lambda rows_PBF: torch.einsum("pbf,pf->pb", rows_PBF, w_PF)


def _parabola(rows_PBF):
    return rows_PBF.square().sum(-1) / 2


# --- losses


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_the_generator_pushes_fake_rows_towards_real(name):
    real, fake = _logits(2, 8), _logits(2, 8, seed=1).requires_grad_()
    LOSSES[name].generator(real, fake).sum().backward()
    assert (fake.grad < 0).all()


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_the_critic_pushes_real_up_and_fake_down(name):
    real, fake = _logits(2, 8).requires_grad_(), _logits(2, 8, seed=1).requires_grad_()
    LOSSES[name].critic(real, fake).sum().backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize("player", ["critic", "generator"])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_members_loss_is_that_of_the_member_alone(name, player):
    objective, real, fake = getattr(LOSSES[name], player), _randn(5, 16), _randn(5, 16, seed=1)
    alone = torch.cat([objective(real[p : p + 1], fake[p : p + 1]) for p in range(5)])
    torch.testing.assert_close(objective(real, fake), alone)


@pytest.mark.parametrize("player", ["critic", "generator"])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_is_a_mean_over_rows(name, player):
    objective, real, fake = getattr(LOSSES[name], player), _randn(1, 16), _randn(1, 16, seed=1)
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
    real, fake = _randn(2, 8), _randn(2, 8, seed=1)
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


# --- density ratios


def _best(name, real, fake):
    """Outputs of the best critic for the kinds of row that real and fake ones are, all pairs being shown."""
    v = torch.full((1, 4), 0.1, dtype=torch.float64, requires_grad=True)
    pairs = torch.cartesian_prod(real, fake).T
    descent = torch.optim.LBFGS([v], max_iter=200, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss():
        descent.zero_grad()
        value = LOSSES[name].critic(*(v[:, side] for side in pairs)).sum()
        value.backward()
        return value

    descent.step(loss)
    return v.detach()


@pytest.mark.parametrize("name", TELLING)
def test_the_best_critic_tells_the_density_ratio(name):
    kinds, shares = torch.arange(4), torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1]])
    real, fake = (kinds.repeat_interleave(share) for share in shares)
    ratio = density_ratio(name, _best(name, real, fake))
    if name == "relativistic":
        ratio = ratio / ratio[:, fake].mean()
    expected = torch.tensor([[1 / 4, 2 / 3, 3 / 2, 4]], dtype=torch.float64)
    torch.testing.assert_close(ratio, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", TELLING)
def test_density_ratios_increase_and_stay_finite(name):
    ratio = density_ratio(name, torch.linspace(-500, 500, 4001)[None])
    assert ratio.isfinite().all()
    assert (ratio >= 0).all()
    assert (ratio.diff() >= 0).all()


def test_losses_that_tell_no_ratio_say_so():
    assert set(LOSSES) - set(TELLING) == {
        "hinge",
        "wgan_gp",
        "total_variation",
        "total_variation_saturating",
        "ebgan",
        "began",
    }
    with pytest.raises(ValueError, match=r"'hinge' does not tell density ratios; these do: 'bce'"):
        density_ratio("hinge", torch.zeros(1, 4))
    with pytest.raises(ValueError, match="Did you mean 'hellinger'"):
        density_ratio("helinger", torch.zeros(1, 4))


# --- penalties


def test_penalties_of_a_linear_critic():
    w = torch.tensor([[3.0, 4.0], [0.6, 0.8]])
    rows = _randn(2, 6, 2), _randn(2, 6, 2, seed=1), _logits(2, 6, 1)
    gradient = PENALTIES["gradient"].term(_linear(w), *rows)
    torch.testing.assert_close(gradient, torch.tensor([16.0, 0.0]), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(PENALTIES["r1_r2"].term(_linear(w), *rows), torch.tensor([25.0, 1.0]))


def test_penalties_look_where_they_say():
    # The parabola |x|^2 / 2 has slope |x|: real rows at the origin, fake ones 5 away.
    real, fake, mix = torch.zeros(1, 1, 2), torch.tensor([[[3.0, 4.0]]]), torch.tensor([[[0.6]]])
    assert PENALTIES["gradient"].term(_parabola, real, fake, mix).item() == pytest.approx((0.6 * 5 - 1) ** 2)
    assert PENALTIES["r1_r2"].term(_parabola, real, fake, mix).item() == pytest.approx((0 + 25) / 2)


def test_a_constant_critic_is_smooth():
    rows = _randn(2, 6, 3), _randn(2, 6, 3, seed=1), _logits(2, 6, 1)
    constant = _linear(torch.zeros(2, 3))
    assert torch.equal(PENALTIES["r1_r2"].term(constant, *rows), torch.zeros(2))
    torch.testing.assert_close(PENALTIES["gradient"].term(constant, *rows), torch.ones(2))


@pytest.mark.parametrize("name", SMOOTH)
def test_a_members_penalty_is_that_of_the_member_alone(name):
    term, w = PENALTIES[name].term, _randn(4, 3)
    real, fake, mix = _randn(4, 6, 3, seed=1), _randn(4, 6, 3, seed=2), _logits(4, 6, 1)
    alone = [term(_linear(w[p : p + 1]), real[p : p + 1], fake[p : p + 1], mix[p : p + 1]) for p in range(4)]
    torch.testing.assert_close(term(_linear(w), real, fake, mix), torch.cat(alone))


@pytest.mark.parametrize("name", SMOOTH)
def test_descending_a_penalty_flattens_a_steep_critic(name):
    w = torch.tensor([[3.0, 4.0]], requires_grad=True)
    rows = _randn(1, 6, 2), _randn(1, 6, 2, seed=1), _logits(1, 6, 1)
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


# --- forces


def _draft(fake, w, name="bce"):
    p, b, _ = fake.shape
    real, label = _randn(*fake.shape, seed=5), torch.ones(p, b, 1)
    return Draft(
        fake, real, label, _linear(w), LOSSES[name], "f1", torch.zeros(p, b), torch.ones(2), _lesson(p, b)
    )


def _lesson(p, b):
    """Ten rows of each class to study and to be quizzed on."""
    mass = torch.eye(2).repeat_interleave(10, 0).expand(p, -1, -1)
    return Lesson(
        _randn(p, 20, 2, seed=6) + mass,
        mass,
        _randn(p, 20, 2, seed=7) + mass,
        mass,
        torch.ones(p, 2),
        torch.zeros(p, b),
        torch.ones(p, 2),
        _randn(p, 2, 16, seed=8),
        _randn(p, 1, 16, seed=9),
        torch.eye(2).expand(p, -1, -1),
        torch.ones(p),
    )


@pytest.mark.parametrize("name", sorted(FORCES))
def test_a_force_is_one_number_per_member_and_does_not_mix_them(name):
    fake, w = _randn(3, 8, 2).requires_grad_(), _randn(3, 2, seed=1)
    force_P = FORCES[name](_draft(fake, w))
    assert force_P.shape == (3,)
    for p in range(3):
        (gradient,) = torch.autograd.grad(force_P[p], fake, retain_graph=True)
        others = [q for q in range(3) if q != p]
        assert gradient[p].abs().sum() > 0
        assert not gradient[others].any()


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_the_adversarial_force_is_the_generators_loss(loss):
    fake, w = _randn(3, 8, 2), _randn(3, 2, seed=1)
    draft = _draft(fake, w, loss)
    expected = LOSSES[loss].generator(_linear(w)(draft.real_PBF), _linear(w)(fake))
    torch.testing.assert_close(FORCES["adversarial"](draft), expected)
