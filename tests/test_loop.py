"""The AutoGAN loop under scripted scores: no network, no clock."""

import itertools
import math
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.training.loop import Budget, Candidate, OracleTracker, Tracker, train

NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Weights:
    """All that the loop asks of a snapshot."""

    finite: bool = True


@dataclass
class Script:
    """A population that only takes notes; ``scores`` per specification and rung, the last one repeats.

    Weights in ``broken`` are not finite; specifications in ``untrained`` have nothing that pulls them.
    """

    scores: dict[int, list[float]]
    broken: set[tuple[int, int]] = field(default_factory=set)
    folds: tuple[int, ...] = (0, 1)
    untrained: frozenset[int] = frozenset()

    def __post_init__(self):
        self.active, self.rung, self.log = list(self.scores), 0, []

    def advance(self, n_steps):
        self.rung += 1
        self.log.append(("advance", n_steps))

    def candidates(self, step):
        return [
            Candidate(n, step, {f: Weights((n, self.rung) not in self.broken) for f in (*self.folds, None)})
            for n in self.active
        ]

    def score(self, candidates):
        for_now = {n: scores[min(self.rung, len(scores) - 1)] for n, scores in self.scores.items()}
        return [np.full(len(self.folds), for_now[c.specification]) for c in candidates]

    def save(self, specification):
        self.log.append(("save", specification, self.rung))

    def roll_back(self, specification):
        self.log.append(("rollback", specification, self.rung))

    def drop(self, specification):
        self.active.remove(specification)
        self.log.append(("drop", specification, self.rung))

    def breed(self, scores):
        pass

    def trains(self, specification):
        return specification not in self.untrained

    def said(self, word):
        return [entry[1:] for entry in self.log if entry[0] == word]


def _run(script, *, unit=10, patience=3, max_steps=1000, **options):
    follower = OracleTracker(script.score, patience)
    train(script, [follower], Budget(unit, patience, max_steps, **options))
    return follower.scored


def _verdicts(scored, specification=0):
    own = [s for s in scored if s.candidate.specification == specification]
    return [s.candidate.step for s in own], [s.improved for s in own], [s.failed for s in own]


def test_the_example_of_the_paper():
    script = Script({0: [1, 2, 1, 1, 3, 0, 0, 0, 9]})
    steps, improved, failed = _verdicts(_run(script))
    assert steps == [0, 10, 20, 30, 40, 50, 60, 70]
    assert improved == [True, True, False, False, True, False, False, False]
    assert failed == [0, 0, 1, 2, 0, 1, 2, 3]
    assert script.said("save") == [(0, 0), (0, 1), (0, 4)]
    assert script.said("drop") == [(0, 7)]
    assert not script.said("rollback")


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_training_stops_after_exactly_patience_failures(patience):
    steps, _, failed = _verdicts(_run(Script({0: [1.0, 0.0]}), patience=patience))
    assert steps == [10 * i for i in range(patience + 1)]
    assert failed[-1] == patience


@pytest.mark.parametrize("score", [1.0, 0.5, NAN, INF, -INF])
def test_ties_worse_scores_and_scores_that_are_no_numbers_are_failures(score):
    script = Script({0: [1.0, score]})
    _, improved, failed = _verdicts(_run(script, patience=2))
    assert improved == [True, False, False]
    assert failed == [0, 1, 2]
    assert script.said("save") == [(0, 0)]


def test_a_nan_does_not_stop_later_improvements():
    _, improved, _ = _verdicts(_run(Script({0: [NAN, 1.0, NAN, 2.0, 2.0]}), patience=2))
    assert improved == [False, True, False, True, False, False]


def test_a_score_that_is_nan_in_one_fold_is_a_failure():
    script = Script({0: [1.0]})
    follower = OracleTracker(lambda cs: [np.array([5.0, NAN]) for _ in cs], 2)
    train(script, [follower], Budget(10, 2, 100))
    assert [s.improved for s in follower.scored] == [False, False]


def test_weights_that_are_not_finite_roll_back_and_scores_only_fail():
    script = Script({0: [1.0, NAN, 2.0, 3.0, 0.0]}, broken={(0, 3)})
    _, improved, _ = _verdicts(_run(script))
    assert script.said("rollback") == [(0, 3)]
    assert improved[:4] == [True, False, True, False]  # 3.0 of broken weights does not count
    assert script.said("save") == [(0, 0), (0, 2)]


@pytest.mark.parametrize(
    ("unit", "max_steps", "steps"),
    [(10, 25, [0, 10, 20, 25]), (10, 20, [0, 10, 20]), (10, 7, [0, 7]), (10, 0, [0]), (1, 2, [0, 1, 2])],
)
def test_max_steps_ends_with_a_shorter_unit(unit, max_steps, steps):
    script = Script({0: list(range(100))})
    assert _verdicts(_run(script, unit=unit, max_steps=max_steps))[0] == steps
    assert [n for (n,) in script.said("advance")] == np.diff(steps).tolist()


def test_without_time_only_the_start_is_scored():
    script = Script({0: [1, 2, 3], 1: [0, 0, 0]})
    scored = _run(script, max_time=0)
    assert [s.candidate.step for s in scored] == [0, 0]
    assert not script.said("advance")


def test_each_specification_has_its_own_counter():
    script = Script({0: [3, 0], 1: [1, 2, 3, 0], 2: [0, 0, 1, 0]})
    scored = _run(script, patience=2)
    assert [_verdicts(scored, n)[2] for n in range(3)] == [[0, 1, 2], [0, 0, 0, 1, 2], [0, 1, 0, 1, 2]]
    assert script.said("drop") == [(0, 2), (1, 4), (2, 4)]
    assert script.active == []


def test_what_nothing_pulls_is_scored_once_and_dropped():
    script = Script({0: [1, 2, 3], 1: [1, 2, 0], 2: [NAN]}, untrained=frozenset({0, 2}))
    scored = _run(script, patience=1)
    assert [_verdicts(scored, n)[0] for n in range(3)] == [[0], [0, 10, 20], [0]]
    assert script.said("drop") == [(0, 0), (2, 0), (1, 2)]
    assert script.said("save") == [(0, 0), (1, 0), (1, 1)]


def test_where_nothing_is_pulled_nothing_is_trained():
    script = Script({0: [1], 1: [2]}, untrained=frozenset({0, 1}))
    assert [s.candidate.step for s in _run(script)] == [0, 0]
    assert script.active == []


SCORES = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN]), min_size=1, max_size=8)


@given(SCORES, st.lists(SCORES, max_size=3), st.integers(1, 3))
def test_a_trajectory_does_not_depend_on_others(own, others, patience):
    alone = _verdicts(_run(Script({0: own}), patience=patience, max_steps=60))
    crowd = Script({0: own, **dict(enumerate(others, 1))})
    assert _verdicts(_run(crowd, patience=patience, max_steps=60)) == alone


@given(SCORES, st.integers(1, 3))
def test_the_last_save_is_the_first_best_score(scores, patience):
    script = Script({0: scores})
    seen = [s.mean for s in _run(script, patience=patience, max_steps=70)]
    numbers = [s for s in seen if math.isfinite(s)]
    if numbers:
        assert script.said("save")[-1] == (0, seen.index(max(numbers)))
    else:
        assert not script.said("save")


def test_every_rung_is_told_when_it_is_scored():
    script, told = Script({0: [1, 0], 1: [1, 2, 0]}), []
    follower = OracleTracker(script.score, 1, told.append)
    train(script, [follower], Budget(5, 1, 100))
    scored = follower.scored
    assert [len(rung) for rung in told] == [2, 2, 1]
    assert list(itertools.chain(*told)) == scored
    assert [s.seconds for s in scored] == sorted(s.seconds for s in scored)


@given(st.lists(st.floats(-5, 5) | st.just(NAN), max_size=20), st.integers(1, 4))
def test_a_tracker_counts_failures_since_the_best(scores, patience):
    tracker, best, failed = Tracker(patience), -INF, 0
    for score in scores:
        improved = score > best
        best, failed = (score, 0) if improved else (best, failed + 1)
        assert tracker.observe(score) is improved
        assert (tracker.best, tracker.failed) == (best, failed)
        assert tracker.stopped is (failed >= patience)


@given(SCORES, st.lists(SCORES, min_size=1, max_size=3), st.integers(1, 3))
def test_a_trajectory_does_not_depend_on_other_trackers(own, others, patience):
    alone = _verdicts(_run(Script({0: own}), patience=patience, max_steps=60))
    crowd = [Script({0: scores}) for scores in (own, *others)]
    trackers = [OracleTracker(partial(_score_at, script), patience) for script in crowd]
    train(Script({0: [0.0]}), trackers, Budget(10, patience, 60))
    assert _verdicts(trackers[0].scored) == alone


def _score_at(script, candidates):
    script.rung = candidates[0].step // 10
    return script.score(candidates)


def test_a_specification_is_trained_until_its_last_follower_leaves():
    script, patient = Script({0: [1, 0]}), Script({0: [1, 2, 3, 0]})
    trackers = [OracleTracker(partial(_score_at, s), 1) for s in (script, patient)]
    train(script, trackers, Budget(10, 1, 1000))
    assert [[s.candidate.step for s in f.scored] for f in trackers] == [[0, 10], [0, 10, 20, 30]]
    assert script.said("drop") == [(0, 3)]


def test_only_what_may_be_kept_is_bred():
    script = Script({0: [3.0], 1: [2.0], 2: [1.0]}, broken={(0, 1)})
    bred = []
    script.breed = lambda scores: bred.append(sorted(scores))
    plain = script.candidates
    script.candidates = lambda step: [
        replace(c, noise=c.specification == 1 and not step) for c in plain(step)
    ]
    _run(script, patience=2, max_steps=10)
    assert bred == [[0, 2], [1, 2]]


def test_noise_sets_no_bar_and_no_step_is_a_failure_for_it():
    """A GAN that begins with noise is judged from its first trained rung on."""

    class Noisy(Script):
        def candidates(self, step):
            return [replace(candidate, noise=not step) for candidate in super().candidates(step)]

    script = Noisy({0: [9.0, 1.0, 2.0, 0.0, 0.0, 5.0]})
    follower = OracleTracker(script.score, 2)
    train(script, [follower], Budget(10, 2, 1000))
    assert [entry.improved for entry in follower.scored] == [False, True, True, False, False]
    assert follower.trackers[0].best == 2.0
