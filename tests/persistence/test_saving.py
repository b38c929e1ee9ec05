"""A sampler that was saved, pickled or copied draws the same rows, and knows the same, as the first one."""

import copy
import pickle
import subprocess
import sys
import warnings
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from gan_oversampler import GAN, Between, DownstreamOracle, GANOversampler, Policy, load
from gan_oversampler.gans.parts import Cell, Generator
from gan_oversampler.persistence.files import SavedFileError
from tests.persistence.test_packing import Mine
from tests.samplers import FAST, GUIDED, UNTRAINED, few_rows, quick
from tests.tables import mixed, numbers

SKOPS_TRUSTED = ["gan_oversampler.estimator.GANOversampler"]


def by_file(sampler, folder):
    sampler.save(folder / "file")
    return load(folder / "file")


def by_joblib(sampler, folder):
    joblib.dump(sampler, folder / "file")
    return joblib.load(folder / "file", mmap_mode="r")


def by_skops(sampler, folder):
    skops = pytest.importorskip("skops.io")
    skops.dump(sampler, folder / "file")
    assert skops.get_untrusted_types(file=folder / "file") == SKOPS_TRUSTED
    return skops.load(folder / "file", trusted=SKOPS_TRUSTED)


def by_mlflow(sampler, folder):
    mlflow = pytest.importorskip("mlflow.sklearn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow itself
        mlflow.save_model(sampler, folder / "model", skops_trusted_types=SKOPS_TRUSTED, pip_requirements=[])
        return mlflow.load_model(folder / "model")


WAYS = {
    "file": by_file,
    "pickle": lambda sampler, folder: pickle.loads(pickle.dumps(sampler)),
    "deepcopy": lambda sampler, folder: copy.deepcopy(sampler),
    "joblib": by_joblib,
    "skops": by_skops,
    "mlflow": by_mlflow,
}


@pytest.fixture(scope="module")
def fitted():
    X, y = mixed()
    sampler = quick(
        gan=[GUIDED, FAST], policy=Policy(spread=0.8), sampling_strategy={"rare": 70, "rarest": 40}
    )
    sampler.fit_resample(X, y)
    sampler.sample(3, y="rare")  # later rows depend on how many calls there were
    return sampler


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_draws_the_same_and_knows_the_same(fitted, tmp_path, monkeypatch, way):
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")  # which covers skops, too
    found = WAYS[way](fitted, tmp_path)
    same_rows(found, copy.deepcopy(fitted), y="rare")
    assert repr(found.get_params()) == repr(fitted.get_params())
    assert str(found.report_) == str(fitted.report_)
    evidence, whole = found.report_.evidence, fitted.report_.evidence
    pd.testing.assert_frame_equal(evidence.new_table("rare"), whole.new_table("rare"))
    pd.testing.assert_frame_equal(evidence.real_table("rare"), whole.real_table("rare"))
    kept = whole.targets if way == "file" else np.unique(whole.real.codes)  # files: no other classes
    assert np.array_equal(evidence.real.codes, whole.real.codes[np.isin(whole.real.codes, kept)])
    pd.testing.assert_frame_equal(found.history_, fitted.history_)
    assert found.history_ is found.report_.history
    assert found.report_ is found.reports_["downstream"]
    assert found.summary_ == fitted.summary_
    assert found.sampling_strategy_ == fitted.sampling_strategy_ == {"rare": 40, "rarest": 20}
    assert found.is_synthetic_.sum() == 60
    assert found.classes_.tolist() == fitted.classes_.tolist()
    assert found.n_features_in_ == 10
    assert found.feature_names_in_.tolist() == fitted.feature_names_in_.tolist()


def test_what_was_trained_on_a_gpu_is_loaded_and_draws_without_one(tmp_path, monkeypatch):
    X, y = numbers()
    with monkeypatch.context() as patched:  # a machine that has one, as far as its name goes
        patched.setattr("gan_oversampler.plan.device_of", lambda name, gans: torch.device("cpu"))
        sampler = quick(gan=[GUIDED, FAST], rejection=True, device="cuda").fit(X, y)
    found = by_file(sampler, tmp_path)
    assert found.device == "cuda"
    same_rows(found, sampler)


def same_rows(found, sampler, **options):
    """Both draw the same rows, bit by bit, in the same container."""
    for state in (None, 5):
        new, old = (s.sample(6, random_state=state, **options) for s in (found, sampler))
        assert type(new) is type(old)
        assert pickle.dumps(new) == pickle.dumps(old) if isinstance(new, list) else True
        if isinstance(new, pd.DataFrame):
            pd.testing.assert_frame_equal(new, old, check_exact=True)
        elif hasattr(new, "schema"):
            assert new.schema == old.schema
            assert new.equals(old)
        else:
            np.testing.assert_array_equal(np.asarray(getattr(new, "todense", lambda n=new: n)()), _dense(old))


def _dense(table):
    return np.asarray(table.todense() if hasattr(table, "todense") else table)


@pytest.mark.parametrize(
    "changes",
    [
        {"rejection": True, "gan": FAST, "oracle": "energy"},
        {"rejection": "drs", "sampling_strategy": "oracle", "policy": "oracle", "oracle": "energy"},
        {"oracle": ["energy", "f1"], "gan": [FAST, UNTRAINED]},
        {"gan": GAN("classic", generator=Generator(widths=(8, 8), norm="batch", latent_law="uniform"))},
        {"gan": GAN(conditioning="film", generator=Generator(cells=(Cell(width=8), Cell(skips=(0,)))))},
        {"max_steps": 0, "fallback": "baseline"},
        {"gan": UNTRAINED, "constraints": [Between(0, low=-100)]},
    ],
    ids=["obrs", "chosen", "several oracles", "classic", "cells", "fallback", "constraint"],
)
def test_every_way_to_draw_can_be_saved(tmp_path, changes):
    X, y = numbers()
    sampler = quick(**changes).fit(X, y)
    found = by_file(sampler, tmp_path)
    same_rows(found, sampler)
    assert list(found.reports_) == list(sampler.reports_)
    for name in sampler.reports_:
        same_rows(found, sampler, oracle=name)


@pytest.mark.parametrize("cells", [None, (Cell(width=4), Cell(width=3, norm="batch", skips=(0,)))], ids=str)
def test_grids_can_be_saved(tmp_path, cells):
    X, y = numbers(columns=9)
    layers = {"widths": (4,)} if cells is None else {"cells": cells}
    gan = GAN("classic", generator=Generator(grid="square", **layers))
    sampler = quick(gan=gan, oracle=None).fit(X, y)
    same_rows(by_file(sampler, tmp_path), sampler)


def tables():
    """The mixed table in every container, without what a container cannot hold."""
    from scipy import sparse

    X, y = mixed()
    Z = X[["amount", "rain"]].to_numpy()
    found = {"array": Z.astype(np.float32), "list": X[["rain", "note"]].to_numpy(object).tolist()}
    found |= {"sparse": sparse.csc_array(Z), "zones": X[["amount", "when", "wait", "visits"]]}
    return found, y.to_list()


@pytest.mark.parametrize("name", [*tables()[0], "polars", "arrow"])
def test_every_container_comes_back_as_it_was(tmp_path, name):
    found, y = tables()
    if name == "polars":
        found[name] = pytest.importorskip("polars").from_pandas(mixed()[0].drop(columns="city"))
    if name == "arrow":
        pa = pytest.importorskip("pyarrow")
        found[name] = pa.Table.from_pandas(mixed()[0][["amount", "when", "visits", "member"]])
    sampler = quick(gan=UNTRAINED, oracle=None).fit(found[name], y)
    same_rows(by_file(sampler, tmp_path), sampler, y="rare")


@pytest.mark.filterwarnings("ignore:Column .* looks like row numbers")
def test_exact_numbers_come_back_exactly(tmp_path):
    from decimal import Decimal

    X, y = numbers(columns=1)
    frame = pd.DataFrame(
        {
            "wide": 2**60 + np.arange(90),
            "decimal": [Decimal(f"{v:.3f}") for v in X[:, 0]],
            "huge": [10**25 + i for i in range(90)],
            "day": pd.date_range("2024-01-01", periods=90).date,
        }
    )
    sampler = quick(gan=UNTRAINED, oracle=None).fit(frame, y)
    same_rows(by_file(sampler, tmp_path), sampler)


@pytest.mark.parametrize("way", ["file", "pickle", "skops"])
def test_candidates_can_be_scored_after_loading(tmp_path, way):
    X, y = mixed()
    X = X[["amount", "note", "when"]]
    sampler = quick(
        keep_candidates=True, oracle="energy", cv=StratifiedKFold(2) if way == "pickle" else 2
    ).fit(X, y)
    found = WAYS[way](sampler, tmp_path)
    reports = [s.rescore(few_rows) for s in (found, sampler)]  # looks at rows in the user's container
    assert str(reports[0].entries) == str(reports[1].entries)
    same_rows(found, sampler, y="rare", oracle="few_rows")


# --- what a file does not hold


def test_parameters_that_are_no_values_are_left_out_with_a_warning(tmp_path):
    X, y = numbers()
    oracle = DownstreamOracle(LogisticRegression())
    sampler = quick(gan=UNTRAINED, oracle=oracle, cv=StratifiedKFold(2), sampling_strategy=lambda y: {1: 40})
    sampler.fit(X, y)
    with pytest.warns(UserWarning, match="does not hold cv, oracle, sampling_strategy: only plain values"):
        sampler.save(tmp_path / "file")
    found = load(tmp_path / "file")
    same_rows(found, sampler)
    assert repr(found.oracle) == "<not in the file: DownstreamOracle(estimator=LogisticRegression())>"
    with pytest.raises(ValueError, match=r"parameter of GANOversampler must be .*not in the file"):
        found.fit(X, y)
    again = found.set_params(oracle=oracle, cv=2, sampling_strategy="auto").fit(X, y)
    assert again.sampling_strategy_ == {1: 42}
    assert sampler.oracle is oracle


def test_a_file_whose_keys_of_real_rows_do_not_fit_is_an_error(fitted, tmp_path):
    sampler = copy.copy(fitted)
    encoder = fitted._fitted.encoder
    real = replace(encoder.real, times_of_keys=encoder.real.times_of_keys[:1])
    sampler._fitted = replace(fitted._fitted, encoder=replace(encoder, real=real))
    sampler.save(tmp_path / "forged")
    with pytest.raises(SavedFileError):
        load(tmp_path / "forged")


def test_a_saved_copy_can_be_saved_again(tmp_path):
    X, y = numbers()
    sampler = quick(gan=UNTRAINED, oracle=Mine()).fit(X, y)
    with pytest.warns(UserWarning, match="does not hold oracle"):
        found = by_file(sampler, tmp_path)
    same_rows(by_file(found, tmp_path), sampler)


@pytest.mark.parametrize("way", ["pickle", "joblib", "deepcopy"])
def test_pickles_hold_every_parameter(tmp_path, way):
    X, y = numbers()
    sampler = quick(
        gan=UNTRAINED, oracle=few_rows, cv=StratifiedKFold(2), random_state=np.random.RandomState(0)
    )
    found = WAYS[way](sampler.fit(X, y), tmp_path)
    assert found.oracle is few_rows
    assert found.cv.n_splits == 2
    assert found.random_state.randint(9**9) == sampler.random_state.randint(9**9)
    found.fit(X, y)


def not_huge(table):
    return np.asarray(table)[:, 0] < 100


def test_functions_that_check_rows_are_refused_by_files_and_kept_by_pickle(tmp_path):
    X, y = numbers()
    sampler = quick(gan=UNTRAINED, oracle=None, constraints=[not_huge]).fit(X, y)
    with pytest.raises(ValueError, match=r"those in `constraints`: .*not_huge.*Order, Sum, OneOf or Between"):
        sampler.save(tmp_path / "file")
    assert not list(tmp_path.iterdir())
    found = WAYS["pickle"](sampler, tmp_path)
    same_rows(found, sampler)
    assert found._fitted.encoder.relations.constraints == (not_huge,)


def test_a_sampler_that_was_not_fitted_is_pickled_but_not_saved(tmp_path):
    sampler = quick(oracle=few_rows)
    assert WAYS["pickle"](sampler, tmp_path).get_params()["oracle"] is few_rows
    with pytest.raises(NotFittedError):
        sampler.save(tmp_path / "file")


def test_saving_changes_nothing(fitted, tmp_path):
    before = dict(vars(fitted))
    fitted.save(tmp_path / "file")
    fitted.save(tmp_path / "other")
    assert all(vars(fitted)[name] is value for name, value in before.items())
    assert (tmp_path / "file").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.slow
def test_another_process_draws_the_same(fitted, tmp_path):
    fitted.save(tmp_path / "file")
    code = "import sys; from gan_oversampler import load; rows = load(sys.argv[1]).sample(5, y='rare')"
    save = "rows.to_pickle(sys.argv[2])"
    command = [sys.executable, "-c", f"{code}; {save}", str(tmp_path / "file"), str(tmp_path / "rows")]
    subprocess.run(command, check=True)
    expected = copy.deepcopy(fitted).sample(5, y="rare")
    pd.testing.assert_frame_equal(pd.read_pickle(tmp_path / "rows"), expected)


def test_parameters_that_are_newer_than_a_file_have_their_defaults(tmp_path, monkeypatch):
    X, y = numbers()
    sampler = quick(gan=UNTRAINED, oracle=None).fit(X, y)
    del sampler.fidelity  # as if it had not been there yet
    monkeypatch.setattr(GANOversampler, "get_params", lambda self, deep: {"cv": 2})
    sampler.save(tmp_path / "file")
    assert load(tmp_path / "file").fidelity is GANOversampler().fidelity


def test_callbacks_of_scikit_learn_do_not_hinder_saving(tmp_path):
    callback = pytest.importorskip("sklearn.callback")
    X, y = numbers()
    sampler = quick(gan=UNTRAINED, oracle=None).set_callbacks(callback.ProgressBar()).fit(X, y)
    same_rows(by_file(sampler, tmp_path), sampler)
    assert sampler._skl_callbacks
