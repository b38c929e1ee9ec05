"""Write the figures of README and RESULTS anew: ``python -m benchmarks.claims``.

Between ``<!--figures:NAME-->`` and ``<!--end-->`` stands what the result files say; words around it are
written by hand and hold no figures. Result files come first: the suites of ``benchmarks.run`` with their
reports, then the studies.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from benchmarks.claims import costs, keel, parts, sources, suites
from benchmarks.claims.evidence import Evidence
from benchmarks.claims.pages import filled
from benchmarks.provenance import HERE, RESULTS
from benchmarks.writing import write_whole

PAGES: Final = (HERE.parent / "README.md", HERE / "RESULTS.md")
BLOCKS: Final[Mapping[str, Callable[[Evidence], str]]] = MappingProxyType(
    {
        "readme": keel.readme,
        "keel": keel.table,
        "differences": keel.differences,
        "halves": keel.halves,
        "suites": suites.table,
        "losses": suites.losses,
        "costs": costs.text,
        "parts": parts.table,
        "findings": parts.findings,
        "sources": sources.text,
    }
)


def main(argv: Sequence[str] | None = None) -> None:
    """Write the blocks of all pages, or none if a figure is missing."""
    parser = argparse.ArgumentParser("python -m benchmarks.claims", description="Write figures into pages.")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    evidence = Evidence(parser.parse_args(argv).results)
    try:
        texts = {page: filled(page.read_text("utf-8"), BLOCKS, evidence) for page in PAGES}
    except ValueError as error:  # rows or numbers are missing
        raise SystemExit(str(error)) from None
    for page, text in texts.items():
        write_whole(page, text)
        print(f"Wrote the figures of {page.name}.")


if __name__ == "__main__":
    main()
