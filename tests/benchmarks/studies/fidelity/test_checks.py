"""Made tables are what they claim: measures that find no fault with real rows find it with spoilt ones."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.fidelity import checks, pictures, toys

MADE = {
    "lognormal": (checks.lognormal, checks.median_error),
    "grids": (checks.on_grids, checks.off_grid),
    "relations": (checks.related, checks.violations),
    "spikes": (checks.spiky, checks.share_gaps),
}


def rare(make):
    table = make(np.random.default_rng(0))
    return table.rows(np.flatnonzero(table.y))


@pytest.mark.parametrize("name", sorted(MADE))
def test_real_rows_have_no_error(name):
    make, measure = MADE[name]
    table = rare(make)
    assert set(measure(table.X, table).values()) == {0.0}


def test_spoilt_rows_are_found():
    table = rare(checks.on_grids)
    day = pd.Timedelta(days=1)
    moved = table.X.assign(mondays=table.X["mondays"] + day, codes=5)
    found = checks.off_grid(moved, table)
    assert found["mondays: off the grid"] == found["codes {3, 6, 7}: off the grid"] == 1
    table = rare(checks.related)
    found = checks.violations(table.X.assign(total=table.X["total"] + 1, end=table.X["start"] - day), table)
    assert found["total = a + b: broken"] == found["start <= end: broken"] == 1
    assert found["city of another canton"] == 0


def test_a_wide_needle_is_wide():
    table = rare(checks.needle)
    middle = table.X["x"].median()
    found = checks.width(table.X.assign(x=middle + 3 * (table.X["x"] - middle)), table)
    assert found["needle: width, new ÷ real"] == pytest.approx(3)


def test_bounds_are_smotes_own_or_stated():
    rows = pd.DataFrame(
        [(checks.SKEW, "ours", 0.3), (checks.SKEW, "smote", 0.2), ("start <= end: broken", "ours", 0.0)],
        columns=["what", "arm", "value"],
    ).assign(check="made", seed=0, error="")
    skew, order = checks.bars(rows)
    assert (skew.bound, skew.met) == (0.2, False)
    assert (order.bound, order.met) == (0.0, True)


def test_smote_takes_no_dates_and_says_so():
    (row,) = checks.cell("relations", "smote", 0)
    assert row["error"]
    assert np.isnan(row["value"])


def test_toys_show_real_and_new_rows(monkeypatch, tmp_path):
    monkeypatch.setattr(toys, "TOYS", {name: toys.TOYS[name] for name in ("singletons", "sum and total")})
    rows = toys.draw("after", {"max_steps": 0, "oracle": None})
    assert set(rows.groupby("toy")["kind"].nunique()) == {3}
    assert (rows["kind"] == "new").sum() == 2 * toys.N_NEW
    pictures.toys(rows, tmp_path / "toys.png")
    assert (tmp_path / "toys.png").stat().st_size > 5_000
