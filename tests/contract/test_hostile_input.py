"""Bytes, names and values from strangers end in an error of this package, or in a lawful result.

All targets run a few cases here, the same ones every time; ``python -m tests.fuzz`` runs any number.
"""

import subprocess
import sys
import xml.etree.ElementTree as ET
from base64 import b64decode
from random import Random
from re import findall

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gan_oversampler import GAN, Generator
from gan_oversampler.persistence.files import write
from gan_oversampler.persistence.forms import FORMS
from gan_oversampler.persistence.packing import Packed, Unpacker
from tests.fuzz.engine import fuzz
from tests.fuzz.mutations import TEXTS
from tests.fuzz.pages import Structure, unseen
from tests.fuzz.targets import TARGETS
from tests.samplers import quick
from tests.tables import numbers


def _fuzzed(name, n_cases, tmp_path):
    tally = fuzz(TARGETS[name], list(TARGETS[name].seeds()), n_cases, Random(n_cases), tmp_path / "work")
    assert not tally.findings, next(iter(tally.findings.values()))
    assert sum(tally.outcomes.values()) == n_cases


@pytest.mark.parametrize("name", TARGETS)
def test_some_cases_of_every_target(name, tmp_path):
    _fuzzed(name, 12, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_many_cases_of_every_target(name, tmp_path):
    _fuzzed(name, 1500, tmp_path)


@pytest.mark.parametrize("name", ["load", "from_json", "search journal"])
def test_seeds_of_targets_are_lawful(name, tmp_path):
    outcomes = set()
    for data in TARGETS[name].seeds():
        (tmp_path / "case").mkdir(exist_ok=True)
        outcomes.add(TARGETS[name].run(data, tmp_path / "case"))
        for path in (tmp_path / "case").iterdir():
            path.unlink()
    assert outcomes <= {"loaded", "read"}


def test_a_target_that_does_not_run_is_no_success(tmp_path):
    words = "-m", "tests.fuzz", "--target", "none", "--cases", "9", "--out", tmp_path
    assert subprocess.run([sys.executable, *words], capture_output=True).returncode == 1


def _doubling(n):
    """Nodes, each of which holds the one before twice: 2 ** n values if each were written out."""
    nodes = ['{"Between":{"column":"x","low":null,"high":null}}']
    nodes += [f'{{"Between":{{"column":{{"node":{i}}},"low":{{"node":{i}}},"high":null}}}}' for i in range(n)]
    return nodes


def test_nodes_that_double_are_refused_before_anything_hashes_or_prints_them():
    nodes = ",".join(_doubling(60))
    with pytest.raises(ValueError, match="refer to each other too often"):
        Unpacker(FORMS, ()).unpacked(f'{{"nodes":[{nodes}],"root":{{"node":60}}}}')
    few = ",".join(_doubling(9))
    between = Unpacker(FORMS, ()).unpacked(f'{{"nodes":[{few}],"root":{{"node":9}}}}')
    assert between.low is between.column


def test_only_what_is_written_as_a_node_is_one():
    with pytest.raises(ValueError, match="'tuple' is no form of nodes"):
        Unpacker(FORMS, ()).unpacked('{"nodes":[{"tuple":[1]}],"root":{"node":0}}')


def _bombs(tmp_path):
    """Small files that declare, or would unpack to, gigabytes."""
    big = pa.table({"a": np.zeros(2**28, np.int8)})
    with pa.ipc.new_stream(
        stream := pa.BufferOutputStream(), big.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as writer:
        writer.write_table(big)
    data = np.frombuffer(stream.getvalue(), np.uint8)
    yield Packed('{"nodes":[{"arrow table":0}],"root":{"node":0}}', (data,))
    rows = ",".join('{"array":0}' for _ in range(100_000))
    yield Packed(f'{{"nodes":[],"root":[{rows}]}}', (np.zeros(2**16),))
    yield Packed('{"nodes":[],"root":{"range":[0,1000000000000,1,null]}}', ())
    yield Packed('{"nodes":[],"root":{"dtype":"S2147483647"}}', ())
    wide = '{"csr_matrix":[[{"array":0},{"array":1},{"array":1}],[1,2000000000]]}'
    dia = wide.replace("csr", "dia")
    yield Packed(f'{{"nodes":[{dia}],"root":{{"node":0}}}}', (np.zeros(0), np.zeros(2, np.int32)))


LIMITED = """
import resource, sys
import gan_oversampler.persistence.forms as forms
from gan_oversampler.persistence.files import read
from gan_oversampler.persistence.packing import Unpacker
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        read(path, lambda document, arrays: Unpacker(forms.FORMS, arrays).unpacked(document))
    except ValueError as error:
        print(error, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_small_file_takes_little_memory_whatever_it_declares(tmp_path):
    paths = []
    for number, packed in enumerate(_bombs(tmp_path)):
        paths.append(str(tmp_path / f"bomb{number}"))
        write(paths[-1], packed, {})
    done = subprocess.run([sys.executable, "-c", LIMITED, *paths], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 700 << 10, done.stderr  # KiB


HARMLESS = ["a", "b", "c", "d"]
NAMES = ["<script>alert(1)</script>", "\u202edrib & $x$", "x" * 10_000, "=cmd()\0"]


@pytest.mark.slow
def test_a_page_with_pictures_shows_hostile_names_as_text():
    """Tags, attributes and pictures of the page are those of harmless names; no picture is broken XML."""
    X, y = numbers()
    pages = []
    for names, classes in ((HARMLESS, ["u", "v"]), (NAMES, ['"><img src=x onerror=alert(1)>', "\x1b[31m"])):
        sampler = quick(max_steps=2).fit(pd.DataFrame(X, columns=names), np.array(classes)[y])
        pages.append(sampler.report_.to_html())
        assert not unseen(str(sampler.report_))
    assert Structure(pages[0]).tags == Structure(pages[1]).tags
    assert not unseen(pages[1])
    harmless, hostile = map(_elements, pages)
    assert hostile == harmless
    assert "{http://www.w3.org/2000/svg}path" in hostile


def _elements(page):
    """Names of all elements in the pictures of a page."""
    pictures = findall(r"data:image/svg\+xml;base64,([^\"]+)", page)
    return {element.tag for picture in pictures for element in ET.fromstring(b64decode(picture)).iter()}


def test_hostile_cells_come_back_as_they_were(tmp_path):
    """A table is data: what looks like a formula or a tag is written as it was read."""
    from gan_oversampler.cli.files import read_table, table_writer

    texts = [text for text in TEXTS if text not in ("", "\ud800")]
    table = pa.table({"a": texts, "b": texts[::-1]})
    with table_writer(tmp_path / "t.csv", table.schema) as writer:
        writer.write_table(table)
    assert read_table(tmp_path / "t.csv").equals(table)


@pytest.mark.parametrize("widths", [(10**6, 10**6), (2**62,)])
def test_networks_that_no_machine_holds_are_refused_before_they_are_made(widths):
    X, y = numbers()
    sampler = quick(gan=GAN("classic", generator=Generator(widths=widths)), oracle=None)
    with pytest.raises(ValueError, match=r"weights, in . copies, takes more than 4 GB\. Give smaller"):
        sampler.fit_resample(X, y)
