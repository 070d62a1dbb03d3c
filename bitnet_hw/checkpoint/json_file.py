"""JSON files read strictly: an object, of bounded size, with each key once."""

import json
from pathlib import Path
from typing import Any

from bitnet_hw.checkpoint.errors import CheckpointError, unreadable
from bitnet_hw.key_path import show

__all__ = ["parse_object", "read_object"]

_MAX_BYTES = 4 << 20
"""The index of a checkpoint of a thousand layers takes about one megabyte."""


def read_object(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file whose top level is an object.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is longer than 4 MB, or is not such an object.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(text) > _MAX_BYTES:
        raise CheckpointError(f"{path} must be at most {_MAX_BYTES >> 20} MB long")
    return parse_object(text, str(path))


def parse_object(text: bytes, subject: str) -> dict[str, Any]:
    """Return the JSON object that `text` holds; `subject` starts the messages.

    Raises
    ------
    CheckpointError
        If `text` is not valid JSON, has a key twice, or is not an object.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys: dict[str, Any] = {}
        for key, value in pairs:
            if key in keys:
                raise CheckpointError(f"{subject} must have each key once, not {show(key)} twice")
            keys[key] = value
        return keys

    try:
        # Left to itself, json takes other encodings for what it reads.
        data = json.loads(text.decode("utf-8-sig"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise CheckpointError(f"{subject} must be valid JSON") from None
    if not isinstance(data, dict):
        raise CheckpointError(f"{subject} must be a JSON object")
    return data
