"""Events: what was decided while training, by which controller, when and for which member."""

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


Log = Callable[[int, int, str, str], None]
"""Records a decision about a whole specification: step, specification, what decided, and the decision."""


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Sort events by step; those that belong to none come last, those of one step stay as they were.

    >>> [event.step for event in in_order(Event(s, "", "", "", "") for s in (None, 100, 50))]
    [50, 100, None]
    """
    return tuple(sorted(events, key=lambda event: (event.step is None, event.step or 0)))
