"""The kind of a column follows from its cells."""

import datetime

import numpy as np
import pytest

from gan_oversampler.encoding.categorical import Categorical, Constant
from gan_oversampler.encoding.cells import read_objects
from gan_oversampler.encoding.columns import learn_column
from gan_oversampler.encoding.datetime import DateTime
from gan_oversampler.encoding.numeric import Numeric

DAYS = [datetime.date(2024, 1, day) for day in (1, 2, 5)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], Numeric),
        ([1.5, None, 2.5, 4.0], Numeric),
        ([1, 2, 2], Categorical),
        ([0.5, None, 2.0], Categorical),
        ([True, False, None], Categorical),
        (["a", "b", "a"], Categorical),
        (["a", 1, None], Categorical),
        (DAYS, DateTime),
        ([day - DAYS[0] for day in DAYS], DateTime),
        ([7, 7], Constant),
        ([DAYS[0], DAYS[0]], Constant),
        ([None, None], Constant),
        ([7, None], Categorical),
    ],
    ids=str,
)
def test_kinds(values, kind):
    cells, _ = read_objects(np.array(values, dtype=object))
    assert isinstance(learn_column("x", cells), kind)


def test_declared_categories_are_categorical_whatever_they_hold():
    for values in ([1, 2, 3], DAYS):
        cells, _ = read_objects(np.array(values, dtype=object))
        assert isinstance(learn_column("x", cells, categorical=True), Categorical)
        declared, _ = read_objects(np.array(values, dtype=object), category=True)
        assert isinstance(learn_column("x", declared), Categorical)
