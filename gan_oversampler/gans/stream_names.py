"""The name under which the random streams of a GAN are known.

The name is frozen. Parameters may be renamed or moved as long as this table still leads to them, and
results keep their bits. It leaves out what a GAN has by default, so a new parameter enters at the end
of the table and changes no old result either.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from gan_oversampler.gans.gan import GAN, plain

# Name in streams: where the value is now, and the value that is left out. Version 1: change the right
# side only, and add entries; another left side would give other random numbers.
VERSION_1: Final[Mapping[str, tuple[str, Any]]] = MappingProxyType(
    {
        "activation": ("generator.activation", "leaky_relu"),
        "balanced": ("balanced", True),
        "batch_norm": ("generator.batch_norm", False),
        "batch_size": ("batch_size", 64),
        "betas": ("generator.betas", (0.0, 0.99)),
        "classes": ("classes", "targets"),
        "conditioning": ("conditioning", "concat"),
        "controllers": ("controllers", ()),
        "critic_activation": ("critic.activation", None),
        "critic_betas": ("critic.betas", None),
        "critic_clip": ("critic.clip", None),
        "critic_dropout": ("critic.dropout", 0.0),
        "critic_learning_rate": ("critic.learning_rate", 1e-3),
        "critic_norm": ("critic.norm", "none"),
        "critic_norm_momentum": ("critic.norm_momentum", None),
        "critic_optimizer": ("critic.optimizer", None),
        "critic_slope": ("critic.slope", None),
        "critic_steps": ("critic.steps", 1),
        "critic_widths": ("critic.widths", None),
        "diversity_ratio": ("diversity_ratio", 0.5),
        "ema": ("generator.ema", 0.98),
        "evolution": ("evolution", None),
        "family": ("family", "residual"),
        "forces": ("loss_weights", None),
        "geometry_rate": ("generator.geometry_rate", 0.03),
        "grid": ("generator.grid", None),
        "label_noise": ("critic.label_noise", 0.0),
        "label_smoothing": ("critic.label_smoothing", 0.0),
        "latent": ("generator.latent", 8),
        "latent_law": ("generator.latent_law", "normal"),
        "layer_norm": ("generator.layer_norm", False),
        "learning_rate": ("generator.learning_rate", None),
        "loss": ("loss", "relativistic"),
        "norm_momentum": ("generator.norm_momentum", 0.8),
        "objective": ("objective", "auto"),
        "optimizer": ("generator.optimizer", "adam"),
        "penalty": ("critic.penalty", "auto"),
        "penalty_weight": ("critic.penalty_weight", None),
        "reach": ("generator.correction_bound", 0.5),
        "separate_batches": ("critic.separate_batches", False),
        "slope": ("generator.slope", 0.2),
        "widths": ("generator.widths", (64, 64)),
    }
)


def stream_name(gan: GAN) -> str:
    """Name the streams of a GAN: what sets it apart from the default one, and its base.

    Equal GANs have equal names; the caller numbers them.

    Examples
    --------
    >>> stream_name(GAN("classic", batch_size=32))
    "[('batch_size', 32.0), ('family', 'classic')]smote"
    """
    found = {name: (attrgetter(path)(gan), usual) for name, (path, usual) in VERSION_1.items()}
    if gan.evolution:  # its name was given when it had one more parameter
        found["evolution"] = {**gan.evolution.get_params(), "fitness": "critic"}, None
    changed = [(name, plain(value)) for name, (value, usual) in found.items() if plain(value) != plain(usual)]
    return repr(sorted(changed)) + gan.base
