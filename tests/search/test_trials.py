"""The trials of a search: asked in rounds, told once, gone on with after a kill, and failed one by one."""

import logging
import random
import warnings
from functools import partial

import numpy as np
import optuna
import pytest
from optuna.pruners import HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.storages import InMemoryStorage

from gan_oversampler.search.space import SearchSpace
from gan_oversampler.search.strategies import STRATEGIES, SampledStrategy
from tests.samples import global_state
from tests.search.planted import SPACE, TEMPLATE, Run, searched, table, value

UNTIED = ("random", "tpe", "evolution", "halving", "controller")


class Killed(BaseException):
    """A process is killed here."""


class Mortal(InMemoryStorage):
    """A storage whose process is killed at one of its changes; what was written before stays."""

    def __init__(self):
        super().__init__()
        self.left = np.inf

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise Killed


def _dying(name):
    def call(self, *args, **kwargs):
        self._step()
        return getattr(InMemoryStorage, name)(self, *args, **kwargs)

    return call


CHANGES = ("create_new_trial", "set_trial_user_attr", "set_trial_state_values", "set_study_user_attr")
for change in (*CHANGES, "set_trial_intermediate_value", "set_trial_system_attr"):
    setattr(Mortal, change, _dying(change))


def test_every_strategy_has_a_test():
    assert set(UNTIED) == set(STRATEGIES)


@pytest.mark.parametrize("strategy", UNTIED)
def test_equal_searches_have_equal_trials_and_others_have_others(strategy):
    assert table(searched(strategy=strategy)) == table(searched(strategy=strategy))
    assert table(searched(strategy=strategy)) != table(searched(strategy=strategy, seed=1))


def test_the_first_trial_is_the_template():
    first = searched().get_trials(deepcopy=False)[0]
    assert first.params == SPACE.start(TEMPLATE)


@pytest.mark.parametrize(("strategy", "stride"), [("random", 5), ("tpe", 7), ("controller", 41)])
def test_a_search_killed_at_any_change_of_the_storage_goes_on_to_the_same_trials(strategy, stride):
    options = {"strategy": strategy, "n_trials": 6, "batch": 3}
    whole = table(searched(**options))
    n_kills = 0
    for after in range(0, 400, stride):
        storage = Mortal()
        storage.left = after
        try:
            searched(storage=storage, **options)
        except Killed:
            n_kills += 1
            storage.left = np.inf
            assert table(searched(storage=storage, **options)) == whole
        else:
            break
    assert n_kills > 2


def test_a_search_killed_in_training_goes_on_to_the_same_trials():
    whole = table(searched())
    for killed_in in range(3):
        storage, run = InMemoryStorage(), Run()

        def dying(points, stop, starts, run=run, killed_in=killed_in):
            if len(run.rounds) == killed_in:
                raise Killed
            return run(points, stop, starts)

        with pytest.raises(Killed):
            searched(dying, storage=storage)
        assert table(searched(storage=storage)) == whole


def test_a_search_that_is_complete_trains_nothing_more():
    storage, run = InMemoryStorage(), Run()
    first = table(searched(storage=storage))
    assert table(searched(run, storage=storage)) == first
    assert run.rounds == []


def test_more_trials_go_on_from_those_there_are():
    storage = InMemoryStorage()
    searched(storage=storage, n_trials=4)
    assert table(searched(storage=storage)) == table(searched())


def test_a_process_that_is_overtaken_while_it_proposes_proposes_again():
    storage, others = InMemoryStorage(), [4]

    def make(number):
        if others:
            searched(storage=storage, n_trials=others.pop())
        return optuna.samplers.RandomSampler(seed=number)

    study = searched(strategy=lambda task: SampledStrategy(make), storage=storage)
    assert [trial.state.name for trial in study.get_trials(deepcopy=False)] == ["COMPLETE"] * 12


def test_a_process_that_is_overtaken_while_it_writes_fails_that_trial_and_asks_again():
    class Slow(InMemoryStorage):
        others = (4,)

        def create_new_trial(self, study_id, template_trial=None):
            others, self.others = self.others, ()
            for n_trials in others:
                searched(storage=self, n_trials=n_trials)
            return super().create_new_trial(study_id, template_trial)

    trials = searched(storage=Slow()).get_trials(deepcopy=False)
    assert [trial.number for trial in trials if trial.state.name == "FAIL"] == [4]
    assert len(trials) == 12 + 1


def test_a_gan_that_was_seen_is_not_trained_again():
    run = Run()
    study = searched(run, space=SearchSpace({"latent": (2, 4)}), n_trials=12, seed=1)
    trials = study.get_trials(deepcopy=False)
    assert run.n_trained == 2
    for trial in trials:
        assert trial.value == trials[trial.user_attrs.get("same as", trial.number)].value


def test_a_trial_that_crashes_is_recorded_and_the_others_of_its_round_have_their_scores():
    study = searched(Run(broken=lambda point: point.gan.generator.latent == 4))
    for trial in study.get_trials(deepcopy=False):
        if trial.params["latent"] == 4:
            assert trial.state == optuna.trial.TrialState.FAIL
            assert "this GAN is broken" in trial.user_attrs["error"]
        else:
            assert trial.state == optuna.trial.TrialState.COMPLETE


def test_if_nothing_can_be_scored_the_first_failure_is_told():
    with pytest.raises(RuntimeError, match=r"none was completed.*trial 0: RuntimeError: this GAN"):
        searched(Run(broken=lambda point: True))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"space": SPACE.narrow({"latent": (2, 8)})}, "space"),
        ({"fingerprint": {"table": "another"}}, "table"),
        ({"fingerprint": {"table": "this", "random_state": "1"}}, "random_state"),
    ],
)
def test_a_study_of_something_else_is_refused(changes, what):
    storage = InMemoryStorage()
    searched(storage=storage, fingerprint={"table": "this"})
    with pytest.raises(ValueError, match=f"another {what}"):
        searched(storage=storage, **{"fingerprint": {"table": "this"}, **changes})


def test_a_study_that_is_not_a_search_is_refused():
    storage = InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="gan_oversampler")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(ValueError, match="was not made by a search of GANs"):
        searched(storage=storage)


def test_any_sampler_of_optuna_proposes():
    study = searched(strategy=optuna.samplers.RandomSampler(seed=3))
    assert len(study.get_trials(deepcopy=False)) == 12


def test_halving_stops_half_of_a_round_early():
    study = searched(strategy="halving", n_trials=8, batch=8)
    trained = [trial for trial in study.get_trials(deepcopy=False) if "same as" not in trial.user_attrs]
    pruned = [trial for trial in trained if trial.state == optuna.trial.TrialState.PRUNED]
    assert len(pruned) >= len(trained) // 2
    kept = [t.params["latent"] - 10 * t.params["fidelity"] for t in trained if t not in pruned]
    assert min(kept) >= max(t.params["latent"] - 10 * t.params["fidelity"] for t in pruned)


@pytest.mark.parametrize(
    "pruner", [partial(MedianPruner, n_startup_trials=2), SuccessiveHalvingPruner, HyperbandPruner]
)
def test_pruners_of_optuna_stop_trials_alike_in_equal_searches(pruner):
    study = searched(pruner=pruner(), n_trials=24)
    states = {trial.state.name for trial in study.get_trials(deepcopy=False)}
    assert states == {"COMPLETE", "PRUNED"}
    assert table(searched(pruner=pruner(), n_trials=24)) == table(study)


@pytest.mark.parametrize("strategy", ["tpe", "evolution", "controller"])
def test_strategies_find_the_best_of_a_simple_landscape(strategy):
    study = searched(strategy=strategy, n_trials=32, batch=4)
    best = max(study.get_trials(deepcopy=False), key=lambda trial: trial.value or -1)
    assert (best.params["latent"], best.params["fidelity"]) == (16, 0.0)


def test_time_ends_a_search():
    study = searched(max_time=0.05, n_trials=10**6)
    assert 4 <= len(study.get_trials(deepcopy=False)) < 10**4


def test_global_state_is_left_as_found(capfd):
    before = global_state(), random.getstate(), optuna.logging.get_verbosity()
    root = logging.getLogger().level
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for strategy in UNTIED:
            searched(strategy=strategy)
    after = global_state(), random.getstate(), optuna.logging.get_verbosity()
    assert before == after
    assert logging.getLogger().level == root
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_values_are_those_of_the_landscape():
    for trial in searched().get_trials(deepcopy=False):
        assert trial.value == pytest.approx(value(SPACE.trial_of(trial.params, TEMPLATE)) + 0.5)
