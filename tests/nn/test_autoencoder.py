"""Autoencoders of images: an encoder and a decoder, one after the other."""

import torch

from gan_oversampler.nn.autoencoder import mirrored
from gan_oversampler.nn.convolution import Encoder
from gan_oversampler.nn.image_grid import Canvas
from tests.networks import labels, start_of
from tests.populations import randn, stream_of

CANVAS = Canvas(6, 5, 1, tuple(range(30)))


def test_an_autoencoder_is_its_halves_one_after_the_other():
    net = mirrored(Encoder(CANVAS, 2, 4, (3, 7), batch_norm=True))
    parts, x, label = net.split(start_of(net, 1)), randn(1, 8, 30), labels(1, 8)
    n, statistics = len(net.encoder.shapes), net.init_statistics()[None]
    code = net.code(parts, x, label, statistics=statistics)
    assert code.shape == (1, 8, 4)
    again = net.decoder(parts[n:], code, label, statistics=statistics[:, net.encoder.n_statistics :])
    assert torch.equal(net(parts, x, label, statistics=statistics), again)


def test_a_mirrored_decoder_has_all_options_of_the_encoder():
    encoder = Encoder(CANVAS, 2, 4, (3, 7), layer_norm=True, dropout=0.3, activation="elu", slope=0.1)
    decoder = mirrored(encoder).decoder
    assert decoder.widths == (7, 3)
    options = ("canvas", "n_classes", "length", "layer_norm", "dropout", "activation", "slope")
    assert all(getattr(decoder, name) == getattr(encoder, name) for name in options)


def test_both_halves_start_from_one_stream_and_keep_statistics_of_their_own():
    net = mirrored(Encoder(CANVAS, 2, 4, (3, 7), batch_norm=True))
    flat, n = net.init(stream_of()), len(net.encoder.shapes)
    encoder = net.encoder.split(net.encoder.init(stream_of())[None])
    assert all(torch.equal(*pair) for pair in zip(net.split(flat[None])[:n], encoder, strict=True))
    statistics = net.init_statistics()[None]
    before = statistics.clone()
    net(net.split(flat[None]), randn(1, 8, 30), labels(1, 8), statistics=statistics, streams=[stream_of(1)])
    moved = (statistics != before)[0]
    assert moved[: net.encoder.n_statistics].any()
    assert moved[net.encoder.n_statistics :].any()
