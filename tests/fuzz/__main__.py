"""Run all targets: ``python -m tests.fuzz --cases 100000``, again to go on; ``--replay FILE`` runs one case.

Each target runs in a process of its own, ``BATCH`` cases at a time, in ``build/fuzz/TARGET``: the corpus that
was found so far, the tally, and for each finding its case and traceback. The exit code is 1 if there
is any, or a target ended before its cases.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.guards import MAX_SECONDS

BATCH = 500
RUNNING = "running.case"  # the case that runs now: that of a process which died


def main() -> None:
    options = _options()
    if options.replay:
        return _replay(options.target, options.replay, options.out)
    if options.worker:
        return _work(options.target, options.out, options.cases, options.seed)
    from tests.fuzz.targets import TARGETS

    is_whole = True
    for name in [options.target] if options.target else TARGETS:
        wanted = round(options.cases * (1 if options.target else TARGETS[name].share))
        while _read(options.out / name)["cases"] < wanted and _run(name, wanted, options):
            pass
        is_whole &= _read(options.out / name)["cases"] >= wanted
    n_findings = _print(options.out)
    sys.exit(1 if n_findings or not is_whole else 0)


def _options() -> Any:
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="of all targets together, or of --target")
    parser.add_argument("--target", help="this one only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="run this case of --target, with its traceback"
    )
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, wanted: int, options: Any) -> bool:
    """Run a target until all cases are run or its process dies, a finding. False ends the target."""
    folder = options.out / name
    words = [sys.executable, "-m", "tests.fuzz", "--worker", "--target", name, "--out", options.out]
    done = subprocess.run(
        [*words, "--cases", str(wanted), "--seed", str(options.seed)], stderr=subprocess.PIPE, text=True
    )
    if done.returncode == 0:
        return True
    if not (folder / RUNNING).exists():
        print(done.stderr, file=sys.stderr)
        return False
    tally = _read(folder)
    finding = f"process ended with {done.returncode}"
    (folder / RUNNING).rename(folder / f"{finding} {tally['cases']}.case")
    tally["findings"] |= {f"{finding} {tally['cases']}": done.stderr[-6000:]}
    tally["outcomes"] = {**tally["outcomes"], finding: tally["outcomes"].get(finding, 0) + 1}
    _write(folder, {**tally, "cases": tally["cases"] + 1})
    return True


def _work(name: str, out: Path, wanted: int, seed: int) -> None:
    """Run cases of a target until as many as are wanted have run; all is stored after each batch."""
    from tests.fuzz.coverage import Lines
    from tests.fuzz.engine import fuzz, name_of, one_case
    from tests.fuzz.targets import TARGETS

    target, folder, lines = TARGETS[name], (out / name).resolve(), Lines()
    stored = folder / "corpus"
    stored.mkdir(parents=True, exist_ok=True)
    corpus = [*target.seeds(), *(path.read_bytes() for path in sorted(stored.iterdir()))]
    for data in list(corpus):
        one_case(target, data, folder / "work", lines, [])
    tally = _read(folder)
    while tally["cases"] < wanted:
        random = Random(f"{seed} {name} {tally['cases']}")
        n_known, n = len(corpus), min(BATCH, wanted - tally["cases"])
        found = fuzz(target, corpus, n, random, folder / "work", lines, _note(folder / RUNNING))
        for data in corpus[n_known:]:
            (stored / name_of(data)).write_bytes(data)
        tally["cases"] += found.n_cases
        tally["outcomes"] = dict(Counter(tally["outcomes"]) + found.outcomes)
        tally["findings"] = found.findings | tally["findings"]
        tally |= {"corpus": len(corpus), "lines": len(lines.seen)}
        tally["lines_at_start"] = tally.get("lines_at_start") or len(lines.seen)
        _write(folder, tally)
        (folder / RUNNING).unlink(missing_ok=True)


def _note(path: Path) -> Any:
    """Keep the case that runs now in a file, and end the process where it hangs inside a library."""

    def note(data: bytes) -> None:
        path.write_bytes(data)
        faulthandler.dump_traceback_later(3 * MAX_SECONDS, exit=True)

    return note


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "tally.json"
    return json.loads(path.read_text()) if path.exists() else {"cases": 0, "outcomes": {}, "findings": {}}


def _write(folder: Path, tally: dict[str, Any]) -> None:
    draft = folder / "tally.draft"
    draft.write_text(json.dumps(tally, indent=1))
    os.replace(draft, folder / "tally.json")


def _print(out: Path) -> int:
    """Print the tallies of all targets, and return the number of findings."""
    n_cases = n_findings = 0
    for path in sorted(out.glob("*/tally.json")):
        tally = json.loads(path.read_text())
        n_cases += tally["cases"]
        n_findings += len(tally["findings"])
        more = f"{tally['corpus']} cases kept, {tally['lines']} lines of the package run"
        print(f"{path.parent.name}: {tally['cases']:,} cases, {more}")
        for outcome, n in sorted(tally["outcomes"].items(), key=lambda pair: -pair[1]):
            print(f"  {n:>8,}  {outcome}")
    print(f"{n_cases:,} cases, {n_findings} findings")
    return n_findings


def _replay(name: str, path: Path, out: Path) -> None:
    from tests.fuzz.engine import emptied, outcome_of
    from tests.fuzz.targets import TARGETS

    print(*outcome_of(TARGETS[name], path.read_bytes(), emptied((out / name / "work").resolve())), sep="\n")


if __name__ == "__main__":
    main()
