"""Loss terms of generators: one number per member, of that member alone."""

from dataclasses import fields, replace

import pytest
import torch

from gan_oversampler.gans.loss_terms import (
    LOSS_TERMS,
    GeneratorStep,
    GuidedStep,
    adversarial,
    fidelity,
    utility,
)
from gan_oversampler.gans.losses import LOSSES, PULLING_AWAY
from gan_oversampler.gans.utility import N_FOURIER, InnerSplit, seed_shares
from gan_oversampler.gans.utility import utility as smooth_utility
from tests.populations import randn


def _linear(w_PF):
    return lambda rows_PBF: torch.einsum("pbf,pf->pb", rows_PBF, w_PF)


def _step(loss="bce", fake=None, w=None, scale=None):
    fake = randn(3, 8, 2) if fake is None else fake
    critic = _linear(randn(3, 2, seed=1) if w is None else w)
    p, b, _ = fake.shape
    scale = torch.ones(2) if scale is None else scale
    return GeneratorStep(
        fake, randn(p, b, 2, seed=5), torch.ones(p, b, 1), critic, critic, LOSSES[loss], scale
    )


def _guided_step(fake=None, odds=None, scale=None):
    step = _step(fake=fake, scale=scale)
    p, b, _ = step.fake_PBF.shape
    return GuidedStep(
        *(getattr(step, field.name) for field in fields(step)),
        seed_shares(torch.zeros(p, b) if odds is None else odds, step.label_PBC),
        _split(p, b),
        "f1",
    )


def _split(p, b):
    """Ten training rows and ten validation rows of each class."""
    weight = torch.eye(2).repeat_interleave(10, 0).expand(p, -1, -1)
    return InnerSplit(
        randn(p, 20, 2, seed=6) + weight,
        weight.mT,
        randn(p, 20, 2, seed=7) + weight,
        weight.mT,
        torch.full((p, 10, 1), 0.1),
        torch.ones(p, 2),
        torch.zeros(p, b),
        torch.ones(p, 2),
        randn(p, 2, N_FOURIER, seed=8),
        randn(p, 1, N_FOURIER, seed=9),
        torch.ones(p, N_FOURIER),
    )


@pytest.mark.parametrize("name", sorted(LOSS_TERMS))
def test_a_term_is_one_number_per_member_and_does_not_mix_them(name):
    fake = randn(3, 8, 2).requires_grad_()
    term_P = LOSS_TERMS[name].compute(_guided_step(fake))
    assert term_P.shape == (3,)
    for p in range(3):
        (gradient,) = torch.autograd.grad(term_P[p], fake, retain_graph=True)
        others = [q for q in range(3) if q != p]
        assert gradient[p].abs().sum() > 0
        assert not gradient[others].any()


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_the_adversarial_term_is_the_generators_loss(loss):
    step = replace(_step(loss), loss=replace(LOSSES[loss], apart=0.0))
    expected = LOSSES[loss].generator(step.critic(step.real_PBF), step.critic(step.fake_PBF))
    torch.testing.assert_close(adversarial(step), expected)


def test_the_adversarial_term_of_ebgan_holds_codes_apart():
    bare = replace(_step("ebgan"), loss=replace(LOSSES["ebgan"], apart=0.0))
    step = replace(_step("ebgan"), code=lambda rows: rows[..., :1] + 5)  # all in one direction
    torch.testing.assert_close(adversarial(step), adversarial(bare) + PULLING_AWAY)


def test_the_utility_term_is_what_the_smooth_score_of_rows_in_units_of_distance_leaves_to_one():
    odds, scale = randn(3, 8, seed=2), torch.tensor([1.0, 0.5])
    step = _guided_step(odds=odds, scale=scale)
    score = smooth_utility(step.split, step.fake_PBF * scale, step.share_PBC, "f1")
    torch.testing.assert_close(utility(step), 1 - score)


def test_seed_probabilities_enter_the_utility_term_of_their_member():
    odds = torch.zeros(3, 8, requires_grad=True)
    term_P = utility(_guided_step(odds=odds))
    (gradient,) = torch.autograd.grad(term_P[1], odds)
    assert gradient[1].abs().max() > 1e-4
    assert not gradient[[0, 2]].any()
    # How often all seeds are drawn makes no difference, only how often one is compared with the others.
    assert gradient[1].sum().item() == pytest.approx(0, abs=1e-5)


def test_only_the_utility_term_needs_inner_splits():
    assert {name for name, term in LOSS_TERMS.items() if term.guided_only} == {"utility"}


def test_fidelity_is_the_energy_distance_to_real_rows_over_its_cross_term():
    step = _step(scale=torch.tensor([1.0, 0.5]))
    fake, real = (rows_PBF * step.scale_F for rows_PBF in (step.fake_PBF, step.real_PBF))
    across, among = torch.cdist(fake, real).mean((1, 2)), torch.cdist(fake, fake).mean((1, 2))
    torch.testing.assert_close(fidelity(step), 2 - among / across, atol=1e-4, rtol=1e-4)


def test_guided_rows_are_compared_with_validation_rows_of_their_class_only():
    step = _guided_step()
    moved = replace(
        step.split,
        validation_PQF=step.split.validation_PQF.index_add(
            1, torch.arange(10, 20), torch.full((3, 10, 2), 50.0)
        ),
    )
    torch.testing.assert_close(fidelity(replace(step, split=moved)), fidelity(step))
    moved = replace(moved, training_PSF=moved.training_PSF + 50, validation_PQF=moved.validation_PQF + 50)
    assert (fidelity(replace(step, split=moved)) > fidelity(step) + 0.1).all()


def test_a_seed_that_is_never_drawn_does_not_count_for_fidelity():
    fake = randn(3, 8, 2)
    far = fake.clone()
    far[:, 0] += 1000
    odds = torch.zeros(3, 8)
    odds[:, 0] = -60.0
    torch.testing.assert_close(fidelity(_guided_step(far, odds)), fidelity(_guided_step(fake, odds)))


def test_rows_that_coincide_with_real_ones_have_a_finite_gradient():
    fake = torch.zeros(1, 4, 2, requires_grad=True)
    step = replace(_step(fake=fake), real_PBF=torch.zeros(1, 4, 2))
    (gradient,) = torch.autograd.grad(fidelity(step).sum(), fake)
    assert gradient.isfinite().all()
