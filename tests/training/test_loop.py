"""The AutoGAN loop under scripted scores: failures in a row, rollbacks, budgets, several oracles."""

import itertools
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_oversampler.training.loop import Budget, Candidate, OracleTracker, Tracker, Watcher, train
from tests.scripts import INF, NAN, Script, Seconds, Weights, run, scored_by, trajectory

SCORES = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN]), min_size=1, max_size=8)


# --- failures in a row


def test_the_example_of_the_paper():
    script = Script({0: [1, 2, 1, 1, 3, 0, 0, 0, 9]})
    steps, improved, n_failed = trajectory(scored_by(script))
    assert steps == [0, 10, 20, 30, 40, 50, 60, 70]
    assert improved == [True, True, False, False, True, False, False, False]
    assert n_failed == [0, 0, 1, 2, 0, 1, 2, 3]
    assert script.noted("save") == [(0, 0), (0, 1), (0, 4)]
    assert script.noted("drop") == [(0, 7)]
    assert not script.noted("rollback")


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_training_stops_after_exactly_patience_failures(patience):
    steps, _, n_failed = trajectory(scored_by(Script({0: [1.0, 0.0]}), patience=patience))
    assert steps == [10 * i for i in range(patience + 1)]
    assert n_failed[-1] == patience


@pytest.mark.parametrize("score", [1.0, 0.5, NAN, INF, -INF])
def test_ties_worse_scores_and_scores_that_are_no_numbers_are_failures(score):
    script = Script({0: [1.0, score]})
    _, improved, n_failed = trajectory(scored_by(script, patience=2))
    assert improved == [True, False, False]
    assert n_failed == [0, 1, 2]
    assert script.noted("save") == [(0, 0)]


def test_a_nan_does_not_stop_later_improvements():
    _, improved, _ = trajectory(scored_by(Script({0: [NAN, 1.0, NAN, 2.0, 2.0]}), patience=2))
    assert improved == [False, True, False, True, False, False]


@pytest.mark.parametrize("utilities", [[5.0, NAN], []], ids=str)
def test_a_score_that_is_missing_in_some_fold_is_a_failure(utilities):
    tracker = OracleTracker(lambda candidates: [np.array(utilities) for _ in candidates], 2)
    run(Script({0: [1.0]}), [tracker], Budget(10, 2, 100))
    assert [s.improved for s in tracker.scored] == [False, False]
    assert all(math.isnan(s.mean) for s in tracker.scored)


@given(st.lists(st.floats(-5, 5) | st.just(NAN), max_size=20), st.integers(1, 4))
def test_a_tracker_counts_failures_since_the_best(scores, patience):
    tracker, best, n_failed = Tracker(patience), -INF, 0
    for score in scores:
        improved = score > best
        best, n_failed = (score, 0) if improved else (best, n_failed + 1)
        assert tracker.observe(score) is improved
        assert (tracker.best, tracker.n_failed) == (best, n_failed)
        assert tracker.stopped is (n_failed >= patience)


@given(SCORES, st.integers(1, 3))
def test_the_last_save_is_the_first_best_score(scores, patience):
    script = Script({0: scores})
    seen = [s.mean for s in scored_by(script, patience=patience, max_steps=70)]
    numbers = [s for s in seen if math.isfinite(s)]
    if numbers:
        assert script.noted("save")[-1] == (0, seen.index(max(numbers)))
    else:
        assert not script.noted("save")


# --- candidates


def test_candidates_are_finite_if_all_their_members_are():
    snapshots = {0: Weights(), None: Weights()}
    assert Candidate(0, 0, snapshots).is_finite
    assert not Candidate(0, 0, {**snapshots, 1: Weights(False)}).is_finite
    assert not Candidate(0, 0, snapshots, replicas=(Weights(False),)).is_finite


@pytest.mark.parametrize("is_finite", [False, True])
@pytest.mark.parametrize("is_collapsed", [False, True])
@pytest.mark.parametrize("is_noise", [False, True])
def test_only_sound_candidates_that_are_no_noise_may_be_kept(is_finite, is_collapsed, is_noise):
    candidate = Candidate(0, 0, {None: Weights(is_finite)}, is_collapsed=is_collapsed, is_noise=is_noise)
    assert candidate.is_sound is (is_finite and not is_collapsed)
    assert candidate.may_be_kept is (candidate.is_sound and not is_noise)


def test_new_rows_come_from_all_members_that_saw_all_rows():
    fold, first, second = Weights(), Weights(), Weights()
    assert Candidate(0, 0, {0: fold, None: first}, replicas=(second,)).samplers == (first, second)


def test_weights_that_are_not_finite_roll_back_and_scores_only_fail():
    script = Script({0: [1.0, NAN, 2.0, 3.0, 0.0]}, broken={(0, 3)})
    _, improved, _ = trajectory(scored_by(script))
    assert script.noted("rollback") == [(0, 3)]
    assert improved[:4] == [True, False, True, False]  # 3.0 of broken weights does not count
    assert script.noted("save") == [(0, 0), (0, 2)]


def test_collapsed_candidates_roll_back_in_spite_of_their_score_and_the_log_says_why():
    class Collapsing(Script):
        def candidates(self, step):
            return [replace(c, is_collapsed=step == 20) for c in super().candidates(step)]

    script = Collapsing({0: [1.0, 2.0, 9.0, 3.0]}, broken={(0, 4)})
    tracker = OracleTracker(script.score, 5)
    log = run(script, [tracker], Budget(10, 5, 40))
    assert [s.improved for s in tracker.scored] == [True, True, False, True, False]
    assert [event[:3] for event in log] == [(20, 0, "rollback"), (40, 0, "rollback")]
    assert "all alike" in log[0][3]
    assert "not finite" in log[1][3]
    assert all("at half the rates" in event[3] for event in log)


class Noisy(Script):
    """A population whose start is noise."""

    def candidates(self, step):
        return [replace(candidate, is_noise=not step) for candidate in super().candidates(step)]


def test_noise_is_scored_but_sets_no_bar_and_is_no_failure():
    script = Noisy({0: [9.0, 1.0, 2.0, 0.0, 0.0, 5.0]})
    tracker = OracleTracker(script.score, 2)
    run(script, [tracker], Budget(10, 2, 1000))
    _, improved, n_failed = trajectory(tracker.scored)
    assert improved == [False, True, True, False, False]
    assert n_failed == [0, 0, 0, 1, 2]
    assert tracker.scored[0].mean == 9.0
    assert tracker.trackers[0].best == 2.0
    assert script.noted("save") == [(0, 1), (0, 2)]


def test_with_a_patience_of_one_noise_is_trained_all_the_same():
    steps, _, _ = trajectory(scored_by(Noisy({0: [NAN, 1.0, 0.0]}), patience=1))
    assert steps == [0, 10, 20]


# --- budgets


@pytest.mark.parametrize(
    ("unit", "max_steps", "steps"),
    [(10, 25, [0, 10, 20, 25]), (10, 20, [0, 10, 20]), (10, 7, [0, 7]), (10, 0, [0]), (1, 2, [0, 1, 2])],
)
def test_max_steps_ends_with_a_shorter_unit(unit, max_steps, steps):
    script = Script({0: list(range(100))})
    assert trajectory(scored_by(script, unit=unit, max_steps=max_steps))[0] == steps
    assert [n for (n,) in script.noted("advance")] == np.diff(steps).tolist()


@pytest.mark.parametrize(
    ("step", "seconds", "n_steps"),
    [(0, 0.0, 10), (20, 0.0, 5), (25, 0.0, 10), (35, 0.0, 2), (37, 0.0, 0), (0, 7.9, 10), (0, 8.0, 0)],
)
def test_a_unit_ends_where_a_budget_does_and_none_begins_when_time_is_up(step, seconds, n_steps):
    budget = Budget(10, 3, max_steps=25, max_time=8.0, growth=0.5)
    assert budget.last_step == 37
    assert budget.next_unit(step, seconds) == n_steps


def test_without_time_only_the_start_is_scored():
    script = Script({0: [1, 2, 3], 1: [0, 0, 0]})
    scored = scored_by(script, max_time=0)
    assert [s.candidate.step for s in scored] == [0, 0]
    assert not script.noted("advance")


@pytest.mark.parametrize(
    ("max_time", "expected"), [(1, [0]), (5, [0, 4]), (13, [0, 10]), (14, [0, 10, 11]), (15, [0, 10, 12])]
)
def test_time_ends_training_between_two_steps(max_time, expected):
    """The clock is asked once per scored candidate, per unit and per step, and goes on by a second each."""
    steps, _, _ = trajectory(scored_by(Script({0: list(range(100))}), max_time=max_time))
    assert steps == expected


class Watching(Watcher):
    """Takes notes, and ends the training at a step."""

    def __init__(self, last_step=None, after=0.0):
        self.last_step, self.after, self.calls = last_step, after, []

    def round_begins(self):
        self.calls.append("begin")

    def step_ends(self, step):
        self.calls.append(step)

    def round_ends(self, step):
        self.calls.append("end")
        return step == self.last_step

    def seconds_after(self):
        return self.after


def _watched(script, watcher, **budget):
    tracker = OracleTracker(script.score, 9)
    train(script, [tracker], Budget(2, 9, **{"max_steps": 5, **budget}), Seconds(), watcher=watcher)
    return [s.candidate.step for s in tracker.scored]


def test_a_watcher_sees_rounds_and_steps():
    watcher = Watching()
    assert _watched(Script({0: [0.0]}), watcher) == [0, 2, 4, 5]
    assert watcher.calls == ["begin", "end", "begin", 1, 2, "end", "begin", 3, 4, "end", "begin", 5, "end"]


def test_a_watcher_ends_the_training_of_all():
    script = Script({0: [0.0], 1: [0.0]})
    assert _watched(script, Watching(last_step=2)) == [0, 0, 2, 2]
    assert script.noted("advance") == [(2,)]


def test_a_training_that_has_begun_goes_on_after_its_last_round():
    script, watcher = Script({0: [0.0]}), Watching()
    tracker = OracleTracker(script.score, 9)
    train(script, [tracker], Budget(2, 9, 5), Seconds(), watcher=watcher, begun=4)
    assert [s.candidate.step for s in tracker.scored] == [5]
    assert watcher.calls == ["begin", "end", "begin", 5, "end"]
    train(script, [tracker], Budget(2, 9, 5), Seconds(), begun=5)
    assert len(tracker.scored) == 1


def test_no_round_begins_when_nothing_is_left_to_train():
    watcher = Watching()
    assert _watched(Script({0: [0.0]}, untrained=frozenset({0})), watcher) == [0]
    assert watcher.calls == ["begin", "end"]


def test_seconds_that_are_needed_afterwards_are_part_of_the_time():
    script = Script({0: [0.0]})
    assert _watched(script, Watching(after=90.0), max_steps=99, max_time=97.0) == [0, 2, 4]
    assert _watched(Script({0: [0.0]}), Watching(after=97.0), max_time=97.0) == [0]


@given(st.integers(1, 9), st.integers(0, 30), st.floats(0, 2))
def test_there_are_at_most_as_many_rounds_as_a_budget_says(unit, max_steps, growth):
    budget = Budget(unit, 99, max_steps, growth=growth)
    tracker = OracleTracker(lambda cs: [np.array([float(c.step)]) for c in cs], 99)
    run(Script({0: [0.0]}), [tracker], budget)
    assert len(tracker.scored) == budget.max_rounds


def _growing(script, *, unit=10, patience=9, max_steps=30, **options):
    """Steps scored of the first specification, and what was logged."""
    tracker = OracleTracker(script.score, patience)
    log = run(script, [tracker], Budget(unit, patience, max_steps, **options))
    return trajectory(tracker.scored)[0], log


def test_a_budget_grows_while_scores_improve():
    steps, log = _growing(Script({0: [1, 2, 3, 4, 5, 6, 6]}), growth=2.0)
    assert steps == [0, 10, 20, 30, 40, 50, 60]
    assert [event[:3] for event in log] == [(30, 0, "growth"), (40, 0, "growth"), (50, 0, "growth")]


@pytest.mark.parametrize(("growth", "last"), [(0.0, 30), (0.3, 39), (1.0, 60)])
def test_a_budget_grows_to_its_bound(growth, last):
    steps, _ = _growing(Script({0: list(range(100))}), growth=growth)
    assert steps == sorted({*range(0, last, 10), last})


def test_a_budget_that_does_not_grow_logs_nothing():
    assert _growing(Script({0: list(range(100))}))[1] == []


def test_only_what_improved_last_goes_on():
    script = Script({0: [1, 2, 3, 2, 9, 9], 1: [1, 1, 1, 2, 3, 0]})
    steps, log = _growing(script, growth=1.0)
    assert steps == [0, 10, 20, 30]
    assert script.noted("drop")[0] == (0, 3)
    assert [event[:2] for event in log] == [(30, 1), (40, 1)]


def test_a_budget_grows_for_each_oracle_alone():
    rising = OracleTracker(lambda cs: [np.array([float(c.step)]) for c in cs], 9)
    falling = OracleTracker(lambda cs: [np.array([-float(c.step)]) for c in cs], 9)
    run(Script({0: [0.0]}), [falling, rising], Budget(10, 9, 20, growth=1.0))
    assert [s.candidate.step for s in falling.scored] == [0, 10, 20]
    assert [s.candidate.step for s in rising.scored] == [0, 10, 20, 30, 40]


# --- specifications do not know each other


def test_each_specification_has_its_own_counter():
    script = Script({0: [3, 0], 1: [1, 2, 3, 0], 2: [0, 0, 1, 0]})
    scored = scored_by(script, patience=2)
    assert [trajectory(scored, n)[2] for n in range(3)] == [[0, 1, 2], [0, 0, 0, 1, 2], [0, 1, 0, 1, 2]]
    assert script.noted("drop") == [(0, 2), (1, 4), (2, 4)]
    assert script.active == []


def test_what_has_no_loss_term_is_scored_once_and_dropped():
    script = Script({0: [1, 2, 3], 1: [1, 2, 0], 2: [NAN]}, untrained=frozenset({0, 2}))
    scored = scored_by(script, patience=1)
    assert [trajectory(scored, n)[0] for n in range(3)] == [[0], [0, 10, 20], [0]]
    assert script.noted("drop") == [(0, 0), (2, 0), (1, 2)]
    assert script.noted("save") == [(0, 0), (1, 0), (1, 1)]


@given(SCORES, st.lists(SCORES, max_size=3), st.integers(1, 3))
def test_a_trajectory_does_not_depend_on_others(own, others, patience):
    alone = trajectory(scored_by(Script({0: own}), patience=patience, max_steps=60))
    crowd = Script({0: own, **dict(enumerate(others, 1))})
    assert trajectory(scored_by(crowd, patience=patience, max_steps=60)) == alone


# --- several oracles


def _score_at(script, candidates):
    script.round = candidates[0].step // 10
    return script.score(candidates)


@given(SCORES, st.lists(SCORES, min_size=1, max_size=3), st.integers(1, 3))
def test_a_trajectory_does_not_depend_on_other_oracles(own, others, patience):
    alone = trajectory(scored_by(Script({0: own}), patience=patience, max_steps=60))
    crowd = [Script({0: scores}) for scores in (own, *others)]
    trackers = [OracleTracker(partial(_score_at, script), patience) for script in crowd]
    run(Script({0: [0.0]}), trackers, Budget(10, patience, 60))
    assert trajectory(trackers[0].scored) == alone


def test_a_specification_is_trained_until_no_oracle_tracks_it():
    script, patient = Script({0: [1, 0]}), Script({0: [1, 2, 3, 0]})
    trackers = [OracleTracker(partial(_score_at, s), 1) for s in (script, patient)]
    run(script, trackers, Budget(10, 1, 1000))
    assert [trajectory(tracker.scored)[0] for tracker in trackers] == [[0, 10], [0, 10, 20, 30]]
    assert script.noted("drop") == [(0, 3)]


def test_listeners_get_every_round_when_it_is_scored():
    script, heard = Script({0: [1, 0], 1: [1, 2, 0]}), []
    tracker = OracleTracker(script.score, 1, heard.append)
    run(script, [tracker], Budget(5, 1, 100))
    assert [len(scored) for scored in heard] == [2, 2, 1]
    assert list(itertools.chain(*heard)) == tracker.scored
    assert [s.seconds for s in tracker.scored] == sorted({s.seconds for s in tracker.scored})


def test_an_oracle_is_not_asked_about_what_it_tracks_no_longer():
    asked = []

    def score(candidates):
        asked.append([c.specification for c in candidates])
        return [np.array([float(c.specification * c.step)]) for c in candidates]

    tracker = OracleTracker(score, 1)
    budget, start = Budget(10, 1, 100), {None: Weights()}
    for step in (0, 10):
        tracker.evaluate([Candidate(n, step, start) for n in (0, 1)], budget, lambda: 0.0)
    assert tracker.evaluate([Candidate(0, 20, start)], budget, lambda: 0.0) == []
    tracker.evaluate([Candidate(n, 20, start) for n in (0, 1)], budget, lambda: 0.0)
    assert asked == [[0, 1], [0, 1], [1]]
    assert tracker.has_left(0)
    assert not tracker.has_left(1)
