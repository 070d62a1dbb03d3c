"""Writing a weight image: streamed, and there only when it is whole."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from bitnet_hw.atomic_files import prepare_folder, temporary_file, unwritable
from bitnet_hw.checkpoint.reader import Checkpoint
from bitnet_hw.checkpoint.ternary import TernaryTensor
from bitnet_hw.errors import ConfigError
from bitnet_hw.output import json_text
from bitnet_hw.weight_image.checksum import Crc32c
from bitnet_hw.weight_image.manifest import (
    MANIFEST_NAME,
    WEIGHTS_NAME,
    ImageJob,
    Manifest,
    array_of,
)
from bitnet_hw.weight_image.matrix_stream import MatrixPacker
from rtl.geometry import Geometry

__all__ = ["write_image"]


def write_image(
    checkpoint: Checkpoint,
    geometry: Geometry,
    folder: Path,
    progress: Callable[[int], None] = lambda done: None,
    *,
    warn: Callable[[str], None] = lambda line: None,
) -> Manifest:
    """Write the weight stream of a checkpoint for one array, and its manifest.

    Both files are written under temporary names and renamed when they are complete, so that after
    any failure the folder is as it was.

    Parameters
    ----------
    checkpoint : Checkpoint
        The weights.
    geometry : Geometry
        The array.
    folder : Path
        Where ``weights.bin`` and ``manifest.json`` go; made if missing.
    progress : callable
        Called with the number of finished projections.
    warn : callable
        Called with one line if this will take far longer than it could.

    Raises
    ------
    CheckpointError
        If the checkpoint is damaged.
    ConfigError
        If a projection has more inputs than the array's ``max_k``.
    BitnetHwError
        If the folder cannot be written to.
    """
    for tensor in checkpoint.tensors:
        if tensor.k > geometry.max_k:
            raise ConfigError(
                f"max_k of the array must be at least {tensor.k}, the inputs of "
                f"{tensor.label}, not {geometry.max_k}"
            )
    prepare_folder(folder)
    final = [folder / WEIGHTS_NAME, folder / MANIFEST_NAME]
    try:
        with ExitStack() as stack:
            temporary = [stack.enter_context(temporary_file(path)) for path in final]
            with temporary[0].open("wb") as file:
                manifest = _write_jobs(file, checkpoint, geometry, progress, warn)
                _settle(file)
            with temporary[1].open("wb") as file:
                file.write(json_text(manifest.to_dict()).encode())
                _settle(file)
            for source, path in zip(temporary, final, strict=True):
                source.replace(path)
    except OSError as error:
        raise unwritable(folder, error) from error
    return manifest


def _settle(file: BinaryIO) -> None:
    file.flush()
    # Some file systems report a full disk only when the data reaches it.
    os.fsync(file.fileno())


def _write_jobs(
    file: BinaryIO,
    checkpoint: Checkpoint,
    geometry: Geometry,
    progress: Callable[[int], None],
    warn: Callable[[str], None],
) -> Manifest:
    whole = Crc32c()
    jobs: list[ImageJob] = []
    offset = 0
    with MatrixPacker(geometry) as packer:
        if packer.obstacle:
            warn(f"Packing with NumPy, many times slower than compiled code: {packer.obstacle}")
        for number, tensor in enumerate(checkpoint.tensors):
            job = _write_job(file, tensor, packer, offset, whole)
            jobs.append(job)
            offset += job.length
            progress(number + 1)
    return Manifest(
        checkpoint=checkpoint.path.name,
        model=checkpoint.model.title or checkpoint.model.name,
        array=array_of(geometry),
        weights=sum(job.n * job.k for job in jobs),
        length=offset,
        crc32c=whole.text(),
        jobs=tuple(jobs),
    )


def _write_job(
    file: BinaryIO,
    tensor: TernaryTensor,
    packer: MatrixPacker,
    offset: int,
    whole: Crc32c,
) -> ImageJob:
    codes = tensor.open()
    crc = Crc32c()
    length = 0
    for piece in packer.stream(codes, tensor.n, tensor.k):
        file.write(piece.data)
        crc.update(piece)
        whole.update(piece)
        length += len(piece)
    return ImageJob(
        tensor=tensor.name,
        layer=tensor.layer,
        role=tensor.role,
        k=tensor.k,
        n=tensor.n,
        offset=offset,
        length=length,
        crc32c=crc.text(),
        inverse_mean=float(codes.inverse_mean),
    )
