"""Policies: what they do to proposals, what a sampler makes of them."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

from gan_oversampler import GAN, GANOversampler, Policy
from gan_oversampler._utils import Streams
from gan_oversampler.encoding.layout import Block, Layout
from gan_oversampler.encoding.row_space import RowSpace
from gan_oversampler.sampling.fold_data import FoldData
from gan_oversampler.sampling.policy import POLICIES, Governed, policy_of
from gan_oversampler.sampling.rejection import Drawn, Filtered, attempt
from gan_oversampler.sampling.sources import Source
from tests.tables import MIXED, mixed, numbers
from tests.test_sampling import POOL

PLANE = RowSpace(Layout((Block("x", 0, 0, ()), Block("y", 1, 0, ()))))
SETTINGS = [*POLICIES, Policy(spread=0.5, border=1.0, filter=0.5), Policy(spread=0.0), Policy(filter=0.95)]
CHEAP = {"gan": GAN(forces={}), "random_state": 0}


class Given:
    """A source of these rows, again and again."""

    def __init__(self, rows):
        self.rows = np.asarray(rows, np.float32)

    def draw(self, code, n, streams):
        return np.resize(self.rows, (n, self.rows.shape[1]))


def _plane(rare, common):
    rows = np.array([*common, *rare], np.float32)
    codes = np.repeat([0, 1], [len(common), len(rare)])
    return FoldData.of(rows, codes, PLANE, learned=[1], drawn=[1])


# Six rare rows around x = 0 and six common ones around x = 10.
RARE, COMMON = ([(x, y) for x in (c - 1, c, c + 1) for y in (0, 1)] for c in (0, 10))
LINE = _plane(RARE, COMMON)


def _governed(policy, rows, pool=LINE):
    return Governed(Given(rows), policy, pool)


# --- laws over all policies


@pytest.mark.parametrize("policy", SETTINGS, ids=str)
@pytest.mark.parametrize("n", [0, 1, 33])
def test_rows_are_lawful_exactly_as_many_and_repeatable(policy, n):
    source = Governed(Source(POOL, "smote"), policy, POOL)
    for code in (1, 2):
        rows = source.draw(code, n, Streams(3))
        assert rows.shape == (n, MIXED.width)
        np.testing.assert_array_equal(rows, source.draw(code, n, Streams(3)))
        groups = [rows[:, 1:4], rows[:, 4:6]]
        for states in groups:
            assert (np.sort(states, axis=1)[:, :-1] == 0).all()
            assert (states.sum(axis=1) == 1).all()
        np.testing.assert_array_equal(rows[rows[:, 4] == 0, 6], np.float32(-0.7))


def test_the_first_policy_leaves_rows_as_they_come():
    plain = Source(POOL, "smoothed_bootstrap").draw(1, 20, Streams(0))
    governed = Governed(Source(POOL, "smoothed_bootstrap"), POLICIES[0], POOL).draw(1, 20, Streams(0))
    np.testing.assert_array_equal(plain, governed)


# --- spread


@pytest.mark.parametrize("spread", [0.0, 0.5, 2.0])
def test_spread_scales_the_way_from_the_nearest_real_row(spread):
    rows = np.array([[-3.0, 0.0], [0.0, 3.0], [1.5, -1.0]], np.float32)
    nearest = np.array([[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    found = _governed(Policy(spread=spread), rows).draw(1, 3, Streams(0))
    np.testing.assert_allclose(found, nearest + spread * (rows - nearest), atol=1e-6)


def test_without_spread_real_rows_come_back():
    rows = Governed(Source(POOL, "smote"), Policy(spread=0.0), POOL).draw(1, 30, Streams(0))
    distance, _ = NearestNeighbors(n_neighbors=1).fit(POOL.rows[1].numpy()).kneighbors(rows)
    assert distance.max() < 1e-6


# --- filter and border


def test_a_filter_drops_what_is_nearest_to_other_classes():
    proposals = [(9.0, 0.0), (0.0, 0.5), (8.0, 0.0), (1.0, 0.5)]
    found = _governed(Policy(filter=0.5), proposals).draw(1, 2, Streams(0))
    np.testing.assert_array_equal(found, [(0.0, 0.5), (1.0, 0.5)])


def _hostilities(border):
    rng = np.random.default_rng(0)
    proposals = np.stack([rng.uniform(-1, 11, 3000), rng.uniform(0, 1, 3000)], axis=1)
    rows = _governed(Policy(border=border), proposals).draw(1, 1000, Streams(0))
    return np.abs(rows[:, 0] - 5).mean()  # both classes are equally near at x = 5


def test_the_border_is_sought_or_avoided():
    away, towards = _hostilities(-3.0), _hostilities(3.0)
    assert towards < 2.5 < 3.5 < away  # uniform proposals: 3


def test_odds_of_the_border_are_those_promised():
    # One proposal on the border, two far from it: their wishes are border * 1 and about 0.
    kept = []
    for seed in range(600):
        rows = _governed(Policy(border=1.0), [(5.0, 0.5), (-1.0, 0.5), (-1.0, 0.5)]).draw(1, 1, Streams(seed))
        kept.append(rows[0, 0] == 5)
    share = math.e / (math.e + 2)
    assert np.mean(kept) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 600))


@given(st.integers(0, 200), st.sampled_from([0.0, 1.0]), st.floats(0, 0.95))
def test_enough_proposals_are_made(n, border, share):
    policy = Policy(border=border, filter=share)
    survivors = policy.survivors(n)
    assert n <= survivors <= policy.proposals(n)
    assert policy.proposals(n) * (1 - share) >= survivors - 1e-6


# --- beside rejection


def test_what_rejection_took_is_still_told():
    class Costly(Filtered):
        def attempt(self, code, n, streams):
            return Drawn(self.source.draw(code, n, streams), 7 * n, n_filled=n)

    source = Governed(Costly(Given([(0.0, 0.0), (1.0, 0.0)]), {}), Policy(filter=0.5), LINE)
    found = attempt(source, 1, 4, Streams(0))
    assert (len(found.rows), found.n_proposals, found.n_filled) == (4, 56, 4)


def test_rows_that_only_fill_up_are_counted_after_the_policy():
    class Short(Filtered):
        def attempt(self, code, n, streams):
            rows = np.zeros((n, 2), np.float32)
            rows[-2:, 0] = 9  # the last two fill up, and lie among the other class
            return Drawn(rows, 5 * n, n_filled=2)

    found = attempt(Governed(Short(Given([(0.0, 0.0)]), {}), Policy(filter=0.5), LINE), 1, 4, Streams(0))
    assert (len(found.rows), found.n_filled) == (4, 0)


# --- samplers


@pytest.mark.parametrize("policy", [Policy(spread=0.5), Policy(border=1.0, filter=0.25), "oracle"], ids=str)
def test_a_sampler_obeys_and_keeps_the_counts(policy):
    X, y = numbers()
    sampler = GANOversampler(policy=policy, **CHEAP)
    rows, labels = sampler.fit_resample(X, y)
    assert np.bincount(labels).tolist() == [66, 66]
    start = "Of 6 ways to draw" if policy == "oracle" else "Rows are drawn under"
    (note,) = [note for note in sampler.report_.notes if note.startswith(start)]
    assert note.count("±") == 2
    again, _ = clone(sampler).fit_resample(X, y)
    np.testing.assert_array_equal(rows, again)
    stored = pickle.loads(pickle.dumps(sampler))
    np.testing.assert_array_equal(
        stored.sample(5, y=1, random_state=1), sampler.sample(5, y=1, random_state=1)
    )
    assert any(note.startswith(start) for note in sampler.rescore("energy").notes)


def test_a_policy_changes_what_is_drawn():
    X, y = numbers()
    copies = GANOversampler(policy=Policy(spread=0.0), **CHEAP).fit(X, y).sample(20, y=1)
    distance, _ = NearestNeighbors(n_neighbors=1).fit(X[y == 1]).kneighbors(copies)
    assert distance.max() < 1e-5
    plain = GANOversampler(**CHEAP).fit(X, y).sample(20, y=1)
    assert NearestNeighbors(n_neighbors=1).fit(X[y == 1]).kneighbors(plain)[0].max() > 0.1


def test_policies_work_on_all_kinds_of_columns_after_rejection_and_without_an_oracle():
    X, y = mixed()
    policy = Policy(spread=0.75, border=1.0, filter=0.2)
    sampler = GANOversampler(policy=policy, rejection=True, oracle=None, max_steps=5, random_state=0)
    rows, labels = sampler.fit_resample(X, y)
    assert labels.value_counts().to_dict() == {"common": 70, "rare": 70, "rarest": 70}
    assert (rows.dtypes == X.dtypes).all()
    assert "Scores" not in sampler.report_.notes[-1]


def test_a_policy_that_nothing_obeys_is_told():
    X, y = numbers(40, 5)
    report = GANOversampler(policy=Policy(filter=0.5), random_state=0).fit(X, y).report_
    assert "No policy is obeyed" in report.notes[-1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("best", "'oracle'"),
        (Policy(filter=0.96), "filter"),
        (Policy(spread=-1), "spread"),
        (Policy(border="x"), "border"),
    ],
    ids=str,
)
def test_policies_that_cannot_be_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        GANOversampler(policy=given, **CHEAP).fit(*numbers())


def test_without_an_oracle_none_can_choose():
    with pytest.raises(ValueError, match="needs an oracle"):
        GANOversampler(policy="oracle", oracle=None, **CHEAP).fit(*numbers())


def test_parameters_are_reached_from_the_sampler():
    sampler = clone(GANOversampler(policy=Policy())).set_params(policy__spread=0.5)
    assert policy_of(sampler.policy).spread == 0.5
