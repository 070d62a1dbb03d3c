"""Toggles that cannot happen: which bits, computed from the geometry, and why.

A waiver that covers a bit which does change is wrong, and `benchmarks.coverage` says so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

from benchmarks.coverage_counts import Toggle
from benchmarks.coverage_designs import OUTPUTS_BITS
from rtl.geometry import RESULT_BITS, Geometry

__all__ = ["WAIVERS", "Waiver"]

Never = Callable[[Geometry, Toggle], bool]

_INDEX = re.compile(r"\[(\d+)\]$")


@dataclass(frozen=True)
class Waiver:
    """Bits that never change.

    Parameters
    ----------
    module : str
        The end of its name.
    signal : str
        What its name is, as a regular expression. Two signals of one name are told apart by a
        number that Yosys puts behind it, and an element of an array has its index there.
    reason : str
        Why.
    never : callable
        Whether a toggle never happens in a geometry.
    """

    module: str
    signal: str
    reason: str
    never: Never

    def covers(self, geometry: Geometry, module: str, toggle: Toggle) -> bool:
        """Return whether this is why a toggle did not happen."""
        return (
            module.endswith(self.module)
            and re.fullmatch(self.signal, toggle.signal) is not None
            and self.never(geometry, toggle)
        )


def _bit(toggle: Toggle) -> int:
    return toggle.place[-1] if toggle.place else 0


def _below(factor: int, toggle: Toggle) -> bool:
    """Return whether a bit is 0 in every multiple of a number."""
    return 1 << _bit(toggle) < factor & -factor


def _beyond(limit: int, toggle: Toggle) -> bool:
    """Return whether a bit is 0 in every number up to a limit."""
    return _bit(toggle) >= limit.bit_length()


def _longest_timer(geometry: Geometry) -> int:
    """Return how far the timer of final passes gets: D more and one less in each of M steps."""
    tokens, beats = geometry.max_tokens, geometry.beats_per_vector
    return tokens * beats - (tokens - 1)


def _never_stored(geometry: Geometry, toggle: Toggle) -> bool:
    """Return whether only the last K tile of the largest job reaches a word, but not this lane."""
    word, bit = toggle.place
    word %= geometry.activation_depth
    tiles, tokens = geometry.k_tiles(geometry.max_k), geometry.max_tokens
    lanes = geometry.max_k - (tiles - 1) * geometry.lanes
    # A job of fewer tokens ends before; one of as many has its last tile from here on.
    only_the_last = word >= max(tiles * (tokens - 1), (tiles - 1) * tokens)
    return only_the_last and bit >= 8 * lanes


def _never_shared(geometry: Geometry, toggle: Toggle) -> bool:
    style = geometry.style
    element = _INDEX.search(toggle.signal)
    if style.carries or not toggle.place:
        return False
    operand, bit = divmod(_bit(toggle), style.shared_bits)
    if element is not None:
        operand = int(element[1])
    number, bit = divmod(bit, style.operand_bits)
    return bit not in _changing(geometry, operand, number)


@cache
def _changing(geometry: Geometry, operand: int, number: int) -> frozenset[int]:
    """Return the bits that can be set in a number that rows share, by all values that it takes."""
    style = geometry.style
    lanes = min(style.lanes, geometry.lanes - operand * style.lanes)
    pattern = style.patterns[number]
    ends = [(0,) if lane >= lanes else (-128 * w, 127 * w) for lane, w in enumerate(pattern)]
    sums = [sum(corner) for corner in product(*ends)]
    center = style.center(operand, geometry.lanes)
    seen = 0
    for value in range(min(sums), max(sums) + 1):
        seen |= (value + center) ^ center
    return frozenset(bit for bit in range(style.operand_bits) if seen >> bit & 1)


def _only_token_count(geometry: Geometry, toggle: Toggle) -> bool:
    """Return whether this is the M of a job going back to 0, where no job has another M than 1."""
    place = geometry.max_k.bit_length() + OUTPUTS_BITS
    field = toggle.signal.endswith(".m") or (toggle.place and _bit(toggle) == place)
    return geometry.max_tokens == 1 and bool(field) and toggle.direction == "1->0"


def _only_count(geometry: Geometry, toggle: Toggle) -> bool:
    """Return whether this is the count of a beat going back to 0, where all beats have one."""
    place = geometry.output_bus_words * RESULT_BITS
    field = toggle.signal.endswith(".count") or (toggle.place and _bit(toggle) == place)
    return geometry.output_bus_words == 1 and bool(field) and toggle.direction == "1->0"


def _one_beat(geometry: Geometry, toggle: Toggle) -> bool:
    always_last = toggle.signal == "last_beat" and toggle.direction == "0->1"
    return geometry.beats_per_vector == 1 and not always_last


def _one_token(geometry: Geometry, _: Toggle) -> bool:
    return geometry.max_tokens == 1


_TOP, _ROW, _DISPATCHER, _SEQUENCER = "bitnet_accelerator", "_row", ".dispatcher", ".sequencer"
_NUMBER = r"(\$\d+)?"

_ONE_TOKEN = "with one token at the most: constant 0"
_ONE_M = "with one token at the most every job has M = 1: set by the first, and never back to 0"
_ONE_RESULT = "with one result in a beat every count is 1: set by the first, and never back to 0"

WAIVERS = (
    Waiver(
        "",
        rf"(events|status)__corrupt_word{_NUMBER}",
        "without check bits in the words: constant 0",
        lambda geometry, toggle: geometry.check_bits == 0,
    ),
    Waiver(
        _SEQUENCER,
        "n_done",
        "a multiple of rows",
        lambda geometry, toggle: _below(geometry.rows, toggle),
    ),
    Waiver(
        _SEQUENCER,
        "k_done",
        "a multiple of lanes",
        lambda geometry, toggle: _below(geometry.lanes, toggle),
    ),
    Waiver(
        _SEQUENCER,
        "k_done",
        "what comes before the last K tile of the largest job",
        lambda geometry, toggle: _beyond(
            (geometry.k_tiles(geometry.max_k) - 1) * geometry.lanes, toggle
        ),
    ),
    Waiver(
        _SEQUENCER,
        "timer",
        "a pass starts at 1 or less, and each of M steps adds D while the cycle takes 1: at most "
        "M D - M + 1",
        lambda geometry, toggle: _beyond(_longest_timer(geometry), toggle),
    ),
    Waiver(
        _DISPATCHER,
        "limit0",
        "the lower half of the store ends at activation_depth",
        lambda geometry, toggle: _beyond(geometry.activation_depth, toggle),
    ),
    Waiver(
        _TOP,
        "store",
        "only the last K tile of the largest job is kept there, and it has fewer lanes",
        _never_stored,
    ),
    Waiver(
        "",
        rf"(row__)?shared{_NUMBER}(\[\d+\])?|held",
        "a number that rows share takes few values around its center, none with this bit changed",
        _never_shared,
    ),
    Waiver(
        "",
        rf"carry{_NUMBER}",
        "only the style `select` has carries: constant 0",
        lambda geometry, toggle: not geometry.style.carries,
    ),
    Waiver(_ROW, rf"token{_NUMBER}", _ONE_TOKEN, _one_token),
    Waiver(_SEQUENCER, r"token|what\.token", _ONE_TOKEN, _one_token),
    Waiver(_TOP, rf"row__token{_NUMBER}|what\d?{_NUMBER}\.token", _ONE_TOKEN, _one_token),
    # The token is the lowest bit of a step; beside steps, the top module has result vectors.
    *(
        Waiver(
            module,
            signal,
            _ONE_TOKEN,
            lambda geometry, toggle: _one_token(geometry, toggle) and _bit(toggle) == 0,
        )
        for module, signal in ((_SEQUENCER, "what"), (_TOP, r"what(\$|\d)\d*"))
    ),
    *(
        Waiver(module, signal, _ONE_M, _only_token_count)
        for module, signal in (
            (_TOP, rf"jobs__payload{_NUMBER}(\.m)?"),
            (_DISPATCHER, r"(jobs|o)__payload(\.m)?"),
            (_DISPATCHER + ".jobs", r"(o__payload|items|read__data)(\.m)?"),
            (_SEQUENCER, r"jobs__payload(\.m)?"),
        )
    ),
    Waiver(
        ".results",
        "index|last_beat",
        "with a beat for each vector every beat is number 0 and the last",
        _one_beat,
    ),
    Waiver("", rf"results__payload{_NUMBER}(\.count)?", _ONE_RESULT, _only_count),
)
