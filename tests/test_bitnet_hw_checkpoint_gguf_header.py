"""GGUF headers: as the gguf package reads them, and hostile ones, refused at once."""

import re
import struct
import time
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import gguf
import pytest

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.gguf_header import ArrayLength, read_gguf_header
from bitnet_hw.checkpoint.reader import open_checkpoint

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_checkpoints.py"))))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "m.gguf"
    expected = tiny.expected(tiny.masters(tiny.WIDE))
    return tiny.write_gguf(path, tiny.WIDE, expected, "TQ2_0").read_bytes()


def test_reads_what_the_package_reads(tmp_path, whole):
    path = tmp_path / "m.gguf"
    path.write_bytes(whole)
    header, reader = read_gguf_header(path), gguf.GGUFReader(path)
    assert header.values["general.architecture"] == "bitnet"
    assert header.values["bitnet.embedding_length"] == 256
    assert header.values["tokenizer.ggml.tokens"] == ArrayLength(12)
    places = {
        tensor.name: (tensor.tensor_type.name, int(tensor.data_offset), int(tensor.n_bytes))
        for tensor in reader.tensors
    }
    assert {
        name: (tensor.dtype, tensor.offset, tensor.nbytes)
        for name, tensor in header.tensors.items()
    } == places
    assert header.tensors["blk.0.attn_k.weight"].shape == (128, 256)


def refuse(path, data, requirement):
    path.write_bytes(data)
    start = time.perf_counter()
    with pytest.raises(CheckpointError, match="^" + re.escape(str(path)) + f" {requirement}$"):
        open_checkpoint(path)
    assert time.perf_counter() - start < 1


COMPLETE = "must be a complete GGUF file: "


@pytest.mark.parametrize("keep", [0, 3])
def test_no_gguf(tmp_path, whole, keep):
    refuse(tmp_path / "m.gguf", whole[:keep], "must start with the letters GGUF")


@pytest.mark.parametrize("keep", [4, 7, 8, 15, 20, 24, 30, 36, 60, 100, 200, 400, 700, 2000, -1])
def test_truncated(tmp_path, whole, keep):
    refuse(tmp_path / "m.gguf", whole[:keep], COMPLETE + ".* needs .*")


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_byte_never_hangs_or_crashes(tmp_path, whole, seed):
    """One byte of the header is inverted: refused with a sentence, or read as something else."""
    path = tmp_path / "m.gguf"
    data = bytearray(whole)
    data[seed * 31 % 1400] ^= 0xFF
    path.write_bytes(data)
    start = time.perf_counter()
    message = str(path)
    try:
        [tensor.matrix() for tensor in open_checkpoint(path).tensors]
    except CheckpointError as error:
        message = str(error)
    assert str(path) in message
    assert "\n" not in message
    assert time.perf_counter() - start < 2


def header(*, version=3, tensors=0, keys=0, body=b""):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + body


def text(value):
    return struct.pack("<Q", len(value)) + value


ENTRY = text(b"w") + struct.pack("<I", 2) + struct.pack("<QQ", 256, 4)


@pytest.mark.parametrize(
    ("data", "requirement"),
    [
        (
            header(version=1),
            COMPLETE + "the version must be 2 or 3, little-endian, not 1",
        ),
        (
            header(version=3 << 24),
            COMPLETE + "the version must be 2 or 3, little-endian, not 50331648",
        ),
        (
            header(tensors=1 << 63),
            COMPLETE + "the number of tensors must be at most 262144, not 9223372036854775808",
        ),
        (
            header(keys=1 << 63),
            COMPLETE + "the number of keys must be at most 65536, not 9223372036854775808",
        ),
        (header(keys=1000), COMPLETE + "the number of bytes of a key needs 8 bytes at .*"),
        (header(keys=1, body=text(b"\xff")), COMPLETE + "a key must be UTF-8 text"),
        (
            header(keys=1, body=struct.pack("<Q", 1 << 62)),
            COMPLETE + "the number of bytes of a key must be at most 65536, not 46.*",
        ),
        (
            header(keys=1, body=text(b"a") + struct.pack("<I", 13)),
            COMPLETE + "'a' must be of a type from 0 to 12, not 13",
        ),
        *(
            (
                header(keys=1, body=text(b"a") + struct.pack("<IIQ", 9, kind, length)),
                COMPLETE + message,
            )
            for kind, length, message in (
                (4, 1 << 63, "the number of elements of 'a' must be at most 16777216, not 9.*"),
                (8, 1 << 32, "the number of elements of 'a' must be at most 16777216, not 4.*"),
                (8, 1 << 24, "the array 'a' needs 134217728 bytes at byte 49, where 0 are left"),
                (4, 1 << 20, "the array 'a' needs 4194304 bytes at byte 49, where 0 are left"),
                (9, 1, "elements of 'a' must be numbers or text, not of type 9"),
            )
        ),
        (
            header(keys=2, body=2 * (text(b"a") + struct.pack("<IB", 0, 1))),
            COMPLETE + "'a' must be given once",
        ),
        (
            header(tensors=1, body=text(b"w") + struct.pack("<I", 5)),
            COMPLETE + "the number of dimensions of 'w' must be at most 4, not 5",
        ),
        (
            header(tensors=1, body=ENTRY + struct.pack("<IQ", 35, 0)),
            COMPLETE + r"'w' needs bytes \d+ to \d+, but the file has \d+",
        ),
        (
            header(tensors=1, body=ENTRY + struct.pack("<IQ", 35, 1 << 63)),
            COMPLETE + r"'w' needs bytes \d+ to \d+, but the file has \d+",
        ),
        (
            header(
                tensors=1,
                body=text(b"w") + struct.pack("<IQQIQ", 2, 3200, 4, 34, 0) + bytes(10_000),
            ),
            COMPLETE + r"the rows of 'w' must be a multiple of 256 in TQ1_0, "
            r"not of shape \[4, 3200\]",
        ),
        (
            header(
                keys=1,
                body=text(b"general.alignment") + struct.pack("<II", 4, 48),
            ),
            COMPLETE + "general.alignment must be a power of two from 8, not 48",
        ),
        (header(), ": general.architecture must be bitnet, .*, not missing"),
    ],
)
def test_hostile(tmp_path, data, requirement):
    # The last message starts with a colon, all others with a verb.
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    joint = "" if requirement.startswith(":") else " "
    start = time.perf_counter()
    with pytest.raises(CheckpointError, match=f"^{re.escape(str(path))}{joint}{requirement}$"):
        open_checkpoint(path)
    assert time.perf_counter() - start < 1


def patched(whole, key, value):
    """Change an unsigned number of the metadata."""
    name = key.encode()
    at = whole.index(text(name)) + 8 + len(name) + 4
    return whole[:at] + struct.pack("<I", value) + whole[at + 4 :]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("bitnet.block_count", 0, "bitnet.block_count must be an integer from 1 to .*, not 0"),
        ("bitnet.attention.head_count_kv", 3, ".* must be a divisor of 4 heads, not 3"),
        ("bitnet.block_count", 2, None),
        ("bitnet.feed_forward_length", 512, ".* must have the shape .512, 256., as the .*"),
    ],
)
def test_metadata_that_does_not_fit(tmp_path, whole, key, value, message):
    path = tmp_path / "m.gguf"
    path.write_bytes(patched(whole, key, value))
    message = message or ".* must have the projection q of each of its 2 layers, .*"
    with pytest.raises(CheckpointError, match=f"^{re.escape(str(path))}:? ?{message}$"):
        open_checkpoint(path)
