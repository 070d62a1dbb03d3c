"""The check of weight words: whole words pass, and none with one, two or three flipped bits."""

import json
import tempfile
from functools import reduce
from operator import xor
from pathlib import Path

from amaranth import Cat, Const, Module, Signal
from amaranth.back import rtlil
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofs.claims import claim, previous
from proofs.prover import Proof, run_yosys
from rtl.geometry import Geometry
from rtl.stream_watch import StreamWatch
from rtl.weight_check import WeightCheck

__all__ = ["PROOFS"]


def page_numbers(bits):
    """Return the number of each bit by the page's rule, the lowest bit first."""
    checks = (bits - 1).bit_length() + 1
    powers = [1 << digit for digit in range(checks - 1)]
    data = [number for number in range(1, bits) if number not in powers]
    return [*data, *powers, 0]


def page_sums(word):
    """Return each digit of the exclusive or of the numbers of a word's ones, by the page's rule."""
    numbers = page_numbers(len(word))
    return [
        reduce(xor, [word[i] for i, number in enumerate(numbers) if number >> digit & 1])
        for digit in range(max(numbers).bit_length())
    ]


class Words(wiring.Component):
    """A check beside the page's rule, for words that may be anything.

    Parameters
    ----------
    bits : int
        Width of a word.
    check : callable
        Makes the check of a geometry; a twin makes a broken one.
    """

    def __init__(self, bits, check=WeightCheck):
        self._bits = bits
        self._check = check
        super().__init__({"word": In(bits), "accepted": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.check = check = self._check(geometry(self._bits))
        m.d.comb += [check.word.eq(self.word), check.accepted.eq(self.accepted)]
        whole = ~Cat(*page_sums(self.word), self.word.xor()).any()
        refused = previous(m, self.accepted & ~whole)
        claim(m, "refuses_what_is_not_whole", check.corrupt == refused)
        return m


def sums_of_bits(component):
    """Return which bits of the word each digit of the difference is the parity of, as integers.

    Read off the netlist: what the register takes from an accepted word is made of exclusive ors
    only, and each of those adds up the places of its inputs.
    """
    with tempfile.TemporaryDirectory(prefix="proof-") as name:
        work = Path(name)
        (work / "design.il").write_text(rtlil.convert(component, name="top", emit_src=False))
        script = "read_rtlil design.il; hierarchy -top top; proc -noopt; flatten; simplemap"
        run_yosys(f"{script}; opt_clean; write_json design.json", work)
        module = json.loads((work / "design.json").read_text())["modules"]["top"]
    ports = {name: port["bits"] for name, port in module["ports"].items()}
    places = {bit: 1 << place for place, bit in enumerate(ports["word"])} | {"0": 0}
    driver = {
        cell["connections"]["Y"][0]: cell
        for cell in module["cells"].values()
        if "Y" in cell["connections"]
    }
    registers = next(
        wire["bits"] for name, wire in module["netnames"].items() if name.endswith("difference")
    )
    taken = {
        cell["connections"]["Q"][0]: cell["connections"]["D"][0]
        for cell in module["cells"].values()
        if "Q" in cell["connections"]
    }
    inputs = []
    for register in registers:
        mux = driver[taken[register]]
        pins = {pin: bits[0] for pin, bits in mux["connections"].items()}
        if (mux["type"], pins["S"], pins["A"]) != ("$_MUX_", ports["accepted"][0], register):
            return []
        inputs.append(pins["B"])
    # Without recursion: a net is looked at again when those before it are known.
    waiting = list(inputs)
    while waiting:
        net = waiting[-1]
        if net in places:
            waiting.pop()
            continue
        cell = driver.get(net)
        if cell is None or cell["type"] != "$_XOR_":
            return []
        left, right = (cell["connections"][pin][0] for pin in "AB")
        missing = [pin for pin in (left, right) if pin not in places]
        waiting += missing
        if not missing:
            places[net] = places[left] ^ places[right]
    return [places[net] for net in inputs]


def judge(component):
    """Return the claims that fail of what a check adds up."""
    bits = len(component.word)
    sums = sums_of_bits(component)
    numbers = page_numbers(bits)
    digits = range(max(numbers).bit_length())
    failed = []
    page = [sum(1 << i for i, n in enumerate(numbers) if n >> digit & 1) for digit in digits]
    if sums != [*page, (1 << bits) - 1]:
        failed.append("difference_is_that_of_the_page")
    columns = [
        sum((sums[digit] >> place & 1) << digit for digit in range(len(sums)))
        for place in range(bits)
    ]
    # An odd number of flips changes the last digit; two cancel only if they are alike.
    if len({*columns}) < bits or not all(column >> len(digits) & 1 for column in columns):
        failed.append("no_three_flips_cancel")
    return " ".join(failed)


def geometry(bits):
    """Return one whose words have so many bits."""
    return Geometry(
        rows=1, lanes=1, weight_bus_bits=bits, max_k=1, output_bus_words=1, weight_check="hamming"
    )


class Watched(wiring.Component):
    """The watch beside its rule, for streams that may do anything."""

    def __init__(self, watch=StreamWatch):
        self._watch = watch
        super().__init__({"valid": In(3), "ready": In(3)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.watch = watch = self._watch(3)
        m.d.comb += [watch.valid.eq(self.valid), watch.ready.eq(self.ready)]
        fallen = [previous(m, self.valid[i] & ~self.ready[i]) & ~self.valid[i] for i in range(3)]
        claim(m, "tells_of_each_offer_taken_back", watch.dropped == Cat(*fallen).any())
        return m


class _NoParity(wiring.Component):
    """A check that does not count the ones: three flips may pass."""

    def __init__(self, geometry):
        self._bits = geometry.weight_bus_bits
        super().__init__({"word": In(self._bits), "accepted": In(1), "corrupt": Out(1)})

    def elaborate(self, platform):
        m = Module()
        corrupt = Signal()
        m.d.sync += corrupt.eq(self.accepted & Cat(*page_sums(self.word)).any())
        m.d.comb += self.corrupt.eq(corrupt)
        return m


class _Forgetful(wiring.Component):
    """A watch that sees an offer only if it falls with the stream ready."""

    def __init__(self, streams):
        super().__init__({"valid": In(streams), "ready": In(streams), "dropped": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = it = StreamWatch(len(self.valid))
        m.d.comb += [
            it.valid.eq(self.valid),
            it.ready.eq(self.ready),
            self.dropped.eq(it.dropped & self.ready.any()),
        ]
        return m


class _SameNumbers(WeightCheck):
    """A check to which two bits of the word are one."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.it = it = WeightCheck(geometry(self._bits))
        m.d.comb += [
            it.word.eq(Cat(self.word[0] ^ self.word[1], Const(0, 1), self.word[2:])),
            it.accepted.eq(self.accepted),
            self.corrupt.eq(it.corrupt),
        ]
        return m


PROOFS = (
    Proof(
        name="weight-check",
        promise="A word is refused in the cycle after, if and only if it is not whole.",
        spec=lambda: Words(16),
        broken={"refuses_what_is_not_whole": lambda: Words(16, _NoParity)},
        method="SAT induction",
        size="words of 16 bits",
        depth=2,
    ),
    *(
        Proof(
            name=f"weight-check-{bits}",
            promise="A digit of the difference is the parity of the bits that the page says, and "
            "no one, two or three flipped bits cancel in all of them.",
            spec=lambda bits=bits: WeightCheck(geometry(bits)),
            broken={
                "difference_is_that_of_the_page": lambda bits=bits: _SameNumbers(geometry(bits)),
                "no_three_flips_cancel": lambda bits=bits: _SameNumbers(geometry(bits)),
            },
            method="structure",
            size=f"words of {bits:,} bits",
            judge=judge,
        )
        for bits in (64, 6576)
    ),
    Proof(
        name="stream-watch",
        promise="Each offer that is taken back is told, and nothing else.",
        spec=Watched,
        broken={"tells_of_each_offer_taken_back": lambda: Watched(_Forgetful)},
        method="induction",
        size="3 streams",
    ),
)
