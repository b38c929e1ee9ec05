"""The study of known laws: the truth is Bayes' rule, and each kind of probabilities is measured once."""

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE

from benchmarks.studies import probabilities as study


def test_true_probabilities_are_the_frequencies_of_the_classes():
    sizes = (60_000, 20_000, 20_000)
    X, y = study.draw(sizes, np.random.default_rng(0))
    p = study.truth(X, sizes)
    np.testing.assert_allclose(p.mean(axis=0), np.bincount(y) / len(y), atol=0.005)
    likely = p[:, 1] > 0.6
    assert abs((y[likely] == 1).mean() - p[likely, 1].mean()) < 0.01


def test_a_cell_measures_every_kind_once_and_corrections_help(monkeypatch):
    monkeypatch.setattr(study, "SAMPLERS", {"SMOTE": SMOTE()})
    rows = pd.DataFrame(study.cell((900, 100), "logistic", "SMOTE", 0))
    errors = rows.set_index("probabilities")["mse"]
    assert errors.index.tolist() == list(study.KINDS)
    assert errors[["prior", "sigmoid"]].max() < 0.005 < 0.05 < errors["as it comes"]
    assert study.summary(rows).columns.tolist() == ["rows", "sampler", "classifier", *study.KINDS]
