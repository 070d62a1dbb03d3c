"""Figures that a formula gives from a model's shapes: keys of a file of published figures."""

from typing import Any, Literal

from pydantic import Field

from bitnet_hw.model import Model
from bitnet_hw.presets import load_block
from bitnet_hw.reproduce.rules import (
    FIGURE_TOKENS,
    arithmetic_ratio,
    matmul_energy_j,
    matmul_energy_ratio,
)
from bitnet_hw.schema import Block, Count, Figure
from bitnet_hw.system_capacity import stored_weight_bytes
from bitnet_hw.technology import Technology

__all__ = [
    "ArithmeticRatio",
    "MatmulEnergy",
    "Memory",
    "MemoryRatio",
    "ModelReference",
    "load_shape",
]

ModelReference = str | dict[str, Any]
"""Name of a model, or its shape."""


def load_shape(reference: ModelReference) -> Model:
    """Return a model by its name or from the shape that a file of figures holds."""
    return load_block(Model, "models", reference, where=lambda _: "model", keys=("model",))


def _technology(reference: str) -> Technology:
    return load_block(Technology, "technologies", reference, where=lambda _: "technology")


class ArithmeticRatio(Block):
    """Energy of an FP16 multiply-add over that of an 8-bit addition."""

    technology: str = "jouppi7"

    def value(self) -> float:
        """Return the ratio."""
        return arithmetic_ratio(_technology(self.technology))


class MatmulEnergy(Block):
    """Arithmetic energy of a sequence, in J, or its ratio.

    Parameters
    ----------
    model : str or mapping
        Shapes.
    weights : str
        ``"ternary"``, ``"fp16"``, or ``"ratio"``: FP16 over ternary.
    tokens : int
        Length of the sequence.
    technology : str
        Energies of operations.
    """

    model: ModelReference
    weights: Literal["ternary", "fp16", "ratio"]
    tokens: Count = FIGURE_TOKENS
    technology: str = "jouppi7"

    def value(self) -> float:
        """Return the energy or the ratio."""
        model, technology = load_shape(self.model), _technology(self.technology)
        if self.weights == "ratio":
            return matmul_energy_ratio(model, technology, self.tokens)
        ternary = self.weights == "ternary"
        return matmul_energy_j(model, technology, ternary=ternary, tokens=self.tokens)


class Memory(Block):
    """Memory that a model takes, in 10^9 bytes.

    Parameters
    ----------
    model : str or mapping
        Shapes.
    bits : Figure
        Bits of a weight of the linear layers; embedding, lm_head and norms are FP16.
    embeddings : bool
        Whether embedding and lm_head are counted.
    cached_tokens : int
        Tokens whose keys and values are stored, in FP16.
    runtime_gb : Figure
        What the software allocates besides.
    """

    model: ModelReference
    bits: Figure
    embeddings: bool = True
    cached_tokens: int = Field(default=0, ge=0)
    runtime_gb: Figure = Figure(nominal=0, source="nothing where it is not stated")

    def value(self) -> float:
        """Return the memory."""
        model = load_shape(self.model)
        total = stored_weight_bytes(model, self.bits.nominal)
        if not self.embeddings:
            total -= 2.0 * (model.embedding_parameters + model.lm_head_parameters)
        total += model.layers * 2 * model.kv_dim * 2 * self.cached_tokens
        return total / 1e9 + self.runtime_gb.nominal


class MemoryRatio(Block):
    """Ratio of two memories."""

    of: Memory
    to: Memory

    def value(self) -> float:
        """Return the ratio."""
        return self.of.value() / self.to.value()
