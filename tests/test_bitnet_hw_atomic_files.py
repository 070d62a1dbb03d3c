"""Files appear whole or not at all."""

import errno
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from bitnet_hw import atomic_files
from bitnet_hw.atomic_files import prepare_folder, temporary_file, write_files
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


STEPS = 10
"""Calls of the operating system that two files take: made, claimed, written, synced, renamed."""


def write_and_die(folder, step):
    """Replace two files, and get killed right before a step."""
    steps = iter(range(step))

    def counted(call):
        def counting(*arguments, **options):
            if next(steps, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return counting

    Path.touch, Path.open, Path.replace = map(counted, (Path.touch, Path.open, Path.replace))
    atomic_files.claim, os.fsync = counted(atomic_files.claim), counted(os.fsync)
    write_files(folder, {"a": b"new a", "b": b"new b"})


@pytest.mark.parametrize("step", range(STEPS + 1))
def test_killed_at_any_step_every_file_is_old_or_new(tmp_path, step):
    write_files(tmp_path, {"a": b"old a", "b": b"old b"})
    process = multiprocessing.get_context("fork").Process(
        target=write_and_die, args=(tmp_path, step)
    )
    process.start()
    process.join()
    assert process.exitcode == (0 if step == STEPS else -signal.SIGKILL)
    named = {name: text for name, text in contents(tmp_path).items() if not name.startswith(".")}
    renamed = max(0, step - (STEPS - 2))
    assert [text.split()[0] for text in named.values()].count(b"new") == renamed
    assert all(
        text in (b"old " + name.encode(), b"new " + name.encode()) for name, text in named.items()
    )
    # The next command takes away what is left, and nothing else.
    prepare_folder(tmp_path)
    assert contents(tmp_path) == named
    write_files(tmp_path, {"a": b"new a", "b": b"new b"})
    assert contents(tmp_path) == {"a": b"new a", "b": b"new b"}


def test_the_temporary_file_of_a_living_process_stays(tmp_path):
    with temporary_file(tmp_path / "a") as file:
        file.write_bytes(b"half")
        prepare_folder(tmp_path)
        assert file.read_bytes() == b"half"
        file.replace(tmp_path / "a")
    assert contents(tmp_path) == {"a": b"half"}


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
