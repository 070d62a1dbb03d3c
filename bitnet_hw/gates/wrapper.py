"""The module around a part: the same ports, and registers in front of some of them."""

import re
from collections.abc import Collection, Mapping

__all__ = ["bus", "wrap"]


def wrap(
    module: str,
    text: str,
    *,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    registered: Collection[str] = (),
) -> str:
    """Return the Verilog of a module with a part in it as the instance ``it``.

    Parameters
    ----------
    module : str
        Name of the part's module; that around it is called the same with ``_top`` behind.
    text : str
        Verilog of the part, which need not have each of the inputs.
    inputs, outputs : mapping
        Width of each port; the clock ``clk`` and the reset ``rst`` come by themselves.
    registered : collection
        Inputs that come from registers of another part: they are there for the timing, and counted
        with that part.
    """
    own = text[re.search(rf"\bmodule\s+{re.escape(module)}\b", text).start() :]  # type: ignore[union-attr]
    own = own[: own.index("endmodule")]
    ports = ["input clk", "input rst"]
    ports += [f"input {bus(bits)}{name}" for name, bits in inputs.items()]
    ports += [f"output {bus(bits)}{name}" for name, bits in outputs.items()]
    links = [f".{name}({name})" for name in ("clk", "rst") if _has(own, name)]
    links += [
        f".{name}({name}{'_q' if name in registered else ''})" for name in inputs if _has(own, name)
    ]
    links += [f".{name}({name})" for name in outputs]
    lines = [f"module {module}_top({', '.join(ports)});"]
    for name in registered:
        lines.append(f"  reg {bus(inputs[name])}{name}_q;")
        lines.append(f"  always @(posedge clk) {name}_q <= {name};")
    return "\n".join([*lines, f"  {module} it({', '.join(links)});", "endmodule", ""])


def bus(bits: int) -> str:
    """Return the range of a port, with a space behind; nothing for a single bit."""
    return f"[{bits - 1}:0] " if bits > 1 else ""


def _has(text: str, port: str) -> bool:
    return re.search(rf"\binput\b[^;,)]*\b{port}\b", text) is not None
