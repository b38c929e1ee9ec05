"""What results come from: commit, versions, hardware, command; kept beside each result file."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from benchmarks.writing import write_whole

HERE: Final = Path(__file__).resolve().parent
RESULTS: Final = HERE / "results"
PACKAGES: Final = (
    *("gan-oversampler", "imbalanced-learn", "joblib", "numpy"),
    *("pandas", "scikit-learn", "scipy", "torch"),
)
# What results depend on; result files and documents do not count as changes.
SOURCES: Final = ("gan_oversampler", "benchmarks/*.py")


def beside(path: Path, ending: str) -> Path:
    """Name a file that belongs to a result file, such as ``keel_meta.json`` to ``keel.parquet``."""
    return path.with_name(path.stem + ending)


def note_run(path: Path, *, fresh: bool = False, **facts: Any) -> None:
    """Add this run to the side file that says which runs a result file comes from."""
    side = beside(path, "_meta.json")
    side.parent.mkdir(parents=True, exist_ok=True)
    runs = [] if fresh else read_side(side).get("runs", [])
    run = {**describe_run(), **facts}
    earlier = {other["commit"] for other in runs} - {run["commit"]}
    if earlier:
        print(
            f"Note: {path.name} holds results of other commits too ({', '.join(sorted(earlier))});"
            " --fresh starts again."
        )
    write_whole(side, json.dumps({"runs": [*runs, run]}, indent=1) + "\n")


def read_side(path: Path) -> dict[str, Any]:
    """Read a side file; of one that is not there, or that somebody broke, nothing."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        found = error
    if not isinstance(found, dict):
        print(f"Note: {path.name} cannot be read, and is begun anew ({found!r:.200}).")
        return {}
    return found


def describe_run() -> dict[str, Any]:
    """Describe what results depend on besides data and seed: code, versions, hardware; and the date."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command(sys.argv),
        "commit": _git("rev-parse", "--short=12", "HEAD") or "unknown",
        "uncommitted_changes": bool(_git("status", "--porcelain", "--", *SOURCES)),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "hardware": {"cpu": _cpu(), "cores": os.cpu_count(), "system": platform.system()},
    }


def command(argv: Sequence[str]) -> str:
    """Write a command without folders of this machine: absolute paths lose all but their last part.

    >>> command(["/x/benchmarks/studies/oracle.py", "--data-dir", "/home/me/data", "--out=/tmp/a.csv"])
    'python -m benchmarks.studies.oracle --data-dir data --out=a.csv'
    """
    parts = Path(argv[0]).with_suffix("").parts
    start = max((i for i, part in enumerate(parts) if part == "benchmarks"), default=len(parts) - 1)
    words = ["python -m", ".".join(parts[start:]).removesuffix(".__main__")]
    for word in argv[1:]:
        option, equals, value = word.rpartition("=")
        words.append(option + equals + (Path(value).name if os.path.isabs(value) else value))
    return " ".join(words)


def _git(*words: str) -> str:
    """What git answers about the folder of this file, or nothing."""
    try:
        answer = subprocess.run(["git", *words], cwd=HERE.parent, capture_output=True, text=True)
    except OSError:
        return ""
    return answer.stdout.strip()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _cpu() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text("utf-8").splitlines() if facts.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
