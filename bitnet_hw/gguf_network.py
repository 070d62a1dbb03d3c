"""A GGUF file as a network of transformers, without its ternary weights ever being floats.

The network is made empty from its configuration. Ternary layers are the golden model's, with the
matrices that `bitnet_hw.checkpoint` reads; everything else is loaded in fp32.
"""

from typing import TYPE_CHECKING, Any

from bitnet_hw.checkpoint.errors import CheckpointError
from bitnet_hw.checkpoint.gguf_floats import read_gguf_floats
from bitnet_hw.checkpoint.reader import Checkpoint
from bitnet_hw.checkpoint.ternary import TernaryMatrix, TernaryTensor
from bitnet_hw.gguf_config import gguf_config
from bitnet_hw.key_path import show

if TYPE_CHECKING:
    from numpy import int8
    from numpy.typing import NDArray

__all__ = ["gguf_network", "unpaired_rows"]

_HEAD = "lm_head.weight"
_PLACES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": _HEAD,
}
_LAYER_PLACES = {
    "attn_norm.weight": "input_layernorm.weight",
    "attn_sub_norm.weight": "self_attn.attn_sub_norm.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_sub_norm.weight": "mlp.ffn_sub_norm.weight",
}
_ATTENTION = ("q", "k", "v", "o")
_ROTATED = ("q", "k")


def gguf_network(checkpoint: Checkpoint) -> Any:
    """Return the model in a GGUF file as a causal language model of transformers.

    Parameters
    ----------
    checkpoint : Checkpoint
        An opened GGUF file.

    Returns
    -------
    PreTrainedModel
        BitNetForCausalLM or LlamaForCausalLM, fp32, in evaluation mode.

    Raises
    ------
    CheckpointError
        If a tensor is missing, has another shape or type, is damaged, or has no place.
    """
    import torch
    from transformers import BitNetForCausalLM, LlamaForCausalLM

    config = gguf_config(checkpoint)
    kind: Any = LlamaForCausalLM if config.model_type == "llama" else BitNetForCausalLM
    with torch.device("meta"):
        network = kind(config)
    _place_ternary(checkpoint, network)
    _place_floats(checkpoint, network)
    # Its frequencies follow from the configuration; those made above have no values.
    network.model.rotary_emb = type(network.model.rotary_emb)(config)
    return network.eval()


def unpaired_rows(ternary: "NDArray[int8]", heads: int) -> "NDArray[int8]":
    """Return the rows of q or k in the order in which transformers has them.

    llama.cpp rotates neighbours, transformers the two halves of a head: its converter interleaves
    the halves for the architecture ``llama``, and for no other that is read here.

    Parameters
    ----------
    ternary : array
        [n, k]; row 2 i + h of a head is its row h d / 2 + i, for h = 0 and 1 and d rows.
    heads : int
        Heads among the n rows.
    """
    n, k = ternary.shape
    return ternary.reshape(heads, n // heads // 2, 2, k).swapaxes(1, 2).reshape(n, k)


def _place_ternary(checkpoint: Checkpoint, network: Any) -> None:
    from golden.bitlinear import FrozenBitLinear

    for tensor in checkpoint.tensors:
        block = "self_attn" if tensor.role in _ATTENTION else "mlp"
        place = f"model.layers.{tensor.layer}.{block}.{tensor.role}_proj"
        network.set_submodule(place, FrozenBitLinear(_matrix(checkpoint, tensor).to_torch()))


def _matrix(checkpoint: Checkpoint, tensor: TernaryTensor) -> TernaryMatrix:
    matrix, model = tensor.matrix(), checkpoint.model
    if not checkpoint.rotary_pairs or tensor.role not in _ROTATED:
        return matrix
    if model.head_dim % 2:
        raise CheckpointError(
            f"{checkpoint.path}: Heads must have an even number of rows, not {model.head_dim}"
        )
    heads = model.heads if tensor.role == "q" else model.kv_heads
    return TernaryMatrix(unpaired_rows(matrix.ternary, heads), matrix.inverse_mean)


def _place_floats(checkpoint: Checkpoint, network: Any) -> None:
    import torch

    path, places = checkpoint.path, _float_places(checkpoint)
    empty = dict(network.named_parameters())
    for name, place in places.items():
        stored = checkpoint.others.get(name)
        if place not in empty:
            continue
        if stored is None:
            raise CheckpointError(
                f"{path} must have the tensor {name!r}, which {type(network).__name__} needs"
            )
        shape = tuple(empty[place].shape)
        if stored.shape != shape:
            raise CheckpointError(
                f"{path}: {name!r} must have the shape {list(shape)}, as the metadata says, "
                f"not {list(stored.shape)}"
            )
        values = torch.from_numpy(read_gguf_floats(stored))
        owner, _, attribute = place.rpartition(".")
        weight = torch.nn.Parameter(values, requires_grad=False)
        setattr(network.get_submodule(owner), attribute, weight)
    for name in checkpoint.others:
        if places.get(name) not in empty:
            raise CheckpointError(
                f"{path} must hold the weights of {type(network).__name__} only, "
                f"not {show(name)} as well"
            )
    if checkpoint.model.tied_embeddings:
        network.lm_head.weight = network.model.embed_tokens.weight


def _float_places(checkpoint: Checkpoint) -> dict[str, str]:
    """Return the places of what is not ternary in a network, by the names in the file."""
    return _PLACES | {
        f"blk.{layer}.{name}": f"model.layers.{layer}.{place}"
        for layer in range(checkpoint.model.layers)
        for name, place in _LAYER_PLACES.items()
    }
