"""The commands and their options; what they do is in the modules beside this one.

These import much, so commands import them when they run, and help comes at once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gan_oversampler import __version__
from gan_oversampler._writing import write_whole
from gan_oversampler.cli.errors import Commands, tell

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Table = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, metavar="TABLE", help="CSV or Parquet file of real rows."),
]
Model = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="MODEL", help="File of `resample --save`.")
]
Target = Annotated[str, typer.Option("--target", "-t", metavar="COLUMN", help="Column of the classes.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
Categorical = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN", help="Column of numbers or ids that are categories; text is anyway. Repeatable."
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN", help="Column not to learn from, such as an id; empty in new rows. Repeatable."
    ),
]
Ratio = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NUMBER",
        help="Rows of each rare class per row of the largest one, 1 if not given; oracle: chosen by"
        " scores; CLASS=NUMBER: of some classes only. Repeatable.",
    ),
]
Oracle = Annotated[
    str,
    typer.Option(
        help="What new rows must be good for: downstream (F1), f1, average_precision, g_mean, energy ..."
    ),
]
Fidelity = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="How near new rows stay to the class: 0 for the score only, 1 as SMOTE's."
    ),
]
Gan = Annotated[
    list[str] | None,
    typer.Option(help="GANs to train instead of the default one, such as wgan_gp. Repeatable."),
]
SyntheticOnly = Annotated[bool, typer.Option("--synthetic-only", help="Write new rows only.")]
Mark = Annotated[str | None, typer.Option(metavar="COLUMN", help="Add a column that is true for new rows.")]
Fallback = Annotated[
    bool,
    typer.Option("--fallback", help="Where a baseline scores better, use it: SMOTE's rows, or none."),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same rows.")]
MaxTime = Annotated[
    float | None, typer.Option(min=0, metavar="SECONDS", help="Seconds of training after which it ends.")
]


def _examples(*lines: str) -> str:
    """Text below the options of a command; the first mark keeps its lines as they are."""
    return "\n".join(["\b", "Examples:", *(f"  gan-oversampler {line}" for line in lines)])


@app.callback(
    invoke_without_command=True,
    epilog=_examples(
        "resample people.csv --target income -o balanced.parquet --report report.html",
        "compare people.csv --target income",
        "resample --help",
    ),
)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Balance tables of rare classes with rows of small GANs, chosen by scores on held-out rows.

    Tables are CSV files (.csv, .tsv, also .gz, .bz2, .zst) or Parquet files, by their ending. Exit codes: 0
    if all went well, 2 if the command or the input is wrong, 1 for unexpected errors.
    """
    if version:
        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(
    short_help="Write a table with new rows of its rare classes.",
    epilog=_examples(
        "resample people.csv -t income -o balanced.csv",
        "resample people.csv -t income -o new.parquet --synthetic-only --ratio 0.5",
        "resample people.csv -t income -o all.csv.gz --mark is_new --ignore id --report report.html",
        "resample people.csv -t income -o balanced.csv --save people.gan",
    ),
)
def resample(
    table: Table,
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV or Parquet file to write.")],
    report: Annotated[Path | None, typer.Option(help="HTML page to write: what was kept, and why.")] = None,
    save: Annotated[
        Path | None, typer.Option(help="File to write the sampler to, for `sample`; it holds real rare rows.")
    ] = None,
    ratio: Ratio = None,
    oracle: Oracle = "downstream",
    fidelity: Fidelity = None,
    gan: Gan = None,
    categorical: Categorical = None,
    ignore: Ignore = None,
    synthetic_only: SyntheticOnly = False,
    mark: Mark = None,
    seed: Seed = 0,
    max_time: MaxTime = None,
    fallback: Fallback = False,
    force: Force = False,
) -> None:
    """Train on a table and write it with new rows of its rare classes below.

    The real rows come first and unchanged. What was kept, its scores beside those of doing nothing, class
    weights and SMOTE, and an advice are printed. New rows are drawn and written in chunks, so a million of
    them need little more memory than the table does.
    """
    from gan_oversampler.cli import files

    files.separator_of(output)
    files.check_outputs([output, report, save], force=force)
    from gan_oversampler.cli import resampling

    rows = files.read_table(table)
    if files.separator_of(output):
        files.csv_schema(rows.schema)
    if mark in rows.column_names:
        raise ValueError(f"The table has a column {mark!r} already. Give another name to --mark.")
    sampler = _sampler(rows, oracle, fidelity, gan, categorical, seed, max_time)
    sampler.set_params(fallback="baseline" if fallback else "warn")
    new = resampling.resampled(sampler, rows, target, ignore or (), ratio or ("auto",))
    added = resampling.write_resampled(output, rows, new, target, mark, with_real=not synthetic_only)
    if report:
        sampler.report_.to_html(report)
    if save:
        sampler.save(save)
    tell(resampling.counts_of(rows, target, added))
    tell(sampler.report_)
    tell(f"Written: {', '.join(str(path) for path in (output, report, save) if path)}")


@app.command(
    short_help="Draw new rows from a saved sampler.",
    epilog=_examples(
        "sample people.gan -n 1000 -o new.csv",
        "sample people.gan -n 1000000 -o new.parquet --label yes --target income",
    ),
)
def sample(
    model: Model,
    n: Annotated[int, typer.Option("-n", "--n", min=0, help="How many rows.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV or Parquet file to write.")],
    label: Annotated[str | None, typer.Option(help="Class of the rows; needed if there are several.")] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="Also write the class, in this column."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Draw other rows; the same seed gives the same ones.")
    ] = None,
    force: Force = False,
) -> None:
    """Draw new rows of one class from a saved sampler, without training again.

    Rows are drawn and written in chunks, so a million of them need no more memory than a few.
    """
    from gan_oversampler.cli import files, resampling

    files.separator_of(output)
    files.check_outputs([output], force=force)
    sampler = resampling.load_sampler(model)
    known = resampling.label_of(sampler, label)
    chunks = resampling.drawn(sampler, n, known, seed, target)
    first = next(chunks)
    with files.table_writer(output, first.schema) as writer:
        writer.write_table(first)
        for chunk in chunks:
            writer.write_table(chunk)
    tell(f"Written: {output} ({n:,} new rows of class {known})")


@app.command(
    short_help="Tell what a saved sampler kept, and why.",
    epilog=_examples("report people.gan", "report people.gan -o report.html"),
)
def report(
    model: Model,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Page (.html) or all facts (.json) to write.")
    ] = None,
    force: Force = False,
) -> None:
    """Print what a saved sampler kept and why, or write it as a page with pictures."""
    from gan_oversampler.cli import files, resampling

    if output and output.suffix.lower() not in (".html", ".json"):
        raise ValueError(f"A report is a page or its facts: .html or .json. Got {output.name!r}.")
    files.check_outputs([output], force=force)
    found = resampling.load_sampler(model).report_
    if output is None:
        tell(found)
        return
    is_page = output.suffix.lower() == ".html"
    text = found.to_html() if is_page else json.dumps(found.to_dict(), indent=1, allow_nan=False)
    write_whole(output, text)
    tell(f"Written: {output}")


@app.command(
    short_help="Compare class weights, SMOTE and GANs by cross-validation.",
    epilog=_examples(
        "compare people.csv -t income",
        "compare people.csv -t income --folds 10 --ignore id -o comparison/",
    ),
)
def compare(
    table: Table,
    target: Target,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for scores.csv and scores.png.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")] = 5,
    oracle: Oracle = "downstream",
    fidelity: Fidelity = None,
    gan: Gan = None,
    categorical: Categorical = None,
    ignore: Ignore = None,
    seed: Seed = 0,
    max_time: MaxTime = None,
    jobs: Annotated[int, typer.Option(min=1, help="Folds at the same time.")] = 1,
    force: Force = False,
) -> None:
    """Compare, by cross-validation, doing nothing, class weights, SMOTE and GANOversampler.

    Simple classifiers (logistic regression, tree) and strong ones (forest, gradient boosting) are scored by
    the F1 of the rarest class and by average precision, with standard errors; with more than two classes by
    means over all of them. The last line says what that supports.
    """
    from gan_oversampler.cli import comparison, files, pictures, resampling
    from gan_oversampler.cli.preparation import frame_of
    from gan_oversampler.reporting.displays import drawing

    if output and output.exists() and not output.is_dir():
        raise ValueError(f"{str(output)!r} is not a folder. Give the path of one.")
    rows = files.read_table(table)
    X, y = resampling.split(rows, target, ignore or ())
    sampler = _sampler(rows, oracle, fidelity, gan, categorical, seed, max_time)
    if output:
        drawing.matplotlib("figure")  # or its absence would be told after minutes
        output.mkdir(parents=True, exist_ok=True)
        table_path, picture_path = output / "scores.csv", output / "scores.png"
        files.check_outputs([table_path, picture_path], force=force)
    found = comparison.compare(
        frame_of(X), y, sampler, categorical or (), folds=folds, seed=seed, n_jobs=jobs
    )
    if output:
        write_whole(table_path, found.scores.to_csv(index=False))
        pictures.draw_scores(found, picture_path)
    tell(found)
    if output:
        tell(f"Written: {table_path}, {picture_path}")


def _sampler(
    table: Any,
    oracle: str,
    fidelity: float | None,
    gan: list[str] | None,
    categorical: list[str] | None,
    seed: int,
    max_time: float | None,
) -> Any:
    """The sampler that the options describe; unknown columns raise ``ValueError``."""
    from gan_oversampler._utils import lookup
    from gan_oversampler.estimator import GANOversampler

    for name in categorical or ():
        lookup(dict.fromkeys(table.column_names), name, "column")
    return GANOversampler(
        gan=gan,
        fidelity=fidelity,
        oracle=oracle,
        max_time=max_time,
        categorical_features=categorical or "auto",
        random_state=seed,
    )
