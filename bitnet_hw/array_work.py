"""What an array was asked to do: jobs, their predicted time, and their energy."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import lru_cache

from bitnet_hw.area import chip_area_mm2, power_at_rest_w
from bitnet_hw.config import Config
from bitnet_hw.cycles import CycleCount, WeightRate, cycles
from bitnet_hw.energy import Ledger, background_events, ternary_events
from bitnet_hw.energy_scopes import SCOPES
from rtl.geometry import Geometry
from rtl.job import Job

__all__ = ["SCOPE", "ArrayWork", "split_jobs"]

SCOPE = "system, BitLinear layers only"
"""Array, on-chip memories and DRAM, for ternary layers alone: no attention, norms or lm_head."""


@lru_cache(maxsize=1024)
def split_jobs(geometry: Geometry, m: int, k: int, n: int) -> tuple[Job, ...]:
    """Return the jobs of one matrix product: as many tokens at a time as the array takes.

    Raises
    ------
    ValueError
        If the product does not fit the array.
    """
    jobs = tuple(
        Job(k=k, n=n, m=min(geometry.max_tokens, m - start))
        for start in range(0, m, geometry.max_tokens)
    )
    for job in jobs:
        job.check(geometry)
    return jobs


@dataclass(frozen=True)
class ArrayWork:
    """Matrix products that ran one after the other, each when the one before was finished.

    Parameters
    ----------
    config : Config
        The accelerator.
    products : Counter
        How often each (m, k, n) ran: tokens, inputs, outputs.
    rate : WeightRate
        Of the weight stream.
    """

    config: Config
    products: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    rate: WeightRate = field(default_factory=WeightRate)

    def minus(self, earlier: "ArrayWork") -> "ArrayWork":
        """Return what was added since."""
        return ArrayWork(self.config, self.products - earlier.products, self.rate)

    @property
    def jobs(self) -> int:
        """Number of jobs."""
        return sum(
            count * len(split_jobs(self.config.array, *shape))
            for shape, count in self.products.items()
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return sum(count * m * k * n for (m, k, n), count in self.products.items())

    @property
    def counters(self) -> CycleCount:
        """The hardware's counters by the cycle model; products share nothing, so theirs add up."""
        geometry = self.config.array
        totals = dict.fromkeys(CycleCount.__dataclass_fields__, 0)
        for shape, count in self.products.items():
            of_one = cycles(geometry, split_jobs(geometry, *shape), self.rate)
            for name, value in asdict(of_one).items():
                totals[name] += count * value
        return CycleCount(**totals)

    @property
    def cycles(self) -> int:
        """Cycles by the cycle model."""
        return self.counters.cycles

    @property
    def seconds(self) -> float:
        """Time at the array's clock."""
        return self.cycles / self.config.clock_hz

    def energy_j(self) -> dict[str, float]:
        """Return the energy in J of each component that is within `SCOPE`."""
        ledger = Ledger()
        for shape, count in self.products.items():
            jobs = split_jobs(self.config.array, *shape)
            gates = self.config.technology.gates
            ledger.add_all(ternary_events(self.config.array, jobs, count, gates=gates))
        ledger.add_all(background_events(self.seconds))
        energy = ledger.energy_j(self.config)
        if self.products:
            at_rest = power_at_rest_w(self.config, chip_area_mm2(self.config))
            for component, power_w in at_rest.items():
                energy[component] = power_w * self.seconds
        return {name: energy[name] for name in SCOPES["system"] if name in energy}
