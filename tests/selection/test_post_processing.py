"""Rejection and policies: what they do to the sources of a choice, and what is said of them."""

import numpy as np
import pytest

from gan_oversampler import GAN, Policy, Rejection
from gan_oversampler._utils import standard_error
from gan_oversampler.sampling.policy_source import PolicySource
from gan_oversampler.sampling.rejection import RejectionSource
from gan_oversampler.sampling.sources import BaseSource, Drawn
from gan_oversampler.selection.candidate_sources import CrossFittedSources, base_sources
from gan_oversampler.selection.post_processing import apply_policy, reject
from tests.fits import (
    FIRST_COLUMN,
    NUMBER_OF_ROWS,
    STREAMS,
    Loss,
    evaluator_of,
    problem_of,
    table,
)

GAN_OF_TARGETS = GAN()


class Shifted:
    """Rows of another source, moved away."""

    def __init__(self, source, by=1.0):
        self.source, self.by = source, by

    def draw(self, code, n, streams):
        return Drawn(self.source.draw(code, n, streams).rows + np.float32(self.by), n)


def _evaluator(oracle=FIRST_COLUMN, sizes=(120, 60), n_folds=2):
    return evaluator_of(oracle, [GAN_OF_TARGETS], table(sizes), n_folds)


def _rejected(evaluator, rejection=None):
    """Sources of rows that lie away from the real ones, the same with rejection, and notes."""
    data, n_folds = evaluator.data, len(evaluator.folds)
    shifted = base_sources("smoothed_bootstrap", data, n_folds).each(lambda fold, source: Shifted(source))
    how = rejection or Rejection()
    return shifted, *reject(shifted, how, GAN_OF_TARGETS, data, {1: "rare"}, evaluator, STREAMS)


# --- rejection


def test_every_source_is_thinned_out_by_a_gate_of_its_own():
    evaluator = _evaluator()
    shifted, thinned, _ = _rejected(evaluator)
    assert isinstance(thinned.full, RejectionSource)
    assert thinned.full.source is shifted.full
    assert [source.source for source in thinned.by_fold] == list(shifted.by_fold)
    gates = [source.gates[1] for source in (thinned.full, *thinned.by_fold)]
    assert len({id(gate.critic) for gate in gates}) == 3
    for source, before in zip(
        (thinned.full, *thinned.by_fold), (shifted.full, *shifted.by_fold), strict=True
    ):
        moved, plain = (each.draw(1, 300, STREAMS).rows.mean() for each in (source, before))
        assert moved < plain - 0.2  # nearer to the real rows


def test_the_report_says_how_many_pass_and_what_the_oracle_says():
    evaluator = _evaluator()
    shifted, thinned, notes = _rejected(evaluator, Rejection("drs", gamma=50))
    passed, scores = notes
    rate = thinned.full.gates[1].acceptance.rate
    assert passed == (
        f"Rejection in class 'rare' (Rejection(gamma=50, method='drs')): {rate:.1%} of the proposals come"
        " through."
    )
    after, before = (evaluator.scores([s.by_fold], ["same"])[0] for s in (thinned, shifted))
    assert scores == (
        f"By the oracle: {after.mean():.4f} ± {standard_error(after):.4f} with rejection,"
        f" {before.mean():.4f} ± {standard_error(before):.4f} without."
    )


def test_scores_are_reported_in_the_oracles_own_unit():
    evaluator = _evaluator(Loss(lambda holdout, new: 5.0))
    _, _, notes = _rejected(evaluator)
    assert "By the oracle: 5.0000 ± 0.0000 with rejection, 5.0000 ± 0.0000 without." in notes


def test_scores_are_taken_at_the_ratio_of_the_evaluator():
    evaluator = _evaluator(NUMBER_OF_ROWS).at_ratio(0.75)
    (expected,) = {n for fold in evaluator.folds for n in fold.n_new.values()}
    _, _, notes = _rejected(evaluator)
    assert f"By the oracle: {expected:.4f} ± 0.0000 with rejection, {expected:.4f}" in notes[-1]


def test_a_critic_that_cannot_tell_rows_apart_rejects_nothing():
    class Real(BaseSource):
        """Draws what a held-out row might be."""

        def draw(self, code, n, streams):
            rows = streams.numpy("real", code).normal(size=(n, 2)) + 1.5
            return Drawn(rows.astype(np.float32), n)

    evaluator = _evaluator()
    sources = base_sources("bootstrap", evaluator.data, 2).each(lambda fold, s: Real(s.data, s.base))
    thinned, notes = reject(
        sources, Rejection(), GAN_OF_TARGETS, evaluator.data, {1: "rare"}, evaluator, STREAMS
    )
    assert notes[0] == (
        "Rejection in class 'rare' (Rejection()): the refitted critic cannot tell held-out real rows from new"
        " ones, so all stay as they are."
    )
    assert [source.gates for source in (thinned.full, *thinned.by_fold)] == [{}] * 3
    np.testing.assert_array_equal(
        thinned.full.draw(1, 9, STREAMS).rows, sources.full.draw(1, 9, STREAMS).rows
    )


def test_a_cap_that_will_be_reached_is_reported():
    _, _, notes = _rejected(_evaluator(), Rejection("drs", gamma=None, max_proposals=1))
    assert "which 'max_proposals' will stop: the best of the rejected fill up." in notes[0]


def test_small_classes_have_no_critic():
    rows = table((120, 60, 6))
    evaluator = evaluator_of(FIRST_COLUMN, [GAN_OF_TARGETS], rows)
    data = problem_of(rows, learned=[1]).training_data([GAN_OF_TARGETS])
    sources = base_sources("smoothed_bootstrap", data, 2)
    labels = {1: "rare", 2: "rarest"}
    thinned, notes = reject(sources, Rejection(), GAN_OF_TARGETS, data, labels, evaluator, STREAMS)
    assert "Class 'rarest' has too few rows for a critic: nothing is rejected there." in notes
    assert all(2 not in source.gates for source in (thinned.full, *thinned.by_fold))
    assert notes[0].startswith("Rejection in class 'rare'")
    assert evaluator.failures == []


def test_without_an_oracle_there_is_one_source_and_no_score():
    evaluator = _evaluator()
    sources = base_sources("smoothed_bootstrap", evaluator.data, 0).each(lambda fold, s: Shifted(s))
    thinned, notes = reject(sources, Rejection(), GAN_OF_TARGETS, evaluator.data, {1: "rare"}, None, STREAMS)
    assert thinned.by_fold == ()
    assert len(notes) == 1
    assert notes[0].startswith("Rejection in class 'rare'")


# --- policies


def test_a_policy_is_applied_to_every_source_with_the_rows_of_its_fold():
    evaluator = _evaluator()
    data, sources = evaluator.data, base_sources("star", evaluator.data, 2)
    policy = Policy(spread=0.5)
    applied, notes = apply_policy(sources, policy, data, None)
    assert notes == ["Rows are drawn under Policy(spread=0.5)."]
    assert applied == CrossFittedSources(
        PolicySource(sources.full, policy, data.full()),
        tuple(
            PolicySource(source, policy, data.fold(None, fold)) for fold, source in enumerate(sources.by_fold)
        ),
    )


@pytest.mark.parametrize(("ratio", "score"), [(1.0, "24.0000 ± 0.0000"), (0.5, "9.0000 ± 0.0000")])
def test_what_a_policy_brings_is_reported_at_the_ratio_of_the_evaluator(ratio, score):
    whole = _evaluator(NUMBER_OF_ROWS, sizes=(60, 12))
    sources = base_sources("star", whole.data, 2)
    _, notes = apply_policy(sources, Policy(spread=0.5), whole.data, whole.at_ratio(ratio))
    assert notes == [f"Rows are drawn under Policy(spread=0.5). By the oracle: {score}, {score} without."]


def test_scores_with_and_without_a_policy_are_reported_in_this_order():
    evaluator = _evaluator()
    sources = base_sources("star", evaluator.data, 2)
    policy = Policy(filter=0.5)
    applied, (note,) = apply_policy(sources, policy, evaluator.data, evaluator)
    under, without = (evaluator.scores([s.by_fold], ["same"])[0].mean() for s in (applied, sources))
    assert under > without  # the first column is larger far from the other class
    assert note.startswith(f"Rows are drawn under {policy}. By the oracle: {under:.4f} ± ")
    assert f", {without:.4f} ± " in note
