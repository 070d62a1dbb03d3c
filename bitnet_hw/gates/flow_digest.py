"""A digest of the flow's own source: what another version of it measured is not taken again."""

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["flow_digest"]

# What comes after a measurement: it changes no figure of an array.
_AFTERWARDS = (
    "__init__.py",
    "array_figures.py",
    "check_figures.py",
    "fit.py",
    "fit_check.py",
    "flow_digest.py",
    "report.py",
    "sram_macros.py",
    "technology_file.py",
    "technology_flow.py",
    "technology_table.py",
    "training.py",
    "unit_parts.py",
)


@cache
def flow_digest() -> str:
    """Return the digest of everything that a measurement goes through, but for the Verilog."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted((*folder.glob("*.py"), *folder.glob("*.cpp"))):
        if path.name not in _AFTERWARDS and not path.name.startswith("baseline"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
