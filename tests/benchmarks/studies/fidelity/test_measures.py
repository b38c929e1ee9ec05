"""New rows that are as the real ones measure nothing; what differs is measured where it differs."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.methods import METHODS
from benchmarks.preparation import Setting
from benchmarks.studies.fidelity import measures
from benchmarks.tables import Table


def spiky(n_rare=40):
    """Rows of which the rare ones have a level, missing cells and zeros that the others lack."""
    rng = np.random.default_rng(0)
    y = pd.Series((np.arange(200) < n_rare).astype(int))
    X = pd.DataFrame({"size": rng.normal(size=200), "amount": rng.gamma(2, 3, 200)})
    X["level"] = pd.Series(np.where(y & (X.index % 2 == 0), "rare", "common"), dtype="category")
    X.loc[(y == 1) & (X.index % 4 == 0), "size"] = np.nan
    X.loc[(y == 1) & (X.index % 4 != 1), "amount"] = 0.0
    return Table("spiky", "made", X, y, ("level",))


def test_a_shift_of_far_clouds_is_twice_the_distance_in_energy():
    points = np.zeros((4, 3))
    assert measures.energy_distance(points, points + np.array([3, 0, 4])) == pytest.approx(10)


def test_new_rows_equal_to_the_training_rows_have_no_distance_beyond_theirs():
    rng = np.random.default_rng(0)
    seen, held_out = rng.normal(size=(30, 2)), rng.normal(size=(20, 2))
    found = measures.cloud(seen, seen, held_out, rng)
    assert found["distance"] == 0
    assert found["c2st"] < 0.55
    assert measures.cloud(seen + 9, seen, held_out, rng)["c2st"] == 1


def test_shares_of_the_class_itself_are_kept():
    table = spiky()
    found = measures.shares(table.X[table.y == 1], table)
    assert found["share_error"] == found["share_error_telling"] == 0


def test_shares_of_the_other_class_are_off_by_as_much_as_the_classes_differ():
    table = spiky()
    found = measures.shares(table.X[table.y == 0], table)
    assert found["category_error"] == pytest.approx(0.5)
    assert found["missing_error"] == pytest.approx(0.25)
    assert found["zero_error"] == pytest.approx(0.75)
    assert found["share_error_telling"] == pytest.approx(0.5)


def test_a_wall_at_the_largest_value_shows_and_states_do_not():
    table = spiky()
    new = table.X[table.y == 1].assign(size=table.X["size"].max())
    found = measures.extremes(new, table)
    assert found["extreme"] == 1
    assert found["extreme_real"] < 0.1
    assert measures.extremes(table.X[table.y == 1].assign(amount=0.0), table)["extreme"] < 0.1


@pytest.mark.parametrize("method", ["smote", "random"])
def test_rows_drawn_as_codes_are_rows_of_the_table_again(method):
    table = spiky()
    steps = METHODS[method].steps(Setting.of(table, 0))
    X, _ = steps.sampler.fit_resample(steps.before.fit_transform(table.X), table.y)
    cells = measures.as_cells(steps, table, pd.DataFrame(X))
    pd.testing.assert_frame_equal(
        cells.iloc[: len(table.y)][["amount"]], table.X[["amount"]], check_exact=False
    )
    assert cells["level"].astype(str)[:200].tolist() == table.X["level"].astype(str).tolist()
