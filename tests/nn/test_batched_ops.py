"""Batched operations: what they compute, and that no member's bits depend on how many there are."""

import pytest
import torch
from gan_oversampler.nn.batched_ops import LANES, padded, product, steady
from hypothesis import given
from hypothesis import strategies as st

from tests.populations import randn


@given(st.integers(0, 10_000))
def test_padding_is_the_next_whole_vector(n):
    assert padded(n) % LANES == 0
    assert 0 <= padded(n) - n < LANES


@pytest.mark.parametrize("n_outputs", [1, 3, 16, 17, 40])
def test_a_product_is_that_of_every_member_alone(n_outputs):
    x, weight, bias = randn(5, 32, 7), randn(5, 7, n_outputs, seed=1), randn(5, 1, n_outputs, seed=2)
    together = product(x, weight, bias)
    for p in range(5):
        torch.testing.assert_close(together[p], x[p] @ weight[p] + bias[p], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(product(x, weight)[p], x[p] @ weight[p], atol=1e-5, rtol=1e-5)
    for some in (slice(0, 2), slice(3, 5)):
        assert torch.equal(product(x[some], weight[some], bias[some]), together[some])


@pytest.mark.parametrize("function", [torch.exp, torch.log])
@pytest.mark.parametrize("n", [1, 3, 31, 33])
def test_a_steady_function_has_the_same_bits_wherever_a_member_lies(function, n):
    x = 0.1 + torch.rand(7, n, generator=torch.Generator().manual_seed(0))
    together = steady(function, x)
    torch.testing.assert_close(together, function(x))
    for p in range(7):
        assert torch.equal(steady(function, x[p : p + 1]), together[p : p + 1])
