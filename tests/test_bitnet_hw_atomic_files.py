"""Files appear whole or not at all."""

import errno
import os

import pytest

from bitnet_hw import atomic_files
from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.errors import BitnetHwError


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_write_files(tmp_path):
    (tmp_path / "b").write_bytes(b"old")
    assert write_files(tmp_path, {"a": b"1", "b": b"2"}) == [tmp_path / "a", tmp_path / "b"]
    assert contents(tmp_path) == {"a": b"1", "b": b"2"}
    # As every file that a program makes, not private as temporary files are.
    (tmp_path / "c").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "c").stat().st_mode


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_full_disk_leaves_everything_as_it_was(tmp_path, monkeypatch, failing):
    (tmp_path / "b").write_bytes(b"old")
    calls = iter(range(3))

    def fsync(descriptor):
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files.os, "fsync", fsync)
    with pytest.raises(
        BitnetHwError, match=rf"^Folder {tmp_path} must be writable: No space left on device$"
    ):
        write_files(tmp_path, {"a": b"1", "b": b"2", "c": b"3"})
    assert contents(tmp_path) == {"b": b"old"}


def test_interruption_leaves_everything_as_it_was(tmp_path, monkeypatch):
    def fsync(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_files.os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        write_files(tmp_path, {"a": b"1"})
    assert contents(tmp_path) == {}


def test_missing_folder(tmp_path):
    folder = tmp_path / "none"
    with pytest.raises(
        BitnetHwError, match=rf"^Folder {folder} must be writable: No such file or directory$"
    ):
        write_files(folder, {"a": b"1"})


def test_prepare_folder(tmp_path):
    folder = tmp_path / "a" / "b"
    prepare_folder(folder)
    prepare_folder(folder)
    assert contents(folder) == {}


def test_prepare_folder_that_is_a_file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(BitnetHwError, match=rf"^Folder {path} must be writable: File exists$"):
        prepare_folder(path)
