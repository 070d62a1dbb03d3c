"""Folders to work in are gone afterwards, whatever happens."""

import errno
import os
import subprocess
import sys

import pytest

from sim.scratch import SCRATCH_PREFIX, scratch_folder

KILLED = """\
import os, signal, sys
from pathlib import Path
from sim.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_is_gone_afterwards(tmp_path):
    with scratch_folder(tmp_path) as folder:
        (folder / "file").touch()
        assert folder.parent == tmp_path
    with pytest.raises(ZeroDivisionError), scratch_folder(tmp_path) as folder:
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_it_can_take_its_final_name(tmp_path):
    with scratch_folder(tmp_path) as folder:
        (folder / "file").touch()
        folder.rename(tmp_path / "final")
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
    assert (tmp_path / "final" / "file").exists()


def test_what_a_killed_process_left_is_gone_the_next_time(tmp_path):
    # Nobody else's: not even if the name is close.
    (tmp_path / "scratch-notes").mkdir()
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert len(list(tmp_path.glob(f"{SCRATCH_PREFIX}*"))) == 1
    with scratch_folder(tmp_path) as first, scratch_folder(tmp_path) as second:
        folders = set(tmp_path.iterdir())
        assert folders == {first, second, tmp_path / "scratch-notes"}
    assert [path.name for path in tmp_path.iterdir()] == ["scratch-notes"]


def test_a_full_disk_is_named(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, scratch_folder(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.filename == str(tmp_path)
