"""Reset: one cycle of it makes an accelerator in whatever state idle; what it leaves is not read.

Each register either takes its initial value while reset is high, whatever else is, or holds data.
Data is read only after it was written since: other proofs say so, each for its own (``_DATA``).
"""

import json
import re
import tempfile
from collections import defaultdict
from pathlib import Path

from amaranth import Module, Signal
from amaranth.back import rtlil
from amaranth.lib import wiring

from proofs.prover import Proof, run_yosys
from proofs.stream_ports import GEOMETRY
from rtl.accelerator import Accelerator

__all__ = ["PROOFS", "unreset"]

# Names of what keeps its state over a reset, and the proof or claim that guards it.
_DATA = {
    r"(dispatcher\.(commands|jobs)|results\.vectors)\.items": "queue: oldest_item_first",
    r"store": "sequencer: activation_was_loaded",
    r"activations": "the store's read register; sequencer: activation_of_the_step",
    r"dispatcher\.(k_left|token|tokens)": "activation-loading: token_is_seen",
    r"operands\.(shared|held)": "sequencer: a step loads them before their sum is valid",
    r"check\.difference": "weight-check: beside a bit that is reset",
    r"tiles\.word\d+": "weight-tiles: tile_is_its_words",
    r"tiles\.tile": "weight-tiles: tile_is_its_words",
    r"what\d+": "beside a valid bit, which is reset",
    r"row\d+\.dot\.tree\.level\d+_\d+_(kept|carry)": "dot: dot_product_is_exact",
    r"row\d+\.accumulator\.(partials|kept)": "accumulator-width: total_is_exact",
}
_ALLOWED = re.compile(f"(?:{'|'.join(_DATA)})(?:\\W.*)?")


def unreset(component) -> set[tuple[str, ...]]:
    """Return the registers and memories that a cycle of reset leaves as they are.

    Each by all its names: a register is seen at the ports of every module that it passes.
    """
    with tempfile.TemporaryDirectory(prefix="proof-") as name:
        work = Path(name)
        (work / "design.il").write_text(rtlil.convert(component, name="top", emit_src=False))
        script = "read_rtlil design.il; hierarchy -top top; proc -noopt; flatten"
        run_yosys(f"{script}; write_json design.json", work)
        module = json.loads((work / "design.json").read_text())["modules"]["top"]
    reset = module["ports"]["rst"]["bits"]
    names = defaultdict(set)
    for name, wire in module["netnames"].items():
        for bit in wire["bits"]:
            names[bit].add(name)
    driver = {
        bit: cell
        for cell in module["cells"].values()
        if cell["type"] == "$mux"
        for bit in cell["connections"]["Y"]
    }
    found = set()
    for cell in module["cells"].values():
        kind = cell["type"]
        if kind.startswith("$mem"):
            memory = cell["parameters"]["MEMID"].replace("$flatten", "").replace("\\", "")
            found.add((memory,))
        elif kind == "$dff":
            pins = cell["connections"]
            for data, output in zip(pins["D"], pins["Q"], strict=True):
                mux = driver.get(data)
                if mux is None or mux["connections"]["S"] != reset or not _constant(mux, data):
                    found.add(tuple(sorted(names[output])))
    return found


def _constant(mux, bit) -> bool:
    """Return whether a multiplexer gives this bit a constant while reset is high."""
    pins = mux["connections"]
    return isinstance(pins["B"][pins["Y"].index(bit)], str)


def judge(component) -> str:
    """Return the claim, if it fails, that nothing but data keeps its state."""
    more = [names for names in unreset(component) if not any(map(_ALLOWED.fullmatch, names))]
    return "only_data_keeps_its_state" if more else ""


class _Forgetful(wiring.Component):
    """An accelerator beside a bit of control that no reset reaches."""

    def __init__(self):
        self._it = Accelerator(GEOMETRY)
        super().__init__(self._it.signature.flip().flip())

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = self._it
        busy = Signal(reset_less=True)
        m.d.sync += busy.eq(~busy & self._it.commands.valid)
        m.d.comb += self._it.clear.eq(busy)
        return m


PROOFS = (
    Proof(
        name="reset",
        promise="A cycle of reset, in any state, makes everything idle; only data keeps its state, "
        "and is not read before it is written.",
        spec=lambda: Accelerator(GEOMETRY),
        broken={"only_data_keeps_its_state": _Forgetful},
        method="structure",
        size="3 rows, 5 lanes, 2 words a tile",
        judge=judge,
    ),
)
