"""Files are whole or not there: under any fault the old one stays, and nothing else is left."""

import errno
import os
import tempfile
import time
import uuid
from pathlib import Path

import pyarrow as pa
import pytest

from gan_oversampler import _writing
from gan_oversampler._writing import remove_leftovers, write_whole, written_whole
from tests.kills import kill_at_random

POSIX = pytest.mark.skipif(os.name != "posix", reason="limits and kills of POSIX")
LARGE = b"0123456789" * 200_000


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path):
    for content in ("ä\n", b"\r\n\0"):
        write_whole(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.txt").symlink_to("real.txt")
    with written_whole(tmp_path / "link.txt") as path:
        path.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_whatever_is_raised_leaves_the_old_file(tmp_path):
    write_whole(tmp_path / "file", "old")

    def write_half(error):
        with written_whole(tmp_path / "file") as path:
            path.write_text("half")
            raise error

    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            write_half(error)
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_no_ending_makes_a_temporary_file_a_result(tmp_path):
    with written_whole(tmp_path / "rows.parquet") as path:
        path.touch()
        assert not list(tmp_path.glob("*.parquet"))


@pytest.mark.parametrize("name", ["n" * 255, "ä" * 127, "n" * 222, "n" * 221])
def test_names_may_be_as_long_as_the_file_system_takes(tmp_path, name):
    other = tmp_path / ("m" * 255)
    with written_whole(other) as left:
        left.touch()
        os.utime(left, (time.time() - 7200,) * 2)
        write_whole(tmp_path / name, "new")
        assert left.exists()  # it belongs to another name
    assert sorted(os.listdir(tmp_path)) == sorted([name, other.name])


@pytest.mark.parametrize("target", ["folder", os.devnull])
def test_what_is_no_file_is_refused(tmp_path, target):
    path = tmp_path / target
    if target == "folder":
        path.mkdir()
    with pytest.raises(OSError, match=r"not a file\. Give the path of a file"):
        write_whole(path, "new")
    assert path.exists()
    assert not path.is_file()


def test_errors_of_other_files_stay_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, written_whole(tmp_path / "file"):
        (tmp_path / "other").read_text()
    assert caught.value.filename == str(tmp_path / "other")


def test_a_missing_folder_is_named(tmp_path):
    path = str(tmp_path / "missing" / "file")
    with pytest.raises(FileNotFoundError, match="Nothing was written") as caught:
        write_whole(path, "new")
    assert caught.value.filename == path


def test_messages_never_name_the_temporary_file(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, written_whole(tmp_path / "file") as path:
        pa.output_stream(str(path / "below"))  # Arrow's own message holds the path
    assert path.name not in str(caught.value)


# --- disk full, read-only


def fails(number):
    def fail(*args):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_full_disk_is_told_with_the_path(tmp_path, monkeypatch, call, number):
    write_whole(tmp_path / "file", "old")
    monkeypatch.setattr(_writing.os, call, fails(number))
    with pytest.raises(OSError, match="as it was") as caught:
        write_whole(tmp_path / "file", "new")
    assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "file"))
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


@POSIX
def test_a_file_that_may_not_grow_is_told_with_the_path(tmp_path):
    import resource

    write_whole(tmp_path / "file", "old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="as it was") as caught:
            write_whole(tmp_path / "file", LARGE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(tmp_path / "file"))
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


@POSIX
def test_a_folder_that_is_read_only_is_told_with_the_path():
    user, nobody = os.geteuid(), 65534
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_whole(folder / "file", "old")
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(nobody)  # nothing is read-only for root
        try:
            with pytest.raises(PermissionError, match="as it was") as caught:
                write_whole(folder / "file", "new")
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
        assert caught.value.filename == str(folder / "file")
        assert os.listdir(folder) == ["file"]
        assert (folder / "file").read_text() == "old"


# --- kills


def test_leftovers_go_once_they_are_old(tmp_path):
    fresh, old = (tmp_path / f".file.{uuid.uuid4().hex}" for _ in range(2))
    other = tmp_path / ".file.notes"
    for path in (fresh, old, other):
        path.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    write_whole(tmp_path / "file", "new")
    assert set(tmp_path.iterdir()) == {tmp_path / "file", fresh, other}
    remove_leftovers(tmp_path / "file")
    assert set(tmp_path.iterdir()) == {tmp_path / "file", other}


def _writes(began, path):
    contents = [bytes([letter]) * 300_000 for letter in b"abc"]
    began.set()
    while True:
        for content in contents:
            write_whole(path, content)


def _kill_writers(path, kills):
    """Kill processes while they write a file again and again; it must be whole after each of them."""
    n_leftovers = 0
    write_whole(path, b"a" * 300_000)
    for was_killed in kill_at_random(_writes, path, kills=kills, seconds=0.05):
        assert was_killed
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1
        n_leftovers += len(list(path.parent.iterdir())) > 1
        remove_leftovers(path)
        assert os.listdir(path.parent) == [path.name]
    return n_leftovers


@POSIX
def test_a_file_is_whole_after_any_kill(tmp_path):
    assert _kill_writers(tmp_path / "file", 8)


@pytest.mark.slow
@POSIX
def test_a_file_is_whole_after_fifty_kills(tmp_path):
    assert _kill_writers(tmp_path / "file", 60) > 5  # some came while it was written


@POSIX
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    write_whole(tmp_path / "file", "old")
    for mode in (0o600, 0o640):
        (tmp_path / "file").chmod(mode)
        write_whole(tmp_path / "file", "new")
        assert (tmp_path / "file").stat().st_mode & 0o777 == mode
