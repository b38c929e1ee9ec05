"""The study of large tables runs its cases in processes of their own, once each, beside their bars."""

import json
import types

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import large
from gan_oversampler import GANOversampler


def _known(name, folder, share):
    figures = dict.fromkeys(("seconds", "cpu_seconds", "load", "output_mb", "peak_mb", "ratio"), 1.5)
    return {
        "case": name,
        "share": share,
        "rows": 10,
        "columns": 2,
        "basis_mb": 1.0,
        **figures,
        "outcome": "kept",
    }


def test_cases_that_are_known_are_not_run_again(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr(large, "in_child", lambda *task: asked.append(task[0]) or _known(*task))
    args = ["--out", str(tmp_path / "large.csv"), "--cases"]
    large.main([*args, "numbers"])
    large.main([*args, "numbers", "sparse"])
    assert asked == ["numbers", "sparse"]
    assert pd.read_csv(tmp_path / "large.csv")["case"].tolist() == ["numbers", "sparse"]
    large.main([*args, "sparse", "--fresh"])
    assert pd.read_csv(tmp_path / "large.csv")["case"].tolist() == ["sparse"]
    asked.clear()
    large.main([*args, "numbers", "--share", "0.001"])
    large.main([*args, "numbers", "--share", "0.001"])
    large.main([*args, "numbers"])
    assert asked == ["numbers", "numbers"]  # a share of the rows does not count as all of them
    line = next(line for line in capsys.readouterr().out.splitlines() if "numbers" in line and "90" in line)
    assert line.split("|")[-4:-1] == [" 90 ", " 3 ", " kept "]


def test_a_child_gets_the_case_and_answers_in_json(monkeypatch, tmp_path):
    answer = types.SimpleNamespace(stdout=json.dumps({"case": "levels"}))
    seen = []
    monkeypatch.setattr(large.subprocess, "run", lambda words, **_: seen.extend(words) or answer)
    assert large.in_child("levels", tmp_path, 0.5) == {"case": "levels"}
    assert seen[2:] == [
        "benchmarks.studies.large",
        "--child",
        "levels",
        "--share",
        "0.5",
        "--data-dir",
        str(tmp_path),
    ]


@pytest.mark.parametrize("name", ["numbers", "mixed", "classes", "levels"])
def test_made_tables_are_as_large_as_asked_for(name):
    X, y = large.CASES[name].make(3_000, np.random.default_rng(0))
    assert len(X) == len(y) == 3_000
    assert len(np.unique(y)) == (100 if name == "classes" else 2)
    assert large.megabytes(X) > 0.2


def test_a_fit_is_measured_and_a_refusal_is_an_outcome(monkeypatch):
    monkeypatch.setattr(large, "warm_up", lambda: None)
    monkeypatch.setattr(large, "GANOversampler", lambda **_: GANOversampler(oracle=None, max_steps=0))
    found = large.measure("numbers", share=1e-3)
    assert (found["rows"], found["columns"]) == (1_000, 30)
    assert found["output_mb"] > 1.9 * found["basis_mb"]
    refused = large.measure("sparse")
    assert refused["outcome"].startswith("refused: ValueError: A sparse X is made dense")
    assert refused["output_mb"] == 0
