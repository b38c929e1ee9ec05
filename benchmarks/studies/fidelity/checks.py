"""Made columns with a known answer: skew, many levels, grids, relations, a needle, spikes.

Each check draws new rows of the rare class of a made table and measures one thing, by several arms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.preparation import Setting
from benchmarks.protocol import N_FOLDS, classifier_scores, in_one_line, quiet_single_thread, split, treat
from benchmarks.studies.common import run_cells
from benchmarks.studies.fidelity.arms import steps_of
from benchmarks.studies.fidelity.bars import Bar
from benchmarks.studies.fidelity.measures import as_cells
from benchmarks.tables import Table

N, N_RARE = 600, 80
ARMS: Final = ("ours", "fidelity=1", "smote", "none")
JUDGED: Final = ARMS[:2]
LEVELS_AP: Final = "300 levels: AP"
SKEW: Final = "lognormal: ratio of medians, absolute logarithm"
# Bounds of what is measured. Of those in SMOTES it is SMOTE's own value, of all others nothing may be off.
BOUNDS: Final[Mapping[str, float]] = {
    "needle: width, new ÷ real": 1.3,
    "needle: farthest new row, in SDs": 5.0,
    "zeros of the class: gap": 0.06,
    "missing cells of the class: gap": 0.06,
    "levels of the class: total variation": 0.06,
}
SMOTES: Final = (SKEW, LEVELS_AP)
CLASSIFIERS: Final = ("logistic", "forest")

Measured = Mapping[str, float]


def made(
    name: str, rng: np.random.Generator, columns: Mapping[str, Any], categorical: tuple[str, ...] = ()
) -> Table:
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
    return {SKEW: abs(float(np.log(max(ratio, 1e-9))))}


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
        "mondays": (mondays.dt.day_of_week == 0) & (mondays == mondays.dt.normalize()),
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
    """A column in which the rare class has an SD of .01, the rest one of 1 around it."""
    thin, wide = 0.3 + 0.01 * rng.normal(size=N), rng.normal(size=N)
    return made("needle", rng, {"x": np.where(is_rare(), thin, wide)})


def width(new: pd.DataFrame, real: Table) -> Measured:
    """Width of the needle, of new over real rows, and how far the farthest new row lies off, in real SDs."""
    middle, sd = real.X["x"].median(), real.X["x"].std()
    far = (new["x"] - middle).abs().max() / sd
    return {"needle: width, new ÷ real": new["x"].std() / sd, "needle: farthest new row, in SDs": far}


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
    """Differences of the shares of zeros, missing cells and levels from those of the real rare rows."""
    frequencies = new["level"].astype(str).value_counts(normalize=True)
    wanted = real.X["level"].astype(str).value_counts(normalize=True)
    return {
        "zeros of the class: gap": abs(float((new["amount"] == 0).mean() - (real.X["amount"] == 0).mean())),
        "missing cells of the class: gap": abs(
            float(new["income"].isna().mean() - real.X["income"].isna().mean())
        ),
        "levels of the class: total variation": float(frequencies.sub(wanted, fill_value=0).abs().sum() / 2),
    }


def many_levels(rng: np.random.Generator, n: int = 4000, n_levels: int = 300) -> Table:
    """A category of 300 levels that says most of what there is to know about the class."""
    effect, level = 1.5 * rng.normal(size=n_levels), rng.integers(0, n_levels, n)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["u", "v"])
    odds = np.exp(effect[level] + 0.5 * X["u"] - 3)
    X["place"] = pd.Series([f"place {number}" for number in level], dtype="category")
    y = pd.Series((rng.random(n) < odds / (1 + odds)).astype(int))
    return Table("levels", "made", X, y, ("place",))


def levels_score(arm: str, seed: int) -> Measured:
    """Average precision of two classifiers on held-out rows of the table with many levels."""
    train, test = split(many_levels(np.random.default_rng(seed)), N_FOLDS, seed)[0]
    fold, prior = treat(steps_of(arm, Setting.of(train, seed)), train, test), train.n_minority / len(train.y)
    found = [classifier_scores(name, fold, test.y.to_numpy(), prior, {}) for name in CLASSIFIERS]
    return {LEVELS_AP: float(np.mean([scores["average_precision"] for scores in found]))}


def drawn(make: Callable[..., Table], measure: Callable[..., Measured]) -> Callable[[str, int], Measured]:
    """Make a check: draw rows of a made table by an arm, and compare them with its real rare rows."""

    def check(arm: str, seed: int) -> Measured:
        table = make(np.random.default_rng(seed))
        steps = steps_of(arm, Setting.of(table, seed))
        if steps.sampler is None:
            return {}
        X = steps.before.fit_transform(table.X)
        rows, _ = steps.sampler.fit_resample(X, table.y)
        new = as_cells(steps, table, pd.DataFrame(rows)[len(table.y) :])
        return measure(new, table.rows(np.flatnonzero(table.y)))

    return check


CHECKS: Final[Mapping[str, Callable[[str, int], Measured]]] = {
    "lognormal": drawn(lognormal, median_error),
    "levels": levels_score,
    "grids": drawn(on_grids, off_grid),
    "relations": drawn(related, violations),
    "needle": drawn(needle, width),
    "spikes": drawn(spiky, share_gaps),
}


def cell(check: str, arm: str, seed: int) -> list[dict[str, Any]]:
    """Measure a check by an arm; a failure (SMOTE takes no dates) is one row with its error."""
    known = {"check": check, "arm": arm, "seed": seed, "error": ""}
    with quiet_single_thread():
        try:
            found = CHECKS[check](arm, seed)
        except Exception as error:  # any sampler may fail in any way; that is a result too
            return [known | {"what": check, "value": float("nan"), "error": in_one_line(error)}]
    return [known | {"what": what, "value": float(value)} for what, value in found.items()]


def run(arms: Sequence[str], seeds: int, jobs: int) -> pd.DataFrame:
    """Measure all checks by all arms."""
    return run_cells(cell, product(CHECKS, arms, range(seeds)), jobs)


def nothing() -> pd.DataFrame:
    """Make a frame of no rows."""
    return pd.DataFrame(columns=["check", "arm", "seed", "error", "what", "value"])


def means(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: one line per thing measured, one column per arm."""
    measured = rows[rows["error"] == ""]
    wide = measured.pivot_table(index="what", columns="arm", values="value", sort=False)
    return wide.reindex(columns=[arm for arm in ARMS if arm in wide])


def bars(rows: pd.DataFrame) -> list[Bar]:
    """Compare what was measured of our arms with its bound."""
    found, bars = means(rows), []
    for what, values in found.iterrows():
        bound = values.get("smote", np.nan) if what in SMOTES else BOUNDS.get(what, 0.0)
        for arm in found.columns.intersection(JUDGED):
            bars.append(Bar(f"{what}, {arm}", values[arm], bound, at_most=what != LEVELS_AP))
    return bars
