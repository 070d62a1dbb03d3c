"""What Verilator gets beside the accelerator: a top module for `harness.cpp`, and directives."""

import re
from collections.abc import Iterator

from rtl.counters import COUNTERS, ERRORS
from rtl.geometry import FLAG_BITS, OUTPUTS_BITS, RESULT_BITS, Geometry

__all__ = ["ACCELERATOR", "TOP", "harness_directives", "harness_verilog"]

ACCELERATOR = "bitnet_accelerator"
"""Name of the accelerator's module."""

TOP = "harness_top"
"""Name of the top module."""

COUNTER_BITS = 48

# Modules of which an array has hundreds. Each stays a C++ class of its own, and its neighbours see
# it through its ports only: without that, Verilator writes the logic of every instance anew, with
# the names of that instance's neighbours in it, and the code no longer fits a processor's caches.
_ROW_PARTS = ("dot", "dot.tree", "accumulator")
_ROW_PORTS = ("weights", "activations", "valid", "first", "token", "total")
_DECODER_PORTS = ("code", "trits", "illegal")


def harness_verilog(geometry: Geometry) -> str:
    """Return the Verilog of the top module.

    Every input passes through a register, from ``next_NAME`` to the accelerator's ``NAME``. So an
    input changes with the rising edge, as behind a driver on the same clock, and everything that
    follows from it is evaluated once a cycle, after that edge.
    """
    words, tokens = geometry.output_bus_words, geometry.max_tokens
    command_bits = geometry.max_k.bit_length() + OUTPUTS_BITS + tokens.bit_length() + FLAG_BITS
    beat_bits = words * RESULT_BITS + words.bit_length() + FLAG_BITS + 1
    inputs = {
        "rst": ("rst", 1),
        "commands_valid": ("commands__valid", 1),
        "commands_payload": ("commands__payload", command_bits),
        "weights_valid": ("weights__valid", 1),
        "weights_payload": ("weights__payload", geometry.weight_bus_bits),
        "activations_valid": ("activations__valid", 1),
        "activations_payload": ("activations__payload", geometry.activation_word_bits),
    }
    outputs = {
        "commands_ready": ("commands__ready", 1),
        "weights_ready": ("weights__ready", 1),
        "activations_ready": ("activations__ready", 1),
        "results_valid": ("results__valid", 1),
        "results_payload": ("results__payload", beat_bits),
        **{name: (f"status__{name}", 1) for name in ("idle", *ERRORS)},
        **{name: (f"status__{name}", COUNTER_BITS) for name in COUNTERS},
    }
    ports = ["clk", *(f"next_{name}" for name in inputs), *outputs]
    connections = {port: name for name, (port, _) in (inputs | outputs).items()}
    connections |= {"clk": "clk", "clear": "1'b0", "results__ready": "1'b1"}
    lines = [
        f"module {TOP}({', '.join(ports)});",
        "  input clk;",
        *(f"  input [{width - 1}:0] next_{name};" for name, (_, width) in inputs.items()),
        *(f"  reg [{width - 1}:0] {name};" for name, (_, width) in inputs.items()),
        *(f"  output [{width - 1}:0] {name};" for name, (_, width) in outputs.items()),
        "  always @(posedge clk) begin",
        *(f"    {name} <= next_{name};" for name in inputs),
        "  end",
        f"  {ACCELERATOR} accelerator(",
        ",\n".join(f"    .{port}({value})" for port, value in connections.items()),
        "  );",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def harness_directives(verilog: str) -> str:
    """Return the directives to Verilator for the Verilog of an accelerator."""
    modules = set(re.findall(r"^module \\?(\S+?) ?\(", verilog, re.MULTILINE))
    return "\n".join(["`verilator_config", *_directives(modules), ""])


def _directives(modules: set[str]) -> Iterator[str]:
    row = f"{ACCELERATOR}_row"
    yield f'no_inline -module "{row}"'
    for part in _ROW_PARTS:
        if f"{row}.{part}" in modules:
            yield f'inline -module "{row}.{part}"'
    for port in _ROW_PORTS:
        # Public, with the clock at which it may change: it is not replaced by what drives it.
        yield f'public_flat_rw -module "{row}" -var "{port}" @(posedge clk)'
    for encoding in ("trit2", "trit5"):
        decoder = f"{ACCELERATOR}_{encoding}_decoder"
        if decoder in modules:
            yield f'no_inline -module "{decoder}"'
            for port in _DECODER_PORTS:
                yield f'public_flat_rd -module "{decoder}" -var "{port}"'
