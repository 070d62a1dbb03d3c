"""Rows on the disk: there, and exactly as they were, or not there."""

import errno
import multiprocessing
import os

import pytest

from bitnet_hw import atomic_files
from bitnet_hw.errors import BitnetHwError, ConfigError
from bitnet_hw.point_store import PointStore
from bitnet_hw.row import Row

KEY = "0" * 64
ROW = Row({"array.rows": 4, "error": None, "x": 0.1, "text": "µ\n", "passed": True, "key": KEY})


def test_a_row_comes_back_as_it_was(tmp_path):
    store = PointStore(tmp_path / "new" / "points")
    assert store.get(KEY) is None
    store.put(ROW)
    found = PointStore(tmp_path / "new" / "points").get(KEY)
    assert found == ROW
    assert list(found) == list(ROW)
    assert [type(value) for value in found.values()] == [type(value) for value in ROW.values()]
    assert store.get("1" * 64) is None
    assert store.damaged == 0


def test_the_later_row_counts(tmp_path):
    store = PointStore(tmp_path)
    store.put(ROW)
    store.put(Row({**ROW, "x": 2.0}))
    assert store.get(KEY)["x"] == 2.0
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.json"]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 66, 100, -3, -2])
def test_a_half_written_file_is_no_row(tmp_path, size):
    store = PointStore(tmp_path)
    store.put(ROW)
    path = tmp_path / f"{KEY}.json"
    path.write_bytes(path.read_bytes()[:size])
    assert store.get(KEY) is None
    assert store.damaged == 1
    store.put(ROW)
    assert store.get(KEY) == ROW


def test_changed_and_foreign_files_are_no_rows(tmp_path):
    store = PointStore(tmp_path)
    store.put(ROW)
    path = tmp_path / f"{KEY}.json"
    content = path.read_bytes()
    assert content.count(b"0.1") == 1
    for wrong in (content.replace(b"0.1", b"0.2"), b"\xff\x00", b"{}", content + b"more\n"):
        path.write_bytes(wrong)
        assert store.get(KEY) is None
    # A good file under the name of another point.
    (tmp_path / f"{'1' * 64}.json").write_bytes(content)
    assert store.get("1" * 64) is None
    assert store.damaged == 5


def test_what_a_dead_process_left_is_removed(tmp_path):
    (tmp_path / f".{KEY}.json.123.bitnet-hw-tmp").write_bytes(b"half")
    store = PointStore(tmp_path)
    assert not list(tmp_path.iterdir())
    assert store.get(KEY) is None
    store.put(ROW)
    assert store.get(KEY) == ROW


def test_full_disk(tmp_path, monkeypatch):
    store = PointStore(tmp_path)

    def fsync(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files.os, "fsync", fsync)
    with pytest.raises(BitnetHwError) as error:
        store.put(ROW)
    assert str(error.value) == f"Folder {tmp_path} must be writable: No space left on device"
    assert store.get(KEY) is None


def test_unreadable_file(tmp_path):
    store = PointStore(tmp_path)
    (tmp_path / f"{KEY}.json").mkdir()
    with pytest.raises(ConfigError) as error:
        store.get(KEY)
    assert str(error.value) == f"{tmp_path}/{KEY}.json must be readable: Is a directory"


def test_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BitnetHwError, match=r"^Folder .*/file/points must be writable: Not a dir"):
        PointStore(tmp_path / "file" / "points")


def write_many(folder, first):
    store = PointStore(folder)
    for number in range(100):
        key = f"{number:064}"
        store.put(Row({"error": None, "text": "x" * 1000 * first, "key": key}))


@pytest.mark.long
def test_two_processes_share_a_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=write_many, args=(tmp_path, first)) for first in (1, 2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    store = PointStore(tmp_path)
    lengths = {len(store.get(f"{number:064}")["text"]) for number in range(100)}
    assert lengths <= {1000, 2000}
    assert store.damaged == 0
    assert len(list(tmp_path.iterdir())) == 100
