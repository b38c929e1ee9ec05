"""Leaks of held-out rows are found, and there are none."""

from dataclasses import replace

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.preprocessing import StandardScaler

from benchmarks import protocol, run
from benchmarks.audit import LeakError, audit
from benchmarks.methods import Method
from benchmarks.preparation import on_raw
from benchmarks.protocol import Cell
from gan_oversampler import GANOversampler
from tests.benchmarks.small_benchmarks import patched, tiny


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
