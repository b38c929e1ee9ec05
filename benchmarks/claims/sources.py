"""When ours was measured last, by result file."""

from __future__ import annotations

from typing import Final

from benchmarks.claims.evidence import Evidence
from benchmarks.claims.parts import SETTINGS

FILES: Final = (
    *("keel", "seconds", "fidelity", "mixed", "autogan", "multiclass", "ensemble", "spread", "privacy"),
    *("calibration", "speed_bars", "large", "gans", "oracle", "control", "search_tables"),
)


def text(evidence: Evidence) -> str:
    """List the files by the day of their last run of ours, the oldest first."""
    by_day: dict[str, list[str]] = {}
    for name in FILES:
        by_day.setdefault(evidence.day(name), []).append(name)
    days = "; ".join(f"{day} {', '.join(names)}" for day, names in sorted(by_day.items()))
    switched_off = min(evidence.day("keel", setting) for setting in SETTINGS)
    return (
        f"Ours was last measured on {days}; with parts switched off on {switched_off} (commits are in"
        " `results/*_meta.json`)."
    )
