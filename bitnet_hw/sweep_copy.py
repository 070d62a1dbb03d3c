"""A sweep as one YAML file that depends on no other file of the user's folder structure."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from bitnet_hw.presets import is_path
from bitnet_hw.sweep import Sweep
from bitnet_hw.sweep_range import is_range

__all__ = ["sweep_copy"]

_HEADER = """\
# What was explored, with the base configuration written out. To continue or repeat it:
# bitnet-hw explore sweep.yaml -o . --resume
"""


def sweep_copy(sweep: Sweep) -> str:
    """Return a sweep file that explores the same points from any folder.

    The base is included, and paths are absolute.
    """
    data = dict(sweep.file.data)
    data["base"] = dict(sweep.base.data)
    if "model" in data:
        data["model"] = sweep.workload["model"]
    data["sweep"] = {name: _given(sweep, name) for name in sweep.values}
    for block in (data, data["base"], data["sweep"]):
        for name in ("memory", "technology", "model"):
            if name in block:
                block[name] = _absolute(block[name])
    return _HEADER + yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _given(sweep: Sweep, name: str) -> Any:
    """Return what the sweep file gives to a field: a range as it stands, or its values."""
    given, values = sweep.file.data["sweep"][name], sweep.values[name]
    if is_range(given):
        return given
    return list(values) if isinstance(given, list) else values[0]


def _absolute(value: Any) -> Any:
    if isinstance(value, list):
        return [_absolute(item) for item in value]
    if isinstance(value, dict) and "base" in value:
        return {**value, "base": _absolute(value["base"])}
    return str(Path(value).resolve()) if isinstance(value, str) and is_path(value) else value


class _Dumper(yaml.SafeDumper):
    """Writes what the strict reader of the tool reads: numbers without an exponent, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # Lists are indented below their key, as in the files that ship.
        super().increase_indent(flow, False)


def _represent_float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = format(Decimal(repr(value)), "f")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text if "." in text else f"{text}.0")


_Dumper.add_representer(float, _represent_float)
