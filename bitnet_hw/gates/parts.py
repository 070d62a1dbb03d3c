"""The parts of an array that are synthesised: Verilog of the very components, each once.

An array is its rows, one loader of weights with, perhaps, a check of their words, and what prepares
the activations for all rows. What the estimator calls scope ``array`` is the sum of these.
"""

import re
from dataclasses import dataclass, field

from rtl.geometry import Geometry

__all__ = ["CHECK_GROUP", "Part", "array_parts", "check_part"]

CHECK_GROUP = "weight check"
"""Group of the cells that check weight words."""

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
    borders : tuple of str
        Paths of the modules across whose ports synthesis does not optimise; "" is the part itself.
    loose_borders : tuple of str
        Those across which it does if the library has full adders, whose inverted outputs are the
        inverted inputs of others.
    kinds : dict
        By a group of cells that have lost their place across a border, the group of those among
        them that keep a state or are full adders, and of what those drive.
    """

    name: str
    instances: int
    verilog: str
    top: str
    groups: dict[str, str]
    borders: tuple[str, ...] = ("",)
    loose_borders: tuple[str, ...] = ()
    kinds: dict[str, str] = field(default_factory=dict)


def array_parts(geometry: Geometry) -> tuple[Part, ...]:
    """Return the parts of an array."""
    check = (check_part(geometry),) if geometry.check_bits else ()
    return _row(geometry), _loader(geometry), _operands(geometry), *check


def _row(geometry: Geometry) -> Part:
    from rtl.modules import row_verilog

    text = row_verilog(geometry, f"{_TOP}_row")
    widths = {
        "shared": geometry.shared_bits,
        "weights": 2 * geometry.lanes,
        "valid": 1,
        "first": 1,
        "token": geometry.token_bits,
    }
    # Not every row has use for every input: a row for one token at a time has no token.
    ports = [name for name in widths if f"  input {_range(widths[name])}{name};" in text]
    registered = ("shared", "weights")
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
        borders=("", "dot", "accumulator"),
        loose_borders=("dot.tree",),
        kinds={"lane select": "adder tree"},
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
        groups={"": "weight decoder"},
        kinds={"weight decoder": "tile registers"},
    )


def _operands(geometry: Geometry) -> Part:
    """Return what prepares the activations, behind the read register of the activation store."""
    from rtl.modules import operands_verilog

    text = operands_verilog(geometry, f"{_TOP}_operands")
    word = _range(geometry.activation_word_bits)
    lines = [
        f"input {word}activations",
        "input load",
        f"output {_range(geometry.shared_bits)}shared",
    ]
    body = [f"reg {word}read;", "always @(posedge clk) read <= activations;"]
    links = [".activations(read)", ".load(load)", ".shared(shared)"]
    return Part(
        name="operands",
        instances=1,
        verilog=text + _wrapper("operands", text, lines, body, links),
        top=f"{_TOP}_operands_top",
        groups={"": "activation register"},
    )


def check_part(geometry: Geometry) -> Part:
    """Return what checks the words of the weight stream."""
    from rtl.modules import check_verilog

    text = check_verilog(geometry, f"{_TOP}_check")
    lines = [f"input {_range(geometry.weight_bus_bits)}word", "input accepted", "output corrupt"]
    links = [f".{name}({name})" for name in ("word", "accepted", "corrupt")]
    return Part(
        name="check",
        instances=1,
        verilog=text + _wrapper("check", text, lines, [], links),
        top=f"{_TOP}_check_top",
        groups={"": CHECK_GROUP},
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
