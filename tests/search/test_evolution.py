"""Regularised evolution: children of the fittest of a few of the youngest differ in one dimension."""

import pytest

from tests.search.planted import SPACE, searched


def different(first, second):
    return sum(first[name] != second[name] for name in SPACE.dimensions)


@pytest.fixture(scope="module")
def trials():
    return searched(strategy="evolution", n_trials=60, batch=2).get_trials(deepcopy=False)


def test_after_the_first_population_every_child_is_one_step_from_an_earlier_trial(trials):
    for child in trials[20:]:
        assert min(different(child.params, parent.params) for parent in trials[: child.number]) <= 1


def test_later_generations_are_better(trials):
    early, late = trials[:15], trials[-15:]
    assert sum(t.value for t in late) > sum(t.value for t in early)
