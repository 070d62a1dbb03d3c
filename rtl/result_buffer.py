"""Result vectors on their way out: held until the result stream has carried them, beat by beat."""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.geometry import FLAG_BITS, RESULT_BITS
from rtl.queue import Queue
from rtl.sequencer import vector_layout

__all__ = ["ResultBuffer", "beat_layout"]


def beat_layout(geometry):
    """Return the layout of a beat of the result stream.

    `data` holds `count` results, the first row lowest; `flags` are the job's, `last` marks its end.
    """
    return data.StructLayout({
        "data": data.ArrayLayout(signed(RESULT_BITS), geometry.output_bus_words),
        "count": range(geometry.output_bus_words + 1),
        "flags": FLAG_BITS,
        "last": 1,
    })


class ResultBuffer(wiring.Component):
    """Queue of result vectors, emptied `output_bus_words` results at a time.

    Parameters
    ----------
    geometry : Geometry
        Sizes.

    Members
    -------
    push : In(1)
        Store a vector. There is no back-pressure: the sequencer takes no step whose result would
        find the buffer full.
    totals : In(ArrayLayout(signed(geometry.accumulator_bits), rows))
        Its results.
    what : In(vector_layout(geometry))
        Its valid rows, the flags of its job, and whether it is the job's last.
    results : Out(stream.Signature(beat_layout(geometry)))
        Results in beats.
    freed : Out(1)
        The last beat of a vector is being taken.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        self._totals = data.ArrayLayout(signed(geometry.accumulator_bits), geometry.rows)
        super().__init__({
            "push": In(1),
            "totals": In(self._totals),
            "what": In(vector_layout(geometry)),
            "results": Out(stream.Signature(beat_layout(geometry))),
            "freed": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        layout = data.StructLayout({"totals": self._totals, "what": vector_layout(geometry)})
        m.submodules.vectors = vectors = Queue(layout, depth=geometry.result_slots)
        m.d.comb += [
            vectors.i.valid.eq(self.push),
            vectors.i.payload.totals.eq(self.totals),
            vectors.i.payload.what.eq(self.what),
        ]

        vector, beat = vectors.o.payload, self.results.payload
        words, beats = geometry.output_bus_words, geometry.beats_per_vector
        index = Signal(range(max(beats, 2)))
        rows_left = Signal.like(vector.what.rows)
        last_beat = Signal()
        with m.Switch(index):
            for number in range(beats):
                # The last one for all that follows, so that no value of the index is left open.
                with m.Case(number) if number < beats - 1 else m.Default():
                    rows = range(number * words, min((number + 1) * words, geometry.rows))
                    m.d.comb += [
                        rows_left.eq(vector.what.rows - number * words),
                        *(beat.data[i].eq(vector.totals[row]) for i, row in enumerate(rows)),
                    ]
        m.d.comb += [
            last_beat.eq(rows_left <= words),
            beat.count.eq(Mux(last_beat, rows_left, words)),
            beat.flags.eq(vector.what.flags),
            beat.last.eq(vector.what.last & last_beat),
            self.results.valid.eq(vectors.o.valid),
            self.freed.eq(vectors.o.valid & self.results.ready & last_beat),
            vectors.o.ready.eq(self.results.ready & last_beat),
        ]
        with m.If(self.results.valid & self.results.ready):
            m.d.sync += index.eq(Mux(last_beat, 0, index + 1))
        return m
