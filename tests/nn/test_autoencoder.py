"""Autoencoders of images: an encoder and a decoder, one after the other."""

import torch

from gan_oversampler.nn.autoencoder import mirrored
from gan_oversampler.nn.convolution import Encoder
from gan_oversampler.nn.image_grid import Canvas
from gan_oversampler.nn.packed import Mode
from tests.networks import labels, start_of
from tests.populations import randn, stream_of

CANVAS = Canvas(6, 5, 1, tuple(range(30)))


def test_an_autoencoder_is_its_halves_one_after_the_other():
    net = mirrored(Encoder(CANVAS, 4, n_classes=2, widths=(3, 7), batch_norm=True))
    parts, x, label = net.split(start_of(net, 1)), randn(1, 8, 30), labels(1, 8)
    n, statistics = len(net.encoder.shapes), net.init_statistics()[None]
    theirs = statistics[:, len(net.encoder.init_statistics()) :]
    code = net.code(parts, x, Mode(label, statistics))
    assert code.shape == (1, 8, 4)
    again = net.decoder(parts[n:], code, Mode(label, theirs))
    assert torch.equal(net(parts, x, Mode(label, statistics)), again)


def test_a_mirrored_decoder_has_all_options_of_the_encoder():
    given = {"layer_norm": True, "dropout": 0.3, "activation": "elu", "slope": 0.1, "norm_momentum": 0.5}
    encoder = Encoder(CANVAS, 4, n_classes=2, widths=(3, 7), **given)
    decoder = mirrored(encoder).decoder
    assert decoder.widths == (7, 3)
    assert all(getattr(decoder, name) == value for name, value in given.items())
    options = ("canvas", "n_classes", "length")
    assert all(getattr(decoder, name) == getattr(encoder, name) for name in options)


def test_both_halves_start_from_one_stream_and_keep_statistics_of_their_own():
    net = mirrored(Encoder(CANVAS, 4, n_classes=2, widths=(3, 7), batch_norm=True))
    flat, n = net.init(stream_of()), len(net.encoder.shapes)
    encoder = net.encoder.split(net.encoder.init(stream_of())[None])
    assert all(torch.equal(*pair) for pair in zip(net.split(flat[None])[:n], encoder, strict=True))
    statistics = net.init_statistics()[None]
    before = statistics.clone()
    net(net.split(flat[None]), randn(1, 8, 30), Mode(labels(1, 8), statistics, [stream_of(1)]))
    moved = (statistics != before)[0]
    assert moved[: len(net.encoder.init_statistics())].any()
    assert moved[len(net.encoder.init_statistics()) :].any()
