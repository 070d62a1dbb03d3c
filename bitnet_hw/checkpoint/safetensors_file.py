"""The table of contents of a safetensors file."""

from pathlib import Path

from bitnet_hw.checkpoint.errors import CheckpointError, unreadable
from bitnet_hw.checkpoint.json_file import parse_object
from bitnet_hw.checkpoint.stored_tensor import StoredTensor
from bitnet_hw.errors import ToolMissing
from bitnet_hw.key_path import printable

__all__ = ["read_safetensors"]

_LENGTH_BYTES = 8
# 30,000 tensors; a longer one that is hostile takes seconds and hundreds of megabytes.
_LONGEST_HEADER = 4 << 20
_LONGEST_REASON = 200


def read_safetensors(path: Path) -> dict[str, StoredTensor]:
    """Return the tensors of a file by name; only its header is read.

    The safetensors library checks the file (complete, no holes, no overlaps, lengths that fit the
    shapes). It does not tell where the tensors lie and has no bfloat16 without PyTorch, so the
    checked header is then read once more for the places.

    Raises
    ------
    CheckpointError
        If the file is not a complete safetensors file.
    ToolMissing
        If the library is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise ToolMissing(
            "Reading safetensors needs the package safetensors: pip install 'bitnet-hw[models]'"
        ) from None
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if _LONGEST_HEADER < length < file.seek(0, 2):
                raise CheckpointError(
                    f"The header of {path} must be at most {_LONGEST_HEADER >> 20} MB long"
                )
            file.seek(_LENGTH_BYTES)
            with safe_open(path, framework="numpy"):
                pass
            header = parse_object(file.read(length), f"The header of {path}")
    except SafetensorError as error:
        reason = str(error).removeprefix("Error while deserializing header: ")
        raise CheckpointError(
            f"{path} must be a complete safetensors file, but the library says: "
            f"{printable(reason, _LONGEST_REASON)}"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, stop = entry["data_offsets"]
        offset = _LENGTH_BYTES + length + start
        tensors[name] = StoredTensor(
            path, name, entry["dtype"], tuple(entry["shape"]), offset, stop - start
        )
    return tensors
