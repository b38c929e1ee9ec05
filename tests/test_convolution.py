"""Grids: where columns lie, shapes of layers, what convolutions know, images end to end."""

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from sklearn.base import clone

from gan_oversampler import GAN, GANOversampler, preset
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.nn.autoencoder import mirrored
from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.image_grid import Canvas, sides
from tests.test_losses import _randn

GRIDS = [(28, 28), (6, 5), (4, 4), (1, 7), (3, 1), (1, 1)]
WIDTHS = [(), (6,), (8, 5), (6, 4, 3)]


def _canvas(height, width, n_planes=1):
    return Canvas(height, width, n_planes, tuple(range(height * width)))


def _parts(net, p=1):
    return net.split(torch.stack([net.init(torch.Generator().manual_seed(i)) for i in range(p)]))


def _label(p, b):
    return F.one_hot(torch.arange(b) % 2, 2).float().expand(p, -1, -1)


def images(n=60, rare=24, noise=0.2):
    """Six by five cells: a bright bar that lies in the common class and stands in the rare one."""
    rng = np.random.default_rng(0)
    X = noise * rng.normal(size=(n + rare, 6, 5))
    for i, image in enumerate(X):
        if i < n:
            image[rng.integers(1, 5)] += 2
        else:
            image[:, rng.integers(1, 4)] += 2
    X[:, 0, 0] = 7  # constant, as corners often are
    return X.reshape(n + rare, 30), np.repeat([0, 1], [n, rare])


# --- where columns lie


def test_columns_lie_row_by_row_and_constant_ones_hold_nothing():
    blocks = Block("a", 0, 0, (0.0,)), Block("c", 1, 2, (0.0, -1.0)), Block("d", 4, 2, None)
    layout = Layout(blocks, tuple("abcd"))
    canvas = Canvas.of(layout, "square")
    assert canvas.shape == (3, 2, 2)
    planes = canvas.paint(torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]))[0]
    assert planes[0].tolist() == [[1.0, 0.0], [4.0, 0.0]]  # values
    assert planes[1].tolist() == [[0.0, 0.0], [2.0, 5.0]]  # first states
    assert planes[2].tolist() == [[0.0, 0.0], [3.0, 6.0]]  # second states


def test_reading_undoes_painting():
    blocks = (Block("a", 0, 3, None), Block("b", 3, 2, (0.0, 1.0)), Block("c", 6, 0, (0.0,)))
    canvas = Canvas.of(Layout(blocks, ("zero", "a", "b", "c", "d", "e")), (2, 3))
    rows = _randn(9, 7)
    assert torch.equal(canvas.read(canvas.paint(rows)), rows)


def test_a_layout_without_names_is_all_there_is():
    assert Layout((Block("x", 0, 0, ()),)).columns == ("x",)


@pytest.mark.parametrize(
    ("n", "grid", "told"),
    [
        (9, (2, 4), r"a grid of 2 x 4 = 8 cells, row by row; X has 9\. Give GAN\(grid="),
        (8, "square", r"must form a square, row by row; X has 8"),
    ],
)
def test_columns_that_form_no_grid_are_told(n, grid, told):
    with pytest.raises(ValueError, match=told):
        sides(range(n), grid)


# --- layers


@pytest.mark.parametrize("multiply", [False, True])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_every_grid_and_depth_gives_rows_and_verdicts(grid, widths, multiply):
    canvas = _canvas(*grid, n_planes=2)
    decoder = Decoder(canvas, 2, 3, widths, multiply=multiply, batch_norm=True)
    encoder = Encoder(canvas, 2, 1, widths, multiply=multiply, layer_norm=True)
    streams = [torch.Generator().manual_seed(0)]
    statistics = decoder.init_statistics()[None]
    rows = decoder(_parts(decoder), _randn(1, 8, 3), _label(1, 8), statistics=statistics, streams=streams)
    assert rows.shape == (1, 8, grid[0] * grid[1])
    verdict = encoder(_parts(encoder), rows, _label(1, 8))
    assert verdict.shape == (1, 8, 1)
    assert torch.cat([rows.flatten(), verdict.flatten()]).isfinite().all()


@pytest.mark.parametrize("multiply", [False, True])
@pytest.mark.parametrize("kind", [Decoder, Encoder])
def test_members_and_rows_do_not_know_each_other_and_the_class_matters(kind, multiply):
    net = kind(_canvas(6, 5), 2, 30, (4, 3), multiply=multiply)
    parts, x, label = _parts(net, 3), _randn(3, 8, 30), _label(3, 8)
    out = net(parts, x, label)
    for p in range(3):
        alone = net([part[p : p + 1] for part in parts], x[p : p + 1, 2:3], label[p : p + 1, 2:3])
        torch.testing.assert_close(out[p, 2:3], alone[0])
    assert (net(parts, x, label.flip(-1)) - out).abs().max() > 1e-4


def test_a_decoder_that_starts_at_zero_does():
    net = Decoder(_canvas(6, 5), 2, 3, (4, 3), zero_last=True)
    assert not net(_parts(net), _randn(1, 8, 3), _label(1, 8)).any()


def test_channels_are_normalised_over_rows_and_cells():
    net = Decoder(_canvas(4, 4, 3), 2, 3, (5,), batch_norm=True)
    h = 4 + 3 * _randn(16, 5, 2, 2)
    statistics = net.init_statistics()
    normal = net._hidden(0, [part[0] for part in _parts(net)], h.abs(), statistics, torch.Generator())
    torch.testing.assert_close(normal.mean((0, 2, 3)), torch.zeros(5), atol=1e-5, rtol=0)
    torch.testing.assert_close(normal.var((0, 2, 3), unbiased=False), torch.ones(5), atol=1e-3, rtol=0)
    expected = 0.2 * torch.cat([h.abs().mean((0, 2, 3)), h.abs().var((0, 2, 3), unbiased=False) + 4])
    torch.testing.assert_close(statistics, expected)


def test_features_of_a_shifted_image_are_shifted():
    """A layer moves by one cell where its input moves by two, as far as nothing leaves the grid."""
    net = Encoder(_canvas(16, 16), 2, 64, (4,), multiply=True)
    parts = _parts(net)
    parts[-2].copy_(torch.eye(256)[:, :64])  # shows the first of four channels, eight by eight
    parts[0].fill_(1.0)
    spot = torch.zeros(1, 1, 16, 16)
    spot[..., 6:9, 5:8] = _randn(3, 3)
    moved = spot.roll((2, 4), (2, 3))
    features = [net(parts, x.flatten(2), _label(1, 1)).view(8, 8) for x in (spot, moved)]
    torch.testing.assert_close(features[1], features[0].roll((1, 2), (0, 1)))
    assert features[0].std() > 0


def test_convolutions_need_fewer_parameters_than_perceptrons_would():
    net = Encoder(_canvas(28, 28), 2, 1, (32, 64))
    used = sum(rows * columns for rows, columns in net.shapes)
    assert used == (3 * 16 * 32 + 32) + (32 * 16 * 64 + 64) + (64 * 7 * 7 + 1)


def test_an_autoencoder_is_its_halves_one_after_the_other():
    net = mirrored(Encoder(_canvas(6, 5), 2, 4, (3, 7), batch_norm=True))
    assert net.decoder.widths == (7, 3)
    parts, x, label = _parts(net), _randn(1, 8, 30), _label(1, 8)
    n, statistics = len(net.encoder.shapes), net.init_statistics()[None]
    code = net.code(parts, x, label, statistics=statistics)
    assert code.shape == (1, 8, 4)
    again = net.decoder(parts[n:], code, label, statistics=statistics[:, net.encoder.n_statistics :])
    assert torch.equal(net(parts, x, label, statistics=statistics), again)


# --- end to end


def _neighbours(rows):
    """Mean correlation of cells that lie above each other, minus that of cells that do not."""
    cells = np.corrcoef(rows[:, 1:].T)  # the first is constant
    index = np.arange(1, 30)
    above = (np.abs(index[:, None] - index) % 5 == 0) & ~np.eye(29, dtype=bool)
    beside = ~above & ~np.eye(29, dtype=bool)
    return cells[above].mean() - cells[beside].mean()


def test_generated_images_have_the_neighbourhoods_of_real_ones():
    X, y = images()
    gan = GAN(
        "classic",
        grid=(6, 5),
        widths=(16, 8),
        batch_norm=True,
        learning_rate=2e-3,
        critic_learning_rate=2e-3,
        betas=(0.5, 0.9),
        batch_size=32,
    )
    X_new, y_new = GANOversampler(gan=gan, oracle=None, max_steps=250, random_state=0).fit_resample(X, y)
    new, real = X_new[len(X) :], X[y == 1]
    assert np.bincount(y_new).tolist() == [60, 60]
    assert (new[:, 0] == 7).all()
    shuffled = np.random.default_rng(0).permuted(new, axis=0)  # cells that know nothing of each other
    assert _neighbours(real) > 0.5
    assert _neighbours(new) > 0.25
    assert abs(_neighbours(shuffled)) < 0.1


def test_an_oracle_follows_a_gan_on_a_grid_and_the_report_tells_of_it():
    X, y = images()
    gan = GAN("classic", grid=(6, 5), widths=(4,), batch_size=32)
    sampler = GANOversampler(gan=gan, oracle="energy", cv=2, max_steps=4, epoch_unit=2, random_state=0)
    X_new, _ = sampler.fit_resample(pd.DataFrame(X), y)
    again, _ = clone(sampler).fit_resample(pd.DataFrame(X), y)
    pd.testing.assert_frame_equal(X_new, again)
    layers = set(sampler.summary_.to_frame()["layer"])
    assert {"transposed convolution to 6x5x1", "convolution to 3x3x4"} <= layers
    assert len(sampler.history_) == 3


def test_spikes_of_an_image_are_generated_as_spikes():
    X, y = images()
    X[X < 0.2] = 0.0  # a black background: many cells with a state of their own
    X += np.where(X > 0, np.arange(len(X))[:, None] * 1e-3, 0)
    rates = {"learning_rate": 5e-3, "critic_learning_rate": 2e-3}
    gan = GAN("classic", grid=(6, 5), widths=(8,), batch_size=32, loss="bce", **rates)
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
    sampler.set_params(gan=preset("dcgan").set_params(grid=(5, 1)))
    with pytest.raises(ValueError, match=r"must hold numbers; column 'colour' of X does not"):
        sampler.fit(frame, y)
    dates = frame.assign(colour=pd.Timestamp("2024-01-01"))
    with pytest.raises(ValueError, match=r"column 'colour'"):
        sampler.fit(dates, y)


@pytest.mark.parametrize("grid", [(2,), (2, 0), (2.5, 2), (1, 2, 3)])
def test_a_grid_is_a_height_and_a_width(grid):
    with pytest.raises(ValueError, match=r"'grid' of GAN must be \(height, width\)"):
        GAN(grid=grid).validate()


def test_states_alone_are_painted_too():
    space = RowSpace(Layout((Block("a", 0, 2, None), Block("b", 2, 2, None))))
    canvas = Canvas.of(space.layout, (1, 2))
    rows = space.project(_randn(5, 4))
    assert torch.equal(canvas.read(canvas.paint(rows)), rows)
