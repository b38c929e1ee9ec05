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


def write_all(sampler, folder):
    """Everything that a fitted sampler can write."""
    sampler.report_.to_html(folder / "page.html")
    write_whole(folder / "report.json", json.dumps(sampler.report_.to_dict()))
    sampler.save(folder / "sampler")


def _writes(began, source, page, folder):
    from gan_oversampler.reporting import report

    sampler, html = load(source), page.read_text("utf8")
    report.page = lambda facts: html  # which is drawn already, so that most kills come while it is written
    began.set()
    for _ in range(20):
        write_all(sampler, folder)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="processes start too slowly to be killed at any moment")
def test_files_of_a_sampler_are_whole_after_fifty_kills(tmp_path):
    source, folder, whole = tmp_path / "source", tmp_path / "killed", tmp_path / "whole"
    quick(gan=UNTRAINED, oracle="energy", baselines=()).fit(*numbers()).save(source)
    folder.mkdir(), whole.mkdir()
    write_all(load(source), whole)
    expected, n_leftovers = {name: (whole / name).read_bytes() for name in NAMES}, 0
    paths = source, whole / "page.html", folder
    for _ in kill_at_random(_writes, *paths, kills=50, seconds=0.3):
        for path in folder.iterdir():
            is_leftover = path.name.startswith(".")
            n_leftovers += is_leftover
            assert is_leftover or path.read_bytes() == expected[path.name]
        for name in NAMES:
            remove_leftovers(folder / name)
    write_all(load(source), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected
    assert n_leftovers > 5  # some came while a file was written
