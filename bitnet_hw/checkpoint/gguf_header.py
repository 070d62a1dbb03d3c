"""The header of a GGUF file, walked with bounds.

The reader of the gguf package builds an object for every array element and does not end on a file
whose array claims 2**63 of them, so the header is walked here: every count is held against the
bytes that the file still has. Format: ggml ``docs/gguf.md``, versions 2 and 3, little-endian.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bitnet_hw.checkpoint.errors import CheckpointError, unreadable
from bitnet_hw.checkpoint.ggml_types import GGML_TYPES
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.key_path import show

__all__ = ["ArrayLength", "GgufHeader", "read_gguf_header"]

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_LONGEST_NAME = 1 << 16
_MOST_KEYS, _MOST_TENSORS, _MOST_ELEMENTS = 1 << 16, 1 << 18, 1 << 24
_ALIGNMENT = 32


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself.

    Parameters
    ----------
    path : Path
        The file.
    values : mapping
        Metadata: numbers, truth values and text; of an array, its length as `ArrayLength`.
    tensors : mapping
        Tensors by name, outermost dimension first. Types that `ggml_types` does not have are called
        ``type 99``, by their number, and have 0 bytes.
    """

    path: Path
    values: Mapping[str, Any]
    tensors: Mapping[str, StoredTensor]


@dataclass(frozen=True)
class ArrayLength:
    """An array, of which only the length is kept."""

    length: int


class _Walk:
    """Reads the header front to back and never beyond the end of the file."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file = path, file
        self.size = file.seek(0, 2)
        file.seek(0)

    def left(self) -> int:
        return self.size - self.file.tell()

    def fail(self, requirement: str) -> CheckpointError:
        return CheckpointError(f"{self.path} must be a complete GGUF file: {requirement}")

    def need(self, count: int, what: str) -> None:
        if count > self.left():
            raise self.fail(
                f"{what} needs {count} bytes at byte {self.file.tell()}, "
                f"where {self.left()} are left"
            )

    def take(self, code: str, what: str) -> Any:
        count = struct.calcsize("<" + code)
        self.need(count, what)
        return struct.unpack("<" + code, self.file.read(count))[0]

    def count(self, code: str, what: str, most: int) -> int:
        value = int(self.take(code, f"the number of {what}"))
        if value > most:
            raise self.fail(f"the number of {what} must be at most {most}, not {value}")
        return value

    def name(self, what: str) -> str:
        return self.text(what, _LONGEST_NAME)

    def text(self, what: str, most: int) -> str:
        length = self.count("Q", f"bytes of {what}", most)
        self.need(length, what)
        try:
            return self.file.read(length).decode()
        except UnicodeDecodeError:
            raise self.fail(f"{what} must be UTF-8 text") from None

    def value(self, key: str) -> Any:
        kind = self.take("I", f"the type of {show(key)}")
        if kind == _STRING:
            return self.text(f"the text of {show(key)}", self.size)
        if kind == _ARRAY:
            return self.array(key)
        if kind not in _SCALARS:
            raise self.fail(f"{show(key)} must be of a type from 0 to 12, not {kind}")
        return self.take(_SCALARS[kind], f"the value of {show(key)}")

    def array(self, key: str) -> ArrayLength:
        """Step over an array."""
        kind = self.take("I", f"the type of the elements of {show(key)}")
        length = self.count("Q", f"elements of {show(key)}", _MOST_ELEMENTS)
        what = f"the array {show(key)}"
        if kind in _SCALARS:
            count = length * struct.calcsize("<" + _SCALARS[kind])
            self.need(count, what)
            self.file.seek(count, 1)
        elif kind == _STRING:
            self.need(8 * length, what)
            for _ in range(length):
                count = self.count("Q", f"bytes of an element of {show(key)}", self.size)
                self.need(count, what)
                self.file.seek(count, 1)
        else:
            raise self.fail(f"elements of {show(key)} must be numbers or text, not of type {kind}")
        return ArrayLength(length)


def read_gguf_header(path: Path) -> GgufHeader:
    """Read the header of a GGUF file; every tensor of a known type must lie in the file.

    Raises
    ------
    CheckpointError
        If the file is not a complete GGUF file.
    """
    try:
        with path.open("rb") as file:
            return _read(_Walk(path, file))
    except OSError as error:
        raise unreadable(path, error) from None


def _read(walk: _Walk) -> GgufHeader:
    if walk.file.read(4) != b"GGUF":
        raise CheckpointError(f"{walk.path} must start with the letters GGUF")
    version = walk.take("I", "the version")
    if version not in (2, 3):
        raise walk.fail(f"the version must be 2 or 3, little-endian, not {version}")
    tensors = walk.count("Q", "tensors", _MOST_TENSORS)
    keys = walk.count("Q", "keys", _MOST_KEYS)
    values: dict[str, Any] = {}
    for _ in range(keys):
        key = walk.name("a key")
        if key in values:
            raise walk.fail(f"{show(key)} must be given once")
        values[key] = walk.value(key)
    entries = [_tensor_entry(walk) for _ in range(tensors)]
    alignment = values.get("general.alignment", _ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 8 or alignment & (alignment - 1):
        raise walk.fail(f"general.alignment must be a power of two from 8, not {show(alignment)}")
    start = -(-walk.file.tell() // alignment) * alignment
    stored: dict[str, StoredTensor] = {}
    for name, shape, kind, offset in entries:
        if name in stored:
            raise walk.fail(f"the tensor {show(name)} must be given once")
        stored[name] = _stored(walk, name, shape, kind, start + offset)
    return GgufHeader(walk.path, values, stored)


def _tensor_entry(walk: _Walk) -> tuple[str, tuple[int, ...], int, int]:
    name = walk.name("the name of a tensor")
    dimensions = walk.count("I", f"dimensions of {show(name)}", 4)
    sizes = [int(walk.take("Q", f"the shape of {show(name)}")) for _ in range(dimensions)]
    kind = int(walk.take("I", f"the type of {show(name)}"))
    # GGUF gives the innermost dimension first.
    return name, tuple(reversed(sizes)), kind, int(walk.take("Q", f"the place of {show(name)}"))


def _stored(walk: _Walk, name: str, shape: tuple[int, ...], kind: int, offset: int) -> StoredTensor:
    if kind not in GGML_TYPES:
        return StoredTensor(walk.path, name, f"type {kind}", shape, offset, 0)
    known = GGML_TYPES[kind]
    weights = known.block_weights
    count = 1
    for length in shape:
        count *= length
    if not count or (shape[-1] if shape else 1) % weights:
        raise walk.fail(
            f"the rows of {show(name)} must be a multiple of {weights} in {known.name}, "
            f"not of shape {list(shape)}"
        )
    nbytes = count // weights * known.block_bytes + known.tail_bytes
    if offset + nbytes > walk.size:
        raise walk.fail(
            f"{show(name)} needs bytes {offset} to {offset + nbytes}, but the file has {walk.size}"
        )
    return StoredTensor(walk.path, name, known.name, shape, offset, nbytes)
