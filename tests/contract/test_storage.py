"""What a fitted sampler keeps: enough to draw, and no more of the table, unless candidates are to be kept."""

import pickle
import struct

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import GAN, Policy
from gan_oversampler.gans.parts import Generator
from tests.samplers import FAST, GUIDED, UNTRAINED, quick
from tests.tables import mixed, numbers

MARKER = 1.2345678901234567


def _large():
    """A table whose majority holds a number that no bounded sample of it contains."""
    rng = np.random.default_rng(0)
    n_common, n_rare = 3000, 40
    X = pd.DataFrame({"a": rng.normal(size=n_common + n_rare), "b": rng.gamma(2, size=n_common + n_rare)})
    X.loc[1002, "a"] = MARKER
    return X, np.repeat([0, 1], [n_common, n_rare])


@pytest.mark.parametrize(
    "changes",
    [
        {"gan": FAST},
        {"gan": GUIDED},
        {"gan": GAN("classic", classes="all", generator=Generator(widths=(16,))), "max_steps": 6},
        {"gan": UNTRAINED, "policy": Policy(border=1.0), "rejection": True},
        {"gan": FAST, "oracle": None},
        {"gan": UNTRAINED, "oracle": ["energy", "f1"]},
    ],
    ids=["residual", "guided", "classic", "post-processing", "no oracle", "several oracles"],
)
def test_the_users_table_is_not_kept(changes):
    X, y = _large()
    sampler = quick(baselines=(), **changes).fit(X, y)
    assert not (sampler.report_.evidence.table["a"] == MARKER).any()  # a bounded sample of real rows is kept
    assert struct.pack("<d", MARKER) not in pickle.dumps(sampler)


def test_where_nothing_was_learned_the_users_table_is_not_kept():
    X, y = _large()
    sampler = quick(baselines=()).fit(X.iloc[:-34], y[:-34])
    assert len(sampler.history_) == 0
    assert struct.pack("<d", MARKER) not in pickle.dumps(sampler)


def test_with_its_candidates_a_sampler_keeps_the_table():
    X, y = _large()
    kept, plain = (quick(keep_candidates=keep).fit(X, y) for keep in (True, False))
    stored, small = pickle.dumps(kept), pickle.dumps(plain)
    assert struct.pack("<d", MARKER) in stored
    assert len(stored) > len(small) + X.to_numpy().nbytes


def test_candidates_that_are_not_kept_take_no_room():
    X, y = numbers()
    small, large = (
        len(pickle.dumps(quick(max_steps=n, patience=99, oracle="energy").fit(X, y))) for n in (4, 40)
    )
    assert large < 1.5 * small
    gans = [GAN(base=base, generator=Generator(widths=(256, 256))) for base in ("smote", "border", "star")]
    several, one = (len(pickle.dumps(quick(gan=gan, oracle=None).fit(X, y))) for gan in (gans, gans[:1]))
    assert several < 1.1 * one


@pytest.mark.parametrize("keep", [False, True])
def test_a_stored_sampler_draws_on_where_it_was(keep):
    X, y = mixed()
    sampler = quick(keep_candidates=keep).fit(X, y)
    copy = pickle.loads(pickle.dumps(sampler))
    pd.testing.assert_frame_equal(copy.sample(5, y="rare"), sampler.sample(5, y="rare"))
    assert str(copy.report_) == str(sampler.report_)
    assert copy.history_.equals(sampler.history_)


def test_what_is_drawn_later_does_not_depend_on_the_users_table():
    X, y = numbers()
    sampler = quick(keep_candidates=True).fit(X, y)
    before = sampler.sample(5, random_state=0)
    X[:] = 0.0
    np.testing.assert_array_equal(sampler.sample(5, random_state=0), before)
