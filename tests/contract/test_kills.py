"""Whatever is killed while it writes leaves whole files, and begun again it ends with the same ones."""

import json
import os

import pytest

from gan_oversampler import load
from gan_oversampler._writing import remove_leftovers, write_whole
from tests.kills import kill_at_random
from tests.samplers import UNTRAINED, quick
from tests.tables import numbers

NAMES = ("page.html", "report.json", "sampler")
pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="processes start too slowly to be killed at any moment"
)


def write_all(sampler, folder):
    """Everything that a fitted sampler can write."""
    sampler.report_.to_html(folder / "page.html")
    write_whole(folder / "report.json", json.dumps(sampler.report_.to_dict()))
    sampler.save(folder / "sampler")


def _writes(began, source, folder):
    from gan_oversampler.reporting import report

    sampler = load(source)
    page = sampler.report_.to_html()
    report.page = lambda facts: page  # drawn once, so that most kills come while it is written
    began.set()
    for _ in range(20):
        write_all(sampler, folder)


def check_kills(tmp_path, kills, seconds):
    source, folder, whole = tmp_path / "source", tmp_path / "killed", tmp_path / "whole"
    quick(gan=UNTRAINED, oracle="energy", baselines=()).fit(*numbers()).save(source)
    folder.mkdir(), whole.mkdir()
    write_all(load(source), whole)
    expected, n_killed, n_leftovers = {name: (whole / name).read_bytes() for name in NAMES}, 0, 0
    for was_killed in kill_at_random(_writes, source, folder, kills=kills, seconds=seconds):
        n_killed += was_killed
        for path in folder.iterdir():
            is_leftover = path.name.startswith(".")
            n_leftovers += is_leftover
            assert is_leftover or path.read_bytes() == expected[path.name]
        for name in NAMES:
            remove_leftovers(folder / name)
    write_all(load(source), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected
    return n_killed, n_leftovers


def test_files_of_a_sampler_are_whole_after_a_kill(tmp_path):
    n_killed, _ = check_kills(tmp_path, kills=2, seconds=0.2)
    assert n_killed


@pytest.mark.slow
def test_files_of_a_sampler_are_whole_after_fifty_kills(tmp_path):
    n_killed, n_leftovers = check_kills(tmp_path, kills=60, seconds=0.3)
    assert n_killed >= 50
    assert n_leftovers > 5  # some came while a file was written
