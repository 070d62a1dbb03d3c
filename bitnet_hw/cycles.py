"""The cycle model: how long a list of jobs takes, as a closed form that equals the hardware.

docs/architecture.md ("Time") derives every formula used here from the rules of the sequencer.
Nothing loops over cycles, tiles or words: a job costs a fixed number of integer operations (and,
when the result stream is the bottleneck, a sum of floors in logarithmically many).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rtl.geometry import Geometry
from rtl.job import Job

__all__ = ["CycleCount", "WeightRate", "cycles"]


@dataclass(frozen=True)
class WeightRate:
    """A constant-rate weight memory: it offers word `u` from cycle ``ceil(u * cycles / words)``.

    Parameters
    ----------
    words : int
        Words of the weight stream delivered in `cycles` clock cycles.
    cycles : int
        At least `words`: the stream carries one word per cycle at most.

    Raises
    ------
    TypeError
        If a parameter is not a positive integer.
    ValueError
        If the rate exceeds one word per cycle.
    """

    words: int = 1
    cycles: int = 1

    def __post_init__(self) -> None:
        for name in ("words", "cycles"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise TypeError(f"{name} must be a positive integer, not {value!r}")
        if self.words > self.cycles:
            raise ValueError(
                f"A weight rate must be at most one word per cycle, not {self.words}/{self.cycles}"
            )


@dataclass(frozen=True)
class CycleCount:
    """What the hardware's counters read after a list of jobs that were queued back to back.

    Attributes
    ----------
    cycles : int
        From the cycle after the first command to the last result beat, both included.
    busy : int
        Cycles in which the array took a step.
    weight_wait, activation_wait, output_wait : int
        Cycles in which a job was ready to step, but its weights, its activations, or the result
        stream were not. The remaining cycles fill and drain the pipeline.
    """

    cycles: int
    busy: int
    weight_wait: int
    activation_wait: int
    output_wait: int


def cycles(geometry: Geometry, jobs: Sequence[Job], rate: WeightRate = WeightRate()) -> CycleCount:
    """Return the cycles of `jobs` on `geometry`, every stall counter included.

    Commands and activations are offered at once and results are taken at once; weights arrive at
    `rate`.

    Raises
    ------
    ValueError
        If there is no job, or one does not fit the geometry.
    """
    if not jobs:
        raise ValueError("A job list must hold at least one job, not 0")
    busy = activation_wait = output_wait = window = 0
    first_tile = 0  # tiles of all jobs before this one
    load = 1  # cycle in which the loader takes the job's command
    stepped = 0  # cycle after the last step of the previous job
    tile_free = timer_free = 0  # earliest next tile, and earliest next last pass
    end = 0
    for job in jobs:
        job.check(geometry)
        k_tiles, n_tiles = geometry.k_tiles(job.k), geometry.n_tiles(job.n)
        pace = max(geometry.words_per_tile, job.m)  # cycles between tiles
        drain = job.m * geometry.beats_per_vector  # cycles that an output tile's results take
        period = max(k_tiles * pace, drain)  # cycles between output tiles
        weights = _Arrivals(geometry.words_per_tile, rate, first_tile, k_tiles, pace)

        # The first output tile: its first step waits for an activation, its last pass for the
        # timer.
        visible, loaded = max(stepped, load + 1), load + 3
        start = max(weights.of_tile(first_tile), tile_free, loaded)
        unhindered = max(start + (k_tiles - 1) * pace, weights.of_output_tile(0))
        first = max(unhindered, timer_free)
        # The last one: either it follows the first at full pace, or its own weights come later.
        last = max(first + (n_tiles - 1) * period, weights.of_output_tile(n_tiles - 1))

        busy += job.steps(geometry)
        window += last + job.m - visible
        activation_wait += max(0, loaded - visible)
        output_wait += first - unhindered
        if drain > k_tiles * pace:
            output_wait += weights.output_wait(first, n_tiles, period, drain - k_tiles * pace)

        first_tile += job.tiles(geometry)
        # The loader works one job ahead: it waits for the store half that the previous job read.
        load = max(load + job.m * k_tiles + 1, stepped)
        stepped, tile_free, timer_free = last + job.m, last + pace, last + drain
        end = last + geometry.result_latency + job.m * geometry.beats_of_last_vector(job.n) - 1
    return CycleCount(
        cycles=end,
        busy=busy,
        weight_wait=window - busy - activation_wait - output_wait,
        activation_wait=activation_wait,
        output_wait=output_wait,
    )


@dataclass(frozen=True)
class _Arrivals:
    """When the weights of one job arrive, as seen by its tiles and output tiles."""

    words_per_tile: int
    rate: WeightRate
    first_tile: int
    k_tiles: int
    pace: int

    def of_tile(self, tile: int) -> int:
        """Return the cycle in which the last word of a tile (counted over all jobs) is offered."""
        return -(-self._word_cycles(tile) // self.rate.words)

    def of_output_tile(self, n: int) -> int:
        """Return the earliest last pass of output tile `n`, as far as its weights decide."""
        tile, lag = self._deciding_tile(n)
        return self.of_tile(tile) + lag

    def output_wait(self, first: int, n_tiles: int, period: int, most: int) -> int:
        """Return the cycles in which output tiles 1 to `n_tiles` - 1 waited for the result stream.

        Output tile `n` waits for ``first + n * period - of_output_tile(n)`` cycles, limited to
        between 0 and `most`: the sum of a linear function rounded down.
        """
        tile, lag = self._deciding_tile(1)
        step = self.k_tiles * self.words_per_tile * self.rate.cycles
        slope = period * self.rate.words - step
        offset = (first + period - lag) * self.rate.words - self._word_cycles(tile)
        return _sum_of_floors(n_tiles - 1, slope, offset, self.rate.words) - _sum_of_floors(
            n_tiles - 1, slope, offset - most * self.rate.words, self.rate.words
        )

    def _word_cycles(self, tile: int) -> int:
        """Return the offer time of the last word of a tile, in units of 1 / rate.words cycles."""
        return ((tile + 1) * self.words_per_tile - 1) * self.rate.cycles

    def _deciding_tile(self, n: int) -> tuple[int, int]:
        """Return the tile that decides the time of output tile `n`, and its lead on the last."""
        tile = self.first_tile + n * self.k_tiles
        if self.words_per_tile * self.rate.cycles >= self.pace * self.rate.words:
            return tile + self.k_tiles - 1, 0
        return tile, (self.k_tiles - 1) * self.pace


def _sum_of_floors(count: int, slope: int, offset: int, divisor: int) -> int:
    """Return the sum over ``0 <= i < count`` of ``max(0, (offset + i * slope) // divisor)``."""
    if slope < 0:
        offset, slope = offset + (count - 1) * slope, -slope
    if offset < 0:
        if slope == 0:
            return 0
        skipped = -(offset // slope)
        count, offset = count - skipped, offset + skipped * slope
    total = 0
    # Count lattice points under the line, exchanging the axes as Euclid's algorithm does.
    while count > 0:
        total += (count - 1) * count // 2 * (slope // divisor) + count * (offset // divisor)
        slope, offset = slope % divisor, offset % divisor
        height = slope * count + offset
        count, offset, slope, divisor = height // divisor, height % divisor, divisor, slope
    return total
