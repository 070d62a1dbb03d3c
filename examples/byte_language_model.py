"""Train a small BitNet language model, and the same model in fp32, on Python's own sources.

Every machine that runs this has the text: the standard library. The tokens are bytes. Both models
have transformers' BitNet architecture, the same initial weights, and see the same bytes in the same
order; one has fp32 linear layers, the other ternary ones, trained by straight-through estimation.
The ternary one is written as a checkpoint that transformers loads, and that runs in the hardware:

    python examples/byte_language_model.py -o out/byte-model
    bitnet-hw infer out/byte-model --prompt "    def __init__(" --tokens 200 --temperature 0.7
"""

import argparse
import hashlib
import json
import lzma
import sys
import sysconfig
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BitNetConfig, BitNetForCausalLM

from bitnet_hw.atomic_files import prepare_folder
from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.cli import run_guarded
from bitnet_hw.generation import generate
from bitnet_hw.text_codec import BYTES_MARKER, ByteCodec
from golden.language_model import BYTES, LanguagePlan, bits_per_byte, train_language_model
from golden.network import freeze
from golden.ternarize import ternarize
from golden.threads import one_thread

KINDS = ("fp32", "ternary")
PROMPT = "    def __init__("
TEMPERATURE = 0.7

# Tests and tables are unlike what people write.
_SKIPPED = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "encodings"}
_VALIDATION_SHARE = 16
_VALIDATION_BYTES = 1 << 18


@dataclass(frozen=True, eq=False)
class Corpus:
    """Text for training and for validation, from different files; uint8, [bytes]."""

    files: int
    training: Tensor
    validation: Tensor


@dataclass(frozen=True)
class Shape:
    """Shape of the model: a few hundred thousand weights."""

    hidden: int = 128
    layers: int = 3
    ffn: int = 384
    head_dim: int = 32
    positions: int = 256

    def build(self, seed: int) -> BitNetForCausalLM:
        """Return a model with random weights; half as many heads for keys as for queries."""
        heads = self.hidden // self.head_dim
        config = BitNetConfig(
            vocab_size=BYTES,
            hidden_size=self.hidden,
            intermediate_size=self.ffn,
            num_hidden_layers=self.layers,
            num_attention_heads=heads,
            num_key_value_heads=max(1, heads // 2),
            max_position_embeddings=self.positions,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
            bos_token_id=None,
            eos_token_id=None,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return BitNetForCausalLM(config)


def standard_library(folder: Path | None = None) -> Corpus:
    """Read the standard library; which files are for validation depends on their names only."""
    folder = folder or Path(sysconfig.get_paths()["stdlib"])
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if not _SKIPPED.intersection(path.relative_to(folder).parts)
    )
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    for name in names:
        kept = hashlib.sha256(name.encode()).digest()[0] % _VALIDATION_SHARE == 0
        parts[kept].append((folder / name).read_bytes())
    training, validation = (b"".join(part) for part in parts)
    return Corpus(len(names), _tensor(training), _tensor(validation[:_VALIDATION_BYTES]))


def logits_of(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return a function from tokens to logits."""
    return lambda tokens: model(input_ids=tokens, use_cache=False).logits


def build(kind: str, shape: Shape, seed: int) -> BitNetForCausalLM:
    """Return an untrained model with fp32 or ternary layers; embedding and head are fp32 in both.

    transformers draws the weights from PyTorch's global generator: not for several threads.
    """
    model = shape.build(seed)
    if kind == "ternary":
        ternarize(model, keep=("lm_head",))
    return model


def compressed_bits_per_byte(text: Tensor) -> dict[str, float]:
    """Return what general compressors make of the whole text."""
    data = text.numpy().tobytes()
    sizes = {"zlib": len(zlib.compress(data, 9)), "lzma": len(lzma.compress(data, preset=9))}
    return {name: 8 * size / len(data) for name, size in sizes.items()}


def continuation(model: BitNetForCausalLM, prompt: str, tokens: int) -> str:
    """Return what a model makes of a prompt, as ``bitnet-hw infer`` does with these settings."""
    encoded = ByteCodec().encode(prompt)
    drawn = generate(model, encoded, tokens, temperature=TEMPERATURE, seed=0)
    return bytes(drawn).decode("utf-8", "replace")


def _tensor(data: bytes) -> Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


class _Interrupted(Exception):
    """The other thread should not go on."""


def train_all(
    models: Mapping[str, BitNetForCausalLM], corpus: Corpus, plan: LanguagePlan, seed: int
) -> dict[str, float]:
    """Train models in place, each in a thread of its own; return the CPU seconds that they took."""
    stopped = threading.Event()
    seconds: dict[str, float] = {}

    def work(kind: str) -> None:
        started = time.thread_time()

        def report(step: int, loss: float) -> None:
            if stopped.is_set():
                raise _Interrupted
            if step % max(1, plan.steps // 20) == 0:
                print(
                    f"{kind:>7}: step {step} of {plan.steps}, {loss:.2f} bits per byte, "
                    f"{time.thread_time() - started:.0f} s",
                    file=sys.stderr,
                )

        model = models[kind]
        train_language_model(
            model, logits_of(model), corpus.training, plan, seed=seed, progress=report
        )
        seconds[kind] = time.thread_time() - started

    with ThreadPoolExecutor(len(models)) as pool:
        futures = [pool.submit(work, kind) for kind in models]
        try:
            for future in futures:
                future.result()
        finally:
            stopped.set()
    return seconds


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Train, measure and write the checkpoint; return the figures."""
    prepare_folder(options.output)
    corpus = standard_library()
    plan = LanguagePlan(steps=options.steps)
    models = {kind: build(kind, Shape(), options.seed) for kind in KINDS}
    print(
        f"{corpus.files} files: {len(corpus.training):,} bytes for training, "
        f"{len(corpus.validation):,} for validation",
        file=sys.stderr,
    )
    started = time.monotonic()
    cpu_seconds = train_all(models, corpus, plan, options.seed)
    seconds = time.monotonic() - started
    models["ternary"] = freeze(models["ternary"])
    figures: dict[str, Any] = {
        "parameters": models["fp32"].num_parameters(),
        "training_bytes": len(corpus.training),
        "validation_bytes": len(corpus.validation),
        "bytes_seen": plan.steps * plan.batch_size * plan.context,
        "context": plan.context,
        "training_seconds": seconds,
        "training_cpu_seconds": cpu_seconds,
        "bits_per_byte": {
            kind: bits_per_byte(logits_of(model), corpus.validation, context=plan.context)
            for kind, model in models.items()
        }
        | compressed_bits_per_byte(corpus.validation),
        "sample": PROMPT + continuation(models["ternary"], PROMPT, 200),
    }
    export_checkpoint(models["ternary"], options.output, extra=BYTES_MARKER)
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("out/byte-model"), metavar="DIR")
    parser.add_argument("--steps", type=_positive, default=LanguagePlan().steps)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    # Two models train at once, each in a thread: layers this small gain nothing from more.
    with one_thread():
        return run_guarded(lambda: print(json.dumps(run(options), indent=2)))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a positive integer, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
