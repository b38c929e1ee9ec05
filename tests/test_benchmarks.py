"""The benchmark harness keeps its promises: cells are complete, resumable, blind to held-out rows."""

import json
import math
from dataclasses import replace
from itertools import count

import numpy as np
import pandas as pd
import pytest
from imblearn.metrics import geometric_mean_score
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn import metrics as reference
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

from benchmarks import classifiers, determinism, metrics, protocol, run, suites
from benchmarks.audit import LeakError, audit
from benchmarks.classifiers import CLASSIFIERS
from benchmarks.demo import SHOWN
from benchmarks.fidelity import fidelity
from benchmarks.methods import METHODS, TITLES, Method
from benchmarks.preparation import Setting, on_encoded, on_raw
from benchmarks.protocol import COLUMNS, Cell
from benchmarks.provenance import beside, command
from benchmarks.storage import Store
from benchmarks.tables import (
    DATA_VARIABLE,
    EMBEDDED,
    MissingDataError,
    Table,
    data_folder,
    load_table,
)
from gan_oversampler import GANOversampler

CHEAP = ("none", "class_weight", "smote")
QUICK = ("logistic", "knn")
TIMED = ["seconds", "peak_mb"]


def tiny(categorical: tuple[str, ...] = (), n_minority: int = 20) -> Table:
    """Two shifted clouds, of which the minority is the smaller one."""
    rng = np.random.default_rng(0)
    y = np.arange(100) < n_minority
    X = pd.DataFrame(rng.normal(size=(100, 3)) + y[:, None], columns=["a", "b", "c"])
    for column in categorical:
        X[column] = pd.cut(X[column], 3, labels=["low", "mid", "high"])
    return Table("tiny", "made", X, pd.Series(y.astype(int)), categorical)


def cells(methods=CHEAP, names=QUICK, folds=2, tune="none"):
    return run.cells_of([tiny()], methods, names, folds=folds, tune=tune)


def patched(monkeypatch, **methods):
    """Further methods, for one test."""
    known = {**METHODS, **methods}
    for module in (protocol, run):
        monkeypatch.setattr(module, "METHODS", known)


# Tables and suites


@pytest.mark.parametrize("name", sorted(EMBEDDED))
def test_embedded_tables_have_a_minority_of_ones_and_no_missing_cells(name):
    table = EMBEDDED[name]()
    assert table.name == name
    assert set(table.y) == {0, 1}
    assert 10 < table.n_minority < len(table.y) / 3
    assert table.X.index.equals(table.y.index)
    assert not table.X.isna().any(axis=None)
    assert set(table.categorical) == set(table.X.select_dtypes("category"))


def test_without_data_the_error_says_what_is_missing_and_what_there_is(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    assert data_folder() is None
    with pytest.raises(MissingDataError, match=r"glass4.*--data-dir.*wine-third"):
        load_table("glass4", None)


@pytest.mark.parametrize("suite", ["keel", "autogan", "mixed", "images"])
def test_suites_of_shared_tables_offer_the_embedded_ones_where_they_are_missing(suite, monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    with pytest.raises(SystemExit, match=rf"{suite}: .*--data-dir.*wine-third"):
        run.main([suite])


def test_tables_are_read_through_the_manifest(tmp_path, monkeypatch):
    entry = {"name": "t", "path": "t.csv", "family": "f", "categorical": ["kind"], "minority": "2"}
    (tmp_path / "manifest.json").write_text(json.dumps([entry]))
    (tmp_path / "t.csv").write_text("kind,size,target\n1,0.5,2\n1,,3\n")
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    table = load_table("t", data_folder())
    assert table.y.tolist() == [1, 0]
    assert isinstance(table.X["kind"].dtype, pd.CategoricalDtype)
    assert table.numeric == ("size",)
    with pytest.raises(ValueError, match="Unknown table 'u'"):
        load_table("u", data_folder())


def test_autogan_tables_are_used_as_scaled_as_they_come(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    (tmp_path / "autogan" / "tor").mkdir(parents=True)
    rows = np.random.default_rng(0).uniform(-1, 1, (30, 4))
    np.savez(tmp_path / "autogan" / "tor" / "20_0.5.npz", data=rows, labels=(np.arange(30) < 10) * 1.0)
    assert suites.SUITES["autogan"].names(tmp_path) == ["tor/20_0.5"]
    (tmp_path / "autogan" / "fmnist24").mkdir()
    (tmp_path / "autogan" / "fmnist24" / "20_0.5.npz").touch()
    for suite, root in (("autogan", "tor"), ("images", "fmnist24"), ("keel", "fmnist24")):
        chosen = run._chosen_tables(["*/20_*"], tmp_path, suites.SUITES[suite].names)
        assert f"{root}/20_0.5" in chosen
        assert len(chosen) == 1 + (suite == "keel")
    table = load_table("tor/20_0.5", tmp_path)
    assert (table.family, table.n_minority) == ("tor", 10)
    fold = protocol.resample("none", table, table, seed=0)
    assert np.array_equal(fold.X, rows)


@pytest.mark.parametrize(("what", "value"), [("rows", 300), ("columns", 30), ("minority", 10)])
def test_made_tables_have_the_size_asked_for(what, value):
    table = suites.made(what, value)
    size = {"rows": len(table.y), "columns": table.X.shape[1], "minority": table.n_minority}
    assert size == {**suites.TYPICAL, what: value}


# Runs


def test_the_smoke_suite_runs(tmp_path, capsys):
    out = tmp_path / "smoke.parquet"
    options = ["--methods", "none,random,smote,ours_base_only", "--tune", "none", "--out", str(out)]
    run.main(["smoke", *options])
    rows = pd.read_parquet(out)
    assert len(rows) == 2 * 4 * 7
    assert (rows["error"] == "").all()
    assert rows[[*metrics.LABEL_SCORES, *metrics.RANKING_SCORES]].notna().all(axis=None)
    assert "0 of them failures" in capsys.readouterr().out
    assert json.loads(beside(out, "_meta.json").read_text())["runs"][0]["versions"]["scikit-learn"]


def test_a_run_has_every_cell_with_every_classifier(tmp_path):
    rows = run.run(cells(), tmp_path / "r.parquet")
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == len(CHEAP) * len(QUICK) * 2
    assert (rows["n_new"] == np.where(rows["method"] == "smote", 64 - 16, 0)).all()
    assert rows["f1_tuned"].isna().all()


def test_a_second_run_adds_nothing(tmp_path):
    out = tmp_path / "r.parquet"
    run.run(cells(), out)
    before = out.read_bytes(), beside(out, "_meta.json").read_bytes()
    run.run(cells(), out)
    assert (out.read_bytes(), beside(out, "_meta.json").read_bytes()) == before


@pytest.mark.parametrize("survived", [0, 1, 4])
def test_a_killed_run_is_completed_to_the_same_rows(tmp_path, monkeypatch, survived):
    whole = run.run(cells(), tmp_path / "whole.parquet")
    out, number, evaluate = tmp_path / "cut.parquet", count(), protocol.evaluate

    def dies(cell: Cell):
        if next(number) == survived:
            raise KeyboardInterrupt
        return evaluate(cell)

    monkeypatch.setattr(run, "evaluate", dies)
    with pytest.raises(KeyboardInterrupt):
        run.run(cells(), out)
    (out.with_suffix(".parts") / "00000009.parquet.draft").parent.mkdir(exist_ok=True)
    (out.with_suffix(".parts") / "00000009.parquet.draft").write_text("half a file")
    monkeypatch.setattr(run, "evaluate", evaluate)
    again = run.run(cells(), out)
    pd.testing.assert_frame_equal(again.drop(columns=TIMED), whole.drop(columns=TIMED))
    assert not out.with_suffix(".parts").exists()


def test_jobs_change_nothing(tmp_path):
    one = run.run(cells(), tmp_path / "one.parquet")
    two = run.run(cells(), tmp_path / "two.parquet", jobs=2, backend="threading")
    pd.testing.assert_frame_equal(one.drop(columns=TIMED), two.drop(columns=TIMED))


def test_thresholds_may_be_tuned_later(tmp_path):
    out = tmp_path / "r.parquet"
    plain = run.run(cells(folds=1), out)
    tuned = run.run(cells(folds=1, tune="all"), out)
    assert tuned["f1_tuned"].between(0, 1).all()
    assert not tuned["f1_tuned"].equals(tuned["f1"])
    assert tuned["f1"].equals(plain["f1"])
    assert not list(run._todo(cells(folds=1, tune="all"), tuned))
    more = run.run(cells(names=(*QUICK, "tree"), folds=1), out)
    assert more.loc[more["classifier"] != "tree", "f1_tuned"].notna().all()
    assert more.loc[more["classifier"] == "tree", "f1_tuned"].isna().all()


def test_what_is_done_again_is_what_was_chosen(tmp_path, capsys):
    out, options = tmp_path / "r.parquet", ["smoke", "--tune", "none", "--classifiers", "knn"]
    options += ["--out", str(out), "--methods", "none,random"]
    run.main(options)
    run.main([*options, "--tables", "wine-third", "--redo", "random"])
    rows = pd.read_parquet(out)
    assert len(rows) == 4
    assert f"report r --results {tmp_path}" in capsys.readouterr().out


def test_a_fresh_start_needs_nothing_of_what_was_there(tmp_path):
    out = tmp_path / "r.parquet"
    pd.DataFrame({"other": [1]}).to_parquet(out)
    options = ["smoke", "--tables", "wine-*", "--tune", "none", "--classifiers", "knn", "--out", str(out)]
    run.main([*options, "--methods", "none", "--fresh"])
    run.main([*options, "--methods", "random", "--fresh"])
    assert pd.read_parquet(out)["method"].tolist() == ["random"]
    assert len(json.loads(beside(out, "_meta.json").read_text())["runs"]) == 1


def test_what_could_not_run_is_remembered_until_it_can(tmp_path):
    out = tmp_path / "r.parquet"
    run._note_missing(out, ["lee", "arf"], {"lee": "missing: x", "arf": "missing: x"})
    run._note_missing(out, ["none"], {})
    assert set(json.loads(beside(out, "_missing.json").read_text())) == {"lee", "arf"}
    run._note_missing(out, ["lee"], {})
    assert set(json.loads(beside(out, "_missing.json").read_text())) == {"arf"}


def test_tables_of_ones_own_are_found_by_name(tmp_path, monkeypatch):
    entry = {"name": "mine", "path": "my.csv", "family": "f", "categorical": [], "minority": "1"}
    (tmp_path / "manifest.json").write_text(json.dumps([entry]))
    tiny().X.assign(target=tiny().y).to_csv(tmp_path / "my.csv", index=False)
    options = ["--tables", "mine", "--methods", "none", "--classifiers", "knn", "--tune", "none"]
    run.main(["keel", "--data-dir", str(tmp_path), *options, "--out", str(tmp_path / "r.parquet")])
    assert pd.read_parquet(tmp_path / "r.parquet")["table"].unique().tolist() == ["mine"]


def test_a_failing_method_is_recorded_with_its_error(tmp_path, monkeypatch):
    def fails(setting: Setting):
        return on_encoded(setting, RandomUnderSampler(sampling_strategy={1: 10_000}))

    patched(monkeypatch, fails=Method("fails", fails))
    rows = run.run(cells(("none", "fails")), tmp_path / "r.parquet")
    failed = rows[rows["method"] == "fails"]
    assert len(failed) == len(QUICK) * 2
    assert failed["error"].str.startswith("ValueError: ").all()
    assert failed["f1"].isna().all()


def test_inner_folds_too_small_for_a_sampler_leave_the_other_scores(monkeypatch):
    patched(monkeypatch, five=Method("five", lambda setting: on_encoded(setting, SMOTE(k_neighbors=5))))
    for row in protocol.evaluate(Cell(tiny(n_minority=9), 0, 0, "five", QUICK, tuned=True)):
        assert row["tuning_error"].startswith("ValueError")
        assert (row["error"], math.isnan(row["f1_tuned"])) == ("", True)
        assert 0 <= row["f1"] <= 1


def test_files_of_other_columns_are_refused(tmp_path):
    pd.DataFrame({"other": [1]}).to_parquet(tmp_path / "r.parquet")
    with pytest.raises(ValueError, match="--fresh"):
        run.run(cells(), tmp_path / "r.parquet")


def test_parts_are_absorbed_before_they_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.storage.MAX_PARTS", 2)
    store = Store(tmp_path / "s.parquet", ("k",), ("k", "v"), (), ("k",))
    for k in (3, 1, 2):
        store.append([{"k": k, "v": k / 2}])
    assert len(list(store.parts.glob("*"))) == 1
    assert store.read()["k"].tolist() == [1, 2, 3]
    store.forget(lambda rows: rows["k"] == 2)
    assert store.read()["v"].tolist() == [0.5, 1.5]


# Cells


def test_a_cell_equals_the_pipeline_it_stands_for():
    table = tiny(categorical=("c",))
    train, test = protocol.split(table, protocol.N_FOLDS, 0)[0]
    steps = METHODS["smote"].steps(Setting.of(train, 0))
    after = FrozenEstimator(steps.after.fit(steps.before.fit_transform(train.X)))
    stages = [("before", steps.before), ("sampler", steps.sampler), ("after", after)]
    pipeline = Pipeline([*stages, ("classifier", CLASSIFIERS["tree"].make())]).fit(train.X, train.y)
    (row,) = protocol.evaluate(Cell(table, 0, 0, "smote", ("tree",)))
    assert math.isclose(row["f1"], reference.f1_score(test.y, pipeline.predict(test.X)), abs_tol=1e-6)


@pytest.mark.parametrize("categorical", [(), ("c",), ("a", "b", "c")])
@pytest.mark.parametrize(
    "method", ["class_weight", "random", "smoothed_bootstrap", "smote", "borderline", "ours_base_only"]
)
def test_methods_work_on_numbers_categories_and_few_rows(method, categorical):
    for row in protocol.evaluate(Cell(tiny(categorical, n_minority=6), 0, 0, method, QUICK)):
        assert row["error"] == ""


@pytest.mark.parametrize("method", ["svm_smote", "kmeans_smote", "adasyn", "smote_tomek", "smote_enn"])
def test_further_methods_work_on_numbers(method):
    table = EMBEDDED["wine-third"]()
    assert [row["error"] for row in protocol.evaluate(Cell(table, 0, 0, method, ("knn",)))] == [""]


def test_class_weights_weigh():
    weighted, plain = (protocol.resample(name, tiny(), tiny(), 0) for name in ("class_weight", "none"))
    models = [
        classifiers.fit("logistic", fold.X, fold.y, weighted=fold.weighted) for fold in (weighted, plain)
    ]
    assert (models[0].predict_proba(plain.X)[:, 1] > models[1].predict_proba(plain.X)[:, 1]).all()
    assert (weighted.prior(models[0]), plain.prior(models[1])) == (0.5, 0.2)
    assert weighted.prior(classifiers.fit("knn", plain.X, plain.y, weighted=True)) == 0.2


def test_new_rows_are_those_that_the_sampler_drew():
    for method, n_new in (("random", 60), ("smote", 60), ("smote_tomek", 60), ("none", 0)):
        fold = protocol.resample(method, tiny(), tiny(), 0)
        assert abs(len(fold.new) - n_new) <= 10  # cleaning may take a few
        assert len(fold.seen) == 20


def test_every_method_has_a_title_of_its_own():
    assert len(set(TITLES.values())) == len(METHODS)


def test_one_hot_groups_follow_the_numbers():
    setting = Setting.of(tiny(categorical=("a", "c")), 0)
    assert setting.one_hot_groups == ((1, 2, 3), (4, 5, 6))


# Scores


def test_label_scores_are_those_of_the_libraries():
    rng = np.random.default_rng(0)
    for _ in range(20):
        y, predicted = rng.random(30) < 0.3, rng.random(30) < 0.4
        found = metrics.label_scores(y, predicted)
        assert math.isclose(found["f1"], reference.f1_score(y, predicted, zero_division=0))
        assert math.isclose(found["f1_majority"], reference.f1_score(~y, ~predicted, zero_division=0))
        assert math.isclose(found["balanced_accuracy"], reference.balanced_accuracy_score(y, predicted))
        assert math.isclose(found["g_mean"], geometric_mean_score(y, predicted), abs_tol=1e-12)
        assert math.isclose(found["mcc"], reference.matthews_corrcoef(y, predicted), abs_tol=1e-12)


def test_no_threshold_beats_the_tuned_one():
    rng = np.random.default_rng(0)
    y, scores = rng.random(40) < 0.3, rng.integers(0, 9, 40) / 8
    for name, threshold in metrics.best_thresholds(y, scores).items():
        best = metrics.label_scores(y, scores >= threshold)[name]
        others = [metrics.label_scores(y, scores >= other)[name] for other in np.linspace(-0.1, 1.1, 99)]
        assert best >= max(others)


def test_correcting_the_prior_undoes_resampling():
    # two normal densities: the posterior under one prior, corrected, is the posterior under the other
    x = np.linspace(-3, 3, 50)
    density = {1: np.exp(-((x - 1) ** 2) / 2), 0: np.exp(-((x + 1) ** 2) / 2)}

    def posterior(prior):
        return prior * density[1] / (prior * density[1] + (1 - prior) * density[0])

    assert np.allclose(metrics.to_prior(posterior(0.5), 0.5, 0.07), posterior(0.07))


def test_fidelity_tells_copies_strangers_and_equals_apart():
    rng = np.random.default_rng(0)
    seen, held_out, equal = (rng.normal(size=(200, 2)) for _ in range(3))
    wide = rng.normal(size=(200, 40)) * 1e3  # here neighbours are found by inexact distances
    assert fidelity(wide[:50], wide, -wide, rng)["copies"] == 1.0
    copies = fidelity(seen, seen, held_out, rng)
    assert (copies["copies"], copies["dcr_ratio"]) == (1.0, 0.0)
    strangers = fidelity(equal + 50, seen, held_out, rng)
    assert math.isclose(strangers["c2st"], 1 - 199 / 399)
    assert (strangers["coverage"], strangers["copies"]) == (0.0, 0.0)
    fine = fidelity(equal, seen, held_out, rng)
    assert abs(fine["c2st"]) < 0.08
    assert fine["coverage"] > 0.9
    assert 0.7 < fine["dcr_ratio"] < 1.4


def test_telling_apart_is_measured_from_chance_however_few_rows_there_are():
    rng = np.random.default_rng(0)
    for n in (2, 3, 5):
        found = [
            fidelity(rng.normal(size=(30, 2)), rng.normal(size=(30, 2)), rng.normal(size=(n, 2)), rng)["c2st"]
            for _ in range(200)
        ]
        assert abs(np.mean(found)) < 0.05


def test_the_calibration_error_is_that_of_the_frequencies():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    y = (rng.uniform(size=len(p)) < p).astype(int)
    assert metrics.calibration_error(y, p) < 0.01
    assert math.isclose(metrics.calibration_error(y, p**2), np.mean(p) - np.mean(p**2), abs_tol=0.02)
    constant = np.repeat([0.0, 1.0], [97, 3])  # a tree that says 0 almost everywhere
    assert math.isclose(metrics.calibration_error(np.arange(100) >= 95, constant), 0.02)


# Leaks


@pytest.mark.parametrize("method", ["none", "smote", "ours_base_only"])
@pytest.mark.parametrize("categorical", [(), ("c",)])
def test_held_out_rows_change_nothing(method, categorical):
    audit(Cell(tiny(categorical), 0, 0, method))


def test_training_gans_under_an_oracle_does_not_see_held_out_rows(monkeypatch):
    trained = GANOversampler(max_steps=10, epoch_unit=5, random_state=0)
    patched(monkeypatch, trained=Method("trained", lambda setting: on_raw(setting, trained)))
    audit(Cell(tiny(), 0, 0, "trained"))


def test_the_oracle_is_shown_rows_of_the_training_fold_only(monkeypatch):
    shown: list[float] = []

    def spy(real, synthetic):
        shown.extend(real["id"])
        return 0.0

    table = tiny()
    table = replace(table, X=table.X.assign(id=np.arange(100) + 0.5))
    sampler = GANOversampler(oracle=spy, max_steps=0, random_state=0)
    patched(monkeypatch, spied=Method("spied", lambda setting: on_raw(setting, sampler)))
    (row,) = protocol.evaluate(Cell(table, 0, 0, "spied", ("knn",)))
    train, held_out = protocol.positions(table, protocol.N_FOLDS, 0)[0]
    assert row["error"] == ""
    assert set(shown) & set(train + 0.5)
    assert not set(shown) & set(held_out + 0.5)


def test_a_threshold_that_peeks_is_found(monkeypatch):
    cell, whole = Cell(tiny(), 0, 0, "none", tuned=True), []

    def remembering(table, n, seed):
        whole.append(table) if len(table.y) == 100 else None
        return split(table, n, seed)

    split = protocol.split
    monkeypatch.setattr(protocol, "split", remembering)
    audit(cell)
    monkeypatch.setattr(protocol, "thresholds", lambda cell, train: {"logistic": {"f1": peek(whole)}})
    with pytest.raises(LeakError):
        audit(cell)


def peek(tables):
    """A threshold that depends on all rows of the table."""
    return float(tables[-1].X.to_numpy().mean())


def _scaled_before_the_split(split):
    def leaky(table, n, seed):
        scaled = StandardScaler().set_output(transform="pandas").fit_transform(table.X)
        return split(replace(table, X=scaled, scaled=True), n, seed)

    return leaky


def _sampled_before_the_split(split):
    def leaky(table, n, seed):
        X, y = SMOTE(random_state=0).fit_resample(table.X, table.y)
        return split(replace(table, X=X, y=y), n, seed)

    return leaky


@pytest.mark.parametrize("plant", [_scaled_before_the_split, _sampled_before_the_split])
def test_a_planted_leak_is_found(monkeypatch, plant):
    monkeypatch.setattr(protocol, "split", plant(protocol.split))
    with pytest.raises(LeakError, match="sees more than the training fold"):
        audit(Cell(tiny(), 0, 0, "none"))


def test_an_audit_names_the_method_that_leaks(monkeypatch, capsys):
    monkeypatch.setattr(protocol, "split", _scaled_before_the_split(protocol.split))
    with pytest.raises(SystemExit, match="1"):
        run.main(["smoke", "--tables", "wine-third", "--methods", "none", "--audit"])
    assert "none: LEAK" in capsys.readouterr().out


# The rest


def test_recorded_commands_name_no_folders_of_this_machine():
    argv = ["/x/benchmarks/run.py", "--data-dir", "/home/me/data", "--out=/tmp/a.csv"]
    assert command(argv) == "python -m benchmarks.run --data-dir data --out=a.csv"


def test_digests_ignore_the_container():
    X = np.eye(2)
    assert determinism.digest(X, [0, 1]) == determinism.digest(pd.DataFrame(X), pd.Series([0, 1]))
    assert determinism.digest(X, [0, 1]) != determinism.digest(X, [1, 0])


def test_the_demo_shows_known_methods():
    assert set(SHOWN) <= set(METHODS)
