"""Can one trust the new rows? ``python -m benchmarks.studies.fidelity run|checks|toys|page``.

``run`` writes a row per suite, table, fold and arm to ``results/fidelity.parquet`` as it comes and goes on
where it was if it is started again; ``checks`` writes ``fidelity_checks.csv``; ``toys`` draws rows to look at
into ``fidelity_toys.parquet``; ``page`` makes ``fidelity.md`` and two pictures of these.

Arms whose parameters the imported package lacks are left out, so an older version can be measured: put its
folder ``gan_oversampler`` alone into a folder OLD, set ``PYTHONSAFEPATH=1 PYTHONPATH=OLD:.``, and give
``run`` and ``checks`` ``--out benchmarks/results/fidelity_before.parquet``; ``page`` shows both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from typing import Any, Final

import pandas as pd

from benchmarks.provenance import RESULTS, beside, note_run
from benchmarks.studies.common import parser
from benchmarks.studies.fidelity import cells, checks, pictures, toys
from benchmarks.studies.fidelity.arms import ARMS, available, version
from benchmarks.studies.fidelity.page import Evidence, report
from benchmarks.suites import SUITES, load
from benchmarks.tables import MissingDataError, data_folder
from benchmarks.writing import write_csv, write_whole, written_whole

TABLES: Final = ("keel", "mixed", "real")


def run(options: Any) -> None:
    """Measure what is missing."""
    arms, folder = available(options.arms), data_folder(options.data_dir)
    tables = {
        suite: [load(name, folder) for name in SUITES[suite].names(folder) if chosen(name, options.tables)]
        for suite in options.suites
    }
    wanted = [
        cells.Cell(suite, table, repeat, fold, arm, SUITES[suite].classifiers)
        for repeat in range(options.repeats)
        for suite in options.suites
        for fold in map(int, options.folds or range(SUITES[suite].folds))
        for arm in arms
        for table in tables[suite]
    ]
    store = cells.store(options.out)
    todo = cells.todo(wanted, store.read())
    if todo:
        note_run(options.out, package=version(), arms=list(arms), cells=len(todo), jobs=options.jobs)
    cells.run(todo, store, options.jobs)


def chosen(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a name matches one of some patterns."""
    return any(fnmatch(name, pattern) for pattern in patterns)


def check(options: Any) -> None:
    """Measure all made columns anew."""
    arms = available(tuple(arm for arm in checks.ARMS if arm in options.arms))
    out = beside(options.out, "_checks.csv")
    note_run(out, fresh=True, package=version(), arms=list(arms), seeds=options.seeds)
    found = checks.run(arms, options.seeds, options.jobs)
    write_csv(found.round(6), out)
    print(checks.means(found).round(3).to_string())


def draw_toys(options: Any) -> None:
    """Draw rows of the made tables to look at, and keep them under the name of a stage."""
    out = beside(options.out, "_toys.parquet")
    kept = pd.read_parquet(out) if out.exists() else pd.DataFrame(columns=["stage"])
    rows = toys.draw(options.stage, dict(toys.STAGES[options.stage]))
    kept = pd.concat([kept[kept["stage"] != options.stage], rows], ignore_index=True)
    with written_whole(out) as temporary:
        kept.to_parquet(temporary, index=False)
    note_run(out, package=version(), stage=options.stage)


def write(options: Any) -> None:
    """Write the page and the pictures from what there is."""
    now, before = Evidence.read(options.out), Evidence.read(beside(options.out, "_before.parquet"))
    drawn = beside(options.out, "_toys.parquet")
    columns = ["table", "repeat", "fold", "method", "classifier", "f1"]
    committed = pd.read_parquet(RESULTS / "keel.parquet", columns=columns)
    if drawn.exists():
        pictures.toys(pd.read_parquet(drawn), beside(options.out, ".png"))
    if (now.rows["suite"] == "keel").any():
        pictures.frontier(now.rows[now.rows["suite"] == "keel"], options.out.with_name("frontier.png"))
    text = report(now, before, committed)
    write_whole(options.out.with_suffix(".md"), text)
    print(text)


ACTIONS: Final[dict[str, Callable[[Any], None]]] = {
    "run": run,
    "checks": check,
    "toys": draw_toys,
    "page": write,
}


def words(text: str) -> tuple[str, ...]:
    """Read a list with commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def main(argv: Sequence[str] | None = None) -> None:
    """Do what is asked."""
    command = parser("fidelity", __doc__, ".parquet")
    command.add_argument("action", choices=ACTIONS)
    command.add_argument("--suites", type=words, default=TABLES, help=f"a,b,... ({','.join(TABLES)})")
    command.add_argument("--tables", type=words, default=("*",), help="patterns of names (*)")
    command.add_argument("--arms", type=words, default=ARMS, help=f"a,b,... ({','.join(ARMS)})")
    command.add_argument("--folds", type=words, help="0,1,... (as many as the suite's)")
    command.add_argument("--repeats", type=int, default=1, help="shuffles of the five folds (1)")
    command.add_argument("--seeds", type=int, default=3, help="of checks (3)")
    command.add_argument("--stage", choices=toys.STAGES, default="after", help="of toys (after)")
    command.add_argument("--jobs", type=int, default=1)
    options = command.parse_args(argv)
    try:
        ACTIONS[options.action](options)
    except MissingDataError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
