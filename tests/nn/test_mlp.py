"""A population of perceptrons is P ordinary networks, which never mix."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from gan_oversampler.nn.mlp import Mlp
from gan_oversampler.nn.packed import ACTIVATIONS, NORM_MOMENTUM, SLOPE, Mode
from tests.networks import SHAPES, anywhere, labels, start_of, statistics_of
from tests.populations import randn, stream_of

# --- what is computed


def _reference(mlp, parts, x, label, statistics):
    """One member with torch's own layers."""
    parts = list(parts)
    h = x * (label @ parts.pop(0)) if mlp.multiply else x if mlp.film else torch.cat([x, label], 1)
    norms = parts[2 * (len(mlp.widths) + 1) :]
    start = 0
    for i, width in enumerate(mlp.widths):
        h = F.leaky_relu(F.linear(h, parts[2 * i].T, parts[2 * i + 1][0]), SLOPE)
        if mlp.batch_norm:
            mean, variance = statistics[start : start + 2 * width].chunk(2)
            h = F.batch_norm(h, mean, variance, norms[i][0], norms[i][1], eps=1e-3)
            start += 2 * width
        elif mlp.layer_norm:
            h = F.layer_norm(h, (width,), norms[i][0], norms[i][1], eps=1e-3)
        if mlp.film:
            gains, shifts = norms[i - len(mlp.widths)].chunk(2)
            h = h * (1 + gains[label.argmax(1)]) + shifts[label.argmax(1)]
    return F.linear(h, parts[2 * len(mlp.widths)].T, parts[2 * len(mlp.widths) + 1][0])


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_members_are_separate_networks_of_ordinary_layers(shape):
    mlp = SHAPES[shape]
    flat, statistics = anywhere(mlp, 4), statistics_of(mlp, 4)
    x, label = randn(4, 6, 3), labels(4, 6)
    out = mlp(mlp.split(flat), x, Mode(label, statistics))
    for p in range(4):
        parts = [part[p] for part in mlp.split(flat)]
        expected = _reference(mlp, parts, x[p], label[p], statistics[p])
        torch.testing.assert_close(out[p], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_hidden_units_have_the_activation_and_the_slope_asked_for(name):
    mlp, parts = _showing_hidden_units(activation=name, slope=0.3)
    x, label = randn(2, 20, 3), labels(2, 20)
    sums = torch.baddbmm(parts[1], torch.cat([x, label], -1), parts[0])
    torch.testing.assert_close(mlp(parts, x, Mode(label)), ACTIVATIONS[name](sums, 0.3))


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_members_gradient_is_its_own(shape):
    mlp = SHAPES[shape]
    flat = anywhere(mlp, 3).requires_grad_()
    training = Mode(labels(3, 6), statistics_of(mlp, 3), [stream_of(p) for p in range(3)])
    out = mlp(mlp.split(flat), randn(3, 6, 3), training)
    (gradient,) = torch.autograd.grad(out[1].square().sum(), flat)
    assert gradient[1].abs().sum() > 0
    assert not gradient[[0, 2]].any()


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_the_class_matters(shape):
    mlp = SHAPES[shape]
    parts, x = mlp.split(anywhere(mlp, 1)), randn(1, 4, 3)
    first, second = (torch.eye(2)[i].expand(1, 4, 2) for i in range(2))
    assert (mlp(parts, x, Mode(first)) - mlp(parts, x, Mode(second))).abs().max() > 1e-3


def test_the_code_is_the_narrowest_layer_of_equals_the_last():
    mlp = Mlp(3, 3, n_classes=2, widths=(8, 4, 4, 8))
    parts = mlp.split(start_of(mlp, 1))
    x, label = randn(1, 6, 3), torch.ones(1, 6, 2)
    code = mlp.code(parts, x, Mode(label))
    assert code.shape == (1, 6, 4)
    last = F.leaky_relu(code @ parts[6] + parts[7], mlp.slope)
    torch.testing.assert_close(last @ parts[8] + parts[9], mlp(parts, x, Mode(label)))


def test_film_starts_as_a_network_that_does_not_know_the_class_and_learns_it():
    mlp = SHAPES["film"]
    flat, x = start_of(mlp, 1).requires_grad_(), randn(1, 6, 3)
    first, second = (Mode(torch.eye(2)[i].expand(1, 6, 2)) for i in range(2))
    assert torch.equal(mlp(mlp.split(flat), x, first), mlp(mlp.split(flat), x, second))
    (gradient,) = torch.autograd.grad(mlp(mlp.split(flat), x, first).square().sum(), flat)
    for part in mlp.split(gradient)[-2:]:
        assert part[:, [0, 2]].any(-1).all()  # gain and shift of the first class
        assert not part[:, [1, 3]].any()


# --- normalisation


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_running_statistics_start_as_mean_zero_and_variance_one(shape):
    mlp = SHAPES[shape]
    statistics = mlp.init_statistics()
    assert statistics.shape == (2 * sum(mlp.widths) if mlp.batch_norm else 0,)
    parts, x, label = mlp.split(anywhere(mlp, 2)), randn(2, 6, 3), labels(2, 6)
    out = mlp(parts, x, Mode(label, statistics.repeat(2, 1)))
    for p in range(2):
        expected = _reference(mlp, [part[p] for part in parts], x[p], label[p], statistics)
        torch.testing.assert_close(out[p], expected, atol=1e-5, rtol=1e-4)


def _showing_hidden_units(**options):
    """A network whose output is its hidden layer, and its parameters."""
    mlp = Mlp(3, 4, n_classes=2, widths=(4,), **options)
    parts = mlp.split(start_of(mlp, 2))
    parts[2].copy_(torch.eye(4))
    parts[3].zero_()
    return mlp, parts


def test_training_normalises_over_the_batch():
    mlp, parts = _showing_hidden_units(batch_norm=True)
    x, label = 100 * randn(2, 256, 3), labels(2, 256)
    streams = [stream_of(p) for p in range(2)]
    statistics = mlp.init_statistics().repeat(2, 1)
    h = mlp(parts, x, Mode(label, statistics, streams))
    torch.testing.assert_close(h.mean(1), torch.zeros(2, 4), atol=1e-4, rtol=0)
    torch.testing.assert_close(h.var(1, unbiased=False), torch.ones(2, 4), atol=1e-3, rtol=0)


@pytest.mark.parametrize("momentum", [NORM_MOMENTUM, 0.5])
def test_training_leaves_the_share_of_the_running_statistics_that_the_momentum_says(momentum):
    mlp, parts = _showing_hidden_units(batch_norm=True, norm_momentum=momentum)
    x, label = randn(2, 64, 3), labels(2, 64)
    h = Mlp(3, 4, n_classes=2, widths=(4,))(parts[:4], x, Mode(label))
    before = statistics_of(mlp, 2)
    after = before.clone()
    mlp(parts, x, Mode(label, after, [stream_of(p) for p in range(2)]))
    batch = torch.cat([h.mean(1), h.var(1, unbiased=False)], 1)
    torch.testing.assert_close(after, momentum * before + (1 - momentum) * batch)


def test_sampling_leaves_the_running_statistics_alone():
    mlp = SHAPES["batch_norm"]
    statistics = statistics_of(mlp, 2)
    before = statistics.clone()
    mlp(mlp.split(anywhere(mlp, 2)), randn(2, 6, 3), Mode(labels(2, 6), statistics))
    assert torch.equal(statistics, before)


@pytest.mark.parametrize("shape", ["everything", "layer_norm"])
def test_sampling_a_row_does_not_depend_on_its_batch(shape):
    mlp = SHAPES[shape]
    parts, statistics = mlp.split(anywhere(mlp, 2)), statistics_of(mlp, 2)
    x, label = randn(2, 6, 3), labels(2, 6)
    whole = mlp(parts, x, Mode(label, statistics))
    single = mlp(parts, x[:, 2:3], Mode(label[:, 2:3], statistics))
    torch.testing.assert_close(whole[:, 2:3], single)


# --- dropout


def test_dropout_is_off_outside_training():
    mlp = Mlp(3, 4, n_classes=2, widths=(8, 8), dropout=0.5)
    parts, x, label = mlp.split(anywhere(mlp, 2)), randn(2, 6, 3), labels(2, 6)
    without = dataclasses.replace(mlp, dropout=0.0)
    assert torch.equal(mlp(parts, x, Mode(label)), without(parts, x, Mode(label)))
    streams = [stream_of(p) for p in range(2)]
    assert not torch.equal(mlp(parts, x, Mode(label, streams=streams)), without(parts, x, Mode(label)))


def test_dropout_spares_the_first_hidden_layer():
    mlp = Mlp(3, 4, n_classes=2, widths=(8,), dropout=0.5)
    parts, x, label = mlp.split(anywhere(mlp, 2)), randn(2, 6, 3), labels(2, 6)
    streams = [stream_of(p) for p in range(2)]
    assert torch.equal(mlp(parts, x, Mode(label, streams=streams)), mlp(parts, x, Mode(label)))


@pytest.mark.parametrize("share", [0.25, 0.6])
def test_dropout_silences_its_share_of_the_units_and_scales_the_others_up(share):
    mlp = Mlp(3, 4, n_classes=2, widths=(8, 4), dropout=share)
    parts = mlp.split(anywhere(mlp, 1))
    parts[4].copy_(torch.eye(4))  # the output is the second hidden layer
    parts[5].zero_()
    x, label = randn(1, 5000, 3), labels(1, 5000)
    dropped, whole = mlp(parts, x, Mode(label, streams=[stream_of()])), mlp(parts, x, Mode(label))
    silent = dropped == 0
    assert silent.float().mean((0, 1)).tolist() == pytest.approx([share] * 4, abs=0.03)
    torch.testing.assert_close(dropped[~silent], whole[~silent] / (1 - share))


def test_dropout_keeps_the_mean():
    mlp = Mlp(3, 1, n_classes=2, widths=(8, 50), dropout=0.4)
    parts, n = mlp.split(anywhere(mlp, 1)), 20_000
    x, label = randn(1, 1, 3).expand(1, n, 3), labels(1, 1).expand(1, n, 2)
    dropped = mlp(parts, x, Mode(label, streams=[stream_of()]))
    whole = mlp(parts, x[:, :1], Mode(label[:, :1]))
    assert dropped.std() > 0
    assert abs(dropped.mean() - whole.item()) < 5 * dropped.std() / n**0.5


def test_a_member_drops_what_its_own_stream_says():
    mlp = SHAPES["everything"]
    flat, statistics = anywhere(mlp, 3), statistics_of(mlp, 3)
    x, label = randn(3, 6, 3), labels(3, 6)
    streams = [stream_of(p) for p in range(3)]
    together = mlp(mlp.split(flat), x, Mode(label, statistics.clone(), streams))
    training = Mode(label[1:2], statistics[1:2].clone(), [stream_of(1)])
    alone = mlp(mlp.split(flat[1:2]), x[1:2], training)
    torch.testing.assert_close(together[1:2], alone)
