"""f-divergences: conjugates, bounds, what a trained critic finds between two Gaussians."""

import math

import pytest
import torch
import torch.nn.functional as F

from gan_oversampler import GAN, GANOversampler
from gan_oversampler.divergences import DIVERGENCES
from gan_oversampler.losses import LOSSES
from tests.tables import numbers

NAMES = sorted(DIVERGENCES)
SMOOTH = [name for name in NAMES if name != "total_variation"]
RATIOS = torch.linspace(0.05, 20, 500, dtype=torch.float64)
OUTPUTS = torch.linspace(-6, 6, 241, dtype=torch.float64)
GRID = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
SHIFT, SCALE = 0.7, 1.3


def _density(mean, scale):
    return torch.exp(-((GRID - mean) ** 2) / (2 * scale**2)) / (scale * math.sqrt(2 * math.pi))


P, Q = _density(0.0, 1.0), _density(SHIFT, SCALE)


def _mean(values, density):
    return float(torch.trapezoid(values * density, GRID))


def _true(divergence):
    return _mean(divergence.f(P / Q), Q)


def test_the_family_is_complete():
    family = {"kl", "reverse_kl", "jensen_shannon", "gan", "pearson", "hellinger", "total_variation"}
    assert set(DIVERGENCES) == family
    assert {*family, *(f"{name}_saturating" for name in family)} <= set(LOSSES)


@pytest.mark.parametrize("name", NAMES)
def test_equal_distributions_have_no_distance(name):
    one = torch.ones(1, dtype=torch.float64)
    assert DIVERGENCES[name].f(one).item() == pytest.approx(-2 * math.log(2) if name == "gan" else 0)


@pytest.mark.parametrize("name", NAMES)
def test_conjugates_touch_at_the_slope(name):
    d, u = DIVERGENCES[name], RATIOS
    torch.testing.assert_close(d.conjugate(d.slope(u)), u * d.slope(u) - d.f(u))


@pytest.mark.parametrize("name", NAMES)
def test_conjugates_lie_above_every_line(name):
    """Fenchel and Young: f(u) + f*(t) >= u t."""
    d = DIVERGENCES[name]
    t = d.activation(OUTPUTS)
    assert (d.f(RATIOS)[:, None] + d.conjugate(t) >= RATIOS[:, None] * t - 1e-9).all()


@pytest.mark.parametrize("name", SMOOTH)
def test_slopes_are_derivatives(name):
    u = RATIOS.clone().requires_grad_()
    (slope,) = torch.autograd.grad(DIVERGENCES[name].f(u).sum(), u)
    torch.testing.assert_close(slope, DIVERGENCES[name].slope(RATIOS))


@pytest.mark.parametrize("name", NAMES)
def test_the_stable_form_is_the_conjugate_of_the_activation(name):
    d = DIVERGENCES[name]
    torch.testing.assert_close(d.reply(OUTPUTS), d.conjugate(d.activation(OUTPUTS)))


@pytest.mark.parametrize("name", SMOOTH)
def test_ratios_come_back_from_the_critic(name):
    """Outputs of the best critic, g(v) = f'(u), stand for the ratio u."""
    d = DIVERGENCES[name]
    v = OUTPUTS[OUTPUTS > -1.9] if name == "pearson" else OUTPUTS
    torch.testing.assert_close(d.slope(d.ratio(v)), d.activation(v))


@pytest.mark.parametrize("name", NAMES)
def test_the_bound_of_the_best_critic_is_the_divergence(name):
    d = DIVERGENCES[name]
    best = d.slope(P / Q)
    assert _mean(best, P) - _mean(d.conjugate(best), Q) == pytest.approx(_true(d), abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_trained_critic_finds_the_divergence(name):
    """A piecewise linear critic with 64 knots between two Gaussians, by gradient descent."""
    d = DIVERGENCES[name]
    knots = torch.linspace(-6, 6, 64, dtype=torch.float64)
    features = (1 - (GRID[:, None] - knots).abs() / (knots[1] - knots[0])).clamp(min=0)
    inside = (GRID.abs() <= 6).to(GRID)
    weights = torch.zeros(64, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        v = features @ weights
        value = torch.trapezoid((d.reply(v) * Q - d.activation(v) * P) * inside, GRID)
        value.backward()
        return value

    optimizer.step(loss)
    inner = torch.trapezoid(d.f(P / Q) * Q * inside, GRID).item()
    assert -loss().item() == pytest.approx(inner, rel=0.05)
    assert inner == pytest.approx(_true(d), rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_stay_finite(name):
    for objective in (LOSSES[name].critic, LOSSES[name].generator, LOSSES[f"{name}_saturating"].generator):
        real, fake = (torch.linspace(-50, 50, 64)[None].requires_grad_() for _ in "rf")
        gradients = torch.autograd.grad(objective(real, fake).sum(), (real, fake), materialize_grads=True)
        assert all(gradient.isfinite().all() for gradient in gradients)


def test_the_gan_of_the_family_is_cross_entropy():
    real, fake = torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(LOSSES["gan"].critic(real, fake), LOSSES["bce"].critic(real, fake))
    torch.testing.assert_close(LOSSES["gan"].generator(real, fake), LOSSES["bce"].generator(real, fake))
    torch.testing.assert_close(LOSSES["gan_saturating"].generator(real, fake), -F.softplus(fake).mean(-1))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_gradients_point_uphill(name):
    """A better critic tells the sides apart; a better generator raises the critic's verdict on its rows."""
    loss = LOSSES[name]
    real, fake = (torch.zeros(1, 32, dtype=torch.float64, requires_grad=True) for _ in "rf")
    at_real, at_fake = torch.autograd.grad(loss.critic(real, fake).sum(), (real, fake))
    (for_generator,) = torch.autograd.grad(loss.generator(real, fake).sum(), fake)
    assert (at_real < 0).all()
    assert (at_fake >= 0).all() if name == "least_squares" else (at_fake > 0).all()
    assert (for_generator < 0).all()


@pytest.mark.parametrize("name", [*NAMES, *(f"{name}_saturating" for name in NAMES)])
def test_it_trains(name):
    X, y = numbers()
    gan = GAN(loss=name, widths=(8,), batch_size=32)
    sampler = GANOversampler(gan=gan, oracle=None, max_steps=3, random_state=0).fit(X, y)
    assert sampler.history_["generator_loss"].iloc[1:].notna().all()
    assert torch.from_numpy(sampler.sample(20)).isfinite().all()
