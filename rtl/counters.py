"""Counters and sticky errors that the host can read."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["COUNTERS", "ERRORS", "Counters", "status_signature"]

COUNTER_BITS = 48
COUNTERS = ("cycles", "busy", "weight_wait", "activation_wait", "output_wait")
ERRORS = ("illegal_code", "bad_command", "corrupt_word", "dropped_valid")


def status_signature():
    """Return what the host can read.

    idle
        No command, job or result is under way.
    illegal_code
        A weight word held an illegal code, which counted as weight 0.
    bad_command
        A command was dropped because its size is 0 or beyond the geometry.
    corrupt_word
        A weight word did not match its check bits; only where the geometry has any.
    dropped_valid
        The host took `valid` back before the transfer.
    cycles
        Cycles in which the accelerator was not idle.
    busy
        Cycles in which the array took a step.
    weight_wait, activation_wait, output_wait
        Cycles in which a job was at work but took no step: its activations were not there; else its
        weights were not; else the results had no room.
    """
    return wiring.Signature({
        "idle": Out(1),
        **{name: Out(1) for name in ERRORS},
        **{name: Out(COUNTER_BITS) for name in COUNTERS},
    })


class Counters(wiring.Component):
    """Count events and remember errors until cleared.

    Members
    -------
    events : In(Signature(one bit for each counter and each error))
        What happens in this cycle.
    clear : In(1)
        Set all counters to 0 and forget all errors.
    status : Out(status_signature())
        Current state; `idle` is when `events.cycles` is not.
    """

    events: In(wiring.Signature({name: Out(1) for name in (*COUNTERS, *ERRORS)}))
    clear: In(1)
    status: Out(status_signature())

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.status.idle.eq(~self.events.cycles)
        for name in COUNTERS:
            counter = getattr(self.status, name)
            with m.If(self.clear):
                m.d.sync += counter.eq(0)
            with m.Elif(getattr(self.events, name)):
                m.d.sync += counter.eq(counter + 1)
        for name in ERRORS:
            error = getattr(self.status, name)
            with m.If(getattr(self.events, name)):
                m.d.sync += error.eq(1)
            with m.Elif(self.clear):
                m.d.sync += error.eq(0)
        return m
