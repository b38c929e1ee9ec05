"""What every room needs: look-ups by name, warnings, standard errors, random streams, a limit of threads."""

from __future__ import annotations

import hashlib
import re
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:  # torch takes longer to load than all the rest, so it is loaded by the first fit
    import torch

Entry = TypeVar("Entry")
CALLED_THROUGH: Final = (
    "contextlib",
    "gan_oversampler",
    "imblearn",
    "joblib",
    "sklearn",
)  # packages between users and a fit


_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
MAX_KNOWN: Final = 50  # names that an error lists


def lookup(registry: Mapping[str, Entry], name: str, what: str) -> Entry:
    """Return the entry of a registry with this name; ``what`` says in errors what kind of thing it is.

    >>> lookup({"hinge": 1, "bce": 2}, "hing", "loss")
    Traceback (most recent call last):
        ...
    ValueError: Unknown loss 'hing'. Did you mean 'hinge'? Known are: 'bce', 'hinge'.
    """
    if not isinstance(name, str):
        raise ValueError(f"A {what} is given by its name, a string. Got {name!r} instead.")
    if name not in registry:
        raise ValueError(f"Unknown {what} {name!r}.{did_you_mean(name, registry)}")
    return registry[name]


def did_you_mean(name: str, known: Iterable[str], besides: Iterable[str] = ()) -> str:
    """End of an error message: the known name nearest to a wrong one, if any is near, and all known ones.

    Names given as ``besides`` may be the nearest one, too, but are too many to be listed.
    """
    near = get_close_matches(name, [*known, *besides], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    names = sorted(known)
    more = f" and {len(names) - MAX_KNOWN} more" if len(names) > MAX_KNOWN else ""
    return f"{hint} Known are: {', '.join(map(repr, names[:MAX_KNOWN]))}{more}."


def visible(text: str) -> str:
    r"""Text with characters that mislead its readers written out: control characters, reversed order, halves.

    Lines and tabs stay, and so do joiners, which some scripts need.

    >>> print(visible("sale.\u202excod"))
    sale.\u202excod
    """
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def text_of(value: object) -> str:
    """Text of an object as Python prints it, without addresses in memory: equal fits give equal texts.

    >>> text_of(print), text_of(object())
    ('<built-in function print>', '<object object>')
    """
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's own code, however deep inside a pipeline or a grid search the fit is."""
    frame, level = sys._getframe(), 1
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] in CALLED_THROUGH:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def ignoring(*categories: type[Warning], messages: Iterable[str] = ("",)) -> Iterator[None]:
    """Ignore warnings of some categories, whose texts begin in some way, within a ``with`` block.

    ``warnings.catch_warnings`` puts back the filters that it found, which are those of another thread where
    blocks overlap. This adds filters, and takes the same ones away.

    >>> with ignoring(UserWarning, messages=["no"]):
    ...     warnings.warn("nobody sees this")
    """
    filters: Any = warnings.filters
    rules = [
        ("ignore", re.compile(text, re.IGNORECASE) if text else None, category, None, 0)
        for category in categories
        for text in messages
    ]
    use = object()
    try:
        _ignored[use] = threading.get_ident(), filters, rules
        filters[:0] = rules
        yield
    finally:
        _take_away(use)


def _take_away(use: object) -> None:
    """Remove the filters of a use of `ignoring`, unless `let_go` has done so."""
    if use in _ignored:
        _, filters, rules = _ignored[use]
        for rule in rules:
            if rule in filters:
                filters.remove(rule)  # the first of equal ones, all of which are alike
        _ignored.pop(use, None)


def uncorrected_error(values: NDArray[np.float64]) -> float:
    """Estimate the error of a mean over folds as if these were independent; 0 for a single fold.

    It is the yardstick of all choices here. It is too small to be reported: folds share training rows, so
    their scores err together, see ``standard_error``.

    >>> uncorrected_error(np.array([1.0, 3.0]))
    1.0
    """
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def standard_error(values: NDArray[np.float64], heldout_ratio: float | None = None) -> float:
    """Estimate the standard error of a mean over folds whose training rows overlap; 0 for a single fold.

    The variance over ``n`` folds counts ``1 / n + heldout_ratio`` times, not ``1 / n`` times: the corrected
    resampled t of Nadeau and Bengio (2003). ``heldout_ratio`` is the number of held-out rows over that of
    training rows in a fold; None stands for ``1 / (n - 1)``, where every row is held out once.

    >>> round(standard_error(np.array([1.0, 3.0])), 3)
    1.732
    """
    n_folds = len(values)
    if n_folds < 2:
        return 0.0
    ratio = 1 / (n_folds - 1) if heldout_ratio is None else heldout_ratio
    return uncorrected_error(values) * float(np.sqrt(1 + n_folds * ratio))


@dataclass(frozen=True, slots=True)
class Streams:
    """Root of all randomness of one fit: every purpose has a stream of its own, with a name made of parts.

    What a stream draws depends on the root and on its name, never on which streams were used before.
    """

    seed: int

    @classmethod
    def of(cls, random_state: int | np.random.RandomState | None) -> Streams:
        """Root from what scikit-learn calls ``random_state``: an integer, None or a ``RandomState``.

        The same integer gives the same streams; a ``RandomState`` moves on. Others raise ``ValueError``.
        """
        if isinstance(random_state, (int, np.integer)):
            return cls(int(random_state))
        return cls(int(check_random_state(random_state).randint(np.iinfo(np.int32).max)))

    def child(self, *name: object) -> Streams:
        """Root of a whole family of streams, for a part of the fit that names its own, such as a member."""
        return Streams(self.child_seed(*name))

    def child_seed(self, *name: object) -> int:
        """Seed of the stream with this name, an integer of 63 bits, for libraries that are given seeds.

        Names are compared by their ``repr``: 1 and ``"1"`` are different.
        """
        text = "\x1f".join(map(repr, (self.seed, *name)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1

    def numpy(self, *name: object) -> np.random.Generator:
        """Generator of NumPy at the beginning of the stream with this name.

        >>> streams = Streams(0)
        >>> bool(streams.numpy("fold", 1).random() == streams.numpy("fold", 1).random())
        True
        >>> bool(streams.numpy("fold", 1).random() == streams.numpy("fold", 2).random())
        False
        """
        return np.random.default_rng(self.child_seed(*name))

    def torch(self, *name: object) -> torch.Generator:
        """Generator of torch, on the CPU, at the beginning of the stream with this name."""
        import torch

        return torch.Generator().manual_seed(self.child_seed(*name))


_lock = threading.Lock()
_ignored: dict[object, tuple[int, list[Any], list[Any]]] = {}  # of each use: thread, all filters, its own
_users: set[int] = set()  # threads that are limited now
_n_threads = 1  # of torch, before the first of all concurrent uses
_before: Any = None  # limits of BLAS and OpenMP at that time
_local = threading.local()
_uses: set[object] = set()  # of the filters of warnings
_found_filters: Any = None  # those before the first of all concurrent uses


@contextmanager
def filters_as_found() -> Iterator[None]:
    """Leave the filters of warnings as they were, whatever threads or a Ctrl-C do meanwhile.

    Scikit-learn changes and restores them in many places, and where that overlaps in two threads, one puts
    back what the other has set. Of concurrent uses the last one restores what the first one has found.
    """
    global _found_filters
    use = object()
    try:
        try:
            with _lock:
                _found_filters = _found_filters if _uses else warnings.filters
                _uses.add(use)
            yield
        finally:
            _restore_filters(use)
    finally:  # once more, because a Ctrl-C may have come in between
        _restore_filters(use)


def _restore_filters(use: object) -> None:
    with _lock:
        _uses.discard(use)
        if not _uses and _found_filters is not None and warnings.filters is not _found_filters:
            warnings.filters = _found_filters


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limit torch, BLAS and OpenMP to one thread, and restore what was set before.

    The limits of BLAS belong to the process: of concurrent uses the first one sets them, and the last one
    restores them. That of torch belongs to each thread, which sets and restores its own.
    """
    if getattr(_local, "is_limited", False):
        yield
        return
    user = threading.get_ident()
    try:
        try:
            _limit(user)
            yield
        finally:
            _restore(user)
    finally:  # once more, because a Ctrl-C may have come in between
        _restore(user)


def _limit(user: int) -> None:
    import torch

    global _n_threads, _before
    with _lock:
        if not _users:
            blas = ThreadpoolController()
            _n_threads, _before = torch.get_num_threads(), blas.limit(limits=None)
            _users.add(user)
            blas.limit(limits=1)
        _users.add(user)
    torch.get_num_threads()  # or the first use in a new thread would take what another thread has set since
    _local.is_limited = True
    torch.set_num_threads(1)


def _restore(user: int) -> None:
    import torch

    if getattr(_local, "is_limited", False):
        torch.set_num_threads(_n_threads)
        _local.is_limited = False
    _discard(user)


def _discard(user: int) -> None:
    global _before
    with _lock:
        _users.discard(user)
        if not _users and _before is not None:
            _before.restore_original_limits()
            _before = None


def let_go(thread: int) -> None:
    """Undo limits of threads and filters of warnings of a thread that hangs, as it may never do so itself."""
    for use in [use for use, (owner, *_) in _ignored.copy().items() if owner == thread]:
        _take_away(use)
    _discard(thread)
