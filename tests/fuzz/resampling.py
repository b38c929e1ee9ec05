"""Targets made by hypothesis: parameters of any value, and small tables and labels of any kind."""

from __future__ import annotations

import datetime
import decimal
import functools
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_oversampler import GAN, Cell, Critic, Evolution, GANOversampler, Generator, Policy, Rejection
from tests.fuzz.mutations import NUMBERS, TEXTS, bytes_mutated
from tests.samplers import UNTRAINED
from tests.tables import mixed, numbers

QUIET = settings(database=None, deadline=None, max_examples=30)
KINDS = {
    kind: kind._get_param_names()
    for kind in (GANOversampler, GAN, Generator, Critic, Cell, Evolution, Policy, Rejection)
}
WORDS = (
    "auto",
    "oracle",
    "all",
    "minority",
    "smote",
    "none",
    "guided",
    "classic",
    "bce",
    "hinge",
    "batch",
    "layer",
)
WORDS += (
    "adversarial",
    "utility",
    "energy",
    "f1",
    "wgan_gp",
    "adam",
    "relu",
    "normal",
    "film",
    "gap",
    "obrs",
    "cpu",
)
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.sampled_from(NUMBERS),
    st.floats(),
    st.sampled_from(TEXTS),
    st.sampled_from(WORDS),
    st.sampled_from(
        [np.float32(0.5), np.int64(3), np.nan, b"x", object, len, pd.NA, decimal.Decimal("0.5"), 1j]
    ),
)
values = st.one_of(
    plain,
    st.lists(plain, max_size=3),
    st.lists(plain, max_size=3).map(tuple),
    st.dictionaries(st.one_of(st.sampled_from(WORDS), st.sampled_from([0, 1, "rare"])), plain, max_size=2),
    st.sampled_from(
        [np.zeros(2), np.array(["a"]), [[1]], {1}, pd.Series([1]), Cell(), (Cell(), Cell(width=2)), GAN()]
    ),
)
changes = st.lists(
    st.sampled_from([(kind, name) for kind, names in KINDS.items() for name in names]), min_size=1, max_size=2
)


def by_hypothesis(test: Callable[..., None]) -> dict[str, Callable]:
    """Seeds, mutation and run of a target that is a test of hypothesis."""
    run_one = QUIET(test).hypothesis.fuzz_one_input

    def run(data: bytes, folder: Path) -> str:
        return "lawful" if run_one(data) is not None else "no case"

    return {"seeds": _noise, "mutated": _noise_mutated, "run": run}


def _noise() -> list[bytes]:
    return [Random(seed).randbytes(2_000) for seed in range(20)]


def _noise_mutated(data: bytes, random: Random) -> bytes:
    way = random.random()
    return random.randbytes(2_000) if way < 0.3 else bytes_mutated(data, random)[:8_000]


@functools.cache
def _tables() -> list[tuple[Any, Any]]:
    X, y = mixed()
    return [numbers(40, 12), (X.iloc[::2], y.iloc[::2])]


@given(changes, st.data())
def parameters(names: list[tuple[type, str]], data: st.DataObject) -> None:
    """A fit with parameters of any value is refused with a sentence, or gives rows of the table's kind."""
    given_to: dict[type, dict[str, Any]] = {kind: {} for kind in KINDS}
    for kind, name in names:
        given_to[kind][name] = data.draw(values)
    X, y = data.draw(st.sampled_from(range(2)).map(lambda i: _tables()[i]))
    sampler = _sampler(given_to)
    _resampled(sampler, X, y)


def _sampler(given_to: dict[type, dict[str, Any]]) -> GANOversampler:
    """A sampler that trains nothing, with these parameters in its parts."""
    parts = {}
    for kind, name in (
        (Cell, "cells"),
        (Generator, "generator"),
        (Critic, "critic"),
        (Evolution, "evolution"),
    ):
        if given_to[kind]:
            part = kind(**given_to[kind])
            owner = Generator if kind is Cell else GAN
            given_to[owner].setdefault(name, (part,) if kind is Cell else part)
    if given_to[GAN]:
        parts["gan"] = GAN(**given_to[GAN])
    for kind, name in ((Policy, "policy"), (Rejection, "rejection")):
        if given_to[kind]:
            parts[name] = kind(**given_to[kind])
    own = {"gan": UNTRAINED, "cv": 2, "max_time": 0, "max_steps": 4, "random_state": 0, "oracle": "energy"}
    return GANOversampler(**{**own, "n_jobs": 1, **parts, **_harmless(given_to[GANOversampler])})


def _harmless(parameters: dict[str, Any]) -> dict[str, Any]:
    """Without what would rightly write files, start processes or take long."""
    left_out = ("checkpoint", "n_jobs", "max_time", "device")
    return {name: value for name, value in parameters.items() if name not in left_out}


def _resampled(sampler: GANOversampler, X: Any, y: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X_new, y_new = sampler.fit_resample(X, y)
    assert type(X_new) is type(X)
    assert len(X_new) == len(y_new) == len(y) + sum(sampler.sampling_strategy_.values())
    str(sampler.report_)


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(TEXTS),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.sampled_from(
        [2**70, -(2**65), decimal.Decimal("NaN"), pd.NaT, pd.NA, 1j, (1, 2), [1], {"a": 1}, {1}, object]
    ),
    st.sampled_from(
        [pd.Timestamp("2024", tz="UTC"), pd.Period("2024", "M"), datetime.time(3), np.float16(2), frozenset()]
    ),
)
alike = st.sampled_from(
    [
        st.booleans(),
        st.integers(0, 3),
        st.integers(),
        st.floats(allow_nan=False, width=16),
        st.floats(),
        st.text(max_size=2),
        st.sampled_from(["a", "b", ""]),
        st.binary(max_size=2),
        st.dates(),
        st.datetimes(),
        st.decimals(),
        st.none(),
        cells,
    ]
)
dtypes = st.sampled_from(
    [
        None,
        None,
        None,
        object,
        "category",
        "string",
        "float16",
        "Int64",
        "Sparse[float]",
        "M8[ns]",
        "complex",
        "S3",
        "U2",
    ]
)
labels = st.sampled_from(
    [
        *[
            ("a", "b"),
            (0, 1),
            (True, False),
            (None, 1),
            ("", "x"),
            (b"a", b"b"),
            (2**70, 1),
            (1.5, float("nan")),
        ],
        (datetime.date(2024, 1, 1), datetime.date(2025, 1, 1)),
        ("a", 1),
        ("1", 1),
        (1, 1.0),
        (1, True),
        ((1,), (2,)),
        (pd.NaT, 1),
        (float("inf"), 1),
        (object, len),
        *[(text, "b") for text in TEXTS],
        ([1], [2]),
        ({}, 1),
        (-0.0, 0),
    ]
)


@given(st.integers(0, 14), st.data())
def small_tables(n: int, data: st.DataObject) -> None:
    """Small tables of strange columns and labels are refused with a sentence, or oversampled."""
    columns = {}
    for j in range(data.draw(st.integers(0, 3))):
        name = data.draw(
            st.one_of(st.just(f"c{j}"), st.just(f"c{j}"), st.sampled_from(TEXTS), st.integers(0, 2))
        )
        kind = data.draw(alike)
        columns[name] = data.draw(st.lists(kind, min_size=n, max_size=n))
    classes = data.draw(labels)
    y = [classes[data.draw(st.integers(0, 3)) == 0] for _ in range(n)]
    container = data.draw(st.sampled_from([_frame, _array, _polars, _lists]))
    try:
        X = container(columns, data.draw(dtypes))
        y = data.draw(st.sampled_from([list, list, np.array, pd.Series, pd.Categorical, _objects]))(y)
    except (Exception, pl.exceptions.PanicException):  # the library of the container refuses it
        return
    sampler = GANOversampler(gan=UNTRAINED, oracle=None, max_steps=0, random_state=0)
    sampler.set_params(
        sampling_strategy=data.draw(st.sampled_from(["auto", "auto", "all", 0.5, {"a": 9}, {1: 9}]))
    )
    _resampled(sampler, X, y)


def _frame(columns: dict[Any, list], dtype: Any) -> pd.DataFrame:
    frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns.items()})
    if dtype is None:
        return frame.infer_objects()
    return frame.astype(dtype)


def _array(columns: dict[Any, list], dtype: Any) -> np.ndarray:
    usual = (
        dtype
        if isinstance(dtype, str) and dtype in ("float16", "complex", "S3", "U2", "M8[ns]")
        else dtype and object
    )
    return np.array(list(columns.values()), dtype=usual).T


def _polars(columns: dict[Any, list], dtype: Any) -> pl.DataFrame:
    return pl.DataFrame({str(name): pl.Series(column, strict=False) for name, column in columns.items()})


def _lists(columns: dict[Any, list], dtype: Any) -> list[list]:
    return [list(row) for row in zip(*columns.values())]


def _objects(values: list) -> np.ndarray:
    return np.fromiter(values, dtype=object, count=len(values))
