"""Single operations in cells: adders, multipliers and registers, by themselves, on random data."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.atomic_files import write_files
from bitnet_hw.gates.activity import build_simulator, measure_activity
from bitnet_hw.gates.flow_digest import flow_digest
from bitnet_hw.gates.library import Library
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.power import PowerModel
from bitnet_hw.gates.stimulus import Stimulus
from bitnet_hw.gates.synthesis import synthesize
from bitnet_hw.gates.tools import gates_folder

__all__ = [
    "UNITS",
    "Unit",
    "UnitFigures",
    "measure_part",
    "measure_unit",
    "unit_part",
    "unit_stimulus",
]

Numbers = NDArray[np.int64]

_OPERATIONS = 1024
_REGISTER_BITS = 64


@dataclass(frozen=True)
class Unit:
    """An operation: widths of its operands and its result, how to make it, and what it computes.

    Operands are drawn alike from all integers of `bits`, or, for those of floating-point units,
    from the normal distribution.
    """

    bits: int
    operands: int
    result_bits: int
    verilog: Callable[[str], str]
    compute: Callable[[Numbers, Numbers], Numbers]
    floating: bool = False


@dataclass(frozen=True)
class UnitFigures:
    """What one operation takes: energy in fJ without leakage, area in um2, leakage in nW."""

    energy_fj: float
    area_um2: float
    leakage_nw: float


def _expression(bits: int, result_bits: int, expression: str) -> Callable[[str], str]:
    def verilog(name: str) -> str:
        ports = f"input signed [{bits - 1}:0] a, input signed [{bits - 1}:0] b"
        return (
            f"module {name}({ports}, output signed [{result_bits - 1}:0] result);\n"
            f"  assign result = {expression};\nendmodule\n"
        )

    return verilog


def _register(name: str) -> str:
    bits = f"[{_REGISTER_BITS - 1}:0]"
    return (
        f"module {name}(input clk, input {bits} a, output reg {bits} result);\n"
        "  always @(posedge clk) result <= a;\nendmodule\n"
    )


def _fp16(kind: str) -> Callable[[str], str]:
    def verilog(name: str) -> str:
        from rtl.fp16_modules import fp16_adder_verilog, fp16_multiplier_verilog

        emit, port = {
            "add": (fp16_adder_verilog, "sum"),
            "multiply": (fp16_multiplier_verilog, "product"),
        }[kind]
        inner = emit(f"{name}_unit")
        ports = "input [15:0] a, input [15:0] b, output [15:0] result"
        return (
            f"{inner}module {name}({ports});\n"
            f"  {name}_unit unit(.a(a), .b(b), .{port}(result));\nendmodule\n"
        )

    return verilog


def _halves(operation: Callable[..., NDArray[np.float16]]) -> Callable[[Numbers, Numbers], Numbers]:
    def compute(a: Numbers, b: Numbers) -> Numbers:
        left, right = (each.astype(np.uint16).view(np.float16) for each in (a, b))
        return operation(left, right).view(np.uint16).astype(np.int64)

    return compute


def _no_tiny(result: NDArray[np.float16]) -> NDArray[np.float16]:
    """Return numbers with subnormal ones as zeros, signs kept."""
    tiny = np.abs(result) < np.finfo(np.float16).smallest_normal
    return np.where(tiny, np.copysign(np.float16(0), result), result)


UNITS = {
    "int8_add": Unit(8, 2, 8, _expression(8, 8, "a + b"), lambda a, b: a + b),
    "int32_add": Unit(32, 2, 32, _expression(32, 32, "a + b"), lambda a, b: a + b),
    "int8_multiply": Unit(8, 2, 16, _expression(8, 16, "a * b"), lambda a, b: a * b),
    "fp16_add": Unit(16, 2, 16, _fp16("add"), _halves(lambda a, b: _no_tiny(a + b)), floating=True),
    "fp16_multiply": Unit(
        16, 2, 16, _fp16("multiply"), _halves(lambda a, b: _no_tiny(a * b)), floating=True
    ),
    "register": Unit(_REGISTER_BITS, 1, _REGISTER_BITS, _register, lambda a, _: a),
}
"""The operations of a technology's table, and a register of 64 bits."""


def unit_part(name: str) -> Part:
    """Return an operation whose operands come from registers, which are counted elsewhere."""
    unit = UNITS[name]
    inner = f"unit_{name}"
    names = ("a", "b")[: unit.operands]
    width, out = f"[{unit.bits - 1}:0]", f"[{unit.result_bits - 1}:0]"
    text = unit.verilog(inner)
    links = [f".{each}({each}_q)" for each in names] + [".result(result)"]
    if "input clk" in text:
        links.append(".clk(clk)")
    ports = ["input clk", "input rst", *(f"input {width} {each}" for each in names)]
    body = [f"  reg {width} {each}_q;\n" for each in names]
    body += [f"  always @(posedge clk) {each}_q <= {each};\n" for each in names]
    top = (
        f"module {inner}_top({', '.join([*ports, f'output {out} result'])});\n{''.join(body)}"
        f"  {inner} it({', '.join(links)});\nendmodule\n"
    )
    return Part(name=name, instances=1, verilog=text + top, top=f"{inner}_top", groups={"": name})


def unit_stimulus(name: str, operations: int = _OPERATIONS, seed: int = 1) -> Stimulus:
    """Return random operands, new ones in each cycle, and the results that must come of them."""
    unit = UNITS[name]
    rng = np.random.default_rng(seed)
    if unit.floating:
        halves = rng.standard_normal((2, operations)).astype(np.float16)
        a, b = halves.view(np.uint16).astype(np.int64)
    else:
        limit = 1 << unit.bits - 1
        a, b = rng.integers(-limit, limit, (2, operations), np.int64)
    # A register before, and one more where the unit is one.
    delay = 2 if name == "register" else 1
    result = np.roll(unit.compute(a, b), delay)
    inputs = {"a": _bits(a, unit.bits), "b": _bits(b, unit.bits)}
    return Stimulus(
        inputs={port: inputs[port] for port in ("a", "b")[: unit.operands]},
        expected={"result": _bits(result, unit.result_bits)},
        skipped=1 + delay,
        steps=operations - 1 - delay,
    )


def measure_unit(
    name: str, library: Library, *, clock_mhz: float, root: Path | None = None
) -> UnitFigures:
    """Return what an operation takes in the cells of a library; of a register, one bit.

    Raises
    ------
    BitnetHwError
        If a tool is missing or fails, or the netlist computes nonsense.
    """
    figures = measure_part(
        unit_part(name), name, unit_stimulus(name), library, clock_mhz=clock_mhz, root=root
    )
    share = 1 / _REGISTER_BITS if name == "register" else 1.0
    return UnitFigures(**{key: share * value for key, value in asdict(figures).items()})


def measure_part(
    part: Part,
    group: str,
    stimulus: Stimulus,
    library: Library,
    *,
    clock_mhz: float,
    root: Path | None = None,
) -> UnitFigures:
    """Return what a part's cells of a group take in a step of a stimulus, and how large they are.

    Raises
    ------
    BitnetHwError
        If a tool is missing or fails, or the netlist computes nonsense.
    """
    root = gates_folder() if root is None else root
    mapped = synthesize(part, library, clock_mhz=clock_mhz, root=root)
    known = sha256()
    source = Path(__file__).read_text(encoding="utf-8")
    texts = (mapped.digest, library.digest, group, f"{clock_mhz:g}", flow_digest(), source)
    for text in (*texts, *stimulus.inputs):
        known.update(text.encode() + b"\0")
    for bits in stimulus.inputs.values():
        known.update(np.packbits(bits).tobytes())
    file = root / f"unit-{known.hexdigest()[:24]}.json"
    if (kept := _kept(file)) is not None:
        return kept
    cells = library.cells(mapped.netlist.cells)
    model = PowerModel(mapped.netlist, cells, library.corner.voltage_v)
    simulator = build_simulator(mapped.netlist, library, root)
    activity = measure_activity(mapped.netlist, stimulus, simulator)
    kinds = model.energies_fj(activity, 1e6 / clock_mhz)[group]
    figures = UnitFigures(
        energy_fj=sum(value for kind, value in kinds.items() if kind != "leakage"),
        area_um2=model.areas_um2[group],
        leakage_nw=model.leakage_nw[group],
    )
    write_files(root, {file.name: json.dumps(asdict(figures)).encode()})
    return figures


def _kept(file: Path) -> UnitFigures | None:
    """Return the figures in a file; None if it is not there, or not what was written."""
    try:
        return UnitFigures(**json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _bits(values: Numbers, width: int) -> NDArray[np.bool_]:
    """Return the lowest bits of numbers as a stimulus has them, [1, cycles, bits]."""
    return (values[None, :, None] >> np.arange(width) & 1).astype(bool)
