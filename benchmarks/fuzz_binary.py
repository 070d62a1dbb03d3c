"""Hostile binary files: safetensors and GGUF, broken in their headers and in their bytes."""

import json
import random
import struct
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "GgufFile",
    "SafetensorsFile",
    "broken_bytes",
    "broken_gguf",
    "broken_safetensors",
    "gguf_bytes",
    "safetensors_bytes",
]

_WORDS = (
    *(0, 1, 2, 3, 4, 7, 8, 31, 32, 33, 255, 256, 65535, 65536, (1 << 24) + 1, (1 << 31) - 1),
    *(1 << 31, (1 << 32) - 1, 1 << 32, 1 << 53, 1 << 60, 1 << 62, (1 << 63) - 1, 1 << 63),
    *((1 << 64) - 1, (1 << 64) - 8, (1 << 61) + 1),
)
_NAMES = (
    *("", "<img src=x onerror=alert(1)>", "../../x", "\x1b[31m", "x" * 70_000, "é\u202e", "a\nb"),
)
_LENGTHS = (0, 1, 4, 8, 256, 1 << 60, (1 << 64) - 1)
_DTYPES = ("F64", "BF16", "F16", "I8", "U8", "BOOL", "F8_E4M3", "F4", "X", "", 3, None)


@dataclass
class SafetensorsFile:
    """A table of contents and the bytes behind it."""

    header: dict[str, Any]
    data: bytes


@dataclass
class GgufFile:
    """Keys as name, type and value; tensors as name, shape, type and place; and their bytes.

    A value of type 9 is the type of its elements, how many it claims, and their bytes.
    """

    keys: list[tuple[str, int, Any]]
    tensors: list[tuple[str, list[int], int, int]]
    data: bytes
    version: int = 3
    counts: dict[str, int] = field(default_factory=dict)


def broken_bytes(chance: random.Random, content: bytes, header: int) -> bytes:
    """Return a file cut off, or with other bits, bytes or words, most of them in its header."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(header if chance.random() < 0.9 else len(data) + 1)
        match chance.randrange(6):
            case 0:
                del data[place:]
            case 1 if place < len(data):
                data[place] ^= 1 << chance.randrange(8)
            case 2:
                data[place : place + 8] = chance.choice(_WORDS).to_bytes(8, "little")
            case 3:
                data[place : place + 4] = (chance.choice(_WORDS) & 0xFFFFFFFF).to_bytes(4, "little")
            case 4:
                data[place:place] = chance.randbytes(chance.choice((1, 8, 64)))
            case _:
                del data[place : place + chance.choice((1, 8, 64))]
    return bytes(data)


def safetensors_bytes(file: SafetensorsFile, *, length: int | None = None) -> bytes:
    """Return the file; `length` is what it claims of its header's."""
    header = json.dumps(file.header).encode()
    claimed = len(header) if length is None else length
    return claimed.to_bytes(8, "little") + header + file.data


def broken_safetensors(chance: random.Random, files: Sequence[SafetensorsFile]) -> bytes:
    """Return a safetensors file with a wrong header, or wrong bytes."""
    file = chance.choice(files)
    whole = safetensors_bytes(file)
    if chance.random() < 0.3:
        return broken_bytes(chance, whole, len(whole) - len(file.data))
    header, data = deepcopy(file.header), file.data
    length = None
    for _ in range(chance.choice((1, 1, 2, 3))):
        name = chance.choice(list(header))
        entry = header[name]
        match chance.randrange(9):
            case 0:
                del header[name]
                header[chance.choice(_NAMES)] = entry
            case 1 if isinstance(entry, dict):
                entry["data_offsets"] = [chance.choice(_WORDS), chance.choice(_WORDS)]
            case 2 if isinstance(entry, dict):
                # A hole, or an overlap with what comes after.
                offsets = entry.get("data_offsets")
                if isinstance(offsets, list) and offsets:
                    place = chance.randrange(len(offsets))
                    if isinstance(offsets[place], int):
                        offsets[place] = max(0, offsets[place] + chance.choice((-8, -1, 1, 8)))
            case 3 if isinstance(entry, dict):
                entry["shape"] = chance.choices(_LENGTHS, k=chance.randrange(5))
            case 4 if isinstance(entry, dict):
                entry["dtype"] = chance.choice(_DTYPES)
            case 5 if isinstance(entry, dict) and entry:
                entry[chance.choice(list(entry))] = chance.choice((
                    [],
                    {},
                    "x",
                    -1,
                    1.5,
                    None,
                    True,
                    [[1]],
                    [1 << 70],
                    10**400,
                ))
            case 6:
                length = chance.choice((*_WORDS, len(json.dumps(header)) - 1))
            case 7:
                data = chance.choice((b"", data[:-1], data + b"\0", data * 2))
            case _:
                header[chance.choice((*_NAMES, "__metadata__", name))] = chance.choice((
                    {},
                    [],
                    None,
                    {"a": 1},
                    {"a": "b"},
                    entry,
                ))
        if not header:
            break
    return safetensors_bytes(SafetensorsFile(header, data), length=length)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(encoded)) + encoded


_CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}


def _value(kind: int, value: Any) -> bytes:
    if kind == 8:
        return _text(str(value))
    if kind == 9:
        inner, length, content = value
        return struct.pack("<IQ", inner, length) + content
    code = _CODES.get(kind, "I")
    if code in "fd":
        return struct.pack("<" + code, value)
    size = struct.calcsize(code)
    return (int(value) & (1 << 8 * size) - 1).to_bytes(size, "little")


def gguf_bytes(file: GgufFile) -> tuple[bytes, int]:
    """Return the file and the length of its header; `counts` are what it claims to have."""
    tensors = file.counts.get("tensors", len(file.tensors))
    keys = file.counts.get("keys", len(file.keys))
    parts = [b"GGUF", struct.pack("<IQQ", file.version, tensors, keys)]
    for name, kind, value in file.keys:
        parts += [_text(name), struct.pack("<I", kind), _value(kind, value)]
    for name, shape, kind, place in file.tensors:
        dimensions = file.counts.get("dimensions", len(shape))
        parts += [_text(name), struct.pack(f"<I{len(shape)}Q", dimensions, *shape)]
        parts.append(struct.pack("<IQ", kind, place))
    header = b"".join(parts)
    return header + b"\0" * (-len(header) % 32) + file.data, len(header)


def broken_gguf(chance: random.Random, files: Sequence[GgufFile]) -> bytes:
    """Return a GGUF file with wrong keys, tensors or counts, or wrong bytes."""
    file = deepcopy(chance.choice(files))
    if chance.random() < 0.35:
        return broken_bytes(chance, *gguf_bytes(file))
    for _ in range(chance.choice((1, 1, 2, 3))):
        number = chance.randrange(len(file.keys))
        name, kind, value = file.keys[number]
        place = chance.randrange(len(file.tensors))
        tensor = file.tensors[place]
        match chance.randrange(10):
            case 0:
                file.keys[number] = (chance.choice((*_NAMES, file.keys[0][0])), kind, value)
            case 1:
                length = chance.choice(_WORDS)
                content = chance.choice((b"", b"\0" * 64, _text("token") * 4))
                file.keys[number] = (name, 9, (chance.randrange(14), length, content))
            case 2 if kind not in (8, 9):
                file.keys[number] = (name, 10, chance.choice(_WORDS))
            case 3:
                odd = chance.choice((float("nan"), float("inf"), -1.0, 0.0, 1e300))
                file.keys[number] = (name, 12, odd)
            case 4:
                text = chance.choice((*_NAMES, "llama", "bitnet", "gpt2"))
                file.keys[number] = (name, 8, text)
            case 5:
                file.counts[chance.choice(("tensors", "keys", "dimensions"))] = (
                    chance.choice(_WORDS) & 0xFFFFFFFF
                )
            case 6:
                shape = chance.choices(_LENGTHS, k=chance.randrange(6))
                file.tensors[place] = (tensor[0], shape, *tensor[2:])
            case 7:
                kind = chance.choice((*range(40), 99, 1 << 31))
                file.tensors[place] = (*tensor[:2], kind, tensor[3])
            case 8:
                file.tensors[place] = (*tensor[:3], chance.choice((*_WORDS, tensor[3] + 1)))
            case _:
                del file.keys[number], file.tensors[place]
        if not file.keys or not file.tensors:
            break
    file.version = chance.choice((3, 3, 3, 2, 1, 0, 1 << 31))
    return gguf_bytes(file)[0]
