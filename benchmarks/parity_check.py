"""Compares tiny checkpoints with transformers: logits with a KV cache, and ternary matrices."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.parity_cases import VOCABULARY, Case, exact_copy, fused_copy
from bitnet_hw.checkpoint.reader import Checkpoint, open_checkpoint
from bitnet_hw.language_model import load_language_model
from golden.bitlinear import Matmul
from golden.matmul import ternary_matmul
from sim.rtl_bitlinear import RtlBitLinear

__all__ = ["LAYER_TOLERANCE", "Parity", "compare_matrices", "load_with_transformers", "run_cases"]

PROMPTS = torch.arange(14).reshape(2, 7) * 3 % VOCABULARY
DECODE_STEPS = 4
LAYER_TOLERANCE = 1e-5
"""Of AutoBitLinear: rounding of K additions in fp32, over the root mean square of the outputs."""


@dataclass
class Parity:
    """What comparing one checkpoint, or several, showed.

    Attributes
    ----------
    checkpoints : int
        Folders that were loaded; a fused one counts too.
    matrices, matrices_different : int
        Ternary matrices with their scales.
    logits, logits_different : int
        Multiplying with the golden model.
    rtl_logits, rtl_logits_different : int
        Multiplying in the Verilog.
    layer_error, model_error : float
        Distance of AutoBitLinear from the exact outputs of a layer, and from the exact logits.
    """

    checkpoints: int = 0
    matrices: int = 0
    matrices_different: int = 0
    logits: int = 0
    logits_different: int = 0
    rtl_logits: int = 0
    rtl_logits_different: int = 0
    layer_error: float = 0.0
    model_error: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing differs that has to be equal."""
        different = self.matrices_different + self.logits_different + self.rtl_logits_different
        return not different and self.layer_error <= LAYER_TOLERANCE

    def add(self, other: "Parity") -> None:
        """Count another comparison in."""
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            both = max(mine, theirs) if field.name.endswith("_error") else mine + theirs
            setattr(self, field.name, both)


def compare(case: Case, folder: Path, matmul: Matmul) -> Parity:
    """Write a checkpoint into an empty folder, load it both ways and compare everything."""
    checkpoint = case.checkpoint()
    stored = checkpoint.write(folder / "stored", sharded=case.sharded)
    theirs = load_with_transformers(stored)
    result = Parity(checkpoints=1)
    with torch.no_grad():
        expected = logits(theirs)
        if case.packing != "bitlinear":
            result.layer_error = layer_error(theirs)
            floating = expected
            exact = exact_copy(checkpoint).write(folder / "exact", sharded=case.sharded)
            expected = logits(load_with_transformers(exact))
            result.model_error = error(floating, expected)
        ours = load_language_model(stored)
        actual = logits(ours.network)
        ours.set_matmul(matmul)
        simulated = logits(ours.network)
    result.logits = result.rtl_logits = expected.numel()
    result.logits_different = int((actual != expected).sum())
    result.rtl_logits_different = int((simulated != expected).sum())
    compare_matrices(open_checkpoint(stored), theirs, result)
    if case.packing != "autobitlinear online":
        fused = fused_copy(checkpoint).write(folder / "fused", sharded=case.sharded)
        result.checkpoints += 1
        compare_matrices(open_checkpoint(fused), theirs, result)
    return result


def load_with_transformers(folder: Path) -> nn.Module:
    """Load a checkpoint with nothing of ours, and make sure that nothing was made up."""
    from transformers import AutoModelForCausalLM

    load: Any = AutoModelForCausalLM.from_pretrained
    network, info = load(
        folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
    )
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[kind]:
            raise ValueError(f"{folder}: {kind} must be empty, not {info[kind]}")
    # Of a checkpoint with packed weights for AutoBitLinear, transformers 5 leaves all that is not
    # packed in the type of the file, whatever type it is asked for.
    widened: nn.Module = network.to(torch.float32).eval()
    return widened


def logits(network: nn.Module) -> Tensor:
    """Return the logits of the prompts, then of the decode steps; [prompts, tokens, vocabulary]."""
    output = network(PROMPTS, use_cache=True)
    steps = [output.logits]
    for step in range(DECODE_STEPS):
        tokens = torch.tensor([[step], [2 * step + 1]])
        output = network(tokens, past_key_values=output.past_key_values, use_cache=True)
        steps.append(output.logits)
    return torch.cat(steps, 1)


def error(values: Tensor, exact: Tensor) -> float:
    """Return the largest difference over the root mean square of a token's exact values."""
    rms = exact.square().mean(-1, keepdim=True).sqrt()
    return float(((values - exact).abs() / rms).max())


def layer_error(network: nn.Module) -> float:
    """Return the largest error of an AutoBitLinear layer on the inputs that it has in the model."""
    errors = []

    def check(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        exact = RtlBitLinear.of(layer, ternary_matmul)
        assert exact is not None
        errors.append(error(output, exact(*inputs)))

    hooks = [layer.register_forward_hook(check) for _, layer in ternary_layers(network)]
    logits(network)
    for hook in hooks:
        hook.remove()
    return max(errors)


def ternary_layers(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield transformers' ternary layers by name, in the order in which a token passes them."""
    for name, layer in network.named_modules():
        if name.endswith("_proj"):
            yield name, layer


def compare_matrices(checkpoint: Checkpoint, network: nn.Module, result: Parity) -> None:
    """Compare what our reader finds in the files with what transformers has unpacked."""
    for tensor, (_, layer) in zip(checkpoint.tensors, ternary_layers(network), strict=True):
        matrix = tensor.matrix()
        ternary, inverse = unpacked(layer)
        equal = torch.equal(torch.from_numpy(matrix.ternary).to(torch.float32), ternary)
        result.matrices += 1
        result.matrices_different += not (equal and float(matrix.inverse_mean) == float(inverse))


def unpacked(layer: Any) -> tuple[Tensor, Tensor]:
    """Return the ternary weights of transformers' layer, and by what its outputs are divided."""
    from transformers.integrations.bitnet import AutoBitLinear, WeightQuant, unpack_weights

    weight = layer.weight.detach()
    if not isinstance(layer, AutoBitLinear):
        return unpack_weights(weight, torch.float32), layer.weight_scale
    if not layer.online_quant:
        return weight, layer.weight_scale.reciprocal()
    quantise: Any = WeightQuant.apply
    return quantise(weight).sign(), weight.abs().mean().clamp(min=1e-5).reciprocal()


@contextmanager
def eager(wanted: bool) -> Iterator[None]:
    """Run transformers' layers without compiling them first, which takes seconds a shape."""
    with torch.compiler.set_stance("force_eager") if wanted else nullcontext():
        yield


def run_cases(
    cases: Iterable[Case],
    matmul: Matmul,
    *,
    compiled: bool = False,
    done: Callable[[int], None] = lambda _: None,
) -> dict[Case, Parity]:
    """Compare all cases."""
    results: dict[Case, Parity] = {}
    with eager(not compiled):
        for case in cases:
            with tempfile.TemporaryDirectory() as folder:
                results[case] = compare(case, Path(folder), matmul)
            done(len(results))
    return results
