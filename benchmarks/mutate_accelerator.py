# amaranth: UnusedElaboratable=no
"""The target of mutation that is a whole accelerator.

Modules that only make sense among their neighbours are mutated in here.
"""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

import numpy as np
from amaranth import Module, Signal

from benchmarks.mutants import Target
from benchmarks.mutate_jobs import scenarios
from benchmarks.mutate_modules import WORD_BITS, Bench
from benchmarks.mutate_ports import GEOMETRY, STREAMS, payload_bits, status_bits, word_count
from benchmarks.mutate_scenario import PAUSES
from rtl.accelerator import Accelerator
from rtl.result_buffer import beat_layout

__all__ = ["accelerator"]


def accelerator(name: str = "Accelerator", cells: str = "*dut*") -> Target:
    """Return the target of an accelerator, or of the module in it whose cells have these names.

    `narrow` must hold, here and where the target is used.
    """
    bits = payload_bits()
    return Target(
        name=name,
        component=_bench(),
        cells=cells,
        bench="mutate_streams.cpp",
        vectors=np.array([word for item in scenarios() for word in item.words()], np.uint32),
        constants={
            "IN_WORDS": 1 + sum(word_count(bits[stream]) for stream in STREAMS[:3]),
            "COMMAND_WORDS": word_count(bits["commands"]),
            "WEIGHT_WORDS": word_count(bits["weights"]),
            "ACTIVATION_WORDS": word_count(bits["activations"]),
            "BEAT_WORDS": word_count(bits["results"]),
            "STATUS_WORDS": word_count(sum(status_bits().values())),
            "PAUSES": PAUSES,
        },
        small=False,
    )


def _bench() -> Bench:
    dut = Accelerator(GEOMETRY)
    bits = payload_bits()
    padded = {stream: WORD_BITS * word_count(width) for stream, width in bits.items()}

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        for place, stream in enumerate(STREAMS[:3]):
            port = getattr(dut, stream)
            m.d.comb += [
                port.valid.eq(inputs.control[place]),
                port.payload.as_value().eq(inputs[stream])
                if stream != "weights"
                else port.payload.eq(inputs[stream]),
                outputs.control[place].eq(port.ready),
            ]
        beat = Signal(beat_layout(GEOMETRY))
        results = dut.results
        m.d.comb += [
            results.ready.eq(inputs.control[3]),
            dut.clear.eq(inputs.control[4]),
            outputs.control[3].eq(results.valid),
            outputs.results.eq(beat),
        ]
        # Words beyond the count, and what is there while nothing is offered, mean nothing.
        with m.If(results.valid):
            for name in ("count", "flags", "last"):
                m.d.comb += beat[name].eq(results.payload[name])
            for index in range(GEOMETRY.output_bus_words):
                with m.If(results.payload.count > index):
                    m.d.comb += beat.data[index].eq(results.payload.data[index])
        place = 0
        for name, width in status_bits().items():
            m.d.comb += outputs.status[place : place + width].eq(getattr(dut.status, name))
            place += width

    inputs = {"control": WORD_BITS} | {stream: padded[stream] for stream in STREAMS[:3]}
    status = WORD_BITS * word_count(sum(status_bits().values()))
    outputs = {"control": WORD_BITS, "results": padded["results"], "status": status}
    return Bench(inputs, outputs, connect)
