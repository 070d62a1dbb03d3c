"""Parquet files that grow chunk by chunk."""

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from bitnet_hw.batch.column import ColumnTable
from bitnet_hw.batch.parquet_stream import NewFields, ParquetStream
from bitnet_hw.errors import BitnetHwError


def table(**fields):
    made = ColumnTable(2)
    made.fill(None, fields)
    return made


def write_all(stream, chunks):
    with stream:
        for chunk in chunks:
            stream.write(chunk)


def test_chunks_follow_each_other(tmp_path):
    path = tmp_path / "results.parquet"
    with ParquetStream(path) as stream:
        stream.write(table(error=None, bound="memory", cycles=np.array([1, 2]), fits=True))
        stream.write(table(error="no", bound=None, cycles=np.array([3, 4]), fits=False))
        assert not path.exists()
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert rows == [
        {"error": None, "bound": "memory", "cycles": 1, "fits": True},
        {"error": None, "bound": "memory", "cycles": 2, "fits": True},
        {"error": "no", "bound": None, "cycles": 3, "fits": False},
        {"error": "no", "bound": None, "cycles": 4, "fits": False},
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["results.parquet"]


def test_new_fields_start_again(tmp_path):
    path = tmp_path / "results.parquet"
    chunks = [table(a=1), table(a=1.5, b="x")]
    with pytest.raises(NewFields) as caught:
        write_all(ParquetStream(path), chunks)
    assert not list(tmp_path.iterdir())
    write_all(ParquetStream(path, caught.value.fields), chunks)
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert rows == [{"a": 1.0, "b": None}] * 2 + [{"a": 1.5, "b": "x"}] * 2


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "results.parquet"
    path.write_bytes(b"old")
    with pytest.raises(AttributeError):
        write_all(ParquetStream(path), [table(a=1), "no table"])
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_gone(tmp_path):
    stream = ParquetStream(tmp_path / "gone" / "results.parquet")
    with pytest.raises(BitnetHwError, match=r"^Folder .*gone must be writable: "):
        write_all(stream, [table(a=1)])


def test_a_stream_that_was_not_entered(tmp_path):
    with pytest.raises(ValueError, match=r"^A stream must be entered before it is written to$"):
        ParquetStream(tmp_path / "results.parquet").write(table(a=1))
