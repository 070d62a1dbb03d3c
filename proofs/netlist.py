"""Synthesis: the netlist of a whole array does what its Verilog says."""

import re
import tempfile
from pathlib import Path

from proofs.prover import Proof, run_yosys
from rtl.geometry import Geometry
from rtl.verilog import emit

__all__ = ["PROOFS"]

GEOMETRY = Geometry(
    rows=2,
    lanes=3,
    weight_encoding="trit5",
    weight_bus_bits=16,
    max_k=6,
    max_tokens=2,
    output_bus_words=1,
    tree_register_every=1,
)
# Names of single bits, and none of bits that nobody needs: what is compared must be on both sides.
_NAMES = "splitnets; opt_clean -purge"
_READ = "read_verilog design.v; hierarchy -top design; proc; flatten; memory -nomap; memory_map"
_EQUAL = (
    "equiv_make read mapped equal; hierarchy -top equal; opt_clean; async2sync; dffunmap; "
    "opt_clean; equiv_struct; equiv_simple; equiv_induct -seq 2; tee -q -o status.txt equiv_status"
)


def judge(mapped: str) -> str:
    """Return the claim, if it fails, that Verilog and what synthesis makes of `mapped` agree."""
    verilog, _ = emit(GEOMETRY, "design")
    with tempfile.TemporaryDirectory(prefix="proof-") as name:
        work = Path(name)
        (work / "design.v").write_text(verilog, encoding="utf-8")
        (work / "mapped.v").write_text(mapped, encoding="utf-8")
        script = (
            f"{_READ}; opt -full; {_NAMES}; rename design read; design -stash read",
            f"read_verilog mapped.v; synth -flatten -top design; {_NAMES}; design -stash mapped",
            "design -copy-from read -as read read; design -copy-from mapped -as mapped design",
            _EQUAL,
        )
        run_yosys("; ".join(script), work)
        unproven = re.search(r"and (\d+) are unproven", (work / "status.txt").read_text())
    if unproven is None:
        raise RuntimeError("Yosys must say how many nets are unproven")
    return "netlist_is_the_verilog" if int(unproven[1]) else ""


def _verilog() -> str:
    return emit(GEOMETRY, "design")[0]


def _one_sum_wrong() -> str:
    """Return Verilog in which one addition is a subtraction."""
    before, plus, behind = _verilog().partition(" + ")
    assert plus
    return f"{before} - {behind}"


PROOFS = (
    Proof(
        name="netlist",
        promise="What synthesis makes of the generated Verilog, gates and flip-flops, is equal to "
        "it in every net that both have.",
        spec=_verilog,
        broken={"netlist_is_the_verilog": _one_sum_wrong},
        method="equivalence",
        size="2 rows, 3 lanes, whole",
        judge=judge,
    ),
)
