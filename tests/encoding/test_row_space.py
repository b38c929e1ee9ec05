"""Operations on rows that mix numbers and one-hot states return valid rows."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from tests.coding import MIXED_LAYOUT, layouts


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def _anything(layout, *shape, seed=0):
    return 2 * torch.randn(*shape, layout.width, generator=_generator(seed))


def _assert_valid(rows, layout):
    """One state per group, and exactly the pinned value in all but the first state."""
    for block in layout.blocks:
        if not block.n_states:
            continue
        states = rows[:, list(block.states)]
        assert ((states == 0) | (states == 1)).all()
        assert (states.sum(1) == 1).all()
        if block.value is not None:
            state = states.argmax(1)
            pinned = torch.tensor(block.pinned, dtype=rows.dtype)[state]
            assert torch.equal(rows[state > 0, block.value], pinned[state > 0])


@given(layouts(), st.integers(0, 99))
def test_projected_rows_are_valid(layout, seed):
    rows = _anything(layout, 20, seed=seed)
    projected = RowSpace(layout).project(rows)
    _assert_valid(projected, layout)
    for block in layout.blocks:
        if block.n_states:
            states = list(block.states)
            assert torch.equal(projected[:, states].argmax(1), rows[:, states].argmax(1))
            free = projected[:, block.start] == 1
        else:
            free = torch.ones(20, dtype=torch.bool)
        if block.value is not None:
            assert torch.equal(projected[free, block.value], rows[free, block.value])


@given(layouts(), st.integers(0, 99))
def test_projection_leaves_valid_rows_alone(layout, seed):
    space = RowSpace(layout)
    valid = space.project(_anything(layout, 20, seed=seed))
    assert torch.equal(space.project(valid), valid)
    assert torch.equal(space.project(space.logits(valid)), valid)


def test_projection_works_on_any_leading_dimensions():
    space, rows = RowSpace(MIXED_LAYOUT), _anything(MIXED_LAYOUT, 3, 4)
    each = torch.stack([space.project(member) for member in rows])
    assert torch.equal(space.project(rows), each)


def test_states_pass_the_gradient_of_a_softmax():
    rows, weights = _anything(MIXED_LAYOUT, 8).requires_grad_(), torch.randn(8, 3, generator=_generator(1))
    city = list(MIXED_LAYOUT.blocks[1].states)
    (through,) = torch.autograd.grad((RowSpace(MIXED_LAYOUT).project(rows)[:, city] * weights).sum(), rows)
    (softmax,) = torch.autograd.grad((rows[:, city].softmax(1) * weights).sum(), rows)
    assert through[:, city].abs().min() > 0
    torch.testing.assert_close(through, softmax)


def test_only_free_values_pass_their_gradient():
    rows = _anything(MIXED_LAYOUT, 50).requires_grad_()
    projected = RowSpace(MIXED_LAYOUT).project(rows)
    (gradient,) = torch.autograd.grad(projected[:, MIXED_LAYOUT.values].sum(), rows)
    free = RowSpace(MIXED_LAYOUT).free_values(projected)
    assert torch.equal(gradient[:, MIXED_LAYOUT.values], free[:, MIXED_LAYOUT.values])
    assert 0 < free[:, MIXED_LAYOUT.blocks[2].value].mean() < 1


def test_a_value_is_free_in_the_first_state_only():
    space = RowSpace(MIXED_LAYOUT)
    rows = space.project(_anything(MIXED_LAYOUT, 50))
    free = space.free_values(rows)
    assert not free[:, MIXED_LAYOUT.states].any()
    assert (free[:, 0] == 1).all()
    for block in (MIXED_LAYOUT.blocks[2], MIXED_LAYOUT.blocks[4]):
        assert torch.equal(free[:, block.value], rows[:, block.start])


@given(layouts(), st.integers(0, 2))
def test_all_weight_on_one_parent_gives_that_parent(layout, chosen):
    space = RowSpace(layout)
    parents = space.project(_anything(layout, 10, 3))
    weights = torch.zeros(10, 3)
    weights[:, chosen] = 1.0
    children = space.compose(parents, weights, weights, generator=_generator())
    assert torch.equal(children, parents[:, chosen])


@given(layouts(), st.integers(0, 99))
def test_children_are_valid(layout, seed):
    space = RowSpace(layout)
    parents = space.project(_anything(layout, 30, 3, seed=seed))
    weights = torch.rand(30, 3, generator=_generator(seed)).softmax(1)
    children = space.compose(parents, weights, weights, generator=_generator(seed))
    assert children.shape == (30, layout.width)
    _assert_valid(children, layout)


def test_children_take_weighted_numbers_and_whole_groups():
    space = RowSpace(MIXED_LAYOUT)
    parents = space.project(_anything(MIXED_LAYOUT, 200, 2))
    weights = torch.tensor([[0.25, 0.75]]).repeat(200, 1)
    children = space.compose(parents, weights, weights, generator=_generator())
    torch.testing.assert_close(children[:, 0], 0.25 * parents[:, 0, 0] + 0.75 * parents[:, 1, 0])
    for block in MIXED_LAYOUT.blocks[1:]:
        states = list(block.states)
        like = (parents[..., states] == children[:, None, states]).all(-1)
        assert like.any(1).all()


def test_a_guarded_value_mixes_only_where_all_parents_are_regular():
    space, income = RowSpace(MIXED_LAYOUT), MIXED_LAYOUT.blocks[2]
    parents = space.project(_anything(MIXED_LAYOUT, 400, 2))
    half = torch.full((400, 2), 0.5)
    children = space.compose(parents, half, half, generator=_generator())
    regular = parents[..., income.start] == 1
    value, own = children[:, income.value], parents[..., income.value]
    both = regular.all(1)
    torch.testing.assert_close(value[both], own[both].mean(1))
    # One parent regular: its value comes unmixed, together with its state.
    only_first = regular[:, 0] & ~regular[:, 1] & (children[:, income.start] == 1)
    assert only_first.sum() > 10
    assert torch.equal(value[only_first], own[only_first, 0])


def test_groups_come_from_parents_by_their_probabilities():
    space, n = RowSpace(MIXED_LAYOUT), 20_000
    parents = torch.zeros(2, MIXED_LAYOUT.width)
    parents[0, [1, 4, 8, 10]] = 1.0
    parents[1, [2, 5, 9, 11]] = 1.0
    parents = space.project(parents).repeat(n, 1, 1)
    probabilities = torch.tensor([[0.2, 0.8]]).repeat(n, 1)
    children = space.compose(parents, probabilities, probabilities, generator=_generator())
    city, sex = children[:, 1] == 1, children[:, 8] == 1
    error = 4 * (0.2 * 0.8 / n) ** 0.5
    assert abs(city.double().mean() - 0.2) < error
    assert abs(sex.double().mean() - 0.2) < error
    # Each group draws its own source.
    assert abs((city & sex).double().mean() - 0.04) < 4 * (0.04 * 0.96 / n) ** 0.5


def test_cells_that_are_missing_together_stay_so():
    blocks = (Block("a", 0, 2, (0.0, 0.0), True), Block("b", 3, 2, None), Block("c", 5, 3, None, True))
    space, n = RowSpace(Layout(blocks)), 2_000
    parents = torch.zeros(2, space.width)
    parents[0, [0, 3, 5]] = 1.0  # complete
    parents[1, [1, 4, 7]] = 1.0  # both missing
    parents, half = space.project(parents).repeat(n, 1, 1), torch.full((n, 2), 0.5)
    children = space.compose(parents, half, half, generator=_generator())
    assert torch.equal(children[:, 1], children[:, 7])
    # Other groups draw a source of their own.
    assert abs((children[:, 1] == children[:, 4]).double().mean() - 0.5) < 4 * (0.25 / n) ** 0.5


def test_composing_no_children_gives_no_rows():
    empty = torch.zeros(0, 2)
    parents = torch.zeros(0, 2, MIXED_LAYOUT.width)
    children = RowSpace(MIXED_LAYOUT).compose(parents, empty, empty, generator=_generator())
    assert children.shape == (0, MIXED_LAYOUT.width)
