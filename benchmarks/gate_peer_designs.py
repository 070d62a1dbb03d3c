"""Ternary cores of others as parts of the gate flow: their Verilog, operands, and what must come.

Sources are fetched for a comparison and never kept here; both are under Apache 2.0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bitnet_hw.gates.operands import Operands
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.stimulus import Stimulus
from bitnet_hw.gates.wrapper import bus, wrap

__all__ = ["PEERS", "GatePeer", "rejunity_stimulus", "ternfpga_stimulus"]

Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class GatePeer:
    """A core that somebody else has made.

    Parameters
    ----------
    name : str
        With its size.
    repository : str
        On GitHub.
    commit : str
        The one that was looked at.
    files : tuple of str
        Its sources, in this order.
    macs_per_cycle : int
        Multiply-accumulates in a cycle at its best.
    holds : str
        What is inside besides lanes and adders.
    core : str
        Its module, parameters included.
    inputs, outputs : dict
        Width of each of its ports that is used, but for the clock ``clk``.
    defines : str
        What stands before its sources.
    kept : tuple of str
        Modules of it that stay apart, so that their cells can be groups of their own.
    groups : dict
        Groups of `Part`.
    stimulus : callable
        Of operands.
    """

    name: str
    repository: str
    commit: str
    files: tuple[str, ...]
    macs_per_cycle: int
    holds: str
    core: str
    inputs: dict[str, int]
    outputs: dict[str, int]
    groups: dict[str, str]
    stimulus: Callable[[Operands], Stimulus]
    defines: str = ""
    kept: tuple[str, ...] = ()

    def source(self, folder: Path) -> str:
        """Return its Verilog from a checkout, and the module ``peer`` around it."""
        ports = [f"input {bus(bits)}{name}" for name, bits in self.inputs.items()]
        ports += [f"output {bus(bits)}{name}" for name, bits in self.outputs.items()]
        links = ", ".join(f".{name}({name})" for name in ("clk", *self.inputs, *self.outputs))
        around = (
            f"module peer({', '.join(['input clk', *ports])});\n"
            f"  {self.core} core({links});\nendmodule\n"
        )
        texts = [(folder / file).read_text(encoding="utf-8") for file in self.files]
        text = "\n".join([self.defines, *texts, around])
        for name in self.kept:
            module = f"module {name} "
            assert text.count(module) == 1
            text = text.replace(module, f"(* keep_hierarchy *) {module}")
        return text

    def part(self, verilog: str) -> Part:
        """Return the part of plain Verilog, which counts everything inside ``peer``."""
        top = wrap("peer", verilog, inputs=self.inputs, outputs=self.outputs)
        return Part(self.name, 1, verilog + top, "peer_top", self.groups)


def _number_bits(numbers: NDArray[np.int64], width: int) -> Bits:
    """Return the lowest bits of numbers, lowest first, as the last axis."""
    return (numbers[..., None] >> np.arange(width) & 1).astype(bool)


_SLICES = 4
_REJUNITY = "rejunity/tiny-asic-1_58bit-matrix-mul"


def rejunity_stimulus(
    operands: Operands, *, slices: int = _SLICES, depth: int = 256, tiles: int = 4
) -> Stimulus:
    """Return products of [5 slices, depth] weights and [depth, slices] activations, one by one.

    A byte has five trits, a number to base 3 with the first row's as its highest digit, 2 for -1.
    A cycle takes a byte of weights and an activation; `slices` of each make a step, in which the
    core takes its accumulators around. Then come as many empty cycles, and one with ``ena`` 0,
    which moves the sums of 17 bits to a queue; bits 8 to 15 of each leave while the next product
    is computed.

    Parameters
    ----------
    operands : Operands
        Repeated where they are smaller.
    slices : int
        Size of the core.
    depth : int
        Inputs.
    tiles : int
        Products, after a first one that is not counted.
    """
    rows, cycles = 5 * slices, slices * (depth + 1) + 1
    n, m, k = operands.weights.shape[0], operands.activations.shape[0], operands.weights.shape[1]
    start = 4
    total = start + cycles * (tiles + 1)
    weights, activations = (np.zeros(total, np.int64) for _ in range(2))
    enabled, running = np.ones(total, bool), np.ones(total, bool)
    running[:start] = False
    shown = np.zeros(total, np.int64)
    column = np.arange(depth) % k
    place = 3 ** np.arange(4, -1, -1)
    for tile in range(tiles + 1):
        begin = start + tile * cycles
        row = (tile * rows + np.arange(rows)) % n
        token = (tile * slices + np.arange(slices)) % m
        chosen = operands.weights[row[:, None], column].astype(np.int64)
        inputs = operands.activations[token[:, None], column].astype(np.int64)
        fed = slice(begin, begin + slices * depth)
        digits = np.where(chosen == -1, 2, chosen).reshape(slices, 5, depth)
        weights[fed] = np.einsum("sfk,f->ks", digits, place).reshape(-1)
        activations[fed] = inputs.T.reshape(-1)
        moved = begin + cycles - 1
        enabled[moved] = False
        queue = (chosen @ inputs.T).reshape(-1) >> 8
        behind = min(cycles, total - moved - 1)
        shown[moved + 1 : moved + 1 + behind] = queue[np.minimum(np.arange(behind), len(queue) - 1)]
    return Stimulus(
        inputs={
            "ui_in": _number_bits(weights, 8)[None],
            "uio_in": _number_bits(activations, 8)[None],
            "ena": enabled[None, :, None],
            "rst_n": running[None, :, None],
        },
        expected={"uo_out": _number_bits(shown, 8)[None]},
        skipped=start + cycles,
        steps=tiles * depth * slices,
    )


_TERNFPGA = "Neumann-Labs/ternfpga"


def ternfpga_stimulus(
    operands: Operands, *, lanes: int, tiles: int, rows: int, products: int = 8
) -> Stimulus:
    """Return products of a [rows, lanes x tiles] matrix and a vector, one by one.

    One cycle takes the vector, each further one a tile of weights of two bits, a row after the
    other. A sum can be read from the cycle behind its row's last tile.

    Parameters
    ----------
    operands : Operands
        Repeated where they are smaller.
    lanes, tiles, rows : int
        Size of the core.
    products : int
        Products, after a first one that is not counted.
    """
    n, m, k = operands.weights.shape[0], operands.activations.shape[0], operands.weights.shape[1]
    cycles, start = 1 + rows * tiles, 2
    total = start + cycles * (products + 1)
    vector = np.zeros((total, 8 * lanes * tiles), bool)
    tile = np.zeros((total, 2 * lanes), bool)
    begins, running = np.zeros(total, bool), np.arange(total) >= start
    address, shown = (np.zeros(total, np.int64) for _ in range(2))
    column = np.arange(lanes * tiles) % k
    sums = np.zeros(rows, np.int64)
    for product in range(products + 1):
        begin = start + product * cycles
        row = (product * rows + np.arange(rows)) % n
        weights = operands.weights[row[:, None], column]
        inputs = operands.activations[product % m, column].astype(np.int64)
        begins[begin] = True
        # The bus holds the vector until the next one.
        vector[begin : begin + cycles] = _number_bits(inputs, 8).reshape(-1)
        codes = np.stack([weights == 1, weights == -1], axis=-1)
        tile[begin + 1 : begin + cycles] = codes.reshape(rows * tiles, -1)
        # While a row is computed, the one before it is read; of the first row still nothing.
        reading = np.repeat(np.arange(rows), tiles)
        address[begin] = rows - 1
        shown[begin] = sums[-1]
        sums = weights.astype(np.int64) @ inputs
        address[begin + 1 : begin + cycles] = np.maximum(reading - 1, 0)
        shown[begin + 1 : begin + cycles] = np.where(reading > 0, sums[reading - 1], 0)
    return Stimulus(
        inputs={
            "x_flat": vector[None],
            "w_tile": tile[None],
            "start": begins[None, :, None],
            "w_tile_valid": (running & ~begins)[None, :, None],
            "rd_addr": _number_bits(address, (rows - 1).bit_length())[None],
            "rst_n": running[None, :, None],
        },
        expected={"rd_data": _number_bits(shown, 32)[None]},
        skipped=start + cycles,
        steps=products * rows * tiles,
    )


_LANES, _TILES, _ROWS = 64, 4, 16
PEERS = (
    GatePeer(
        name=f"rejunity, {_SLICES} slices",
        repository=_REJUNITY,
        commit="1ba434f7055f036d086b7e4eafff3b8afee1e976",
        files=("src/1_58bit_mul.v",),
        macs_per_cycle=5 * _SLICES,
        holds=f"base-3 decoder, {5 * _SLICES**2} accumulators of 17 bits, as many in a queue",
        defines=f"`define COMPUTE_SLICES {_SLICES}",
        core="tt_um_rejunity_1_58bit",
        inputs={"ui_in": 8, "uio_in": 8, "ena": 1, "rst_n": 1},
        outputs={"uo_out": 8},
        groups={"": "core"},
        stimulus=rejunity_stimulus,
    ),
    GatePeer(
        name=f"ternfpga ternary_gemv_tiled, K={_LANES} NT={_TILES} M={_ROWS}",
        repository=_TERNFPGA,
        commit="5def91500b3ea24c13aa8eeb3ecef265c93490dd",
        files=("rtl/ternary_dot.sv", "rtl/ternary_gemv_tiled.sv"),
        macs_per_cycle=_LANES,
        holds=f"{_LANES * _TILES} activations, {_ROWS} sums of 32 bits; no decoder",
        kept=("ternary_dot", "ternary_gemv_tiled"),
        core=f"ternary_gemv_tiled #(.K({_LANES}), .NT({_TILES}), .M({_ROWS}))",
        inputs={
            "x_flat": 8 * _LANES * _TILES,
            "w_tile": 2 * _LANES,
            "start": 1,
            "w_tile_valid": 1,
            "rd_addr": (_ROWS - 1).bit_length(),
            "rst_n": 1,
        },
        outputs={"rd_data": 32},
        groups={
            "core.u_dot": "lanes and adders",
            "core": "activations, sums, control",
            "": "activations, sums, control",
        },
        stimulus=lambda operands: ternfpga_stimulus(
            operands, lanes=_LANES, tiles=_TILES, rows=_ROWS
        ),
    ),
)
"""Those that are compared."""
