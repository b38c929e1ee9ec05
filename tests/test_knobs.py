"""Every knob survives a clone and changes what a GAN becomes; presets are what they say."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.base import clone

from gan_oversampler import GAN, GANOversampler, preset
from gan_oversampler._utils import Streams
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.nn.latent import LATENTS, Latent
from gan_oversampler.nn.optimizers import OPTIMIZERS
from gan_oversampler.nn.packed import ACTIVATIONS
from gan_oversampler.sampling.sources import Source
from gan_oversampler.training.cohort import Cohort
from gan_oversampler.training.members import Member
from tests.populations import CPU, pool_of
from tests.tables import numbers

SMALL = {"widths": (8, 8), "batch_size": 32, "loss": "bce", "family": "classic", "batch_norm": True}
KNOBS = [
    {"optimizer": "sgd"},
    {"optimizer": "rmsprop"},
    {"critic_optimizer": "sgd"},
    {"betas": (0.5, 0.999)},
    {"critic_betas": (0.5, 0.999)},
    {"learning_rate": 1e-2},
    {"critic_learning_rate": 1e-2},
    *({"activation": name} for name in ACTIVATIONS if name != "leaky_relu"),
    {"critic_activation": "tanh"},
    {"slope": 0.01},
    {"norm_momentum": 0.5},
    {"batch_norm": False},
    {"critic_dropout": 0.4},
    {"latent": 3},
    {"latent_law": "uniform"},
    {"batch_size": 64},
    {"critic_steps": 3},
    {"critic_clip": 0.05},
    {"label_smoothing": 0.1},
    {"label_noise": 0.2},
    {"ema": 0.5},
    {"conditioning": "multiply"},
    {"penalty": "r1_r2"},
    {"loss": "ebgan"},
    {"loss": "began"},
    {"critic_norm": "batch"},
    {"critic_norm": "layer"},
    {"grid": (2, 2)},
    *({"controllers": (name,)} for name in ("gap", "two_time_scale", "pacing")),
]


def _cohort(**changes):
    gan = clone(GAN(**{**SMALL, **changes}))
    cohort = Cohort([Member(0, None, gan, pool_of(), Streams(0))], CPU)
    cohort.advance(4)
    return cohort


def _rows(cohort):
    """What the generator and its critic have become, as far as rows show it."""
    member, snapshot = cohort.members[0], cohort.snapshots()[0]
    rows = Source(member.pool, member.gan.base, snapshot).draw(1, 20, Streams(3))
    return np.append(rows.ravel(), cohort.state.critic_PN[0].abs().sum().item())


@pytest.fixture(scope="module")
def usual():
    return _rows(_cohort())


@pytest.mark.parametrize("change", KNOBS, ids=str)
def test_a_knob_changes_what_is_learnt(change, usual):
    rows = _rows(_cohort(**change))
    assert np.isfinite(rows).all()
    assert rows.shape == usual.shape
    assert not np.array_equal(rows, usual)


@pytest.mark.parametrize(
    ("gan", "change"),
    [
        ({"critic_norm": "batch"}, {"separate_batches": True}),
        ({"grid": (2, 2)}, {"grid": (4, 1)}),
        ({"grid": (2, 2), "critic_widths": (8, 4)}, {"critic_widths": (4, 8)}),
        ({"grid": (2, 2), "loss": "ebgan"}, {"critic_norm": "layer"}),
    ],
    ids=str,
)
def test_a_knob_changes_what_is_learnt_beside_others(gan, change):
    assert not np.array_equal(_rows(_cohort(**gan)), _rows(_cohort(**{**gan, **change})))


def test_weights_are_clipped():
    assert _cohort().state.critic_PN.abs().max() > 0.05
    assert _cohort(critic_clip=0.05).state.critic_PN.abs().max() <= 0.05


def test_smoothed_labels_are_soft_targets_of_cross_entropy():
    real, fake = torch.randn(2, 1, 32, generator=torch.Generator().manual_seed(0))
    targets = [torch.full((1, 32), value) for value in (0.9, 0.1)]
    expected = sum(
        F.binary_cross_entropy_with_logits(said, target)
        for said, target in zip((real, fake), targets, strict=True)
    )
    cohort = Cohort([Member(0, None, GAN(**SMALL, label_smoothing=0.1), pool_of(), Streams(0))], CPU)
    torch.testing.assert_close(cohort._verdict(real, fake)[0], expected)


def test_half_of_the_labels_swapped_leave_nothing_to_learn():
    real, fake = torch.full((2, 32_000), 3.0), torch.full((2, 32_000), -3.0)
    cohort = Cohort([Member(0, None, GAN(**SMALL, label_noise=0.5), pool_of(), Streams(0))], CPU)
    ends = [LOSSES["bce"].critic(*pair)[0] for pair in ((real, fake), (fake, real))]
    torch.testing.assert_close(cohort._verdict(real, fake)[0], sum(ends) / 2, rtol=0.05, atol=0)


@pytest.mark.parametrize("name", sorted(LATENTS))
def test_noise_is_centred_and_as_long_as_asked(name):
    noise = Latent(5, name).draw(4000, torch.Generator().manual_seed(0))
    assert noise.shape == (4000, 5)
    assert noise.mean(0).abs().max() < 0.1
    assert (noise.abs().max() <= 1) == (name == "uniform")


@pytest.mark.parametrize("parameter", ["optimizer", "critic_optimizer", "activation", "latent_law"])
def test_an_unknown_name_is_told_which_there_are(parameter):
    with pytest.raises(ValueError, match=r"Unknown .* 'nosuch'.* Known are"):
        GAN(**{parameter: "nosuch"}).validate()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_trains(name):
    X, y = numbers()  # four columns, which form a square
    gan = preset(name).set_params(widths=(16,), critic_widths=(16,), batch_size=32)
    sampler = GANOversampler(gan=gan, cv=2, max_steps=3, oracle="energy", random_state=0).fit(X, y)
    assert np.isfinite(sampler.sample(20)).all()


def test_a_preset_is_given_by_name_and_never_shared():
    assert preset("wgan") is not preset("wgan")
    assert preset("wgan-gp").shape_key == preset("wgan_gp").shape_key
    assert preset("wgan").set_params(widths=(4,)).widths != preset("wgan").widths
    sampler = GANOversampler(gan=["gan", GAN()], max_steps=0, oracle="energy", cv=2, random_state=0)
    X, y = numbers()
    assert list(sampler.fit(X, y).history_["name"]) == ["classic", "residual(smote)"]
    with pytest.raises(ValueError, match=r"Unknown preset 'wgam'\. Did you mean 'wgan'"):
        GANOversampler(gan="wgam").fit(X, y)


def test_all_optimizers_are_known_to_presets_or_tests():
    assert {change["optimizer"] for change in KNOBS if "optimizer" in change} | {"adam"} == set(OPTIMIZERS)
