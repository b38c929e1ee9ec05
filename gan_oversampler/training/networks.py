"""From a GAN and a table to the shapes of its networks."""

from typing import Any

from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.parts import Cell
from gan_oversampler.nn.autoencoder import CriticNet, GeneratorNet, mirrored
from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.cells import CellNet
from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.generator import BaseGenerator, GuidedGenerator
from gan_oversampler.nn.grid_cells import GridCellNet
from gan_oversampler.nn.image_grid import Canvas
from gan_oversampler.nn.learned_geometry import LearnedGeometry
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.neighbourhood import N_TRAITS


def networks_of(gan: GAN, data: FoldData) -> tuple[BaseGenerator, CriticNet]:
    """Build the shapes of a GAN's generator and critic for the columns and the learned classes of a table.

    Networks are perceptrons or, with a grid, convolutions; a generator may have cells instead, and a critic
    whose loss reconstructs rows becomes an autoencoder. The shapes hold no parameters: these lie in the
    buffers of a ``State``.
    """
    kind, n_columns, n_classes = FAMILIES[gan.family].generator, data.space.width, len(data.classes)
    ours, theirs = gan.generator, gan.critic.completed(gan.generator)
    critic_widths = tuple(theirs.widths or ())
    n_inputs = kind.n_net_inputs(n_columns, ours.latent)
    is_autoencoder = LOSSES[gan.loss].error is not None
    shared = ("activation", "slope", "norm_momentum", "batch_norm", "layer_norm")
    options: list[dict[str, Any]] = [
        {
            "n_classes": n_classes,
            "multiply": gan.conditioning == "multiply",
            "film": gan.conditioning == "film",
            **{name: getattr(part, name) for name in shared},
        }
        for part in (ours, theirs)
    ]
    options[0]["zero_last"], options[1]["dropout"] = kind.uses_base, theirs.dropout
    net: GeneratorNet
    critic: CriticNet
    if ours.grid is None:
        n_outputs = n_columns if is_autoencoder else 1
        if ours.cells:
            cells = tuple(map(_shape_of, ours.cells))
            net = CellNet(n_inputs, n_columns, cells, **_of_cells(options[0]))
        else:
            net = Mlp(n_inputs, n_columns, widths=tuple(ours.widths), **options[0])
        critic = Mlp(n_columns, n_outputs, widths=critic_widths, **options[1])
    else:
        canvas = Canvas.of(data.space.layout, ours.grid)
        if ours.cells is None:
            net = Decoder(canvas, n_inputs, widths=tuple(ours.widths), **options[0])
        else:
            cells = tuple(map(_shape_of, ours.cells))
            net = GridCellNet(canvas, n_inputs, cells, **_of_cells(options[0]))
        length = min(critic_widths) if is_autoencoder else 1
        encoder = Encoder(canvas, length, widths=critic_widths, **options[1])
        critic = mirrored(encoder) if is_autoencoder else encoder
    if issubclass(kind, GuidedGenerator):
        return kind(net, data.space, LearnedGeometry(n_classes, n_columns, N_TRAITS)), critic
    return kind(net, data.space), critic


def _shape_of(cell: Cell) -> CellShape:
    return CellShape(**cell.get_params() | {"skips": tuple(cell.skips)})


def _of_cells(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a network without those that each of its cells has of its own."""
    own = ("activation", "batch_norm", "layer_norm")
    return {name: value for name, value in options.items() if name not in own}
