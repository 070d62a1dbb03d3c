"""What a sweep file says to its evaluator: which one, and the keys that only some of them know."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from bitnet_hw.errors import ConfigError
from bitnet_hw.evaluators import EVALUATORS
from bitnet_hw.key_path import key_text, show, suggestion
from bitnet_hw.schema import Block
from bitnet_hw.yaml_file import YamlFile

__all__ = ["EvaluatorKeys", "evaluator_settings"]

_SHAPE = re.compile(r"([1-9]\d{0,8})x([1-9]\d{0,8})x([1-9]\d{0,8})")
# Elements of the largest matrices: a typing error must not fill the memory.
_MOST_ACTIVATIONS, _MOST_WEIGHTS = 1 << 28, 1 << 30

_DEFAULTS: dict[str, Any] = {
    "shapes": (),
    "seed": 1,
    "timeout_s": 3600.0,
    "library": "",
    "operands": "digits",
}


class EvaluatorKeys(Block):
    """The keys of a sweep file that say what is asked about each point.

    Parameters
    ----------
    evaluate : str
        A name in `EVALUATORS`.
    shapes : list of str, optional
        Matrix products, tokens x inputs x outputs.
    seed : int, optional
        Of random data.
    timeout_s : float, optional
        Longest time of a point.
    library : str, optional
        Standard cells: a folder, or the name of an installed library.
    operands : str, optional
        What is multiplied in gates.
    """

    evaluate: str = "estimate"
    shapes: list[str] | None = Field(default=None, min_length=1)
    seed: int | None = Field(default=None, ge=0, lt=1 << 63)
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    library: str | None = Field(default=None, min_length=1)
    operands: Literal["digits", "uniform", "relu2"] | None = None


def evaluator_settings(keys: EvaluatorKeys, file: YamlFile) -> dict[str, Any]:
    """Return the settings of the evaluator, defaults included.

    Raises
    ------
    ConfigError
        If there is no such evaluator, a key is none of its own, a shape is wrong, or there is no
        such library.
    ToolMissing
        If gates are asked for, and Yosys is not installed.
    """
    if keys.evaluate not in EVALUATORS:
        raise ConfigError(
            f"{file.where(('evaluate',))}: evaluate must be one of {', '.join(EVALUATORS)}, "
            f"not {show(keys.evaluate)}; {suggestion(keys.evaluate, EVALUATORS)}"
        )
    known = EVALUATORS[keys.evaluate].settings
    for name in _DEFAULTS:
        if getattr(keys, name) is not None and name not in known:
            users = [key for key, evaluator in EVALUATORS.items() if name in evaluator.settings]
            raise ConfigError(
                f"{file.where((name,))}: {name} must be given only where evaluate is "
                f"{' or '.join(users)}, not {keys.evaluate}"
            )
    for name in sorted(EVALUATORS[keys.evaluate].required):
        if getattr(keys, name) is None:
            raise ConfigError(
                f"{file.where((name,))}: {name} must be given where evaluate is {keys.evaluate}"
            )
    given = {name: getattr(keys, name) for name in known if getattr(keys, name) is not None}
    if "shapes" in given:
        given["shapes"] = _products(given["shapes"], file)
    settings = {name: given.get(name, _DEFAULTS[name]) for name in _DEFAULTS if name in known}
    if "library" in settings:
        settings["measured_with"] = _measured_with(settings["library"], file)
    return settings


def _measured_with(library: str, file: YamlFile) -> str:
    """Return what gates are measured with: part of the key of a row, as the name is not enough."""
    from bitnet_hw.gates.library import find_library
    from bitnet_hw.gates.tools import yosys_version

    try:
        digest = find_library(library).digest
    except ConfigError as error:
        reason = str(error).removeprefix("--")
        raise ConfigError(f"{file.where(('library',))}: {reason}") from None
    return f"library {digest}, {yosys_version()}"


def _products(shapes: Sequence[str], file: YamlFile) -> tuple[tuple[int, int, int], ...]:
    """Return tokens, inputs and outputs of each shape."""
    products = []
    for index, text in enumerate(shapes):
        place = ("shapes", index)
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"{file.where(place)}: {key_text(place)} must be tokens x inputs x outputs, "
                f"such as 1x3200x8640, not {show(text)}"
            )
        m, k, n = map(int, match.groups())
        if m * k > _MOST_ACTIVATIONS or k * n > _MOST_WEIGHTS:
            raise ConfigError(
                f"{file.where(place)}: {key_text(place)} must be small enough to hold in memory, "
                f"not {text}"
            )
        products.append((m, k, n))
    return tuple(products)
