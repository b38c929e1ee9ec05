"""No new row equals a row of the table, whoever asks for it, where the table leaves another one."""

import json

import numpy as np
import pandas as pd
import pytest

from gan_oversampler import GAN, GANOversampler, Order, Policy, load
from gan_oversampler.gans.parts import Generator
from tests.samplers import GUIDED, UNTRAINED, quick

CLASSIC = GAN("classic", batch_size=32, generator=Generator(widths=(8,)))
OPTIONS = {
    "guided": {"gan": GUIDED, "constraints": [Order("low", "high")]},
    "noise": {"gan": CLASSIC, "rejection": True},
    "nothing but copies": {"gan": UNTRAINED, "policy": Policy(spread=0.0)},
}


def coarse(n=150):
    """A table of coarse columns, in which generators often hit upon real rows."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [n - 40, 40])
    low = rng.poisson(2, n) + y
    frame = pd.DataFrame(
        {
            "low": low,
            "high": low + rng.poisson(1, n),
            "rain": np.where(rng.random(n) < 0.7, 0, rng.integers(0, 9, n)).astype("float32"),
            "city": pd.Categorical(rng.choice(["Rome", "Oslo", "Lima"], n)),
            "street": [f"street {i}" for i in np.minimum(rng.geometric(0.05, n), 60)],
        }
    )
    return frame, y


def n_copies(new, X):
    return int(pd.MultiIndex.from_frame(new).isin(pd.MultiIndex.from_frame(X)).sum())


@pytest.fixture(scope="module", params=OPTIONS)
def fitted(request):
    X, y = coarse()
    sampler = quick(**{"oracle": "energy", "baselines": (), **OPTIONS[request.param]})
    return sampler, *sampler.fit_resample(X, y)


def test_resampling_draws_no_copies(fitted):
    sampler, X_new, _ = fitted
    X, y = coarse()
    new = X_new[sampler.is_synthetic_]
    assert n_copies(new, X) == 0
    told = sampler.report_.copies
    assert (told.n_rows, told.n_left) == (len(new), 0)
    assert sampler.report_ is sampler.reports_["energy"]
    assert f"Copies: of {len(new)} new rows" in str(sampler.report_)
    assert json.loads(json.dumps(sampler.report_.to_dict()))["copies"]["n_left"] == 0
    assert "<dt>Copies</dt>" in sampler.report_._repr_html_()
    assert (y[sampler.seed_indices_[sampler.seed_indices_ >= 0]] == 1).all()


def test_samples_with_conditions_and_without_hold_no_copies(fitted):
    sampler = fitted[0]
    X, _ = coarse()
    assert n_copies(sampler.sample(300, random_state=1), X) == 0
    given = {"city": "Rome", "low": (2, 4), "rain": 0}
    new = sampler.sample(200, given=given, random_state=1)
    assert n_copies(new, X) == 0
    assert (new["city"] == "Rome").all()
    assert new["low"].between(2, 4).all()
    assert (new["rain"] == 0).all()
    pd.testing.assert_frame_equal(new, sampler.sample(200, given=given, random_state=1))


def test_a_file_keeps_the_promise_unless_it_may_hold_no_trace_of_rows(tmp_path):
    X, y = coarse()
    sampler = quick(gan=CLASSIC, oracle=None).fit(X, y)
    for rows in (True, False):
        sampler.save(tmp_path / "file", rows=rows)
        again = load(tmp_path / "file")
        assert (again._fitted.encoder.real is None) is not rows
        if rows:
            pd.testing.assert_frame_equal(
                again.sample(200, random_state=0), sampler.sample(200, random_state=0)
            )
        else:
            assert len(again.sample(200, random_state=0)) == 200


def test_a_table_of_few_combinations_keeps_its_copies_and_the_report_says_why():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 2, size=(200, 7)), np.repeat([0, 1], [150, 50])
    sampler = GANOversampler(gan=UNTRAINED, oracle=None, max_steps=0, random_state=0)
    sampler.fit_resample(X, y)
    told = sampler.report_.copies
    assert told.n_left + told.n_common <= told.n_rows == 100
    assert told.n_left > 50
    assert "can form 128 rows only, of which the table holds " in str(sampler.report_)


def test_new_rows_may_equal_what_five_or_more_real_rows_share():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((200, 1)) < 0.5, 0, rng.normal(size=(200, 4)))
    sampler = GANOversampler(gan=UNTRAINED, oracle=None, max_steps=0, random_state=0)
    X_new, _ = sampler.fit_resample(X, np.repeat([0, 1], [150, 50]))
    n_zero, told = int((X_new[200:] == 0).all(axis=1).sum()), sampler.report_.copies
    assert told.n_common == n_zero > 10
    assert f"; {n_zero} equal five or more rows of the table, and stay" in str(sampler.report_)


def test_a_fit_alone_tells_of_no_copies():
    X, y = coarse()
    sampler = quick(oracle=None).fit(X, y)
    assert sampler.report_.copies is None
    assert "Copies:" not in str(sampler.report_)
