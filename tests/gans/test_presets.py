"""Presets are valid GANs with their published settings; every preset trains."""

from operator import attrgetter

import numpy as np
import pytest

from gan_oversampler import GAN, GANOversampler, preset
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.presets import PRESETS
from gan_oversampler.gans.validation import validated
from tests.tables import numbers

# Of each paper: what sets its GAN apart from the others.
PUBLISHED = {
    "reference": {
        "classes": "all",
        "balanced": False,
        "conditioning": "multiply",
        "critic.dropout": 0.4,
    },
    "gan": {"loss": "bce", "generator.betas": (0.5, 0.999), "generator.learning_rate": 2e-4},
    "lsgan": {"loss": "least_squares"},
    "wgan": {"penalty": "none", "critic.clip": 0.01, "critic.steps": 5, "generator.optimizer": "rmsprop"},
    "wgan_gp": {
        "penalty": "gradient",
        "critic.steps": 5,
        "critic.learning_rate": 1e-4,
        "generator.learning_rate": 1e-4,
        "generator.betas": (0.0, 0.9),
    },
    **{f"fgan_{name}": {"loss": name, "saturating": False} for name in DIVERGENCES},
    "egan": {"loss": "bce", "n_siblings": 1},
    "dcgan": {
        "generator.grid": "square",
        "generator.activation": "relu",
        "critic.activation": "leaky_relu",
        "critic.norm": "batch",
    },
    "ebgan": {"loss": "ebgan", "critic.widths": (512, 64, 512)},
    "began": {
        "loss": "began",
        "generator.latent_law": "uniform",
        "generator.activation": "elu",
        "generator.latent": 64,
    },
    "r3gan": {"loss": "relativistic", "penalty": "r1_r2", "generator.norm": "none"},
}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_has_the_settings_of_its_paper(name):
    gan = validated(preset(name))
    assert gan.family == "classic"
    assert {path: attrgetter(path)(gan) for path in PUBLISHED[name]} == PUBLISHED[name]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_trains(name):
    X, y = numbers()  # four columns, which form a square
    gan = preset(name).set_params(batch_size=32, generator__widths=(16,), critic__widths=(16, 16))
    sampler = GANOversampler(gan=gan, cv=2, max_steps=3, oracle="energy", random_state=0).fit(X, y)
    assert np.isfinite(sampler.sample(20)).all()
    assert sampler.history_["generator_loss"].iloc[1:].notna().all()


def test_a_preset_is_given_by_name_and_never_shared():
    assert preset("wgan") is not preset("wgan")
    assert preset("wgan-gp").cohort_key == preset("wgan_gp").cohort_key
    changed = preset("wgan").set_params(generator__widths=(4,))
    assert changed.generator.widths != preset("wgan").generator.widths
    sampler = GANOversampler(gan=["gan", GAN()], max_steps=0, oracle="energy", cv=2, random_state=0)
    X, y = numbers()
    assert list(sampler.fit(X, y).history_["name"]) == ["classic", "residual(smote)"]
    with pytest.raises(ValueError, match=r"Unknown preset 'wgam'\. Did you mean 'wgan'"):
        GANOversampler(gan="wgam").fit(X, y)
