"""From parameters to a plan: what the user asks for, checked, and the services that a fit needs."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, Final, Protocol

import torch
from sklearn.base import clone

from gan_oversampler._utils import Streams, lookup
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.portfolio import PORTFOLIO_STEPS, PORTFOLIO_UNIT, default_portfolio
from gan_oversampler.gans.validation import validated
from gan_oversampler.nn.image_grid import sides
from gan_oversampler.observer import Observer
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.registry import name_of, oracle_of
from gan_oversampler.progress import Checkpoint
from gan_oversampler.reporting.search_facts import SearchFacts
from gan_oversampler.sampling.acceptance import Rejection, rejection_of
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.policy import CHOSEN_BY_ORACLE, policy_of
from gan_oversampler.selection.draw_options import Policies
from gan_oversampler.selection.problem import Problem
from gan_oversampler.selection.scoring import BASELINE_BASES, WITHOUT_ROWS
from gan_oversampler.training.data import MIN_ROWS
from gan_oversampler.training.loop import Budget

MAX_STEPS: Final = 200  # of training, for GANs that users name
EPOCH_UNIT: Final = 50  # steps between two scorings of them


class Search(Protocol):
    """What a fit asks of a search for GANs, which it neither imports nor knows."""

    def find(self, plan: Plan, problem: Problem, services: Services) -> SearchFacts:
        """Search a GAN that scores better than the first one of the plan by its first oracle."""


@dataclass(frozen=True)
class Plan:
    """What a user asks of a fit: a value without state."""

    gans: tuple[GAN, ...]  # specifications; the base of the first one is the robust default
    oracles: Mapping[str, Oracle]  # track the training; without any the generator after ``max_steps`` is kept
    cv: Any  # folds of the cross-fit
    budget: Budget  # steps and seconds
    baselines: tuple[str, ...]  # what the same oracles also score
    fallback: str = "warn"  # what happens when a baseline is better than the kept GAN
    choose_ratio: bool = False  # whether the oracle may ask for fewer new rows
    rejection: Rejection | None = None  # how rows of the kept generators are thinned out
    policy: Policies = None  # how the kept generators draw
    keep_candidates: bool = False  # whether all that ``rescore`` needs is kept
    search: Search | None = None  # looks for a better GAN before the training
    gan_given: bool = False  # whether the user named the GANs, which ``fidelity=`` does not shape then


class Clock:
    """Seconds since a fit began, and seconds per phase, by a function ``now`` that never goes back.

    Phases may be nested; seconds of an inner phase do not count for the outer one.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began = self._since = now()
        self._open: list[str] = []
        self._seconds: dict[str, float] = defaultdict(float)

    @property
    def seconds(self) -> float:
        """Seconds since the fit began, that is, since the clock was made."""
        return self._now() - self._began

    @property
    def by_phase(self) -> dict[str, float]:
        """Seconds of each finished or open phase so far, in the order in which they were first entered."""
        return dict(self._seconds)

    def goes_on_from(self, seconds: float, by_phase: Mapping[str, float]) -> None:
        """Add the seconds of an earlier process, whose fit this one goes on with."""
        self._began -= seconds
        for name, its_seconds in by_phase.items():
            self._seconds[name] += its_seconds

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the seconds of a ``with`` block as those of a phase, which may be entered several times."""
        self._switch()
        self._seconds[name] += 0.0
        self._open.append(name)
        try:
            yield
        finally:
            self._switch()
            self._open.pop()

    def _switch(self) -> None:
        """Book the seconds since the last change for the innermost open phase."""
        now = self._now()
        if self._open:
            self._seconds[self._open[-1]] += now - self._since
        self._since = now


@dataclass(frozen=True)
class Services:
    """What a fit computes with, besides the plan."""

    streams: Streams  # root of all randomness
    device: torch.device  # where GANs are trained
    n_jobs: int | None = None  # parallel scorings
    clock: Clock = field(default_factory=Clock)  # began with the fit
    observer: Observer = field(default_factory=Observer)  # told of every score and evaluation round
    checkpoint: Checkpoint | None = None  # the training is written to it, and may go on from it


def plan_of(sampler: Any, target: Target, n_new: Mapping[int, int], *, choose_ratio: bool) -> Plan:
    """Check the parameters of a GANOversampler, and make a plan of them for one table.

    ``target`` knows the classes and their numbers of rows, ``n_new`` the new rows by class code;
    ``choose_ratio`` tells whether the oracle is to choose the ratio. Guided GANs are aimed at the score of
    the first oracle. Raises ValueError if a parameter has no meaning, or needs an oracle where there is none.
    """
    for name in sampler.baselines:
        lookup({**dict.fromkeys(WITHOUT_ROWS), **BASELINE_BASES, **BASES}, name, "baseline")
    oracles = oracles_of(sampler.oracle, len(target.classes))
    learned = [int(target.counts[code]) for code in n_new if target.counts[code] >= MIN_ROWS]
    first = next(iter(oracles.values()), None)
    fidelity = sampler.fidelity if sampler.fidelity is not None or first is None else first.fidelity
    if sampler.fidelity is not None and sampler.gan is not None:
        raise ValueError(
            f"fidelity={sampler.fidelity!r} shapes the default GAN, but gan={sampler.gan!r} is given. Leave"
            " one of them None, or give a GAN(loss_weights=...) with the term 'fidelity'."
        )
    gans = gans_of(sampler.gan, min(learned, default=0), fidelity)
    if first:
        gans = [gan.aimed_at(first.objective) for gan in gans]
    policy = policy_of(sampler.policy)
    if not oracles and policy == CHOSEN_BY_ORACLE:
        raise ValueError(f"policy={CHOSEN_BY_ORACLE!r} needs an oracle. Give one, or a Policy.")
    if not oracles and choose_ratio:
        raise ValueError(f"sampling_strategy={CHOSEN_BY_ORACLE!r} needs an oracle. Give one, or a ratio.")
    if sampler.search is not None and not oracles:
        raise ValueError("'search' needs an oracle, which compares its trials. Give one, or search=None.")
    _check_search(sampler)
    return Plan(
        tuple(gans),
        oracles,
        5 if sampler.cv is None else sampler.cv,
        _budget_of(sampler),
        tuple(sampler.baselines),
        sampler.fallback,
        choose_ratio,
        rejection_of(sampler.rejection),
        policy,
        sampler.keep_candidates,
        sampler.search,
        gan_given=sampler.gan is not None,
    )


def _budget_of(sampler: Any) -> Budget:
    """Steps and seconds that a user allows, or those that the GANs are made for."""
    unit, most = (PORTFOLIO_UNIT, PORTFOLIO_STEPS) if sampler.gan is None else (EPOCH_UNIT, MAX_STEPS)
    return Budget(
        unit if sampler.epoch_unit is None else sampler.epoch_unit,
        sampler.patience,
        most if sampler.max_steps is None else sampler.max_steps,
        float("inf") if sampler.max_time is None else sampler.max_time,
        sampler.growth,
    )


def _check_search(sampler: Any) -> None:
    """Refuse a class in the place of a search, and a storage that nobody could go on with."""
    search = sampler.search
    if isinstance(search, type):
        raise ValueError(
            f"'search' needs an object. Got the class {search.__name__}: give {search.__name__}()."
        )
    seeds = getattr(search, "random_state", None), sampler.random_state
    if getattr(search, "storage", None) is not None and not any(isinstance(s, Integral) for s in seeds):
        raise ValueError(
            "A search with a 'storage' needs an integer as 'random_state', of the search or of the sampler:"
            f" with other random numbers its trials could not be gone on with. Got {seeds[1]!r}."
        )


def gans_of(given: Any, n_rows: int, fidelity: float | None = None) -> list[GAN]:
    """Turn what a user gave as ``gan`` into specifications to train, each a checked copy.

    ``n_rows`` are those of the rarest class that is learned and ``fidelity`` a weight, both for the portfolio
    that None stands for. Raises ValueError if something is no GAN and no preset, or has parameters that
    contradict each other.
    """
    given = default_portfolio(n_rows, fidelity) if given is None else given
    gans = list(given) if isinstance(given, (list, tuple)) else [given]
    if any(isinstance(gan, str) for gan in gans):
        from gan_oversampler.gans.presets import preset  # the literature's GANs are rarely asked for

        gans = [preset(gan) if isinstance(gan, str) else gan for gan in gans]
    if not gans or not all(isinstance(gan, GAN) for gan in gans):
        raise ValueError(
            f"'gan' must be a GAN, the name of a preset or a non-empty list of these. Got {given!r} instead."
        )
    return [validated(clone(gan)) for gan in gans]


def oracles_of(given: Any, n_classes: int) -> dict[str, Oracle]:
    """Turn what a user gave as ``oracle`` into oracles by name, in the user's order; none for None.

    Raises ValueError if a list is empty or holds an oracle twice, or if one of them cannot score a table of
    so many classes.
    """
    if given is None:
        return {}
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    if not listed:
        raise ValueError("'oracle' must not be an empty list. Give at least one, or None.")
    oracles = [oracle_of(oracle) for oracle in listed]
    if len(set(map(repr, oracles))) < len(oracles):
        raise ValueError(f"The oracles of a list must differ. Got {given!r}.")
    found: dict[str, Oracle] = {}
    for entry, oracle in zip(listed, oracles, strict=True):
        oracle.validate(n_classes)
        found[name_of(entry, found)] = oracle
    return found


def check_grids(gans: Sequence[GAN], encoder: TableEncoder) -> None:
    """Raise ValueError if columns of the table do not form the cells of a GAN's grid, or hold no numbers."""
    for grid in (gan.generator.grid for gan in gans if gan.generator.grid is not None):
        sides(encoder.layout.columns, grid)
        if encoder.non_numeric:
            raise ValueError(
                f"Cells of a grid must hold numbers; column {encoder.non_numeric[0]!r} of X does not."
                " Drop such columns, or set grid=None for networks without convolutions."
            )


def device_of(name: str, gans: Sequence[GAN]) -> torch.device:
    """Find the device to train on; ``"auto"`` takes a GPU, if there is one, for large networks only.

    Networks with a grid or at least 256 units in a layer or cell are large: smaller ones are faster on a CPU.
    Raises ValueError if there is no such device here.
    """
    if name == "auto":
        parts = [gan.generator for gan in gans]
        large = any(part.grid is not None or max(part.hidden_widths, default=0) >= 256 for part in parts)
        return torch.device("cuda" if large and torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"Device {name!r} cannot be used here: {error}") from None
    return device
