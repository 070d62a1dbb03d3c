"""The result buffer: of each vector every row once, in order, and the rules of streams."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofs.claims import assume, claim, inner_signals, opened, previous
from proofs.prover import Proof
from rtl.geometry import Geometry
from rtl.result_buffer import ResultBuffer

__all__ = ["PROOFS"]

GEOMETRY = Geometry(rows=5, lanes=2, weight_bus_bits=8, max_k=4, max_tokens=1, output_bus_words=2)


class Beats(wiring.Component):
    """A result buffer, and the rows of its oldest vector that have left.

    Vectors have one row at least and are pushed while there is room, which the sequencer sees to
    (``never_more_results_than_slots``).
    """

    push: In(1)
    ready: In(1)
    rows: In(range(GEOMETRY.rows + 1))
    flags: In(8)
    last: In(1)
    totals: In(GEOMETRY.rows * GEOMETRY.accumulator_bits)

    def __init__(self, spoiled="", hardware=GEOMETRY):
        self._spoiled = spoiled
        self._hardware = hardware
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        g = GEOMETRY
        buffer = ResultBuffer(self._hardware)
        module = opened(buffer)
        # The queue inside is proven by itself; here its place in the memory must be seen.
        queue = module.submodules.vectors
        queue_module = opened(queue)
        queue.elaborate = lambda platform: queue_module
        memory = queue_module.submodules.items
        write, read = memory.write_ports[0], memory.read_ports[0]
        depth = g.result_slots
        cells = [memory.read_port(domain="comb") for _ in range(depth)]
        m.submodules.buffer, inner = inner_signals(module)
        room = queue.level != g.result_slots
        m.d.comb += [
            buffer.push.eq(self.push & room),
            buffer.totals.as_value().eq(self.totals),
            buffer.what.rows.eq(self.rows),
            buffer.what.flags.eq(self.flags),
            buffer.what.last.eq(self.last),
            buffer.results.ready.eq(self.ready),
        ]
        assume(m, ~self.push | ((self.rows != 0) & (self.rows <= g.rows)))

        beat, vector = buffer.results.payload, queue.o.payload
        valid = buffer.results.valid
        sent = Signal(range(g.rows + g.output_bus_words))
        left = Signal.like(sent)
        count = beat.count ^ (self._spoiled == "count")
        freed = buffer.freed ^ (self._spoiled == "freed")
        taken = valid & self.ready
        done = sent + count == vector.what.rows
        m.d.comb += left.eq(vector.what.rows - sent)
        with m.If(taken):
            m.d.sync += sent.eq(Mux(done, 0, sent + count))
        words = g.output_bus_words
        claim(m, "as_many_as_are_left", ~valid | (count == Mux(left < words, left, words)))
        totals = vector.totals
        for start in range(0, g.rows, words):
            for word in range(min(words, g.rows - start)):
                here = valid & (sent == start) & (count > word)
                shown = beat.data[word] ^ (self._spoiled == f"row{start + word}")
                claim(m, f"row{start + word}_in_its_place", ~here | (shown == totals[start + word]))
        claim(m, "flags_of_the_vector", ~valid | (beat.flags == vector.what.flags))
        claim(m, "last_with_the_last_row", ~valid | (beat.last == (vector.what.last & done)))
        claim(m, "freed_with_the_last_row", freed == (taken & done))
        claim(m, "leaves_with_the_last_row", (queue.o.valid & queue.o.ready) == (taken & done))

        waiting = previous(m, valid & ~self.ready)
        shown = previous(m, beat.as_value())
        holds = valid & (self._spoiled != "valid")
        claim(m, "valid_stays", ~waiting | holds)
        claim(m, "payload_stays", ~waiting | (beat.as_value() == shown))

        # What no port shows.
        index = inner["index"]
        claim(m, "index_is_of_the_rows", index * words == sent)
        claim(m, "some_rows_are_left", ~valid | (sent < vector.what.rows))
        claim(m, "nothing_sent_of_nothing", valid | (sent == 0))
        distance = Signal(range(2 * depth + 1))
        m.d.comb += distance.eq(read.addr + queue.level)
        claim(m, "places_are_inside", (write.addr < depth) & (read.addr < depth))
        claim(m, "level_is_inside", queue.level <= depth)
        follows = write.addr == Mux(distance >= depth, distance - depth, distance)
        claim(m, "next_place_follows_the_vectors", follows)
        for address, port in enumerate(cells):
            m.d.comb += port.addr.eq(address)
            ahead = Signal(range(2 * depth), name=f"ahead{address}")
            m.d.comb += ahead.eq(Mux(read.addr > address, address + depth, address) - read.addr)
            rows = port.data.what.rows
            stored = ahead < queue.level
            claim(m, f"vector{address}_has_rows", ~stored | ((rows != 0) & (rows <= g.rows)))
        return m


PROOFS = (
    Proof(
        name="result-beats",
        promise="Of each vector every row once and in order, with its flags; the last beat is "
        "marked; valid and payload stay until they are taken.",
        spec=Beats,
        broken={
            "as_many_as_are_left": lambda: Beats("count"),
            "row3_in_its_place": lambda: Beats("row3"),
            "freed_with_the_last_row": lambda: Beats("freed"),
            "valid_stays": lambda: Beats("valid"),
        },
        method="induction",
        steps=1,
        size="5 rows, 2 a beat, any totals",
    ),
)
