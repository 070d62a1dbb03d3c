"""What goes into an accelerator between two resets, and what must come of it."""
# Amaranth has no type information.
# mypy: allow-untyped-defs, allow-untyped-calls

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.mutate_ports import (
    GEOMETRY,
    STATUS,
    STREAMS,
    payload_bits,
    status_bits,
    words_of,
)
from rtl.counters import ERRORS
from rtl.result_buffer import beat_layout
from sim.operands import JobOperands
from sim.packing import pack_activations, pack_weights, unpack_weights
from sim.payloads import command_word, split_command

__all__ = ["IN_FLIGHT", "PAUSES", "STANDING", "Scenario"]

PAUSES = 1024
"""Cycles after which the pauses begin again."""

# When a scenario is over: with its last result, or after its cycles, perhaps with a known status.
TO_THE_END, IN_FLIGHT, STANDING = range(3)

_CYCLES = 8000


@dataclass
class Scenario:
    """What goes in between two resets, or clears of the counters, and what must come.

    Attributes
    ----------
    items : dict
        Payloads of each input stream, in words, behind the first cycle in which they are offered.
    beats : list
        Payloads of the result stream.
    status, known : dict
        Status at the end, and which bits of it are known.
    """

    resets: bool
    cycles: int = _CYCLES
    stops: int = TO_THE_END
    waits: bool = False
    items: dict[str, list[list[int]]] = field(default_factory=lambda: {s: [] for s in STREAMS[:3]})
    beats: list[list[int]] = field(default_factory=list)
    pauses: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(PAUSES, np.uint32))
    status: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUS, 0) | {"idle": 1})
    known: set[str] = field(default_factory=lambda: {"idle", "busy", *ERRORS})

    def command(self, *, k: int, n: int, m: int, flags: int = 0) -> None:
        """Send a command, which may be none."""
        word = command_word(GEOMETRY, k=k, n=n, m=m, flags=flags)
        self.items["commands"].append([0, *words_of(word, payload_bits()["commands"])])
        self.status["bad_command"] |= split_command(GEOMETRY, word) is None

    def job(
        self, item: JobOperands, rng: np.random.Generator, rate: tuple[int, int], *, spoil: bool
    ) -> None:
        """Send a job with its data, of which bytes may be spoilt, and expect its results."""
        job = item.job
        self.command(**asdict(job))
        packed = pack_weights(GEOMETRY, item.weights, rng)
        if spoil:
            packed = np.where(
                rng.random(packed.shape) < 0.1, rng.integers(0, 256, packed.shape, np.uint8), packed
            ).astype(np.uint8)
        for word in packed:
            due = -(-len(self.items["weights"]) * rate[1] // rate[0])
            self.items["weights"].append([due, *_bytes(word, payload_bits()["weights"])])
        for word in pack_activations(GEOMETRY, item.activations, rng):
            self.items["activations"].append([0, *_bytes(word, payload_bits()["activations"])])
        # In the bench a tile is what it was before the hardware's order came over it.
        weights, illegal = unpack_weights(GEOMETRY, packed, job.n, job.k)
        self.status["illegal_code"] |= illegal
        self.status["busy"] += job.steps(GEOMETRY)
        products = item.activations.astype(np.int64) @ weights.T.astype(np.int64)
        rows, width = GEOMETRY.rows, GEOMETRY.output_bus_words
        for first in range(0, job.n, rows):
            for token in range(job.m):
                vector = products[token, first : min(first + rows, job.n)].tolist()
                for start in range(0, len(vector), width):
                    part = vector[start : start + width]
                    ends = start + width >= len(vector)
                    last = ends and token == job.m - 1 and first + rows >= job.n
                    self.beats.append(_beat(part, job.flags, last))

    def words(self) -> list[int]:
        """Return the scenario as the bench reads it."""
        counts = [len(self.items[stream]) for stream in STREAMS[:3]]
        fields = {name: (1 << width) - 1 for name, width in status_bits().items()}
        masks = {name: mask * (name in self.known) for name, mask in fields.items()}
        cleared = dict.fromkeys(STATUS, 0) | {"idle": 1}
        taken_back = self.status | {"dropped_valid": 1}
        return [
            *(self.resets, self.cycles, self.stops, self.waits, *counts, len(self.beats)),
            *(word for stream in STREAMS[:3] for item in self.items[stream] for word in item),
            *(word for beat in self.beats for word in beat),
            *self.pauses.tolist(),
            *(w for values in (self.status, masks, cleared, taken_back) for w in _status(values)),
        ]


def _bytes(word: NDArray[np.uint8], bits: int) -> list[int]:
    return words_of(int.from_bytes(word.tobytes(), "little"), bits)


def _beat(results: Sequence[int], flags: int, last: bool) -> list[int]:
    number = 0
    fields = {"count": len(results), "flags": flags, "last": int(last)}
    layout = beat_layout(GEOMETRY)
    for name, value in fields.items():
        number |= value << layout[name].offset
    number |= sum((value & 0xFFFFFFFF) << 32 * place for place, value in enumerate(results))
    return words_of(number, layout.size)


def _status(values: dict[str, int]) -> list[int]:
    number = place = 0
    for name, width in status_bits().items():
        number |= (values[name] & ((1 << width) - 1)) << place
        place += width
    return words_of(number, place)
