"""Compiles components of two 16-bit operands to a function on NumPy arrays.

Amaranth's own simulator evaluates some thousands of operand pairs a second, this one millions.
"""

import ctypes
import os
import subprocess

import numpy as np
from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from rtl.baseline_verilog import emit_baseline
from sim.toolchain import find_toolchain

_HARNESS = """\
#include <cstddef>
#include <cstdint>
#include <cstring>
#include "Vmodel.h"
#include "verilated.h"
extern "C" void evaluate(const uint16_t* a, const uint16_t* b, uint16_t* results, size_t count) {
    VerilatedContext context;
    Vmodel model{&context};
    for (size_t index = 0; index != count; ++index) {
        model.a = a[index];
        model.b = b[index];
        model.eval();
        std::memcpy(&results[index * COLUMNS], &model.results, 2 * COLUMNS);
        CLOCK
    }
}
"""
_OPTIONS = "--cc --exe --prefix Vmodel --top-module top -Wno-lint -Wno-fatal -O3 -Mdir model"


class _Together(wiring.Component):
    """Feed the same operands to several components."""

    def __init__(self, components, result):
        self._components = components
        self._result = result
        super().__init__({
            "a": In(16),
            "b": In(16),
            "results": Out(data.ArrayLayout(16, len(components))),
        })

    def elaborate(self, platform):
        m = Module()
        for index, component in enumerate(self._components):
            m.submodules[f"component{index}"] = component
            m.d.comb += [
                component.a.eq(self.a),
                component.b.eq(self.b),
                self.results[index].eq(getattr(component, self._result)),
            ]
        return m


def compile_function(components, result, directory):
    """Return a function from arrays `a` and `b` to the ports `result`, a column per component.

    A component takes two operands a cycle, and its result is there `latency` cycles later.
    """
    verilog = emit_baseline(_Together(components, result), "top")
    toolchain = find_toolchain("verilator", verilog=verilog, top="top", waves=False)
    (directory / "top.v").write_text(verilog, encoding="utf-8")
    latencies = [component.latency for component in components]
    clock = "model.clk = 1; model.eval(); model.clk = 0;" if any(latencies) else ""
    harness = _HARNESS.replace("COLUMNS", str(len(components))).replace("CLOCK", clock)
    (directory / "harness.cpp").write_text(harness, encoding="utf-8")
    flags = ["-CFLAGS", "-fPIC -O2", "-LDFLAGS", "-shared", "-o", "model.so"]
    for command in (
        ["verilator", *_OPTIONS.split(), "top.v", "harness.cpp", *flags],
        ["make", "-C", "model", "-f", "Vmodel.mk", "OPT_FAST=-O2", "OPT_GLOBAL=-O0"],
    ):
        subprocess.run(
            command,
            cwd=directory,
            env=os.environ | toolchain.environment,
            check=True,
            capture_output=True,
        )
    library = ctypes.CDLL(str(directory / "model" / "model.so"))
    library.evaluate.argtypes = [*[ctypes.c_void_p] * 3, ctypes.c_size_t]

    def function(a, b):
        a, b = (np.ascontiguousarray(x, dtype=np.uint16) for x in (a, b))
        assert a.shape == b.shape
        a, b = (np.pad(x, (0, max(latencies))) for x in (a, b))
        results = np.empty((a.size, len(components)), np.uint16)
        library.evaluate(a.ctypes.data, b.ctypes.data, results.ctypes.data, a.size)
        count = a.size - max(latencies)
        columns = [results[late : late + count, i] for i, late in enumerate(latencies)]
        return np.stack(columns, axis=1)

    return function
