"""Made tables to look at: two moons, five modes, singletons, dates and sums."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.datasets import make_moons

from gan_oversampler import GANOversampler

N_RARE: Final = 60
N_REST: Final = 400
N_NEW: Final = 300
SEED: Final = 0
STAGES: Final[Mapping[str, Mapping[str, Any]]] = {"before": {}, "after": {}, "faithful": {"fidelity": 1.0}}
COLUMNS: Final = ("toy", "stage", "kind", "x", "y")

Toy = tuple[pd.DataFrame, np.ndarray]
Maker = Callable[[np.random.Generator], Toy]
View = Callable[[pd.DataFrame], pd.DataFrame]


def moons(rng: np.random.Generator) -> Toy:
    """The upper of two moons is rare."""
    X, moon = make_moons((N_REST, N_RARE), noise=0.1, random_state=int(rng.integers(1000)))
    return pd.DataFrame(X, columns=["x", "y"]), moon


def modes(rng: np.random.Generator) -> Toy:
    """Five small clouds of the rare class in a wide one of the other."""
    angles = 2 * np.pi * (np.arange(N_RARE) % 5) / 5
    rare = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=1) + 0.25 * rng.normal(size=(N_RARE, 2))
    return _stacked(rng.normal(size=(N_REST, 2)) * 2.5, rare)


def singletons(rng: np.random.Generator) -> Toy:
    """Twelve rare rows on a grid, each alone, each within the other class."""
    corners = np.stack(np.meshgrid([-3.0, -1.0, 1.0, 3.0], [-2.0, 0.0, 2.0]), axis=-1).reshape(-1, 2)
    return _stacked(rng.uniform(-4, 4, size=(N_REST, 2)), corners + 0.1 * rng.normal(size=corners.shape))


def _stacked(rest: np.ndarray, rare: np.ndarray) -> Toy:
    X = pd.DataFrame(np.concatenate([rest, rare]), columns=["x", "y"])
    return X, np.repeat([0, 1], [len(rest), len(rare)])


def orders(rng: np.random.Generator) -> Toy:
    """Orders with a first and a last day, two amounts and their sum; rare ones are long and dear."""
    y = np.repeat([0, 1], [N_REST, N_RARE])
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, len(y)), unit="D")
    amounts = np.round(rng.gamma(2, 30 + 20 * y[:, None], (len(y), 2)), 2)
    frame = pd.DataFrame(
        {
            "start": start,
            "end": start + pd.to_timedelta(rng.geometric(0.08 - 0.04 * y), unit="D"),
            "goods": amounts[:, 0],
            "carriage": amounts[:, 1],
            "total": np.round(amounts.sum(axis=1), 2),
        }
    )
    return frame, y


def plane(frame: pd.DataFrame) -> pd.DataFrame:
    """The two columns of a toy of numbers."""
    return frame[["x", "y"]]


def days(frame: pd.DataFrame) -> pd.DataFrame:
    """First and last day of orders, in days since the first of January."""
    start = pd.Timestamp("2024-01-01")
    spans = {name: (frame[old] - start).dt.days for name, old in (("x", "start"), ("y", "end"))}
    return pd.DataFrame(spans).astype(float)


def sums(frame: pd.DataFrame) -> pd.DataFrame:
    """Sum of the amounts of orders, and what the table says it is."""
    return pd.DataFrame({"x": frame["goods"] + frame["carriage"], "y": frame["total"]})


# Each is a table and a view of it.
TOYS: Final[Mapping[str, tuple[Maker, View]]] = {
    "two moons": (moons, plane),
    "five modes": (modes, plane),
    "singletons": (singletons, plane),
    "first and last day": (orders, days),
    "sum and total": (orders, sums),
}


def draw(stage: str, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Draw new rows of every toy; real ones stand beside them, so that a picture needs no other file."""
    found = []
    for name, (make, view) in TOYS.items():
        X, y = make(np.random.default_rng(SEED))
        sampler = GANOversampler(**parameters, random_state=SEED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            new = sampler.fit(X, y).sample(N_NEW, y=1, random_state=SEED)
        for kind, rows in (("rest", X[y == 0]), ("rare", X[y == 1]), ("new", new)):
            points = view(rows.reset_index(drop=True)).astype(float).round(4)
            found.append(points.assign(toy=name, stage=stage, kind=kind))
    return pd.concat(found, ignore_index=True)[list(COLUMNS)]
