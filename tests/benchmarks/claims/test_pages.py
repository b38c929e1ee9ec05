"""README and RESULTS say what the result files say, and nothing else in figures."""

import re

import pytest

from benchmarks.claims.__main__ import BLOCKS, PAGES
from benchmarks.claims.evidence import Evidence
from benchmarks.claims.pages import BLOCK, by_hand, filled
from benchmarks.provenance import RESULTS

README, RESULTS_PAGE = PAGES


@pytest.fixture(scope="module")
def evidence():
    return Evidence(RESULTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_figures_are_those_of_the_committed_result_files(page, evidence):
    """If this fails, run ``python -m benchmarks.claims``."""
    text = page.read_text("utf8")
    assert BLOCK.search(text)
    assert filled(text, BLOCKS, evidence) == text


def test_every_block_is_on_a_page():
    found = [match["name"] for page in PAGES for match in BLOCK.finditer(page.read_text("utf8"))]
    assert sorted(found) == sorted(BLOCKS)


def test_what_is_written_by_hand_holds_no_figures():
    text = by_hand(RESULTS_PAGE.read_text("utf8")).replace("± standard error", "")
    assert not re.findall(r"\d\.\d|\.\d|±|%|\d{2,}", text)


def test_readme_has_no_scores_beside_its_block():
    assert not re.findall(r"(?<!\d)\.\d{2,}|±", by_hand(README.read_text("utf8")))


def test_a_sceptic_reads_it_in_three_minutes():
    """Tables and figures are looked at, not read."""
    lines = re.sub(r"<!--.*?-->|\]\([^)]*\)", "", RESULTS_PAGE.read_text("utf8")).splitlines()
    prose = " ".join(line for line in lines if not line.startswith("|"))
    assert len(re.findall(r"[^\W\d][\w'-]*", prose)) <= 750


def test_a_block_that_nobody_writes_is_said():
    with pytest.raises(KeyError, match="Nobody writes the block 'other'; there are known"):
        filled("<!--figures:other-->\n<!--end-->", {"known": str}, 0)


def test_an_unknown_number_is_not_written():
    with pytest.raises(ValueError, match="A number of the block 'a' is unknown: F1 nan"):
        filled("<!--figures:a-->\n<!--end-->", {"a": "F1 {:.3f}".format}, float("nan"))


def test_only_blocks_change():
    page = "1.5 before\n<!--figures:a-->\nold\n<!--end-->\n0.5 after"
    changed = filled(page, {"a": "{:.2f}".format}, -0.5)
    assert changed == "1.5 before\n<!--figures:a-->\n−.50\n<!--end-->\n0.5 after"
    assert filled(changed, {"a": "{:.2f}".format}, -0.5) == changed
