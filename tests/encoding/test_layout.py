"""Blocks partition the encoded columns; pins and weights of distances follow from them."""

import numpy as np
import pytest
from hypothesis import given

from gan_oversampler.encoding.layout import Layout
from tests.coding import MIXED_LAYOUT, layouts


@given(layouts())
def test_states_and_values_partition_the_columns(layout):
    assert sorted([*layout.states, *layout.values]) == list(range(layout.width))
    grouped = sorted(i for group in layout.groups.values() for i in group.flatten())
    assert grouped == sorted(layout.states)
    assert set(layout.guarded[0]) <= set(layout.values)
    assert set(layout.guarded[1]) <= set(layout.states)


@given(layouts())
def test_a_row_times_the_pins_gives_the_values_that_its_states_pin(layout):
    guarding = [block for block in layout.blocks if block.n_states and block.value is not None]
    assert [*layout.guarded[0]] == [block.value for block in guarding]
    for j, block in enumerate(guarding):
        for state, pinned in zip(block.states, (0.0, *block.pinned[1:]), strict=True):
            row = np.zeros(layout.width, dtype=np.float32)
            row[state] = 1.0
            assert (row @ layout.pins)[j] == np.float32(pinned)


def test_a_differing_state_is_as_far_as_one_standard_deviation():
    rows = np.zeros((2, MIXED_LAYOUT.width), np.float32)
    rows[0, 1] = rows[1, 2] = 1.0
    assert np.linalg.norm((rows[0] - rows[1]) * MIXED_LAYOUT.scale) == pytest.approx(1.0)
    rows[1], rows[1, 0] = rows[0], 1.0
    assert np.linalg.norm((rows[0] - rows[1]) * MIXED_LAYOUT.scale) == pytest.approx(1.0)


def test_columns_without_a_block_are_columns_all_the_same():
    assert MIXED_LAYOUT.columns == ("age", "city", "income", "sex", "debt")
    layout = Layout(MIXED_LAYOUT.blocks[:1], ("constant", "age"))
    assert layout.columns == ("constant", "age")
    assert layout.width == 1
