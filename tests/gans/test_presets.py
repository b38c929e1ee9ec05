"""Presets are valid GANs with their published settings; every preset trains."""

import numpy as np
import pytest

from gan_oversampler import GAN, GANOversampler, preset
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.presets import FEW, PORTFOLIO, PRESETS, default_portfolio
from gan_oversampler.sampling.base_samplers import BASES
from tests.tables import numbers

# Of each paper: what sets its GAN apart from the others.
PUBLISHED = {
    "reference": {"classes": "all", "balanced": False, "conditioning": "multiply", "critic_dropout": 0.4},
    "gan": {"loss": "bce", "betas": (0.5, 0.999), "learning_rate": 2e-4},
    "lsgan": {"loss": "least_squares"},
    "wgan": {"penalty_in_force": "none", "critic_clip": 0.01, "critic_steps": 5, "optimizer": "rmsprop"},
    "wgan_gp": {
        "penalty_in_force": "gradient",
        "critic_steps": 5,
        "learning_rate": 1e-4,
        "betas": (0.0, 0.9),
    },
    **{f"fgan_{name}": {"loss": name} for name in DIVERGENCES},
    "egan": {"loss": "bce", "n_siblings": 1},
    "dcgan": {
        "grid": "square",
        "activation": "relu",
        "critic_activation": "leaky_relu",
        "critic_norm": "batch",
    },
    "ebgan": {"loss": "ebgan", "layers_of_critic": (512, 64, 512)},
    "began": {"loss": "began", "latent_law": "uniform", "activation": "elu", "latent": 64},
    "r3gan": {"loss": "relativistic", "penalty_in_force": "r1_r2", "batch_norm": False},
}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_has_the_settings_of_its_paper(name):
    gan = preset(name).validate()
    assert gan.family == "classic"
    assert {key: getattr(gan, key) for key in PUBLISHED[name]} == PUBLISHED[name]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_trains(name):
    X, y = numbers()  # four columns, which form a square
    gan = preset(name).set_params(batch_size=32, generator__widths=(16,), critic__widths=(16,))
    sampler = GANOversampler(gan=gan, cv=2, max_steps=3, oracle="energy", random_state=0).fit(X, y)
    assert np.isfinite(sampler.sample(20)).all()
    assert sampler.history_["generator_loss"].iloc[1:].notna().all()


def test_a_preset_is_given_by_name_and_never_shared():
    assert preset("wgan") is not preset("wgan")
    assert preset("wgan-gp").shape_key == preset("wgan_gp").shape_key
    assert preset("wgan").set_params(generator__widths=(4,)).widths != preset("wgan").widths
    sampler = GANOversampler(gan=["gan", GAN()], max_steps=0, oracle="energy", cv=2, random_state=0)
    X, y = numbers()
    assert list(sampler.fit(X, y).history_["name"]) == ["classic", "residual(smote)"]
    with pytest.raises(ValueError, match=r"Unknown preset 'wgam'\. Did you mean 'wgan'"):
        GANOversampler(gan="wgam").fit(X, y)


def test_the_default_is_a_guided_gan_beside_bases_that_stay_as_they_are():
    few, many = default_portfolio(FEW), default_portfolio(FEW + 1)
    assert set(PORTFOLIO) <= set(BASES)
    for gans in (few, many):
        assert [gan.family for gan in gans] == ["guided"] + ["residual"] * len(PORTFOLIO)
        assert [gan.base for gan in gans[1:]] == list(PORTFOLIO)
        assert not any(gan.pulls for gan in gans[1:])
    # Of many rows the generator learns without a critic.
    assert set(few[0].pulls) == {"utility", "adversarial"}
    assert set(many[0].pulls) == {"utility"}
