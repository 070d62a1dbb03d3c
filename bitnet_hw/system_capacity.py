"""How much of a model fits into a machine's memory."""

import math

from bitnet_hw.errors import ConfigError
from bitnet_hw.model import FP16_BYTES, Model
from bitnet_hw.system import System

__all__ = ["most_sequences", "stored_weight_bytes"]


def stored_weight_bytes(model: Model, bits: float) -> float:
    """Return the bytes of all weights: `bits` for each of the linear layers, FP16 for the rest."""
    rest = model.parameters - model.ternary_parameters
    return model.ternary_parameters * bits / 8 + rest * FP16_BYTES


def most_sequences(
    system: System,
    model: Model,
    *,
    tokens: int,
    weights: str = "ternary",
    kv_bits: float = 16,
    kv_heads: int | None = None,
) -> int:
    """Return the sequences of `tokens` tokens whose KV cache fits beside the weights.

    Nothing is set aside for activations or for the software itself.

    Parameters
    ----------
    system : System
        The machine; all its devices together hold one copy of the model.
    model : Model
        Shapes.
    tokens : int
        Length of each sequence.
    weights : str
        Format of the linear layers.
    kv_bits, kv_heads : optional
        Width of a cached number, and heads that are cached, if not the model's.

    Raises
    ------
    ConfigError
        If the system states no capacity, or does not run such weights.
    """
    capacity = system.memory.capacity_gb
    if capacity is None:
        raise ConfigError(f"system {system.name}: memory.capacity_gb must be given")
    route = system.operators.route("linear", weights)
    if route is None:
        raise ConfigError(f"system {system.name}: operators.linear.{weights} must be given")
    kv_dim = model.kv_dim if kv_heads is None else kv_heads * model.head_dim
    sequence = model.layers * 2 * kv_dim * kv_bits / 8 * tokens
    room = system.devices * capacity.nominal * 1e9
    room -= stored_weight_bytes(model, route.bits.nominal)
    return max(0, math.floor(room / sequence))
