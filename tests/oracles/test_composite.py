"""Several oracles at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.oracles.base import CallableOracle, Oracle
from gan_oversampler.oracles.composite import REFERENCES, CompositeOracle, pareto_front, smooth_rank
from gan_oversampler.oracles.distances import EnergyOracle, FrechetOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.manifold import PRDCOracle
from tests.samples import normal, one_class, problem, three


class Scaled(EnergyOracle):
    """The same oracle in another unit."""

    def score(self, holdout, synthetic):
        return 1000 * super().score(holdout, synthetic) + 7


def _score(oracles, synthetic, **options):
    oracle = CompositeOracle(oracles, **options).fit(problem(), targets=[1])
    return oracle.score(problem(seed=1), synthetic)


def test_a_composite_score_lies_between_zero_and_one():
    good, far = problem(n_rare=60, seed=2).of(1), one_class(normal(60, 2) + 50)
    oracles = [EnergyOracle(), FrechetOracle()]
    assert 0 <= _score(oracles, far) < 0.1 < 0.3 < _score(oracles, good) <= 1


def test_units_of_oracles_play_no_part():
    synthetic = problem(seed=2).of(1)
    assert _score([Scaled()], synthetic) == pytest.approx(_score([EnergyOracle()], synthetic))


def test_weights_are_shares():
    synthetic = problem(n_rare=30, seed=2).of(1)
    oracles = [EnergyOracle(), PRDCOracle()]
    one, other = (_score([oracle], synthetic) for oracle in oracles)
    assert _score(oracles, synthetic) == pytest.approx((one + other) / 2)
    assert _score(oracles, synthetic, weights=[6, 2]) == pytest.approx(0.75 * one + 0.25 * other)
    assert _score(oracles, synthetic, weights=[0, 1]) == pytest.approx(other)


def test_references_are_the_same_for_all_candidates_of_a_size():
    seen = []

    class Seeing(Oracle):
        def score(self, holdout, synthetic):
            seen.append(synthetic.values.copy())
            return float(synthetic.values.mean())

    oracle = CompositeOracle([Seeing()]).fit(problem(), targets=[1])
    candidates = [problem(n_rare=n, seed=seed).of(1) for n, seed in ((20, 2), (20, 3), (9, 4), (20, 2))]
    first, *_, again = [oracle.score(problem(seed=1), rows) for rows in candidates]
    assert first == again
    lengths = [len(rows) for rows in seen]
    n = len(REFERENCES)
    # Scored once for two candidates of twenty rows, and again after one of nine came between.
    assert lengths == [20] * (1 + n) + [20] + [9] * (1 + n) + [20] * (1 + n)
    np.testing.assert_array_equal(seen[1 : 1 + n], seen[-n:])


def test_references_are_made_of_training_rows_of_their_class():
    seen = []

    class Seeing(Oracle):
        def score(self, holdout, synthetic):
            seen.append(synthetic)
            return 0.0

    CompositeOracle([Seeing()]).fit(three(), targets=[1, 2]).score(three(1), three(2))
    assert [np.bincount(rows.codes).tolist() for rows in seen[1:]] == [[0, 40, 20]] * len(REFERENCES)
    copies = seen[1]
    known = {tuple(row) for row in three().of(2).values}
    assert {tuple(row) for row in copies.of(2).values} <= known


def test_an_oracle_without_a_score_leaves_none():
    nothing = CallableOracle(lambda real, fake: float("nan"))
    assert np.isnan(_score([EnergyOracle(), nothing], problem(seed=2).of(1)))


def test_guided_gans_are_trained_for_the_first_oracle():
    assert CompositeOracle([DownstreamOracle(scoring="g_mean"), EnergyOracle()]).objective == "g_mean"
    assert CompositeOracle().objective == "f1"


@pytest.mark.parametrize("oracles", [[], [EnergyOracle], ["energy"]])
def test_composites_are_made_of_oracles(oracles):
    with pytest.raises(ValueError, match="'oracles' must be a list of Oracle instances"):
        CompositeOracle(oracles).validate(2)


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [np.nan, 1], [np.inf, 1]])
def test_weights_must_fit(weights):
    with pytest.raises(ValueError, match="'weights' must be 2 numbers"):
        CompositeOracle([EnergyOracle(), FrechetOracle()], weights=weights).validate(2)


def test_parts_are_validated_too():
    with pytest.raises(ValueError, match="'k' parameter of PRDCOracle must be"):
        CompositeOracle([PRDCOracle(k=0)]).validate(2)


# --- smooth ranks


def test_a_rank_among_equals_is_a_half():
    assert smooth_rank(2.0, np.full(5, 2.0)) == 0.5
    assert smooth_rank(2.0, np.array([])) == 0.5


def test_ranks_are_sharp_where_others_do_not_differ():
    assert [smooth_rank(value, np.zeros(4)) for value in (-1.0, 0.0, 1.0)] == [0, 0.5, 1]


numbers = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))


@given(st.lists(numbers, min_size=1, max_size=9), st.lists(numbers, min_size=2, max_size=2))
def test_better_rows_never_rank_lower(others, pair):
    low, high = (smooth_rank(value, np.array(others)) for value in sorted(pair))
    assert 0 <= low <= high <= 1


# --- Pareto front


def test_of_one_oracle_the_front_is_the_best():
    assert pareto_front([[1.0, 3.0, 2.0, 3.0]]).tolist() == [False, True, False, True]


def test_failed_candidates_are_not_on_the_front_and_beat_nobody():
    front = pareto_front([[np.nan, 1.0, 0.0, np.inf], [9.0, 0.0, 1.0, np.inf]])
    assert front.tolist() == [False, True, True, False]
    assert pareto_front([[np.nan]]).tolist() == [False]
    assert pareto_front(np.empty((2, 0))).tolist() == []


@given(
    st.integers(1, 3).flatmap(
        lambda k: st.lists(st.tuples(*[st.integers(0, 4)] * k), min_size=1, max_size=12)
    )
)
def test_the_front_is_what_nobody_beats(candidates):
    front = pareto_front(np.array(candidates, float).T)

    def beats(a, b):
        return a != b and all(x >= y for x, y in zip(a, b))

    assert front.any()
    assert front.tolist() == [not any(beats(b, a) for b in candidates) for a in candidates]


def test_a_composite_gives_each_oracle_its_share_of_new_rows():
    sizes = []

    class Counting(DownstreamOracle):
        def score(self, holdout, synthetic):
            sizes.append(len(synthetic))
            return 0.0

    oracles = [Counting(max_rows=50), Counting(max_rows=100)]
    composite = CompositeOracle(oracles).fit(problem(180, 20), targets=[1])
    assert composite.share_ == 0.5
    composite.score(problem(seed=1), problem(1, 80, seed=2).of(1))
    assert sizes[:2] == [40, 80]
