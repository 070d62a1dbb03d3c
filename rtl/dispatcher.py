"""From commands to jobs: check a command, load its activations, queue it for the array."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from rtl.geometry import FLAG_BITS, OUTPUTS_BITS
from rtl.queue import Queue

__all__ = ["Dispatcher", "job_layout"]

COMMAND_QUEUE_DEPTH = 4
STORE_HALVES = 2


def job_layout(geometry):
    """Return the layout of a job on the command stream: `k`, `n`, `m` and `flags`."""
    return data.StructLayout({
        "k": geometry.max_k.bit_length(),
        "n": OUTPUTS_BITS,
        "m": geometry.max_tokens.bit_length(),
        "flags": FLAG_BITS,
    })


class Dispatcher(wiring.Component):
    """Accept commands ahead of time and load the activations of one job while another computes.

    A job enters the job queue when its activations begin to load; the queue holds two jobs because
    the activation store has two halves. The array may start on a job while it is still being
    loaded: it reads a word only once `limit` has passed it.

    A command whose `k`, `n` or `m` is 0 or beyond the geometry is dropped, and reported by
    `rejected`.

    Parameters
    ----------
    geometry : Geometry
        Limits and sizes.

    Members
    -------
    commands : In(stream.Signature(job_layout(geometry)))
        Commands from the host.
    activations : In(stream.Signature(geometry.activation_word_bits))
        For each K tile, for each token, one word with an int8 for each lane.
    write : Out(Signature(en, addr, data))
        Writes of the activation store; lanes beyond `k` are 0.
    jobs : Out(stream.Signature(job_layout(geometry)))
        The job at work; taking it frees its half of the store.
    half : Out(1)
        The half of the activation store that holds its activations.
    limit : Out(address)
        One past the last word that can be read of the job at work after this cycle.
    rejected : Out(1)
        A command is being dropped.
    active : Out(1)
        There is a command or a job.
    """

    def __init__(self, geometry):
        self._geometry = geometry
        address = range(STORE_HALVES * geometry.activation_depth + 1)
        super().__init__({
            "commands": In(stream.Signature(job_layout(geometry))),
            "activations": In(stream.Signature(geometry.activation_word_bits)),
            "write": Out(
                wiring.Signature({
                    "en": Out(1),
                    "addr": Out(address),
                    "data": Out(geometry.activation_word_bits),
                })
            ),
            "jobs": Out(stream.Signature(job_layout(geometry))),
            "half": Out(1),
            "limit": Out(address),
            "rejected": Out(1),
            "active": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        geometry = self._geometry
        layout = job_layout(geometry)
        m.submodules.commands = commands = Queue(layout, depth=COMMAND_QUEUE_DEPTH)
        m.submodules.jobs = jobs = Queue(layout, depth=STORE_HALVES)
        connect(m, host=flipped(self.commands), queue=commands.i)
        connect(m, queue=jobs.o, array=flipped(self.jobs))

        loading = Signal()
        load_half = Signal()
        finished = Signal()
        bases = [half * geometry.activation_depth for half in range(STORE_HALVES)]
        limits = [
            Signal.like(self.limit, name=f"limit{half}", init=base)
            for half, base in enumerate(bases)
        ]
        m.d.comb += [
            finished.eq(self.jobs.valid & self.jobs.ready),
            self.limit.eq(Mux(self.half ^ finished, limits[1], limits[0])),
            self.active.eq((commands.level != 0) | loading | (jobs.level != 0)),
        ]
        with m.If(finished):
            m.d.sync += self.half.eq(~self.half)
        for half, (limit, base) in enumerate(zip(limits, bases, strict=True)):
            with m.If(finished & (self.half == half)):
                m.d.sync += limit.eq(base)

        # Take a command.
        command = commands.o.payload
        legal = Signal()
        m.d.comb += [
            legal.eq(
                (command.k != 0)
                & (command.k <= geometry.max_k)
                & (command.n != 0)
                & (command.m != 0)
                & (command.m <= geometry.max_tokens)
            ),
            jobs.i.payload.eq(command),
            jobs.i.valid.eq(commands.o.valid & legal & ~loading),
            commands.o.ready.eq(~loading & (jobs.i.ready | ~legal)),
            self.rejected.eq(commands.o.valid & commands.o.ready & ~legal),
        ]
        k_left = Signal.like(command.k)
        token = Signal.like(command.m)
        tokens = Signal.like(command.m)
        with m.If(jobs.i.valid & jobs.i.ready):
            m.d.sync += [
                loading.eq(1),
                k_left.eq(command.k),
                tokens.eq(command.m),
                token.eq(1),
            ]

        # Load its activations.
        m.d.comb += [
            self.activations.ready.eq(loading),
            self.write.en.eq(loading & self.activations.valid),
            self.write.addr.eq(Mux(load_half, limits[1], limits[0])),
        ]
        lane_bits = geometry.activation_word_bits // geometry.lanes
        lanes = [
            self.activations.payload.word_select(lane, lane_bits)
            & (k_left > lane).replicate(lane_bits)
            for lane in range(geometry.lanes)
        ]
        m.d.comb += self.write.data.eq(Cat(*lanes))
        with m.If(self.write.en):
            for half, limit in enumerate(limits):
                with m.If(load_half == half):
                    m.d.sync += limit.eq(limit + 1)
            m.d.sync += token.eq(token + 1)
            with m.If(token == tokens):
                m.d.sync += [token.eq(1), k_left.eq(k_left - geometry.lanes)]
                with m.If(k_left <= geometry.lanes):
                    m.d.sync += [loading.eq(0), load_half.eq(~load_half)]
        return m
