"""Ways to decode five ternary weights from eight bits, in standard cells.

    python -m benchmarks.decoders --library ../pdk/asap7

Each decoder stands between registers, which are not counted, is checked on all of its 243 codes,
and decodes the weights of two operand streams, a byte a cycle. Digits 0, 1 and 2 stand for 0, +1
and -1 everywhere, so that a digit's two bits are the code that the lanes take. The codes differ:

* ASTC: the trits of ASTC's bounded integer sequence encoding, `rtl/decoder.py`.
* base 3: the number whose digits to base 3 they are, as a table.
* fixed point: that number over 243, in 256ths rounded up; multiplying by 3 brings one digit after
  the other to the front, as in GGUF's TQ1_0.
* two bits: no packing, ten bits in, for comparison.

A checked decoder reports illegal codes and makes their weights 0; in an unchecked one they may be
anything, which synthesis makes use of.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from amaranth.back import verilog
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bitnet_hw.cli import run_guarded
from bitnet_hw.gates.activity import build_simulator, measure_activity
from bitnet_hw.gates.library import Library, find_library
from bitnet_hw.gates.operands import draw_operands
from bitnet_hw.gates.parts import Part
from bitnet_hw.gates.power import PowerModel
from bitnet_hw.gates.stimulus import Stimulus
from bitnet_hw.gates.synthesis import synthesize
from bitnet_hw.gates.timing import analyze_timing
from bitnet_hw.output import json_text, write
from rtl.decoder import Trit5Decoder
from rtl.trit import pack_word

STREAMS = ("digits", "uniform")
_GROUP = 5
_BYTES = 4096
_CLOCK_MHZ = 1000.0

Groups = NDArray[np.int64]


@dataclass(frozen=True)
class Decoder:
    """A way: its bits, the Verilog of a module ``decoder``, and the encoder.

    The module has the ports ``code``, ``trits`` and, where it is checked, ``illegal``. The encoder
    takes digits, [groups, 5], and returns codes.
    """

    bits: int
    checked: bool
    verilog: Callable[[], str]
    encode: Callable[[Groups], Groups]


def _astc() -> str:
    text: str = verilog.convert(
        Trit5Decoder(), name="decoder", emit_src=False, strip_internal_attrs=True
    )
    return text


def _astc_codes(digits: Groups) -> Groups:
    weights = np.where(digits == 2, -1, digits)
    codes = {
        tuple(group): pack_word(group, encoding="trit5", bits=8)
        for group in np.unique(weights, axis=0).tolist()
    }
    return np.array([codes[tuple(group)] for group in weights.tolist()])


_PLACES = 3 ** np.arange(_GROUP)


def _numbers(digits: Groups) -> Groups:
    return digits @ _PLACES


def _digits(number: int) -> list[int]:
    return [number // 3**place % 3 for place in range(_GROUP)]


def _table(*, checked: bool) -> str:
    ports = "input [7:0] code, output reg [9:0] trits" + (", output reg illegal" * checked)
    lines = [f"module decoder({ports});", "  always @* begin"]
    lines += ["    illegal = 0;"] * checked
    lines.append("    case (code)")
    for number in range(3**_GROUP):
        trits = sum(digit << 2 * place for place, digit in enumerate(_digits(number)))
        lines.append(f"      {number}: trits = {trits};")
    wrong = "begin trits = 0; illegal = 1; end" if checked else "trits = 10'bx;"
    return "\n".join([*lines, f"      default: {wrong}", "    endcase", "  end", "endmodule", ""])


def _fixed_codes(digits: Groups) -> Groups:
    """Return codes whose first digit comes first: it counts the most."""
    return -(-(digits @ _PLACES[::-1]) * 256 // 3**_GROUP)


def _fixed() -> str:
    lines = ["module decoder(input [7:0] code, output [9:0] trits);", "  wire [7:0] left0 = code;"]
    for place in range(_GROUP):
        lines.append(f"  wire [9:0] times{place} = left{place} + {{left{place}, 1'b0}};")
        lines.append(f"  wire [7:0] left{place + 1} = times{place}[7:0];")
        lines.append(f"  assign trits[{2 * place + 1}:{2 * place}] = times{place}[9:8];")
    return "\n".join([*lines, "endmodule", ""])


def _two_bits() -> str:
    lines = ["module decoder(input [9:0] code, output [9:0] trits, output illegal);"]
    wrong = [f"(&code[{2 * place + 1}:{2 * place}])" for place in range(_GROUP)]
    lines += [
        f"  assign trits[{2 * place + 1}:{2 * place}] = "
        f"{wrong[place]} ? 2'b0 : code[{2 * place + 1}:{2 * place}];"
        for place in range(_GROUP)
    ]
    return "\n".join([*lines, f"  assign illegal = {' | '.join(wrong)};", "endmodule", ""])


DECODERS = {
    "ASTC, checked (rtl/decoder.py)": Decoder(8, True, _astc, _astc_codes),
    "base 3, checked": Decoder(8, True, lambda: _table(checked=True), _numbers),
    "base 3, unchecked": Decoder(8, False, lambda: _table(checked=False), _numbers),
    "fixed point, unchecked": Decoder(8, False, _fixed, _fixed_codes),
    "two bits, checked": Decoder(10, True, _two_bits, lambda digits: digits @ 4 ** np.arange(5)),
}


@dataclass(frozen=True)
class Figures:
    """What a decoder takes for each weight; energies in fJ by stream, without leakage."""

    decoder: str
    um2_per_code: float
    um2_per_weight: float
    fj_per_weight: dict[str, float]
    fmax_mhz: float | None


def decoder_part(decoder: Decoder) -> Part:
    """Return a decoder between registers that are not counted."""
    outputs = {"trits": 10} | ({"illegal": 1} if decoder.checked else {})
    ports = [f"input [{decoder.bits - 1}:0] code"]
    ports += [f"output reg [{bits - 1}:0] {name}" for name, bits in outputs.items()]
    lines = [f"module decoder_top(input clk, input rst, {', '.join(ports)});"]
    lines.append(f"  reg [{decoder.bits - 1}:0] code_q;")
    lines += [f"  wire [{bits - 1}:0] {name}_d;" for name, bits in outputs.items()]
    loads = [f"{name} <= {name}_d;" for name in outputs]
    lines.append(f"  always @(posedge clk) begin code_q <= code; {' '.join(loads)} end")
    links = ", ".join([".code(code_q)", *(f".{name}({name}_d)" for name in outputs)])
    top = "\n".join([*lines, f"  decoder it({links});", "endmodule", ""])
    return Part("decoder", 1, decoder.verilog() + top, "decoder_top", {"": "decoder"})


def stimulus_of(decoder: Decoder, digits: Groups) -> Stimulus:
    """Return the codes of groups of digits, and the digits two cycles later."""
    codes = decoder.encode(digits)
    trits = digits @ 4 ** np.arange(_GROUP)
    expected = {"trits": _bits(np.roll(trits, 2), 10)}
    if decoder.checked:
        expected["illegal"] = np.zeros((1, len(codes), 1), bool)
    return Stimulus({"code": _bits(codes, decoder.bits)}, expected, 2, len(codes) - 2)


def every_group() -> Groups:
    """Return all 243 groups, and the first ones again behind them."""
    return np.array([_digits(number % 3**_GROUP) for number in range(3**_GROUP + 2)])


def stream_groups(name: str) -> Groups:
    """Return the weights of a stream, row by row, in groups of five."""
    weights = draw_operands(name).weights
    flat = np.resize(weights.astype(np.int64), (_BYTES, _GROUP))
    return np.where(flat < 0, 2, flat)


def figures_of(
    name: str, decoder: Decoder, streams: dict[str, Groups], library: Library
) -> Figures:
    """Measure a decoder."""
    mapped = synthesize(decoder_part(decoder), library, clock_mhz=_CLOCK_MHZ)
    model = PowerModel(
        mapped.netlist, library.cells(mapped.netlist.cells), library.corner.voltage_v
    )
    simulator = build_simulator(mapped.netlist, library)
    measure_activity(mapped.netlist, stimulus_of(decoder, every_group()), simulator)
    energies = {}
    for stream, groups in streams.items():
        activity = measure_activity(mapped.netlist, stimulus_of(decoder, groups), simulator)
        kinds = model.energies_fj(activity, 1e6 / _CLOCK_MHZ)["decoder"]
        energies[stream] = sum(fj for kind, fj in kinds.items() if kind != "leakage") / _GROUP
    timing = analyze_timing(mapped.netlist, library, clock_mhz=_CLOCK_MHZ)
    area = model.areas_um2["decoder"]
    fmax = None if timing is None else timing.fmax_mhz
    return Figures(name, area, area / _GROUP, energies, fmax)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--library", required=True, help="folder, or name of an installed one")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args(arguments)
    library = find_library(options.library)
    streams = {name: stream_groups(name) for name in STREAMS}
    found = [figures_of(name, each, streams, library) for name, each in DECODERS.items()]
    if options.json:
        write(json_text({"library": library.provenance(), "rows": [asdict(row) for row in found]}))
        return
    table = Table(title=f"Decoders in {library.name}, {_CLOCK_MHZ:g} MHz", title_justify="left")
    columns = ("decoder", "um2 a code", "um2 a weight", *(f"fJ, {name}" for name in STREAMS))
    for number, column in enumerate((*columns, "fmax MHz")):
        table.add_column(column, justify="right" if number else "left", no_wrap=not number)
    for row in found:
        energies = (f"{row.fj_per_weight[name]:.2f}" for name in STREAMS)
        fmax = "" if row.fmax_mhz is None else f"{row.fmax_mhz:,.0f}"
        table.add_row(
            row.decoder, f"{row.um2_per_code:.2f}", f"{row.um2_per_weight:.2f}", *energies, fmax
        )
    Console().print(table)


def _bits(numbers: Groups, width: int) -> NDArray[np.bool_]:
    return (numbers[None, :, None] >> np.arange(width) & 1).astype(bool)


if __name__ == "__main__":
    sys.exit(run_guarded(main))
