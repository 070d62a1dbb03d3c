"""The shape of a language model, and what it takes to store it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from bitnet_hw.presets import is_path, load_block, preset_names
from bitnet_hw.schema import Block, Count

__all__ = ["FP16_BYTES", "Model", "Projection", "load_model"]

FP16_BYTES = 2

_CHECKPOINT_SUFFIXES = (".json", ".safetensors", ".gguf")


@dataclass(frozen=True)
class Projection:
    """A BitLinear layer: `k` inputs, `n` outputs."""

    name: str
    k: int
    n: int


class Model(Block):
    """A decoder-only transformer of the LLaMA family whose linear layers are BitLinear.

    Parameters
    ----------
    name, title, source, status : str
        Name of the preset, the model, where its shape was published, and what of it was not.
    hidden, layers, heads, kv_heads, head_dim, ffn, vocab, context : int
        Sizes; `context` is the longest sequence in tokens.
    tied_embeddings : bool
        The lm_head is the embedding table.
    activation : str
        ``"silu"`` or ``"relu2"`` (the square of ReLU).
    gated : bool
        The feed-forward block has a gate projection.
    sub_norms : bool
        RMSNorm in front of the output projection and of the down projection.
    """

    name: str = "inline"
    title: str = ""
    source: str = "not stated"
    status: str = "not stated"
    hidden: Count
    layers: Count
    heads: Count
    kv_heads: Count
    head_dim: Count
    ffn: Count
    vocab: Count
    context: Count
    tied_embeddings: bool
    activation: Literal["silu", "relu2"]
    gated: bool = True
    sub_norms: bool

    @model_validator(mode="after")
    def _heads_share_evenly(self) -> Self:
        if self.heads % self.kv_heads:
            raise ValueError(
                f"a model whose heads ({self.heads}) are a multiple of kv_heads ({self.kv_heads})"
            )
        return self

    @property
    def q_dim(self) -> int:
        """Outputs of the query projection."""
        return self.heads * self.head_dim

    @property
    def kv_dim(self) -> int:
        """Outputs of the key projection, and of the value projection."""
        return self.kv_heads * self.head_dim

    @property
    def projection_groups(self) -> dict[str, tuple[Projection, ...]]:
        """The BitLinear layers of one transformer layer.

        Those of a group read the same input and can be queued together; each group needs the
        results of the one before.
        """
        gate = (Projection("gate_proj", self.hidden, self.ffn),) if self.gated else ()
        up = Projection("up_proj", self.hidden, self.ffn)
        return {
            "qkv_proj": (
                Projection("q_proj", self.hidden, self.q_dim),
                Projection("k_proj", self.hidden, self.kv_dim),
                Projection("v_proj", self.hidden, self.kv_dim),
            ),
            "o_proj": (Projection("o_proj", self.q_dim, self.hidden),),
            "gate_up_proj" if self.gated else "up_proj": (*gate, up),
            "down_proj": (Projection("down_proj", self.ffn, self.hidden),),
        }

    @property
    def projections(self) -> tuple[Projection, ...]:
        """The BitLinear layers of one transformer layer, in the order of their use."""
        return tuple(
            projection for group in self.projection_groups.values() for projection in group
        )

    @property
    def ternary_parameters(self) -> int:
        """Weights of all BitLinear layers."""
        return self.layers * sum(projection.k * projection.n for projection in self.projections)

    @property
    def embedding_parameters(self) -> int:
        """Entries of the embedding table."""
        return self.vocab * self.hidden

    @property
    def lm_head_parameters(self) -> int:
        """Weights of the lm_head beyond the embedding table: none if they are tied."""
        return 0 if self.tied_embeddings else self.embedding_parameters

    @property
    def norm_parameters(self) -> int:
        """Weights of all RMSNorms."""
        per_layer = 2 * self.hidden + (self.q_dim + self.ffn if self.sub_norms else 0)
        return self.layers * per_layer + self.hidden

    @property
    def parameters(self) -> int:
        """All weights."""
        return (
            self.ternary_parameters
            + self.embedding_parameters
            + self.lm_head_parameters
            + self.norm_parameters
        )

    def kv_cache_bytes(self, tokens: int, bits: int = 8 * FP16_BYTES) -> int:
        """Return the size of keys and values of `tokens` tokens, `bits` each, over all layers."""
        return -(-self.layers * 2 * self.kv_dim * bits * tokens // 8)


def load_model(reference: str) -> Model:
    """Return the model of a preset's name, of a file of ours, or of a checkpoint.

    Parameters
    ----------
    reference : str
        A name, a ``.yaml`` file, or a checkpoint: a folder with ``config.json``, that file, a
        ``.safetensors`` file beside it, or a ``.gguf`` file.

    Raises
    ------
    ConfigError
        If there is no such preset (the nearest name is suggested), or the file is wrong.
    """
    path = Path(reference)
    preset = not is_path(reference) and reference in preset_names("models")
    if path.suffix in _CHECKPOINT_SUFFIXES or (path.is_dir() and not preset):
        # Imported here: its readers import this module.
        from bitnet_hw.checkpoint.shape import read_shape

        return read_shape(path)
    return load_block(Model, "models", reference, where=lambda keys: "")
