"""The sampler itself: what a fit sets, samples of one class, rescoring, what it says."""

import numpy as np
import pytest
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedShuffleSplit

from gan_oversampler import GAN, DownstreamOracle, GANOversampler
from gan_oversampler.gans.parts import Generator
from gan_oversampler.reporting.evidence import Evidence, Fidelity
from tests.samplers import FAST, UNTRAINED, quick
from tests.samples import global_state
from tests.tables import cancer, mixed, numbers

# --- parameters of parts


@pytest.mark.parametrize("gan", [None, "wgan", [GAN()]], ids=repr)
def test_a_parameter_of_a_gan_that_is_no_object_is_an_error_that_says_what_to_set(gan):
    sampler = GANOversampler(gan=gan)
    with pytest.raises(ValueError, match=r"'gan__critic__dropout' needs an object in 'gan'.*Set gan=GAN\("):
        sampler.set_params(gan__critic__dropout=0.4)
    assert sampler.gan is gan
    sampler.set_params(gan__critic__dropout=0.4, gan=GAN())
    assert sampler.get_params()["gan__critic__dropout"] == 0.4


@pytest.mark.parametrize("name", ["oracle__scoring", "rejection__rule", "policy__spread"])
def test_a_parameter_of_another_part_needs_an_object_too(name):
    with pytest.raises(ValueError, match=f"'{name}' needs an object in '{name.partition('__')[0]}'"):
        GANOversampler().set_params(**{name: 1})


def test_unknown_parameters_are_refused_as_in_scikit_learn():
    for name in ("gann", "gann__loss"):
        with pytest.raises(ValueError, match="Invalid parameter 'gann'"):
            GANOversampler().set_params(**{name: 1})


# --- what a fit sets


def test_a_fit_sets_what_the_docstring_lists():
    X, y = mixed()
    sampler = quick().fit(X, y)
    assert sampler.sampling_strategy_ == {"rare": 40, "rarest": 50}
    assert sampler.classes_.tolist() == ["common", "rare", "rarest"]
    assert list(sampler.reports_) == ["downstream"]
    assert sampler.report_ is sampler.reports_["downstream"]
    assert sampler.history_ is sampler.report_.history
    assert sampler.summary_ is sampler.report_.summary
    assert sampler.fallback_ is None
    assert sampler.n_features_in_ == 10
    assert sampler.feature_names_in_.tolist() == list(X.columns)
    assert not hasattr(sampler, "is_synthetic_")


def test_history_and_report_agree():
    X, y = cancer()
    sampler = quick(gan=[FAST, GAN("classic", generator=Generator(widths=(16,)))]).fit(X, y)
    history, frame = sampler.history_, sampler.report_.to_frame()
    assert history["step"].tolist() == [0, 0, 2, 2, 4, 4]
    folds = history[["fold_0", "fold_1"]]
    np.testing.assert_allclose(history["score"], folds.mean(axis=1))
    assert history.loc[history["step"] > 0, ["critic_loss", "generator_loss"]].notna().all(axis=None)
    assert frame["name"].tolist()[:4] == ["none", "class_weight", "random", "smote"]
    candidates = frame[frame["step"].notna()]
    expected = history.sort_values("specification", kind="stable")
    for column in ("step", "score", "standard_error"):
        np.testing.assert_array_equal(candidates[column], expected[column])
    kept = frame.loc[frame.loc[frame["kept"], "score"].idxmax()]
    assert sampler.report_.choice.startswith(f"{kept['name']} at step {kept['step']}")
    gains = {name: gain.mean for name, gain in sampler.report_.gains.items()}
    baselines = frame.set_index("name")["score"][:4]
    assert gains == pytest.approx((kept["score"] - baselines).to_dict())
    assert sampler.report_.choice in str(sampler.report_)


def test_a_fit_forgets_which_rows_an_earlier_one_made():
    X, y = numbers()
    sampler = quick()
    sampler.fit_resample(X, y)
    assert not hasattr(sampler.fit(X, y), "is_synthetic_")


def test_without_networks_the_summary_is_empty():
    X, y = numbers(60, 5)
    assert quick().fit(X, y).summary_.networks == ()


def test_the_report_lists_the_parameters_and_marks_those_that_were_changed():
    parameters = quick(oracle="energy").fit(*numbers()).report_.parameters
    assert set(parameters) == set(GANOversampler().get_params(deep=False))
    assert parameters["max_steps"].value == 4
    changed = {name for name, parameter in parameters.items() if parameter.changed}
    assert changed == {"gan", "max_steps", "epoch_unit", "cv", "random_state", "oracle"}


# --- samples of one class


def test_samples_are_like_the_table():
    X, y = mixed()
    sampler = quick(gan=UNTRAINED).fit(X, y)
    rows = sampler.sample(5, y="rare")
    assert list(rows.columns) == list(X.columns)
    assert rows.dtypes.equals(X.dtypes)
    assert len(rows) == 5


def test_sample_of_zero_rows_and_of_the_only_class():
    X, y = numbers()
    sampler = quick(gan=UNTRAINED).fit(X, y)
    assert sampler.sample(0).shape == (0, 4)
    assert sampler.sample(7).shape == (7, 4)
    np.testing.assert_array_equal(sampler.sample(7, random_state=0), sampler.sample(7, y=1, random_state=0))


def test_a_class_may_be_sampled_beyond_what_was_asked_for():
    X, y = numbers()
    assert quick(gan=UNTRAINED).fit(X, y).sample(1000).shape == (1000, 4)


# --- rescoring


def test_rescoring_adds_a_report():
    X, y = numbers()
    sampler = quick(gan=UNTRAINED, keep_candidates=True).fit(X, y)
    first = sampler.report_
    report = sampler.rescore("energy")
    assert list(sampler.reports_) == ["downstream", "energy"]
    assert sampler.reports_["energy"] is report
    assert report.greater_is_better is False
    assert report.parameters == first.parameters
    assert sampler.report_ is sampler.reports_["downstream"] is first
    assert sampler.sample(3, oracle="energy").shape == (3, 4)


def test_a_name_that_is_taken_gets_a_number():
    sampler = quick(gan=UNTRAINED, oracle="energy", keep_candidates=True).fit(*numbers())
    sampler.rescore("energy")
    sampler.rescore("energy")
    assert list(sampler.reports_) == ["energy", "energy 2", "energy 3"]


def test_an_oracle_that_cannot_score_the_table_is_refused():
    sampler = quick(gan=UNTRAINED, keep_candidates=True).fit(*numbers())
    with pytest.raises(ValueError, match="'max_rows' parameter of DownstreamOracle"):
        sampler.rescore(DownstreamOracle(max_rows=0))
    assert list(sampler.reports_) == ["downstream"]


def test_before_a_fit_there_is_nothing_to_rescore():
    with pytest.raises(ValueError, match="not fitted"):
        quick(keep_candidates=True).rescore("energy")


# --- folds


def test_a_splitter_gives_the_folds():
    X, y = cancer()
    sampler = quick(cv=RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)).fit(X, y)
    assert {"fold_0", "fold_3"} <= set(sampler.history_.columns)


def test_a_splitter_without_a_seed_takes_the_samplers():
    X, y = cancer()
    before = global_state()
    splitter = StratifiedShuffleSplit(1, test_size=0.3)
    one, two, other = (quick(cv=splitter, random_state=seed).fit(X, y) for seed in (0, 0, 1))
    assert one.history_["score"].equals(two.history_["score"])
    assert not one.history_["score"].equals(other.history_["score"])
    assert global_state() == before
    assert splitter.random_state is None
    assert "one fold only" in one.report_.notes[0]


def test_errors_know_how_many_training_rows_the_folds_share():
    X, y = cancer()
    halves = RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)
    sampler = quick(cv=halves).fit(X, y)
    folds = sampler.history_[[f"fold_{fold}" for fold in range(4)]]
    # as many rows are held out as are trained on: 1/4 + 1, not 1/4 + 1/3 as of four folds
    expected = np.sqrt((1 / 4 + 1) * folds.var(axis=1, ddof=1))
    np.testing.assert_allclose(sampler.history_["standard_error"], expected, rtol=0.02)


# --- what it says


def test_tags_say_what_tables_may_hold():
    tags = GANOversampler().__sklearn_tags__().input_tags
    assert tags.string
    assert tags.allow_nan
    assert tags.categorical


def test_of_rows_that_are_very_far_a_user_is_warned_at_the_line_of_the_call(monkeypatch):
    monkeypatch.setattr(Evidence, "is_far", True)
    monkeypatch.setattr(Fidelity, "is_far", True)
    monkeypatch.setattr(Fidelity, "is_very_far", True)
    with pytest.warns(UserWarning, match="far from real rows of their class") as caught:
        sampler = quick(oracle=["energy", "downstream"]).fit(*numbers())
    (warning,) = [w for w in caught if "far from real rows" in str(w.message)]  # of the first oracle only
    assert warning.filename == __file__
    assert str(warning.message) in sampler.report_.notes


def test_a_fit_that_fails_leaves_the_sampler_as_it_was():
    X, y = mixed()

    def fails(found):
        raise RuntimeError("stop")

    sampler = quick(gan=UNTRAINED, oracle="energy").fit(X, y)
    before = {**vars(sampler), "callbacks": [fails]}
    with pytest.raises(RuntimeError, match="stop"):
        sampler.set_params(callbacks=[fails]).fit(X.assign(more=1.0), y)
    assert vars(sampler).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(sampler).items() if name != "callbacks")
    sampler.set_params(callbacks=None).fit(X.to_numpy(), y)
    assert not hasattr(sampler, "feature_names_in_")
