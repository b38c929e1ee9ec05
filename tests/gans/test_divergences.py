"""f-divergences: conjugates, bounds, and what a trained critic finds between two Gaussians."""

import math

import pytest
import torch
import torch.nn.functional as F

from gan_oversampler.gans.divergences import DIVERGENCES, STEEPEST, bent, ratio_of_logit
from gan_oversampler.gans.losses import LOSSES, loss_of

NAMES = sorted(DIVERGENCES)
SMOOTH = [name for name in NAMES if name != "total_variation"]
RATIOS = torch.linspace(0.05, 20, 500, dtype=torch.float64)
OUTPUTS = torch.linspace(-6, 6, 241, dtype=torch.float64)
FAR = torch.linspace(-50, 50, 1001, dtype=torch.float64)
GRID = torch.linspace(-12, 12, 2401, dtype=torch.float64)
SHIFT, SCALE = 0.7, 1.3
# Of N(0, 1) from N(m, 1)
CLOSED = {
    "kl": lambda m: m**2 / 2,
    "reverse_kl": lambda m: m**2 / 2,
    "pearson": lambda m: math.expm1(m**2),
    "hellinger": lambda m: -2 * math.expm1(-(m**2) / 8),
    "total_variation": lambda m: math.erf(m / math.sqrt(8)),
}


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
    assert family == {name for name, loss in LOSSES.items() if loss.saturating}


@pytest.mark.parametrize("name", NAMES)
def test_equal_distributions_have_no_distance(name):
    one = torch.ones(1, dtype=torch.float64)
    assert DIVERGENCES[name].f(one).item() == pytest.approx(-2 * math.log(2) if name == "gan" else 0)


@pytest.mark.parametrize("name", NAMES)
def test_conjugates_touch_at_the_slope(name):
    d, u = DIVERGENCES[name], RATIOS
    torch.testing.assert_close(d.conjugate(d.slope(u)), u * d.slope(u) - d.f(u))


@pytest.mark.parametrize("name", NAMES)
def test_conjugates_satisfy_the_inequality_of_fenchel_and_young(name):
    """f(u) + f*(t) >= u t."""
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


@pytest.mark.parametrize(
    ("name", "threshold"),
    [
        ("kl", 1),
        ("reverse_kl", -1),
        ("gan", -math.log(2)),
        ("jensen_shannon", 0),
        ("pearson", 0),
        ("hellinger", 0),
        ("total_variation", 0),
    ],
)
def test_rows_look_real_above_the_threshold_which_lies_at_the_middle_of_the_critic(name, threshold):
    d = DIVERGENCES[name]
    assert d.threshold == pytest.approx(threshold)
    assert d.activation(torch.tensor(d.middle)).item() == pytest.approx(d.threshold, abs=1e-4)
    assert torch.equal(d.activation(OUTPUTS) > d.threshold + 1e-6, d.middle + 1e-5 < OUTPUTS)


@pytest.mark.parametrize("name", NAMES)
def test_activations_increase_and_stay_in_the_domain(name):
    t = DIVERGENCES[name].activation(FAR)
    assert (t.diff() >= 0).all()
    top = {"reverse_kl": 0, "gan": 0, "hellinger": 1, "jensen_shannon": math.log(2), "total_variation": 0.5}
    assert (t <= top.get(name, math.inf)).all()


@pytest.mark.parametrize("name", ["kl", "reverse_kl", "pearson", "hellinger", "total_variation"])
def test_far_out_both_sides_still_are_conjugate(name):
    d = DIVERGENCES[name]
    assert FAR.abs().max() > 2 * STEEPEST
    torch.testing.assert_close(d.reply(FAR), d.conjugate(d.activation(FAR)), rtol=1e-6, atol=1e-9)


def test_beyond_the_steepest_output_an_exponential_goes_on_as_its_tangent():
    v = STEEPEST + torch.linspace(0, 100, 50, dtype=torch.float64)
    torch.testing.assert_close(bent(v).exp(), math.exp(STEEPEST) * (1 + v - STEEPEST))
    below = torch.linspace(-200, STEEPEST, 100)
    assert torch.equal(bent(below), below)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"total_variation"}))
@pytest.mark.parametrize("far", [-300.0, -40.0, 40.0, 300.0])
def test_the_slope_of_a_critic_far_out_points_back(name, far):
    """All rows have the same output, far too high or too low."""
    v = torch.full((1, 32), far, requires_grad=True)
    (slope,) = torch.autograd.grad(LOSSES[name].critic(v, v).sum(), v)
    assert slope.isfinite().all()
    assert (slope * far > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_both_generators_go_the_same_way(name):
    slopes = []
    for saturating in (False, True):
        v = FAR.clone().requires_grad_()
        value = loss_of(name, saturating=saturating).generator(v[None], v[None])
        slopes.append(torch.autograd.grad(value.sum(), v)[0])
        assert (slopes[-1] <= 0).all()
        assert (slopes[-1][FAR.abs() < 1.9] < 0).all()
    # What saturates does so where the critic is sure that rows are new.
    assert slopes[0][0] <= slopes[1][0]


@pytest.mark.parametrize("name", sorted(CLOSED))
@pytest.mark.parametrize("shift", [0.3, 1.0, 1.5])
def test_divergences_of_shifted_gaussians_have_closed_forms(name, shift):
    d, q = DIVERGENCES[name], _density(shift, 1.0)
    best = d.slope(P / q)
    bound = _mean(best, P) - _mean(d.conjugate(best), q)
    assert bound == pytest.approx(CLOSED[name](shift), abs=1e-3)


def test_jensen_shannon_is_two_divergences_from_the_middle():
    middle, kl = (P + Q) / 2, DIVERGENCES["kl"]
    expected = _mean(kl.f(P / middle), middle) + _mean(kl.f(Q / middle), middle)
    assert _true(DIVERGENCES["jensen_shannon"]) == pytest.approx(expected)
    assert _true(DIVERGENCES["gan"]) == pytest.approx(expected - math.log(4))


def test_no_critic_finds_more_than_all_of_the_mass():
    """Total variation is at most one, and a critic that is sure of everything finds it."""
    outputs = 100 * torch.randn(2, 50, 32, generator=torch.Generator().manual_seed(0))
    assert (LOSSES["total_variation"].critic(*outputs) >= -1).all()
    sure = torch.full((1, 32), 50.0)
    assert LOSSES["total_variation"].critic(sure, -sure).item() == -1


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
    for objective in (LOSSES[name].critic, LOSSES[name].generator, LOSSES[name].saturating):
        real, fake = (torch.linspace(-50, 50, 64)[None].requires_grad_() for _ in "rf")
        gradients = torch.autograd.grad(objective(real, fake).sum(), (real, fake), materialize_grads=True)
        assert all(gradient.isfinite().all() for gradient in gradients)


def test_the_ratio_of_a_logit_is_its_exponential_and_neither_infinite_nor_zero():
    torch.testing.assert_close(ratio_of_logit(OUTPUTS), OUTPUTS.exp())
    far = ratio_of_logit(torch.tensor([-1e4, 1e4]))
    assert far.isfinite().all()
    assert (far > 0).all()


def test_the_gan_of_the_family_is_cross_entropy():
    real, fake = torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(LOSSES["gan"].critic(real, fake), LOSSES["bce"].critic(real, fake))
    torch.testing.assert_close(LOSSES["gan"].generator(real, fake), LOSSES["bce"].generator(real, fake))
    torch.testing.assert_close(LOSSES["gan"].saturating(real, fake), -F.softplus(fake).mean(-1))
