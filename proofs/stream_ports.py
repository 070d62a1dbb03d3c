"""The ports: no way through the accelerator without a register, but from weights to their ready.

`valid` never waits for `ready`, and no two streams can make a loop outside: checked on the netlist
itself, by following each output back to the inputs it depends on in the same cycle.
"""

import json
import tempfile
from collections import defaultdict
from pathlib import Path

from amaranth import Module
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from proofs.prover import Proof, run_yosys
from rtl.accelerator import Accelerator
from rtl.geometry import Geometry

__all__ = ["GEOMETRY", "PROOFS"]

GEOMETRY = Geometry(
    rows=3,
    lanes=5,
    weight_encoding="trit5",
    weight_bus_bits=24,
    weight_check="hamming",
    max_k=20,
    max_tokens=2,
    output_bus_words=2,
    tree_register_every=1,
)
# A weight word is taken when the array takes the step that needs it; `clear` clears at the edge.
_ALLOWED = {"weights__ready": {"weights__valid"}}
_REGISTERS = ("$dff", "$sdff", "$adff", "$aldff", "$ff", "$mem")


def dependencies(component) -> dict[str, set[str]]:
    """Return the inputs that each output depends on in the same cycle.

    Raises
    ------
    RuntimeError
        If logic feeds itself without a register.
    """
    with tempfile.TemporaryDirectory(prefix="proof-") as name:
        work = Path(name)
        (work / "design.il").write_text(rtlil.convert(component, name="top", emit_src=False))
        # A memory's read port has no register: as logic between registers, it is seen through.
        script = "read_rtlil design.il; prep -top top -flatten; memory_map; opt -full; opt_clean"
        run_yosys(f"{script}; check -assert; write_json design.json", work)
        [module] = json.loads((work / "design.json").read_text())["modules"].values()
    drivers = defaultdict(list)
    for cell in module["cells"].values():
        if cell["type"].startswith(_REGISTERS):
            continue
        sides = {"input": [], "output": []}
        for pin, bits in cell["connections"].items():
            sides[cell["port_directions"][pin]] += [bit for bit in bits if isinstance(bit, int)]
        for bit in sides["output"]:
            drivers[bit] += sides["input"]
    source = {
        bit: name
        for name, port in module["ports"].items()
        if port["direction"] == "input"
        for bit in port["bits"]
    }
    found = {}
    for name, port in module["ports"].items():
        if port["direction"] == "output":
            waiting, seen = list(port["bits"]), set()
            while waiting:
                bit = waiting.pop()
                if bit not in seen:
                    seen.add(bit)
                    waiting += drivers[bit]
            found[name] = {source[bit] for bit in seen if bit in source}
    return found


def judge(component) -> str:
    """Return the claims that fail."""
    found = dependencies(component)
    failed = []
    for output, inputs in found.items():
        more = inputs - _ALLOWED.get(output, set()) - {"clk", "rst"}
        if more and "valid" in output:
            failed.append("valid_waits_for_nobody")
        elif more:
            failed.append("ready_depends_on_its_own_stream_only")
    return " ".join(dict.fromkeys(failed))


class _Waiting(wiring.Component):
    """An accelerator that offers a result only when the host is ready for it."""

    def __init__(self):
        self._it = Accelerator(GEOMETRY)
        super().__init__(self._it.signature)

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = it = self._it
        for name in ("commands", "weights", "activations", "status"):
            connect(m, flipped(getattr(self, name)), getattr(it, name))
        m.d.comb += [
            it.clear.eq(self.clear),
            self.results.payload.eq(it.results.payload),
            it.results.ready.eq(self.results.ready),
            self.results.valid.eq(it.results.valid & self.results.ready),
        ]
        return m


class _Tangled(_Waiting):
    """An accelerator that takes a weight word only while an activation is offered."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = it = self._it
        for name in ("commands", "activations", "status", "results"):
            connect(m, flipped(getattr(self, name)), getattr(it, name))
        m.d.comb += [
            it.clear.eq(self.clear),
            it.weights.payload.eq(self.weights.payload),
            it.weights.valid.eq(self.weights.valid & self.activations.valid),
            self.weights.ready.eq(it.weights.ready & self.activations.valid),
        ]
        return m


PROOFS = (
    Proof(
        name="stream-ports",
        promise="No output depends on an input in the same cycle, but the ready of the weights on "
        "their valid; no logic feeds itself.",
        spec=lambda: Accelerator(GEOMETRY),
        broken={
            "valid_waits_for_nobody": _Waiting,
            "ready_depends_on_its_own_stream_only": _Tangled,
        },
        method="structure",
        size="3 rows, 5 lanes, 2 words a tile",
        judge=judge,
    ),
)
