"""Traces: the fields of payloads, and the file."""

from rtl.geometry import Geometry
from sim.coverage_trace import PORTS, Command, Segment, Trace

GEOMETRY = Geometry(rows=4, lanes=2, weight_bus_bits=16, max_tokens=3, max_k=14, output_bus_words=3)


def test_fields_of_a_command():
    trace = Trace(GEOMETRY, outputs_bits=7, counter_bits=13)
    # K in 4 bits, N in 7, M in 2, flags in 8.
    word = 15 | 100 << 4 | 2 << 11 | 0xA5 << 13
    assert trace.command(word) == Command(k=15, n=100, m=2, flags=0xA5)


def test_fields_of_a_beat():
    trace = Trace(GEOMETRY, outputs_bits=7, counter_bits=13)
    # Three results, their number in 2 bits, flags, the end mark.
    assert trace.beat((1 << 96) - 1 | 2 << 96 | 0x81 << 98 | 1 << 106) == (2, 0x81, True)
    assert trace.beat(3 << 96) == (3, 0, False)


def test_a_file_gives_back_what_was_written(tmp_path):
    cycles = [tuple(range(len(PORTS))), (0,) * len(PORTS)]
    payloads = {
        "commands": [1, 1 << 70],
        "weights": [],
        "activations": [0],
        "results": [255, 256, 0],
    }
    trace = Trace(GEOMETRY, 7, 13, [Segment(cycles, payloads), Segment()])
    trace.save(tmp_path / "trace.npz")
    assert Trace.load(tmp_path / "trace.npz") == trace
