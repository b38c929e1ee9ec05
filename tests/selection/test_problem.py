"""Problems: which classes can be learned, what is said of the others, and what the members of a fold see."""

from dataclasses import replace

import numpy as np
import pytest

from gan_oversampler.encoding.layout import Layout
from gan_oversampler.selection.problem import Problem
from gan_oversampler.training.data import MIN_ROWS
from tests.fits import BASE, SPACE, STREAMS, table


def _constant(rows):
    """Rows of a table whose columns are all constant, and so not encoded."""
    return replace(rows, values=rows.values[:, :0])


def test_classes_with_too_few_rows_are_not_learned_and_named():
    rows = table((60, 24, MIN_ROWS, MIN_ROWS - 1, 3), classes=["a", "b", "c", "d", "e"])
    problem = Problem.of(rows, SPACE.layout, {2: 9, 3: 9, 4: 9}, STREAMS, 2)
    assert problem.learned == [2]
    assert problem.small_class_notes("star") == [
        f"Class {label!r} has {n} rows, fewer than {MIN_ROWS}: it is drawn from the base 'star' without"
        " training or selection."
        for label, n in (("d", MIN_ROWS - 1), ("e", 3))
    ]
    assert problem.labels == {2: "c", 3: "d", 4: "e"}
    assert problem.new_per_real == {2: 9 / 8, 3: 9 / 7, 4: 3.0}
    assert len(problem.folds) == 2


def test_a_problem_is_split_by_the_streams():
    first, again, other = (
        Problem.of(table(), SPACE.layout, {1: 9}, streams, 2)
        for streams in (STREAMS, STREAMS, STREAMS.child(1))
    )
    np.testing.assert_array_equal(first.folds[0][0], again.folds[0][0])
    assert not np.array_equal(first.folds[0][0], other.folds[0][0])


@pytest.mark.parametrize(
    ("n_new", "cv", "learned"),
    [({1: 9}, None, [1]), ({}, 2, []), ({2: 3}, 2, [])],
    ids=["no folds asked for", "no rows asked for", "too few rows"],
)
def test_nothing_is_held_out_without_folds_or_anything_to_learn(n_new, cv, learned):
    problem = Problem.of(table((60, 24, 5)), SPACE.layout, n_new, STREAMS, cv)
    assert problem.folds == ()
    assert problem.learned == learned


def test_constant_tables_have_nothing_to_learn_and_no_notes_of_classes():
    problem = Problem.of(_constant(table((60, 24, 5))), Layout(()), {1: 9, 2: 9}, STREAMS, 2)
    assert problem.folds == ()
    assert problem.learned == []
    assert problem.small_class_notes("star") == []


def test_training_data_of_a_problem_are_those_of_its_folds():
    rows = table()
    problem = Problem.of(rows, SPACE.layout, {1: 36}, STREAMS, 2)
    data = problem.training_data([BASE])
    assert list(data.by_fold(BASE)) == [0, 1, None]
    np.testing.assert_array_equal(data.fold(BASE, 1).rows[1], rows.at(problem.folds[1][0]).of(1).values)
    assert data.full(BASE).new_per_real == {1: 1.5}
