"""Containers: new rows come in the container of the table, with the same bits in each."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from gan_oversampler import GAN
from gan_oversampler.encoding.labels import Target
from gan_oversampler.gans.parts import Generator
from tests.label_types import LABEL_TYPES, cells
from tests.samplers import quick
from tests.tables import mixed, numbers


def test_containers_give_the_same_rows_bit_for_bit():
    X, y = numbers()
    expected, labels = quick().fit_resample(X, y)
    frame, series = quick().fit_resample(pd.DataFrame(X, columns=list("abcd")), pd.Series(y))
    rows, list_labels = quick().fit_resample(X.tolist(), y.tolist())
    polars_frame, polars_series = quick().fit_resample(
        pl.DataFrame(X, schema=list("abcd")), pl.Series("y", y)
    )
    arrow_table, arrow_array = quick().fit_resample(pa.table(dict(zip("abcd", X.T))), pa.array(y))
    for other in (frame.to_numpy(), np.array(rows), polars_frame.to_numpy(), np.array(arrow_table)):
        np.testing.assert_array_equal(other, expected)
    for other in (series.to_numpy(), np.array(list_labels), polars_series.to_numpy(), arrow_array.to_numpy()):
        np.testing.assert_array_equal(other, labels)
    assert isinstance(rows, list)
    assert isinstance(list_labels, list)
    assert isinstance(polars_frame, pl.DataFrame)
    assert isinstance(polars_series, pl.Series)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
def test_sparse_matrices_stay_sparse_and_zeros_stay_zeros(make):
    X, y = numbers()
    X[X < 0.8] = 0.0
    X_new, _ = quick().fit_resample(make(X), y)
    assert type(X_new) is make
    assert X_new.format == make(X).format
    np.testing.assert_array_equal(X_new.toarray(), quick().fit_resample(X, y)[0])
    assert (X_new.toarray()[90:] == 0).mean() > 0.2


@pytest.mark.parametrize(
    "gan",
    [GAN("guided", generator=Generator(widths=(8,))), GAN("classic", generator=Generator(widths=(8,)))],
    ids=str,
)
def test_frames_stay_frames_after_rejection_and_under_a_policy(gan):
    X, y = mixed()
    frame, _ = quick(gan=gan, oracle="energy", rejection="obrs", policy="oracle").fit_resample(X, y)
    assert isinstance(frame, pd.DataFrame)
    pd.testing.assert_series_equal(frame.dtypes, X.dtypes)
    pd.testing.assert_frame_equal(frame.iloc[: len(X)], X)


def test_samples_come_in_the_container_of_the_table():
    X, y = numbers()
    assert isinstance(quick().fit(X.tolist(), y.tolist()).sample(2), list)
    frame = quick().fit(pd.DataFrame(X, columns=list("abcd")), y).sample(2)
    assert list(frame.columns) == list("abcd")
    assert sparse.issparse(quick().fit(sparse.csr_array(X), y).sample(2))


@pytest.mark.parametrize("name", sorted(LABEL_TYPES))
def test_labels_of_every_type_are_oversampled_in_their_type(name):
    (common, rare), make = LABEL_TYPES[name]
    y = make([common] * 12 + [rare] * 5)
    X = np.random.default_rng(0).normal(size=(17, 2))
    sampler = quick(max_steps=0)
    _, y_new = sampler.fit_resample(X, y)
    assert cells(y_new) == [common] * 12 + [rare] * 12
    assert type(y_new) is type(y)
    assert sampler.sampling_strategy_ == {rare: 7}
    assert sampler.classes_.tolist() == Target.of(y).classes.tolist()
    assert sampler.sample(3, y=rare).shape == (3, 2)
    assert quick(max_steps=0, sampling_strategy={rare: 9}).fit(X, y).sampling_strategy_ == {rare: 4}
