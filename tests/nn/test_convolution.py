"""Convolutions: shapes of layers on any grid, what they know of their neighbours, normalisation, dropout."""

import pytest
import torch
import torch.nn.functional as F

from gan_oversampler.nn.convolution import Decoder, Encoder
from gan_oversampler.nn.image_grid import Canvas
from gan_oversampler.nn.packed import ACTIVATIONS, Mode
from tests.networks import start_of
from tests.populations import randn, stream_of

GRIDS = [(28, 28), (6, 5), (4, 4), (1, 7), (3, 1), (1, 1)]
WIDTHS = [(), (6,), (8, 5), (6, 4, 3)]
NO_CLASS = torch.empty(0)  # hidden layers do not see it


def _canvas(height, width, n_planes=1):
    return Canvas(height, width, n_planes, tuple(range(height * width)))


def _parts(net, p=1):
    return net.split(start_of(net, p))


def _alone(net):
    """Parts of a single member, which a hidden layer is computed from."""
    return [part[0] for part in _parts(net)]


def _label(p, b):
    return F.one_hot(torch.arange(b) % 2, 2).float().expand(p, -1, -1)


@pytest.mark.parametrize("multiply", [False, True])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_every_grid_and_depth_gives_rows_and_outputs(grid, widths, multiply):
    canvas = _canvas(*grid, n_planes=2)
    decoder = Decoder(canvas, 3, n_classes=2, widths=widths, multiply=multiply, batch_norm=True)
    encoder = Encoder(canvas, 1, n_classes=2, widths=widths, multiply=multiply, layer_norm=True)
    statistics = decoder.init_statistics()[None]
    rows = decoder(_parts(decoder), randn(1, 8, 3), Mode(_label(1, 8), statistics, [stream_of()]))
    assert rows.shape == (1, 8, grid[0] * grid[1])
    output = encoder(_parts(encoder), rows, Mode(_label(1, 8)))
    assert output.shape == (1, 8, 1)
    assert torch.cat([rows.flatten(), output.flatten()]).isfinite().all()


@pytest.mark.parametrize("multiply", [False, True])
@pytest.mark.parametrize("kind", [Decoder, Encoder])
def test_members_and_rows_do_not_know_each_other_and_the_class_matters(kind, multiply):
    net = kind(_canvas(6, 5), 30, n_classes=2, widths=(4, 3), multiply=multiply)
    parts, x, label = _parts(net, 3), randn(3, 8, 30), _label(3, 8)
    out = net(parts, x, Mode(label))
    for p in range(3):
        alone = net([part[p : p + 1] for part in parts], x[p : p + 1, 2:3], Mode(label[p : p + 1, 2:3]))
        torch.testing.assert_close(out[p, 2:3], alone[0])
    assert (net(parts, x, Mode(label.flip(-1))) - out).abs().max() > 1e-4


@pytest.mark.parametrize("kind", [Decoder, Encoder])
def test_film_scales_and_shifts_the_channels_of_a_class_and_at_first_does_nothing(kind):
    net = kind(_canvas(6, 5), 30, n_classes=2, widths=(4, 3), layer_norm=True, film=True)
    start, x, label = _parts(net, 2), randn(2, 8, 30), _label(2, 8)
    assert torch.equal(net(start, x, Mode(label)), net(start, x, Mode(label.flip(-1))))
    parts = [*start[:-2], *(randn(2, 4, width, seed=width) for width in net.widths)]
    out = net(parts, x, Mode(label))
    for c in range(2):  # the norm's gain and shift of a single class do the same
        alone = list(parts)
        for norm, film in (-4, -2), (-3, -1):
            (gain, shift), scale = parts[norm].split(1, 1), 1 + parts[film][:, c : c + 1]
            alone[norm] = torch.cat([gain * scale, shift * scale + parts[film][:, 2 + c : 3 + c]], 1)
            alone[film] = torch.zeros_like(parts[film])
        torch.testing.assert_close(net(alone, x, Mode(label))[:, c::2], out[:, c::2], atol=1e-4, rtol=1e-3)


def test_a_decoder_that_starts_at_zero_does():
    net = Decoder(_canvas(6, 5), 3, n_classes=2, widths=(4, 3), zero_last=True)
    assert not net(_parts(net), randn(1, 8, 3), Mode(_label(1, 8))).any()


@pytest.mark.parametrize("momentum", [0.8, 0.5])
def test_channels_are_normalised_over_rows_and_cells(momentum):
    net = Decoder(_canvas(4, 4, 3), 3, n_classes=2, widths=(5,), batch_norm=True, norm_momentum=momentum)
    h = (4 + 3 * randn(16, 5, 2, 2)).abs()
    statistics = net.init_statistics()
    normal = net._hidden(0, _alone(net), h, Mode(NO_CLASS, statistics, [stream_of()]))
    torch.testing.assert_close(normal.mean((0, 2, 3)), torch.zeros(5), atol=1e-5, rtol=0)
    torch.testing.assert_close(normal.var((0, 2, 3), unbiased=False), torch.ones(5), atol=1e-3, rtol=0)
    of_batch = torch.cat([h.mean((0, 2, 3)), h.var((0, 2, 3), unbiased=False)])
    expected = momentum * net.init_statistics() + (1 - momentum) * of_batch
    torch.testing.assert_close(statistics, expected)


def test_layer_normalised_rows_have_mean_zero_and_variance_one_over_channels_and_cells():
    net = Encoder(_canvas(4, 4), 1, n_classes=2, widths=(5,), layer_norm=True)
    h = (4 + 3 * randn(16, 5, 2, 2)).abs()
    normal = net._hidden(0, _alone(net), h, Mode(NO_CLASS))
    torch.testing.assert_close(normal.mean((1, 2, 3)), torch.zeros(16), atol=1e-5, rtol=0)
    torch.testing.assert_close(normal.var((1, 2, 3), unbiased=False), torch.ones(16), atol=1e-3, rtol=0)


def test_dropout_silences_its_share_of_the_second_hidden_layer_while_training():
    net = Encoder(_canvas(4, 4), 1, n_classes=2, widths=(5, 6), dropout=0.4)
    parts, h = _alone(net), 1 + torch.rand(500, 6, 2, 2, generator=stream_of())
    training = Mode(NO_CLASS, streams=[stream_of()])
    dropped = net._hidden(1, parts, h, training)
    silent = dropped == 0
    assert silent.float().mean().item() == pytest.approx(0.4, abs=0.02)
    torch.testing.assert_close(dropped[~silent], h[~silent] / 0.6)
    assert torch.equal(net._hidden(1, parts, h, Mode(NO_CLASS)), h)
    assert torch.equal(net._hidden(0, parts, h, training), h)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_hidden_layers_have_the_activation_and_the_slope_asked_for(name):
    net = Encoder(_canvas(4, 4), 1, n_classes=2, widths=(5,), activation=name, slope=0.3)
    h = randn(16, 5, 2, 2)
    hidden = net._hidden(0, _alone(net), h, Mode(NO_CLASS))
    torch.testing.assert_close(hidden, ACTIVATIONS[name](h, 0.3))


def test_features_of_a_shifted_image_are_shifted():
    """A layer moves by one cell where its input moves by two, as far as nothing leaves the grid."""
    net = Encoder(_canvas(16, 16), 64, n_classes=2, widths=(4,), multiply=True)
    parts = _parts(net)
    parts[-2].copy_(torch.eye(256)[:, :64])  # shows the first of four channels, eight by eight
    parts[0].fill_(1.0)
    spot = torch.zeros(1, 1, 16, 16)
    spot[..., 6:9, 5:8] = randn(3, 3)
    moved = spot.roll((2, 4), (2, 3))
    features = [net(parts, x.flatten(2), Mode(_label(1, 1))).view(8, 8) for x in (spot, moved)]
    torch.testing.assert_close(features[1], features[0].roll((1, 2), (0, 1)))
    assert features[0].std() > 0


def test_convolutions_need_fewer_parameters_than_perceptrons_would():
    net = Encoder(_canvas(28, 28), 1, n_classes=2, widths=(32, 64))
    assert net.n_parameters == (3 * 16 * 32 + 32) + (32 * 16 * 64 + 64) + (64 * 7 * 7 + 1)


@pytest.mark.parametrize("kind", [Decoder, Encoder])
def test_a_members_gradient_is_its_own(kind):
    net = kind(_canvas(6, 5), 30, n_classes=2, widths=(4, 3), batch_norm=True)
    flat = start_of(net, 3).requires_grad_()
    streams, statistics = [stream_of(p) for p in range(3)], net.init_statistics().repeat(3, 1)
    out = net(net.split(flat), randn(3, 8, 30), Mode(_label(3, 8), statistics, streams))
    (gradient,) = torch.autograd.grad(out[1].square().sum(), flat)
    assert gradient[1].abs().sum() > 0
    assert not gradient[[0, 2]].any()
