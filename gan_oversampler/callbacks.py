"""What is seen of a training: events that were decided in it, and evaluation rounds for users' callbacks."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One decision, which prints as a line.

    >>> print(Event(50, "guided", "fold 0", "pacing", "critic steps 1 -> 0"))
    step 50, guided, fold 0, pacing: critic steps 1 -> 0
    """

    step: int | None  # generator updates until then; None where it belongs to no step
    gan: str  # label of the specification, or the name of what was scored
    member: str  # ``"fold 0"``, ``"all rows"`` …; empty where all members of the specification are concerned
    controller: str  # what decided: a controller, ``"rollback"``, ``"growth"`` or ``"oracle"``
    decision: str

    def __str__(self) -> str:
        when = "" if self.step is None else f"step {self.step}"
        where = ", ".join(part for part in (when, self.gan, self.member, self.controller) if part)
        return f"{where}: {self.decision}"


@dataclass(frozen=True, slots=True)
class EvaluationRound:
    """What a function given as ``callbacks=`` is called with after each scoring of the generators.

    Scores are means over the folds by the first oracle, in its own unit, and NaN or absent without an oracle.

    Parameters
    ----------
    step, max_steps : int
        Generator steps so far, 0 for the untrained generators, and the most of them without any growth.
    scores : tuple of (str, float), default=()
        Label and score of every GAN that was scored in this round.
    best_score : float, default=nan
        Best score so far of a generator that may be kept.
    score_name : str, default=""
        What is scored, such as ``"F1"``.
    greater_is_better : bool, default=True
        Whether high scores are good.
    seconds : float, default=0.0
        Time since the fit began.

    Examples
    --------
    >>> def reached(found: EvaluationRound) -> bool:
    ...     return found.best_score > 0.9
    >>> reached(EvaluationRound(50, 200, (("guided", 0.93),), 0.93, "F1"))
    True
    """

    step: int
    max_steps: int
    scores: tuple[tuple[str, float], ...] = ()
    best_score: float = math.nan
    score_name: str = ""
    greater_is_better: bool = True
    seconds: float = 0.0


Callback = Callable[[EvaluationRound], bool | None]
"""What users give as ``callbacks=``: a function that ends the training by returning True."""

Log = Callable[[int, int, str, str], None]
"""Records a decision about a whole specification: step, specification, what decided, and the decision."""


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Sort events by step; those that belong to none come last, those of one step stay as they were.

    >>> [event.step for event in in_order(Event(s, "", "", "", "") for s in (None, 100, 50))]
    [50, 100, None]
    """
    return tuple(sorted(events, key=lambda event: (event.step is None, event.step or 0)))
