"""How a swept value is called in tables, legends and names."""

import json

from bitnet_hw.quantity import format_number

__all__ = ["choice_text"]


def choice_text(value: object) -> str:
    """Return a swept value as a person reads it.

    A row has a block of keys as JSON: ``{"base": "hbm3-stack", "efficiency": 0.6}`` is called
    ``hbm3-stack, efficiency 0.6``.
    """
    if not isinstance(value, str) or not value.startswith("{"):
        return format_number(value)
    try:
        block = json.loads(value)
    except ValueError:
        return value
    base = block.pop("base", None)
    parts = [f"{key.replace('_', ' ')} {_inner(inner)}" for key, inner in block.items()]
    return ", ".join([*([str(base)] if base is not None else []), *parts])


def _inner(value: object) -> str:
    """Return a value of a block; of a figure with a range, its nominal value."""
    if isinstance(value, dict):
        return format_number(value.get("nominal")) if "nominal" in value else json.dumps(value)
    return format_number(value)
