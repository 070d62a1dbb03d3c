"""The parsers that read what a user gives, each with what makes its input and what takes it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks import fuzz_binary, fuzz_feeds, fuzz_models, fuzz_seeds, fuzz_text

__all__ = ["TARGETS", "Target"]


_PROVENANCE = ("source", "status")


@dataclass(frozen=True)
class Target:
    """A parser.

    Parameters
    ----------
    name : str
        For people.
    share : int
        Part of all inputs, in thousandths.
    make : callable
        Returns an input, decided by a random generator.
    feed : callable
        Gives an input to the parser; the folder holds what `prepare` has put there.
    first : callable
        Yields the inputs that come before the random ones.
    """

    name: str
    share: int
    make: Callable[[random.Random], bytes]
    feed: Callable[[bytes, Path], None]
    first: Callable[[], Iterator[bytes]] = lambda: iter(())


def _yaml(kind: str, seeds: tuple[bytes, ...] = ()) -> Callable[[random.Random], bytes]:
    seeds = seeds or fuzz_seeds.presets(kind)
    trees = [_short(yaml.safe_load(seed)) for seed in seeds]
    return lambda chance: fuzz_text.yaml_text(chance, seeds, trees)


def _short(tree: Any) -> Any:
    """Return a tree without what only takes time to read: where its numbers come from."""
    if isinstance(tree, dict):
        skipped = _PROVENANCE if "nominal" in tree else ()
        return {key: _short(value) for key, value in tree.items() if key not in skipped}
    return [_short(item) for item in tree] if isinstance(tree, list) else tree


def _cut(*wholes: tuple[bytes, int]) -> Iterator[bytes]:
    """Yield files cut off at every byte of their header, and with every one of its bytes wrong."""
    for whole, header in wholes:
        for place in range(header + 1):
            yield whole[:place]
            yield whole[:place] + b"\xff" + whole[place + 1 :]


def _cut_safetensors(file: fuzz_binary.SafetensorsFile) -> Iterator[bytes]:
    whole = fuzz_binary.safetensors_bytes(file)
    return _cut((whole, len(whole) - len(file.data)))


def _cut_ggufs(files: tuple[fuzz_binary.GgufFile, ...]) -> Iterator[bytes]:
    return _cut(*map(fuzz_binary.gguf_bytes, files))


def _cut_texts(texts: tuple[bytes, ...]) -> Iterator[bytes]:
    return _cut(*((text, len(text)) for text in texts))


TARGETS = (
    Target("array YAML", 20, _yaml("arrays", fuzz_seeds.ARRAYS), fuzz_feeds.feed_array),
    Target("sweep YAML", 15, _yaml("sweeps"), fuzz_feeds.feed_sweep),
    Target("technology YAML", 6, _yaml("technologies"), fuzz_feeds.feed_technology),
    Target("memory YAML", 8, _yaml("memories"), fuzz_feeds.feed_memory),
    Target("system YAML", 12, _yaml("systems"), fuzz_feeds.feed_system),
    Target("plan YAML", 5, _yaml("plans"), fuzz_feeds.feed_plan),
    Target("published YAML", 8, _yaml("published"), fuzz_feeds.feed_published),
    Target("model YAML", 20, _yaml("models"), partial(fuzz_feeds.feed_model, "model.yaml")),
    Target(
        "--set KEY=VALUE",
        16,
        lambda chance: fuzz_text.mutated_bytes(
            chance, chance.choice(fuzz_seeds.SETTINGS), fuzz_seeds.SETTINGS
        ),
        fuzz_feeds.feed_setting,
    ),
    Target(
        "expression",
        340,
        lambda chance: fuzz_text.expression_text(chance, fuzz_seeds.EXPRESSIONS),
        fuzz_feeds.feed_expression,
    ),
    Target(
        "config.json",
        110,
        lambda chance: fuzz_text.json_text(chance, fuzz_models.HF_CONFIGS),
        partial(fuzz_feeds.feed_model, "config.json"),
        partial(_cut_texts, fuzz_models.HF_CONFIGS),
    ),
    Target(
        "safetensors index",
        25,
        lambda chance: fuzz_text.json_text(chance, fuzz_models.INDICES),
        fuzz_feeds.feed_index,
        partial(_cut_texts, fuzz_models.INDICES),
    ),
    Target(
        "safetensors, floats",
        90,
        lambda chance: fuzz_binary.broken_safetensors(chance, [fuzz_models.MASTERS]),
        partial(fuzz_feeds.feed_safetensors, "masters"),
        partial(_cut_safetensors, fuzz_models.MASTERS),
    ),
    Target(
        "safetensors, packed",
        90,
        lambda chance: fuzz_binary.broken_safetensors(chance, [fuzz_models.PACKED]),
        partial(fuzz_feeds.feed_safetensors, "packed"),
        partial(_cut_safetensors, fuzz_models.PACKED),
    ),
    Target(
        "GGUF",
        135,
        lambda chance: fuzz_binary.broken_gguf(chance, fuzz_models.GGUF),
        fuzz_feeds.feed_gguf,
        partial(_cut_ggufs, fuzz_models.GGUF),
    ),
    Target(
        "GGUF tokenizer",
        10,
        lambda chance: fuzz_binary.broken_gguf(chance, fuzz_models.TOKENIZERS),
        fuzz_feeds.feed_tokenizer,
    ),
    Target(
        "weight-image manifest",
        40,
        lambda chance: fuzz_text.json_text(chance, [fuzz_models.MANIFEST]),
        fuzz_feeds.feed_manifest,
        partial(_cut_texts, (fuzz_models.MANIFEST,)),
    ),
    Target(
        "Liberty",
        50,
        lambda chance: fuzz_text.mutated_bytes(
            chance, chance.choice(fuzz_seeds.LIBERTY), fuzz_seeds.LIBERTY
        ),
        fuzz_feeds.feed_liberty,
    ),
)
"""Every parser; the shares add up to 1000."""
