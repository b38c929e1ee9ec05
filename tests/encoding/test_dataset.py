"""Rows are selected by position, mask and class, and remember their position in the user's table."""

import numpy as np
import pandas as pd

from gan_oversampler.encoding.dataset import Rows


def as_frame(values, codes, origin):
    return pd.DataFrame(values)


REAL = Rows(np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1]), np.array(["no", "yes"]), as_frame)


def test_rows_are_taken_by_class_and_joined():
    rows = REAL
    assert rows.of(1).values.tolist() == [[2, 3], [6, 7]]
    assert rows.of(1).labels.tolist() == ["yes", "yes"]
    assert isinstance(rows.of(0).frame, pd.DataFrame)
    both = rows.of(0).join(rows.of(1))
    assert both.labels.tolist() == ["no", "no", "yes", "yes"]
    assert len(both) == len(rows)
    assert sorted(both.values.tolist()) == rows.values.tolist()


def test_rows_remember_where_they_came_from():
    seen = []

    def frames(values, codes, origin):
        seen.append(origin.tolist())
        return values

    real = Rows(REAL.values, REAL.codes, REAL.classes, frames, np.arange(4))
    new = Rows(REAL.values[:1], REAL.codes[:1], REAL.classes, frames)
    both = real.at(np.array([3, 0])).join(new)
    np.testing.assert_array_equal(both.frame, [[6, 7], [0, 1], [0, 1]])
    assert seen == [[3, 0, -1]]


def test_rows_are_encoded_when_they_are_asked_for():
    asked = []

    def encode(at):
        asked.append(at.tolist())
        return REAL.values[at]

    rows = Rows(encode, REAL.codes, REAL.classes, as_frame, np.arange(4))
    some = rows.of(1).at(np.array([1]))
    assert (len(rows), rows.counts.tolist(), asked) == (4, [2, 2], [])
    assert some.values.tolist() == [[6, 7]]
    assert some.values is some.values
    assert rows.width == 2
    assert asked == [[3], []]
    assert rows.join(REAL).values.tolist() == [*REAL.values.tolist(), *REAL.values.tolist()]
