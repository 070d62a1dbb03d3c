# amaranth: UnusedElaboratable=no
"""Targets of mutation that count and keep sums: what they must give is kept in Python's numbers."""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

import random
from collections import deque
from collections.abc import Iterator

from amaranth import Cat, Module, Mux, Signal, signed

from benchmarks.mutants import Target
from benchmarks.mutate_modules import Bench, Values, module_target, with_resets
from rtl.accumulator import Accumulator
from rtl.counters import COUNTERS, ERRORS, Counters, status_signature
from rtl.geometry import Geometry
from rtl.partial_sums import PartialSums

__all__ = ["accumulator", "counters", "partial_sums"]


def counters() -> Target:
    """Return the counters."""
    dut = Counters()
    names = ("idle", *COUNTERS, *ERRORS)

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += dut.clear.eq(inputs.clear)
        for name in (*COUNTERS, *ERRORS):
            m.d.comb += getattr(dut.events, name).eq(inputs[name])
        for name in names:
            m.d.comb += outputs[name].eq(getattr(dut.status, name))

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        now = dict.fromkeys((*COUNTERS, *ERRORS), 0)
        share = rng.choice((0.2, 0.8, 1.0))
        while True:
            # `_words` cuts a counter to its width: it starts again at 0.
            events = {name: int(rng.random() < share) for name in now}
            clear = int(rng.random() < 0.002)
            yield {"clear": clear} | events, now | {"idle": not events["cycles"]}
            for name in COUNTERS:
                now[name] = 0 if clear else now[name] + events[name]
            for name in ERRORS:
                now[name] = 1 if events[name] else now[name] & ~clear

    shapes = {name: member.shape for name, member in status_signature().members.items()}
    bench = Bench(
        {"clear": 1} | dict.fromkeys((*COUNTERS, *ERRORS), 1),
        {name: shapes[name] for name in names},
        connect,
    )
    # Long runs, in which the highest bit of a counter changes.
    long_runs = (cycle for run in range(3) for cycle in _first(model(random.Random(run)), 3000))
    return module_target("Counters", bench, _then(long_runs, with_resets(model, 7)))


def _first(cycles: Iterator[tuple[Values, Values]], count: int) -> Iterator[tuple[Values, Values]]:
    """Yield some cycles, and a reset."""
    for _, cycle in zip(range(count), cycles, strict=False):
        yield cycle
    yield {"rst": 1}, {}


def _then(*parts: Iterator[tuple[Values, Values]]) -> Iterator[tuple[Values, Values]]:
    for part in parts:
        yield from part


def accumulator(max_tokens: int) -> Target:
    """Return the partial sums of a row."""
    geometry = Geometry(
        **{"rows": 1, "lanes": 4, "weight_bus_bits": 8, "max_tokens": max_tokens, "max_k": 16},
        output_bus_words=1,
    )
    dut = Accumulator(geometry)
    low, high = -(1 << geometry.sum_bits - 1), (1 << geometry.sum_bits - 1) - 1

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        started = Signal(max_tokens)
        token = Signal(geometry.token_bits)
        m.d.comb += [
            token.eq(Mux(inputs.token < max_tokens, inputs.token, 0)),
            dut.sum.eq(inputs.sum),
            dut.carry.eq(inputs.carry),
            dut.valid.eq(inputs.valid),
            dut.first.eq(inputs.first | ~started.bit_select(token, 1)),
            dut.token.eq(token),
            outputs.total.eq(Mux(inputs.valid, dut.total, 0)),
        ]
        with m.If(inputs.valid):
            m.d.sync += started.bit_select(token, 1).eq(1)

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        kept: dict[int, int] = {}
        while True:
            token, carry = rng.randrange(max_tokens), rng.randrange(2)
            number = rng.choice((low, high, -1, 0, 1, rng.randint(low, high)))
            valid, first = rng.random() < 0.8, token not in kept or rng.random() < 0.2
            total = (0 if first else kept[token]) + number + carry
            yield (
                {"sum": number, "carry": carry, "valid": valid, "first": first, "token": token},
                {"total": total if valid else 0},
            )
            if valid:
                kept[token] = total

    fields = {"sum": signed(geometry.sum_bits), "carry": 1, "valid": 1, "first": 1}
    bench = Bench(
        fields | {"token": geometry.token_bits},
        {"total": signed(geometry.accumulator_bits)},
        connect,
    )
    return module_target(f"Accumulator of {max_tokens}", bench, with_resets(model, 8, runs=120))


def partial_sums(max_tokens: int) -> Target:
    """Return the partial sums of a row of multipliers, whose adder takes two cycles."""
    latency, bits = 2, 6
    dut = PartialSums(shape=signed(bits), max_tokens=max_tokens, latency=latency)

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        started = Signal(max_tokens)
        token = Signal.like(dut.token)
        under_way = [Signal(1 + len(dut.token), name=f"under_way{i}") for i in range(latency)]
        m.d.comb += [
            token.eq(Mux(inputs.token < max_tokens, inputs.token, 0)),
            dut.valid.eq(inputs.valid),
            dut.first.eq(inputs.first | ~started.bit_select(token, 1)),
            dut.token.eq(token),
            dut.total.eq(inputs.total),
            outputs.partial.eq(dut.partial),
        ]
        # What has not been kept yet cannot be read.
        m.d.sync += [under_way[0].eq(Cat(token, inputs.valid)), under_way[1].eq(under_way[0])]
        with m.If(under_way[-1][-1]):
            m.d.sync += started.bit_select(under_way[-1][:-1], 1).eq(1)

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        kept: dict[int, int] = {}
        waiting: deque[tuple[int, int]] = deque([(0, 0)] * latency)
        while True:
            token, valid, total = (
                rng.randrange(max_tokens),
                rng.random() < 0.7,
                rng.getrandbits(bits),
            )
            first = token not in kept or rng.random() < 0.3
            yield (
                {"valid": valid, "first": first, "token": token, "total": total},
                {"partial": 0 if first else kept[token]},
            )
            waiting.append((int(valid), token))
            was_valid, was_token = waiting.popleft()
            if was_valid:
                kept[was_token] = total

    fields = {"valid": 1, "first": 1, "token": dut.token.shape(), "total": signed(bits)}
    bench = Bench(fields, {"partial": signed(bits)}, connect)
    return module_target(f"PartialSums of {max_tokens}", bench, with_resets(model, 9, runs=120))
