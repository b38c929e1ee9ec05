"""Reports in little: fewer metrics and samples than in earnest, names that no setting changes."""

import pytest

from benchmarks.reporting import names, significance, statistics


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(statistics, "TESTED", ("f1", "average_precision"))
    monkeypatch.setattr(significance, "POSTERIOR_SAMPLES", 300)
    monkeypatch.setattr(significance, "RESAMPLES", 1000)
    monkeypatch.setattr(names, "SETTINGS", {"ours_plain": "ours"})
    monkeypatch.setattr(names, "TITLES", {"ours": "GANOversampler", "none": "nothing", "smote": "SMOTE"})
