"""From a GAN and a table to the shapes of its networks."""

from __future__ import annotations

from typing import Any, Final

from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.nn.autoencoder import CriticNet, GeneratorNet, mirrored
from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.generator import Generator, GuidedGenerator
from gan_oversampler.nn.image_grid import Canvas
from gan_oversampler.nn.learned_geometry import LearnedGeometry
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.neighbourhood import N_TRAITS

WIDE: Final = 256  # hidden units from which members are multiplied one by one


def networks_of(gan: GAN, data: FoldData) -> tuple[Generator, CriticNet]:
    """Build the generator and the critic of a GAN for the columns and the learned classes of a table."""
    kind, n_columns, n_classes = FAMILIES[gan.family].generator, data.space.width, len(data.classes)
    widths, critic_widths = tuple(gan.widths), gan.layers_of_critic
    n_inputs = kind.n_inputs(n_columns, gan.latent)
    is_autoencoder = LOSSES[gan.loss].error is not None
    shared: dict[str, Any] = {
        "multiply": gan.conditioning == "multiply",
        "slope": gan.slope,
        "norm_momentum": gan.norm_momentum,
    }
    ours: dict[str, Any] = {
        **shared,
        "activation": gan.activation,
        "batch_norm": gan.batch_norm,
        "zero_last": kind.uses_base,
    }
    theirs: dict[str, Any] = {
        **shared,
        "activation": gan.critic_activation or gan.activation,
        "batch_norm": gan.critic_norm == "batch",
        "layer_norm": gan.critic_norm == "layer",
        "dropout": gan.critic_dropout,
    }
    net: GeneratorNet
    critic: CriticNet
    if gan.grid is None:
        looped = max(widths + critic_widths, default=0) >= WIDE
        n_outputs = n_columns if is_autoencoder else 1
        net = Mlp(n_inputs, n_classes, n_columns, widths, looped=looped, **ours)
        critic = Mlp(n_columns, n_classes, n_outputs, critic_widths, looped=looped, **theirs)
    else:
        canvas = Canvas.of(data.space.layout, gan.grid)
        net = Decoder(canvas, n_classes, n_inputs, widths, **ours)
        length = min(critic_widths) if is_autoencoder else 1
        encoder = Encoder(canvas, n_classes, length, critic_widths, **theirs)
        critic = mirrored(encoder) if is_autoencoder else encoder
    if issubclass(kind, GuidedGenerator):
        return kind(net, data.space, LearnedGeometry(n_classes, n_columns, N_TRAITS)), critic
    return kind(net, data.space), critic
