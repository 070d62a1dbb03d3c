"""Reading a weight image back: checksums, and weights equal to the checkpoint's.

Decoded by the unpacker of the simulation, which shares no code with the compiled packer.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bitnet_hw.checkpoint.errors import unreadable
from bitnet_hw.checkpoint.reader import Checkpoint
from bitnet_hw.checkpoint.ternary import TernaryMatrix, TernaryTensor
from bitnet_hw.errors import BitnetHwError
from bitnet_hw.weight_image.checksum import Crc32c
from bitnet_hw.weight_image.manifest import (
    WEIGHTS_NAME,
    ImageJob,
    Manifest,
    array_of,
    read_manifest,
)
from bitnet_hw.weight_image.matrix_stream import blocks_of_rows
from rtl.geometry import Geometry
from sim.packing import unpack_weights
from sim.weight_check import corrupt

__all__ = ["read_matrix", "verify_image"]


def verify_image(
    checkpoint: Checkpoint,
    geometry: Geometry,
    folder: Path,
    progress: Callable[[int], None] = lambda done: None,
) -> Manifest:
    """Compare an image with the checkpoint and the array that it was made of, weight by weight.

    Parameters
    ----------
    checkpoint : Checkpoint
        The weights.
    geometry : Geometry
        The array.
    folder : Path
        The image.
    progress : callable
        Called with the number of finished projections.

    Raises
    ------
    BitnetHwError
        At the first difference: of the array, a projection, a length, a checksum, check bits, an
        illegal code, a weight or a scale.
    """
    manifest = read_manifest(folder)
    path = folder / WEIGHTS_NAME
    if dict(manifest.array) != array_of(geometry):
        raise BitnetHwError(
            f"{folder} must be an image for the array {array_of(geometry)}, "
            f"not {dict(manifest.array)}"
        )
    expected = [(tensor.name, tensor.layer, tensor.role) for tensor in checkpoint.tensors]
    if [(job.tensor, job.layer, job.role) for job in manifest.jobs] != expected:
        raise BitnetHwError(f"{folder} must be an image of {checkpoint.path}: other projections")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from None
    if size != manifest.length:
        raise BitnetHwError(
            f"{path} must have {manifest.length} bytes, as its manifest says, not {size}"
        )
    whole = Crc32c()
    offset = 0
    for number, (tensor, job) in enumerate(zip(checkpoint.tensors, manifest.jobs, strict=True)):
        _verify_job(path, geometry, tensor, job, offset, whole)
        offset += job.length
        progress(number + 1)
    if whole.text() != manifest.crc32c:
        raise BitnetHwError(
            f"{path} must have the CRC-32C {manifest.crc32c}, as its manifest says, "
            f"not {whole.text()}"
        )
    return manifest


def read_matrix(folder: Path, geometry: Geometry, job: ImageJob) -> TernaryMatrix:
    """Return the matrix of a job from an image.

    Raises
    ------
    BitnetHwError
        If the bytes are short, or have an illegal code or wrong check bits.
    """
    with (folder / WEIGHTS_NAME).open("rb") as file:
        file.seek(job.offset)
        data = file.read(job.length)
    return TernaryMatrix(
        _unpack(folder / WEIGHTS_NAME, geometry, job, data, job.n), np.float32(job.inverse_mean)
    )


def _verify_job(
    path: Path,
    geometry: Geometry,
    tensor: TernaryTensor,
    job: ImageJob,
    offset: int,
    whole: Crc32c,
) -> None:
    subject = f"{path}: {tensor.label}"
    tile_bytes = geometry.k_tiles(tensor.k) * geometry.tile_bytes
    length = geometry.n_tiles(tensor.n) * tile_bytes
    if (job.n, job.k, job.offset, job.length) != (tensor.n, tensor.k, offset, length):
        raise BitnetHwError(
            f"{subject} must be {tensor.n}x{tensor.k} in {length} bytes from {offset} on, "
            f"but its manifest says {job.n}x{job.k} in {job.length} from {job.offset} on"
        )
    codes = tensor.open()
    if job.inverse_mean != float(codes.inverse_mean):
        raise BitnetHwError(
            f"{subject} must have the inverse mean {float(codes.inverse_mean)!r}, "
            f"not {job.inverse_mean!r}"
        )
    crc = Crc32c()
    different = None
    with path.open("rb") as file:
        file.seek(offset)
        for start, stop in blocks_of_rows(geometry, tensor.n, tensor.k):
            data = file.read(geometry.n_tiles(stop - start) * tile_bytes)
            crc.update(data)
            whole.update(data)
            if different is None:
                weights = _unpack(path, geometry, job, data, stop - start)
                wanted = codes.rows(start, stop).view(np.int8) - np.int8(1)
                if not np.array_equal(weights, wanted):
                    row, column = np.argwhere(weights != wanted)[0]
                    different = (
                        f"{subject} must have the weight {wanted[row, column]} in row "
                        f"{start + row}, column {column}, not {weights[row, column]}"
                    )
    if crc.text() != job.crc32c:
        raise BitnetHwError(
            f"{subject} must have the CRC-32C {job.crc32c}, as its manifest says, not {crc.text()}"
        )
    if different is not None:
        raise BitnetHwError(different)


def _unpack(
    path: Path, geometry: Geometry, job: ImageJob, data: bytes, n: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    label = f"{path}: layer {job.layer} {job.role}"
    tiles = geometry.n_tiles(n) * geometry.k_tiles(job.k)
    if len(data) != tiles * geometry.tile_bytes:
        raise BitnetHwError(f"{label} must have {tiles * geometry.tile_bytes} bytes here")
    words = np.frombuffer(data, np.uint8).reshape(-1, geometry.weight_bus_bits // 8)
    bad = corrupt(geometry, words)
    if bad.any():
        raise BitnetHwError(
            f"{label} must have words that match their check bits, "
            f"but {np.count_nonzero(bad)} of {len(bad)} here do not"
        )
    weights, illegal = unpack_weights(geometry, words, n, job.k)
    if illegal:
        raise BitnetHwError(f"{label} must have legal codes only")
    return weights
