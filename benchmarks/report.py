"""Tables, tests, pictures and a page to read at a glance, from the rows of benchmark suites.

    python -m benchmarks.report SUITE [SUITE ...] --results DIR --ours ours

reads ``DIR/SUITE.parquet`` (with ``SUITE_meta.json`` and ``SUITE_missing.json``) and writes beside it
``SUITE.md``, ``SUITE_tables.csv``, ``SUITE_summary.csv``, ``SUITE_tests.csv`` and ``SUITE_*.png``. How
numbers come about is said in ``benchmarks.statistics``.
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

from benchmarks import markdown as md
from benchmarks import pictures, report_autogan, report_speed, statistics
from benchmarks import report_sections as sections
from benchmarks.provenance import RESULTS
from benchmarks.tables import MissingDataError, data_folder

SPEED, AUTOGAN = "speed", "autogan"
DIAGRAMS: Final = ("weak", "strong")

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
    """A suite's rows and all that is computed from them, once.

    Parameters
    ----------
    suite : str
        Its name.
    folder : Path
        Where its files lie and the report goes.
    ours : str
        The method that the others are compared with.
    """

    suite: str
    folder: Path
    ours: str

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Rows as they are compared."""
        return statistics.prepare(pd.read_parquet(self.path(".parquet")))

    @cached_property
    def variants(self) -> list[str]:
        """Other settings of ours among the methods."""
        return [name for name in self.rows["method"].unique() if pictures.setting_of(name) == self.ours]

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Means per block and method."""
        return statistics.summary(self.rows, self.variants)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """Ours against the others."""
        return statistics.comparisons(self.rows, self.ours, self.variants)

    def path(self, ending: str) -> Path:
        """A file of the suite."""
        return self.folder / f"{self.suite}{ending}"

    def side(self, ending: str) -> dict[str, Any]:
        """A JSON file beside the rows, empty if there is none."""
        path = self.path(ending)
        return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write(results: Results, data: Path | None = None) -> str:
    """Everything that a suite's report consists of; what was found, in few lines."""
    if results.suite == SPEED:
        return _write_speed(results)
    _write_numbers(results)
    _draw(results)
    top = sections.headline(results.summary, results.tests, results.ours)
    autogan = None
    if results.suite == AUTOGAN:
        autogan = "## Published numbers\n\n" + report_autogan.section(results.rows, data, results.ours)
    blocks = [_block(results, str(name)) for name in results.rows["block"].unique()]
    parts = [
        f"# {results.suite}",
        top,
        READING,
        autogan,
        *blocks,
        _picture(results, "seconds"),
        _wins(results),
    ]
    results.path(".md").write_text(md.page(*parts, _new_rows(results), *_ends(results)), "utf-8")
    return top


def _write_speed(results: Results) -> str:
    medians = report_speed.costs(results.rows)
    medians.round(4).to_csv(results.path("_tables.csv"), index=False)
    if len(medians):
        pictures.sweeps(medians, results.ours, results.path("_speed.png"))
    parts = [report_speed.section(medians, results.ours), _picture(results, "speed"), *_ends(results)]
    results.path(".md").write_text(md.page(f"# {results.suite}", *parts), "utf-8")
    return f"Medians of {medians['method'].nunique()} methods on {len(medians)} sizes."


def _write_numbers(results: Results) -> None:
    statistics.table_means(results.rows).round(4).to_csv(results.path("_tables.csv"), index=False)
    results.summary.round(4).to_csv(results.path("_summary.csv"), index=False)
    results.tests.to_csv(results.path("_tests.csv"), index=False, float_format="%.4g")


def _draw(results: Results) -> None:
    complete = results.summary[results.summary["complete"]]
    for block in DIAGRAMS:
        part = results.rows[results.rows["block"] == block]
        ranked = complete[complete["block"] == block]
        path = results.path(f"_cd_{block}.png")
        pictures.critical_differences(ranked, part["table"].nunique(), results.ours, path)
    if len(results.tests):
        pictures.wins(results.tests, results.path("_wins.png"))
    first = complete[complete["block"] == _first_block(complete)]
    pictures.seconds(first, results.ours, results.path("_seconds.png"))


def _first_block(summary: pd.DataFrame) -> str:
    blocks = list(summary["block"].unique())
    return "weak" if "weak" in blocks else blocks[0]


def _block(results: Results, block: str) -> str:
    """All about one block of classifiers."""
    summary = results.summary[results.summary["block"] == block]
    diagram = _picture(results, f"cd_{block}")
    tests = results.tests
    tests = tests[tests["block"] == block] if len(tests) else tests
    shown = [sections.tests_table(tests, metric) for metric in statistics.HEADLINES] if len(tests) else []
    pairs, ablations = _incomplete(results, block), _ablations(results, block)
    losses = statistics.probabilities(results.rows[results.rows["block"] == block])
    calibration = sections.calibration_table(losses, results.ours)
    tuned = statistics.at_tuned_thresholds(results.rows)
    tuned = sections.tuned_table(tuned[tuned["block"] == block], results.ours)
    return md.page(
        f"## {block.capitalize()} classifiers",
        sections.summary_table(summary, results.ours),
        f"{diagram}\n\n{DIAGRAM_NOTE}" if diagram else None,
        *shown,
        f"**Other settings of ours**, on shared cells:\n\n{ablations}" if ablations else None,
        f"**Not run everywhere**, hence paired on shared cells:\n\n{pairs}" if pairs else None,
        f"**Tuned thresholds.** {tuned}" if tuned else None,
        f"**Probabilities.** {calibration}" if calibration else None,
    ).rstrip()


def _incomplete(results: Results, block: str) -> str:
    rows = results.rows[results.rows["block"] == block]
    pairs = statistics.incomplete(rows, results.ours, results.variants)
    return sections.incomplete_table(pairs, results.ours) if len(pairs) else ""


def _ablations(results: Results, block: str) -> str:
    rows = results.rows[results.rows["block"] == block]
    pairs = statistics.ablations(rows, results.ours, results.variants)
    return sections.ablation_table(pairs) if len(pairs) else ""


def _picture(results: Results, name: str) -> str | None:
    file = results.path(f"_{name}.png")
    return f"![{name.replace('_', ' ')}]({file.name})" if file.exists() else None


def _wins(results: Results) -> str | None:
    return _picture(results, "wins") if len(results.tests) else None


def _new_rows(results: Results) -> str | None:
    table = sections.drawn_table(results.summary, results.ours)
    return f"## The new rows: fidelity and privacy\n\n{table}" if table else None


def _ends(results: Results) -> list[str]:
    """What failed, what is missing, what was run."""
    errors = statistics.errors(results.rows)
    failures = sections.failures(errors, results.side("_missing.json"))
    rows = results.rows[results.rows["method"] != statistics.NONE_TUNED]
    runs = sections.provenance(rows, results.side("_meta.json").get("runs", []))
    return [f"## Failures\n\n{failures}", f"## What was run\n\n{runs}"]


def main(argv: Sequence[str] | None = None) -> None:
    """Command line."""
    options = _parser().parse_args(argv)
    for suite in options.suites:
        results = Results(suite, options.results, options.ours)
        if not results.path(".parquet").is_file():
            raise SystemExit(f"There is no {results.path('.parquet')}; run the suite {suite!r} first.")
        print(f"{suite}\n{write(results, _data(options.data_dir))}\nRead {results.path('.md')}.")


def _data(given: str | None) -> Path | None:
    """The data folder; a report needs none, so a wrong one is only said."""
    try:
        return data_folder(given)
    except MissingDataError as error:
        print(f"Note: {error}")
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description="Report on suites.")
    parser.add_argument("suites", nargs="+", metavar="SUITE")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of SUITE.parquet")
    parser.add_argument("--ours", default="ours", help="method that the others are compared with")
    parser.add_argument("--data-dir", help="data folder, for published numbers")
    return parser


if __name__ == "__main__":
    main()
