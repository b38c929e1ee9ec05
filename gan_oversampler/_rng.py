"""Independent random streams: every consumer gets its own, named by what it is for.

A stream depends on the root seed and its name only, never on who asked before; so a member of a
population draws the same numbers alone or among others.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.utils import check_random_state


@dataclass(frozen=True, slots=True)
class Streams:
    """Root of all randomness of one fit.

    Examples
    --------
    >>> streams = Streams(0)
    >>> bool(streams.numpy("fold", 1).random() == streams.numpy("fold", 1).random())
    True
    >>> bool(streams.numpy("fold", 1).random() == streams.numpy("fold", 2).random())
    False
    """

    seed: int

    @classmethod
    def of(cls, random_state: int | np.random.RandomState | None) -> Streams:
        """Root from what scikit-learn calls ``random_state``."""
        if isinstance(random_state, (int, np.integer)):
            return cls(int(random_state))
        return cls(int(check_random_state(random_state).randint(np.iinfo(np.int32).max)))

    def child(self, *name: object) -> Streams:
        """Root of a whole family of streams."""
        return Streams(self.child_seed(*name))

    def child_seed(self, *name: object) -> int:
        """63-bit seed of the stream with this name."""
        text = "\x1f".join(map(repr, (self.seed, *name)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1

    def numpy(self, *name: object) -> np.random.Generator:
        return np.random.default_rng(self.child_seed(*name))

    def torch(self, *name: object) -> torch.Generator:
        return torch.Generator().manual_seed(self.child_seed(*name))
