# amaranth: UnusedElaboratable=no
"""Targets of mutation that add: what they must give is a sum in plain Python."""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

import random
from collections.abc import Iterator

from amaranth import Module, signed
from amaranth.lib import data

from benchmarks.mutants import Target
from benchmarks.mutate_modules import Bench, Values, module_target, weight_codes, with_resets
from rtl.adder_tree import AdderTree
from rtl.dot import DotProduct
from rtl.geometry import Geometry
from rtl.lanes import Operands, shared_layout
from rtl.row import Row

__all__ = ["adder_tree", "dot_product", "operands", "row"]

_EXTREMES = (-128, -127, -1, 0, 1, 127)


def adder_tree(*, carries: bool) -> Target:
    """Return a tree of five numbers, one of which waits for the others."""
    count, bits = 5, 4
    dut = AdderTree(operands=count, bits=bits, register_every=2, carries=carries)

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += [
            dut.operands.eq(inputs.numbers),
            # How carries are divided between the two outputs is the tree's own affair.
            outputs.sum.eq(dut.sum + dut.carry if carries else dut.sum),
        ]
        if carries:
            m.d.comb += dut.carries.eq(inputs.carries)

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        sums: list[int] = []
        while True:
            numbers = [rng.choice((0, 15, rng.randrange(16))) for _ in range(count)]
            ones = [int(carries and rng.random() < 0.6) for _ in range(count)]
            if rng.random() < 0.1:
                numbers, ones = [15] * count, [int(carries)] * count
            # Of three levels the second has registers.
            expected = {"sum": sums[-1]} if sums else {}
            yield (
                {"numbers": _join(numbers, bits), "carries": _join(ones, 1)},
                expected,
            )
            sums.append(sum(numbers) + sum(ones))

    inputs = {"numbers": data.ArrayLayout(bits, count), "carries": count}
    bench = Bench(inputs, {"sum": 8}, connect)
    name = f"AdderTree {'with' if carries else 'without'} carries"
    return module_target(name, bench, with_resets(model, 2))


def _geometry(style: str, **changes: int) -> Geometry:
    sizes = {"rows": 1, "lanes": 5, "weight_bus_bits": 8, "max_tokens": 3, "max_k": 15}
    return Geometry(**sizes | changes, output_bus_words=1, lane_style=style)


def operands(style: str) -> Target:
    """Return what prepares the activations of a step."""
    geometry = _geometry(style)
    dut = Operands(geometry)
    kind = geometry.style

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.dut = dut
        m.d.comb += [
            dut.activations.as_value().eq(inputs.activations),
            dut.load.eq(inputs.load),
            outputs.shared.eq(dut.shared),
        ]

    def shared(activations: list[int]) -> int:
        word = 0
        for operand in range(geometry.tree_operands):
            own = activations[operand * kind.lanes : (operand + 1) * kind.lanes]
            center = kind.center(operand, geometry.lanes)
            # `select` shares the activation itself: its rows put the center in.
            choices = own
            if not kind.carries:
                sums = [
                    sum(w * x for w, x in zip(weights, own, strict=False))
                    for weights in kind.patterns
                ]
                choices = [(center + choice) ^ center for choice in sums]
            word |= _join(choices, kind.operand_bits) << operand * kind.shared_bits
        return word

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        held: int | None = None
        while True:
            activations = _activations(geometry, rng)
            load = int(rng.random() < 0.6)
            yield (
                {"activations": _join(activations, 8), "load": load},
                {} if held is None else {"shared": held},
            )
            held = shared(activations) if load else held

    fields = {"activations": geometry.activation_word_bits, "load": 1}
    bench = Bench(fields, {"shared": geometry.shared_bits}, connect)
    return module_target(f"Operands {style}", bench, with_resets(model, 3))


def dot_product(style: str) -> Target:
    """Return the dot product of a row, behind what prepares its activations."""
    geometry = _geometry(style, tree_register_every=1)
    dut = DotProduct(geometry)
    prepare = Operands(geometry)

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.prepare = prepare
        m.submodules.dut = dut
        _connect_weights(m, dut, prepare, inputs)
        m.d.comb += outputs.sum.eq(dut.sum + dut.carry)

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        sums: list[int] = []
        while True:
            weights, activations = _weights(geometry, rng), _activations(geometry, rng)
            late = len(sums) - 1 - geometry.tree_latency
            yield (
                {"activations": _join(activations, 8), "weights": weight_codes(weights)},
                {"sum": sums[late]} if late >= 0 else {},
            )
            sums.append(sum(w * x for w, x in zip(weights, activations, strict=True)))

    bench = Bench(_operand_fields(geometry), {"sum": signed(16)}, connect)
    return module_target(f"DotProduct {style}", bench, with_resets(model, 4), cells=r"*\dut.*")


def row() -> Target:
    """Return a row of the array, behind what prepares its activations."""
    geometry = _geometry("select", max_k=20)
    dut = Row(geometry)
    prepare = Operands(geometry)
    latency = 1 + geometry.tree_latency

    def connect(m: Module, inputs, outputs) -> None:
        m.submodules.prepare = prepare
        m.submodules.dut = dut
        _connect_weights(m, dut, prepare, inputs)
        m.d.comb += [
            dut.valid.eq(inputs.valid),
            dut.first.eq(inputs.first),
            dut.token.eq(inputs.token),
            outputs.total.eq(dut.total),
        ]

    def model(rng: random.Random) -> Iterator[tuple[Values, Values]]:
        sums: list[int] = []
        kept: dict[int, tuple[int, int]] = {}  # total and passes of each token
        while True:
            weights, activations = _weights(geometry, rng), _activations(geometry, rng)
            token = rng.randrange(geometry.max_tokens)
            total, passes = kept.get(token, (0, 0))
            valid = int(len(sums) >= latency and rng.random() < 0.8)
            # max_k is four passes.
            first = int(passes in (0, 4) or rng.random() < 0.2)
            inputs = {"activations": _join(activations, 8), "weights": weight_codes(weights)}
            expected = {}
            if valid:
                total, passes = (0, 0) if first else (total, passes)
                kept[token] = (total + sums[len(sums) - latency], passes + 1)
                expected = {"total": kept[token][0]}
            yield inputs | {"valid": valid, "first": first, "token": token}, expected
            sums.append(sum(w * x for w, x in zip(weights, activations, strict=True)))

    fields = _operand_fields(geometry) | {"valid": 1, "first": 1, "token": geometry.token_bits}
    bench = Bench(fields, {"total": signed(geometry.accumulator_bits)}, connect)
    return module_target("Row", bench, with_resets(model, 5, runs=120), cells=r"*\dut.*")


def _operand_fields(geometry: Geometry) -> dict[str, int]:
    return {"activations": geometry.activation_word_bits, "weights": 2 * geometry.lanes}


def _connect_weights(m: Module, dut, prepare: Operands, inputs) -> None:
    """Connect activations and weights, which the decoders keep from having both bits set."""
    legal = [
        inputs.weights.word_select(lane, 2)
        & ~inputs.weights.word_select(lane, 2).all().replicate(2)
        for lane in range(len(inputs.weights) // 2)
    ]
    assert dut.shared.shape() == shared_layout(prepare._geometry)
    for lane, code in enumerate(legal):
        m.d.sync += dut.weights[lane].eq(code)
    m.d.comb += [
        prepare.activations.as_value().eq(inputs.activations),
        prepare.load.eq(1),
        dut.shared.eq(prepare.shared),
    ]


def _activations(geometry: Geometry, rng: random.Random) -> list[int]:
    if rng.random() < 0.3:
        return [rng.choice(_EXTREMES)] * geometry.lanes
    return [
        rng.choice((rng.choice(_EXTREMES), rng.randint(-128, 127))) for _ in range(geometry.lanes)
    ]


def _weights(geometry: Geometry, rng: random.Random) -> list[int]:
    if rng.random() < 0.3:
        return [rng.choice((-1, 1))] * geometry.lanes
    return [rng.choice((-1, 0, 1)) for _ in range(geometry.lanes)]


def _join(values: list[int], bits: int) -> int:
    mask = (1 << bits) - 1
    return sum((value & mask) << place * bits for place, value in enumerate(values))
