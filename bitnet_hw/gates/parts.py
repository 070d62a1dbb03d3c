"""The parts of an array that are synthesised: Verilog of the very components, each once.

An array is its rows, one loader of weights, and one register for the activations that all rows
share. What the estimator calls scope ``array`` is the sum of these.
"""

import re
from dataclasses import dataclass

from rtl.geometry import Geometry

__all__ = ["Part", "array_parts"]

_TOP = "part"
_INSTANCE = "it"


@dataclass(frozen=True)
class Part:
    """A piece of hardware that is synthesised and simulated by itself.

    Parameters
    ----------
    name : str
        What it is.
    instances : int
        How often the array has it.
    verilog : str
        All its modules, and `top` around them.
    top : str
        Name of the module on top. It holds the part as the instance ``it`` and, where the part's
        inputs come from registers of another part, those: for the timing, but counted elsewhere.
    groups : dict
        Name of each group of cells by the path of its instances inside the part.
    """

    name: str
    instances: int
    verilog: str
    top: str
    groups: dict[str, str]


def array_parts(geometry: Geometry) -> tuple[Part, ...]:
    """Return the parts of an array."""
    return _row(geometry), _loader(geometry), _activations(geometry)


def _row(geometry: Geometry) -> Part:
    from rtl.modules import row_verilog

    text = row_verilog(geometry, f"{_TOP}_row")
    widths = {
        "activations": geometry.activation_word_bits,
        "weights": 2 * geometry.lanes,
        "valid": 1,
        "first": 1,
        "token": geometry.token_bits,
    }
    # Not every row has use for every input: a row for one token at a time has no token.
    ports = [name for name in widths if f"  input {_range(widths[name])}{name};" in text]
    registered = ("activations", "weights")
    lines = [
        *(f"input {_range(bits)}{name}" for name, bits in widths.items()),
        f"output {_range(geometry.accumulator_bits)}total",
    ]
    body = [f"reg {_range(widths[name])}{name}_q;" for name in registered]
    body += [f"always @(posedge clk) {name}_q <= {name};" for name in registered]
    links = [f".{name}({name}{'_q' if name in registered else ''})" for name in ports]
    return Part(
        name="row",
        instances=geometry.rows,
        verilog=text + _wrapper("row", text, lines, body, [*links, ".total(total)"]),
        top=f"{_TOP}_row_top",
        groups={
            "dot.tree": "adder tree",
            "dot": "lane select",
            "accumulator": "accumulator",
            "": "row",
        },
    )


def _loader(geometry: Geometry) -> Part:
    from rtl.modules import loader_verilog

    text = loader_verilog(geometry, f"{_TOP}_loader")
    inputs = {"weights__payload": geometry.weight_bus_bits, "weights__valid": 1, "take": 1}
    outputs = {
        "tile": 2 * geometry.tile_trits,
        "available": 1,
        "weights__ready": 1,
        "illegal": 1,
    }
    lines = [f"input {_range(bits)}{name}" for name, bits in inputs.items()]
    lines += [f"output {_range(bits)}{name}" for name, bits in outputs.items()]
    links = [f".{name}({name})" for name in (*inputs, *outputs)]
    return Part(
        name="loader",
        instances=1,
        verilog=text + _wrapper("loader", text, lines, [], links),
        top=f"{_TOP}_loader_top",
        groups={"decoder": "weight decoder", "": "tile registers"},
    )


def _activations(geometry: Geometry) -> Part:
    """Return the register behind the activation store: in ``Accelerator`` its read port."""
    bits = _range(geometry.activation_word_bits)
    lines = [f"input {bits}word", "input en", f"output {bits}activations"]
    module = (
        f"module {_TOP}_activations(input clk, input en, input {bits}word, "
        f"output reg {bits}activations);\n"
        "  always @(posedge clk) if (en) activations <= word;\nendmodule\n"
    )
    links = [".word(word)", ".en(en)", ".activations(activations)"]
    return Part(
        name="activations",
        instances=1,
        verilog=module + _wrapper("activations", module, lines, [], links),
        top=f"{_TOP}_activations_top",
        groups={"": "activation register"},
    )


def _wrapper(kind: str, text: str, ports: list[str], body: list[str], links: list[str]) -> str:
    """Return the module around a part; `text` is the part's, which may lack clock or reset."""
    clocking = [
        f".{name}({name})" for name in ("clk", "rst") if re.search(rf"input {name}\b", text)
    ]
    header = ", ".join(["input clk", "input rst", *ports])
    inner = "".join(f"  {line}\n" for line in body)
    return (
        f"module {_TOP}_{kind}_top({header});\n{inner}"
        f"  {_TOP}_{kind} {_INSTANCE}({', '.join([*clocking, *links])});\nendmodule\n"
    )


def _range(bits: int) -> str:
    return f"[{bits - 1}:0] " if bits > 1 else ""
