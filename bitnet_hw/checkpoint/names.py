"""Names of weights in checkpoints: which layer and which projection a tensor belongs to."""

import re
from dataclasses import dataclass

__all__ = ["ROLES", "WeightName", "gguf_name", "hf_name"]

ROLES = ("q", "k", "v", "o", "gate", "up", "down")
"""Projections of a layer in the order in which a token passes them."""

_FUSED = {"qkv": ("q", "k", "v"), "gate_up": ("gate", "up")}

# 2B4T, Llama3-8B-1.58, Falcon3-1.58bit, Falcon-E and 1bitLLM share these names; the fused ones are
# those of Phi-like exports. Six digits are more layers than any file can hold.
_HF = re.compile(
    r"(?:model\.)?layers\.(\d{1,6})\."
    r"(?:self_attn\.(q|k|v|o|qkv)|mlp\.(gate|up|down|gate_up))_proj\.(weight|weight_scale|bias)"
)
_GGUF = re.compile(
    r"blk\.(\d{1,6})\."
    r"(?:attn_(q|k|v|output|qkv)|ffn_(gate|up|down))\.(weight|scale|bias)"
)


@dataclass(frozen=True)
class WeightName:
    """What the name of a tensor says.

    Parameters
    ----------
    layer : int
        From 0.
    roles : tuple of str
        Of `ROLES`; several if the tensor stacks the rows of several projections.
    part : str
        ``"weight"``, ``"scale"`` or ``"bias"``.
    """

    layer: int
    roles: tuple[str, ...]
    part: str


def hf_name(name: str) -> WeightName | None:
    """Return what a name in a Hugging Face checkpoint says, or None if it is not a projection's."""
    match = _HF.fullmatch(name)
    if match is None:
        return None
    role, part = match[2] or match[3], match[4]
    return WeightName(int(match[1]), _FUSED.get(role, (role,)), part.removeprefix("weight_"))


def gguf_name(name: str) -> WeightName | None:
    """Return what a name in a GGUF file says, or None if it is not a projection's."""
    match = _GGUF.fullmatch(name)
    if match is None:
        return None
    role = {"output": "o"}.get(match[2], match[2]) if match[2] else match[3]
    return WeightName(int(match[1]), _FUSED.get(role, (role,)), match[4])
