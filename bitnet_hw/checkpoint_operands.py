"""What a language model multiplies while it reads a text, as operands to measure gates with."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bitnet_hw.errors import ConfigError
from bitnet_hw.gates.operands import Operands
from bitnet_hw.language_model import load_language_model

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["checkpoint_operands"]


def checkpoint_operands(path: Path, prompt: str) -> Operands:
    """Return weights and activations of one ternary layer: of the largest ones the middle one.

    Parameters
    ----------
    path : Path
        A checkpoint, as `bitnet_hw.language_model.load_language_model` takes it.
    prompt : str
        What the model reads; what is beyond its context is left out.

    Raises
    ------
    ConfigError
        If the checkpoint is wrong, or the prompt has no token that the model knows.
    ToolMissing
        If transformers is not installed.
    """
    model = load_language_model(path)
    tokens = model.codec.encode(prompt)[: model.context]
    if not tokens or max(tokens) >= model.vocabulary:
        raise ConfigError(
            f"--prompt must hold tokens of {path} (0 to {model.vocabulary - 1}), not "
            f"{max(tokens) if tokens else 'none'}"
        )
    import torch

    from golden.matmul import ternary_matmul

    calls: list[tuple[Tensor, Tensor]] = []

    def record(q: "Tensor", ternary: "Tensor") -> "Tensor":
        calls.append((q, ternary))
        return ternary_matmul(q, ternary)

    model.set_matmul(record)
    with torch.no_grad():
        model.network(torch.tensor([tokens]))
    largest = max(ternary.numel() for _, ternary in calls)
    chosen = [call for call in calls if call[1].numel() == largest]
    q, ternary = chosen[len(chosen) // 2]
    n, k = ternary.shape
    return Operands(
        name="checkpoint",
        source=f"a {n} x {k} layer of {path.name} on a text of {len(tokens)} tokens",
        weights=ternary.numpy().astype(np.int8),
        activations=q.reshape(-1, k).numpy().astype(np.int8),
    )
