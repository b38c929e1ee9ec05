"""Cells on a grid: what they compute, on any grid; classes, normalisation, growth; slices of larger ones."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from gan_oversampler.nn.cell_shapes import CellShape
from gan_oversampler.nn.grid_cells import GridCellNet
from gan_oversampler.nn.image_grid import Canvas
from gan_oversampler.nn.packed import ACTIVATIONS, EPSILON, Mode
from gan_oversampler.nn.slices import slice_of
from tests.networks import anywhere, start_of, statistics_of
from tests.populations import randn, stream_of

GRIDS = [(28, 28), (6, 5), (4, 4), (1, 9), (3, 1), (1, 1)]
CELLS = {
    "one": (CellShape(5),),
    "plain": (CellShape(5), CellShape(3)),
    "pre": (
        CellShape(5, order="pre", activation="silu"),
        CellShape(3, order="pre", activation="relu", skips=(0,)),
    ),
    "without shortcuts": (CellShape(5, shortcut=False), CellShape(5, shortcut=False, skips=(0,))),
    "kernels": (CellShape(4, kernel=5, upsampling="bilinear"), CellShape(4, kernel=1)),
    "transposed": (CellShape(4, upsampling="transposed"), CellShape(6, upsampling="transposed")),
    "layer": (CellShape(5, norm="layer"), CellShape(3, norm="layer", order="pre", skips=(0,))),
    "batch": (CellShape(5, norm="batch"), CellShape(3, norm="batch", order="pre")),
    "conditional": (CellShape(5, norm="conditional", order="pre"), CellShape(3, norm="conditional")),
    "three": (CellShape(5), CellShape(3, order="pre", skips=(0,)), CellShape(4, skips=(0, 1))),
}
CONDITIONINGS = {"concat": {}, "multiply": {"multiply": True}, "film": {"film": True}}
OF_A_BATCH = {"batch", "conditional"}


def _net(cells, grid=(6, 5), n_planes=1, **options):
    canvas = Canvas(*grid, n_planes, tuple(range(grid[0] * grid[1])))
    return GridCellNet(canvas, 3, CELLS.get(cells, cells), n_classes=2, **options)


def _label(p, b):
    return F.one_hot(torch.arange(b) % 2, 2).float().expand(p, -1, -1)


def _rows(net, flat, b=8, **mode):
    """Rows of all members at rest, unless other modes are given."""
    p = len(flat)
    mode = {"statistics_PS": statistics_of(net, p)} | mode
    return net(net.split(flat), randn(p, b, 3), Mode(_label(p, b), **mode))


@pytest.fixture(params=sorted(CELLS))
def cells(request):
    return request.param


@pytest.fixture(params=sorted(CONDITIONINGS))
def conditioning(request):
    return CONDITIONINGS[request.param]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_every_grid_gives_rows(grid, cells):
    net = _net(cells, grid, n_planes=2)
    statistics = net.init_statistics().repeat(2, 1)
    rows = _rows(net, start_of(net, 2), statistics_PS=statistics, streams=[stream_of(), stream_of()])
    assert rows.shape == (2, 8, grid[0] * grid[1])
    assert rows.isfinite().all()
    assert rows.std() > 0
    assert (statistics != net.init_statistics()).any() == (cells in OF_A_BATCH)


@pytest.mark.parametrize(
    ("grid", "sides"),
    [((28, 28), [(4, 4), (7, 7), (14, 14), (28, 28)]), ((6, 5), [(3, 3), (6, 5)]), ((4, 3), [(4, 3)])],
    ids=str,
)
def test_cells_double_the_sides_until_they_are_those_of_the_canvas(grid, sides):
    for n in range(1, 6):
        steps = _net((CellShape(2),) * n, grid).steps
        assert [step[1:] for step in steps] == (sides + [sides[-1]] * n)[: n + 1]


# --- what a cell computes


def _nearest(h, sides):
    """Every place of a grid repeated, as often as it takes, and then cut."""
    factor = 1
    while h.shape[2] * factor < sides[0] or h.shape[3] * factor < sides[1]:
        factor *= 2
    large = h.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    return large[..., : sides[0], : sides[1]]


def _smooth(h, n_doublings, sides):
    if n_doublings > 0:
        h = F.interpolate(h, scale_factor=2**n_doublings, mode="bilinear")
    return h[..., : sides[0], : sides[1]]


def _layer(net, cell, part, number, h, sides, label):
    """A layer of a cell of one member, whose channels are not normalised over batches."""

    def bent(h):
        if cell.norm == "layer":
            mean, variance = h.mean((1, 2, 3), keepdim=True), h.var((1, 2, 3), unbiased=False, keepdim=True)
            gain, shift = (part(f"{name} {number}").view(1, -1, 1, 1) for name in ("gain", "shift"))
            h = (h - mean) / (variance + EPSILON).sqrt() * gain + shift
        return ACTIVATIONS[cell.activation](h, net.slope)

    h = _nearest(bent(h) if cell.order == "pre" else h, sides)
    h = F.conv2d(h, part(f"weight {number}"), part(f"bias {number}")[0], padding="same")
    return h if cell.order == "pre" else bent(h)


def _by_the_book(net, flat, x, label):
    """Rows of one member by the formula of the cells, whose sides are doubled by repetition."""
    named = {name: part[0] for name, part in net.by_name(net.split(flat)).items()}
    x = x * (label @ named["embedding"]) if net.multiply else x
    h = torch.einsum("bi,idhw->bdhw", x, named["first"]) + named["first bias"]
    if not net.multiply and not net.film:
        h = h + torch.einsum("bc,cdhw->bdhw", label, named["first of class"])
    firsts, total, canvas = [], named["bias"].view(1, -1, 1, 1), net.sides[-1]
    for i, cell in enumerate(net.cells):

        def part(name, i=i):
            return named[f"cell {i} {name}"]

        sides = net.steps[i + 1][1:]
        u = _layer(net, cell, part, 1, h, sides, label)
        for s in cell.skips:
            u = u + _nearest(F.conv2d(firsts[s], part(f"skip {s}")), sides)
        if net.film:
            u = u * (1 + label @ part("film gain"))[..., None, None]
            u = u + (label @ part("film shift"))[..., None, None]
        v = _layer(net, cell, part, 2, u, sides, label)
        if cell.shortcut:
            past = h if h.shape[1] == cell.width else F.conv2d(h, part("shortcut"))
            v = v + _nearest(past, sides)
        firsts.append(u)
        h = v
        out = ACTIVATIONS[cell.activation](h, net.slope) if cell.order == "pre" else h
        total = total + _smooth(F.conv2d(out, part("head")), len(net.sides) - 2 - i, canvas)
    return net.canvas.read(total)


@pytest.mark.parametrize("cells", ["one", "plain", "pre", "without shortcuts", "layer", "three"])
def test_cells_compute_what_the_formula_says(cells, conditioning):
    net = _net(cells, (9, 7), n_planes=2, **conditioning)
    flat = anywhere(net, 1)
    expected = _by_the_book(net, flat, randn(1, 8, 3)[0], _label(1, 8)[0])
    torch.testing.assert_close(_rows(net, flat)[0], expected, rtol=1e-4, atol=1e-4)


def test_a_transposed_convolution_that_repeats_is_the_nearest_upsampling():
    learned = _net((CellShape(4, upsampling="transposed"), CellShape(3)), (9, 5))
    nearest = _net((CellShape(4), CellShape(3)), (9, 5))
    flat = anywhere(learned, 1)
    learned.by_name(learned.split(flat))["cell 0 doubling"].copy_(
        torch.eye(4)[..., None, None].expand(-1, -1, 2, 2)
    )
    torch.testing.assert_close(_rows(learned, flat), _rows(nearest, flat[:, slice_of(learned, nearest)]))
    smooth = replace(nearest, cells=(CellShape(4, upsampling="bilinear"), CellShape(3)))
    assert (_rows(smooth, flat[:, slice_of(learned, nearest)]) - _rows(learned, flat)).abs().max() > 1e-3


@pytest.mark.parametrize("momentum", [0.8, 0.5])
@pytest.mark.parametrize("kind", sorted(OF_A_BATCH))
def test_channels_are_normalised_over_rows_and_places(kind, momentum):
    cell = CellShape(5, norm=kind)
    net = _net((cell,), norm_momentum=momentum)
    statistics = net.init_statistics().repeat(2, 1)
    training = Mode(_label(2, 16), statistics, [stream_of(), stream_of()])
    own = {
        name.removeprefix("cell 0 "): part for name, part in net.by_name(net.split(start_of(net, 2))).items()
    }
    own |= {name.removeprefix("cell 0 "): part for name, part in net._statistics(training).items()}
    h = (4 + 3 * randn(16, 2, 5, 2, 2)).abs()
    normal = net._normalised(2, cell, own, h, training)
    dims = (0, 3, 4)
    torch.testing.assert_close(normal.mean(dims), torch.zeros(2, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(normal.var(dims, unbiased=False), torch.ones(2, 5), atol=1e-3, rtol=0)
    of_batch = torch.cat([h.mean(dims), h.var(dims)], 1)
    before, after = net.init_statistics()[10:], statistics[:, 10:]  # of the second layer
    torch.testing.assert_close(after, momentum * before + (1 - momentum) * of_batch)
    at_rest = net._normalised(2, cell, own, h, replace(training, streams=None))
    mean, variance = (part.unflatten(1, (5, 1, 1)) for part in after.chunk(2, 1))
    torch.testing.assert_close(at_rest, (h - mean) / (variance + EPSILON).sqrt())


# --- who knows whom


def test_members_and_rows_do_not_know_each_other_and_the_class_matters(cells, conditioning):
    net = _net(cells, **conditioning)
    flat, statistics, x, label = anywhere(net, 3), statistics_of(net, 3), randn(3, 8, 3), _label(3, 8)
    out = net(net.split(flat), x, Mode(label, statistics))
    for p in range(3):
        mode = Mode(label[p : p + 1, 2:3], statistics[p : p + 1])
        alone = net(net.split(flat[p : p + 1]), x[p : p + 1, 2:3], mode)
        torch.testing.assert_close(out[p, 2:3], alone[0], rtol=1e-4, atol=1e-4)
    assert (net(net.split(flat), x, Mode(label.flip(-1), statistics)) - out).abs().max() > 1e-3


def test_a_members_gradient_is_its_own_and_reaches_all_parameters(cells, conditioning):
    net = _net(cells, **conditioning)
    for n_members in (1, 3):
        flat, statistics = anywhere(net, n_members), net.init_statistics().repeat(n_members, 1)
        streams = [stream_of(p) for p in range(n_members)]
        out = _rows(net, flat.requires_grad_(), statistics_PS=statistics, streams=streams)
        (gradient,) = torch.autograd.grad(out[-1].square().sum(), flat)
        assert not gradient[:-1].any()
        named = net.by_name(net.split(gradient))
        assert not [name for name, part in named.items() if not part[-1].any()]


def test_before_training_film_is_no_change_and_a_net_that_starts_at_zero_does(cells, conditioning):
    net = _net(cells, zero_last=True, **conditioning)
    assert not _rows(net, start_of(net, 2)).any()
    if net.film:
        net = replace(net, zero_last=False)
        flat, label = start_of(net, 1), _label(1, 8)
        rows = [
            net(net.split(flat), randn(1, 8, 3), Mode(classes, net.init_statistics()[None]))
            for classes in (label, label.flip(-1))
        ]
        assert torch.equal(*rows)


# --- larger and smaller networks


@pytest.mark.parametrize("newest", ["post", "pre"])
def test_growing_by_a_cell_leaves_outputs_as_they_are(cells, conditioning, newest):
    small = _net(cells, (9, 7), **conditioning)
    skips = tuple(range(len(small.cells)))
    grown = replace(small, cells=(*small.cells, CellShape(4, order=newest, norm="batch", skips=skips)))
    ours = anywhere(small, 2)
    start = start_of(replace(grown, zero_last=True), 2)
    theirs = start.index_copy(1, slice_of(grown, small), ours)
    new = torch.cat([statistics_of(small, 2), statistics_of(grown, 2)[:, len(small.init_statistics()) :]], 1)
    torch.testing.assert_close(_rows(grown, theirs, statistics_PS=new), _rows(small, ours))


@pytest.mark.parametrize("cells", sorted(CELLS.keys() - {"layer"}))
def test_a_network_computes_the_same_inside_of_a_wider_one_that_is_zero_elsewhere(cells, conditioning):
    small = _net(cells, (9, 7), **conditioning)
    wide = [replace(cell, width=cell.width + 2, kernel=cell.kernel + 2) for cell in small.cells]
    large, ours = replace(small, cells=tuple(wide)), anywhere(small, 2)
    position = slice_of(large, small)
    theirs = torch.zeros(2, large.n_parameters).index_copy(1, position, ours)
    at_start = {"statistics_PS": small.init_statistics().repeat(2, 1)}
    expected = _rows(small, ours, **at_start)
    at_start = {"statistics_PS": large.init_statistics().repeat(2, 1)}
    torch.testing.assert_close(_rows(large, theirs, **at_start), expected, rtol=1e-4, atol=1e-4)


def test_every_network_lies_in_the_supernet_and_equal_parts_in_the_same_places(cells, conditioning):
    widest = tuple(CellShape(6, kernel=5) for _ in range(3))
    supernet, net = _net(widest).supernet(), _net(cells, **conditioning)
    position = slice_of(supernet, net)
    assert len(position) == len(position.unique()) == net.n_parameters
    places = net.by_name(net.split(position[None]))
    plain = _net(tuple(CellShape(cell.width, kernel=cell.kernel) for cell in net.cells))
    others = plain.by_name(plain.split(slice_of(supernet, plain)[None]))
    for name in places.keys() & others.keys():
        assert torch.equal(places[name], others[name])


def test_a_supernet_has_a_part_for_every_choice_and_is_as_wide_as_the_widest_cell():
    supernet = _net((CellShape(3), CellShape(6), CellShape(4, kernel=5))).supernet()
    assert {start.dims[2:] for name, start in supernet.tensors.items() if "weight" in name} == {(5, 5)}
    assert all(start.dims[:2] == (6, 6) for name, start in supernet.tensors.items() if "weight" in name)
    assert supernet.tensors["cell 2 skip 0"].dims == (6, 6, 1, 1)
    assert "cell 1 class gain 1" in supernet.tensors
