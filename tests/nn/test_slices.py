"""Parameters by name: where they start, and where those of a smaller network lie in a larger one."""

import pytest
import torch

from gan_oversampler.nn.slices import Start, Supernet, slice_of
from tests.networks import start_of
from tests.populations import stream_of

LARGE = Supernet(
    {
        "first": Start.weights((4, 3), 6),
        "gain": Start((1, 4), constant=1.0),
        "kernel": Start.weights((4, 3, 5, 5), 24),
        "bias": Start((1, 4)),
    }
)


def test_weights_start_glorot_uniform_and_others_as_constants():
    parts = LARGE.by_name(LARGE.split(start_of(LARGE, 2)))
    assert {name: tuple(part.shape[1:]) for name, part in parts.items()} == {
        name: start.dims for name, start in LARGE.tensors.items()
    }
    assert (parts["gain"] == 1).all()
    assert not parts["bias"].any()
    assert 0.4 < parts["kernel"].abs().max() <= 0.5  # the root of 6 / 24
    assert not torch.equal(parts["kernel"][0], parts["kernel"][1])


def test_what_stands_in_front_does_not_depend_on_what_follows():
    shorter = Supernet({name: LARGE.tensors[name] for name in ("first", "gain")})
    start = shorter.init(stream_of())
    assert torch.equal(LARGE.init(stream_of())[: len(start)], start)


def test_vectors_lie_in_the_corner_and_kernels_in_the_middle():
    small = Supernet({"kernel": Start((2, 1, 3, 3)), "first": Start((3, 3)), "bias": Start((1, 2))})
    row = torch.randn(LARGE.n_parameters, generator=stream_of())
    ours, theirs = row[slice_of(LARGE, small)], LARGE.by_name(LARGE.split(row[None]))
    parts = small.by_name(small.split(ours[None]))
    assert torch.equal(parts["kernel"], theirs["kernel"][:, :2, :1, 1:4, 1:4])
    assert torch.equal(parts["first"], theirs["first"][:, :3])
    assert torch.equal(parts["bias"], theirs["bias"][..., :2])
    assert torch.equal(slice_of(LARGE, LARGE), torch.arange(LARGE.n_parameters))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"shift": Start((1, 4))}, "'shift' is .* missing"),
        ({"bias": Start((1, 5))}, r"'bias' is \(1, 5\), and there it is \(1, 4\)"),
        ({"bias": Start((1, 4, 1))}, "'bias'"),
    ],
    ids=str,
)
def test_a_network_that_is_no_slice_is_refused(tensors, message):
    with pytest.raises(ValueError, match=message):
        slice_of(LARGE, Supernet(tensors))
