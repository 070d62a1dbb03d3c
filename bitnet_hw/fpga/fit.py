"""Whether a design fits into a device, as one sentence that says what there is too little of."""

import re
from pathlib import Path

from bitnet_hw.errors import ConfigError
from bitnet_hw.fpga.synthesis import Synthesis
from bitnet_hw.fpga.target import Target

__all__ = ["check_fit", "check_log"]

_USED = re.compile(r"^Info:\s+([A-Z][A-Z0-9_]+): +(\d+)/ *(\d+)", re.MULTILINE)
_NAMES = {
    "logic": "look-up tables",
    "register": "registers",
    "block_ram": "block RAMs",
    "dsp": "multipliers",
}


def check_fit(array: str, synthesis: Synthesis, target: Target) -> None:
    """Make sure that a design may fit before hours are spent on placing it.

    Raises
    ------
    ConfigError
        If its cells alone are too many.
    """
    family = target.family
    needed = dict.fromkeys(target.available, 0)
    for part in (synthesis.accelerator, synthesis.wrapper):
        for cell, count in part.items():
            kind = family.kind(cell)
            if kind is None:
                continue
            if kind in family.logic_per_cell:
                needed["logic"] += family.logic_per_cell[kind] * count
            elif kind in needed:
                needed[kind] += count
    for kind, count in needed.items():
        if count > target.available[kind]:
            raise _too_large(array, target, kind, count)


def check_log(array: str, target: Target, log: Path) -> None:
    """Make sure that nextpnr did not fail because a design is too large.

    Raises
    ------
    ConfigError
        If its log counts more places than there are.
    """
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    used = {name: int(count) for name, count, _ in _USED.findall(text)}
    for kind, name in target.family.sites.items():
        if used.get(name, 0) > target.available[kind]:
            raise _too_large(array, target, kind, used[name])


def _too_large(array: str, target: Target, kind: str, count: int) -> ConfigError:
    return ConfigError(
        f"Array {array} must fit into {target.name}: it needs {count:,} {_NAMES[kind]}, wrapper "
        f"included, and there are {target.available[kind]:,}"
    )
