"""What is in a weight image: ``manifest.json`` beside ``weights.bin``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bitnet_hw.checkpoint.json_file import read_object
from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import printable, show
from rtl.geometry import Geometry

__all__ = [
    "MANIFEST_NAME",
    "WEIGHTS_NAME",
    "ImageJob",
    "Manifest",
    "array_of",
    "read_manifest",
]

MANIFEST_NAME = "manifest.json"
WEIGHTS_NAME = "weights.bin"

_FORMAT = "bitnet-hw weight image 1"
_LONGEST_TEXT = 500
_ARRAY_KEYS = ("rows", "lanes", "weight_encoding", "weight_bus_bits", "weight_check")
# An image without it was written before there were check bits.
_ARRAY_DEFAULTS = {"weight_check": "none"}


@dataclass(frozen=True)
class ImageJob:
    """The weights of one job: a projection, for however many tokens.

    Parameters
    ----------
    tensor : str
        Name in the checkpoint.
    layer : int
        From 0.
    role : str
        ``q``, ``k``, ``v``, ``o``, ``gate``, ``up`` or ``down``.
    k, n : int
        Inputs and outputs, as in the job's command.
    offset, length : int
        Place in ``weights.bin``, in bytes.
    crc32c : str
        CRC-32C of these bytes, eight hexadecimal digits.
    inverse_mean : float
        fp32 number by which the outputs are divided.
    """

    tensor: str
    layer: int
    role: str
    k: int
    n: int
    offset: int
    length: int
    crc32c: str
    inverse_mean: float


@dataclass(frozen=True)
class Manifest:
    """The whole image.

    Parameters
    ----------
    checkpoint, model : str
        Name of the checkpoint and what it is.
    array : mapping
        The parameters of the array that decide about the bytes.
    weights : int
        Weights of all jobs, without padding.
    length : int
        Bytes of ``weights.bin``.
    crc32c : str
        CRC-32C of all of them.
    jobs : tuple of ImageJob
        In the order of use, which is that of the bytes.
    """

    checkpoint: str
    model: str
    array: Mapping[str, int | str]
    weights: int
    length: int
    crc32c: str
    jobs: tuple[ImageJob, ...]

    @property
    def bits_per_weight(self) -> float:
        """Bits on the weight stream for each weight, padding included."""
        return 8 * self.length / self.weights

    @property
    def padding_fraction(self) -> float:
        """Part of the bytes beyond the encoding's own: ragged tiles, and the ends of words."""
        bits = 1.6 if self.array["weight_encoding"] == "trit5" else 2
        return 1 - bits * self.weights / (8 * self.length)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``manifest.json``."""
        return {
            "format": _FORMAT,
            "file": WEIGHTS_NAME,
            "checkpoint": self.checkpoint,
            "model": self.model,
            "array": dict(self.array),
            "weights": self.weights,
            "length": self.length,
            "crc32c": self.crc32c,
            "bits_per_weight": self.bits_per_weight,
            "padding_fraction": self.padding_fraction,
            "jobs": [asdict(job) for job in self.jobs],
        }


def array_of(geometry: Geometry) -> dict[str, int | str]:
    """Return the parameters of a geometry that decide about the bytes of its weight stream."""
    return {key: getattr(geometry, key) for key in _ARRAY_KEYS}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an image.

    Raises
    ------
    ConfigError
        If the file is missing, or is not the manifest of a weight image.
    """
    path = folder / MANIFEST_NAME
    data = read_object(path)
    if data.get("format") != _FORMAT:
        raise ConfigError(f"{path}: format must be {_FORMAT!r}, not {show(data.get('format'))}")
    try:
        jobs = tuple(
            ImageJob(**{key: _typed(job[key], kind) for key, kind in _JOB_TYPES.items()})
            for job in data["jobs"]
        )
        stored = _ARRAY_DEFAULTS | data["array"]
        array = {key: _typed(stored[key], int | str) for key in _ARRAY_KEYS}
        manifest = Manifest(
            _typed(data["checkpoint"], str),
            _typed(data["model"], str),
            array,
            _typed(data["weights"], int),
            _typed(data["length"], int),
            _typed(data["crc32c"], str),
            jobs,
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} must be complete, but lacks or garbles {printable(str(error))}"
        ) from None
    for key in ("weights", "length"):
        if getattr(manifest, key) < 1:
            raise ConfigError(f"{path}: {key} must be at least 1, not {getattr(manifest, key)}")
    return manifest


_JOB_TYPES: dict[str, Any] = {
    "tensor": str,
    "layer": int,
    "role": str,
    "k": int,
    "n": int,
    "offset": int,
    "length": int,
    "crc32c": str,
    "inverse_mean": int | float,
}


def _typed(value: Any, kind: Any) -> Any:
    """Return a value that is of a kind, and of a size that messages can show."""
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(show(value))
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise TypeError(show(value))
    if isinstance(value, str) and (len(value) > _LONGEST_TEXT or not value.isprintable()):
        raise TypeError(show(value))
    return value
