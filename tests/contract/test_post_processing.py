"""Rejection and policies: rows change, counts do not, and the report says what happened."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from gan_oversampler import GAN, EnergyOracle, Policy, Rejection
from gan_oversampler.gans.parts import Generator
from gan_oversampler.sampling.acceptance import ACCEPTANCE_RULES
from tests.samplers import UNTRAINED, quick
from tests.tables import mixed, numbers


def _sampler(rejection, **changes):
    options = {
        "gan": GAN("classic", batch_size=32, generator=Generator(widths=(8,))),
        "oracle": "energy",
        "max_steps": 6,
        **changes,
    }
    return quick(rejection=rejection, epoch_unit=3, **options)


# --- rejection


@pytest.mark.parametrize("method", sorted(ACCEPTANCE_RULES))
def test_a_sampler_rejects_and_repeats_itself(method):
    X, y = numbers()
    results = [_sampler(method).fit_resample(X, y) for _ in range(2)]
    np.testing.assert_array_equal(results[0][0], results[1][0])
    plain, _ = _sampler(None).fit_resample(X, y)
    assert results[0][0].shape == plain.shape
    np.testing.assert_array_equal(results[0][0][: len(X)], X)
    assert not np.array_equal(results[0][0], plain)


def test_a_report_says_how_many_pass_and_what_the_oracle_says():
    X, y = numbers()
    report = _sampler(Rejection("drs", gamma=50), baselines=()).fit(X, y).report_
    first, second = report.notes
    assert first.startswith("Rejection in class 1 (Rejection(gamma=50, method='drs')): ")
    assert "% of the proposals come through" in first
    assert second.startswith("By the oracle: ")
    assert report.parameters["rejection"].changed
    assert "rejection" in report.seconds
    assert "rejection" not in _sampler(None).fit(X, y).report_.seconds


def test_held_out_evidence_shows_rows_after_rejection():
    X, y = numbers()
    facts = [_sampler(rejection).fit(X, y).report_.to_dict() for rejection in (None, True)]
    assert facts[0]["entries"] == facts[1]["entries"]
    assert facts[0]["evidence"] != facts[1]["evidence"]


def test_a_cap_that_is_reached_is_warned_of_where_rows_are_drawn():
    X, y = mixed()
    sampler = _sampler(Rejection("drs", gamma=None, max_proposals=1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, labels = sampler.fit_resample(X, y)
    (warning,) = [w for w in caught if "Rejection reached 'max_proposals'" in str(w.message)]
    assert warning.filename == __file__
    assert "'rare'" in str(warning.message)
    assert "'rarest'" in str(warning.message)
    assert labels.value_counts().tolist() == [70, 70, 70]
    notes = sampler.report_.notes
    with pytest.warns(UserWarning, match="Rejection reached 'max_proposals'") as caught:
        assert len(sampler.sample(30, y="rare")) == 30
    assert caught[0].filename == __file__
    assert sampler.report_.notes is notes
    assert not any("Rejection reached" in note for note in notes)


def test_without_an_oracle_the_rows_of_the_last_generator_are_rejected():
    X, y = numbers()
    sampler = _sampler(True, oracle=None).fit(X, y)
    assert sampler.report_.notes[0].startswith("Rejection in class 1")
    assert sampler.sample(11).shape == (11, 4)


def test_classes_and_sources_without_a_critic_are_named():
    X, y = numbers(minority=24)
    few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:6]]
    sampler = _sampler(True).fit(X[few], y[few])
    assert "Nothing is rejected" in sampler.report_.notes[-1]
    labels = np.r_[np.zeros(66, int), np.ones(19, int), np.full(5, 2)]
    sampler = _sampler(True).fit(X, labels)
    assert any(note.startswith("Class 2 has too few rows for a critic") for note in sampler.report_.notes)
    assert sampler.sample(6, y=2).shape == (6, 4)


def test_a_sampler_that_rejects_is_stored_and_rescored():
    X, y = numbers()
    sampler = _sampler(True, keep_candidates=True).fit(X, y)
    copy = pickle.loads(pickle.dumps(sampler))
    np.testing.assert_array_equal(copy.sample(9, random_state=0), sampler.sample(9, random_state=0))
    report = copy.rescore("mmd")
    assert any(note.startswith("Rejection in class 1") for note in report.notes)
    same = copy.rescore(EnergyOracle())
    assert same.notes == sampler.report_.notes
    assert copy.sample(4, oracle="mmd").shape == (4, 4)


# --- policies


@pytest.mark.parametrize("policy", [Policy(spread=0.5), Policy(border=1.0, filter=0.25), "oracle"], ids=str)
def test_a_policy_keeps_the_counts_and_is_reported(policy):
    X, y = numbers()
    sampler = quick(gan=UNTRAINED, policy=policy, keep_candidates=True)
    rows, labels = sampler.fit_resample(X, y)
    assert np.bincount(labels).tolist() == [66, 66]
    start = "Of 6 ways to draw" if policy == "oracle" else "Rows are drawn under"
    (note,) = [note for note in sampler.report_.notes if note.startswith(start)]
    assert note.count("±") == 2
    again, _ = clone(sampler).fit_resample(X, y)
    np.testing.assert_array_equal(rows, again)
    stored = pickle.loads(pickle.dumps(sampler))
    np.testing.assert_array_equal(*(each.sample(5, y=1, random_state=1) for each in (stored, sampler)))
    assert any(note.startswith(start) for note in sampler.rescore("energy").notes)


def test_a_policy_changes_what_is_drawn():
    X, y = numbers()
    real = NearestNeighbors(n_neighbors=1).fit(X[y == 1])
    copies, plain = (quick(gan=UNTRAINED, policy=p).fit(X, y).sample(20) for p in (Policy(spread=0.0), None))
    assert real.kneighbors(copies)[0].max() < 0.02  # copies are moved by a step of their grid
    assert real.kneighbors(plain)[0].max() > 0.1


def test_policies_work_on_all_kinds_of_columns_after_rejection_and_without_an_oracle():
    X, y = mixed()
    policy = Policy(spread=0.75, border=1.0, filter=0.2)
    sampler = quick(policy=policy, rejection=True, oracle=None, max_steps=5)
    rows, labels = sampler.fit_resample(X, y)
    assert labels.value_counts().to_dict() == {"common": 70, "rare": 70, "rarest": 70}
    assert (rows.dtypes == X.dtypes).all()
    assert sampler.report_.notes[-1] == f"Rows are drawn under {policy}."


def test_a_policy_that_nothing_follows_is_reported():
    X, y = numbers(40, 5)
    report = quick(policy=Policy(filter=0.5)).fit(X, y).report_
    assert "The policy is not applied" in report.notes[-1]
