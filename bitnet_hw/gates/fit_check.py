"""What the estimator says of an array, beside what its gates take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bitnet_hw.area import ARRAY_PARTS, chip_area_mm2, power_at_rest_w
from bitnet_hw.config import Config
from bitnet_hw.energy import Ledger, ternary_events
from bitnet_hw.gates.array_figures import array_figures
from rtl.job import Job

__all__ = ["Comparison", "compare", "worst_and_median"]

_TILES = 4


@dataclass(frozen=True)
class Comparison:
    """One figure of one array.

    Attributes
    ----------
    array : str
        Sizes and encoding.
    figure : str
        ``"area"`` in um2, ``"leakage"`` in nW, or an operand stream: energy of a step in fJ.
    tokens : int
        Steps for which a tile of weights stays; 0 for what has no steps.
    predicted, gates : float
        By the estimator, and by the netlist of this very array.
    """

    array: str
    figure: str
    tokens: int
    predicted: float
    gates: float

    @property
    def error(self) -> float:
        """Relative error of the prediction."""
        return self.predicted / self.gates - 1


def compare(
    config: Config, report: Mapping[str, Any], zeros: Mapping[str, float]
) -> list[Comparison]:
    """Return the comparisons of an array.

    Parameters
    ----------
    config : Config
        An array and a technology with gates; operands and zero weights are set here.
    report : mapping
        What `Characterization.to_dict` says of the array.
    zeros : mapping of str to float
        Share of zero weights in each operand stream that was measured. Streams that differ only in
        this are called alike up to a comma.
    """
    measured = array_figures(report)
    geometry = measured.geometry
    config = config.model_copy(update={"array": geometry})
    area = chip_area_mm2(config)
    at_rest = power_at_rest_w(config, area)
    name = f"{geometry.rows}x{geometry.lanes} {geometry.weight_encoding}"
    found = [
        Comparison(
            name,
            "area",
            0,
            1e6 * sum(area[part] for part in ARRAY_PARTS),
            sum(measured.area_um2.values()),
        ),
        Comparison(
            name, "leakage", 0, 1e9 * at_rest["array_leakage"], sum(measured.leakage_nw.values())
        ),
    ]
    clock_fj = sum(measured.clock_fj.values())
    for stream in measured.streams:
        for tokens in sorted({1, geometry.max_tokens}):
            # A step that waits for its weights takes the clock of more cycles.
            cycles = max(tokens, geometry.words_per_tile) / tokens
            new = sum(measured.step_fj[stream, "new"].values())
            same = sum(measured.step_fj.get((stream, "same"), {}).values())
            gates = cycles * clock_fj + (new + (tokens - 1) * same) / tokens
            predicted = cycles * at_rest["array_clock"] / config.clock_hz * 1e15
            predicted += _step_fj(config, stream, zeros[stream], tokens)
            found.append(Comparison(name, stream, tokens, predicted, gates))
    return found


def worst_and_median(comparisons: Sequence[Comparison]) -> tuple[float, float]:
    """Return the largest and the median magnitude of the relative errors."""
    errors = [abs(comparison.error) for comparison in comparisons]
    return max(errors), median(errors)


def _step_fj(config: Config, stream: str, zero_fraction: float, tokens: int) -> float:
    """Return the estimator's energy of a step, without its clock."""
    activity = config.activity.model_validate({
        "operands": stream.partition(",")[0],
        "zero_fraction": zero_fraction,
    })
    config = config.model_copy(update={"activity": activity})
    array = config.array
    job = Job(k=array.lanes, n=_TILES * array.rows, m=tokens)
    ledger: Ledger = ternary_events(array, [job], 1, gates=config.technology.gates)
    energy = ledger.energy_j(config)
    return 1e15 * sum(energy[part] for part in ARRAY_PARTS) / job.steps(array)
