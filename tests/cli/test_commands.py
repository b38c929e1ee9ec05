import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import gan_oversampler
from gan_oversampler import GANOversampler
from gan_oversampler.cli import comparison, files, resampling
from gan_oversampler.cli.commands import app
from tests.cli.test_files import HOSTILE
from tests.fitted_samplers import without_matplotlib
from tests.samplers import quick
from tests.tables import mixed, numbers

QUICK = ("--oracle", "energy", "--max-time", "0")
needs_files = pytest.mark.skipif(not hasattr(gan_oversampler, "load"), reason="samplers cannot be saved yet")


def run(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def refused(*args):
    """What a command that is refused says after the word Error, on one line of stderr."""
    found = run(*args)
    assert (found.exit_code, found.stdout, found.stderr.count("\n")) == (2, "", 1), found.output
    return found.stderr.removeprefix("Error: ").rstrip()


@pytest.fixture
def people(tmp_path):
    """A CSV table of mixed columns with an id, dates and missing cells."""
    X, y = mixed()
    X = X.drop(columns=["wait", "when"]).assign(kind=y)
    X["day"] = pd.date_range("2024-01-01", periods=len(X)).strftime("%Y-%m-%d")
    X.insert(0, "id", [f"{j:05}" for j in range(len(X))])
    X.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


def test_help_teaches_by_examples():
    for command in ("resample", "sample", "report", "compare"):
        found = run(command, "--help")
        assert found.exit_code == 0
        assert f"\n    gan-oversampler {command} people." in found.stdout
    assert run().stdout == run("--help").stdout
    assert "..." not in run().stdout.partition("Commands:")[2]  # no summary is cut
    assert run("--version").stdout == f"{gan_oversampler.__version__}\n"


def test_a_table_comes_back_with_new_rows_below(people, tmp_path):
    output = tmp_path / "out.csv.gz"
    options = ("--ignore", "id", "--mark", "is_new", *QUICK)
    found = run("resample", people, "-t", "kind", "-o", output, *options)
    assert (found.exit_code, found.stderr) == (0, "")
    assert "common" in found.stdout
    assert "Kept: " in found.stdout
    real, both = files.read_table(people), files.read_table(output)
    n = real.num_rows
    assert both.slice(0, n).drop_columns(["is_new"]).equals(real)
    new = both.slice(n)
    assert both["is_new"].to_pylist() == [False] * n + [True] * new.num_rows
    assert sorted(new["kind"].to_pylist()) == ["rare"] * 40 + ["rarest"] * 50
    assert new["id"].null_count == new.num_rows
    assert set(new["city"].to_pylist()) <= {"Rome", "Oslo", "Lima"}


def test_the_report_is_a_page_and_what_is_written_is_named(tmp_path, monkeypatch):
    without_matplotlib(monkeypatch)  # pictures take seconds
    X, y = numbers(columns=1)
    pd.DataFrame({"x": X[:, 0], "y": y}).to_csv(tmp_path / "in.csv", index=False)
    output, page = tmp_path / "out.csv", tmp_path / "report.html"
    found = run("resample", tmp_path / "in.csv", "-t", "y", "-o", output, "--report", page, *QUICK)
    assert found.stdout.endswith(f"Written: {output}, {page}\n")
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_new_rows_alone_in_the_ratio_asked_for(people, tmp_path):
    args = ("resample", people, "-t", "kind", "--ignore", "id", "--synthetic-only", "--ratio", 0.5, *QUICK)
    for name, seed in (("a.parquet", 0), ("b.parquet", 0), ("c.parquet", 1)):
        assert run(*args, "-o", tmp_path / name, "--seed", seed).exit_code == 0
    a, b, c = (files.read_table(tmp_path / f"{name}.parquet") for name in "abc")
    assert a.num_rows == 70 // 2 - 30 + 70 // 2 - 20
    assert a.equals(b)
    assert not a.equals(c)


@pytest.mark.parametrize("size", [40, 50_000])
def test_new_rows_are_those_of_fit_resample_whatever_the_chunks(people, tmp_path, monkeypatch, size):
    monkeypatch.setattr(resampling, "CHUNK", size)
    table = files.read_table(people)
    X, y = resampling.split(table, "kind", ["id"])
    rows, labels = GANOversampler(oracle="energy", max_time=0, random_state=0).fit_resample(X, y)
    new = rows.slice(table.num_rows)
    for name in ("out.csv", "out.parquet"):
        output = tmp_path / name
        args = ("resample", people, "-t", "kind", "--ignore", "id", "-o", output, *QUICK)
        assert run(*args).exit_code == 0
        both = files.read_table(output)
        assert both.slice(0, table.num_rows).equals(table)
        assert both.slice(table.num_rows).select(new.column_names).equals(new)
        assert both["kind"].to_pylist() == labels.tolist()


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_many_new_rows_are_written_in_chunks(people, tmp_path, monkeypatch, name):
    monkeypatch.setattr(resampling, "CHUNK", 15)
    sizes, marked = [], resampling.marked

    def counted(table, marker, *, synthetic):
        sizes.extend([table.num_rows] * synthetic)
        return marked(table, marker, synthetic=synthetic)

    monkeypatch.setattr(resampling, "marked", counted)
    found = run("resample", people, "-t", "kind", "--ignore", "id", "-o", tmp_path / name, *QUICK)
    assert found.exit_code == 0
    assert sizes == [15] * 6
    real, both = files.read_table(people), files.read_table(tmp_path / name)
    assert both.slice(0, real.num_rows).equals(real)
    assert both["kind"].to_pylist()[real.num_rows :] == ["rare"] * 40 + ["rarest"] * 50
    assert len(set(zip(*both.slice(real.num_rows).drop_columns(["id"]).to_pydict().values()))) > 80
    assert re.search(r"rarest +20 real +50 new", found.stdout)


def test_columns_keep_their_names_whatever_they_are(tmp_path):
    X, y = numbers(columns=len(HOSTILE))
    table = pd.DataFrame(X, columns=HOSTILE).assign(**{"-y; 'x'": y})
    table.to_parquet(tmp_path / "in.parquet")
    args = ("--target=-y; 'x'", "-o", tmp_path / "out.csv", *QUICK)
    assert run("resample", tmp_path / "in.parquet", *args).exit_code == 0
    assert files.read_table(tmp_path / "out.csv").column_names == list(table)


def test_nothing_is_replaced_without_force(people, tmp_path, monkeypatch):
    output = tmp_path / "out.csv"
    output.write_text("old")
    args = ("resample", people, "-t", "kind", "--ignore", "id", "-o", output, *QUICK)
    with monkeypatch.context() as patched:
        patched.setattr(GANOversampler, "_train", lambda *_, **__: pytest.fail("trained before the check"))
        assert "--force" in refused(*args)
    assert output.read_text() == "old"
    assert run(*args, "--force").exit_code == 0
    assert output.read_text() != "old"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--target", "knd"), "Did you mean 'kind'?"),
        (("--target", "kind", "--categorical", "cty"), "Did you mean 'city'?"),
        (("--target", "kind", "--ignore", "idd"), "Did you mean 'id'?"),
        (("--target", "kind", "--ignore", "kind"), "cannot be ignored"),
        (("--target", "kind"), "Column 'id' looks like an identifier"),
        (("--target", "kind", "--ignore", "id", "--ratio", "rar=0.5"), "Did you mean 'rare'?"),
        (("--target", "id"), "A target is a column of classes."),
        (("--target", "note"), "of column 'note' are missing"),
        (("--target", "kind", "--mark", "city"), "Give another name to --mark"),
        (("--target", "kind", "--oracle", "energ"), "Did you mean 'energy'?"),
        (("--target", "kind", "--ignore", "id", "--ratio", "much"), "CLASS=NUMBER, or one of auto, oracle"),
        (("--target", "kind", "--fidelity", "2"), "--fidelity"),
        (("--target", "kind", "--output", "table.xlsx"), "ending"),
        (("--trget", "kind"), "--trget"),
        ((), "--target"),
    ],
)
def test_wrong_input_is_an_error_in_one_line(people, tmp_path, args, message):
    output = () if "--output" in args else ("-o", tmp_path / "out.csv")
    assert message in refused("resample", people, *output, *args)
    assert not (tmp_path / "out.csv").exists()


def test_unforeseen_errors_are_told_apart(people, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("out\nof luck")

    monkeypatch.setattr(GANOversampler, "_train", fail)
    found = run("resample", people, "-t", "kind", "-o", tmp_path / "out.csv")
    assert found.exit_code == 1
    assert found.stderr.startswith("Unexpected error: RuntimeError: out of luck (python -X dev")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("method", ["_train", "_new_rows"])
def test_ctrl_c_ends_without_output(people, tmp_path, monkeypatch, method):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(GANOversampler, method, interrupt)
    args = ("-t", "kind", "-o", tmp_path / "out.csv", "--ignore", "id", *QUICK)
    assert run("resample", people, *args).exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_many_rows_are_drawn_in_chunks_of_the_same_sequence(monkeypatch):
    X, y = numbers()
    sampler = quick().fit(X, y)
    monkeypatch.setattr(resampling, "CHUNK", 40)
    chunks = list(resampling.drawn(sampler, 100, 1, seed=3, target="y"))
    assert [chunk.num_rows for chunk in chunks] == [40, 40, 20]
    assert chunks[0].column_names == ["x0", "x1", "x2", "x3", "y"]
    again = resampling.drawn(sampler, 100, 1, seed=3, target="y")
    assert all(a.equals(b) for a, b in zip(chunks, again, strict=True))
    assert not chunks[0].equals(chunks[1])
    (none,) = resampling.drawn(sampler, 0, 1, target="y")
    assert (none.num_rows, none.schema) == (0, chunks[0].schema)
    with pytest.raises(ValueError, match="--target"):
        list(resampling.drawn(sampler, 1, 1, target="x0"))


def test_classes_are_found_by_their_text():
    X, y = numbers()
    sampler = quick(oracle=None, max_steps=0)
    assert resampling.label_of(sampler.fit(X, y), None) == 1
    assert resampling.label_of(sampler.fit(X, y == 1), "true") == np.True_
    X, y = mixed()
    sampler.fit(X[["amount"]], y)
    assert resampling.label_of(sampler, "rarest") == "rarest"
    with pytest.raises(ValueError, match="Give --label, one of: rare, rarest"):
        resampling.label_of(sampler, None)
    with pytest.raises(ValueError, match="Did you mean 'rare'"):
        resampling.label_of(sampler, "rar")


def test_some_classes_may_have_ratios_of_their_own(people, tmp_path):
    output = tmp_path / "new.csv"
    options = ("--ignore", "id", "--synthetic-only", "--ratio", "rarest=0.5", *QUICK)
    assert run("resample", people, "-t", "kind", "-o", output, *options).exit_code == 0
    assert files.read_table(output)["kind"].to_pylist() == ["rarest"] * 15


@needs_files
def test_a_saved_sampler_draws_and_reports(people, tmp_path, monkeypatch):
    without_matplotlib(monkeypatch)
    model, rows, page = (tmp_path / name for name in ("people.gan", "new.csv", "report.html"))
    options = ("--ignore", "id", "--save", model, *QUICK)
    assert run("resample", people, "-t", "kind", "-o", tmp_path / "out.csv", *options).exit_code == 0
    assert "--label" in refused("sample", model, "-n", 9, "-o", rows)
    assert run("sample", model, "-n", 9, "-o", rows, "--label", "rare", "-t", "kind").exit_code == 0
    new = files.read_table(rows)
    assert new["kind"].to_pylist() == ["rare"] * 9
    assert set(new.column_names) == set(files.read_table(people).column_names) - {"id"}
    assert "Kept: " in run("report", model).stdout
    assert run("report", model, "-o", page).exit_code == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert run("report", model, "-o", tmp_path / "facts.json").exit_code == 0
    assert json.loads((tmp_path / "facts.json").read_text())["choice"]
    assert "not" in refused("report", people)


def test_a_comparison_is_printed_and_drawn(people, tmp_path, monkeypatch):
    def compare(X, y, sampler, categorical, **settings):
        assert (list(X), settings["folds"], categorical) == (columns, 3, ["visits"])
        return found

    columns = [name for name in files.read_table(people).column_names if name not in ("id", "kind")]
    rows = [
        (fold, method, name, group, metric, 0.5)
        for fold in range(3)
        for method in comparison.METHODS
        for name, group in comparison.GROUP_OF.items()
        for metric in comparison.METRICS
    ]
    scores = pd.DataFrame(rows, columns=["fold", "method", "classifier", "group", "metric", "score"])
    found = comparison.Comparison(scores, {metric: metric for metric in comparison.METRICS}, 3)
    monkeypatch.setattr(comparison, "compare", compare)
    options = ("--ignore", "id", "--folds", 3, "--categorical", "visits", "-o", tmp_path / "new")
    args = ("compare", people, "-t", "kind", *options)
    shown = run(*args)
    assert shown.exit_code == 0, shown.output
    assert found.result in shown.stdout
    assert pd.read_csv(tmp_path / "new" / "scores.csv").equals(scores)
    assert (tmp_path / "new" / "scores.png").stat().st_size > 1000
    assert "--force" in refused(*args)


def test_the_process_ends_with_the_code(people):
    command = [sys.executable, "-m", "gan_oversampler", "resample", people, "-t", "kind", "-o", people]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith(f"Error: {str(people)!r} exists.")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("missing", ["typer", "pyarrow"])
def test_without_the_extra_the_command_says_how_to_get_it(missing, monkeypatch, capsys):
    from gan_oversampler.cli import main

    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit, match="2"):
        main()
    message = f"The command line needs {missing}. Install it with: pip install 'gan-oversampler[cli]'"
    assert message in capsys.readouterr().err
