"""GANs of the literature by name, with their published settings.

Networks are perceptrons, because rows of a table have no neighbourhoods to convolve over; only ``dcgan``, for
columns that form a grid, is convolutional.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sklearn.base import clone

from gan_oversampler._utils import lookup
from gan_oversampler.gans.divergences import DIVERGENCES
from gan_oversampler.gans.evolution import Evolution
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.parts import Critic, Generator


# Noise of length 100, leaky ReLU, batch normalisation and Adam at 2e-4 with a first decay of .5: what most of
# the literature has in common. The last weights sample, not their average.
def _classic(
    generator: dict[str, Any] | None = None, critic: dict[str, Any] | None = None, **changes: Any
) -> GAN:
    ours = {"widths": (256, 512, 1024), "norm": "batch", "latent": 100, "learning_rate": 2e-4, "ema": 0.0}
    theirs = {"widths": (512, 256), "learning_rate": 2e-4}
    return GAN(
        "classic",
        generator=Generator(**{**ours, "betas": (0.5, 0.999), **(generator or {})}),
        critic=Critic(**{**theirs, **(critic or {})}),
        **changes,
    )


_SLOW: Final = {"learning_rate": 1e-4}

PRESETS: Final[Mapping[str, GAN]] = MappingProxyType(
    {
        # Nazari, Branco & Jourdan 2023, released code
        "reference": _classic(
            critic={"widths": (512, 512, 512), "dropout": 0.4},
            classes="all",
            balanced=False,
            loss="bce",
            conditioning="multiply",
            batch_size=128,
        ),
        # Goodfellow et al. 2014 with the settings of Radford et al. 2016
        "gan": _classic(loss="bce", batch_size=32),
        # Mao et al. 2017
        "lsgan": _classic(loss="least_squares", batch_size=32),
        # Arjovsky, Chintala & Bottou 2017
        "wgan": _classic(
            {"optimizer": "rmsprop", "learning_rate": 5e-5, "betas": (0.0, 0.9)},
            {"penalty": "none", "clip": 0.01, "steps": 5, "learning_rate": 5e-5},
            loss="wgan_gp",
        ),
        # Gulrajani et al. 2017
        "wgan_gp": _classic({**_SLOW, "betas": (0.0, 0.9)}, {**_SLOW, "steps": 5}, loss="wgan_gp"),
        # Nowozin, Cseke & Tomioka 2016
        **{f"fgan_{name}": _classic(_SLOW, _SLOW, loss=name) for name in DIVERGENCES},
        # Wang et al. 2019
        "egan": _classic(loss="bce", batch_size=32, evolution=Evolution()),
        # Radford, Metz & Chintala 2016, with fewer channels and images of any size
        "dcgan": _classic(
            {"grid": "square", "widths": (64, 32), "activation": "relu"},
            {"widths": (32, 64), "activation": "leaky_relu", "norm": "batch", "separate_batches": True},
            loss="bce",
        ),
        # Zhao, Mathieu & LeCun 2017
        "ebgan": _classic(critic={"widths": (512, 64, 512)}, loss="ebgan"),
        # Berthelot, Schumm & Metz 2017, on rows
        "began": _classic(
            {**_SLOW, "norm": "none", "activation": "elu", "latent": 64, "latent_law": "uniform"},
            {**_SLOW, "widths": (512, 64, 512)},
            loss="began",
            batch_size=32,
        ),
        # Huang et al. 2024, on rows: relativistic with R1 and R2, without normalisation, averaged weights
        "r3gan": _classic(
            {"widths": (256, 256), "norm": "none", "betas": (0.0, 0.99), "ema": 0.99},
            {"widths": (256, 256)},
            loss="relativistic",
        ),
    }
)


def preset(name: str) -> GAN:
    """Build a GAN of the literature with its published settings, by its name.

    Parameters
    ----------
    name : str
        ``reference`` (AutoGAN's conditional GAN), ``gan``, ``lsgan``, ``wgan``, ``wgan_gp``, ``r3gan``,
        ``egan``, ``ebgan``, ``began``, ``dcgan``, or ``fgan_kl`` and so on for the other divergences.
        ``dcgan`` is for columns that form a square image; for others set ``generator__grid=(28, 20)``.
        Hyphens will do for underscores.

    Returns
    -------
    gan : GAN
        A new specification; ``set_params`` changes what should differ.

    Raises
    ------
    ValueError
        If there is no preset of this name; the message says which there are.

    Examples
    --------
    >>> preset("wgan").set_params(generator__widths=(64,)).critic.clip
    0.01
    """
    return clone(lookup(PRESETS, name.replace("-", "_"), "preset"))
