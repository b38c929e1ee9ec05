"""Target: whole commands, with options out of range, on tables of hostile content."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import unicodedata
import warnings
from functools import cache
from pathlib import Path
from random import Random
from unittest.mock import patch

from gan_oversampler.cli.commands import app
from tests.fuzz import saved_files, table_files
from tests.fuzz.mutations import NUMBERS, TEXTS, bytes_mutated

ORDERS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # what reverses texts

_import_module = importlib.import_module
OPTIONS = (
    *("--target", "--output", "--report", "--save", "--ratio", "--oracle", "--fidelity", "--gan", "--mark"),
    *("--categorical", "--ignore", "--seed", "--max-time", "--label", "-n", "--folds", "--jobs"),
)
FLAGS = ("--synthetic-only", "--fallback", "--force", "--help", "--version", "--nonsense", "--", "-o")
VALUES = (
    *(
        "c0",
        "c1",
        "kind",
        "table.csv",
        "out.csv",
        "old.csv",
        "out.html",
        "out.parquet",
        "none/out.csv",
        ".",
        "gan",
    ),
    *("auto", "oracle", "0.5", "x=0.5", "=", "1e-300", "energy", "wgan_gp", "f1", "nan", "inf", "-0"),
)
EMPTY = "the content of a file that is there"


@cache
def seeds() -> tuple[bytes, ...]:
    """Commands in a line of JSON, with the table or sampler that they read below."""
    table = b"c0,c1,kind\n" + b"".join(
        b"%d,%d,%s\n" % (i, i * i % 7, b"ab"[i % 4 == 0 :][:1]) for i in range(40)
    )
    quick = ["--max-time", "0", "--oracle", "energy"]
    commands = [
        ["resample", "table.csv", "-t", "kind", "-o", "out.csv", *quick],
        ["resample", "table.csv", "-t", "kind", "-o", "out.parquet", "--report", "out.html", *quick],
        ["resample", "table.csv", "-t", "kind", "-o", "out.csv", "--save", "gan", "--mark", "new", *quick],
        ["resample", "table.csv", "-t", "kind", "-o", "old.csv", "--force", "--ignore", "c0", *quick],
        ["compare", "table.csv", "-t", "none"],
    ]
    model = saved_files.seeds()[5]
    loads = [["sample", "table.csv", "-n", "3", "-o", "out.csv"], ["report", "table.csv", "-o", "out.json"]]
    return tuple(json.dumps(words).encode() + b"\n" + table for words in commands) + tuple(
        json.dumps(words).encode() + b"\n" + model for words in loads
    )


def mutated(data: bytes, random: Random) -> bytes:
    """Change a word of the command, or the file that it reads."""
    line, _, content = data.partition(b"\n")
    words = json.loads(line)
    way = random.random()
    if way < 0.3:
        content = table_files.mutated(b".csv\n" + content, random).partition(b"\n")[2]
    elif way < 0.4:
        content = bytes_mutated(content, random)
    elif way < 0.6 and len(words) > 1:
        words[random.randrange(1, len(words))] = _word(random)
    elif way < 0.85:
        words += [random.choice(OPTIONS), _word(random)]
    elif way < 0.95:
        words.append(random.choice(FLAGS))
    elif words:
        del words[random.randrange(len(words))]
    return json.dumps(words[:40]).encode() + b"\n" + content


def _word(random: Random) -> str:
    text = random.choice(
        (random.choice(VALUES), random.choice(VALUES), random.choice(TEXTS), str(random.choice(NUMBERS)))
    )
    return text.replace("\0", "").encode("utf-8", "replace").decode()  # no system hands these to a process


def run(data: bytes, folder: Path) -> str:
    """Run a command in a folder; its exit code, what it prints and what it writes are lawful."""
    line, _, content = data.partition(b"\n")
    words = json.loads(line)
    (folder / "table.csv").write_bytes(content)
    (folder / "old.csv").write_text(EMPTY)
    before, out, err = os.getcwd(), io.StringIO(), io.StringIO()
    os.chdir(folder)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(),
            patch("importlib.import_module", without_pictures),
        ):
            app(words)
    except SystemExit as end:
        code = end.code or 0
    finally:
        os.chdir(before)
    assert code in (0, 2), f"exit code {code}: {err.getvalue()[:3000]}"
    if code == 2:
        assert err.getvalue().startswith(("Error: ", "Warning: ")), err.getvalue()[:500]
    for text in (out.getvalue(), err.getvalue()):
        assert "Traceback" not in text
        strange = {c for c in text if is_strange(c)}
        assert not strange, f"printed {strange!r}"
        assert max(map(len, text.split("\n"))) < 4_000, "a line that nobody can read"
    if "--force" not in words:
        assert (folder / "old.csv").read_text() == EMPTY
        assert (folder / "table.csv").read_bytes() == content
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    return f"exit code {code}"


def without_pictures(name: str, package: str | None = None):
    """As if matplotlib, which takes seconds for a page, were not there."""
    if name.startswith("matplotlib"):
        raise ImportError(name)
    return _import_module(name, package)


def is_strange(character: str) -> bool:
    """Tell whether a character of a text controls a terminal or the order of others."""
    if character in "\n\t\r":
        return False
    is_order = unicodedata.bidirectional(character) in ORDERS
    return is_order or character == "\ufeff" or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
