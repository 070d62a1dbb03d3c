# amaranth: UnusedElaboratable=no
"""Targets of mutation that queue and gather: what they must give is what a Python list gives."""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

import random
from collections import deque
from collections.abc import Iterator

from amaranth import Module, Mux, Signal

from benchmarks.mutants import Target
from benchmarks.mutate_modules import Bench, Values, module_target, with_resets
from rtl.geometry import Geometry
from rtl.queue import Queue
from rtl.result_buffer import ResultBuffer
from rtl.stream_watch import StreamWatch
from rtl.trit import TRIT_CODES, unpack_word
from rtl.weight_check import WeightCheck
from rtl.weights import TileLoader
from rtl.word_check import check_bits, is_whole, with_check

__all__ = ["queue", "result_buffer", "stream_watch", "tile_loader", "weight_check"]


def queue(depth: int) -> Target:
    """Return a queue of 4-bit items."""
    dut = Queue(4, depth=depth)

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += [
            dut.i.valid.eq(inputs.put),
            dut.i.payload.eq(inputs.item),
            dut.o.ready.eq(inputs.get),
            outputs.ready.eq(dut.i.ready),
            outputs.valid.eq(dut.o.valid),
            outputs.item.eq(Mux(dut.o.valid, dut.o.payload, 0)),
            outputs.level.eq(dut.level),
        ]

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        items: deque[int] = deque()
        while True:
            # Now mostly full, now mostly empty.
            offer, take = rng.choice(((0.9, 0.3), (0.3, 0.9), (0.7, 0.7), (1.0, 1.0)))
            for _ in range(rng.randint(1, 20)):
                put, get, item = rng.random() < offer, rng.random() < take, rng.randrange(16)
                state = {"ready": len(items) < depth, "valid": bool(items), "level": len(items)}
                yield (
                    {"put": put, "get": get, "item": item},
                    state | {"item": items[0] if items else 0},
                )
                if get and items:
                    items.popleft()
                if put and state["ready"]:
                    items.append(item)

    fields = {"ready": 1, "valid": 1, "item": 4, "level": range(depth + 1)}
    bench = Bench({"put": 1, "get": 1, "item": 4}, fields, connect)
    return module_target(f"Queue of {depth}", bench, with_resets(model, 6))


def result_buffer() -> Target:
    """Return the buffer of result vectors."""
    geometry = Geometry(
        **{"rows": 5, "lanes": 4, "weight_bus_bits": 8, "max_tokens": 2, "max_k": 1},
        output_bus_words=2,
    )
    dut = ResultBuffer(geometry)
    rows, words, slots = geometry.rows, geometry.output_bus_words, geometry.result_slots
    bits = geometry.accumulator_bits

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        held = Signal(range(slots + 1))
        push = Signal()
        beat = dut.results.payload
        m.d.comb += [
            push.eq(inputs.push & (held != slots)),
            dut.push.eq(push),
            dut.totals.as_value().eq(inputs.totals),
            dut.what.rows.eq(Mux((inputs.rows == 0) | (inputs.rows > rows), rows, inputs.rows)),
            dut.what.flags.eq(inputs.flags),
            dut.what.last.eq(inputs.last),
            dut.results.ready.eq(inputs.ready),
            outputs.valid.eq(dut.results.valid),
            outputs.freed.eq(dut.freed),
        ]
        m.d.sync += held.eq(held + push - dut.freed)
        with m.If(dut.results.valid):
            m.d.comb += [
                outputs.count.eq(beat.count),
                outputs.flags.eq(beat.flags),
                outputs.last.eq(beat.last),
            ]
            for index in range(words):
                with m.If(beat.count > index):
                    m.d.comb += outputs.data.word_select(index, 32).eq(beat.data[index])

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        vectors: deque[tuple[list[int], int, int]] = deque()
        beat = 0
        while True:
            push_share, take_share = rng.choice(((0.9, 0.3), (0.3, 0.9), (0.6, 0.8)))
            for _ in range(rng.randint(1, 20)):
                push = len(vectors) < slots and rng.random() < push_share
                totals = [rng.randrange(-(1 << bits - 1), 1 << bits - 1) for _ in range(rows)]
                count, flags, last = rng.randint(1, rows), rng.randrange(256), rng.randrange(2)
                ready = rng.random() < take_share
                expected = dict.fromkeys(("valid", "freed", "count", "flags", "last", "data"), 0)
                ends = False
                if vectors:
                    results, own_flags, own_last = vectors[0]
                    part = results[beat * words : (beat + 1) * words]
                    ends = (beat + 1) * words >= len(results)
                    expected = {
                        "valid": 1,
                        "freed": ready and ends,
                        "count": len(part),
                        "flags": own_flags,
                        "last": own_last and ends,
                        "data": sum((x & 0xFFFFFFFF) << 32 * i for i, x in enumerate(part)),
                    }
                packed = sum((x & ((1 << bits) - 1)) << bits * i for i, x in enumerate(totals))
                inputs = {"push": push, "ready": ready, "totals": packed}
                yield inputs | {"rows": count, "flags": flags, "last": last}, expected
                if vectors and ready:
                    beat = 0 if ends else beat + 1
                    if ends:
                        vectors.popleft()
                if push:
                    vectors.append((totals[:count], flags, last))

    inputs = {"push": 1, "ready": 1, "totals": bits * rows}
    inputs |= {"rows": rows.bit_length(), "flags": 8, "last": 1}
    fields = {"valid": 1, "freed": 1, "count": range(words + 1), "flags": 8, "last": 1}
    bench = Bench(inputs, fields | {"data": 32 * words}, connect)
    return module_target("ResultBuffer", bench, with_resets(model, 10, runs=120))


def tile_loader(encoding: str, words: int) -> Target:
    """Return what gathers the words of a tile."""
    trits_per_word = {"trit2": 8, "trit5": 10}[encoding]
    geometry = Geometry(
        **{"rows": 1, "lanes": trits_per_word * words - 3, "weight_encoding": encoding},
        **{"weight_bus_bits": 16, "max_k": 1, "output_bus_words": 1},
    )
    dut = TileLoader(geometry)
    assert geometry.words_per_tile == words

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        taken = Signal()
        m.d.comb += [
            dut.weights.valid.eq(inputs.valid),
            dut.weights.payload.eq(inputs.word),
            dut.take.eq(inputs.take & dut.available),
            outputs.ready.eq(dut.weights.ready),
            outputs.available.eq(dut.available),
            outputs.illegal.eq(dut.illegal),
            outputs.tile.eq(Mux(taken, dut.tile.as_value(), 0)),
        ]
        with m.If(dut.take):
            m.d.sync += taken.eq(1)

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        gathered: list[int] = []
        tile = 0
        legal_share = rng.choice((0.5, 0.95))
        while True:
            word = rng.getrandbits(16)
            while rng.random() < legal_share and None in unpack_word(
                word, encoding=encoding, bits=16
            ):
                word = rng.getrandbits(16)
            valid, take = rng.random() < 0.8, rng.random() < 0.5
            complete = len(gathered) == words - 1
            available, ready = complete and valid, take and valid if complete else True
            weights = unpack_word(word, encoding=encoding, bits=16)
            used = geometry.tile_trits - (words - 1) * trits_per_word if complete else None
            # A place that no tile can use is not decoded; here, all can be used.
            illegal = valid and ready and None in weights
            yield (
                {"valid": valid, "word": word, "take": take},
                {"ready": ready, "available": available, "illegal": illegal, "tile": tile},
            )
            if valid and ready:
                bits = sum(TRIT_CODES[w or 0] << 2 * i for i, w in enumerate(weights[:used]))
                gathered.append(bits)
            if available and take:
                tile = sum(bits << 2 * trits_per_word * i for i, bits in enumerate(gathered))
                gathered = []

    fields = {"ready": 1, "available": 1, "illegal": 1, "tile": 2 * geometry.tile_trits}
    bench = Bench({"valid": 1, "word": 16, "take": 1}, fields, connect)
    return module_target(
        f"TileLoader {encoding}, {words} words", bench, with_resets(model, 11, runs=120)
    )


def weight_check(bits: int) -> Target:
    """Return what checks words of so many bits."""
    dut = WeightCheck(
        Geometry(
            **{"rows": 1, "lanes": 1, "weight_bus_bits": bits, "max_k": 1, "output_bus_words": 1},
            weight_check="hamming",
        )
    )

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += [
            dut.word.eq(inputs.word),
            dut.accepted.eq(inputs.accepted),
            outputs.corrupt.eq(dut.corrupt),
        ]

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        corrupt = False
        while True:
            word = with_check(rng.getrandbits(bits - check_bits(bits)), bits)
            # Mostly whole words and such with one bit flipped, each of which is one sum alone.
            for _ in range(rng.choice((0, 1, 1, 2, 3, 4))):
                word ^= 1 << rng.randrange(bits)
            accepted = rng.random() < 0.8
            yield {"word": word, "accepted": accepted}, {"corrupt": corrupt}
            corrupt = accepted and not is_whole(word, bits)

    bench = Bench({"word": bits, "accepted": 1}, {"corrupt": 1}, connect)
    return module_target(f"WeightCheck of {bits} bits", bench, with_resets(model, 12, runs=120))


def stream_watch() -> Target:
    """Return what sees offers that are taken back."""
    dut = StreamWatch(3)

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += [
            dut.valid.eq(inputs.valid),
            dut.ready.eq(inputs.ready),
            outputs.dropped.eq(dut.dropped),
        ]

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        waiting = 0
        while True:
            valid, ready = rng.randrange(8), rng.randrange(8)
            if rng.random() < 0.7:
                # One stream at most falls: the others stay.
                valid |= waiting & ~(1 << rng.randrange(3))
            yield {"valid": valid, "ready": ready}, {"dropped": bool(waiting & ~valid)}
            waiting = valid & ~ready

    bench = Bench({"valid": 3, "ready": 3}, {"dropped": 1}, connect)
    return module_target("StreamWatch", bench, with_resets(model, 13))
