"""Among other estimators: pipelines, searches, ensembles, clones."""

import numpy as np
import pytest
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.preprocessing import OneHotEncoder

from gan_oversampler import GAN, DownstreamOracle
from tests.samplers import quick
from tests.tables import cancer, mixed, numbers


def test_pipeline_memory_grid_search_and_cross_validation(tmp_path):
    X, y = cancer()
    pipeline = make_pipeline(quick(), LogisticRegression(max_iter=5000), memory=str(tmp_path))
    grid = {
        "ganoversampler__gan__loss": ["hinge", "relativistic"],
        "ganoversampler__oracle__scoring": ["f1"],
    }
    pipeline.set_params(ganoversampler__oracle=DownstreamOracle())
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise").fit(X, y)
    assert search.best_score_ > 0.5
    scores = cross_validate(pipeline, X, y == "malignant", cv=2, scoring="average_precision")
    assert (scores["test_score"] > 0.5).all()


def test_balanced_bagging_takes_it_as_sampler():
    X, y = cancer()
    bag = BalancedBaggingClassifier(n_estimators=2, sampler=quick(), random_state=0).fit(X, y)
    assert bag.score(X, y) > 0.8


def test_raw_frames_go_before_preprocessing():
    X, y = mixed()
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city", "note", "member"]), remainder="drop"
    )
    model = make_pipeline(quick(), encode, LogisticRegression())
    assert set(model.fit(X, y).predict(X)) <= set(y)


def test_warnings_point_at_the_users_own_line():
    sampler = quick(gan=GAN("classic"), max_steps=0, oracle="energy")
    with pytest.warns(UserWarning, match="No trained generator of 'classic'") as caught:
        make_pipeline(sampler, LogisticRegression()).fit(*numbers())
    assert {warning.filename for warning in caught} == {__file__}


def test_a_clone_has_the_parameters_and_nothing_that_was_fitted():
    sampler = quick().fit(*numbers())
    copy = clone(sampler)
    assert copy.get_params()["gan__generator__widths"] == (16,)
    with pytest.raises(ValueError, match="not fitted"):
        copy.sample(3)


def test_fitting_leaves_the_parameters_alone():
    X, y = numbers()
    sampler = quick(oracle=DownstreamOracle())
    before = {name: repr(value) for name, value in sampler.get_params().items()}
    sampler.fit(X, y)
    assert {name: repr(value) for name, value in sampler.get_params().items()} == before
    assert not hasattr(sampler.oracle, "train_")


def test_fitting_leaves_the_table_alone():
    X, y = mixed()
    before = X.copy(), y.copy()
    quick().fit_resample(X, y)
    assert X.equals(before[0])
    assert y.equals(before[1])
    array, labels = numbers()
    array.setflags(write=False)
    labels.setflags(write=False)
    assert np.bincount(quick().fit_resample(array, labels)[1]).tolist() == [66, 66]
