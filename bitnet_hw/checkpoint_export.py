"""Write a ternary language model as a checkpoint that transformers loads."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitnet_hw.atomic_files import prepare_folder, write_files
from bitnet_hw.output import json_text

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

__all__ = ["export_checkpoint", "pack_quarters"]


def export_checkpoint(
    model: "PreTrainedModel", folder: Path, *, extra: dict[str, Any] | None = None
) -> list[Path]:
    """Write ``config.json`` and ``model.safetensors`` of a model with frozen ternary layers.

    Ternary weights are packed as ``BitLinear`` of transformers 5 has them: four quarters of the
    rows in one byte, and the scale that outputs are divided by. Everything else is fp32, so that
    ``AutoModelForCausalLM.from_pretrained(folder)`` computes the same logits bit for bit.

    Parameters
    ----------
    model : PreTrainedModel
        A causal language model whose ternary layers are `golden.bitlinear.FrozenBitLinear`, without
        bias.
    folder : Path
        Made if need be; both files appear whole or not at all.
    extra : dict, optional
        Further keys of ``config.json``.

    Raises
    ------
    ValueError
        If a ternary layer has a bias, or outputs that are not a multiple of 4.
    BitnetHwError
        If the folder cannot be written.
    """
    from safetensors.torch import save

    tensors = _tensors(model)
    prepare_folder(folder)
    # Keys that the format needs come last: nothing in `extra` may contradict the weights.
    config = model.config.to_dict() | (extra or {}) | _config_keys(model)
    contents = {
        "config.json": json_text(config).encode(),
        "model.safetensors": save(tensors, metadata={"format": "pt"}),
    }
    return write_files(folder, contents)


def pack_quarters(ternary: "Tensor") -> "Tensor":
    """Pack -1, 0 and +1 in two bits each, four quarters of the rows in one byte.

    Byte [p, k] holds the weights of rows p, p + N/4, p + N/2 and p + 3N/4, plus one, the first in
    the lowest bits: ``pack_weights`` of transformers 5, which changes its argument.

    Parameters
    ----------
    ternary : Tensor
        int8, [N, K], N a multiple of 4.

    Returns
    -------
    Tensor
        uint8, [N / 4, K].

    Raises
    ------
    ValueError
        If N is not a multiple of 4.
    """
    import torch

    rows = len(ternary)
    if rows % 4:
        raise ValueError(f"The outputs of a packed layer must be a multiple of 4, not {rows}")
    first, second, third, fourth = torch.chunk((ternary + 1).to(torch.uint8), 4)
    return first | second << 2 | third << 4 | fourth << 6


def _config_keys(model: "PreTrainedModel") -> dict[str, Any]:
    return {
        "architectures": [type(model).__name__],
        "dtype": "float32",
        "quantization_config": {
            "quant_method": "bitnet",
            "linear_class": "bitlinear",
            "quantization_mode": "offline",
        },
    }


def _tensors(model: "PreTrainedModel") -> "dict[str, Tensor]":
    from golden.network import ternary_layers

    layers = dict(ternary_layers(model))
    tensors: dict[str, Tensor] = {}
    for name, layer in layers.items():
        if layer.bias is not None:
            raise ValueError(f"Layer {name} must have no bias")
        tensors[f"{name}.weight"] = pack_quarters(layer.ternary)
        tensors[f"{name}.weight_scale"] = layer.inverse_mean.reshape(1).clone()
    parts = tuple(f"{name}." for name in layers)
    tied = model.config.tie_word_embeddings
    for name, value in model.state_dict().items():
        if name.startswith(parts) or (tied and name == "lm_head.weight"):
            continue
        tensors[name] = value.detach().contiguous()
    return tensors
