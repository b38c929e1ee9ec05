"""From what users write to a plan: GANs, oracles, a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from sklearn.base import clone

from gan_oversampler._names import lookup
from gan_oversampler._rng import Streams
from gan_oversampler.bases import BASES
from gan_oversampler.canvas import sides
from gan_oversampler.codec.codec import Codec
from gan_oversampler.fitting import Plan
from gan_oversampler.judging import BASELINES, NOTHING
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.registry import name_of, oracle_of
from gan_oversampler.policies import CHOSEN, Policy, policy_of
from gan_oversampler.portfolio import default_portfolio
from gan_oversampler.presets import preset
from gan_oversampler.refinement import refinement_of
from gan_oversampler.rejection import rejection_of
from gan_oversampler.specification import GAN
from gan_oversampler.splitting import MIN_ROWS
from gan_oversampler.target import Target
from gan_oversampler.training.loop import Budget


def plan_of(sampler: Any, target: Target, n_new: Mapping[int, int], budget: Budget, *, free: bool) -> Plan:
    """What the parameters of a sampler ask for, checked; ``free`` leaves the ratio to the oracle.

    Raises
    ------
    ValueError
        If a parameter has no meaning, or needs an oracle where there is none.
    """
    for name in sampler.baselines:
        lookup({NOTHING: None, **BASELINES, **BASES}, name, "baseline")
    oracles = oracles_of(sampler.oracle, len(target.classes))
    learned = [int(target.counts[code]) for code in n_new if target.counts[code] >= MIN_ROWS]
    gans = gans_of(sampler.gan, min(learned, default=0))
    if oracles:
        leader = next(iter(oracles.values()))
        gans = [gan.aimed_at(leader.objective) for gan in gans]
    policy = policy_of(sampler.policy)
    if not oracles:
        _refuse_choices(gans, policy, free=free)
    return Plan(
        gans,
        oracles,
        sampler.cv,
        budget,
        sampler.baselines,
        device_of(sampler.device, gans),
        Streams.of(sampler.random_state),
        sampler.n_jobs,
        sampler.fallback,
        free,
        print if sampler.verbose else _silent,
        rejection_of(sampler.rejection),
        refinement_of(sampler.refinement),
        policy,
    )


def _silent(line: str) -> None:
    """Say nothing."""


def _refuse_choices(gans: Sequence[GAN], policy: Policy | str | None, *, free: bool) -> None:
    """Nobody chooses without an oracle."""
    if any(gan.kinship for gan in gans):
        raise ValueError("Evolution(fitness='oracle') needs an oracle. Give one, or fitness='critic'.")
    if policy == CHOSEN:
        raise ValueError(f"policy={CHOSEN!r} needs an oracle. Give one, or a Policy.")
    if free:
        raise ValueError(f"sampling_strategy={CHOSEN!r} needs an oracle. Give one, or a ratio.")


def gans_of(given: Any, n_rows: int) -> list[GAN]:
    """Specifications to train, each a copy; lineages of an evolution by the oracle one by one.

    ``n_rows`` are those of the rarest class that is learned, for the portfolio that None stands for.

    Raises
    ------
    ValueError
        If something is no GAN, has parameters that cannot be, or could not be told from another lineage.
    """
    given = default_portfolio(n_rows) if given is None else given
    gans = list(given) if isinstance(given, (list, tuple)) else [given]
    gans = [preset(gan) if isinstance(gan, str) else gan for gan in gans]
    if not gans or not all(isinstance(gan, GAN) for gan in gans):
        raise ValueError(
            f"'gan' must be a GAN, the name of a preset or a non-empty list of these. Got {given!r} instead."
        )
    families = [clone(gan).validate().lineages for gan in gans]
    kin = [lineages[0].kinship for lineages in families if lineages[0].kinship]
    if len(set(kin)) < len(kin):
        raise ValueError(
            "GANs that evolve by the oracle must differ in more than mutations and replicas, or their"
            " lineages would breed with each other. Give one of them all the mutations."
        )
    return [lineage for lineages in families for lineage in lineages]


def oracles_of(given: Any, n_classes: int) -> dict[str, Oracle]:
    """Judges by name, in the user's order; none for None.

    Raises
    ------
    ValueError
        If a list is empty or holds an oracle twice, or one cannot judge a table of so many classes.
    """
    if given is None:
        return {}
    oracles = list(given) if isinstance(given, (list, tuple)) else [given]
    if not oracles:
        raise ValueError("'oracle' must not be an empty list. Give at least one, or None.")
    judges = [oracle_of(oracle) for oracle in oracles]
    if len(set(map(repr, judges))) < len(judges):
        raise ValueError(f"The oracles of a list must differ. Got {given!r}.")
    found: dict[str, Oracle] = {}
    for oracle, judge in zip(oracles, judges, strict=True):
        judge.validate(n_classes)
        found[name_of(oracle, found)] = judge
    return found


def check_grids(gans: Sequence[GAN], codec: Codec) -> None:
    """Refuse tables whose columns are no cells of a grid, where a GAN takes them for one."""
    for grid in (gan.grid for gan in gans if gan.grid is not None):
        sides(codec.layout.columns, grid)
        if codec.wordy:
            raise ValueError(
                f"Cells of a grid must hold numbers; column {codec.wordy[0]!r} of X does not. Drop such"
                " columns, or set grid=None for networks without convolutions."
            )


def device_of(name: str, gans: Sequence[GAN]) -> torch.device:
    """Where to train; ``"auto"`` takes a GPU for large networks only.

    Raises
    ------
    ValueError
        If there is no such device here.
    """
    if name == "auto":
        large = any(gan.grid is not None or max(gan.widths, default=0) >= 256 for gan in gans)
        return torch.device("cuda" if large and torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"Device {name!r} cannot be used here: {error}") from None
    return device
