"""A search as users meet it: within a sampler, alone, killed, and with bad input."""

import json
import sys

import numpy as np
import optuna
import pytest
from imblearn.pipeline import make_pipeline
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from gan_oversampler import GAN, GANOversampler, Oracle, Search, SearchDisplay, SearchSpace, load
from gan_oversampler.gans.parts import Generator
from gan_oversampler.persistence.classes import OF_SEARCH
from tests.samplers import quick
from tests.tables import numbers

SPACE = SearchSpace({"latent": (2, 4, 8), "generator rate": (0.0002, 0.001, 0.01), "fidelity": (0.0, 0.1)})


def search(**changes):
    return Search(**{"strategy": "random", "space": SPACE, "n_trials": 5, "batch": 2, **changes})


def searched(X, y, sampler=None, **changes):
    return search(**changes).fit(X, y, sampler=sampler or quick())


@pytest.fixture(scope="module")
def fitted():
    return searched(*numbers())


def test_the_first_trial_is_the_samplers_own_gan(fitted):
    first = fitted.trials_.iloc[0]
    assert (first["latent"], first["state"]) == (8, "complete")


def test_the_best_trial_is_kept_with_its_scores(fitted):
    trials = fitted.trials_
    assert len(trials) == 5
    assert fitted.best_score_ == trials["score"].max()
    best = trials.loc[trials["score"].idxmax()]
    assert fitted.best_gan_.generator.latent == best["latent"]
    np.testing.assert_allclose(np.mean(best["by_fold"]), best["score"])


def test_the_held_out_score_is_told_beside_the_searched_one(fitted):
    facts = fitted.facts_
    assert np.isfinite(fitted.heldout_score_)
    np.testing.assert_allclose(facts.gain.mean, facts.heldout[0] - facts.heldout[1])
    text = str(fitted.sampler_.report_)
    assert "On rows that the search did not see" in text
    assert f"{fitted.best_score_:.4f}" in text


def test_without_held_out_rows_only_the_searched_score_is_told():
    found = searched(*numbers(), holdout=None)
    assert np.isnan(found.heldout_score_)
    assert found.facts_.gain is None
    assert "so too good" in str(found.facts_)


def test_equal_searches_find_the_same_and_the_sampler_draws_the_same_rows():
    X, y = numbers()
    first, second = (quick(search=search()).fit_resample(X, y)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_searched_gan_can_be_used_on_another_table_without_a_search(fitted):
    X, y = numbers(columns=7)
    gan = GAN.from_json(fitted.best_gan_.to_json())
    resampled, _ = quick(gan=gan).fit_resample(X, y)
    assert resampled.shape[1] == 7


def test_an_equal_gan_is_not_trained_twice():
    space = SearchSpace({"latent": (2, 4)})
    trials = searched(*numbers(), space=space, n_trials=6).trials_
    again = trials[trials["same_as"].notna()]
    assert len(again) >= 3
    for _, trial in again.iterrows():
        assert trial["score"] == trials["score"][int(trial["same_as"])]


def test_a_search_goes_on_in_its_storage(tmp_path):
    X, y = numbers()
    whole = searched(X, y).trials_
    searched(X, y, n_trials=3, storage=tmp_path / "trials.log")
    rest = searched(X, y, storage=tmp_path / "trials.log").trials_
    columns = ["number", "score", "step", "latent", "generator rate", "fidelity"]
    assert rest[columns].equals(whole[columns])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategy": "tpee"}, "Unknown strategy 'tpee'. Did you mean 'tpe'"),
        ({"n_trials": 0}, "'n_trials'"),
        ({"storage": "/nonexistent/folder/trials.log"}, "cannot be reached"),
        ({"space": SearchSpace({"loss": ("no such",)})}, "'no such' of 'loss' is not possible"),
        ({"holdout": 0.9}, "'holdout'"),
    ],
    ids=str,
)
def test_what_cannot_be_searched_is_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        searched(*numbers(), **changes)


def test_a_search_needs_an_oracle():
    with pytest.raises(ValueError, match="'search' needs an oracle"):
        searched(*numbers(), sampler=quick(oracle=None))


def test_a_storage_of_another_table_or_seed_is_refused(tmp_path):
    X, y = numbers()
    storage = tmp_path / "trials.log"
    searched(X, y, n_trials=2, storage=storage, study_name="mine")
    for other, sampler in ((np.exp(X), None), (X, quick(random_state=1))):
        with pytest.raises(ValueError, match=r"has another (table|random_state): its"):
            searched(other, y, sampler, n_trials=2, storage=storage, study_name="mine")


def test_the_report_of_a_search_can_be_saved_shown_and_written(tmp_path, fitted):
    sampler = fitted.sampler_
    sampler.save(tmp_path / "sampler")
    copy = load(tmp_path / "sampler")
    assert repr(copy.search) == repr(sampler.search)
    assert set(OF_SEARCH) == set(Search().get_params())
    assert copy.report_.search.to_frame().equals(fitted.trials_)
    json.dumps(sampler.report_.to_dict(), allow_nan=False)
    html = sampler.report_.to_html()
    assert 'aria-label="Best trials"' in html
    assert "Search" not in quick().fit(*numbers()).report_.to_html().partition("Parameters")[0]


def test_trials_that_no_other_beats_are_the_front(fitted):
    front, trials = fitted.pareto_front(), fitted.trials_
    assert trials["score"].idxmax() in front.index
    others = trials.drop(front.index)
    others = others[others["same_as"].isna()]
    for _, one in others.iterrows():
        beats = (front["score"] >= one["score"]) & (front["seconds"] <= one["seconds"])
        assert (beats & (front["n_parameters"] <= one["n_parameters"])).any()
    for _, one in front.iterrows():
        better = (trials["score"] > one["score"]) & (trials["seconds"] < one["seconds"])
        assert not (better & (trials["n_parameters"] < one["n_parameters"])).any()


def test_time_ends_a_search_with_what_it_has():
    found = searched(*numbers(), n_trials=1000, max_time=1.0)
    assert 2 <= len(found.trials_) < 1000


def test_default_space_works_for_every_family():
    X, y = numbers()
    for family in ("residual", "classic", "guided"):
        gan = GAN(family, batch_size=32, generator=Generator(widths=(8,)))
        found = searched(X, y, quick(gan=gan), space=None, n_trials=3)
        assert (found.trials_["error"] == "").all()


def test_a_search_is_no_part_of_a_sampler_without_it():
    assert GANOversampler().search is None


@pytest.mark.parametrize("seed", range(3))
def test_the_found_gan_joins_if_it_is_better_on_rows_that_the_search_did_not_see(seed):
    found = searched(*numbers(), quick(random_state=seed))
    names = [entry.name for entry in found.sampler_.report_.entries]
    joins = found.facts_.best > 0 and found.facts_.gain.mean > 0
    assert names.count("searched") == (3 if joins else 0)  # untrained, and after each of two units
    assert ("it is left out" in str(found.facts_)) == (not joins)


def test_without_held_out_rows_the_best_gan_joins():
    found = searched(*numbers(), holdout=None)
    assert found.facts_.best > 0
    assert "searched" in [entry.name for entry in found.sampler_.report_.entries]


def test_a_search_that_finds_nothing_better_gains_nothing():
    found = searched(*numbers(), n_trials=1)
    assert found.facts_.best == 0
    assert found.facts_.gain.mean == 0
    assert found.facts_.heldout[0] == found.facts_.heldout[1]


def test_every_table_has_a_study_of_its_own_so_that_a_storage_serves_cross_validation(tmp_path):
    X, y = numbers()
    sampler = quick(search=search(n_trials=2, storage=tmp_path / "trials.log"))
    scores = cross_val_score(make_pipeline(sampler, LogisticRegression()), X, y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()


def test_a_storage_needs_a_seed(tmp_path):
    X, y = numbers()
    with pytest.raises(ValueError, match="needs an integer as 'random_state'"):
        searched(X, y, quick(random_state=None), storage=tmp_path / "trials.log")
    searched(X, y, quick(random_state=None), storage=tmp_path / "trials.log", random_state=3, n_trials=1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [("tpe", "'search' parameter"), (Search, "Got the class Search: give Search"), (3, "'search' parameter")],
)
def test_what_is_no_search_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        quick(search=wrong).fit(*numbers())


def test_a_sampler_of_optuna_that_has_tried_everything_ends_nothing():
    grid = {"latent": [4, 8], "generator rate": [0.001, 0.01], "fidelity": [0.0]}
    found = searched(*numbers(), strategy=optuna.samplers.GridSampler(grid, seed=0), n_trials=6)
    assert len(found.trials_) == 6


def test_without_optuna_a_search_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gan_oversampler.search.finding", None)
    with pytest.raises(ImportError, match=r"pip install .gan-oversampler\[search\]"):
        searched(*numbers())


def test_too_few_rows_are_told():
    X, y = numbers(n=60, minority=6)
    with pytest.warns(UserWarning, match="Nothing is searched"):
        sampler = quick(search=search()).fit(X, y)
    assert sampler.report_.search is None
    with pytest.warns(UserWarning, match="Nothing is searched"), pytest.raises(ValueError, match="searched"):
        searched(X, y)


def test_ctrl_c_ends_a_search_and_keeps_what_was_scored():
    X, y = numbers()

    class Pressed(Oracle):
        n_scored = 0

        def score(self, holdout, synthetic):
            Pressed.n_scored += 1
            if Pressed.n_scored == 40:
                raise KeyboardInterrupt
            return float(synthetic.values.mean())

    with pytest.warns(UserWarning, match="The search was interrupted after 6 of 50 trials"):
        found = searched(X, y, quick(oracle=Pressed(), baselines=()), n_trials=50)
    assert 2 <= len(found.trials_) < 50


def test_a_fitted_search_can_be_drawn(fitted):
    display = SearchDisplay.from_estimator(fitted, ax=Figure().add_subplot())
    assert "5 trials" in display.description


def test_weights_and_groups_reach_the_trials():
    X, y = numbers()
    groups = np.arange(len(y)) // 2
    found = search(n_trials=2).fit(X, y, sampler=quick(), groups=groups, sample_weight=1.0 + y)
    assert len(found.trials_) == 2
