"""What a strategy has learned, kept in its study: a few arrays and numbers, in pieces that databases take."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import optuna

State = Mapping[str, Any]
"""Arrays, and values that JSON can hold, by name."""

HEAD: Final = "strategy state"
PIECE: Final = 50_000  # characters; some databases cut texts at 64 kB
N_KEPT: Final = 2  # revisions: the newest may hold a round that is trained again
_ARRAY: Final = "array in base 64"


def to_text(state: State) -> str:
    """Pack a state; equal states give equal texts.

    >>> from_text(to_text({"baseline": 0.5, "weights": np.arange(2)}))
    {'baseline': 0.5, 'weights': array([0, 1])}
    """
    text = json.dumps(state, default=_plain_array, sort_keys=True)
    return base64.b64encode(zlib.compress(text.encode())).decode()


def from_text(text: str) -> dict[str, Any]:
    """Unpack a state."""
    return json.loads(zlib.decompress(base64.b64decode(text)), object_hook=_array)


def _plain_array(array: object) -> dict[str, Any]:
    if not isinstance(array, np.ndarray) or array.dtype.hasobject:
        raise TypeError(f"A strategy's state holds arrays and plain values. Got {array!r}.")
    content = base64.b64encode(array.tobytes()).decode()
    return {_ARRAY: content, "dtype": array.dtype.str, "shape": array.shape}


def _array(content: dict[str, Any]) -> Any:
    if _ARRAY not in content:
        return content
    flat = np.frombuffer(base64.b64decode(content[_ARRAY]), np.dtype(content["dtype"]))
    return flat.reshape(content["shape"]).copy()


@dataclass(frozen=True)
class Revision:
    """A state after some rounds, and where the study keeps it."""

    number: int
    rounds: tuple[int, ...]  # that were learned from, each by its first trial
    place: int
    n_pieces: int
    checksum: int


def revisions(study: optuna.Study) -> list[Revision]:
    """Return the revisions that the study keeps, the oldest first."""
    kept = study.user_attrs.get(HEAD, [])
    return [Revision(**each | {"rounds": tuple(each["rounds"])}) for each in kept]


def load(study: optuna.Study, revision: Revision) -> dict[str, Any] | None:
    """Read a revision; None if another process has written over it meanwhile."""
    attrs = study.user_attrs
    text = "".join(attrs.get(_piece(revision.place, index), "") for index in range(revision.n_pieces))
    return from_text(text) if zlib.crc32(text.encode()) == revision.checksum else None


def save(study: optuna.Study, state: State, rounds: Sequence[int]) -> Revision:
    """Write a state that has learned from these rounds, the last one at last, as the newest revision.

    It takes a place that no revision has, so a process killed meanwhile leaves all as it was. Revisions that
    hold the last round already, from a process that was killed before it had told its trials, are dropped.
    """
    kept, text = revisions(study), to_text(state)
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    place = min(set(range(N_KEPT + 1)) - {each.place for each in kept})
    for index, piece in enumerate(pieces):
        study.set_user_attr(_piece(place, index), piece)
    number = max((each.number for each in kept), default=-1) + 1
    newest = Revision(number, tuple(rounds), place, len(pieces), zlib.crc32(text.encode()))
    left = [each for each in kept if rounds[-1] not in each.rounds]
    study.set_user_attr(HEAD, [asdict(each) for each in [*left, newest][-N_KEPT:]])
    return newest


def _piece(place: int, index: int) -> str:
    return f"{HEAD} {place} {index}"
