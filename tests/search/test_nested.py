"""Rows that a search does not see, and the score of its choice on them."""

import numpy as np
import pytest

from gan_oversampler.search.nested import Divided, heldout_utilities
from gan_oversampler.search.outcome import SearchedGAN
from tests.fits import Measured, problem_of, table
from tests.workflows import SMALL, plan_with, services_of


def test_held_out_rows_are_none_of_those_that_the_search_sees():
    problem = problem_of(table((60, 40)))
    divided = Divided.of(problem, plan_with(), 0.25, services_of())
    seen, held = divided.development.rows, divided.heldout
    assert sorted([*seen.origin, *held.origin]) == list(range(100))
    assert held.counts.tolist() == [15, 10]
    assert all(len(train) + len(test) == len(seen) for train, test in divided.development.folds)
    assert divided.development.n_new == {1: round(20 / 40 * 30)}


def test_a_group_is_on_one_side():
    rows = table((60, 40))
    groups = np.arange(100) // 4
    from dataclasses import replace

    problem = replace(problem_of(rows), rows=replace(rows, groups=groups))
    divided = Divided.of(problem, plan_with(), 0.25, services_of())
    assert not set(divided.development.rows.groups) & set(divided.heldout.groups)


@pytest.mark.parametrize(
    ("sizes", "holdout", "changes", "message"),
    [
        ((60, 9), 0.25, {}, "has 9 rows. A search needs 8 of them"),
        ((60, 40), 0.02, {}, "two to be held out"),
        ((60, 40), 0.25, {"cv": [([0], [1])]}, "needs 'cv' as a number or a splitter"),
    ],
)
def test_rows_that_cannot_be_held_out_are_an_error(sizes, holdout, changes, message):
    with pytest.raises(ValueError, match=message):
        Divided.of(problem_of(table(sizes)), plan_with(**changes), holdout, services_of())


def test_gans_are_scored_after_their_own_steps_on_disjoint_parts_of_the_held_out_rows():
    seen = []

    def note(holdout, new):
        seen.append(tuple(holdout.origin))
        return float(new.values.mean())

    plan = plan_with(oracles={"mean": Measured(note)})
    divided = Divided.of(problem_of(table((60, 40))), plan, 0.25, services_of())
    point = SearchedGAN(SMALL)
    first, second, third = heldout_utilities(divided, [point] * 3, [0, 0, 4], plan, services_of())
    np.testing.assert_array_equal(first, second)
    assert len(first) == 4
    assert sorted(sum(seen[:4], ())) == sorted(divided.heldout.origin)
    assert (first != third).any()
