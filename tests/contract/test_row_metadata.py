"""`sample_weight` and `groups`: through fits, cross-validation and metadata routing."""

from dataclasses import replace

import numpy as np
import pytest
import sklearn
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier

from gan_oversampler import GAN, DownstreamOracle, Policy
from tests.samplers import GUIDED, UNTRAINED, quick
from tests.tables import numbers

X, Y = numbers(140, 40)
GROUPS = np.arange(140) // 2 % 14
COPIES = GAN(base="bootstrap", loss_weights={})
HALF = np.where(np.arange(140) % 2 == 0, 1.0, 0.0)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_equal_weights_give_the_same_bits_as_none():
    options = {"gan": GUIDED, "oracle": "energy", "baselines": ()}
    expected, _ = quick(**options).fit_resample(X, Y)
    for weights in (np.ones(140), [3] * 140):
        told, _ = quick(**options).fit_resample(X, Y, sample_weight=weights)
        np.testing.assert_array_equal(told, expected)


@pytest.mark.parametrize(
    "options",
    [{"gan": UNTRAINED}, {"gan": GUIDED}, {"gan": GUIDED, "rejection": True}, {"policy": Policy(filter=0.2)}],
    ids=["base", "guided", "rejection", "policy"],
)
def test_rows_of_weight_0_are_no_seeds(options):
    sampler = quick(baselines=(), **options)
    sampler.fit_resample(X, Y, sample_weight=HALF)
    assert set(sampler.seed_indices_ % 2) == {0}


def test_weights_change_the_training_and_the_scores():
    weights = np.random.default_rng(0).exponential(size=140)
    options = {"gan": GUIDED, "baselines": ()}
    fits = [quick(**options).fit(X, Y, sample_weight=w).report_ for w in (None, weights, 8 * weights)]
    plain, told, scaled = ([entry.score for entry in report.entries] for report in fits)
    assert told != plain
    assert scaled == told


def test_what_takes_no_weights_is_warned_of_once():
    learner, weights = KNeighborsClassifier(3), HALF + 0.5
    oracle = DownstreamOracle([learner, LogisticRegression()])
    with pytest.warns(
        UserWarning, match=r"does not count .* taken by KNeighborsClassifier\(n_neighbors=3\)\."
    ) as all_of:
        quick(gan=UNTRAINED, oracle=oracle, baselines=("none",)).fit(X, Y, sample_weight=weights)
    assert len(all_of) == 1
    quick(gan=UNTRAINED, baselines=("none",)).fit(X, Y, sample_weight=weights)  # a warning is an error here
    quick(gan=UNTRAINED, oracle=oracle, baselines=("none",)).fit(X, Y)


def test_the_evidence_of_a_report_counts_rows_as_they_weigh():
    told = quick(gan=UNTRAINED, baselines=()).fit(X, Y, sample_weight=HALF).report_.evidence
    for _, unseen, _ in told.folds():
        assert set(unseen.origin % 2) == {0}
        assert len(set(unseen.weights)) == 1
    assert np.isfinite(told.fidelity.energy_ratio)
    assert told.metrics["value"].notna().all()
    heavy = replace(told, real=replace(told.real, weights=np.linspace(1, 9, len(told.real))))
    alike = replace(told, real=replace(told.real, weights=None))
    for metric in ("energy distance", "classifier two-sample test", "distance to closest record"):
        values = [e.metrics.set_index("name").loc[metric, "value"] for e in (heavy, alike)]
        assert values[0] != pytest.approx(values[1], rel=1e-6)


@pytest.mark.parametrize("cv", [2, StratifiedGroupKFold(3), GroupKFold(2)], ids=str)
def test_folds_and_training_data_part_no_group(cv):
    options = {"oracle": "energy", "baselines": (), "keep_candidates": True}
    sampler = quick(gan=[GUIDED, UNTRAINED], cv=cv, **options).fit(X, Y, groups=GROUPS)
    problem = sampler._fitted.fit.training.problem
    assert len(problem.folds) == (2 if isinstance(cv, int) else cv.n_splits)
    for train, heldout in problem.folds:
        assert not set(GROUPS[train]) & set(GROUPS[heldout])
    data = problem.training_data([GUIDED]).fold(GUIDED, 0)
    for code, positions in data.positions.items():
        assert set(positions) <= set(problem.folds[0][0])
        np.testing.assert_array_equal(problem.rows.groups[positions], data.groups[code])


def test_groups_change_folds_and_a_splitter_that_parts_them_is_refused():
    scores = [
        quick(gan=UNTRAINED, baselines=("none",)).fit(X, Y, groups=g).report_.entries[0].score
        for g in (None, GROUPS)
    ]
    assert scores[0] != scores[1]
    with pytest.raises(ValueError, match="StratifiedGroupKFold"):
        quick(cv=StratifiedKFold(3)).fit(X, Y, groups=np.arange(140) // 10)


def test_a_class_of_one_group_trains_to_finite_rows_without_an_oracle():
    groups = np.where(Y == 1, 99, GROUPS)
    gan = GAN("guided", loss_weights={"utility": 1.0, "fidelity": 1.0}, batch_size=32)
    X_new, _ = quick(gan=gan, oracle=None).fit_resample(X, Y, groups=groups)
    assert np.isfinite(X_new).all()


@pytest.mark.parametrize("name", ["sample_weight", "groups"])
def test_wrong_lengths_are_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' must hold one value per row, 140 in all"):
        quick().fit_resample(X, Y, **{name: np.ones(3)})


def test_pipelines_and_cross_validation_route_both(routing):
    sampler = quick(gan=COPIES, baselines=()).set_fit_resample_request(sample_weight=True, groups=True)
    pipe = make_pipeline(sampler, LogisticRegression().set_fit_request(sample_weight=False))
    weighted = get_scorer("average_precision").set_score_request(sample_weight=True)
    params = {"sample_weight": HALF, "groups": GROUPS}
    pipe.fit(X, Y, **params)
    assert set(pipe[0].seed_indices_ % 2) == {0}
    found = cross_validate(
        pipe, X, Y, cv=GroupKFold(2), params=params, scoring=weighted, return_estimator=True
    )
    assert np.isfinite(found["test_score"]).all()
    for fitted, (train, _) in zip(found["estimator"], GroupKFold(2).split(X, Y, GROUPS), strict=True):
        assert set(train[fitted[0].seed_indices_] % 2) == {0}


def test_oracles_with_weights_work_under_routing(routing):
    oracles = ["average_precision", "f1"]
    baselines = ("none", "class_weight", "threshold")
    weights = HALF + 0.5
    sampler = quick(gan=UNTRAINED, oracle=oracles, baselines=baselines)
    for report in sampler.fit(X, Y, sample_weight=weights, groups=GROUPS).reports_.values():
        assert np.isfinite([entry.score for entry in report.entries]).all()


def test_what_was_not_asked_for_is_not_passed(routing):
    pipe = make_pipeline(quick(gan=COPIES, baselines=()), LogisticRegression())
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
        pipe.fit(X, Y, groups=GROUPS)
