"""Several oracles track one training, and others score it afterwards."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from gan_oversampler import GAN, DownstreamOracle, EnergyOracle, GANOversampler
from gan_oversampler.gans.parts import Generator

X, Y = make_classification(120, 4, weights=[0.8], flip_y=0.1, random_state=3)
GANS = [
    GAN("guided", batch_size=32, objective="f1", generator=Generator(widths=(8,))),
    GAN(base="border", generator=Generator(widths=(8,))),
]
ORACLES = ["energy", "balanced_accuracy", DownstreamOracle(LogisticRegression())]


def _sampler(oracle, **changes):
    options = {"gan": GANS, "max_steps": 30, "epoch_unit": 10, "random_state": 5, "keep_candidates": True}
    return GANOversampler(oracle=oracle, **{**options, **changes})


@pytest.fixture(scope="module")
def together():
    with warnings.catch_warnings(action="ignore"):  # whether a baseline is better is no matter here
        return _sampler(ORACLES).fit(X, Y)


def _without_seconds(report):
    """A report without its seconds."""
    return repr((report.choice, report.reason, report.entries, report.gains))  # NaN equals itself here


@pytest.mark.parametrize("number", range(len(ORACLES)))
def test_each_chooses_as_in_a_fit_of_its_own(together, number):
    alone = _sampler(ORACLES[number]).fit(X, Y)
    name = list(together.reports_)[number]
    assert _without_seconds(together.reports_[name]) == _without_seconds(alone.report_)
    drawn = together.sample(7, oracle=name, random_state=2)
    assert np.array_equal(drawn, alone.sample(7, random_state=2))


def test_the_first_one_samples(together):
    assert next(iter(together.reports_)) == "energy"
    assert together.report_ is together.reports_["energy"]
    drawn = [together.sample(5, oracle=name, random_state=0) for name in (None, "energy")]
    assert np.array_equal(*drawn)


def test_rescoring_gives_what_the_oracle_would_have_said():
    """With patience enough, an oracle that comes later sees what one that was there saw."""
    late = _sampler("energy", patience=99).fit(X, Y)
    present = _sampler(["energy", "balanced_accuracy"], patience=99).fit(X, Y)
    report = late.rescore("balanced_accuracy")
    assert _without_seconds(report) == _without_seconds(present.reports_["balanced_accuracy"])
    assert list(late.reports_) == ["energy", "balanced_accuracy"]
    drawn = [each.sample(6, oracle="balanced_accuracy", random_state=1) for each in (late, present)]
    assert np.array_equal(*drawn)


def test_rescoring_by_the_same_oracle_changes_nothing():
    sampler = _sampler("energy", patience=99).fit(X, Y)
    before, drawn = _without_seconds(sampler.report_), sampler.sample(5, random_state=1)
    assert _without_seconds(sampler.rescore(EnergyOracle())) == before
    assert np.array_equal(sampler.sample(5, random_state=1), drawn)
    assert sampler.report_ is sampler.reports_["energy"]


def test_a_stored_sampler_can_be_rescored(together):
    stored, here = (pickle.loads(pickle.dumps(together)) for _ in range(2))
    assert _without_seconds(stored.rescore("f1")) == _without_seconds(here.rescore("f1"))
    drawn = [each.sample(5, oracle="f1", random_state=0) for each in (stored, here)]
    assert np.array_equal(*drawn)


def test_a_function_scores_afterwards_in_the_users_container():
    frame = pd.DataFrame(X, columns=list("abcd"))
    seen = []

    def nearness(real, synthetic):
        seen.append((type(real), tuple(real.columns), tuple(synthetic.columns)))
        return -abs(real["a"].mean() - synthetic["a"].mean())

    sampler = _sampler("energy", max_steps=10).fit(frame, Y)
    report = sampler.rescore(nearness)
    assert list(sampler.reports_) == ["energy", "nearness"]
    assert report.gains
    assert set(seen) == {(pd.DataFrame, tuple("abcd"), tuple("abcd"))}


@pytest.mark.parametrize(("first", "objective"), [("balanced_accuracy", "g_mean"), ("f1", "f1")])
def test_guided_gans_are_trained_for_the_first_oracle(first, objective):
    """The streams of a GAN are named after its parameters, so the same objective gives the same numbers."""
    scores = []
    for given in ("auto", objective):
        gan = GAN("guided", batch_size=32, objective=given, generator=Generator(widths=(8,)))
        scores.append(_sampler([first, "energy"], gan=gan, max_steps=10).fit(X, Y).report_.entries)
    assert scores[0] == scores[1]


def test_functions_of_one_name_are_numbered():
    spread, middle = (lambda real, new: float(new.std())), (lambda real, new: -float(abs(new.mean())))
    sampler = _sampler([spread, middle], max_steps=10).fit(X, Y)
    assert list(sampler.reports_) == ["<lambda>", "<lambda> 2"]
    first = sampler.report_
    sampler.rescore(lambda real, new: 0.0)
    assert list(sampler.reports_) == ["<lambda>", "<lambda> 2", "<lambda> 3"]
    assert sampler.report_ is sampler.reports_["<lambda>"]
    assert sampler.report_ is first


@pytest.mark.parametrize("wrong", ["frechet", "energie"])
def test_an_oracle_that_did_not_score_cannot_sample(together, wrong):
    with pytest.raises(ValueError, match=f"Unknown oracle '{wrong}'.*Known are"):
        together.sample(3, oracle=wrong)


@pytest.mark.parametrize(
    "changes", [{"oracle": None}, {"oracle": "f1"}, {"oracle": "f1", "keep_candidates": False}]
)
def test_what_was_not_kept_cannot_be_rescored(changes):
    y = Y.copy()
    if changes.get("keep_candidates", True) and changes["oracle"]:
        y[np.flatnonzero(Y == 1)[5:]] = 0  # too few to learn from
    sampler = _sampler(**changes, max_steps=10).fit(X, y)
    before = dict(sampler.reports_)
    with pytest.raises(ValueError, match=r"no candidates.*Fit with keep_candidates=True"):
        sampler.rescore("energy")
    assert sampler.reports_ == before


@pytest.mark.parametrize(
    ("wrong", "message"), [("energie", "Did you mean 'energy'"), (None, "a scorer or a function")]
)
def test_only_oracles_can_rescore(together, wrong, message):
    with pytest.raises(ValueError, match=message):
        together.rescore(wrong)
