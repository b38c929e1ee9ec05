"""When, and by which commit, ours was measured last in each result file."""

from __future__ import annotations

from typing import Final

from benchmarks.claims.evidence import Evidence

FILES: Final = (
    *("keel", "seconds", "fidelity", "mixed", "autogan", "multiclass", "ensemble", "spread", "privacy"),
    *("calibration", "speed_bars", "large", "gans", "oracle", "control", "search_tables"),
)


def text(evidence: Evidence) -> str:
    """List the files by the day of their last run, the oldest first."""
    runs = {name: evidence.of_ours(name) for name in FILES}
    by_commit: dict[tuple[str, str], list[str]] = {}
    for name, run in sorted(runs.items(), key=lambda pair: pair[1]["date"]):
        by_commit.setdefault((run["date"][:10], run["commit"]), []).append(name)
    texts = [f"{', '.join(names)} {day} (`{commit}`)" for (day, commit), names in by_commit.items()]
    return f"Ours was last measured, oldest first: {'; '.join(texts)}."
