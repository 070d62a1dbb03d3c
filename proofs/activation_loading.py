"""The dispatcher: jobs in order, each activation loaded once into the half that is its own."""

from amaranth import Array, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofs.claims import assume, claim, inner_signals, opened
from proofs.prover import Proof
from rtl.dispatcher import STORE_HALVES, Dispatcher, job_layout
from rtl.geometry import Geometry

__all__ = ["PROOFS"]

GEOMETRY = Geometry(rows=1, lanes=2, weight_bus_bits=8, max_k=5, max_tokens=3, output_bus_words=1)


class Loading(wiring.Component):
    """A dispatcher beside the words that it must have loaded of the job that it is loading."""

    command: In(job_layout(GEOMETRY))
    offered: In(1)
    word: In(GEOMETRY.activation_word_bits)
    given: In(1)
    taken: In(1)

    def __init__(self, spoiled=""):
        self._spoiled = spoiled
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        g = GEOMETRY
        dispatcher = Dispatcher(g)
        module = opened(dispatcher)
        waiting, jobs = module.submodules.commands, module.submodules.jobs
        m.submodules.dispatcher, inner = inner_signals(module)
        done = self.taken & dispatcher.jobs.valid
        m.d.comb += [
            dispatcher.commands.payload.eq(self.command),
            dispatcher.commands.valid.eq(self.offered),
            dispatcher.activations.payload.eq(self.word),
            dispatcher.activations.valid.eq(self.given),
            dispatcher.jobs.ready.eq(self.taken),
        ]

        # The job that is being loaded, and how far.
        command = waiting.o.payload
        legal = (
            (command.k != 0)
            & (command.k <= g.max_k)
            & (command.n != 0)
            & (command.m != 0)
            & (command.m <= g.max_tokens)
        )
        starts = waiting.o.valid & legal & jobs.i.ready & ~inner["loading"]
        loading = Signal()
        job = Signal(job_layout(g))
        loaded = Signal(range(g.activation_depth + 1))
        k_tile, token = Signal(range(g.max_k)), Signal(range(g.max_tokens))
        half = Signal()
        writes = loading & self.given
        last_token = token == job.m - 1
        last_k = (k_tile + 1) * g.lanes >= job.k
        ends = writes & last_token & last_k
        with m.If(starts):
            m.d.sync += [job.eq(command), loading.eq(1), loaded.eq(0)]
            m.d.sync += [k_tile.eq(0), token.eq(0)]
        with m.If(writes):
            m.d.sync += [loaded.eq(loaded + 1), token.eq(Mux(last_token, 0, token + 1))]
            with m.If(last_token):
                m.d.sync += k_tile.eq(k_tile + 1)
        with m.If(ends):
            m.d.sync += [loading.eq(0), half.eq(~half)]
        # What is in the other half, or in this one once it is loaded.
        held = [Signal(range(g.activation_depth + 1), name=f"held{i}") for i in range(STORE_HALVES)]
        at_work = Signal()
        m.d.sync += at_work.eq(at_work ^ done)
        for number, amount in enumerate(held):
            with m.If(writes & (half == number)):
                m.d.sync += amount.eq(amount + 1)
            with m.If(done & (at_work == number)):
                m.d.sync += amount.eq(0)
        base = Mux(half, g.activation_depth, 0)
        # The array ends no job whose activations are not all there (``activation_was_loaded``).
        assume(m, ~(done & loading & (half == at_work)))

        outputs = ("addr", "en", "limit", "half", "data")
        wrong = {name: Const(name == self._spoiled, 1) for name in outputs}
        en = dispatcher.write.en ^ wrong["en"]
        address = dispatcher.write.addr ^ wrong["addr"]
        claim(m, "writes_what_is_given", en == writes)
        claim(m, "each_word_in_its_place", ~en | (address == base + loaded))
        lanes = []
        for lane in range(g.lanes):
            bits = self.word.word_select(lane, 8)
            used = k_tile * g.lanes + lane < job.k
            lanes.append(dispatcher.write.data.word_select(lane, 8) == Mux(used, bits, 0))
        whole = lanes[0] & lanes[1] & ~wrong["data"]
        claim(m, "lanes_beyond_k_are_zero", ~en | whole)
        claim(m, "takes_words_only_for_a_job", dispatcher.activations.ready == loading)
        claim(
            m,
            "illegal_commands_are_told",
            dispatcher.rejected == (waiting.o.valid & ~legal & ~loading),
        )
        claim(m, "half_of_the_job_at_work", (dispatcher.half ^ wrong["half"]) == at_work)
        claim(
            m, "never_loads_over_a_job_at_work", ~(writes & (jobs.level == 2)) | (half != at_work)
        )
        in_reach = Array(held)[at_work ^ done] + Mux(at_work ^ done, g.activation_depth, 0)
        claim(m, "limit_is_what_was_loaded", dispatcher.limit ^ wrong["limit"] == in_reach)
        active = (waiting.level != 0) | loading | (jobs.level != 0)
        claim(m, "active_while_anything_is_there", dispatcher.active == active)

        # What no port shows.
        claim(m, "loading_is_seen", inner["loading"] == loading)
        claim(m, "half_is_seen", inner["load_half"] == half)
        for number, amount in enumerate(held):
            start = number * g.activation_depth
            claim(m, f"limit{number}_is_seen", inner[f"limit{number}"] == start + amount)
            claim(m, f"half{number}_has_room", amount <= g.activation_depth)
        legal_job = (job.k != 0) & (job.k <= g.max_k) & (job.m != 0) & (job.m <= g.max_tokens)
        claim(m, "loads_legal_jobs_only", ~loading | legal_job)
        claim(m, "token_is_seen", ~loading | (inner["token"] == token + 1))
        claim(m, "tokens_are_seen", ~loading | (inner["tokens"] == job.m))
        claim(m, "k_left_is_seen", ~loading | (inner["k_left"] == job.k - k_tile * g.lanes))
        claim(m, "inside_the_job", ~loading | ((token < job.m) & (k_tile * g.lanes < job.k)))
        claim(m, "loaded_is_seen", ~loading | (loaded == k_tile * job.m + token))
        claim(m, "loaded_is_in_its_half", ~loading | (loaded == Array(held)[half]))
        claim(m, "free_half_is_empty", loading | (jobs.level == 2) | (Array(held)[half] == 0))
        only = loading & (jobs.level == 1)
        claim(m, "other_half_of_one_job_is_empty", ~only | (Array(held)[~half] == 0))
        claim(m, "a_job_is_there_while_it_loads", ~loading | (jobs.level != 0))
        claim(m, "jobs_are_inside", jobs.level <= jobs.depth)
        # One job: it is loading into the half at work, or has been; two: one each; none: all empty.
        turns = Mux(jobs.level == 1, Mux(loading, half == at_work, half != at_work), 1)
        claim(m, "halves_take_turns_with_one_job", turns)
        both = Mux(jobs.level == 2, Mux(loading, half != at_work, half == at_work), 1)
        claim(m, "halves_take_turns_with_two_jobs", both)
        none = (half == at_work) & (held[0] == 0) & (held[1] == 0)
        claim(m, "halves_are_empty_without_a_job", (jobs.level != 0) | none)
        return m


PROOFS = (
    Proof(
        name="activation-loading",
        promise="Each activation word of a job once into its place in the half that is the job's, "
        "lanes beyond K as 0, never over a job at work; no word is readable before it is there; "
        "illegal commands are told and dropped.",
        spec=Loading,
        broken={
            "each_word_in_its_place": lambda: Loading("addr"),
            "writes_what_is_given": lambda: Loading("en"),
            "limit_is_what_was_loaded": lambda: Loading("limit"),
            "half_of_the_job_at_work": lambda: Loading("half"),
            "lanes_beyond_k_are_zero": lambda: Loading("data"),
        },
        method="induction",
        steps=1,
        size="2 lanes, K to 5, M to 3",
    ),
)
