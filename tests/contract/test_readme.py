"""What the README says is so: its code runs, its commands, names and parameters exist."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import gan_oversampler
from gan_oversampler import GANOversampler
from gan_oversampler.encoding.labels import Target
from gan_oversampler.plan import plan_of
from gan_oversampler.reporting.evidence import MAX_REAL

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf8")
CODE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", README, flags=re.DOTALL))


def test_all_code_runs(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # it writes a page
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert (names["scores"]["test_score"] > 0.3).all()
    X, y, X_new, y_new = (names[name] for name in ("X", "y", "X_new", "y_new"))
    assert X_new.iloc[: len(X)].equals(X)
    assert y_new.iloc[: len(y)].equals(y)
    assert y_new.value_counts().tolist() == [(~y).sum()] * 2
    assert len(names["more"]) == 100
    assert (tmp_path / "report.html").read_text("utf8").startswith("<!doctype html>")
    printed = capsys.readouterr().out
    assert printed.startswith("Kept: ")
    assert all(f"over {baseline}: " in printed for baseline in ("none", "random", "smote"))


def test_commands_are_targets_of_make():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf8"), flags=re.MULTILINE)
    commands = re.findall(r"^make ([\w-]+)", README, flags=re.MULTILINE)
    assert "demo" in commands
    assert set(commands) <= set(targets)


def test_names_are_public():
    classes = {code for code in CODE if re.fullmatch(r"[A-Z]\w+", code)}
    assert "GANOversampler" in classes
    assert classes <= set(gan_oversampler.__all__)


@pytest.mark.parametrize("code", [code for code in CODE if re.fullmatch(r"\w+=\S+", code)])
def test_parameters_can_be_given_as_they_are_written(code):
    name, value = code.split("=", 1)
    sampler = GANOversampler(**{name: ast.literal_eval(value)})
    plan_of(sampler, Target.of(np.repeat([0, 1], [40, 20])), {1: 20}, choose_ratio=False)


def test_as_many_real_rows_as_it_says_are_kept_for_pictures():
    assert f"at most {MAX_REAL:,} real rows of each class" in " ".join(README.split())
