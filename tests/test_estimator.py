"""What users see: rows in, rows out, reports, pipelines."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedStratifiedKFold,
    StratifiedShuffleSplit,
    cross_validate,
)
from sklearn.preprocessing import OneHotEncoder

from gan_oversampler import GAN, DownstreamOracle, GANOversampler, Oracle
from gan_oversampler.gans.families import FAMILIES
from tests.samples import global_state
from tests.tables import cancer, mixed, numbers

FAST = GAN(widths=(16,), batch_size=32)


def quick(**changes):
    """All parts at work, in little."""
    parameters = {"gan": FAST, "max_steps": 4, "epoch_unit": 2, "cv": 2, "random_state": 0, **changes}
    return GANOversampler(**parameters)


# Rows in, rows out


def test_originals_come_first_and_unchanged_and_counts_are_exact():
    X, y = mixed()
    sampler = quick()
    X_new, y_new = sampler.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new.iloc[: len(X)], X)
    pd.testing.assert_series_equal(y_new.iloc[: len(y)], y)
    assert y_new.value_counts().to_dict() == {"common": 70, "rare": 70, "rarest": 70}
    assert y_new.iloc[120:].tolist() == ["rare"] * 40 + ["rarest"] * 50
    assert sampler.is_synthetic_.tolist() == [False] * 120 + [True] * 90
    assert sampler.sampling_strategy_ == {"rare": 40, "rarest": 50}


def test_every_column_keeps_dtype_range_and_levels():
    X, y = mixed()
    X_new, _ = quick().fit_resample(X, y)
    assert X_new.dtypes.equals(X.dtypes)
    assert X_new.index.equals(pd.RangeIndex(210))
    new = X_new.iloc[120:]
    for name in ("amount", "price", "rain", "visits", "when", "wait"):
        assert X[name].min() <= new[name].min() <= new[name].max() <= X[name].max(), name
    for name in ("city", "note", "member", "constant"):
        assert set(new[name].dropna()) <= set(X[name].dropna()), name
    assert np.allclose(new["price"].dropna() * 100, (new["price"].dropna() * 100).round())


@pytest.mark.parametrize("base", ["smote", "smoothed_bootstrap", "local_gaussian"])
def test_missing_rate_and_zero_inflation_are_reproduced(base):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.gamma(2, size=600), "b": rng.normal(size=600)})
    X.loc[rng.random(600) < 0.5, "a"] = 0.0
    X.loc[rng.random(600) < 0.3, "b"] = np.nan
    y = np.repeat([0, 1], [400, 200])
    sampler = quick(gan=clone(FAST).set_params(base=base), max_steps=0).fit(X, y)
    new, rare = sampler.sample(4000, y=1), X.iloc[400:]
    assert new["b"].isna().mean() == pytest.approx(rare["b"].isna().mean(), abs=0.05)
    assert (new["a"] == 0).mean() == pytest.approx((rare["a"] == 0).mean(), abs=0.05)


def test_containers_give_the_same_rows_bit_for_bit():
    X, y = numbers()
    expected, labels = quick().fit_resample(X, y)
    frame, series = quick().fit_resample(pd.DataFrame(X, columns=list("abcd")), pd.Series(y))
    rows, list_labels = quick().fit_resample(X.tolist(), y.tolist())
    polars_frame, polars_series = quick().fit_resample(
        pl.DataFrame(X, schema=list("abcd")), pl.Series("y", y)
    )
    for other in (frame.to_numpy(), np.array(rows), polars_frame.to_numpy()):
        np.testing.assert_array_equal(other, expected)
    for other in (series.to_numpy(), np.array(list_labels), polars_series.to_numpy()):
        np.testing.assert_array_equal(other, labels)
    assert isinstance(rows, list)
    assert isinstance(list_labels, list)
    assert isinstance(polars_frame, pl.DataFrame)
    assert isinstance(polars_series, pl.Series)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_sparse_matrices_stay_sparse_and_zeros_stay_zeros(make):
    X, y = numbers()
    X[X < 0.8] = 0.0
    X_new, _ = quick().fit_resample(make(X), y)
    assert type(X_new) is make
    assert X_new.format == make(X).format
    np.testing.assert_array_equal(X_new.toarray(), quick().fit_resample(X, y)[0])
    assert (X_new.toarray()[90:] == 0).mean() > 0.2


def test_all_forms_of_sampling_strategy_match_imbalanced_learn():
    X, y = mixed()
    numeric = X[["amount"]]
    forms = ["auto", "minority", "not minority", "not majority", "all", {"rare": 33, "rarest": 20}]
    forms.append(lambda labels: {"rarest": 25})
    for form in forms:
        _, expected = RandomOverSampler(sampling_strategy=form).fit_resample(numeric, y)
        _, got = quick(sampling_strategy=form, oracle=None).fit_resample(X, y)
        assert got.value_counts().to_dict() == expected.value_counts().to_dict(), form


def test_ratios_work_with_many_classes():
    X, y = mixed()
    _, by_float = quick(sampling_strategy=0.5).fit_resample(X, y)
    _, by_dict = quick(sampling_strategy={"rarest": 0.5}).fit_resample(X, y)
    assert by_float.value_counts().to_dict() == {"common": 70, "rare": 35, "rarest": 35}
    assert by_dict.value_counts().to_dict() == {"common": 70, "rare": 30, "rarest": 35}


def test_balanced_data_come_back_as_they_are():
    X, y = numbers(60, 30)
    X_new, y_new = quick().fit_resample(X, y)
    np.testing.assert_array_equal(X_new, X)
    np.testing.assert_array_equal(y_new, y)


def test_constant_columns_and_tables():
    X, y = numbers()
    X[:, 1] = 3.0
    assert (quick().fit_resample(X, y)[0][:, 1] == 3.0).all()
    flat = np.ones((90, 2))
    sampler = quick()
    X_new, y_new = sampler.fit_resample(flat, y)
    assert (X_new == 1).all()
    assert np.bincount(y_new).tolist() == [66, 66]
    assert "constant" in sampler.report_.reason


# Drawing after the fit


def test_sample_draws_other_rows_each_time_and_the_same_after_the_same_fit():
    X, y = mixed()
    first, second = quick().fit(X, y), quick().fit(X, y)
    rows = [first.sample(5, y="rare"), first.sample(5, y="rare")]
    assert not rows[0].equals(rows[1])
    for row in rows:
        pd.testing.assert_frame_equal(second.sample(5, y="rare"), row)
    again = [first.sample(5, y="rare", random_state=3) for _ in range(2)]
    pd.testing.assert_frame_equal(*again)
    assert list(again[0].columns) == list(X.columns)
    assert again[0].dtypes.equals(X.dtypes)


def test_sample_of_zero_rows_and_of_the_only_class():
    X, y = numbers()
    sampler = quick().fit(X, y)
    assert sampler.sample(0).shape == (0, 4)
    assert sampler.sample(7).shape == (7, 4)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([5, 2**60, 2**60 + 1]),
        pd.array([1, 2, 3], dtype="Int64"),
        np.array(["2020", "2021", "2022"], dtype="M8[ns]"),
        pd.Categorical(["low", "mid", "high"]),
    ],
    ids=["huge", "nullable", "dates", "categories"],
)
def test_labels_of_any_type_stay_what_they_are(labels):
    X, _ = numbers()
    y = pd.Series(labels).iloc[np.repeat([0, 1, 2], [50, 25, 15])].reset_index(drop=True)
    sampler = quick()
    _, y_new = sampler.fit_resample(X, y)
    assert y_new.dtype == y.dtype
    assert y_new.value_counts().tolist() == [50, 50, 50]
    assert set(sampler.sampling_strategy_) == set(y.iloc[50:].tolist())
    assert sampler.sample(2, y=y.iloc[89]).shape == (2, 4)
    if labels.dtype == "category":
        assert quick().fit_resample(X, pd.Categorical(y))[1].tolist() == y_new.tolist()


# Randomness and side effects


def test_global_state_is_left_as_found():
    import torch

    X, y = numbers()
    np.random.seed(5)  # noqa: NPY002, TID251 — the global state is what this test is about
    torch.manual_seed(5)  # noqa: TID251
    torch.set_num_threads(2)
    before = global_state(), torch.get_rng_state()
    quick().fit_resample(X, y)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert global_state() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert threads == 2


def test_threads_and_jobs_do_not_change_a_bit():
    import torch

    X, y = cancer()
    expected, _ = quick().fit_resample(X, y)
    torch.set_num_threads(2)
    two_threads, _ = quick().fit_resample(X, y)
    torch.set_num_threads(1)
    two_jobs, _ = quick(n_jobs=2).fit_resample(X, y)
    pd.testing.assert_frame_equal(two_threads, expected, check_exact=True)
    pd.testing.assert_frame_equal(two_jobs, expected, check_exact=True)


def test_a_gan_learns_the_same_alone_and_in_a_list():
    X, y = cancer()
    others = [GAN(base=base, widths=(16,), batch_size=32) for base in ("border", "bootstrap")]
    alone = quick().fit(X, y).history_
    among = quick(gan=[*others, FAST]).fit(X, y).history_
    among = among[among["specification"] == 2].reset_index(drop=True)
    fixed = ["specification", "seconds"]
    pd.testing.assert_frame_equal(among.drop(columns=fixed), alone.drop(columns=fixed), check_exact=True)


def test_two_classes_never_share_a_stream():
    X, _ = numbers(90, 30)
    X[30:60] = X[60:]
    y = np.repeat(["a", "b", "c"], 30)
    sampler = quick(sampling_strategy={"b": 60, "c": 60}, max_steps=0).fit(X, y)
    assert not np.array_equal(
        sampler.sample(9, y="b", random_state=0), sampler.sample(9, y="c", random_state=0)
    )


# The loop, the oracle and the report


class Scripted(Oracle):
    """Gives the scores of a script in order of asking."""

    script: list[float] = []

    def score(self, holdout, synthetic):
        return Scripted.script.pop(0)


def test_the_best_step_is_kept_and_restored_bit_for_bit():
    X, y = numbers()
    Scripted.script = [s for s in (1, 2, 1, 3, 0, 0, 9) for _ in range(2)]
    sampler = quick(oracle=Scripted(), baselines=(), max_steps=100, patience=2).fit(X, y)
    assert sampler.history_["score"].tolist() == [1, 2, 1, 3, 0, 0]
    assert sampler.report_.choice == "residual(smote) at step 6"
    unwatched = quick(oracle=None, max_steps=6).fit(X, y)
    np.testing.assert_array_equal(sampler.sample(9, random_state=1), unwatched.sample(9, random_state=1))


def test_untrained_generators_draw_exactly_what_their_base_draws():
    X, y = cancer()
    untrained = quick(max_steps=0).fit(X, y)
    trained = quick(gan=clone(FAST).set_params(learning_rate=1e-30), oracle=None).fit(X, y)
    pd.testing.assert_frame_equal(untrained.sample(9, random_state=0), trained.sample(9, random_state=0))


def test_history_and_report_tell_the_whole_story():
    X, y = cancer()
    sampler = quick(gan=[FAST, GAN("classic", widths=(16,))]).fit(X, y)
    history, frame = sampler.history_, sampler.report_.to_frame()
    assert history["step"].tolist() == [0, 0, 2, 2, 4, 4]
    folds = history[["fold_0", "fold_1"]]
    np.testing.assert_allclose(history["score"], folds.mean(axis=1))
    assert history.loc[history["step"] > 0, ["critic_loss", "generator_loss"]].notna().all(axis=None)
    assert frame["name"].tolist()[:3] == ["none", "random", "smote"]
    kept = frame.loc[frame.loc[frame["kept"], "score"].idxmax()]
    assert sampler.report_.choice.startswith(f"{kept['name']} at step {kept['step']}")
    gains = {name: gain.mean for name, gain in sampler.report_.gains.items()}
    baselines = frame.set_index("name")["score"][:3]
    assert gains == pytest.approx((kept["score"] - baselines).to_dict())
    assert sampler.report_.choice in str(sampler.report_)


def test_the_smote_baseline_equals_the_untrained_smote_generator():
    X, y = cancer()
    frame = quick(gan=GAN(base="smote", widths=(16,))).fit(X, y).report_.to_frame()
    untrained = frame[frame["step"] == 0].iloc[0]
    assert frame.set_index("name").loc["smote", "score"] == untrained["score"]


@pytest.mark.parametrize("oracle", ["downstream", "frechet", "energy", "balanced_accuracy", "g_mean"])
def test_oracles_by_name(oracle):
    X, y = mixed()
    sampler = quick(oracle=oracle).fit(X, y)
    assert np.isfinite(sampler.history_["score"]).all()


def test_oracles_by_scorer_callable_and_estimator():
    X, y = cancer()
    scorer = make_scorer(f1_score, pos_label="malignant")
    seen = []

    def closeness(real, synthetic):
        seen.append((type(real), real.shape[1], synthetic.dtypes.equals(X.dtypes)))
        return -abs(real["mean radius"].mean() - synthetic["mean radius"].mean())

    for oracle in (scorer, closeness, DownstreamOracle(HistGradientBoostingClassifier(max_iter=5))):
        assert np.isfinite(quick(oracle=oracle).fit(X, y).history_["score"]).all()
    assert set(seen) == {(pd.DataFrame, 6, True)}


def test_oracles_see_the_users_own_rows_and_decoded_new_ones():
    X, y = mixed()
    rows = set(X["amount"])

    def copies(real, synthetic):
        assert set(real["amount"]) <= rows
        return -len(rows & set(synthetic["amount"]))

    quick(oracle=copies, baselines=()).fit(X, y)


def test_a_fit_forgets_which_rows_an_earlier_one_made():
    X, y = numbers()
    sampler = quick()
    sampler.fit_resample(X, y)
    assert not hasattr(sampler.fit(X, y), "is_synthetic_")


def test_concurrent_fits_restore_the_threads():
    import torch

    X, y = numbers()
    torch.set_num_threads(2)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: quick(oracle="energy").fit_resample(X, y)[0], range(3)))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    assert threads == 2
    np.testing.assert_array_equal(results[0], results[1])


def test_equal_parameters_train_equally_however_they_are_written():
    X, y = numbers()
    plain, odd = GAN(widths=(16,), reach=0.5), GAN(widths=[16], reach=np.float64(0.5))
    np.testing.assert_array_equal(*(quick(gan=gan).fit_resample(X, y)[0] for gan in (plain, odd)))


def test_the_users_own_pipeline_can_judge_on_the_users_own_columns():
    X, y = mixed()
    X = X[["amount", "city", "member"]]
    encode = make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_include="category")), remainder="passthrough"
    )
    pipeline = make_pipeline(encode, LogisticRegression())
    sampler = quick(oracle=DownstreamOracle(pipeline, encoded=False)).fit(X, y)
    assert np.isfinite(sampler.history_["score"]).all()


def test_a_splitter_gives_the_folds():
    X, y = cancer()
    sampler = quick(cv=RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)).fit(X, y)
    assert {"fold_0", "fold_3"} <= set(sampler.history_.columns)


def test_a_splitter_without_a_seed_takes_the_samplers():
    X, y = cancer()
    before = global_state()
    splitter = StratifiedShuffleSplit(1, test_size=0.3)
    one, two = (quick(cv=splitter).fit(X, y) for _ in range(2))
    assert one.history_["score"].equals(two.history_["score"])
    assert global_state() == before
    assert splitter.random_state is None
    assert "one fold only" in one.report_.notes[0]


def test_max_time_stops_training_but_not_the_untrained_choice():
    X, y = numbers()
    assert quick(max_time=0).fit(X, y).history_["step"].tolist() == [0]


def test_small_classes_use_the_robust_base_and_the_report_says_so():
    X, y = numbers(60, 5)
    sampler = quick()
    _, y_new = sampler.fit_resample(X, y)
    assert np.bincount(y_new).tolist() == [55, 55]
    assert "5 rows" in sampler.report_.notes[0]
    assert len(sampler.history_) == 0


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_gans_of_all_classes_leave_out_those_too_small(family):
    X, _ = numbers()
    y = np.r_[np.zeros(60, int), np.ones(29, int), 2]
    sampler = quick(gan=GAN(family, classes="all", widths=(16,)), sampling_strategy={1: 60})
    assert np.bincount(sampler.fit_resample(X, y)[1]).tolist() == [60, 60, 1]
    assert sampler.sample(3).shape == (3, 4)


def test_small_classes_beside_large_ones():
    X, y = mixed()
    X, y = X.iloc[:103], y.iloc[:103]
    sampler = quick()
    _, y_new = sampler.fit_resample(X, y)
    assert y_new.value_counts().to_dict() == {"common": 70, "rare": 70, "rarest": 70}
    assert "'rarest' has 3 rows" in sampler.report_.notes[0]
    assert len(sampler.history_) == 3


def test_verbose_prints_every_score(capsys):
    X, y = numbers()
    sampler = quick(verbose=1).fit(X, y)
    assert len(capsys.readouterr().out.splitlines()) == 3 + len(sampler.history_)


# Among other estimators


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


def test_clone_and_pickle():
    X, y = numbers()
    sampler = quick()
    assert clone(sampler).get_params()["gan__widths"] == (16,)
    sampler.fit(X, y)
    copy = pickle.loads(pickle.dumps(sampler))
    np.testing.assert_array_equal(copy.sample(5), sampler.sample(5))


def test_fitting_leaves_the_parameters_alone():
    X, y = numbers()
    sampler = quick(oracle=DownstreamOracle())
    before = {name: repr(value) for name, value in sampler.get_params().items()}
    sampler.fit(X, y)
    assert {name: repr(value) for name, value in sampler.get_params().items()} == before
    assert not hasattr(sampler.oracle, "train_")
