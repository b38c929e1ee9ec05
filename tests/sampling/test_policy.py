"""Policies as values: what users give, and how many proposals rows take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from gan_oversampler import GANOversampler, Policy
from gan_oversampler.sampling.policy import CHOSEN_BY_ORACLE, policy_of


@given(st.integers(0, 200), st.sampled_from([0.0, 1.0]), st.floats(0, 0.95))
def test_enough_proposals_are_made(n, border, share):
    policy = Policy(border=border, filter=share)
    survivors = policy.n_survivors(n)
    assert n <= survivors <= policy.n_proposals(n)
    assert policy.n_proposals(n) * (1 - share) >= survivors - 1e-6


def test_what_users_give_becomes_a_checked_copy():
    given = Policy(spread=0.5)
    copy = policy_of(given)
    assert copy is not given
    assert copy.get_params() == given.get_params()
    assert policy_of(None) is None
    assert policy_of("oracle") == CHOSEN_BY_ORACLE


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("best", "'policy' must be a Policy, 'oracle' or None. Got 'best'"),
        (Policy(filter=0.96), "filter"),
        (Policy(spread=-1), "spread"),
        (Policy(border="x"), "border"),
    ],
    ids=str,
)
def test_policies_that_make_no_sense_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        policy_of(given)


def test_parameters_are_reached_from_the_sampler():
    sampler = clone(GANOversampler(policy=Policy())).set_params(policy__spread=0.5)
    assert policy_of(sampler.policy).spread == 0.5
