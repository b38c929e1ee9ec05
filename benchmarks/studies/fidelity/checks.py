"""Made columns with a known answer: skew, many levels, grids, relations, a needle, spikes.

Each check draws new rows of the rare class of a made table and measures one thing, by several arms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.preparation import Setting
from benchmarks.protocol import N_FOLDS, classifier_scores, in_one_line, quiet_single_thread, split, treat
from benchmarks.studies.fidelity.arms import steps_of
from benchmarks.studies.fidelity.bars import Bar
from benchmarks.studies.fidelity.measures import as_cells
from benchmarks.tables import Table

N, N_RARE = 600, 80
ARMS: Final = ("ours", "fidelity=1", "smote", "none")
Measured = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Check:
    """A made table, what is measured of the new rows, and bounds; a bound of None is SMOTE's own error."""

    make: Callable[[np.random.Generator], Table]
    measure: Callable[[pd.DataFrame, Table], Measured]  # of new and real rows
    bounds: Mapping[str, float | None]
    ideal: float = 0.0


def made(name: str, rng: np.random.Generator, columns: Mapping[str, Any], categorical: tuple[str, ...] = ()) -> Table:
    """Add two numbers that tell the classes apart, roughly; the first rows are the rare ones."""
    y = pd.Series((np.arange(N) < N_RARE).astype(int))
    numbers = rng.normal(size=(N, 2)) + 1.2 * y.to_numpy()[:, None]
    X = pd.DataFrame({"u": numbers[:, 0], "v": numbers[:, 1], **columns})
    return Table(name, "made", X.astype(dict.fromkeys(categorical, "category")), y, categorical)


def is_rare() -> np.ndarray:
    """Which rows of a made table are rare."""
    return np.arange(N) < N_RARE


def lognormal(rng: np.random.Generator) -> Table:
    """A column whose logarithm is normal, of SD 2, shifted a little between the classes."""
    return made("lognormal", rng, {"x": np.exp(rng.normal(size=N) * 2 + 0.5 * is_rare())})


def median_error(new: pd.DataFrame, real: Table) -> Measured:
    """Absolute logarithm of the ratio of medians, which is 0 for equal ones."""
    ratio = new["x"].median() / real.X["x"].median()
    return {"log of the ratio of medians, absolute": abs(float(np.log(max(ratio, 1e-9))))}


def on_grids(rng: np.random.Generator) -> Table:
    """Quarters, fifties, Mondays, first days of months, and three codes."""
    days = pd.Timestamp("2024-01-01")  # a Monday
    months = pd.date_range("2018-01-01", periods=72, freq="MS")
    columns = {
        "quarters": np.round(rng.gamma(3, 2, N) * 4) / 4,
        "fifties": np.round(rng.gamma(3, 300, N) / 50) * 50,
        "mondays": days + pd.to_timedelta(7 * rng.integers(0, 100, N), unit="D"),
        "firsts": months[rng.integers(0, len(months), N)],
        "codes": rng.choice([3, 6, 7], N, p=[0.5, 0.3, 0.2]),
    }
    return made("grids", rng, columns)


def off_grid(new: pd.DataFrame, real: Table) -> Measured:
    """Shares of the new values that lie off the grid of their column."""
    mondays, firsts = pd.to_datetime(new["mondays"]), pd.to_datetime(new["firsts"])
    on = {
        "quarters": np.isclose(new["quarters"] * 4, np.round(new["quarters"] * 4)),
        "fifties": np.isclose(new["fifties"] / 50, np.round(new["fifties"] / 50)),
        "mondays": (mondays.dt.dayofweek == 0) & (mondays == mondays.dt.normalize()),
        "first of month": (firsts.dt.day == 1) & (firsts == firsts.dt.normalize()),
        "codes {3, 6, 7}": new["codes"].isin([3, 6, 7]),
    }
    return {f"{name}: off the grid": 1 - float(np.mean(hits)) for name, hits in on.items()}


def related(rng: np.random.Generator) -> Table:
    """Starts before ends, a total of two parts, cities of cantons."""
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 600, N), unit="D")
    parts = np.round(rng.gamma(2, 50, (N, 2)), 2)
    city = rng.integers(0, 12, N)
    columns = {
        "start": start,
        "end": start + pd.to_timedelta(rng.geometric(0.1, N) - 1, unit="D"),
        "a": parts[:, 0],
        "b": parts[:, 1],
        "total": np.round(parts.sum(axis=1), 2),
        "city": [f"city {number}" for number in city],
        "canton": [f"canton {number // 4}" for number in city],
    }
    return made("relations", rng, columns, ("city", "canton"))


def violations(new: pd.DataFrame, real: Table) -> Measured:
    """Shares of the new rows in which a relation of all real rows is broken."""
    known = {*zip(real.X["city"], real.X["canton"])}
    pairs = zip(new["city"], new["canton"])
    return {
        "start <= end: broken": float((new["start"] > new["end"]).mean()),
        "total = a + b: broken": float((~np.isclose(new["total"], new["a"] + new["b"], atol=0.005)).mean()),
        "city of another canton": float(np.mean([pair not in known for pair in pairs])),
    }


def needle(rng: np.random.Generator) -> Table:
    """A rare class on a line: SD 1 along it and .01 across, slanted to both axes."""
    along, across = rng.normal(size=N), 0.01 * rng.normal(size=N)
    cloud = rng.normal(size=(N, 2)) * 2
    thin = np.stack([along + across, along - across], axis=1) / np.sqrt(2)
    rows = np.where(is_rare()[:, None], thin, cloud)
    y = pd.Series(is_rare().astype(int))
    return Table("needle", "made", pd.DataFrame(rows, columns=["x", "z"]), y)


def width(new: pd.DataFrame, real: Table) -> Measured:
    """Width across the needle, of new over real rows, and how far its middle lies off, in real widths."""
    across, across_real = new["x"] - new["z"], real.X["x"] - real.X["z"]
    shift = abs(across.median() - across_real.median()) / across_real.std()
    return {"needle: width, new ÷ real": across.std() / across_real.std(), "needle: shift, in SDs": shift}


def spiky(rng: np.random.Generator) -> Table:
    """A column of zeros by class (73 % of the rare one, 20 % of the rest), missing cells, uneven levels."""
    rare = is_rare()
    amount = rng.gamma(2, 10, N).round(2)
    amount[rng.random(N) < np.where(rare, 0.73, 0.2)] = 0
    income = rng.gamma(5, 800, N)
    income[rng.random(N) < np.where(rare, 0.33, 0.05)] = np.nan
    levels = np.where(rng.random(N) < np.where(rare, 0.1, 0.6), "common", rng.choice(["a", "b", "c"], N))
    return made("spikes", rng, {"amount": amount, "income": income, "level": levels}, ("level",))


def share_gaps(new: pd.DataFrame, real: Table) -> Measured:
    """Differences of the shares of zeros, missing cells and levels from those of the real rows of the class."""
    frequencies = new["level"].astype(str).value_counts(normalize=True)
    wanted = real.X["level"].astype(str).value_counts(normalize=True)
    return {
        "zeros of the class: gap": abs(float((new["amount"] == 0).mean() - (real.X["amount"] == 0).mean())),
        "missing cells: gap": abs(float(new["income"].isna().mean() - real.X["income"].isna().mean())),
        "levels: total variation": float(frequencies.sub(wanted, fill_value=0).abs().sum() / 2),
    }


NEVER: Final = 0.0
KEPT: Final = 0.06
CHECKS: Final[Mapping[str, Check]] = {
    "lognormal": Check(lognormal, median_error, {"log of the ratio of medians, absolute": None}),
    "grids": Check(on_grids, off_grid, {}),
    "relations": Check(related, violations, {}),
    "needle": Check(needle, width, {"needle: width, new ÷ real": 1.3, "needle: shift, in SDs": 1.0}),
    "spikes": Check(
        spiky,
        share_gaps,
        dict.fromkeys(("zeros of the class: gap", "missing cells: gap", "levels: total variation"), KEPT),
    ),
}


def levels_table(rng: np.random.Generator, n: int = 4000, n_levels: int = 300) -> Table:
    """A category of 300 levels that says most of what there is to know about the class."""
    effect, level = rng.normal(size=n_levels) * 1.5, rng.integers(0, n_levels, n)
    u, v = rng.normal(size=(2, n))
    odds = effect[level] + 0.5 * u - 3
    y = pd.Series((rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int))
    X = pd.DataFrame({"u": u, "v": v, "place": pd.Series([f"place {number}" for number in level], dtype="category")})
    return Table("levels", "made", X, y, ("place",))
