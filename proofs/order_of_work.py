"""The sequencer: every tile and token once and in order, all outputs, no standstill.

The reference is three loops, written as three numbers: output tile, K tile, token. Claims about
what the hardware remembers tie its own numbers to these, so one step of induction is enough.
"""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofs.claims import assume, claim, inner_signals, opened, previous
from proofs.prover import Proof
from rtl.dispatcher import job_layout
from rtl.geometry import Geometry
from rtl.sequencer import Sequencer

__all__ = ["PROOFS"]


def geometry(**changes):
    """Return a small geometry with ragged edges in every direction."""
    sizes = {"rows": 3, "lanes": 2, "weight_bus_bits": 8, "max_k": 7, "max_tokens": 3}
    return Geometry(**{**sizes, "output_bus_words": 2, **changes})


class Loops(wiring.Component):
    """A sequencer beside the loops that it stands for.

    Parameters
    ----------
    hardware : Geometry
        What the sequencer is made for; that of the specification but in a broken twin.
    spoiled : str
        Output whose lowest bit is wrong, in a broken twin.
    """

    def __init__(self, hardware=None, spoiled=""):
        self._geometry = geometry()
        self._hardware = hardware or self._geometry
        self._spoiled = spoiled
        super().__init__({
            "job": In(job_layout(self._geometry)),
            "has_job": In(1),
            "limit": In(range(2 * self._geometry.activation_depth + 1)),
            "tile_available": In(1),
            "slot_freed": In(1),
        })

    def _shown(self, name, value):
        return value ^ 1 if name == self._spoiled else value

    def elaborate(self, platform):
        m = Module()
        g = self._geometry
        sequencer = Sequencer(self._hardware)
        m.submodules.sequencer, inner = inner_signals(opened(sequencer))
        half = Signal()
        job, what = self.job, sequencer.what
        step = self._shown("step", sequencer.step)
        done = self._shown("done", sequencer.jobs.ready)
        m.d.comb += [
            sequencer.jobs.payload.eq(job),
            sequencer.jobs.valid.eq(self.has_job),
            sequencer.half.eq(half),
            sequencer.limit.eq(self.limit),
            sequencer.tile_available.eq(self.tile_available),
            sequencer.slot_freed.eq(self.slot_freed),
        ]
        # The dispatcher's side: legal jobs, which stay until they are taken, in halves in turn.
        m.d.sync += half.eq(half ^ (self.has_job & done))
        waiting = previous(m, self.has_job & ~done)
        shown = previous(m, job.as_value())
        assume(m, ~waiting | (self.has_job & (job.as_value() == shown)))
        assume(m, ~self.has_job | ((job.k != 0) & (job.k <= g.max_k)))
        assume(m, ~self.has_job | ((job.m != 0) & (job.m <= g.max_tokens) & (job.n != 0)))
        # The buffer's side: it frees what is used.
        assume(m, ~self.slot_freed | sequencer.slots_used)

        token, k_tile = Signal(range(g.max_tokens)), Signal(range(g.max_k))
        n_tile = Signal(24)
        k_before, n_before = Signal(8), Signal(28)
        m.d.comb += [k_before.eq(k_tile * g.lanes), n_before.eq(n_tile * g.rows)]
        last_token = token == job.m - 1
        last_k = k_before + g.lanes >= job.k
        last_n = n_before + g.rows >= job.n
        rows = Mux(last_n, job.n - n_before, g.rows)
        with m.If(step):
            m.d.sync += token.eq(Mux(last_token, 0, token + 1))
            with m.If(last_token):
                m.d.sync += k_tile.eq(Mux(last_k, 0, k_tile + 1))
                with m.If(last_k):
                    m.d.sync += n_tile.eq(Mux(last_n, 0, n_tile + 1))

        # What each step is.
        claim(m, "step_only_with_a_job", ~step | self.has_job)
        claim(m, "token_in_order", ~step | (self._shown("token", what.token) == token))
        claim(m, "first_on_the_first_k_tile", ~step | (what.first == (k_tile == 0)))
        final = self._shown("final", what.final)
        claim(m, "final_on_the_last_k_tile", ~step | (final == last_k))
        claim(m, "rows_inside_n", ~step | (self._shown("rows", what.vector.rows) == rows))
        claim(m, "flags_of_the_job", ~step | (what.vector.flags == job.flags))
        end = step & last_token & last_k & last_n
        last = self._shown("last", what.vector.last)
        claim(m, "last_marks_the_end", ~(step & last_k) | (last == (last_token & last_n)))
        claim(m, "job_ends_with_its_last_step", (self.has_job & done) == end)
        take = self._shown("take", sequencer.take_tile)
        claim(m, "one_tile_for_each_pass", take == (step & (token == 0)))
        claim(m, "tile_is_there_when_taken", ~take | self.tile_available)

        # How many outputs: those of whole output tiles, and those of this one.
        outputs = Signal(28)
        of_tile = Signal(28)
        m.d.comb += of_tile.eq(Mux(last_k, token * rows, 0))
        with m.If(step & last_k):
            m.d.sync += outputs.eq(Mux(end, 0, outputs + rows))
        claim(
            m,
            "outputs_so_far",
            ~self.has_job | (outputs == (n_before * job.m)[:28] + of_tile),
        )
        claim(m, "all_outputs_at_the_end", ~end | (outputs + rows == (job.n * job.m)[:28]))

        # Which activation: that of the K tile and token, fetched before, not beyond the limit.
        base = Mux(half, g.activation_depth, 0)
        place = base + k_tile * job.m + token
        fetched_from = Signal.like(sequencer.fetch_address)
        address = self._shown("fetch_address", sequencer.fetch_address)
        with m.If(sequencer.fetch):
            m.d.sync += fetched_from.eq(address)
        inside = previous(m, address != self.limit)
        claim(m, "activation_of_the_step", ~step | (fetched_from == place))
        claim(m, "activation_was_loaded", ~step | inside)

        # Room for results.
        used = Signal(range(g.result_slots + 1))
        m.d.sync += used.eq(used + (step & last_k) - self.slot_freed)
        claim(m, "never_more_results_than_slots", used <= g.result_slots)
        claim(m, "slots_used_is_seen", sequencer.slots_used == (used != 0))

        # Why there is no step: one reason, or none.
        reasons = [sequencer.weight_wait, sequencer.activation_wait, sequencer.output_wait]
        claim(
            m,
            "one_reason_for_each_cycle",
            step + sum(reasons[1:], reasons[0]) == self.has_job,
        )

        # No standstill: with everything there, a step comes before the timer could run out twice.
        ready = self.has_job & self.tile_available & inner["fetched"] & (inner["slots"] != 0)
        patience = g.max_tokens * g.beats_per_vector
        waited = Signal(range(patience + 2))
        m.d.sync += waited.eq(Mux(ready & ~step, waited + 1, 0))
        claim(m, "no_standstill", waited < patience)
        claim(m, "fetch_goes_on", previous(m, address == self.limit, 1) | inner["fetched"])

        # What the hardware remembers.
        claim(m, "timer_is_bounded", inner["timer"] <= patience)
        in_final_pass = self.has_job & last_k & (token != 0)
        of_pass = token * g.beats_per_vector
        claim(m, "timer_is_of_the_pass", ~in_final_pass | (inner["timer"] <= of_pass))
        claim(m, "timer_runs_out", (waited == 0) | (waited + inner["timer"] <= patience))
        claim(m, "token_is_that_of_the_loop", inner["token"] == token)
        claim(m, "k_done_is_before", inner["k_done"] == k_before)
        claim(m, "n_done_is_before", inner["n_done"] == n_before)
        claim(m, "slots_are_what_is_left", inner["slots"] + used == g.result_slots)
        idle = (token == 0) & (k_tile == 0) & (n_tile == 0) & (outputs == 0)
        claim(m, "between_jobs_all_is_zero", self.has_job | idle)
        inside_job = (token < job.m) & (k_before < job.k) & (n_before < job.n)
        claim(m, "inside_the_job", ~self.has_job | inside_job)
        claim(m, "address_is_that_of_the_next_step", ~self.has_job | (inner["address"] == place))
        claim(m, "address_between_jobs", self.has_job | (inner["address"] == base))
        claim(
            m, "fetched_is_at_the_address", ~inner["fetched"] | (fetched_from == inner["address"])
        )
        claim(m, "fetched_is_inside", inner["fetched"] == previous(m, address != self.limit))
        return m


PROOFS = (
    Proof(
        name="sequencer",
        promise="Each tile and token of a job once and in order, N x M outputs, the activation "
        "that belongs to the step and has been loaded, never more results than slots, one reason "
        "for each cycle without a step, and no standstill.",
        spec=Loops,
        broken={
            "final_on_the_last_k_tile": lambda: Loops(geometry(lanes=3)),
            "rows_inside_n": lambda: Loops(geometry(rows=4)),
            "token_in_order": lambda: Loops(spoiled="token"),
            "last_marks_the_end": lambda: Loops(spoiled="last"),
            "job_ends_with_its_last_step": lambda: Loops(spoiled="done"),
            "activation_of_the_step": lambda: Loops(spoiled="fetch_address"),
            "one_tile_for_each_pass": lambda: Loops(spoiled="take"),
            "all_outputs_at_the_end": lambda: Loops(geometry(rows=2)),
            "no_standstill": lambda: Loops(geometry(output_bus_words=1)),
        },
        method="induction",
        steps=1,
        depth=16,
        size="3 rows, 2 lanes, K to 7, M to 3, any N",
    ),
)
