"""Streams of batches: balance, shares of real rows, freshness, seeds, workers, what a training loop gets."""

import pickle
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from torch.utils.data import DataLoader

from gan_oversampler import GANOversampler
from gan_oversampler.streaming import ROWS_AT_ONCE, balanced
from tests.samplers import UNTRAINED, quick
from tests.tables import mixed, numbers


def fitted(X, y, **changes):
    """A sampler that draws as SMOTE does, fitted in a moment."""
    return quick(**{"gan": UNTRAINED, "max_steps": 0, "oracle": None, "baselines": (), **changes}).fit(X, y)


def first_rows(batches, n):
    """The first row of each of the first batches, as an array that can be compared."""
    return np.array([X[0].tolist() for X, _ in islice(batches, n)])


def rows_in(rows, table):
    """Which rows are rows of the table, both of numbers with 32 bits."""
    known = {row.tobytes() for row in np.asarray(table, np.float32)}
    return np.array([row.tobytes() in known for row in rows.numpy()])


@pytest.mark.parametrize(("batch_size", "n_classes"), [(8, 2), (7, 3), (1, 3), (64, 5)])
def test_classes_are_balanced_in_every_batch_and_over_all(batch_size, n_classes):
    labels = balanced(600, batch_size, n_classes, np.random.default_rng(0))
    counts = np.stack([np.bincount(line, minlength=n_classes) for line in labels])
    assert labels.shape == (600, batch_size)
    assert (np.ptp(counts, axis=1) <= 1).all()
    # Which classes get one row more is fair: hypergeometric per batch, here within five deviations.
    share = batch_size % n_classes / n_classes
    extra = (counts - batch_size // n_classes).mean(axis=0)
    assert np.abs(extra - share).max() <= 5 * np.sqrt(share * (1 - share) / 600)


def test_batches_are_tensors_whose_labels_are_positions_in_classes():
    X, y = mixed()
    sampler = fitted(X[["amount", "rain"]], y)
    rows, labels = next(iter(sampler.stream(X[["amount", "rain"]], y, batch_size=30)))
    assert (rows.shape, rows.dtype, labels.dtype) == ((30, 2), torch.float32, torch.int64)
    assert labels.bincount().tolist() == [10, 10, 10]
    common = rows[labels == sampler.classes_.tolist().index("common")]
    assert rows_in(common, X.loc[y == "common", ["amount", "rain"]]).all()


@pytest.mark.parametrize("strategy", [1.0, 0.5])
def test_a_class_has_the_shares_of_real_and_new_rows_that_resampling_gives(strategy):
    X, y = numbers()  # 66 and 24 rows
    sampler = fitted(X, y, sampling_strategy=strategy)
    rows, labels = map(torch.cat, zip(*islice(sampler.stream(X, y, random_state=0), 64), strict=True))
    is_real, n = rows_in(rows[labels == 1], X[y == 1]), int((labels == 1).sum())
    share = 24 / (66 * strategy)
    assert abs(is_real.mean() - share) <= 5 * np.sqrt(share * (1 - share) / n)
    assert rows_in(rows[labels == 0], X[y == 0]).all()


def test_where_no_rows_are_to_be_added_all_are_real():
    X, y = numbers()
    sampler = fitted(X, y)
    sampler.sampling_strategy_ = {1: 0}  # as after a fallback to doing nothing
    rows, _ = next(iter(sampler.stream(X, y)))
    assert rows_in(rows, X).all()


def test_new_rows_never_come_twice():
    X, y = numbers()
    stream = fitted(X, y).stream(X, y, batch_size=ROWS_AT_ONCE // 2, random_state=0)
    rows = torch.cat([X for X, _ in islice(stream, 4)])  # two refills
    new = rows[~torch.from_numpy(rows_in(rows, X))]
    assert len(new.unique(dim=0)) == len(new) > ROWS_AT_ONCE // 2


def test_an_integer_gives_equal_batches_and_none_gives_others():
    X, y = numbers()
    sampler = fitted(X, y)
    stream = sampler.stream(X, y, random_state=3)
    expected = first_rows(stream, 3)
    for same in (stream, sampler.stream(X, y, random_state=3), pickle.loads(pickle.dumps(stream))):
        assert np.array_equal(first_rows(same, 3), expected)
    free = sampler.stream(X, y)
    others = [first_rows(free, 3), first_rows(free, 3), first_rows(sampler.stream(X, y), 3)]
    assert len(np.unique(np.stack([expected, *others]), axis=0)) == 4


def test_streams_leave_the_random_state_of_torch_alone():
    X, y = numbers()
    stream, before = fitted(X, y).stream(X, y), torch.get_rng_state()
    next(iter(stream))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_workers_of_a_loader_draw_rows_of_their_own():
    X, y = numbers()
    sampler = fitted(X, y)

    def loaded(random_state):
        stream = sampler.stream(X, y, random_state=random_state)
        return DataLoader(stream, batch_size=None, num_workers=2, multiprocessing_context="fork")

    seeded, free = loaded(0), loaded(None)
    first = first_rows(seeded, 4)
    assert len(np.unique(first, axis=0)) == 4
    assert np.array_equal(first_rows(seeded, 4), first)
    assert not np.array_equal(first_rows(free, 4), first_rows(free, 4))


def test_rows_are_transformed_into_whatever_the_network_takes():
    X, y = mixed()
    sampler = fitted(X, y)
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["city", "note"]), ("passthrough", ["amount"])
    ).fit(X)
    rows, _ = next(iter(sampler.stream(X, y, transform=encode.transform)))
    assert rows.shape == (64, 3 + 4 + 1)  # note may be missing
    assert (rows[:, :7].reshape(-1, 7).sum(dim=1) == 2).all()
    X, y = numbers()
    pixels = FunctionTransformer(lambda rows: rows.reshape(-1, 1, 2, 2))
    assert next(iter(fitted(X, y).stream(X, y, transform=pixels.transform)))[0].shape == (64, 1, 2, 2)


@pytest.mark.parametrize("container", [pd.DataFrame, sparse.csr_array, np.ndarray.tolist])
def test_tables_of_numbers_need_no_transform(container):
    X, y = numbers()
    table = container(X)
    rows, labels = next(iter(fitted(table, y).stream(table, y, random_state=0)))
    expected, same = next(iter(fitted(X, y).stream(X, y, random_state=0)))
    assert torch.equal(rows, expected)
    assert torch.equal(labels, same)


def test_a_network_learns_from_a_stream():
    X, y = numbers()
    net = torch.nn.Linear(4, 2)
    with torch.no_grad():
        net.weight.zero_()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for rows, labels in islice(fitted(X, y).stream(X, y, random_state=0), 100):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(rows), labels).backward()
        optimizer.step()
    found = net(torch.tensor(X, dtype=torch.float32)).argmax(dim=1)
    assert balanced_accuracy_score(y, found) > 0.75


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True])
def test_the_size_of_a_batch_is_a_positive_integer(batch_size):
    X, y = numbers()
    with pytest.raises(ValueError, match="'batch_size' must be a positive integer"):
        fitted(X, y).stream(X, y, batch_size=batch_size)


def test_errors_say_what_a_stream_needs():
    X, y = numbers()
    with pytest.raises(ValueError, match="not fitted"):
        GANOversampler().stream(X, y)
    sampler = fitted(X, y)
    with pytest.raises(ValueError, match="3 features, but GANOversampler is expecting 4"):
        sampler.stream(X[:, :3], y)
    with pytest.raises(ValueError, match=r"fitted to, \[0, 1\]\. Got \[0\]"):
        sampler.stream(X[y == 0], y[y == 0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        sampler.stream(X[1:], y)
    frame, labels = mixed()
    with pytest.raises(ValueError, match="finite numbers, which these rows are not"):
        fitted(frame, labels).stream(frame, labels)
    frame = frame[["amount", "price"]]  # with missing prices
    with pytest.raises(ValueError, match="contains NaN"):
        fitted(frame, labels).stream(frame, labels)
