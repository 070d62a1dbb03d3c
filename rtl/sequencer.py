"""The order of work: which activation, weight tile and partial sum meet in each cycle."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from rtl.dispatcher import STORE_HALVES, job_layout
from rtl.geometry import FLAG_BITS

__all__ = ["Sequencer", "step_layout", "vector_layout"]


def vector_layout(geometry):
    """Return the layout of what travels beside a result vector: `rows` valid, `flags`, `last`."""
    return data.StructLayout({
        "rows": geometry.rows.bit_length(),
        "flags": FLAG_BITS,
        "last": 1,
    })


def step_layout(geometry):
    """Return the layout of a step: `token`, whether it is on the `first` or `final` pass over K."""
    return data.StructLayout({
        "token": geometry.token_bits,
        "first": 1,
        "final": 1,
        "vector": vector_layout(geometry),
    })


class Sequencer(wiring.Component):
    """Take one step in each cycle in which everything that it needs is there.

    For each output tile of the job, for each K tile, for each token: one step. The first step of a
    tile takes the tile from the weight stream. A step on the final pass over K needs a free slot in
    the result buffer; and a final pass starts only when the result stream has had time for the
    results of the final pass before it, which keeps the buffer small and the timing independent of
    its state.

    Parameters
    ----------
    geometry : Geometry
        Sizes.

    Members
    -------
    jobs : In(stream.Signature(job_layout(geometry)))
        The job at work; taken with its last step.
    half : In(1)
        The half of the activation store that holds its activations.
    limit : In(address)
        One past the last word that can be read of the job at work after this cycle.
    tile_available : In(1)
        The next weight tile can be taken.
    take_tile : Out(1)
        Take it.
    slot_freed : In(1)
        A result vector has left the result buffer.
    slots_used : Out(1)
        A result vector is under way or in the result buffer.
    step : Out(1)
        A step is taken, with the activation that was fetched; what it does comes a cycle later.
    fetch : Out(1)
        Read the activation store: there is no activation yet for the next step.
    fetch_address : Out(address)
        Activation of the next step.
    what : Out(step_layout(geometry))
        The step.
    weight_wait, activation_wait, output_wait : Out(1)
        There is a job but no step, for want of this.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        address = range(STORE_HALVES * geometry.activation_depth + 1)
        super().__init__({
            "jobs": In(stream.Signature(job_layout(geometry))),
            "half": In(1),
            "limit": In(address),
            "tile_available": In(1),
            "take_tile": Out(1),
            "slot_freed": In(1),
            "slots_used": Out(1),
            "step": Out(1),
            "fetch": Out(1),
            "fetch_address": Out(address),
            "what": Out(step_layout(geometry)),
            "weight_wait": Out(1),
            "activation_wait": Out(1),
            "output_wait": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        job = self.jobs.payload

        # Where the next step stands in its job.
        token = Signal(geometry.token_bits)
        k_done, k_left = Signal.like(job.k, name="k_done"), Signal.like(job.k, name="k_left")
        n_done, n_left = Signal.like(job.n, name="n_done"), Signal.like(job.n, name="n_left")
        last_token, last_k, last_n = Signal(), Signal(), Signal()
        m.d.comb += [
            last_token.eq(token + 1 == job.m),
            k_left.eq(job.k - k_done),
            n_left.eq(job.n - n_done),
            last_k.eq(k_left <= geometry.lanes),
            last_n.eq(n_left <= geometry.rows),
        ]

        # What it needs. Its activation is fetched ahead, one cycle or more.
        address = Signal.like(self.fetch_address, name="address")
        following = Signal.like(self.fetch_address, name="following")
        fetched = Signal()
        m.d.comb += [
            following.eq(address + 1),
            self.fetch_address.eq(Mux(self.step, following, address)),
            self.fetch.eq(self.step | ~fetched),
        ]
        m.d.sync += [address.eq(self.fetch_address), fetched.eq(self.fetch_address != self.limit)]
        activation_ready, weights_ready, output_ready = Signal(), Signal(), Signal()
        slots = Signal(range(geometry.result_slots + 1), init=geometry.result_slots)
        timer = Signal(range(geometry.max_tokens * geometry.beats_per_vector + 1))
        m.d.comb += [
            activation_ready.eq(fetched),
            weights_ready.eq((token != 0) | self.tile_available),
            output_ready.eq(~last_k | ((slots != 0) & ((token != 0) | (timer <= 1)))),
            self.step.eq(self.jobs.valid & activation_ready & weights_ready & output_ready),
            self.take_tile.eq(self.step & (token == 0)),
            self.activation_wait.eq(self.jobs.valid & ~activation_ready),
            self.weight_wait.eq(self.jobs.valid & activation_ready & ~weights_ready),
            self.output_wait.eq(self.jobs.valid & activation_ready & weights_ready & ~output_ready),
        ]

        # What it is.
        m.d.comb += [
            self.what.token.eq(token),
            self.what.first.eq(k_done == 0),
            self.what.final.eq(last_k),
            self.what.vector.rows.eq(Mux(last_n, n_left, geometry.rows)),
            self.what.vector.flags.eq(job.flags),
            self.what.vector.last.eq(last_n & last_token),
            self.jobs.ready.eq(self.step & last_token & last_k & last_n),
        ]

        with m.If(self.step):
            m.d.sync += token.eq(token + 1)
            with m.If(last_token):
                m.d.sync += [token.eq(0), k_done.eq(k_done + geometry.lanes)]
                with m.If(last_k):
                    # Back to the start of this half, or on to the other half for the next job.
                    m.d.comb += following.eq(Mux(self.half ^ last_n, geometry.activation_depth, 0))
                    m.d.sync += [
                        k_done.eq(0),
                        n_done.eq(Mux(last_n, 0, n_done + geometry.rows)),
                    ]

        used = Signal()
        m.d.comb += [
            used.eq(self.step & last_k),
            self.slots_used.eq(slots != geometry.result_slots),
        ]
        m.d.sync += [
            slots.eq(slots - used + self.slot_freed),
            timer.eq(Mux(timer == 0, 0, timer - 1) + Mux(used, geometry.beats_per_vector, 0)),
        ]
        return m
