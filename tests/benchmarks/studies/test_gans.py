"""The study of presets: arms, means and paired effects."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import gans
from gan_oversampler.gans.presets import PRESETS


def _rows():
    """Three tables; the oracle's stop gains .1, rejection .02, and one cell failed."""
    rows = pd.DataFrame(
        [
            {
                **dict(zip(gans.KEY, (table, *arm), strict=True)),
                "kind": "keel",
                "f1": 0.5 + 0.1 * (arm[1] == "oracle") + 0.02 * (arm[2] == "obrs") + 0.01 * number,
                "average_precision": 0.5,
                **dict.fromkeys(gans.FACTS, 1.0),
                "error": "",
            }
            for number, table in enumerate("abc")
            for arm in gans.arms()
        ]
    )
    failed = (rows["table"] == "a") & (rows["gan"] == "wgan") & (rows["stop"] == "fixed")
    rows.loc[failed, [*gans.SCORES, *gans.FACTS]] = np.nan
    rows.loc[failed, "error"] = "RuntimeError: no"
    return rows


def test_the_picture_shows_every_gan_and_both_stops(tmp_path):
    gans.draw(_rows(), tmp_path / "gans.png")
    assert (tmp_path / "gans.png").stat().st_size > 10_000


def test_every_preset_takes_part_but_the_one_that_needs_a_grid():
    assert set(gans.PRESETS) == set(PRESETS) - {"dcgan"}


def test_a_failure_counts_as_doing_nothing():
    told = gans.means(_rows()).set_index(["gan", "stop", "filter"])
    assert told.loc[("wgan", "fixed", ""), "failures"] == 1
    assert told.loc[("wgan", "fixed", ""), "f1"] == pytest.approx(0.51)
    assert told.loc[("none", "", ""), "f1"] == pytest.approx(0.51)
    assert len(told) == len(gans.arms())


def test_effects_are_paired():
    told = gans.effect(_rows(), "stop", "oracle", "fixed").set_index("GAN")
    assert told.loc["lsgan", "f1"] == "+0.100 ± 0.000"
    assert told.loc["lsgan", "average_precision"] == "+0.000 ± 0.000"
    assert gans.effect(_rows(), "filter", "obrs", "").set_index("GAN").loc["egan", "f1"] == "+0.020 ± 0.000"
    assert "all of them" in told.index


def test_tables_that_are_not_finished_are_left_out():
    rows = _rows()
    unfinished = (rows["table"] == "b") & (rows["gan"] == "egan")
    assert set(gans.complete(rows[~unfinished])["table"]) == {"a", "c"}
    assert len(gans.complete(rows[rows["gan"] != "guided, ada"])) == len(rows) - 3


def test_controllers_are_compared_with_the_same_gan_without():
    rows = _rows()
    rows.loc[rows["gan"] == "guided, ada", "f1"] += 0.25
    told = gans.controlled(rows).set_index(["GAN", "controller"])
    assert told.loc[("guided", "ada"), "f1"] == "+0.250 ± 0.000"
    assert told.loc[("gan", "ada"), "f1"] == "+0.000 ± 0.000"
