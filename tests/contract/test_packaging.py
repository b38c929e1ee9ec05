"""What ``pip install`` brings: the package and nothing else, with metadata that a package index shows."""

import re
import subprocess
import sys
import tarfile
import tomllib
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
pytestmark = pytest.mark.slow  # the build makes an environment of its own


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Folder with an sdist, and a wheel that was made of it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    """Contents of the wheel by name."""
    with ZipFile(next(dist.glob("*.whl"))) as file:
        return {name: file.read(name) for name in file.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel):
    return message_from_bytes(next(text for name, text in wheel.items() if name.endswith("/METADATA")))


def _package_files():
    files = (ROOT / "gan_oversampler").rglob("*")
    return {
        str(path.relative_to(ROOT)) for path in files if path.is_file() and path.parent.name != "__pycache__"
    }


def test_a_wheel_holds_the_package_its_types_and_its_licence_and_nothing_else(wheel):
    package = {name for name in wheel if not re.match(r"gan_oversampler-[\w.]+\.dist-info/", name)}
    assert package == _package_files()
    assert "gan_oversampler/py.typed" in package
    licence = next(text for name, text in wheel.items() if name.endswith("/licenses/LICENSE"))
    assert licence == (ROOT / "LICENSE").read_bytes()


def test_an_sdist_holds_the_package_with_its_tests(dist):
    with tarfile.open(next(dist.glob("*.tar.gz"))) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert _package_files() < names
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "tests/conftest.py"} < names
    assert not [name for name in names if name.startswith(("benchmarks/", "notebooks/", "tests/benchmarks"))]


def test_metadata_are_those_of_the_project(metadata):
    for key, value in (("Name", "name"), ("Version", "version"), ("License-Expression", "license")):
        assert metadata[key] == PROJECT[value]
    needs = {text for text in metadata.get_all("Requires-Dist") if "extra ==" not in text}
    assert needs == set(PROJECT["dependencies"])
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert metadata.get_all("Classifier") == PROJECT["classifiers"]


def test_the_readme_can_be_read_anywhere(metadata):
    text = metadata.get_payload()
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert text.startswith("# ")
    assert not re.findall(r"\]\((?!https?:|#)[^)]*\)", text)  # links to files of the repository
