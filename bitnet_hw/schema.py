"""Blocks of a configuration as pydantic models, and their errors as sentences."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, show, suggestion

__all__ = ["Block", "Count", "Figure", "Where", "parse_block", "unknown_key"]

Where = Callable[[KeyPath], str]
"""Tells in which file and line a key path stands."""

BlockT = TypeVar("BlockT", bound="Block")

Count = Annotated[int, Field(ge=1, le=1 << 24)]


class Block(BaseModel):
    """A block of keys: unknown keys are errors, types are not converted, values never change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Figure(Block):
    """A number from outside: its value, perhaps a range, and where it comes from.

    In a file it may be a plain number, whose source is then unstated.

    Parameters
    ----------
    nominal : float
        The value that estimates use.
    low, high : float, optional
        Range of the published values; both default to `nominal`.
    source : str
        Publication, specification or derivation.
    status : str
        ``"primary"``: read in the source itself. ``"secondary"``: read in a copy that cites it.
        ``"derived"``: computed from the source. ``"measured"``: by our own flow, of gates.
        ``"modelled"``: scaled from what was measured elsewhere. ``"assumption"``: chosen by us.
        ``"unverified"``: no copy with a citation was found.
    """

    nominal: float = Field(ge=0, allow_inf_nan=False)
    low: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    high: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    source: str = "not stated"
    status: Literal[
        "primary", "secondary", "derived", "measured", "modelled", "assumption", "unverified"
    ] = "unverified"

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        number = isinstance(value, int | float | str) and not isinstance(value, bool)
        return {"nominal": value} if number else value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.at("low") <= self.nominal <= self.at("high"):
            raise ValueError(f"between low ({self.at('low')}) and high ({self.at('high')})")
        return self

    def at(self, edge: str) -> float:
        """Return the value at an edge of the range: ``"low"``, ``"nominal"`` or ``"high"``."""
        value = {"low": self.low, "nominal": self.nominal, "high": self.high}[edge]
        return self.nominal if value is None else value


def parse_block(block: type[BlockT], data: object, *, where: Where, keys: KeyPath = ()) -> BlockT:
    """Return the block that `data` describes.

    Parameters
    ----------
    block : type
        The model of the block.
    data : object
        What the file holds in its place.
    where : callable
        Gives file and line of a key path, for messages.
    keys : tuple
        Key path of the block in the file.

    Raises
    ------
    ConfigError
        If a key is unknown or missing, or a value is not what the model asks for.
    """
    try:
        return block.model_validate(data)
    except ValidationError as error:
        # A key that is both unknown and missing is a misspelt one: the unknown comes first.
        errors = error.errors(include_url=False)
        first = next((item for item in errors if item["type"] == "extra_forbidden"), errors[0])
        inner = (*keys, *first["loc"])
        if first["type"] == "extra_forbidden":
            raise unknown_key(inner, _known_keys(block, first["loc"]), where) from None
        # A figure written as a plain number has no key "nominal" in the file.
        name = key_text(inner).removesuffix(".nominal") or "The file"
        raise ConfigError(f"{where(inner)}: {name} must be {_requirement(first)}") from None


def unknown_key(keys: KeyPath, known: list[str], where: Where) -> ConfigError:
    """Return the error for a key that a block does not have."""
    *parent, name = keys
    block = f"of {key_text(tuple(parent))}" if parent else "of the file"
    return ConfigError(
        f"{where(keys)}: {key_text(keys)} must be a known key {block}; "
        f"{suggestion(str(name), known)}"
    )


def _requirement(error: Any) -> str:
    """Return what pydantic asks for, as the end of a sentence that starts with "must be"."""
    context, value = error.get("ctx", {}), error["input"]
    if error["type"] == "missing":
        return "given"
    if error["type"] == "value_error" and isinstance(value, dict):
        return str(context["error"])
    requirement = {
        "int_type": "an integer",
        "float_type": "a number",
        "bool_type": "true or false",
        "string_type": "text",
        "list_type": "a list",
        "tuple_type": "a list",
        "dict_type": "a block of keys",
        "finite_number": "a finite number",
        "model_type": "a block of keys",
        "model_attributes_type": "a block of keys",
        "greater_than": f"above {context.get('gt')}",
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le')}",
        "literal_error": f"one of {context.get('expected')}".replace("'", ""),
        "too_short": f"a list of at least {context.get('min_length')}",
        "value_error": str(context.get("error")),
    }.get(error["type"], error["msg"])
    return f"{requirement}, not {show(value)}{_hint(value)}"


def _hint(value: object) -> str:
    """Tell how to write a number that YAML takes for text."""
    if isinstance(value, str) and len(value) < 20:
        with suppress(ValueError):
            number = float(value.replace("_", "x"))
            return f" (text; write {number:g})" if math.isfinite(number) else ""
    return ""


def _known_keys(block: type[Block], location: tuple[str | int, ...]) -> list[str]:
    """Return the keys of the block in which an unknown one was found."""
    for key in location[:-1]:
        # A key that is no field is a name that the file chose: of a unit, say.
        if isinstance(key, str) and key in block.model_fields:
            block = _inner_block(block.model_fields[key].annotation) or block
    return list(block.model_fields)


def _inner_block(annotation: Any) -> type[Block] | None:
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return annotation
    inner = (_inner_block(argument) for argument in get_args(annotation))
    return next((found for found in inner if found), None)
