"""A checkpoint folder as a network of transformers with the golden model's ternary layers."""

from pathlib import Path
from typing import Any

from bitnet_hw.errors import ConfigError

__all__ = ["hf_network"]


def hf_network(folder: Path) -> Any:
    """Return the model in a folder as a causal language model of transformers.

    Returns
    -------
    PreTrainedModel
        fp32, in evaluation mode.

    Raises
    ------
    ConfigError
        If a file is missing, damaged, or does not fit the others, or no layer is ternary.
    """
    network = _load(folder)
    _replace_layers(folder, network)
    return network


def _load(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    load: Any = AutoModelForCausalLM.from_pretrained
    try:
        network, info = load(
            folder,
            dtype=torch.float32,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"Checkpoint {folder} must be one that transformers can load: {_first_line(error)}"
        ) from error
    # transformers fills what a file lacks with random numbers, and skips what it does not know.
    for key, complaint in (
        ("missing_keys", "lacks"),
        ("mismatched_keys", "has another shape of"),
        ("unexpected_keys", "holds also"),
    ):
        names = sorted(str(name) for name in info[key])
        if names:
            more = f" and {len(names) - 1} more" if names[1:] else ""
            raise ConfigError(
                f"Checkpoint {folder} must hold the weights of {type(network).__name__}, "
                f"but it {complaint} {names[0]}{more}"
            )
    for name, weight in network.named_parameters():
        if not torch.isfinite(weight).all():
            raise ConfigError(f"Checkpoint {folder} must hold finite weights, but {name} does not")
    # transformers 5.23 leaves embeddings and norms of a packed AutoBitLinear checkpoint as they are
    # stored, whatever `dtype` says; its `float()` refuses quantized models.
    return network.to(torch.float32).eval()


def _replace_layers(folder: Path, network: Any) -> None:
    """Put the golden model's layers in the place of transformers'."""
    from golden.matmul import ternary_matmul
    from sim.rtl_bitlinear import replace_bitlinear

    try:
        count = replace_bitlinear(network, ternary_matmul)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"Checkpoint {folder} must be a BitNet model: {error}") from error
    if count == 0:
        raise ConfigError(
            f"{folder}/config.json: quantization_config must be given, with quant_method bitnet: "
            "without it no layer is ternary"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
