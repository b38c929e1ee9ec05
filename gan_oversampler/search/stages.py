"""Progressive growth (Gong et al. 2019): the cells near the noise are searched first, then those after them.

A stage searches one more cell. What it grows from is a beam: the best few points of the stage before, each
with the hidden state of the controller that had made its choices.
"""

# H hidden unit

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from gan_oversampler._utils import Streams
from gan_oversampler.search.reinforce import Episode, Recurrent, Reinforce

BEAM: Final = 2  # NOTE[paper]: 5 of 10 that are drawn for it; these few are of the trials, which are few
N_DRAWS: Final = 10  # of one proposal, until it is a new one

Point = Mapping[str, int]
"""A point of the space: the position of the choice in every dimension."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage searches: the number of cells that its points have, and how many choices a token has."""

    cells: int | None  # position of the choice of "cells"; None where that is no dimension
    tokens: Mapping[str, int]

    @property
    def bits(self) -> float:
        """Logarithm to base 2 of the number of points that differ in these tokens."""
        return sum(math.log2(size) for size in self.tokens.values())


def stages_of(dimensions: Mapping[str, Sequence[Any]]) -> tuple[Stage, ...]:
    """Divide the dimensions of a space by the number of cells at which they first matter.

    A stage belongs to every choice of "cells", in rising order, but to 0, from which nothing grows.
    Dimensions that are not of cells belong to the first one; those with a single choice to none.

    >>> space = {"cells": (1, 2), "latent": (4, 8), "cell 1 width": (16, 32, 64), "cell 2 width": (16, 32)}
    >>> [dict(stage.tokens) for stage in stages_of(space)]
    [{'latent': 2, 'cell 1 width': 3}, {'cell 2 width': 2}]
    """
    open_ = {
        name: len(choices) for name, choices in dimensions.items() if name != "cells" and len(choices) > 1
    }
    if "cells" not in dimensions:
        return (Stage(None, open_),)
    counts, reached, stages = list(dimensions["cells"]), 0, []
    for n_cells in sorted(filter(None, counts)) or counts:
        tokens = {name: size for name, size in open_.items() if reached <= cell_of(name) <= n_cells}
        stages.append(Stage(counts.index(n_cells), tokens))
        reached = n_cells + 1
    return tuple(stages)


def cell_of(name: str) -> int:
    """Number of the cell that a dimension is about, from 1, or 0 if it is about none.

    >>> cell_of("cell 3 skip from 1"), cell_of("critic width")
    (3, 0)
    """
    found = re.match(r"cell (\d+) ", name)
    return int(found[1]) if found else 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A point of the beam, from which the next stage grows."""

    point: Point  # without the dimensions that no stage has reached yet
    end_2H: Tensor  # of the controller that has chosen it


class Growth:
    """Proposes points stage by stage, and learns from their utilities.

    A proposal depends on its number, on the streams and on what was learned before. A stage has trials in
    proportion to the bits of its tokens, to whole rounds.

    Parameters
    ----------
    dimensions : mapping of str to sequence
        Choices of every dimension, named as in ``SearchSpace``.
    n_trials : int
        Trials of all stages together.
    streams : Streams
        Root of all randomness.
    beam : int, default=2
        Points of a stage that the next one grows from.
    **settings : float
        ``rate`` and ``entropy_weight`` of :class:`Reinforce`.
    """

    def __init__(
        self,
        dimensions: Mapping[str, Sequence[Any]],
        n_trials: int,
        streams: Streams,
        *,
        beam: int = BEAM,
        **settings: float,
    ) -> None:
        self.names, self.stages = tuple(dimensions), stages_of(dimensions)
        bits = [stage.bits for stage in self.stages]
        self.ends = [round(n_trials * part / (sum(bits) or 1)) for part in accumulate(bits)]
        self.streams, self.beam, self.settings = streams, beam, settings
        self.n_told = 0
        shape = self._enter(0)
        self.parents = [Kept({}, torch.zeros(2, shape.n_hidden))]

    def _enter(self, number: int) -> Recurrent:
        """Begin a stage, with a fresh controller."""
        self.number, self.stage = number, self.stages[number]
        shape = Recurrent(list(self.stage.tokens.values()))
        self.learner = Reinforce.start(shape, self.streams.torch("controller", number), **self.settings)
        self.found: dict[tuple[int, tuple[int, ...]], float] = {}  # utilities by parent and choices
        return shape

    def propose(self, number: int, is_new: Callable[[Point], bool] = lambda point: True) -> dict[str, int]:
        """Propose the point of a trial: a randomly picked parent, and what the controller adds to it.

        A point that is not new is drawn again, up to ten times. Dimensions of cells that it does not have are
        at their first choice.
        """
        stream = self.streams.torch("trial", number)
        for _ in range(N_DRAWS):
            parent = int(torch.randint(len(self.parents), (), generator=stream))
            choices = self.learner.sample(self.parents[parent].end_2H, stream)
            point = dict.fromkeys(self.names, 0) | self._point(parent, choices)
            if is_new(point):
                break
        return point

    def _point(self, parent: int, choices: Sequence[int]) -> dict[str, int]:
        cells = {} if self.stage.cells is None else {"cells": self.stage.cells}
        return {**self.parents[parent].point, **dict(zip(self.stage.tokens, choices)), **cells}

    def learn(self, told: Sequence[tuple[Point, float]]) -> None:
        """Learn from a round of trials, and go on to the next stage where that is due.

        Points that this stage could not have proposed, such as the user's own, are counted but not learned
        from. A utility that is not finite is one of a trial that has failed.
        """
        episodes = []
        for point, utility in told:
            parent = self._parent_of(point)
            if parent is not None and math.isfinite(utility):
                choices = tuple(point[name] for name in self.stage.tokens)
                episodes.append(Episode(choices, self.parents[parent].end_2H, utility))
                self.found[parent, choices] = utility
        self.learner.learn(episodes)
        self.n_told += len(told)
        is_over = self.n_told + len(told) / 2 > self.ends[self.number]  # sooner than after one more round
        if is_over and self.found and self.number + 1 < len(self.stages):
            self._grow()

    def _parent_of(self, point: Point) -> int | None:
        if self.stage.cells is not None and point["cells"] != self.stage.cells:
            return None
        for number, parent in enumerate(self.parents):
            if all(point[name] == choice for name, choice in parent.point.items() if name != "cells"):
                return number
        return None

    def _grow(self) -> None:
        """Keep the best points with their hidden states, and begin the next stage."""
        best = sorted(self.found, key=lambda key: -self.found[key])[: self.beam]
        kept = []
        for parent, choices in best:
            walk = self.learner.follow(choices, self.parents[parent].end_2H)
            kept.append(Kept(self._point(parent, choices), walk.end_2H))
        self._enter(self.number + 1)
        self.parents = kept

    def state(self) -> dict[str, Any]:
        """Everything that learning changes, as values of JSON and arrays."""
        return {
            "stage": self.number,
            "n_told": self.n_told,
            "found": [[parent, list(choices), utility] for (parent, choices), utility in self.found.items()],
            "parents": [dict(parent.point) for parent in self.parents],
            "ends": np.stack([parent.end_2H.numpy() for parent in self.parents]),
            "learner": self.learner.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from the state of another growth in the same space."""
        self._enter(state["stage"])
        self.n_told = state["n_told"]
        self.found = {(parent, tuple(choices)): utility for parent, choices, utility in state["found"]}
        pairs = zip(state["parents"], torch.tensor(state["ends"]))
        self.parents = [Kept(point, end_2H) for point, end_2H in pairs]
        self.learner.restore(state["learner"])
