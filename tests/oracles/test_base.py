"""The contract of an oracle: users' own oracles, functions, and what is compared class by class."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler.oracles.base import CallableOracle, ClassWiseOracle, Oracle
from gan_oversampler.oracles.registry import oracle_of
from tests.samples import NONE, problem, three


def test_a_function_gets_the_users_container_class_by_class():
    calls = []

    def spread(real, synthetic):
        calls.append((real, synthetic))
        return float(len(real))

    def frame(values, codes=None, origin=None):
        return pd.DataFrame(values, columns=["a", "b"])

    real = problem(20, 10, frames=frame)
    oracle = oracle_of(spread).fit(real, targets=[0, 1])
    assert isinstance(oracle, CallableOracle)
    assert oracle.score(real, real) == 15.0
    for code, (held_out, synthetic) in enumerate(calls):
        pd.testing.assert_frame_equal(held_out, frame(real.of(code).values))
        pd.testing.assert_frame_equal(synthetic, held_out)


def test_a_users_own_oracle_is_taken_as_it_is():
    class Constant(Oracle):
        greater_is_better = False

        def score(self, holdout, synthetic):
            return 2.0

    oracle = oracle_of(Constant()).fit(problem(), targets=[1])
    oracle.validate(2)
    assert oracle.score(NONE, NONE) == 2.0
    assert oracle.utility(NONE, NONE) == -2.0
    assert (oracle.objective, oracle.share_) == ("f1", 1.0)


class Counting(ClassWiseOracle):
    """Held-out rows of a class."""

    _min_rows = (30, 10)

    def _compare(self, real, synthetic):
        return float(len(real))


@pytest.mark.parametrize(
    ("targets", "n_synthetic", "expected"),
    [
        ([0, 1], 10, (80 + 40) / 2),
        ([0, 1, 2], 10, (80 + 40) / 2),  # the last class has twenty held-out rows, so it is left out
        ([2], 10, np.nan),
        ([0, 1], 9, np.nan),
    ],
)
def test_a_class_needs_held_out_rows_to_count_and_synthetic_rows_for_any_score(
    targets, n_synthetic, expected
):
    first = [np.flatnonzero(three().codes == code)[:n_synthetic] for code in (0, 1)]
    synthetic = three(1).at(np.concatenate(first))
    oracle = Counting().fit(three(), targets=targets)
    assert oracle.score(three(), synthetic) == pytest.approx(expected, nan_ok=True)
