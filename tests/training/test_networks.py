"""From a GAN and a table to networks: what every parameter of a GAN means for them; images end to end."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from gan_oversampler import GAN, GANOversampler, preset
from gan_oversampler.gans.families import FAMILIES
from gan_oversampler.gans.losses import LOSSES
from gan_oversampler.gans.parts import Cell, Critic, Generator
from gan_oversampler.gans.validation import validated
from gan_oversampler.nn.autoencoder import Autoencoder
from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.cells import CellNet
from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.grid_cells import GridCellNet
from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import ACTIVATIONS, NORM_MOMENTUM, SLOPE
from gan_oversampler.sampling.neighbourhood import N_TRAITS
from gan_oversampler.training.networks import networks_of
from tests.grids import images
from tests.populations import fold_data
from tests.samplers import quick
from tests.tables import MIXED, numbers

# What a parameter of a GAN changes, of the networks that there are without it.
KNOBS = [
    *(
        ({"generator__activation": name}, {"activation": name}, {"activation": name})
        for name in sorted(ACTIVATIONS)
    ),
    ({"critic__activation": "tanh"}, {}, {"activation": "tanh"}),
    ({"generator__slope": 0.01}, {"slope": 0.01}, {"slope": 0.01}),
    ({"critic__slope": 0.01}, {}, {"slope": 0.01}),
    ({"generator__norm": "batch"}, {"batch_norm": True}, {}),
    ({"generator__norm": "layer"}, {"layer_norm": True}, {}),
    ({"critic__norm": "batch"}, {}, {"batch_norm": True}),
    ({"critic__norm": "layer"}, {}, {"layer_norm": True}),
    ({"generator__norm_momentum": 0.5}, {"norm_momentum": 0.5}, {"norm_momentum": 0.5}),
    ({"critic__norm_momentum": 0.5}, {}, {"norm_momentum": 0.5}),
    ({"critic__dropout": 0.4}, {}, {"dropout": 0.4}),
    ({"conditioning": "multiply"}, {"multiply": True}, {"multiply": True}),
    ({"conditioning": "film"}, {"film": True}, {"film": True}),
    ({"generator__widths": (8, 4)}, {"widths": (8, 4)}, {"widths": (8, 4)}),
    ({"critic__widths": (3,)}, {}, {"widths": (3,)}),
    ({"critic__widths": ()}, {}, {"widths": ()}),
    ({"generator__latent": 3}, {"n_inputs": 3}, {}),
]
USUAL = {
    "n_classes": 2,
    "widths": (64, 64),
    "multiply": False,
    "film": False,
    "batch_norm": False,
    "layer_norm": False,
    "dropout": 0.0,
    "activation": "leaky_relu",
    "slope": SLOPE,
    "norm_momentum": NORM_MOMENTUM,
}
SIDES = (
    {**USUAL, "n_inputs": 8, "n_outputs": MIXED.width, "zero_last": False},
    {**USUAL, "n_inputs": MIXED.width, "n_outputs": 1, "zero_last": False},
)


def _attributes(network, names):
    return {name: getattr(network, name) for name in names}


@pytest.mark.parametrize(("change", "of_generator", "of_critic"), KNOBS, ids=lambda value: str(value))
def test_a_parameter_changes_what_it_says_of_the_networks_and_nothing_else(change, of_generator, of_critic):
    generator, critic = networks_of(GAN("classic").set_params(**change), fold_data())
    for network, usual, changed in zip(
        (generator.net, critic), SIDES, (of_generator, of_critic), strict=True
    ):
        assert isinstance(network, Mlp)
        assert _attributes(network, usual) == {**usual, **changed}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_generators_over_a_base_see_it_and_start_without_a_correction(family):
    generator, _ = networks_of(GAN(family, generator=Generator(latent=5)), fold_data())
    uses_base = family != "classic"
    assert type(generator) is FAMILIES[family].generator
    assert generator.net.zero_last is uses_base
    assert generator.net.n_inputs == 5 + uses_base * MIXED.width
    assert generator.net.n_outputs == MIXED.width
    if family == "guided":
        geometry = generator.geometry
        assert (geometry.n_classes, geometry.n_columns, geometry.n_traits) == (2, MIXED.width, N_TRAITS)


@pytest.mark.parametrize("grid", [None, (2, 2), (4, 1)])
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_critic_has_one_output_or_as_many_as_columns_where_it_reconstructs_them(loss, grid):
    gan = GAN("classic", loss=loss, generator=Generator(grid=grid, widths=(6, 3), norm="batch"))
    generator, critic = networks_of(validated(gan), fold_data())
    rebuilds = LOSSES[loss].error is not None
    assert critic.n_outputs == (MIXED.width if rebuilds else 1)
    if grid is None:
        assert isinstance(generator.net, Mlp)
        assert isinstance(critic, Mlp)
    else:
        assert isinstance(generator.net, Decoder)
        assert isinstance(critic, Autoencoder if rebuilds else Encoder)
        half = critic.encoder if rebuilds else critic
        assert (half.canvas.height, half.canvas.width) == grid
        assert half.widths == (3, 6)  # the reverse of the generator's
        assert half.length == (3 if rebuilds else 1)  # the narrowest layer is the code
        assert generator.net.batch_norm


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"critic__dropout": 0.4}, {"dropout": 0.4}),
        ({"critic__norm": "layer"}, {"layer_norm": True}),
        ({"generator__slope": 0.01}, {"slope": 0.01}),
        ({"critic__activation": "elu"}, {"activation": "elu"}),
        ({"conditioning": "multiply"}, {"multiply": True}),
        ({"conditioning": "film"}, {"film": True}),
    ],
    ids=str,
)
def test_both_halves_of_an_autoencoder_on_a_grid_have_the_options_of_a_critic(change, option):
    gan = GAN("classic", loss="ebgan", generator=Generator(grid=(2, 2), widths=(6, 3)))
    _, critic = networks_of(gan.set_params(**change), fold_data())
    assert _attributes(critic.encoder, option) == _attributes(critic.decoder, option) == option


# --- cells


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({}, {"n_inputs": 8, "multiply": False, "film": False, "zero_last": False, "slope": SLOPE}),
        ({"family": "residual"}, {"zero_last": True, "n_inputs": 8 + MIXED.width}),
        ({"family": "guided"}, {"zero_last": True, "n_inputs": 8 + MIXED.width}),
        ({"conditioning": "multiply"}, {"multiply": True}),
        ({"conditioning": "film"}, {"film": True}),
        ({"generator__slope": 0.01}, {"slope": 0.01}),
        ({"generator__norm_momentum": 0.5}, {"norm_momentum": 0.5}),
    ],
    ids=str,
)
def test_cells_are_those_of_the_generator_and_share_its_other_options(change, option):
    cells = Cell(width=6, order="pre"), Cell(width=3, norm="conditional", shortcut=False, skips=[0])
    gan = GAN("classic", generator=Generator(cells=cells)).set_params(**change)
    generator, critic = networks_of(validated(gan), fold_data())
    assert isinstance(generator.net, CellNet)
    assert generator.net.cells == (
        CellShape(6, "pre"),
        CellShape(3, norm="conditional", shortcut=False, skips=(0,)),
    )
    assert generator.net.n_outputs == MIXED.width
    assert _attributes(generator.net, option) == option
    assert isinstance(critic, Mlp)
    assert critic.widths == (6, 3)


@pytest.mark.parametrize("conditioning", ["concat", "multiply", "film"])
def test_cells_learn_where_the_classes_lie(conditioning):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [120, 60, 40])
    X = rng.normal(size=(len(y), 2)) * 0.3 + np.array([[0, 0], [4, 0], [0, 4]])[y]
    cells = Cell(width=16, norm="conditional"), Cell(width=8, order="pre", skips=(0,))
    generator = Generator(cells=cells, learning_rate=5e-3)
    gan = GAN("classic", conditioning=conditioning, generator=generator, batch_size=32)
    sampler = GANOversampler(gan=gan, oracle=None, max_steps=150, random_state=0).fit(X, y)
    for label in (1, 2):
        new, real = sampler.sample(100, y=label), X[y == label]
        assert np.abs(new.mean(0) - real.mean(0)).max() < 1.5  # centres of classes are 4 or more apart


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_cells_train_in_every_family_and_an_equal_fit_gives_equal_rows(family):
    X, y = numbers()
    cells = Cell(width=8, norm="layer"), Cell(width=4, norm="batch", skips=(0,))
    gan = GAN(family, conditioning="film", generator=Generator(cells=cells), replicas=2)
    first, second = (quick(gan=gan, oracle="energy").fit_resample(X, y)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({}, {"n_inputs": 8, "multiply": False, "film": False, "zero_last": False, "slope": SLOPE}),
        ({"conditioning": "multiply"}, {"multiply": True}),
        ({"family": "residual"}, {"zero_last": True, "n_inputs": 8 + MIXED.width}),
        ({"generator__slope": 0.01}, {"slope": 0.01}),
        ({"generator__norm_momentum": 0.5}, {"norm_momentum": 0.5}),
    ],
    ids=str,
)
def test_cells_on_a_grid_are_those_of_the_generator_and_what_they_share_is_too(change, option):
    cells = Cell(width=6, kernel=5, upsampling="bilinear"), Cell(width=3, norm="layer", skips=(0,))
    gan = GAN("classic", generator=Generator(grid=(4, 1), cells=cells)).set_params(**change)
    generator, critic = networks_of(validated(gan), fold_data())
    assert isinstance(generator.net, GridCellNet)
    assert isinstance(critic, Encoder)
    assert generator.net.cells == (
        CellShape(6, kernel=5, upsampling="bilinear"),
        CellShape(3, norm="layer", skips=(0,)),
    )
    assert _attributes(generator.net, option) == option


# --- images end to end


def _correlation_of_neighbours(rows):
    """Mean correlation of cells that lie above each other, minus that of cells that do not."""
    cells = np.corrcoef(rows[:, 1:].T)  # the first is constant
    index = np.arange(1, 30)
    above = (np.abs(index[:, None] - index) % 5 == 0) & ~np.eye(29, dtype=bool)
    beside = ~above & ~np.eye(29, dtype=bool)
    return cells[above].mean() - cells[beside].mean()


def test_cells_of_generated_images_are_correlated_like_those_of_real_ones():
    X, y = images()
    gan = GAN(
        "classic",
        batch_size=32,
        generator=Generator(grid=(6, 5), widths=(16, 8), norm="batch", learning_rate=2e-3, betas=(0.5, 0.9)),
        critic=Critic(learning_rate=2e-3),
    )
    X_new, y_new = GANOversampler(gan=gan, oracle=None, max_steps=250, random_state=0).fit_resample(X, y)
    new, real = X_new[len(X) :], X[y == 1]
    assert np.bincount(y_new).tolist() == [60, 60]
    assert (new[:, 0] == 7).all()
    shuffled = np.random.default_rng(0).permuted(new, axis=0)  # cells that know nothing of each other
    assert _correlation_of_neighbours(real) > 0.5
    assert _correlation_of_neighbours(new) > 0.25
    assert abs(_correlation_of_neighbours(shuffled)) < 0.1


def test_an_oracle_tracks_a_gan_on_a_grid_and_the_summary_shows_its_layers():
    X, y = images()
    gan = GAN("classic", batch_size=32, generator=Generator(grid=(6, 5), widths=(4,)))
    sampler = GANOversampler(gan=gan, oracle="energy", cv=2, max_steps=4, epoch_unit=2, random_state=0)
    X_new, _ = sampler.fit_resample(pd.DataFrame(X), y)
    again, _ = clone(sampler).fit_resample(pd.DataFrame(X), y)
    pd.testing.assert_frame_equal(X_new, again)
    layers = set(sampler.summary_.to_frame()["layer"])
    assert {"transposed convolution to 6x5x1", "convolution to 3x3x4"} <= layers
    assert len(sampler.history_) == 3


@pytest.mark.parametrize("family", ["classic", "residual"])
def test_cells_learn_to_draw_digits(family):
    X, y = load_digits(return_X_y=True)
    rows = np.concatenate([np.flatnonzero(y == 3)[:100], np.flatnonzero(y == 8)[:40]])
    X, y = X[rows], y[rows]
    cells = Cell(width=8), Cell(width=8, norm="batch", skips=(0,))
    generator = Generator(grid="square", cells=cells, latent=16, learning_rate=2e-3)
    gan = GAN(family, batch_size=32, generator=generator, critic=Critic(widths=(8, 16)))
    sampler = GANOversampler(gan=gan, oracle=None, max_steps=60, random_state=0).fit(X, y)
    new, real = sampler.sample(100), X[y == 8]
    assert np.corrcoef(new.mean(0), real.mean(0))[0, 1] > 0.95
    assert 0.7 < new.std(0).mean() / real.std(0).mean() < 1.2
    assert any(name.startswith("cell 1 to 8x8x8") for name in sampler.summary_.to_frame()["layer"])


def test_spikes_of_an_image_are_generated_as_spikes():
    X, y = images()
    X[X < 0.2] = 0.0  # a black background: many cells with a state of their own
    X += np.where(X > 0, np.arange(len(X))[:, None] * 1e-3, 0)
    gan = GAN(
        "classic",
        loss="bce",
        batch_size=32,
        generator=Generator(grid=(6, 5), widths=(8,), learning_rate=5e-3),
        critic=Critic(learning_rate=2e-3),
    )
    sampler = GANOversampler(gan=gan, oracle=None, max_steps=200, random_state=0).fit(X, y)
    real, new = ((rows[:, 1:] == 0).mean(0) for rows in (X[y == 1], sampler.sample(200)))
    assert np.corrcoef(real, new)[0, 1] > 0.5


def test_tables_that_are_no_grid_are_refused_before_anything_is_trained():
    X, y = images()
    sampler = GANOversampler(gan="dcgan")
    with pytest.raises(ValueError, match=r"must form a square, row by row; X has 30"):
        sampler.fit(X, y)
    frame = pd.DataFrame(X[:, :4], columns=list("abcd")).assign(
        colour=np.where(np.arange(len(X)) % 2, "red", "blue")
    )
    sampler.set_params(gan=preset("dcgan").set_params(generator__grid=(5, 1)))
    with pytest.raises(ValueError, match=r"must hold numbers; column 'colour' of X does not"):
        sampler.fit(frame, y)
    dates = frame.assign(colour=pd.Timestamp("2024-01-01"))
    with pytest.raises(ValueError, match=r"column 'colour'"):
        sampler.fit(dates, y)
