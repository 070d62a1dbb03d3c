"""The accelerator: commands, packed weights and activations in, int32 results out."""

from amaranth import Cat, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from rtl.counters import COUNTERS, Counters, status_signature
from rtl.dispatcher import STORE_HALVES, Dispatcher, job_layout
from rtl.geometry import ACTIVATION_BITS
from rtl.lanes import Operands
from rtl.result_buffer import ResultBuffer, beat_layout
from rtl.row import Row
from rtl.sequencer import Sequencer, step_layout
from rtl.shared import place
from rtl.stream_watch import StreamWatch
from rtl.weight_check import WeightCheck
from rtl.weights import TileLoader

__all__ = ["Accelerator"]


class Accelerator(wiring.Component):
    """Ternary matrix multiplier; docs/architecture.md is its specification.

    Parameters
    ----------
    geometry : Geometry
        All parameters.

    Members
    -------
    commands : In(stream.Signature(job_layout(geometry)))
        Jobs.
    weights : In(stream.Signature(geometry.weight_bus_bits))
        Packed weight tiles, in the order in which the jobs use them.
    activations : In(stream.Signature(ArrayLayout(signed(8), lanes)))
        Activations of each job: for each K tile, for each token, one word.
    results : Out(stream.Signature(beat_layout(geometry)))
        Results of each job: for each output tile, for each token, the rows in order.
    status : Out(status_signature())
        Counters and errors.
    clear : In(1)
        Set all counters to 0 and forget all errors.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        activations = data.ArrayLayout(signed(ACTIVATION_BITS), geometry.lanes)
        super().__init__({
            "commands": In(stream.Signature(job_layout(geometry))),
            "weights": In(stream.Signature(geometry.weight_bus_bits)),
            "activations": In(stream.Signature(activations)),
            "results": Out(stream.Signature(beat_layout(geometry))),
            "status": Out(status_signature()),
            "clear": In(1),
        })

    @property
    def geometry(self):
        """All parameters."""
        return self._geometry

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        m.submodules.dispatcher = dispatcher = Dispatcher(geometry)
        m.submodules.operands = operands = Operands(geometry)
        m.submodules.tiles = tiles = TileLoader(geometry)
        m.submodules.sequencer = sequencer = Sequencer(geometry)
        m.submodules.results = results = ResultBuffer(geometry)
        m.submodules.counters = counters = Counters()
        m.submodules.store = store = Memory(
            shape=geometry.activation_word_bits,
            depth=STORE_HALVES * geometry.activation_depth,
            init=[],
        )
        write, read = store.write_port(), store.read_port()
        given = (self.commands, self.weights, self.activations)
        m.submodules.watch = watch = StreamWatch(len(given))

        connect(m, host=flipped(self.commands), dispatcher=dispatcher.commands)
        connect(m, host=flipped(self.weights), tiles=tiles.weights)
        connect(m, jobs=dispatcher.jobs, sequencer=sequencer.jobs)
        connect(m, buffer=results.results, host=flipped(self.results))
        connect(m, counters=counters.status, host=flipped(self.status))
        m.d.comb += [
            # The dispatcher handles a word of activations as bits.
            dispatcher.activations.payload.eq(self.activations.payload),
            dispatcher.activations.valid.eq(self.activations.valid),
            self.activations.ready.eq(dispatcher.activations.ready),
            write.en.eq(dispatcher.write.en),
            write.addr.eq(dispatcher.write.addr),
            write.data.eq(dispatcher.write.data),
            read.en.eq(sequencer.fetch),
            read.addr.eq(sequencer.fetch_address),
            operands.activations.as_value().eq(read.data),
            operands.load.eq(sequencer.step),
            sequencer.half.eq(dispatcher.half),
            sequencer.limit.eq(dispatcher.limit),
            sequencer.tile_available.eq(tiles.available),
            tiles.take.eq(sequencer.take_tile),
            sequencer.slot_freed.eq(results.freed),
        ]

        # A step loads operands and weights in its cycle, then its sum travels through the tree.
        valid, what = sequencer.step, sequencer.what
        for stage in range(1 + geometry.tree_latency):
            next_valid = Signal(name=f"valid{stage}")
            next_what = Signal(step_layout(geometry), name=f"what{stage}", reset_less=True)
            m.d.sync += [next_valid.eq(valid), next_what.eq(what)]
            valid, what = next_valid, next_what

        for number in range(geometry.rows):
            row = place(m, platform, f"row{number}", "row", lambda: Row(geometry))
            first_trit = number * geometry.lanes
            weights = tiles.tile.as_value()[2 * first_trit : 2 * (first_trit + geometry.lanes)]
            m.d.comb += [
                row.shared.eq(operands.shared),
                row.weights.eq(weights),
                row.valid.eq(valid),
                row.first.eq(what.first),
                row.token.eq(what.token),
                results.totals[number].eq(row.total),
            ]
        m.d.comb += [results.push.eq(valid & what.final), results.what.eq(what.vector)]
        m.d.comb += [
            watch.valid.eq(Cat(port.valid for port in given)),
            watch.ready.eq(Cat(port.ready for port in given)),
        ]

        events = counters.events
        m.d.comb += [
            counters.clear.eq(self.clear),
            events.cycles.eq(dispatcher.active | sequencer.slots_used),
            events.busy.eq(sequencer.step),
            events.illegal_code.eq(tiles.illegal),
            events.bad_command.eq(dispatcher.rejected),
            events.dropped_valid.eq(watch.dropped),
            *(getattr(events, name).eq(getattr(sequencer, name)) for name in COUNTERS[2:]),
        ]
        if geometry.check_bits:
            m.submodules.check = check = WeightCheck(geometry)
            m.d.comb += [
                check.word.eq(self.weights.payload),
                check.accepted.eq(self.weights.valid & self.weights.ready),
                events.corrupt_word.eq(check.corrupt),
            ]
        return m
