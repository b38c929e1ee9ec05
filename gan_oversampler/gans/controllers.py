"""Controllers: signals of a training step in, adjustments of the training out.

A controller remembers a few numbers per member. Its law is a pure function of these and of the signals of a
step. Those of the numbers that are ``logged`` are its outputs, which training reads by name: factors of step
sizes and loss terms, critic updates per generator update, the chance that the critic is shown a changed row,
how often a member has begun anew, and whether its new rows are all alike.
"""

# P member

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from gan_oversampler.gans.signals import Signals

Memory = Mapping[str, Tensor]
"""Numbers ``(P, 1)`` that a controller remembers, by name."""

SMOOTHING: Final = 0.95  # decay of running means, per step
QUICK: Final = 0.9

FASTEST, SLOWEST = 2.0, 0.1  # factors of the critic's rate (Hazimeh & Ponomareva 2023)
LEAST_RATIO: Final = 0.25  # of the generator's rate; four to one is what Zhang et al. 2019 use throughout
ADAPTED: Final = 0.02  # change of the generator's rate per step

STRONG, WEAK = 0.8, 0.55  # accuracies above and below which the critic changes its pace
MIDDLE: Final = (STRONG + WEAK) / 2
MAX_CRITIC_STEPS: Final = 5  # of the critic, per generator step, unless the user begins with more
HOLD: Final = 10  # steps for which a pace is kept at least

TARGET: Final = 0.6  # confidence that augmentation aims at (Karras et al. 2020)
INTERVAL: Final = 4  # steps between two changes of its strength (the same)
# NOTE[paper]: they let the strength go from 0 to 1 in 500,000 images; a whole training here sees 10,000 rows.
SPEED: Final = 1 / 50
MOST_STRENGTH: Final = 0.8  # beyond it augmentations leak into new rows (the same)
WARM_UP: Final = 20  # steps in which the adversarial term comes in
GAIN: Final = 0.05  # of the penalty's logarithm, per step
PENALTIES: Final = (0.1, 10.0)  # factors of the penalty's weight

# NOTE[paper]: Gong et al. 2019 look back 500 steps, which is longer than a whole training here.
WINDOW: Final = 50
STAGNANT: Final = 1e-3  # variance of losses (the same)

LEAST_SPREAD: Final = 0.1  # variance of new rows relative to real ones
LEAST_VARIETY: Final = 0.5  # number of different new rows relative to real ones


@dataclass(frozen=True, slots=True)
class Logged:
    """How an output is logged: its description, and the smallest change that is worth a line."""

    description: str
    min_change: float


@dataclass(frozen=True, slots=True)
class Controller:
    """A feedback law, its memory and its outputs."""

    start: Mapping[str, float]  # what it remembers, before training
    update: Callable[[Memory, Signals], dict[str, Tensor]]  # ``(memory, signals) -> memory``
    logged: Mapping[str, Logged]  # outputs whose changes are logged


def _smooth(old: Tensor, new: Tensor, decay: float = SMOOTHING) -> Tensor:
    """Running mean."""
    # Not ``lerp``, which rounds the last few numbers of a buffer by another formula.
    return decay * old + (1 - decay) * new


def gap_factor(gap_P1: Tensor) -> Tensor:
    """Factor of the critic's step size ``(P, 1)`` for a loss this many widths of the band above equilibrium.

    It is 1 at equilibrium, 2 one width above it and 1/10 one width below it (Hazimeh & Ponomareva 2023).

    >>> gap_factor(torch.tensor([[-1.0], [0.0], [3.0]])).T.round(decimals=4)
    tensor([[0.1000, 1.0000, 2.0000]])
    """
    power = torch.where(gap_P1 > 0, math.log(FASTEST), math.log(SLOWEST))
    return torch.exp(power * gap_P1.abs().clamp(max=1.0))


def _gap(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Speed the critic up while its loss is above its equilibrium, slow it down below."""
    mean = _smooth(memory["gap"], seen.gap)
    return {"gap": mean, "critic_rate": gap_factor(mean)}


def _two_time_scale(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Slow the generator down while its loss changes faster than the critic's, which has to follow it."""
    first = memory["age"] < 1
    means, changes = {}, {}
    for name, loss in (("critic", seen.critic), ("generator", seen.generator)):
        old = torch.where(first, loss, memory[name])
        means[name] = _smooth(old, loss)
        changes[name] = (means[name] - old).abs() / old.abs().clamp(min=0.1)
    faster = changes["generator"] > changes["critic"]
    rate = memory["generator_rate"] * torch.where(faster, 1 - ADAPTED, 1 + ADAPTED)
    return {**means, "age": memory["age"] + 1, "generator_rate": rate.clamp(LEAST_RATIO, 1.0)}


def _pacing(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Take a critic step away above an accuracy, add one below a lower one, at most every ``HOLD`` steps.

    Between the two the pace stays as it is; a critic at rest trains again from the middle on.
    """
    accuracy = _smooth(memory["accuracy"], seen.accuracy, QUICK)
    steps, wait = memory["critic_steps"], (memory["wait"] - 1).clamp(min=0)
    wakes = (steps < 1) & (accuracy < MIDDLE)
    change = ((accuracy < WEAK) | wakes).to(steps) - (accuracy > STRONG).to(steps)
    aim = torch.minimum((steps + change).clamp(min=0), memory["most"])
    moved = torch.where(wait > 0, steps, aim)
    wait = torch.where(moved == steps, wait, float(HOLD))
    return {"accuracy": accuracy, "critic_steps": moved, "most": memory["most"], "wait": wait}


def _strength(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Change rows more often while the critic is too sure of the real ones, else less often."""
    total, count = memory["confidence"] + seen.confidence, memory["count"] + 1
    due = count >= INTERVAL
    change = INTERVAL * SPEED * (total / INTERVAL - TARGET).sign()
    changed = (memory["strength"] + change).clamp(0.0, MOST_STRENGTH)
    return {
        "confidence": torch.where(due, 0.0, total),
        "count": torch.where(due, 0.0, count),
        "strength": torch.where(due, changed, memory["strength"]),
    }


def _fade(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Let the adversarial term in while the critic warms up, out as far as it is too sure of real rows."""
    age, confidence = memory["age"] + 1, _smooth(memory["confidence"], seen.confidence)
    trust = ((1 - confidence) / (1 - TARGET)).clamp(0.0, 1.0)
    return {"age": age, "confidence": confidence, "adversarial": trust * (age / WARM_UP).clamp(max=1.0)}


def _r1(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Smooth the critic more while it is too sure of the real rows, else less."""
    factor = torch.exp(GAIN * (seen.confidence - TARGET))
    return {"penalty": (memory["penalty"] * factor).clamp(*PENALTIES)}


def _reset(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Begin anew where neither loss has moved for a whole window, away from equilibrium."""
    age, decay = memory["age"] + 1, 1 - 1 / WINDOW
    # NOTE[paper]: Gong et al. reset wherever one of the losses rests. At equilibrium that is hoped for.
    gap = torch.where(age > 1, _smooth(memory["gap"], seen.gap, decay), seen.gap)
    found, still = {"gap": gap}, gap.abs() > 1
    for name, loss in (("critic", seen.critic), ("generator", seen.generator)):
        off = torch.where(age > 1, loss - memory[name], 0.0)
        found[name] = loss - decay * off
        spread = decay * (memory[f"{name}_variance"] + (1 - decay) * off.square())
        found[f"{name}_variance"] = spread
        still = still & (spread < STAGNANT)
    due = still & (age > WINDOW)
    return {**found, "age": torch.where(due, 0.0, age), "restarts": memory["restarts"] + due.to(age)}


def _collapse(memory: Memory, seen: Signals) -> dict[str, Tensor]:
    """Notice new rows that are all alike."""
    spread = _smooth(memory["spread"], seen.spread, QUICK)
    variety = _smooth(memory["variety"], seen.variety, QUICK)
    collapsed = (spread < LEAST_SPREAD) | (variety < LEAST_VARIETY)
    return {"spread": spread, "variety": variety, "collapsed": collapsed.to(spread)}


_STRENGTH: Final = dict.fromkeys(("confidence", "count", "strength"), 0.0)
_LOSSES: Final = dict.fromkeys(("critic", "critic_variance", "generator", "generator_variance"), 0.0)

CONTROLLERS: Final[Mapping[str, Controller]] = MappingProxyType(
    {
        # Hazimeh & Ponomareva 2023
        "gap": Controller(
            {"gap": 0.0, "critic_rate": 1.0},
            _gap,
            {"critic_rate": Logged("factor of the critic's rate", 0.1)},
        ),
        # Heusel et al. 2017; that losses tell by their changes who runs ahead, Ouyang & Agam 2021
        "two_time_scale": Controller(
            {"critic": 0.0, "generator": 0.0, "age": 0.0, "generator_rate": 1.0},
            _two_time_scale,
            {"generator_rate": Logged("factor of the generator's rate", 0.1)},
        ),
        # accuracy gating, which has no single source
        "pacing": Controller(
            {"accuracy": MIDDLE, "critic_steps": 1.0, "most": float(MAX_CRITIC_STEPS), "wait": 0.0},
            _pacing,
            {"critic_steps": Logged("critic steps", 1.0)},
        ),
        # Karras et al. 2020
        "ada": Controller(_STRENGTH, _strength, {"strength": Logged("share of rows augmented", 0.05)}),
        # Jiang et al. 2021
        "apa": Controller(_STRENGTH, _strength, {"strength": Logged("share of real rows replaced", 0.05)}),
        # with Karras et al.'s signal; of a critic that knows all real rows nothing is to be learned
        "fade": Controller(
            {"age": 0.0, "confidence": 0.0, "adversarial": 0.0},
            _fade,
            {"adversarial": Logged("factor of the adversarial term", 0.1)},
        ),
        # Mescheder et al. 2018, with Karras et al.'s signal
        "r1": Controller({"penalty": 1.0}, _r1, {"penalty": Logged("factor of the penalty", 0.1)}),
        # Gong et al. 2019
        "reset": Controller(
            {**_LOSSES, "gap": 0.0, "age": 0.0, "restarts": 0.0},
            _reset,
            {"restarts": Logged("restarts", 1.0)},
        ),
        # what Akel 2022 looks for in pictures: duplicates and lost variance
        "collapse": Controller(
            {"spread": 1.0, "variety": 1.0, "collapsed": 0.0},
            _collapse,
            {"collapsed": Logged("collapsed", 1.0)},
        ),
    }
)
