"""Doing nothing is an outcome: the table as it was, its report, and rows for those who ask all the same."""

import json

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import Oracle
from tests.samplers import quick, scripted
from tests.tables import mixed, numbers


class FewRows(Oracle):
    """The fewer new rows, the better; none are best."""

    def score(self, holdout, synthetic):
        return -float(len(synthetic))


def _unchanged(sampler, X, y):
    X_new, y_new = sampler.fit_resample(X, y)
    if isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(X_new, X)
    else:
        np.testing.assert_array_equal(X_new, X)
    np.testing.assert_array_equal(np.asarray(y_new), np.asarray(y))
    assert not sampler.is_synthetic_.any()
    assert len(sampler.is_synthetic_) == len(y)
    assert set(sampler.sampling_strategy_.values()) == {0}


@pytest.mark.parametrize("make", [numbers, mixed])
def test_a_better_baseline_without_rows_gives_the_table_back(make):
    X, y = make()
    sampler = scripted(9, 5, 5, 5, baselines=("none",), fallback="baseline")
    with pytest.warns(UserWarning, match=r"'none' scores higher .* The table stays as it is"):
        _unchanged(sampler, X, y)
    report = sampler.report_
    assert (report.choice, sampler.fallback_) == ("no new rows", "none")
    assert [entry.name for entry in report.entries if entry.kept] == ["none"]
    assert (report.advised, report.advice in str(report)) == ("none", True)
    label = next(iter(sampler.sampling_strategy_))
    assert sampler.sample(3, y=label, random_state=0).shape == (3, X.shape[1])


def test_the_oracle_may_choose_to_add_no_rows():
    X, y = numbers()
    sampler = quick(oracle=FewRows(), baselines=(), sampling_strategy="oracle", rejection=True)
    _unchanged(sampler, X, y)
    assert sampler.report_.choice == "no new rows"
    assert sampler.fallback_ is None
    assert "chose no new rows" in sampler.report_.notes[0]
    assert sampler.report_.draw_options.loc[lambda f: f["kept"], "ratio"].tolist() == [0]
    assert sampler.sample(2).shape == (2, 4)


def test_alternatives_are_scored_by_oracles_that_fit_classifiers_and_left_out_by_others():
    names = ("none", "class_weight", "threshold", "smote")
    sampler = quick(oracle=["downstream", "energy"], baselines=names, max_steps=0).fit(*numbers())
    found = {
        name: [entry.name for entry in report.entries if entry.step is None]
        for name, report in sampler.reports_.items()
    }
    assert found == {"downstream": list(names), "energy": ["none", "smote"]}
    assert set(sampler.report_.gains) == set(names)


def test_every_report_of_an_oracle_advises():
    sampler = quick(oracle=["downstream", "energy"], max_steps=0).fit(*numbers())
    report, energy = sampler.reports_.values()
    assert report.advised in {"resample", "class_weight", "threshold", "none"}
    assert f"Advice: {report.advice}" in str(report)
    assert "<dt>Advice</dt>" in report.to_html()
    facts = json.loads(json.dumps(report.to_dict()))
    assert (facts["advice"], facts["advised"]) == (report.advice, report.advised)
    assert facts["ranking"]["mean"] == report.ranking.mean
    assert facts["ranking"]["standard_error"] == report.ranking.standard_error
    assert energy.advised == ""
    assert energy.advice.startswith("The oracle did not score classifiers without new rows")
    assert energy.ranking is None


def test_without_an_oracle_there_is_no_advice():
    report = quick(oracle=None, max_steps=0).fit(*numbers()).report_
    assert (report.advice, report.advised, report.ranking) == ("", "", None)
    assert "Advice" not in str(report)
