"""Documents are short, their links lead somewhere, and the files and registries that they name exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gan_oversampler"
DOCUMENTS = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING")]
DOCUMENTS += [path for folder in ("benchmarks", "notebooks") for path in sorted((ROOT / folder).glob("*.md"))]
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf8")
TABLE_LINES = [line for line in ARCHITECTURE.splitlines() if line.startswith("|")]


@pytest.mark.parametrize(("name", "most"), [("README", 900), ("ARCHITECTURE", 1800)])
def test_what_newcomers_read_is_short(name, most):
    assert len((ROOT / f"{name}.md").read_text("utf8").split()) <= most


def _prose(document):
    return re.sub(r"```.*?```", "", document.read_text("utf8"), flags=re.DOTALL)


def _anchors(document):
    headings = re.findall(r"^#+ (.*)$", _prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(document):
    for target in re.findall(r"\]\(([^)\s]+)", _prose(document)):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        found = document.parent / name if name else document
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


def _named(line):
    """Files and folders in a line; a file without its folder is that file of any room."""
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", line):
        found = [path for path in (PACKAGE / name, ROOT / name) if path.exists()]
        if not found and "/" not in name:
            found = list(PACKAGE.rglob(name))
        yield name, found


@pytest.mark.parametrize("line", [line for line in ARCHITECTURE.splitlines() if list(_named(line))])
def test_files_that_the_architecture_names_exist(line):
    assert not [name for name, found in _named(line) if not found]


@pytest.mark.parametrize("line", [line for line in TABLE_LINES if "an entry of `" in line])
def test_registries_are_defined_where_the_architecture_says(line):
    files = [path for _, found in _named(line) for path in found]
    files = [file for path in files for file in ([path] if path.is_file() else path.glob("*.py"))]
    sources = [file.read_text("utf8") for file in files]
    for registry in re.findall(r"`([A-Z_]+)`", line):
        assert any(re.search(rf"^{registry}\b.*=", text, flags=re.MULTILINE) for text in sources), registry


def test_all_rooms_are_in_the_picture_of_the_architecture():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(re.findall(r'"(\w+)/<br>', ARCHITECTURE)) == rooms
