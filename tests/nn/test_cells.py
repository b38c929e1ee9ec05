"""Networks of cells: what they compute, how they grow, and that all are slices of one supernet."""

from dataclasses import replace
from itertools import product

import pytest
import torch

from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.cells import CellNet, carried
from gan_oversampler.nn.packed import ACTIVATIONS, EPSILON, Mode
from gan_oversampler.nn.slices import slice_of
from tests.networks import anywhere, labels, start_of, statistics_of
from tests.populations import randn, stream_of

NORMS = ("none", "batch", "layer", "conditional")
ENTRIES = {"concat": {}, "multiply": {"multiply": True}, "film": {"film": True}}


def _net(*cells, **options):
    return CellNet(3, 4, cells, n_classes=2, **options)


# Every order with every norm; equal and other widths, with and without shortcuts and skips.
NETS = {
    f"{order}, {norm}, {entry}": _net(
        CellShape(6, order, norm),
        CellShape(6, order, norm, "silu", skips=(0,)),
        CellShape(5, order, norm, "tanh", shortcut=False, skips=(0, 1)),
        **ENTRIES[entry],
    )
    for (order, norm), entry in zip(product(("post", "pre"), NORMS), [*ENTRIES] * 3, strict=False)
}
CELLS = [
    CellShape(width, order, norm, shortcut=shortcut, skips=skips)
    for width, order, norm, shortcut, skips in zip(
        (6, 5, 6, 5, 6, 5, 6, 5),
        ["post", "pre"] * 4,
        NORMS * 2,
        [True, True, False] * 3,
        [(), (0,)] * 4,
        strict=False,
    )
]


@pytest.fixture(params=sorted(NETS))
def net(request):
    return NETS[request.param]


def _training(net, p, n):
    return Mode(labels(p, n), statistics_of(net, p), [stream_of(seed) for seed in range(p)])


def _sampling(net, p, n):
    return Mode(labels(p, n), statistics_of(net, p))


# --- what is computed


def _reference(net, parts, x, label, statistics):
    """One member, written down as the formulas are."""
    named, statistics = dict(zip(net.tensors, parts, strict=True)), list(statistics)

    def block(i, layer, h):
        cell = net.cells[i]

        def linear(h):
            h = h @ named[f"cell {i} weight {layer}"] + named[f"cell {i} bias {layer}"]
            appended = i == 0 and layer == 1 and not net.multiply and not net.film
            return h + label @ named["cell 0 weight of class"] if appended else h

        h = h if cell.order == "pre" else linear(h)
        n = h.shape[1]
        if cell.norm != "none":
            kind = "class " if cell.norm == "conditional" else ""
            gain, shift = (named[f"cell {i} {kind}{name} {layer} {cell.order}"] for name in ("gain", "shift"))
            if cell.norm == "conditional":
                gain, shift = gain[label.argmax(1)], shift[label.argmax(1)]
            if cell.norm == "layer":
                mean, variance = h.mean(1)[:, None], h.var(1, correction=0)[:, None]
            else:
                mean, variance = (torch.stack([statistics.pop(0) for _ in range(n)]) for _ in range(2))
            h = (h - mean) / (variance + EPSILON).sqrt() * gain + shift
        h = ACTIVATIONS[cell.activation](h, net.slope)
        return h if cell.order == "post" else linear(h)

    h = x * named["embedding"][label.argmax(1)] if net.multiply else x
    out, us = named["bias"].expand(len(x), -1), []
    for i, cell in enumerate(net.cells):
        u = block(i, 1, h) + sum(us[s] @ named[f"cell {i} skip {s}"] for s in cell.skips)
        if net.film:
            gains, shifts = named[f"cell {i} film gain"], named[f"cell {i} film shift"]
            u = u * (1 + gains[label.argmax(1)]) + shifts[label.argmax(1)]
        us.append(u)
        v = block(i, 2, u)
        if cell.shortcut:
            v = v + (h if h.shape[1] == cell.width else h @ named[f"cell {i} shortcut"])
        h = v
        seen = h if cell.order == "post" else ACTIVATIONS[cell.activation](h, net.slope)
        out = out + seen @ named[f"cell {i} head"]
    assert not statistics
    return out


def test_members_are_separate_networks_of_the_formulas(net):
    flat, statistics, x, label = anywhere(net, 3), statistics_of(net, 3), randn(3, 6, 3), labels(3, 6)
    out = net(net.split(flat), x, Mode(label, statistics))
    for p in range(3):
        expected = _reference(net, [part[p] for part in net.split(flat)], x[p], label[p], statistics[p])
        torch.testing.assert_close(out[p], expected, atol=1e-4, rtol=1e-4)


def test_a_member_trains_alone_as_together(net):
    flat, x = anywhere(net, 3).requires_grad_(), randn(3, 6, 3)
    together = _training(net, 3, 6)
    out = net(net.split(flat), x, together)
    (gradient,) = torch.autograd.grad(out[1].square().sum(), flat)
    assert not gradient[[0, 2]].any()
    alone = Mode(together.label_PBC[1:2], statistics_of(net, 3)[1:2].clone(), [stream_of(1)])
    own = flat[1:2].detach().requires_grad_()
    single = net(net.split(own), x[1:2], alone)
    torch.testing.assert_close(out[1:2], single)
    torch.testing.assert_close(torch.autograd.grad(single.square().sum(), own)[0], gradient[1:2])
    torch.testing.assert_close(alone.statistics_PS, together.statistics_PS[1:2])


def test_every_matrix_learns_and_the_class_matters(net):
    flat = anywhere(net, 1).requires_grad_()
    out = net(net.split(flat), randn(1, 32, 3), _sampling(net, 1, 32))
    (gradient,) = torch.autograd.grad(out.square().sum(), flat)
    assert all(part.any() for part in net.split(gradient))
    first, second = (Mode(torch.eye(2)[i].expand(1, 4, 2), statistics_of(net, 1)) for i in range(2))
    parts, x = net.split(flat.detach()), randn(1, 4, 3)
    assert (net(parts, x, first) - net(parts, x, second)).abs().max() > 1e-3


def test_a_network_starts_with_glorots_weights_no_bias_and_no_normalisation(net):
    for name, part in zip(net.tensors, net.split(start_of(net, 1)), strict=True):
        if "bias" in name or "film" in name or "shift" in name:
            assert not part.any()
        elif "gain" in name:
            assert (part == 1).all()
        else:
            assert 0 < part.abs().max() <= (6 / sum(part.shape[1:])) ** 0.5


def test_zero_last_starts_with_zero_output_and_learns(net):
    zeroed = replace(net, zero_last=True)
    flat = start_of(zeroed, 2).requires_grad_()
    out = zeroed(zeroed.split(flat), randn(2, 6, 3), _training(zeroed, 2, 6))
    assert not out.any()
    (gradient,) = torch.autograd.grad((out - 1).square().sum(), flat)
    parts = dict(zip(zeroed.tensors, zeroed.split(gradient), strict=True))
    assert all(part.any() for name, part in parts.items() if name == "bias" or "head" in name)


# --- normalisation


@pytest.mark.parametrize("norm", ["batch", "conditional"])
@pytest.mark.parametrize("momentum", [0.8, 0.5])
def test_running_statistics_start_at_a_standard_normal_and_move_toward_the_batch(norm, momentum):
    net = _net(CellShape(5, norm=norm), norm_momentum=momentum)
    start = net.init_statistics()
    assert start.tolist() == ([0.0] * 5 + [1.0] * 5) * 2
    parts, x, mode = net.split(anywhere(net, 1)), 3 * randn(1, 64, 3), _training(net, 1, 64)
    before = mode.statistics_PS.clone()
    net(parts, x, mode)
    named = net.by_name(parts)
    h = x @ named["cell 0 weight 1"] + mode.label_PBC @ named["cell 0 weight of class"]
    h = h + named["cell 0 bias 1"]
    batch = torch.cat([h.mean(1), h.var(1, correction=0)], 1)
    torch.testing.assert_close(mode.statistics_PS[:, :10], momentum * before[:, :10] + (1 - momentum) * batch)


def test_sampling_a_row_does_not_depend_on_its_batch_and_leaves_the_statistics_alone(net):
    parts, x, mode = net.split(anywhere(net, 2)), randn(2, 6, 3), _sampling(net, 2, 6)
    whole = net(parts, x, mode)
    single = net(parts, x[:, 2:3], Mode(mode.label_PBC[:, 2:3], mode.statistics_PS))
    torch.testing.assert_close(whole[:, 2:3], single)
    assert torch.equal(mode.statistics_PS, statistics_of(net, 2))


# --- growth


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_grown_network_computes_what_it_computed_and_then_learns_with_all_its_parts(net, cell):
    larger, before = net.grown(cell), anywhere(net, 2)
    after = carried(larger, start_of(larger, 2), net, before).requires_grad_()
    x, mode = randn(2, 6, 3), _training(net, 2, 6)
    statistics = larger.init_statistics().repeat(2, 1)
    statistics[:, : mode.statistics_PS.shape[1]] = mode.statistics_PS
    out = larger(larger.split(after), x, replace(mode, statistics_PS=statistics))
    assert torch.equal(out, net(net.split(before), x, mode))
    (gradient,) = torch.autograd.grad(out.square().sum(), after)
    assert larger.split(gradient)[-1].any()


# --- slices of a supernet


def test_every_network_is_a_slice_of_the_supernet_and_learns_only_there(net):
    largest = CellNet(5, 4, tuple(CellShape(width) for width in (7, 6, 8, 4)), n_classes=2)
    supernet = largest.supernet()
    shared, index = anywhere(supernet, 2).requires_grad_(), slice_of(supernet, net)
    assert len(index.unique()) == net.n_parameters
    corners = {
        name: part for name, part in supernet.by_name(supernet.split(shared)).items() if name in net.tensors
    }
    own = [corners[name][:, : start.dims[0], : start.dims[1]] for name, start in net.tensors.items()]
    x, mode = randn(2, 6, 3), _sampling(net, 2, 6)
    out = net(net.split(shared[:, index]), x, mode)
    assert torch.equal(out, net([part.contiguous() for part in own], x, mode))
    (gradient,) = torch.autograd.grad(out.square().sum(), shared)
    gradient[:, index] = 0
    assert not gradient.any()


def test_growth_and_slices_agree(net):
    larger = net.grown(CellShape(4, skips=(1,)))
    flat = start_of(larger, 1)
    after = carried(larger, flat, net, 0 * anywhere(net, 1))
    index = slice_of(larger, net)
    assert not after[:, index].any()
    after[:, index] = flat[:, index]
    changed = {
        name for name, part in zip(larger.tensors, larger.split(after != flat), strict=True) if part.any()
    }
    assert changed == {"cell 3 head"}


def test_what_is_no_slice_is_refused():
    small = _net(CellShape(5, norm="batch"))
    with pytest.raises(ValueError, match="gain 1 post"):
        slice_of(_net(CellShape(5)), small)
    with pytest.raises(ValueError, match="weight 1"):
        slice_of(_net(CellShape(4, norm="batch")), small)
