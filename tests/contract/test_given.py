"""Conditional rows: `sample(given=...)` fits in every row, with whatever else draws and constrains."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from gan_oversampler import GAN, GANOversampler, OneOf, Order, Policy, Sum
from gan_oversampler.gans.parts import Generator
from tests.samplers import FAST, GUIDED, UNTRAINED, quick
from tests.tables import many_levels, mixed, numbers

CLASSIC = GAN("classic", batch_size=32, generator=Generator(widths=(8,)))
OPTIONS = {
    "guided": {"gan": GUIDED},
    "mixture": {"gan": [UNTRAINED, FAST]},
    "noise": {"gan": CLASSIC},
    "rejection": {"rejection": True},
    "policy": {"policy": Policy(spread=1.5, border=1.0, filter=0.3), "rejection": "drs"},
    "copies": {"policy": Policy(spread=0.0)},
}
CASES = [
    {"city": "Rome"},
    {"city": ["Rome", "Oslo"], "visits": (8, 10)},
    {"amount": (-0.5, 1.0), "member": False},
    {"when": ("2024-02-01", "2024-08-31"), "wait": (None, "8min")},
    {"rain": 0, "note": {"ok", None}},
    {"price": None, "constant": 7},
]


def _holds(column, asked):
    if isinstance(asked, tuple):
        low, high = asked
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            low, high = (pd.Timestamp(end, tz="Europe/Paris") for end in asked)
        return (True if low is None else column >= low) & (
            True
            if high is None
            else column <= pd.to_timedelta(high)
            if column.dtype.kind == "m"
            else column <= high
        )
    values = list(asked) if isinstance(asked, list | set) else [asked]
    known = [value for value in values if value is not None]
    return column.isin(known) | (column.isna() & (None in values))


@pytest.fixture(scope="module")
def samplers():
    X, y = mixed()
    options = {"oracle": "energy", "baselines": ()}
    return {name: quick(**{**options, **its}).fit(X, y) for name, its in OPTIONS.items()}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("given", CASES, ids=[" and ".join(map(str, case)) for case in CASES])
def test_every_row_fits_whatever_draws_it(samplers, name, given):
    new = samplers[name].sample(17, y="rare", given=given)
    assert len(new) == 17
    for column, asked in given.items():
        assert _holds(new[column], asked).all()
    assert new.dtypes.equals(mixed()[0].dtypes)


def test_conditions_change_no_other_sampling(samplers):
    sampler = samplers["guided"]
    plain = sampler.sample(9, y="rare", random_state=3)
    first, second = (sampler.sample(9, y="rare", given={"city": "Rome"}, random_state=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(sampler.sample(9, y="rare", given={}, random_state=3), plain)
    assert not first.equals(plain)


def test_errors_name_the_column_and_count_rows(samplers):
    for given, message in [
        ({"cty": "Rome"}, "unknown column 'cty'. Did you mean 'city'"),
        ({"city": "rome"}, "no level 'rome'. Did you mean 'Rome'"),
        ({"city": (1, 2)}, "holds labels"),
        ({"amount": "x"}, "holds numbers"),
        ({"amount": (50, 60)}, "0 of its 30 real rows fit .*'amount' by 0"),
        ({"constant": 8}, "0 of its 30 real rows fit"),
    ]:
        with pytest.raises(ValueError, match=message):
            samplers["guided"].sample(5, y="rare", given=given)


def _related(n=240):
    rng = np.random.default_rng(0)
    start, a, b = rng.integers(0, 50, n), rng.integers(0, 30, n), rng.integers(0, 30, n)
    city = rng.choice(["Chur", "Davos", "Bern", "Thun"], n)
    frame = pd.DataFrame({"start": start, "end": start + rng.integers(0, 20, n), "a": a, "b": b})
    frame["total"], frame["city"] = a + b, city
    frame["canton"] = np.where(np.isin(city, ["Chur", "Davos"]), "GR", "BE")
    return frame.assign(z=rng.normal(size=n)), (np.arange(n) % 5 == 0).astype(int)


def _is_low(rows):
    return rows["z"] < 3


@pytest.mark.parametrize(
    "given",
    [
        {"end": (30, 32)},
        {"total": [21, 22]},
        {"canton": "GR"},
        {"city": "Chur", "end": (3, 40), "a": (5, 20)},
    ],
    ids=str,
)
def test_conditions_on_related_columns_hold_together_with_the_relations(given):
    X, y = _related()
    rules = [Order("start", "end"), Sum("total", ["a", "b"]), OneOf(["city", "canton"]), _is_low]
    new = quick(gan=GUIDED, constraints=rules, oracle=None).fit(X, y).sample(25, given=given)
    for column, asked in given.items():
        assert _holds(new[column], asked).all()
    assert (new["start"] <= new["end"]).all()
    assert (new["a"] + new["b"] == new["total"]).all()
    assert (new["canton"] == new["city"].map(dict(zip(X["city"], X["canton"], strict=True)))).all()
    assert _is_low(new).all()


def test_what_constraints_leave_no_row_of_is_an_error():
    X, y = _related()
    X.loc[(y == 1) & (X["canton"] == "GR"), "z"] = 9.0

    def far_only_there(rows):  # holds for real rows, in which no other z is 9, and for hardly any new one
        return (rows["z"] == 9.0) == (rows["canton"] == "GR")

    keep = (y == 1) | (X["canton"] == "BE")
    sampler = quick(gan=UNTRAINED, oracle=None, constraints=[far_only_there]).fit(X[keep], y[keep])
    combined = pytest.warns(UserWarning, match="No real row of class 1 fits all")
    with combined, pytest.raises(ValueError, match="break the constraint"):
        sampler.sample(3, given={"canton": "GR", "z": (-3, 3)})


def test_rare_levels_that_share_a_state_can_be_asked_for():
    X, y = many_levels(1500)
    sampler = GANOversampler(gan=UNTRAINED, oracle=None, random_state=0).fit(X, y)
    of_class = X["level"][y == 1].value_counts()
    for level in (of_class.index[0], of_class.index[-1]):
        assert set(sampler.sample(20, given={"level": level})["level"]) == {level}
    unseen = next(level for level in X["level"] if level not in of_class)
    with pytest.raises(ValueError, match=rf"0 of its {int(y.sum())} real rows fit"):
        sampler.sample(5, given={"level": unseen})


@pytest.mark.parametrize(
    "container", [np.asarray, pd.DataFrame, pl.DataFrame, sparse.csr_array, np.ndarray.tolist]
)
def test_containers_are_asked_alike(container):
    X, y = numbers()
    table = container(X)
    name = "column_0" if isinstance(table, pl.DataFrame) else 0
    new = quick(gan=UNTRAINED, oracle=None).fit(table, y).sample(12, given={name: (0.0, 1.0)})
    values = np.asarray(new.toarray() if sparse.issparse(new) else new)[:, 0]
    assert ((values >= 0) & (values <= 1)).all()
    assert type(new) is type(table)
