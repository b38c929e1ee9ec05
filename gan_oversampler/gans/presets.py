"""GANs of the literature by name, with their published settings.

Networks are perceptrons, because rows of a table have no neighbourhoods to convolve over; only ``dcgan``, for
columns that form a grid, is convolutional.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sklearn.base import clone

from gan_oversampler._utils import lookup
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import GAN

# Noise of length 100, leaky ReLU, batch normalisation and Adam at 2e-4 with a first decay of .5: what most of
# the literature has in common. The last weights sample, not their average.
_USUAL: Final[dict[str, Any]] = {
    "widths": (256, 512, 1024),
    "critic_widths": (512, 256),
    "batch_norm": True,
    "latent": 100,
    "learning_rate": 2e-4,
    "critic_learning_rate": 2e-4,
    "betas": (0.5, 0.999),
    "ema": 0.0,
}


def _classic(**changes: Any) -> GAN:
    return GAN("classic", **{**_USUAL, **changes})


PRESETS: Final[Mapping[str, GAN]] = MappingProxyType(
    {
        # Nazari, Branco & Jourdan 2023, released code
        "reference": _classic(
            classes="all",
            balanced=False,
            loss="bce",
            conditioning="multiply",
            critic_widths=(512, 512, 512),
            critic_dropout=0.4,
            batch_size=128,
        ),
        # Goodfellow et al. 2014 with the settings of Radford et al. 2016
        "gan": _classic(loss="bce", batch_size=32),
        # Mao et al. 2017
        "lsgan": _classic(loss="least_squares", batch_size=32),
        # Arjovsky, Chintala & Bottou 2017
        "wgan": _classic(
            loss="wgan_gp",
            penalty="none",
            critic_clip=0.01,
            critic_steps=5,
            optimizer="rmsprop",
            learning_rate=5e-5,
            critic_learning_rate=5e-5,
            betas=(0.0, 0.9),
        ),
        # Gulrajani et al. 2017
        "wgan_gp": _classic(
            loss="wgan_gp",
            critic_steps=5,
            learning_rate=1e-4,
            critic_learning_rate=1e-4,
            betas=(0.0, 0.9),
        ),
        # Nowozin, Cseke & Tomioka 2016
        **{
            f"fgan_{name}": _classic(loss=name, learning_rate=1e-4, critic_learning_rate=1e-4)
            for name in DIVERGENCES
        },
        # Wang et al. 2019
        "egan": _classic(loss="bce", batch_size=32, evolution=Evolution()),
        # Radford, Metz & Chintala 2016, with fewer channels and images of any size
        "dcgan": _classic(
            loss="bce",
            grid="square",
            widths=(64, 32),
            critic_widths=(32, 64),
            activation="relu",
            critic_activation="leaky_relu",
            critic_norm="batch",
            separate_batches=True,
        ),
        # Zhao, Mathieu & LeCun 2017
        "ebgan": _classic(loss="ebgan", critic_widths=(512, 64, 512)),
        # Berthelot, Schumm & Metz 2017, on rows
        "began": _classic(
            loss="began",
            critic_widths=(512, 64, 512),
            batch_norm=False,
            activation="elu",
            latent=64,
            latent_law="uniform",
            batch_size=32,
            learning_rate=1e-4,
            critic_learning_rate=1e-4,
        ),
        # Huang et al. 2024, on rows: relativistic with R1 and R2, without normalisation, averaged weights
        "r3gan": _classic(
            loss="relativistic",
            widths=(256, 256),
            critic_widths=(256, 256),
            batch_norm=False,
            betas=(0.0, 0.99),
            ema=0.99,
        ),
    }
)


def preset(name: str) -> GAN:
    """A GAN of the literature; ``set_params`` changes what should differ.

    Parameters
    ----------
    name : str
        ``reference`` (AutoGAN's conditional GAN), ``gan``, ``lsgan``, ``wgan``, ``wgan_gp``, ``r3gan``,
        ``egan``, ``ebgan``, ``began``, ``dcgan``, or ``fgan_kl`` and the other divergences that
        ``GAN(loss=...)`` knows. ``dcgan`` is for columns that form a square image; for others say
        ``preset("dcgan").set_params(grid=(28, 20))``. Hyphens will do for underscores.

    Returns
    -------
    gan : GAN
        A specification of its own.

    Raises
    ------
    ValueError
        If there is no preset of this name; the message says which there are.

    Examples
    --------
    >>> preset("wgan").set_params(widths=(64,)).critic_clip
    0.01
    """
    return clone(lookup(PRESETS, name.replace("-", "_"), "preset"))


# The robust default comes first; others have to be better by more than a standard error.
PORTFOLIO: Final = ("smoothed_bootstrap", "smote", "border", "local_gaussian", "star")
FEW: Final = 50  # rows of the rarest class up to which a critic adds to what utility teaches


def default_portfolio(n_rows: int) -> list[GAN]:
    """What ``gan=None`` stands for: a guided generator beside bases that stay as they are.

    Parameters
    ----------
    n_rows : int
        Of the rarest class that is learned: of many rows the generator learns without a critic.
    """
    forces = None if n_rows <= FEW else {"utility": 1.0}
    bases = [GAN(base=base, forces={}) for base in PORTFOLIO]
    return [GAN("guided", base=PORTFOLIO[0], widths=(32,), forces=forces), *bases]
