import math

import numpy as np
import pytest
import torch

from gan_oversampler._utils import Streams
from gan_oversampler.search.stages import Growth, stages_of

SPACE = {
    "cells": (0, 1, 2, 3),
    "latent": (4, 8, 16),
    "loss": ("hinge",),
    **{f"cell {k} width": (16, 32, 64, 128) for k in (1, 2, 3)},
    **{f"cell {k} norm": ("none", "batch", "layer") for k in (1, 2, 3)},
    "cell 2 skip from 1": (False, True),
    "cell 3 skip from 1": (False, True),
    "cell 3 skip from 2": (False, True),
}
PLAIN = {name: choices for name, choices in SPACE.items() if name != "cells"}


def landscape(seed, space):
    """A utility that is a sum of what each choice is worth; cells that are not there are worth nothing."""
    rng = np.random.default_rng(seed)
    worth = {name: rng.normal(size=len(choices)) for name, choices in space.items()}

    def utility(point):
        n_cells = space["cells"][point["cells"]] if "cells" in space else 9
        return sum(worth[name][point[name]] for name in space if not absent(name, n_cells))

    return utility


def absent(name, n_cells):
    return name.startswith("cell ") and int(name.split()[1]) > n_cells


def search(growth, utility, n_trials, batch=8, first=0):
    found = []
    for begin in range(first, first + n_trials, batch):
        for number in range(begin, min(begin + batch, first + n_trials)):
            found.append(growth.propose(number, lambda point: point not in found))
        growth.learn([(point, utility(point)) for point in found[begin - first :]])
    return found


def growth_of(space=SPACE, n_trials=48, seed=0, **settings):
    return Growth(space, n_trials, Streams(seed), **settings)


def test_every_open_dimension_is_a_token_of_one_stage():
    stages = stages_of(SPACE)
    names = [name for stage in stages for name in stage.tokens]
    assert sorted(names) == sorted(set(SPACE) - {"cells", "loss"})
    assert [SPACE["cells"][stage.cells] for stage in stages] == [1, 2, 3]
    assert set(stages[2].tokens) == {name for name in SPACE if name.startswith("cell 3")}


def test_a_narrowed_number_of_cells_makes_one_stage_of_what_comes_before():
    stages = stages_of(SPACE | {"cells": (3, 2)})
    assert [stage.cells for stage in stages] == [1, 0]
    assert {"latent", "cell 1 width", "cell 2 width"} <= set(stages[0].tokens)


def test_a_space_without_a_number_of_cells_is_one_stage():
    (stage,) = stages_of(PLAIN)
    assert set(stage.tokens) == set(PLAIN) - {"loss"}


def test_proposals_are_points_of_the_space_and_grow_by_one_cell():
    found = search(growth_of(), landscape(0, SPACE), 48)
    n_cells = [SPACE["cells"][point["cells"]] for point in found]
    assert n_cells == sorted(n_cells)
    assert set(n_cells) == {1, 2, 3}
    for point in found:
        assert all(0 <= point[name] < len(choices) for name, choices in SPACE.items())
        assert all(not point[name] for name in SPACE if absent(name, SPACE["cells"][point["cells"]]))


def test_beam_keeps_the_best_points_and_their_hidden_states():
    utility, growth = landscape(1, SPACE), growth_of(beam=2)
    found = search(growth, utility, growth.ends[0] - 8)
    before = growth.learner
    found += search(growth, utility, 8, first=len(found))
    assert growth.number == 1
    best = sorted({utility(point): point for point in found}.items(), reverse=True)[:2]
    tokens = list(growth.stages[0].tokens)
    assert [{name: parent.point[name] for name in tokens} for parent in growth.parents] == [
        {name: point[name] for name in tokens} for _, point in best
    ]
    for parent in growth.parents:
        walk = before.follow([parent.point[name] for name in tokens], torch.zeros(2, 100))
        assert torch.equal(walk.end_2H, parent.end_2H)


def test_children_have_the_cells_of_a_parent():
    utility, growth = landscape(2, SPACE), growth_of()
    search(growth, utility, growth.ends[0])
    parents = [{name: parent.point[name] for name in growth.stages[0].tokens} for parent in growth.parents]
    children = [growth.propose(number) for number in range(100, 112)]
    seen = [{name: child[name] for name in growth.stages[0].tokens} for child in children]
    assert all(child in parents for child in seen)
    assert all(parent in seen for parent in parents)


def test_same_seed_same_proposals_and_another_seed_others():
    first, same, other = (search(growth_of(seed=s), landscape(0, SPACE), 16) for s in (0, 0, 1))
    assert first == same != other


@pytest.mark.parametrize("n_before", [8, 24])
def test_state_gives_the_same_proposals_and_updates(n_before):
    utility, first = landscape(3, SPACE), growth_of()
    search(first, utility, n_before)
    second = growth_of()
    second.restore(first.state())
    rest = [search(growth, utility, 16, first=n_before) for growth in (first, second)]
    assert rest[0] == rest[1]
    assert torch.equal(first.learner.weights_N, second.learner.weights_N)


def test_points_of_others_and_failures_are_counted_but_not_learned_from():
    growth = growth_of()
    weights_N = growth.learner.weights_N
    deep = dict.fromkeys(SPACE, 0) | {"cells": 3}
    growth.learn([(deep, 1.0), (deep, 2.0), (growth.propose(2), math.nan)])
    assert growth.n_told == 3
    assert torch.equal(growth.learner.weights_N, weights_N)


def test_a_stage_without_any_success_goes_on():
    growth = growth_of()
    search(growth, lambda point: math.nan, 48)
    assert growth.number == 0
