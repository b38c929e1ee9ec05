"""What users may write as an oracle, and how it is called."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.neighbors import KNeighborsClassifier

from gan_oversampler.oracles.base import CallableOracle
from gan_oversampler.oracles.distances import EnergyOracle
from gan_oversampler.oracles.downstream import DownstreamOracle
from gan_oversampler.oracles.registry import ORACLES, name_of, oracle_of
from gan_oversampler.oracles.scorers import scorer_names


def closeness(real, synthetic):
    return 0.0


def test_every_scorer_name_is_an_oracle():
    for name in scorer_names():
        assert oracle_of(name).greater_is_better
    assert oracle_of("average_precision").scoring == "average_precision"


def test_scorers_are_not_taken_for_functions():
    assert isinstance(oracle_of(get_scorer("accuracy")), DownstreamOracle)
    assert isinstance(oracle_of(closeness), CallableOracle)


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_an_oracle_of_a_name_is_a_fresh_one(name):
    first = oracle_of(name)
    assert type(first) is ORACLES[name]
    assert type(oracle_of(first)) is ORACLES[name]
    assert oracle_of(first) is not first


@pytest.mark.parametrize(
    ("typo", "meant"), [("frechett", "frechet"), ("f1_makro", "f1_macro"), ("gmean", "g_mean")]
)
def test_an_unknown_name_gets_a_hint(typo, meant):
    with pytest.raises(ValueError, match=f"Unknown oracle '{typo}'. Did you mean '{meant}'"):
        oracle_of(typo)


@pytest.mark.parametrize(
    ("wrong", "message"), [(EnergyOracle, r"write EnergyOracle\(\)"), (3, "a function of two tables. Got 3")]
)
def test_what_is_no_oracle_is_an_error_that_says_what_to_write(wrong, message):
    with pytest.raises(ValueError, match=message):
        oracle_of(wrong)


def test_reports_call_an_oracle_as_the_user_wrote_it_and_never_two_alike():
    used = []
    for oracle in ("energy", closeness, EnergyOracle(max_rows=9), "energy", closeness, "energy"):
        used.append(name_of(oracle, used))
    names = ["energy", "closeness", "EnergyOracle(max_rows=9)", "energy 2", "closeness 2", "energy 3"]
    assert used == names


# --- in words


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_every_oracle_says_in_words_what_it_scores(name):
    oracle = oracle_of(name)
    assert 3 < len(oracle.description.split()) < 40
    assert not oracle.description.endswith(".")
    assert "\n" not in oracle.description


def test_the_default_names_its_score_and_its_classifiers():
    oracle = oracle_of("downstream")
    assert oracle.score_name == "smooth F1"
    for part in ("smooth F1", "logistic regression, five nearest neighbours and a decision tree", "new rows"):
        assert part in oracle.description


def test_only_scores_that_add_up_probabilities_are_called_smooth():
    for name in ("f1", "g_mean"):
        smooth = oracle_of(name)
        assert smooth.score_name == f"smooth {smooth.of_labels().score_name}"
        assert smooth.of_labels().get_params() == {**smooth.get_params(), "smooth": False}
        assert smooth.of_labels().of_labels() is None
    for name in ("average_precision", "energy", "diversity", "composite"):
        assert "smooth" not in oracle_of(name).score_name
        assert oracle_of(name).of_labels() is None


def test_an_oracle_of_a_function_is_called_like_it():
    assert oracle_of(closeness).description == "closeness(real rows, new rows)"


def test_given_classifiers_are_named_as_they_are():
    models = [LogisticRegression(C=2.0), KNeighborsClassifier()]
    one, two = (DownstreamOracle(given) for given in (models[0], models))
    assert "of LogisticRegression(C=2.0) fitted to" in one.description
    assert (
        "the mean of LogisticRegression(C=2.0) and KNeighborsClassifier(), each fitted to" in two.description
    )
