"""Several oracles follow one training, and others judge it afterwards."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from gan_oversampler import GAN, DownstreamOracle, EnergyOracle, GANOversampler

X, Y = make_classification(120, 4, weights=[0.8], flip_y=0.1, random_state=3)
GANS = [GAN("guided", widths=(8,), batch_size=32, objective="f1"), GAN(base="border", widths=(8,))]
ORACLES = ["energy", "balanced_accuracy", DownstreamOracle(LogisticRegression())]


def _sampler(oracle, **options):
    options = {"gan": GANS, "max_steps": 30, "epoch_unit": 10, "patience": 2, "random_state": 5, **options}
    return GANOversampler(oracle=oracle, **options)


@pytest.fixture(scope="module")
def together():
    with _quiet():
        return _sampler(ORACLES).fit(X, Y)


def _quiet():
    """Whether a baseline is better is not what these tests are about."""
    return warnings.catch_warnings(action="ignore")


def _told(report):
    """A report without its clock."""
    return repr((report.choice, report.reason, report.entries, report.gains))  # NaN equals itself here


@pytest.mark.parametrize("number", range(len(ORACLES)))
def test_each_chooses_as_in_a_fit_of_its_own(together, number):
    with _quiet():
        alone = _sampler(ORACLES[number]).fit(X, Y)
    name = list(together.reports_)[number]
    assert _told(together.reports_[name]) == _told(alone.report_)
    drawn = together.sample(7, oracle=name, random_state=2)
    assert np.array_equal(drawn, alone.sample(7, random_state=2))


def test_the_first_one_samples(together):
    assert next(iter(together.reports_)) == "energy"
    assert together.report_ is together.reports_["energy"]
    assert np.array_equal(
        together.sample(5, random_state=0), together.sample(5, oracle="energy", random_state=0)
    )


def test_rescoring_gives_what_the_oracle_would_have_said(together):
    """With patience enough, an oracle that comes later sees what one that was there saw."""
    with _quiet():
        late = _sampler("energy", patience=99).fit(X, Y)
        present = _sampler(["energy", "balanced_accuracy"], patience=99).fit(X, Y)
        report = late.rescore("balanced_accuracy")
    assert _told(report) == _told(present.reports_["balanced_accuracy"])
    assert list(late.reports_) == ["energy", "balanced_accuracy"]
    assert np.array_equal(
        late.sample(6, oracle="balanced_accuracy", random_state=1),
        present.sample(6, oracle="balanced_accuracy", random_state=1),
    )


def test_rescoring_by_the_same_oracle_changes_nothing(together):
    with _quiet():
        sampler = _sampler("energy").fit(X, Y)
        before, drawn = _told(sampler.report_), sampler.sample(5, random_state=1)
        assert _told(sampler.rescore(EnergyOracle())) == before
    assert np.array_equal(sampler.sample(5, random_state=1), drawn)
    assert sampler.report_ is sampler.reports_["energy"]


def test_a_stored_sampler_can_be_rescored(together):
    with _quiet():
        stored = pickle.loads(pickle.dumps(together))
        assert _told(stored.rescore("f1")) == _told(together.rescore("f1"))


def test_a_function_judges_afterwards_in_the_users_container():
    frame = pd.DataFrame(X, columns=list("abcd"))
    seen = []

    def nearness(real, synthetic):
        seen.append((type(real), list(synthetic.columns)))
        return -abs(real["a"].mean() - synthetic["a"].mean())

    with _quiet():
        sampler = _sampler("energy", max_steps=10).fit(frame, Y)
        report = sampler.rescore(nearness)
    assert list(sampler.reports_) == ["energy", "nearness"]
    assert report.gains
    assert {columns for _, columns in ((t, tuple(c)) for t, c in seen)} == {tuple("abcd")}


@pytest.mark.parametrize(("first", "objective"), [("balanced_accuracy", "g_mean"), ("f1", "f1")])
def test_guided_gans_are_trained_for_the_first_oracle(first, objective):
    """The streams of a GAN are named after its parameters, so the same objective gives the same numbers."""
    scores = []
    for aim in ("auto", objective):
        gan = GAN("guided", widths=(8,), batch_size=32, objective=aim)
        with _quiet():
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
    assert sampler.report_ == first


@pytest.mark.parametrize(
    ("oracle", "message"),
    [
        ([None], "a scorer or a function"),
        ([], "must not be an empty list"),
        (["f1", "f1"], "must differ"),
        (["f1", "energie"], "energy"),
    ],
)
def test_lists_that_make_no_sense_are_refused(oracle, message):
    with pytest.raises(ValueError, match=message):
        _sampler(oracle).fit(X, Y)


def test_an_oracle_that_did_not_judge_cannot_be_asked(together):
    with pytest.raises(ValueError, match="Known are"):
        together.sample(3, oracle="frechet")


@pytest.mark.parametrize("options", [{"oracle": None}, {"oracle": "f1", "few": True}])
def test_without_candidates_there_is_nothing_to_rescore(options):
    y = Y.copy()
    if options.pop("few", False):
        y[np.flatnonzero(Y == 1)[5:]] = 0
    sampler = _sampler(**options, max_steps=10).fit(X, y)
    with pytest.raises(ValueError, match="no candidates"):
        sampler.rescore("f1")
