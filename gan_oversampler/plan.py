"""From what users write to a plan: GANs, oracles, a device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from sklearn.base import clone

from gan_oversampler._utils import Streams, lookup
from gan_oversampler.encoding.labels import Target
from gan_oversampler.encoding.table_encoder import TableEncoder
from gan_oversampler.gans.gan import GAN
from gan_oversampler.gans.presets import default_portfolio, preset
from gan_oversampler.nn.image_grid import sides
from gan_oversampler.oracles.base import Oracle
from gan_oversampler.oracles.registry import name_of, oracle_of
from gan_oversampler.sampling.acceptance import Rejection, rejection_of
from gan_oversampler.sampling.base_samplers import BASES
from gan_oversampler.sampling.policy import CHOSEN, Policy, policy_of
from gan_oversampler.sampling.refinement import Refinement, refinement_of
from gan_oversampler.selection.folds import MIN_ROWS
from gan_oversampler.selection.scoring import BASELINES, NOTHING
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


def check_grids(gans: Sequence[GAN], codec: TableEncoder) -> None:
    """Refuse tables whose columns are no cells of a grid, where a GAN takes them for one."""
    for grid in (gan.grid for gan in gans if gan.grid is not None):
        sides(codec.layout.columns, grid)
        if codec.non_numeric:
            raise ValueError(
                f"Cells of a grid must hold numbers; column {codec.non_numeric[0]!r} of X does not. Drop such"
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


@dataclass(frozen=True)
class Plan:
    """Everything a fit needs to know besides the rows.

    Parameters
    ----------
    gans : sequence of GAN
        Specifications; the base of the first one is the robust default.
    oracles : dict of str to Oracle
        Judges that follow the training; without any the last generator after ``max_steps`` is kept.
    cv : int or splitter
        Folds of the cross-fit.
    budget : Budget
        Steps and seconds; its clock runs since the fit began.
    baselines : sequence of str
        What the same oracles also score.
    fallback : {"warn", "baseline", "error"}
        What happens when a baseline is better than the kept GAN.
    choose_ratio : bool
        Whether the oracle may ask for fewer new rows.
    rejection, refinement, policy : Rejection, Refinement, and Policy or "oracle"; or None
        What becomes of the rows of the kept generators, in the order refinement, rejection, policy.
    decides : bool
        Whether the oracle that concludes is the one that decides what is drawn.
    """

    gans: Sequence[GAN]
    oracles: Mapping[str, Oracle]
    cv: Any
    budget: Budget
    baselines: Sequence[str]
    device: torch.device
    streams: Streams
    n_jobs: int | None = None
    fallback: str = "warn"
    choose_ratio: bool = False
    say: Callable[[str], None] = lambda line: None
    rejection: Rejection | None = None
    refinement: Refinement | None = None
    policy: Policy | str | None = None
    decides: bool = True

    def say_all(self, lines: Iterable[object]) -> None:
        """Tell whoever listens."""
        for line in lines:
            self.say(str(line))
