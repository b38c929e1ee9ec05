"""Running cases: what a target is, what counts as lawful, and the loop that looks for new lines."""

from __future__ import annotations

import hashlib
import linecache
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.coverage import ROOT, Lines
from tests.fuzz.guards import BrokenGuardError, guarded

# Checks of parameters and tables that imbalanced-learn and scikit-learn do for everybody.
CHECKS = ("sklearn/utils", "sklearn/base", "imblearn/utils", "imblearn/base")
MAX_MUTATIONS = 4


@dataclass(frozen=True)
class Target:
    """Something that takes bytes from strangers."""

    seeds: Callable[[], Sequence[bytes]]  # lawful ones to begin with
    mutated: Callable[[bytes, Random], bytes]
    run: Callable[[bytes, Path], str]  # in an empty folder; the outcome in a word, or an error
    share: float  # of all cases


@dataclass
class Tally:
    """What came of the cases of a target."""

    n_cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)  # tracebacks by a name that equal ones share


def outcome_of(target: Target, data: bytes, folder: Path) -> tuple[str, str]:
    """What comes of one case: a lawful outcome and "", or the name and traceback of a finding."""
    try:
        with guarded(folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return target.run(data, folder), ""
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        if is_lawful(error):
            return f"{type(error).__name__} of {Path(_innermost(error).filename).stem}", ""
        return _name_of(error), "".join(traceback.format_exception(error))


def is_lawful(error: BaseException) -> bool:
    """Whether an error was raised on purpose, with a sentence for whoever gave the input."""
    if not isinstance(error, ValueError | TypeError | OSError | ImportError) or _holds(error, MemoryError):
        return False
    frame = _innermost(error)
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    if frame.filename.startswith(ROOT):
        return line.startswith("raise") and " " in str(error)
    return any(part in frame.filename for part in CHECKS) and line.startswith("raise")


def _innermost(error: BaseException) -> traceback.FrameSummary:
    return traceback.extract_tb(error.__traceback__)[-1]


def _holds(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _name_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    inside = [f for f in frames if f.filename.startswith(ROOT)] or frames
    place = f"{Path(inside[-1].filename).stem}-{inside[-1].lineno}"
    what = f"-{error}" if isinstance(error, BrokenGuardError) else ""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in f"{type(error).__name__}-{place}{what}")[
        :80
    ]


def fuzz(
    target: Target,
    corpus: list[bytes],
    n_cases: int,
    random: Random,
    folder: Path,
    lines: Lines | None = None,
    note: Callable[[bytes], None] = lambda data: None,
) -> Tally:
    """Run mutated cases; those that reach new lines join the corpus. ``note`` is told of each beforehand."""
    tally = Tally()
    for _ in range(n_cases):
        data = random.choice(corpus)
        for _ in range(random.randint(1, MAX_MUTATIONS)):
            data = target.mutated(data, random)
        note(data)
        name, finding = one_case(target, data, folder, lines, corpus)
        tally.n_cases += 1
        tally.outcomes[name] += 1
        if finding and name not in tally.findings:
            tally.findings[name] = finding
            (folder.parent / f"{name}.case").write_bytes(data)
    return tally


def one_case(
    target: Target, data: bytes, folder: Path, lines: Lines | None, corpus: list[bytes]
) -> tuple[str, str]:
    """Run one case in a folder that is emptied, and keep it in the corpus if it reached new lines."""
    place = emptied(folder)
    if lines is None:
        return outcome_of(target, data, place)
    n_seen = len(lines.seen)
    with lines.watched():
        found = outcome_of(target, data, place)
    if len(lines.seen) > n_seen and not found[1]:
        corpus.append(data)
    return found


def emptied(folder: Path) -> Path:
    """The folder without what earlier cases left in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink() if path.is_symlink() or not path.is_dir() else _remove(path)
    return folder


def _remove(folder: Path) -> None:
    emptied(folder).rmdir()


def name_of(data: bytes) -> str:
    """Name of a case in a folder of them."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()
