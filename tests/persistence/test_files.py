"""Files of saved samplers: whole or not there, and any damage is a clear error."""

import json
import os
import stat
import struct

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import gan_oversampler
from gan_oversampler import load
from gan_oversampler.persistence import SavedFileError, contents
from gan_oversampler.persistence.files import FORMAT_VERSION, read, write
from gan_oversampler.persistence.packing import Packed
from tests.samplers import UNTRAINED, quick
from tests.tables import numbers

PACKED = Packed('{"a":1}', (np.arange(6.0).reshape(2, 3), np.array([True])))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "sampler"
    X, y = numbers()
    quick(gan=UNTRAINED, oracle=None).fit(X, y).save(path)
    return path


def test_what_is_written_is_read(tmp_path):
    write(tmp_path / "file", PACKED, {"b": 2})
    document, arrays = read(tmp_path / "file", lambda *found: found)
    assert document == PACKED.document
    for found, array in zip(arrays, PACKED.arrays, strict=True):
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)
    assert contents(tmp_path / "file") == {"format_version": FORMAT_VERSION, "b": 2}


def test_files_are_safetensors_that_other_tools_read(saved):
    with safe_open(saved, framework="numpy") as file:
        assert json.loads(file.metadata()["gan_oversampler"])["version"] == FORMAT_VERSION
        json.loads(file.get_tensor("document").tobytes())


def test_nothing_else_is_left_in_the_folder(tmp_path, monkeypatch):
    write(tmp_path / "file", PACKED, {"b": 2})
    monkeypatch.setattr("os.fsync", _fail)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path / "file", PACKED, {"b": 3})
    assert os.listdir(tmp_path) == ["file"]
    assert contents(tmp_path / "file")["b"] == 2  # the older one is still whole


def _fail(*args):
    raise OSError("disk full")


def test_files_have_the_permissions_of_new_files(tmp_path):
    (tmp_path / "usual").touch()
    write(tmp_path / "file", PACKED, {})
    modes = [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("usual", "file")]
    assert modes[0] == modes[1]


def test_a_link_leads_to_the_new_file(tmp_path):
    os.symlink(tmp_path / "target", tmp_path / "link")
    write(tmp_path / "link", PACKED, {})
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "target")["format_version"] == FORMAT_VERSION


def test_where_there_is_no_file_the_system_says_why(tmp_path, saved):
    for path, error in ((tmp_path / "none", FileNotFoundError), (tmp_path, OSError)):
        for function in (load, contents):
            with pytest.raises(error):
                function(path)
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "no folder" / "file", PACKED, {})


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.999])
def test_files_that_were_cut_off_are_errors(saved, tmp_path, share):
    data = saved.read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(share * len(data))])
    for function in (load, contents):
        with pytest.raises(SavedFileError, match=r"cut' is no file of .*, or it was cut off"):
            function(tmp_path / "cut")


def test_any_changed_byte_is_an_error(saved, tmp_path):
    data = saved.read_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    for place in np.random.default_rng(0).integers(start, len(data), 12):
        changed = bytearray(data)
        changed[place] ^= 1
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(SavedFileError, match="was changed after it was saved"):
            load(tmp_path / "changed")
    for place in range(0, start, 29):  # the header
        changed = bytearray(data)
        changed[place] ^= 1
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(SavedFileError):
            load(tmp_path / "changed")


@pytest.mark.parametrize("foreign", [b"", b"not a sampler", b"\x80\x04K\x01.", b"PK\x03\x04" + bytes(99)])
def test_other_files_are_errors(tmp_path, foreign):
    (tmp_path / "other").write_bytes(foreign)
    with pytest.raises(SavedFileError, match="is no file of "):
        load(tmp_path / "other")


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_other_safetensors_are_errors(tmp_path, metadata):
    save_file({"weight": np.ones(3)}, tmp_path / "other", metadata)
    with pytest.raises(SavedFileError, match="was not written by "):
        load(tmp_path / "other")


def test_newer_formats_are_errors_that_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("gan_oversampler.persistence.files.FORMAT_VERSION", FORMAT_VERSION + 1)
    write(tmp_path / "newer", PACKED, {})
    monkeypatch.undo()
    with pytest.raises(SavedFileError, match="Install a newer one: pip install -U gan-oversampler"):
        load(tmp_path / "newer")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{}",
        "[" * 100_000,
        '{"nodes":[],"root":1}',
        '{"nodes":[],"root":{"dict":[]}}',
        '{"nodes":[],"root":{"dict":[["_fitted",{"dict":[["run",1]]}]]}}',
        '{"nodes":[],"root":{"posix.system":"touch x"}}',
        '{"nodes":[{"node":0}],"root":1}',
    ],
    ids=lambda text: text[:60],
)
def test_forged_documents_are_errors(tmp_path, document):
    write(tmp_path / "forged", Packed(document, PACKED.arrays), {})  # with a digest that fits
    with pytest.raises(SavedFileError, match="cannot be read"):
        load(tmp_path / "forged")


def test_a_length_in_the_header_is_checked_before_memory_is_taken(tmp_path):
    header = json.dumps({"document": {"dtype": "U8", "shape": [2**50], "data_offsets": [0, 2**50]}}).encode()
    for length in (len(header), 2**60):
        (tmp_path / "huge").write_bytes(struct.pack("<Q", length) + header)
        with pytest.raises(SavedFileError):
            load(tmp_path / "huge")


def test_names_of_the_package():
    assert gan_oversampler.persistence.SavedFileError is SavedFileError
    assert issubclass(SavedFileError, ValueError)
