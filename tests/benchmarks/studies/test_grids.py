"""The study of grids trains both GANs and shows what it says."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import grids
from benchmarks.tables import Table


@pytest.fixture(scope="module")
def table():
    """Six by five cells: a bright bar that lies in the common class and stands in the rare one."""
    rng = np.random.default_rng(0)
    X, y = 0.2 * rng.normal(size=(84, 6, 5)), np.repeat([0, 1], [60, 24])
    for image, stands in zip(X, y):
        bar = image[:, rng.integers(1, 4)] if stands else image[rng.integers(1, 5)]
        bar += 2
    return Table("bars", "bars", pd.DataFrame(X.reshape(84, 30)).add_prefix("c"), pd.Series(y))


@pytest.mark.parametrize("name", grids.PRESETS)
def test_every_oracle_judges_before_and_after(name, table, monkeypatch):
    monkeypatch.setattr(grids, "ORACLES", ("energy", "cas_real"))
    sampler = grids.fitted(table, name, 3, (6, 5), 0)
    rows = pd.DataFrame(grids.lines(name, sampler, 1.5))
    assert rows["oracle"].tolist() == ["energy", "cas_real"]
    assert rows["steps"].tolist() == [3, 3]
    assert np.isfinite(rows[["untrained", "trained", "smote"]]).all(axis=None)
    convolutional = sampler.summary_.to_frame()["layer"].str.contains("convolution").any()
    assert convolutional == (name == "dcgan")


def test_the_summary_sets_the_gans_side_by_side():
    rows = pd.DataFrame(
        {
            "preset": ["dcgan", "dcgan", "gan", "gan"],
            "oracle": ["prdc", "mmd"] * 2,
            "untrained": [0.1, 0.2, 0.3, 0.4],
            "trained": [0.5, 0.6, 0.7, 0.8],
            "smote": [1.0, 2.0, 1.0, 2.0],
        }
    )
    told = grids.summary(rows).set_index("oracle")
    assert list(told.columns) == ["dcgan", "gan", "SMOTE"]
    assert told.loc["mmd"].tolist() == ["0.200 → 0.600", "0.400 → 0.800", "2.000"]


def test_images_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    panels = {"real": np.zeros((4, 30)), "new": np.ones((4, 30))}
    grids.draw(panels, (6, 5), tmp_path / "grids.png")
    assert (tmp_path / "grids.png").read_bytes().startswith(b"\x89PNG")
