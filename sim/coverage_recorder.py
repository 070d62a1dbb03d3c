"""Watches the ports of an accelerator from outside, whatever bench drives it.

Imported inside the simulator only.
"""

from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from rtl.geometry import Geometry
from sim.coverage_trace import PORTS, STREAMS, Segment, Trace

__all__ = ["Recorder"]


class Recorder:
    """Passive watcher: reads ports at each rising clock edge, and drives none.

    Parameters
    ----------
    dut : cocotb handle
        The accelerator.
    geometry : Geometry
        Its parameters.
    outputs_bits : int
        Width of the field `n` of its commands.

    Attributes
    ----------
    trace : Trace
        What was seen.
    """

    def __init__(self, dut: Any, geometry: Geometry, outputs_bits: int) -> None:
        self._clock = dut.clk
        self._ports = [dut[name] for name in PORTS]
        self._streams = [
            (name, PORTS.index(f"{name}__valid"), PORTS.index(f"{name}__ready")) for name in STREAMS
        ]
        self._payloads = {name: dut[f"{name}__payload"] for name in STREAMS}
        self.trace = Trace(geometry, outputs_bits, counter_bits=len(dut["status__busy"]))

    def start(self) -> None:
        """Begin a segment, which ends with the test of cocotb that runs."""
        segment = Segment()
        self.trace.segments.append(segment)
        cocotb.start_soon(self._watch(segment))

    async def _watch(self, segment: Segment) -> None:
        edge = RisingEdge(self._clock)
        while True:
            await edge
            values = tuple(int(port.value) for port in self._ports)
            segment.cycles.append(values)
            for name, valid, ready in self._streams:
                if values[valid] and values[ready]:
                    segment.payloads[name].append(int(self._payloads[name].value))
