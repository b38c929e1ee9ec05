"""New rows keep what a column of numbers or dates looks like: grids, tails, spikes of a class, no walls."""

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import GANOversampler

N, N_RARE = 400, 60


@pytest.fixture(scope="module")
def real_and_new():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [N - N_RARE, N_RARE])
    firsts = pd.date_range("2018-01-01", periods=72, freq="MS")
    is_zero = rng.random(N) < np.where(y == 1, 0.7, 0.05)
    X = pd.DataFrame(
        {
            "lognormal": rng.lognormal(0, 2, N),
            "quarter": rng.integers(0, 80, N) / 4 + y,
            "fifty": 50 * rng.integers(1, 40, N),
            "monday": pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * rng.integers(0, 100, N), unit="D"),
            "first": firsts[rng.integers(0, 72, N)],
            "code": rng.choice([3, 6, 7], N, p=[0.5, 0.3, 0.2]),
            "amount": np.where(is_zero, 0.0, rng.gamma(2, 3, N)),
            "score": rng.uniform(size=N),
        }
    )
    fitted, _ = GANOversampler(max_steps=20, oracle=None, random_state=0).fit_resample(X, y)
    return X[y == 1], fitted.iloc[N:], X


def test_every_new_value_lies_on_the_grid_of_its_column(real_and_new):
    _, new, _ = real_and_new
    assert (new["quarter"] % 0.25 == 0).all()
    assert (new["fifty"] % 50 == 0).all()
    assert (new["monday"].dt.day_of_week == 0).all()
    assert (new["first"].dt.day == 1).all()
    assert new["code"].isin([3, 6, 7]).all()


def test_a_lognormal_column_keeps_its_median(real_and_new):
    real, new, _ = real_and_new
    gap = np.log(new["lognormal"].median()) - np.log(real["lognormal"].median())
    assert abs(gap) < 3 * 2 * np.sqrt(np.pi / 2 / N_RARE)  # three standard errors of the real one


def test_zeros_of_the_rare_class_keep_about_their_share(real_and_new):
    real, new, _ = real_and_new
    assert abs((new["amount"] == 0).mean() - (real["amount"] == 0).mean()) < 0.15


def test_no_wall_stands_at_the_ends_of_a_column(real_and_new):
    _, new, X = real_and_new
    for name in ("score", "lognormal"):
        assert new[name].isin([X[name].min(), X[name].max()]).mean() < 0.02
        assert new[name].between(X[name].min(), X[name].max()).all()
