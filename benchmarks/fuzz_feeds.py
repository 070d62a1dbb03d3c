"""How each parser is called: as the tool calls it, and what it returns is used as the tool uses it.

An array that is accepted must be estimated, a matrix of a checkpoint decoded, a table printed.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import fuzz_binary, fuzz_models
from bitnet_hw.checkpoint.gguf_floats import read_gguf_floats
from bitnet_hw.checkpoint.i2s_layout import I2sLayout
from bitnet_hw.checkpoint.raw import read_floats
from bitnet_hw.checkpoint.reader import Checkpoint, open_checkpoint
from bitnet_hw.config import Config, load_config
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import estimate
from bitnet_hw.expression import ExpressionError, parse_expression
from bitnet_hw.gates.liberty import LibertyText
from bitnet_hw.gates.read_cells import read_cells, read_corner, time_unit_s
from bitnet_hw.gguf_config import gguf_config
from bitnet_hw.model import load_model
from bitnet_hw.output import json_text
from bitnet_hw.plan.file import load_plan
from bitnet_hw.plan.requirement import parse_requirements
from bitnet_hw.reproduce.published import load_published
from bitnet_hw.settings import parse_settings
from bitnet_hw.sweep import load_sweep
from bitnet_hw.sweep_point import estimate_fields
from bitnet_hw.system import load_system
from bitnet_hw.system_prediction import predict
from bitnet_hw.weight_image.manifest import MANIFEST_NAME, WEIGHTS_NAME
from bitnet_hw.weight_image.verify import verify_image

__all__ = [
    "feed_array",
    "feed_expression",
    "feed_gguf",
    "feed_index",
    "feed_liberty",
    "feed_manifest",
    "feed_memory",
    "feed_model",
    "feed_plan",
    "feed_published",
    "feed_safetensors",
    "feed_setting",
    "feed_sweep",
    "feed_system",
    "feed_technology",
    "feed_tokenizer",
    "prepare",
]

_MODEL = "bitnet-b1.58-700m"
_COLUMNS: tuple[Any, ...] = (
    np.array([1.5, np.nan, -2.0]),
    np.array([1, 2, 1 << 40]),
    np.array([True, False, True]),
    np.array(["a", "text", ""]),
)


def prepare(folder: Path) -> None:
    """Put the files there that belong to inputs: configurations, shards, weights."""
    for name, config in zip(("masters", "packed"), fuzz_models.HF_CONFIGS, strict=False):
        (folder / name).mkdir()
        (folder / name / "config.json").write_bytes(config)
    (folder / "sharded").mkdir()
    (folder / "sharded/config.json").write_bytes(fuzz_models.HF_CONFIGS[0])
    whole = fuzz_binary.safetensors_bytes(fuzz_models.MASTERS)
    for name in ("model.safetensors", "a-00001-of-00002.safetensors"):
        (folder / "sharded" / name).write_bytes(whole)
    (folder / "image").mkdir()
    (folder / "image" / WEIGHTS_NAME).write_bytes(fuzz_models.WEIGHTS)
    (folder / "masters/model.safetensors").write_bytes(whole)


def feed_array(content: bytes, folder: Path) -> None:
    """Estimate an array file."""
    path = folder / "array.yaml"
    path.write_bytes(content)
    _estimated(load_config(path))


def _estimated(config: Config) -> None:
    result = estimate(config, load_model(_MODEL), phase="decode", batch=1, context=64)
    json_text(result.to_dict())


def feed_setting(content: bytes, folder: Path) -> None:
    """Estimate with a setting of the command line."""
    # What is no text arrives as surrogates in an argument.
    _estimated(load_config("edge", parse_settings([content.decode("utf-8", "surrogateescape")])))


def feed_sweep(content: bytes, folder: Path) -> None:
    """Estimate the last point of a sweep file."""
    path = folder / "sweep.yaml"
    path.write_bytes(content)
    sweep = load_sweep(path)
    point = sweep.point(sweep.points - 1)
    if point.workload["model"] is not None and sweep.evaluate == "estimate":
        estimate_fields(point)
    else:
        point.config()


def feed_technology(content: bytes, folder: Path) -> None:
    """Estimate with a technology file."""
    path = folder / "technology.yaml"
    path.write_bytes(content)
    _estimated(load_config("edge", {"technology": str(path)}))


def feed_memory(content: bytes, folder: Path) -> None:
    """Estimate with a memory file."""
    path = folder / "memory.yaml"
    path.write_bytes(content)
    _estimated(load_config("edge", {"memory": str(path)}))


def feed_system(content: bytes, folder: Path) -> None:
    """Predict the time of a system file."""
    path = folder / "system.yaml"
    path.write_bytes(content)
    json_text(predict(load_system(str(path)), load_model(_MODEL)).to_dict())


def feed_plan(content: bytes, folder: Path) -> None:
    """Read a search file."""
    path = folder / "plan.yaml"
    path.write_bytes(content)
    workload = {"model": _MODEL, "phase": "decode", "batch": 1, "context": 64}
    load_plan(str(path), workload)


def feed_published(content: bytes, folder: Path) -> None:
    """Compute the figures of a file of published ones."""
    path = folder / "published.yaml"
    path.write_bytes(content)
    load_published(str(path)).rows()


def feed_model(name: str, content: bytes, folder: Path) -> None:
    """Read the shape of a model."""
    path = folder / name
    path.write_bytes(content)
    model = load_model(str(path))
    json_text({"parameters": model.parameters, "cache": model.kv_cache_bytes(model.context)})
    model.model_dump_json()


def feed_expression(content: bytes, folder: Path) -> None:
    """Evaluate an expression, and use it as a constraint and as a requirement."""
    text = content.decode("utf-8", "surrogateescape")
    try:
        expression = parse_expression(text)
        columns = {
            name: _COLUMNS[number % len(_COLUMNS)]
            for number, name in enumerate(sorted(expression.fields))
        }
        np.broadcast_to(expression(columns), 3).astype(np.bool_)
        for requirement in parse_requirements(text, "--require"):
            requirement.excess(columns, 3)
    except ExpressionError as error:
        raise ConfigError(f"--require must be {error}") from None


def feed_safetensors(name: str, content: bytes, folder: Path) -> None:
    """Decode every tensor of a safetensors file."""
    (folder / name / "input.safetensors").write_bytes(content)
    _decoded(open_checkpoint(folder / name / "input.safetensors"))


def feed_index(content: bytes, folder: Path) -> None:
    """Open a folder of shards by its index."""
    (folder / "sharded/model.safetensors.index.json").write_bytes(content)
    open_checkpoint(folder / "sharded")


def feed_gguf(content: bytes, folder: Path) -> None:
    """Decode every tensor of a GGUF file, and configure a network."""
    path = folder / "input.gguf"
    path.write_bytes(content)
    checkpoint = open_checkpoint(path, i2s_layout=I2sLayout.ROWS4)
    _decoded(checkpoint)
    gguf_config(checkpoint)


def feed_tokenizer(content: bytes, folder: Path) -> None:
    """Translate a text with the tokenizer of a GGUF file."""
    # Imported here: it takes seconds, which only this parser needs.
    from bitnet_hw.gguf_tokenizer import gguf_codec

    path = folder / "tokenizer.gguf"
    path.write_bytes(content)
    checkpoint = open_checkpoint(path, i2s_layout=I2sLayout.ROWS4)
    codec = gguf_codec(path, checkpoint.config)
    stream = codec.stream(codec.encode("ab a <s> é"))
    stream.push(2)
    stream.finish()


@cache
def _checkpoint(folder: Path) -> Checkpoint:
    return open_checkpoint(folder)


@cache
def _checked(name: str) -> Config:
    return load_config(name)


def _decoded(checkpoint: Checkpoint) -> None:
    """Read every tensor; one that cannot be is refused like a file that cannot be."""
    for tensor in checkpoint.tensors:
        tensor.matrix()
    for tensor in checkpoint.others.values():
        read = read_gguf_floats if checkpoint.path.suffix == ".gguf" else read_floats
        read(tensor)


def feed_manifest(content: bytes, folder: Path) -> None:
    """Verify a weight image by its manifest."""
    (folder / "image" / MANIFEST_NAME).write_bytes(content)
    checkpoint = _checkpoint(folder / "masters")
    manifest = verify_image(checkpoint, _checked("tiny").array, folder / "image")
    json_text(manifest.to_dict())


def feed_liberty(content: bytes, folder: Path) -> None:
    """Read every cell of a Liberty file."""
    text = LibertyText(content.decode("utf-8", "replace"), "cells.lib")
    read_corner(text)
    time_unit_s(text)
    read_cells(text, set(text.cell_names))
