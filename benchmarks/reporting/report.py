"""Tables, tests, pictures and a page to read at a glance, from the rows of benchmark suites.

    python -m benchmarks.reporting.report SUITE [SUITE ...] --results DIR --ours ours

reads ``DIR/SUITE.parquet`` (with ``SUITE_meta.json`` and ``SUITE_missing.json``) and writes beside it
``SUITE.md``, ``SUITE_tables.csv``, ``SUITE_summary.csv``, ``SUITE_tests.csv`` and ``SUITE_*.png``.
``benchmarks.reporting.statistics`` explains how the numbers are computed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.provenance import RESULTS
from benchmarks.reporting import autogan, pictures, sections, speed, statistics
from benchmarks.reporting import markdown as md
from benchmarks.reporting.names import setting_of
from benchmarks.tables import MissingDataError, data_folder
from benchmarks.writing import write_csv, write_whole

READING: Final = (
    "Means and mean ranks (1 is best) are over methods that were run on every cell; bold is best. A failed"
    ' cell counts as "no oversampling". Other settings of ours have no rank. Tests pair means per table,'
    " those over families their means. Intervals resample whole families of tables. P(worse), P(within),"
    " P(better) are the Bayesian signed-rank test's: how likely this is the most frequent outcome of three."
)
DIAGRAM_NOTE: Final = (
    "Bars join methods that Nemenyi's test at 5 % does not tell apart. It takes tables as independent, which"
    " those of one family are not, as do Wilcoxon's p and the Bayesian probabilities below; the intervals and"
    " the p over families do not."
)


@dataclass(frozen=True)
class Results:
    """A suite's rows and what is computed from them once."""

    suite: str
    folder: Path  # where its files lie and the report goes
    ours: str  # the method that the others are compared with

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Rows as they are compared."""
        return statistics.prepare(pd.read_parquet(self.path(".parquet")))

    @cached_property
    def variants(self) -> list[str]:
        """Other settings of ours among the methods."""
        return [name for name in self.rows["method"].unique() if setting_of(name) == self.ours]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Means per block and method."""
        return statistics.summary(self.rows, self.variants)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """Ours against the others."""
        return statistics.comparisons(self.rows, self.ours, self.variants)

    def path(self, ending: str) -> Path:
        """Name a file of the suite."""
        return self.folder / f"{self.suite}{ending}"

    def side(self, ending: str) -> dict[str, Any]:
        """Read a JSON file beside the rows, empty if there is none."""
        path = self.path(ending)
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def picture(self, name: str) -> str | None:
        """Write Markdown that shows a picture, if it was drawn."""
        file = self.path(f"_{name}.png")
        return f"![{name.replace('_', ' ')}]({file.name})" if file.exists() else None


def write(results: Results, data: Path | None = None) -> str:
    """Write all files of a suite's report; return what was found, in few lines.

    ``data`` is the data folder, which holds AutoGAN's published numbers.
    """
    if results.suite == "speed":
        medians = speed.costs(results.rows)
        write_csv(medians.round(4), results.path("_tables.csv"))
        if len(medians):
            pictures.sweeps(medians, results.ours, results.path("_speed.png"))
        parts = [speed.section(medians, results.ours), results.picture("speed")]
        found = f"Medians of {medians['method'].nunique()} methods on {len(medians)} sizes."
    else:
        write_csv(statistics.table_means(results.rows).round(4), results.path("_tables.csv"))
        write_csv(results.summary.round(4), results.path("_summary.csv"))
        write_csv(results.tests, results.path("_tests.csv"), float_format="%.4g")
        _draw(results)
        found = sections.headline(results.summary, results.tests, results.ours)
        parts = [found, READING]
        if results.suite == "autogan":
            parts.append("## Published numbers\n\n" + autogan.section(results.rows, data, results.ours))
        parts += [_block(results, str(name)) for name in results.rows["block"].unique()]
        parts += [results.picture("seconds"), results.picture("wins") if len(results.tests) else None]
        new_rows = sections.drawn_table(results.summary, results.ours)
        parts.append(f"## The new rows: fidelity and privacy\n\n{new_rows}" if new_rows else None)
    failures = sections.failures(statistics.errors(results.rows), results.side("_missing.json"))
    rows = results.rows[results.rows["method"] != statistics.NONE_TUNED]
    runs = sections.provenance(rows, results.side("_meta.json").get("runs", []))
    ends = [f"## Failures\n\n{failures}", f"## What was run\n\n{runs}"]
    write_whole(results.path(".md"), md.page(f"# {results.suite}", *parts, *ends))
    return found


def _draw(results: Results) -> None:
    complete = results.summary[results.summary["complete"]]
    for block in ("weak", "strong"):
        n_tables = results.rows.loc[results.rows["block"] == block, "table"].nunique()
        path = results.path(f"_cd_{block}.png")
        pictures.critical_differences(complete[complete["block"] == block], n_tables, results.ours, path)
    if len(results.tests):
        pictures.wins(results.tests, results.path("_wins.png"))
    blocks = list(complete["block"].unique())
    shown = complete[complete["block"] == ("weak" if "weak" in blocks else blocks[0])]
    pictures.seconds(shown, results.ours, results.path("_seconds.png"))


def _block(results: Results, block: str) -> str:
    """Everything about one block of classifiers."""
    ours, variants = results.ours, results.variants
    rows = results.rows[results.rows["block"] == block]
    summary = results.summary[results.summary["block"] == block]
    diagram = results.picture(f"cd_{block}")
    tests = results.tests[results.tests["block"] == block] if len(results.tests) else None
    tables = [] if tests is None else [sections.tests_table(tests, m) for m in statistics.HEADLINES]
    ablations = sections.ablation_table(statistics.ablations(rows, ours, variants))
    pairs = sections.incomplete_table(statistics.incomplete(rows, ours, variants), ours)
    tuned = sections.tuned_table(statistics.at_tuned_thresholds(rows), ours)
    calibration = sections.calibration_table(statistics.probabilities(rows), ours)
    return md.page(
        f"## {block.capitalize()} classifiers",
        sections.summary_table(summary, ours),
        f"{diagram}\n\n{DIAGRAM_NOTE}" if diagram else None,
        *tables,
        f"**Other settings of ours**, on shared cells:\n\n{ablations}" if ablations else None,
        f"**Not run everywhere**, hence paired on shared cells:\n\n{pairs}" if pairs else None,
        f"**Tuned thresholds.** {tuned}" if tuned else None,
        f"**Probabilities.** {calibration}" if calibration else None,
    ).rstrip()


def main(argv: Sequence[str] | None = None) -> None:
    """Write the reports of suites."""
    parser = argparse.ArgumentParser("python -m benchmarks.reporting.report", description="Report on suites.")
    parser.add_argument("suites", nargs="+", metavar="SUITE")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of SUITE.parquet")
    parser.add_argument("--ours", default="ours", help="method that the others are compared with")
    parser.add_argument("--data-dir", help="data folder, for published numbers")
    options = parser.parse_args(argv)
    try:
        data = data_folder(options.data_dir)
    except MissingDataError as error:  # a report needs no data, so a wrong folder only gets a note
        print(f"Note: {error}")
        data = None
    for suite in options.suites:
        results = Results(suite, options.results, options.ours)
        if not results.path(".parquet").is_file():
            raise SystemExit(f"There is no {results.path('.parquet')}; run the suite {suite!r} first.")
        print(f"{suite}\n{write(results, data)}\nRead {results.path('.md')}.")


if __name__ == "__main__":
    main()
