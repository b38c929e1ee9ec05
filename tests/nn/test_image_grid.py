"""Where encoded columns lie on a grid."""

import pytest
import torch

from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.nn.image_grid import Canvas, sides
from tests.populations import randn


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
    rows = randn(9, 7)
    assert torch.equal(canvas.read(canvas.paint(rows)), rows)


def test_states_alone_are_painted_too():
    space = RowSpace(Layout((Block("a", 0, 2, None), Block("b", 2, 2, None))))
    canvas = Canvas.of(space.layout, (1, 2))
    rows = space.project(randn(5, 4))
    assert torch.equal(canvas.read(canvas.paint(rows)), rows)


@pytest.mark.parametrize(
    ("n", "grid", "message"),
    [
        (9, (2, 4), r"a grid of 2 x 4 = 8 cells, row by row; X has 9\. Give Generator\(grid="),
        (8, "square", r"must form a square, row by row; X has 8"),
    ],
)
def test_columns_that_form_no_grid_are_refused(n, grid, message):
    with pytest.raises(ValueError, match=message):
        sides(range(n), grid)
