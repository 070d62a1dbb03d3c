"""The parameters of an accelerator, and every width, depth and latency that follows from them."""

from dataclasses import dataclass
from functools import cache

from rtl.lane_style import LANE_STYLES, LaneStyle
from rtl.word_check import WEIGHT_CHECKS, check_bits

__all__ = ["SIZE_LIMITS", "WEIGHTS_PER_BYTE", "WEIGHT_ENCODINGS", "Geometry"]

WEIGHTS_PER_BYTE = {"trit2": 4, "trit5": 5}
WEIGHT_ENCODINGS = tuple(WEIGHTS_PER_BYTE)

ACTIVATION_BITS = 8
RESULT_BITS = 32
FLAG_BITS = 8
OUTPUTS_BITS = 24

# Upper bounds, far above what is sensible to build: they keep a typing error from exhausting
# memory.
SIZE_LIMITS = {
    "rows": 4096,
    "lanes": 4096,
    "weight_bus_bits": 1 << 20,
    "max_tokens": 1024,
    "max_k": 1 << 20,
    "output_bus_words": 4096,
    "tree_register_every": 16,
}


def _ceil_div(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def _ceil_log2(value: int) -> int:
    return (value - 1).bit_length()


@cache
def _tree_adders(operands: int, bits: int) -> tuple[tuple[int, int], ...]:
    levels: list[tuple[int, int]] = []
    nodes = operands
    while nodes > 1:
        levels.append((bits + len(levels) + 1, nodes // 2))
        nodes = _ceil_div(nodes, 2)
    return tuple(levels)


@cache
def _tree_register_bits(operands: int, bits: int, carries: bool, register_every: int) -> int:
    total = level = 0
    widths = [bits] * operands
    while len(widths) > 1:
        level += 1
        odd = widths[len(widths) // 2 * 2 :]
        widths = [bits + level] * (len(widths) // 2) + odd
        if level % register_every == 0:
            total += sum(widths) + carries * len(widths)
    return total


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """One accelerator: free parameters as fields, everything else as properties.

    Pure Python, so that the estimator can read it without the hardware library.

    Parameters
    ----------
    rows : int
        Output channels computed in parallel.
    lanes : int
        Inputs that each row sums in one cycle.
    weight_encoding : str
        Format of the weight stream: ``"trit2"`` (2 bits per weight) or ``"trit5"`` (5 weights in 8
        bits).
    weight_bus_bits : int
        Width of one word of the weight stream; a multiple of 8.
    max_tokens : int
        Token vectors for which a weight tile may be reused (the largest M of a job).
    max_k : int
        Largest number of inputs K of a job.
    output_bus_words : int
        32-bit results carried by one beat of the result stream; at most ``rows``.
    tree_register_every : int
        Levels of the adder tree between two pipeline registers.
    lane_style : str
        How a weight selects +x, 0 or -x; a key of `rtl.lane_style.LANE_STYLES`.
    weight_check : str
        What protects each word of the weight stream: ``"none"``, or ``"hamming"`` for check bits in
        its highest places (`rtl.word_check`).

    Raises
    ------
    TypeError
        If a parameter has the wrong type or is out of its range.
    ValueError
        If two parameters do not fit together.
    """

    rows: int
    lanes: int
    weight_encoding: str = "trit5"
    weight_bus_bits: int
    max_tokens: int = 8
    max_k: int
    output_bus_words: int
    tree_register_every: int = 2
    lane_style: str = "select"
    weight_check: str = "none"

    def __post_init__(self) -> None:
        for name, limit in SIZE_LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
                raise TypeError(f"{name} must be an integer from 1 to {limit}, not {value!r}")
        if self.weight_encoding not in WEIGHT_ENCODINGS:
            raise TypeError(
                f"weight_encoding must be one of {', '.join(WEIGHT_ENCODINGS)}, "
                f"not {self.weight_encoding!r}"
            )
        if self.lane_style not in LANE_STYLES:
            raise TypeError(
                f"lane_style must be one of {', '.join(LANE_STYLES)}, not {self.lane_style!r}"
            )
        if self.weight_check not in WEIGHT_CHECKS:
            raise TypeError(
                f"weight_check must be one of {', '.join(WEIGHT_CHECKS)}, not {self.weight_check!r}"
            )
        if self.weight_bus_bits % 8:
            raise ValueError(
                f"weight_bus_bits must be a multiple of 8, not {self.weight_bus_bits} "
                f"({self.weight_bus_bits % 8} bits over)"
            )
        if self.data_bytes < 1:
            raise ValueError(
                f"weight_bus_bits must be at least 16, for a byte of weights beside "
                f"{self.check_bits} check bits, not {self.weight_bus_bits}"
            )
        if self.output_bus_words > self.rows:
            raise ValueError(
                f"output_bus_words must be at most rows ({self.rows}), not {self.output_bus_words}"
            )

    # The array.

    @property
    def macs_per_cycle(self) -> int:
        """Peak multiply-accumulates in each cycle."""
        return self.rows * self.lanes

    def k_tiles(self, k: int) -> int:
        """Return the number of weight tiles along `k` inputs."""
        return _ceil_div(k, self.lanes)

    def n_tiles(self, n: int) -> int:
        """Return the number of weight tiles along `n` outputs."""
        return _ceil_div(n, self.rows)

    # The weight stream.

    @property
    def check_bits(self) -> int:
        """Highest bits of a word of the weight stream that hold no weights, but its check."""
        return 0 if self.weight_check == "none" else check_bits(self.weight_bus_bits)

    @property
    def data_bytes(self) -> int:
        """Lowest bytes of a word of the weight stream, which hold its weights."""
        return (self.weight_bus_bits - self.check_bits) // 8

    @property
    def word_trits(self) -> int:
        """Weights carried by one word of the weight stream."""
        return self.data_bytes * WEIGHTS_PER_BYTE[self.weight_encoding]

    @property
    def tile_trits(self) -> int:
        """Weights of one tile, row by row; a tile starts on a word boundary."""
        return self.rows * self.lanes

    @property
    def words_per_tile(self) -> int:
        """Words of the weight stream that carry one tile."""
        return _ceil_div(self.tile_trits, self.word_trits)

    @property
    def tile_bytes(self) -> int:
        """Bytes that one tile takes on the weight stream, padding included."""
        return self.words_per_tile * self.weight_bus_bits // 8

    @property
    def bits_per_weight(self) -> float:
        """Bits on the weight stream per weight of a full tile, padding included."""
        return 8 * self.tile_bytes / self.tile_trits

    # The activation store.

    @property
    def activation_word_bits(self) -> int:
        """Width of one word of the activation stream and store: one int8 for each lane."""
        return ACTIVATION_BITS * self.lanes

    @property
    def activation_depth(self) -> int:
        """Words in each of the two halves of the activation store."""
        return self.k_tiles(self.max_k) * self.max_tokens

    @property
    def activation_store_bits(self) -> int:
        """Size of the double-buffered activation store."""
        return 2 * self.activation_depth * self.activation_word_bits

    # Sums.

    @property
    def style(self) -> LaneStyle:
        """The numbers of the lane style."""
        return LANE_STYLES[self.lane_style]

    @property
    def tree_operands(self) -> int:
        """Numbers that a row's tree adds."""
        return self.style.operands(self.lanes)

    @property
    def shared_bits(self) -> int:
        """Bits that all rows share of a step's activations."""
        return self.style.shared_bits * self.tree_operands

    @property
    def tree_levels(self) -> int:
        """Levels of two-input adders between the lanes and the sum of a row."""
        return _ceil_log2(self.tree_operands)

    @property
    def tree_latency(self) -> int:
        """Pipeline registers between the lanes and the accumulator, in cycles."""
        return self.tree_levels // self.tree_register_every

    @property
    def tree_adders(self) -> tuple[tuple[int, int], ...]:
        """Width of the result, and number, of the adders in each level of a row's tree."""
        return _tree_adders(self.tree_operands, self.style.operand_bits)

    @property
    def tree_add_bits(self) -> int:
        """Bits of all adders in a row's tree."""
        return sum(bits * adders for bits, adders in self.tree_adders)

    @property
    def tree_register_bits(self) -> int:
        """Bits of the pipeline registers in a row's tree: each sum with its carry, if any."""
        style = self.style
        return _tree_register_bits(
            self.tree_operands, style.operand_bits, style.carries, self.tree_register_every
        )

    @property
    def sum_bits(self) -> int:
        """Width of the sum that leaves the tree, with the centers and also without them."""
        return self.style.operand_bits + self.tree_levels

    @property
    def sum_of_centers(self) -> int:
        """What a row's tree adds up to for a product of 0."""
        return sum(self.style.center(i, self.lanes) for i in range(self.tree_operands))

    @property
    def accumulator_bits(self) -> int:
        """Width of the signed accumulator: exact for ``max_k`` products of -128 and -1."""
        return max((128 * self.max_k).bit_length() + 1, self.sum_bits + 1)

    @property
    def token_bits(self) -> int:
        """Width of the number of a token within a job; at least 1, so that no port is empty."""
        return max(1, _ceil_log2(self.max_tokens))

    # Registers.

    @property
    def step_register_bits(self) -> int:
        """Bits written in a step: what the rows share, registers of the trees, partial sums."""
        return self.shared_bits + self.rows * (self.tree_register_bits + self.accumulator_bits)

    @property
    def tile_register_bits(self) -> int:
        """Bits written for a tile: its weights, and those of the words before its last one."""
        return 2 * (self.tile_trits + (self.words_per_tile - 1) * self.word_trits)

    # Results.

    @property
    def beats_per_vector(self) -> int:
        """Cycles in which the result stream carries one vector of ``rows`` results."""
        return _ceil_div(self.rows, self.output_bus_words)

    def beats_of_last_vector(self, n: int) -> int:
        """Return the beats of a vector of the last, perhaps ragged, output tile of `n` outputs."""
        valid_rows = n - (self.n_tiles(n) - 1) * self.rows
        return _ceil_div(valid_rows, self.output_bus_words)

    @property
    def result_latency(self) -> int:
        """Cycles from the last step of a result vector to its first beat on the result stream.

        One to read the activation, one to accumulate, and the registers of the tree between them.
        """
        return self.tree_latency + 2

    @property
    def result_slots(self) -> int:
        """Result vectors that the output buffer holds.

        ``max_tokens`` for the burst at the end of an output tile, and as many as the result stream
        can drain while one travels through the pipeline: with these, the buffer never stalls the
        array as long as the results are taken (docs/architecture.md derives it).
        """
        return self.max_tokens + _ceil_div(self.result_latency, self.beats_per_vector)
