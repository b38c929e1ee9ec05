"""The name under which the random streams of a GAN are known.

The name is frozen. Parameters may be renamed or moved as long as this table still leads to them, and
results keep their bits. It leaves out what a GAN has by default, so a new parameter enters at the end
of the table and changes no old result either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from gan_oversampler.gans.evolution import Evolution

# Name in streams: where the value is now, and the value that is left out. Version 1: change the right
# side only, and add entries; another left side would give other random numbers.
VERSION_1: Final[Mapping[str, tuple[str, Any]]] = MappingProxyType(
    {
        "activation": ("activation", "leaky_relu"),
        "balanced": ("balanced", True),
        "batch_norm": ("batch_norm", False),
        "batch_size": ("batch_size", 64),
        "betas": ("betas", (0.0, 0.99)),
        "classes": ("classes", "targets"),
        "conditioning": ("conditioning", "concat"),
        "controllers": ("controllers", ()),
        "critic_activation": ("critic_activation", None),
        "critic_betas": ("critic_betas", None),
        "critic_clip": ("critic_clip", None),
        "critic_dropout": ("critic_dropout", 0.0),
        "critic_learning_rate": ("critic_learning_rate", 1e-3),
        "critic_norm": ("critic_norm", "none"),
        "critic_optimizer": ("critic_optimizer", None),
        "critic_steps": ("critic_steps", 1),
        "critic_widths": ("critic_widths", None),
        "diversity_ratio": ("diversity_ratio", 0.5),
        "ema": ("ema", 0.98),
        "evolution": ("evolution", None),
        "family": ("family", "residual"),
        "forces": ("forces", None),
        "geometry_rate": ("geometry_rate", 0.03),
        "grid": ("grid", None),
        "label_noise": ("label_noise", 0.0),
        "label_smoothing": ("label_smoothing", 0.0),
        "latent": ("latent", 8),
        "latent_law": ("latent_law", "normal"),
        "learning_rate": ("learning_rate", None),
        "loss": ("loss", "relativistic"),
        "norm_momentum": ("norm_momentum", 0.8),
        "objective": ("objective", "auto"),
        "optimizer": ("optimizer", "adam"),
        "penalty": ("penalty", "auto"),
        "penalty_weight": ("penalty_weight", None),
        "reach": ("reach", 0.5),
        "separate_batches": ("separate_batches", False),
        "slope": ("slope", 0.2),
        "widths": ("widths", (64, 64)),
    }
)


def stream_name(gan: Any) -> str:
    """Name of the streams of a GAN: what sets it apart from the default one, and its base.

    Parameters
    ----------
    gan : GAN
        Equal GANs have equal names; the caller numbers them.

    Examples
    --------
    >>> from gan_oversampler import GAN
    >>> stream_name(GAN("classic", latent=4))
    "[('family', 'classic'), ('latent', 4.0)]smote"
    """
    found = [(name, plain(attrgetter(path)(gan)), plain(usual)) for name, (path, usual) in VERSION_1.items()]
    return repr(sorted((name, value) for name, value, usual in found if value != usual)) + gan.base


def plain(value: Any) -> Any:
    """Equal parameters alike, however they are written: 1 and 1.0, lists and tuples."""
    if isinstance(value, Evolution):  # its name was given when it had one more parameter
        return plain({**value.get_params(), "fitness": "critic"})
    if isinstance(value, Mapping):
        return sorted((name, plain(weight)) for name, weight in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(plain, value))
    return float(value) if isinstance(value, Real) else value
