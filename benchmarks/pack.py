"""Speed of `bitnet-hw pack` beside a plain copy of the same input bytes, and its memory.

Two measurements in one run. In memory: packed matrices of the 2B4T shape become the byte stream of
the array in either encoding, on one thread and on two, against a copy of the same bytes from one
array to another on one thread; for each matrix the best of many rounds, taken in turn. From file
to file: a checkpoint of some layers of a shape is packed, checksummed and written, against reading
the same file and writing it. The peak memory of the process is that of the whole run; with --model
bitnet-b1.58-70b it is that of packing a 70B model, because one projection is in memory at a time
whatever the number of layers.

Example: python benchmarks/pack.py --model bitnet-b1.58-70b --layers 2
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from bitnet_hw.checkpoint.quarter_blocks import QuarterBlocks
from bitnet_hw.checkpoint.reader import open_checkpoint
from bitnet_hw.cli import run_guarded
from bitnet_hw.config import load_config
from bitnet_hw.model import Model, load_model
from bitnet_hw.weight_image.matrix_stream import MatrixPacker
from bitnet_hw.weight_image.verify import verify_image
from bitnet_hw.weight_image.write import write_image
from rtl.geometry import WEIGHT_ENCODINGS, Geometry

ROUNDS = 100
THREADS = (1, 2)
IN_MEMORY = "bitnet-b1.58-2b-4t"
COPY_BLOCK = 1 << 24


def random_packed(generator: np.random.Generator, n: int, k: int) -> np.ndarray[Any, Any]:
    """Return a packed matrix, uint8 [n / 4, k], each weight with probability 1/3."""
    lanes = generator.integers(0, 3, (4, n // 4, k), np.uint8)
    packed: np.ndarray[Any, Any] = lanes[0] | lanes[1] << 2 | lanes[2] << 4 | lanes[3] << 6
    return packed


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_memory(geometry: Geometry) -> None:
    """Pack the matrices of one layer and copy their bytes, in turn; print the best times."""
    generator = np.random.default_rng(0)
    shapes = [(p.n, p.k) for p in load_model(IN_MEMORY).projections]
    matrices = [random_packed(generator, n, k) for n, k in shapes]
    copies = [np.empty_like(matrix) for matrix in matrices]

    def copy(number: int) -> None:
        np.copyto(copies[number], matrices[number])

    def pack(packer: MatrixPacker, number: int) -> None:
        codes = QuarterBlocks(matrices[number], 0, np.float32(1))
        for _ in packer.stream(codes, *shapes[number]):
            pass

    with ExitStack() as stack:
        works: dict[str, Callable[[int], None]] = {"copy": copy}
        for encoding in WEIGHT_ENCODINGS:
            array = replace(geometry, weight_encoding=encoding)
            for threads in THREADS:
                packer = stack.enter_context(MatrixPacker(array, threads=threads))
                works[f"{encoding}, threads: {threads}"] = partial(pack, packer)
        best = np.full((len(works), len(matrices)), np.inf)
        for _ in range(ROUNDS):
            # Matrix by matrix inside: what a work reads is not what the one before has just read.
            times = [
                [seconds(partial(work, number)) for number in range(len(matrices))]
                for work in works.values()
            ]
            best = np.minimum(best, times)
    copying, *packing = best.sum(axis=1).tolist()
    for name, total in zip(list(works)[1:], packing, strict=True):
        report(
            f"one layer of {IN_MEMORY}, in memory, {name}",
            sum(matrix.nbytes for matrix in matrices),
            copying,
            total,
        )


def write_checkpoint(folder: Path, model: Model, layers: int) -> None:
    """Write a packed checkpoint of random weights, one projection in memory at a time."""
    config = {
        "model_type": "bitnet",
        "hidden_size": model.hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "intermediate_size": model.ffn,
        "vocab_size": 4,
        "tie_word_embeddings": True,
        "quantization_config": {"quant_method": "bitnet", "linear_class": "bitlinear"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    header: dict[str, Any] = {}
    place = 0

    def add(name: str, dtype: str, shape: list[int], size: int) -> None:
        nonlocal place
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [place, place + size]}
        place += size

    for layer in range(layers):
        for p in model.projections:
            block = "self_attn" if p.name[0] in "qkvo" else "mlp"
            name = f"model.layers.{layer}.{block}.{p.name}.weight"
            add(name, "U8", [p.n // 4, p.k], p.n * p.k // 4)
            add(f"{name}_scale", "F32", [1], 4)
    add("model.embed_tokens.weight", "F32", [4, model.hidden], 16 * model.hidden)
    text = json.dumps(header).encode()
    generator = np.random.default_rng(1)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _ in range(layers):
            for p in model.projections:
                for _ in range(4):
                    random_packed(generator, p.n // 4, p.k).tofile(file)
                file.write(np.float32(1.5).tobytes())
        file.write(bytes(16 * model.hidden))


def copy_file(source: Path, target: Path) -> None:
    """Copy a file through memory, as packing has to."""
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(COPY_BLOCK):
            writer.write(block)


def file_to_file(geometry: Geometry, model: Model, layers: int) -> None:
    """Pack a checkpoint and copy its file; verify the image."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_checkpoint(folder, model, layers)
        source = folder / "model.safetensors"
        checkpoint = open_checkpoint(folder)
        copy_file(source, folder / "copy")
        copying = seconds(lambda: copy_file(source, folder / "copy"))
        packing = seconds(lambda: write_image(checkpoint, geometry, folder / "image"))
        report(
            f"{layers} layers of {model.name}, file to file, {geometry.weight_encoding}",
            source.stat().st_size,
            copying,
            packing,
        )
        start = time.perf_counter()
        manifest = verify_image(checkpoint, geometry, folder / "image")
        print(f"verified in {time.perf_counter() - start:.2f} s: checksums and every weight agree")
    print(
        f"{manifest.bits_per_weight:.4f} bits per weight on the wire, "
        f"{manifest.padding_fraction:.3%} of it padding"
    )


def report(what: str, size: int, copying: float, packing: float) -> None:
    """Print both times and their ratio."""
    weights = 4 * size
    print(
        f"{what}: {size / 1e6:.0f} MB, copy {size / copying / 1e9:.2f} GB/s, "
        f"pack {size / packing / 1e9:.2f} GB/s ({weights / packing / 1e9:.2f} G weights/s), "
        f"{packing / copying:.2f} times the copy",
        flush=True,
    )


def main(
    model: Annotated[str, typer.Option(help="Shape of the checkpoint in a file.")] = IN_MEMORY,
    layers: Annotated[int, typer.Option(help="Layers of it.")] = 4,
    array: Annotated[str, typer.Option(help="Array: a preset name or a .yaml file.")] = "large",
) -> None:
    """Measure and print."""
    geometry = load_config(array).array
    in_memory(geometry)
    file_to_file(geometry, load_model(model), layers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / 2**20:.2f} GiB")


if __name__ == "__main__":
    sys.exit(run_guarded(lambda: typer.run(main)))
