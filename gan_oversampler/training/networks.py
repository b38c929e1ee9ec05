"""From a specification and a table to the shapes of its networks."""

from __future__ import annotations

from typing import Any, Final

from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.nn.autoencoder import CriticNet, GeneratorNet, mirrored
from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.generator import FAMILIES, Generator
from gan_oversampler.nn.image_grid import Canvas
from gan_oversampler.nn.learned_geometry import Geometry
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.sampling.base_samplers import N_TRAITS
from gan_oversampler.training.members import Member

WIDE: Final = 256  # hidden units from which members are multiplied one by one


def networks_of(member: Member) -> tuple[Generator, CriticNet]:
    """Generator and critic of a member's specification."""
    gan, pool = member.gan, member.pool
    family, n_columns, n_classes = FAMILIES[gan.family], pool.space.width, len(pool.classes)
    widths, critic_widths = tuple(gan.widths), gan.layers_of_critic
    n_inputs = family.n_inputs(n_columns, gan.latent)
    rebuilds = LOSSES[gan.loss].error is not None
    shared: dict[str, Any] = {
        "multiply": gan.conditioning == "multiply",
        "slope": gan.slope,
        "norm_momentum": gan.norm_momentum,
    }
    ours: dict[str, Any] = {
        "activation": gan.activation,
        "batch_norm": gan.batch_norm,
        "zero_last": family.from_base,
    }
    theirs: dict[str, Any] = {
        "activation": gan.critic_activation or gan.activation,
        "batch_norm": gan.critic_norm == "batch",
        "layer_norm": gan.critic_norm == "layer",
        "dropout": gan.critic_dropout,
    }
    generator: GeneratorNet
    critic: CriticNet
    if gan.grid is None:
        shared["looped"] = max(widths + critic_widths, default=0) >= WIDE
        generator = Mlp(n_inputs, n_classes, n_columns, widths, **ours, **shared)
        critic = Mlp(n_columns, n_classes, n_columns if rebuilds else 1, critic_widths, **theirs, **shared)
    else:
        canvas = Canvas.of(pool.space.layout, gan.grid)
        generator = Decoder(canvas, n_classes, n_inputs, widths, **ours, **shared)
        encoder = Encoder(
            canvas, n_classes, min(critic_widths) if rebuilds else 1, critic_widths, **theirs, **shared
        )
        critic = mirrored(encoder) if rebuilds else encoder
    geometry = Geometry(n_classes, n_columns, N_TRAITS) if family.learnt else None
    return Generator(family, generator, pool.space, geometry), critic
