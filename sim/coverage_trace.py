"""What was seen at the ports of an accelerator in each cycle, and its file."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtl.counters import ERRORS
from rtl.geometry import FLAG_BITS, RESULT_BITS, Geometry

__all__ = ["PORTS", "STREAMS", "WAITS", "Command", "Segment", "Trace"]

STREAMS = ("commands", "weights", "activations", "results")
WAITS = ("busy", "weight_wait", "activation_wait", "output_wait")
"""Counters of which at most one counts in a cycle."""

PORTS = (
    "rst",
    "clear",
    *(f"{stream}__valid" for stream in STREAMS),
    *(f"{stream}__ready" for stream in STREAMS),
    "status__idle",
    *(f"status__{name}" for name in ERRORS),
    *(f"status__{name}" for name in WAITS),
)
"""Ports that are recorded in each cycle."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """The fields of a command, legal or not."""

    k: int
    n: int
    m: int
    flags: int = 0


@dataclass
class Segment:
    """Cycles without a gap; whatever state the accelerator was in before is not known.

    Attributes
    ----------
    cycles : list
        The values of `PORTS` at each rising clock edge.
    payloads : dict of list
        Payloads of the transfers of each stream, in order.
    """

    cycles: list[tuple[int, ...]] = field(default_factory=list)
    payloads: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in STREAMS})


@dataclass
class Trace:
    """All that was recorded in a run.

    Parameters
    ----------
    geometry : Geometry
        The accelerator.
    outputs_bits, counter_bits : int
        Widths of the field `n` of a command, and of a counter.
    segments : list of Segment
        One for each time that recording was started.
    """

    geometry: Geometry
    outputs_bits: int
    counter_bits: int
    segments: list[Segment] = field(default_factory=list)

    def command(self, word: int) -> Command:
        """Return the fields of a payload of the command stream."""
        geometry = self.geometry
        values = {}
        for name, bits in (
            ("k", geometry.max_k.bit_length()),
            ("n", self.outputs_bits),
            ("m", geometry.max_tokens.bit_length()),
            ("flags", FLAG_BITS),
        ):
            values[name] = word & ((1 << bits) - 1)
            word >>= bits
        return Command(**values)

    def beat(self, word: int) -> tuple[int, int, bool]:
        """Return count, flags and end mark of a payload of the result stream."""
        words = self.geometry.output_bus_words
        side = word >> words * RESULT_BITS
        count = side & ((1 << words.bit_length()) - 1)
        side >>= words.bit_length()
        return count, side & ((1 << FLAG_BITS) - 1), bool(side >> FLAG_BITS)

    def save(self, path: Path) -> None:
        """Write a file."""
        head = {
            "geometry": dataclasses.asdict(self.geometry),
            "outputs_bits": self.outputs_bits,
            "counter_bits": self.counter_bits,
            "segments": len(self.segments),
        }
        arrays: dict[str, NDArray[np.generic]] = {"head": np.array(json.dumps(head))}
        for index, segment in enumerate(self.segments):
            arrays[f"cycles{index}"] = np.array(segment.cycles, np.uint64).reshape(-1, len(PORTS))
            for stream, words in segment.payloads.items():
                size = _bytes(max(words, default=0))
                data = b"".join(word.to_bytes(size, "little") for word in words)
                arrays[f"{stream}{index}"] = np.frombuffer(data, np.uint8).reshape(-1, size)
        with path.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes **kwds for allow_pickle

    @classmethod
    def load(cls, path: Path) -> "Trace":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            head = json.loads(str(arrays["head"]))
            segments = [
                Segment(
                    cycles=[tuple(row) for row in arrays[f"cycles{index}"].tolist()],
                    payloads={name: _words(arrays[f"{name}{index}"]) for name in STREAMS},
                )
                for index in range(head["segments"])
            ]
        return cls(
            Geometry(**head["geometry"]), head["outputs_bits"], head["counter_bits"], segments
        )


def _bytes(word: int) -> int:
    return max(1, -(-word.bit_length() // 8))


def _words(data: NDArray[np.uint8]) -> list[int]:
    rows: Sequence[bytes] = [row.tobytes() for row in data]
    return [int.from_bytes(row, "little") for row in rows]
