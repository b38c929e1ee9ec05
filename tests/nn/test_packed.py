"""Parameters in one buffer: splitting and joining, where networks start, activations."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import ACTIVATIONS, Mode
from tests.networks import SHAPES, start_of
from tests.populations import randn, stream_of

TORCHS = {"elu": F.elu, "relu": F.relu, "silu": F.silu, "tanh": torch.tanh}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_parts_side_by_side_are_the_buffer(shape):
    mlp = SHAPES[shape]
    flat = randn(3, mlp.n_parameters)
    parts = mlp.split(flat)
    assert [tuple(part.shape[1:]) for part in parts] == mlp.shapes
    assert torch.equal(torch.cat([part.flatten(1) for part in parts], 1), flat)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_parts_are_views_of_the_buffer(shape):
    mlp = SHAPES[shape]
    flat = torch.zeros(2, mlp.n_parameters)
    for part in mlp.split(flat):
        part += 1
    assert (flat == 1).all()


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_start_depends_on_the_stream_only(shape):
    mlp = SHAPES[shape]
    assert torch.equal(mlp.init(stream_of(5)), mlp.init(stream_of(5)))
    assert not torch.equal(mlp.init(stream_of(5)), mlp.init(stream_of(6)))


def test_weights_start_glorot_uniform_and_biases_at_zero():
    mlp = Mlp(30, 4, n_classes=2, widths=(64,), batch_norm=True)
    w1, b1, w2, b2, norm = (part[0] for part in mlp.split(start_of(mlp, 1)))
    for w in (w1, w2):
        bound = (6 / sum(w.shape)) ** 0.5
        assert w.abs().max() <= bound
        assert w.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
    assert not b1.any()
    assert not b2.any()
    assert torch.equal(norm, torch.stack([torch.ones(64), torch.zeros(64)]))


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_zero_last_starts_with_zero_output(shape):
    mlp = dataclasses.replace(SHAPES[shape], zero_last=True)
    label = torch.eye(2)[:1].expand(3, 6, 2)
    assert not mlp(mlp.split(start_of(mlp, 3)), randn(3, 6, 3), Mode(label)).any()


def test_activations_are_those_of_torch_and_only_the_leaky_one_has_a_slope():
    h = torch.linspace(-3, 3, 61)
    assert set(ACTIVATIONS) == {*TORCHS, "leaky_relu"}
    for name, expected in TORCHS.items():
        for slope in (0.1, 0.3):
            torch.testing.assert_close(ACTIVATIONS[name](h, slope), expected(h))
    for slope in (0.1, 0.3):
        torch.testing.assert_close(ACTIVATIONS["leaky_relu"](h, slope), torch.where(h > 0, h, slope * h))
