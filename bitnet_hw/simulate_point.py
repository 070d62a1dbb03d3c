"""A point of a sweep in simulation: its RTL runs, every output and every counter is compared."""

from dataclasses import asdict
from typing import Any

from bitnet_hw.chips import shard
from bitnet_hw.config import Config
from bitnet_hw.cycles import CycleCount, cycles
from bitnet_hw.errors import ConfigError, SimulationFailed
from bitnet_hw.simulation import build_folder, simulation_errors
from bitnet_hw.sweep_point import Point
from bitnet_hw.timing import weight_rate

__all__ = ["point_products", "simulation_fields"]


def simulation_fields(point: Point) -> dict[str, Any]:
    """Simulate a point and return what `bitnet-hw simulate` reports, and the array's parameters.

    The products of the point run back to back on the compiled RTL, with random data, and with
    weights at the rate that the memory of the point sustains.

    Raises
    ------
    ConfigError
        If the configuration is wrong, or a product does not fit the array.
    SimulationFailed
        If an output or a counter is wrong, or the simulation does not come to its end in time.
    ToolMissing
        If Verilator or a package that it needs is not installed.
    """
    config = point.config()
    products = point_products(point, config)
    rate = weight_rate(config)
    with simulation_errors():
        from sim.compiled_check import check_products

        try:
            found = check_products(
                config.array,
                products,
                rate=(rate.words, rate.cycles),
                seed=point.settings["seed"],
                build_root=build_folder(),
                timeout_s=point.settings["timeout_s"],
            )
        except (TypeError, ValueError) as error:
            # Jobs and geometry say what of a size does not fit.
            raise ConfigError(f"The products of the point must fit the array: {error}") from error
    measured = CycleCount(**found.counters)
    predicted = cycles(config.array, found.jobs, rate)
    if found.message:
        raise SimulationFailed(
            f"{found.mismatches} of {found.outputs_checked} outputs must equal the integer "
            f"product; the first: {found.message}"
        )
    if measured != predicted or found.cycles_measured != predicted.cycles:
        raise SimulationFailed(
            f"Counters must equal the cycle model: {_differences(measured, predicted)}"
        )
    macs = sum(job.macs for job in found.jobs)
    return {
        "passed": True,
        "clock_mhz": config.clock_mhz,
        "array": asdict(config.array),
        "macs_per_cycle": config.array.macs_per_cycle,
        "jobs": len(found.jobs),
        "outputs_checked": found.outputs_checked,
        "mismatches": found.mismatches,
        "cycles_measured": found.cycles_measured,
        "cycles_predicted": predicted.cycles,
        "counters_measured": asdict(measured),
        "macs": macs,
        "utilization": macs / (config.array.macs_per_cycle * found.cycles_measured),
        "seconds": found.seconds,
        "build_seconds": found.build_seconds,
    }


def point_products(point: Point, config: Config) -> tuple[tuple[int, int, int], ...]:
    """Return tokens, inputs and outputs of the matrix products that a point simulates.

    Those that the sweep lists; without a list the projections of one layer of the model, as far as
    one chip holds it: for the tokens of the batch in decode, for all tokens of the context in
    prefill.
    """
    if shapes := point.settings["shapes"]:
        return tuple(shapes)
    workload = point.workload
    tokens = workload["batch"] * (workload["context"] if workload["phase"] == "prefill" else 1)
    layer = shard(point.model(), config.chips)
    return tuple((tokens, projection.k, projection.n) for projection in layer.projections)


def _differences(measured: CycleCount, predicted: CycleCount) -> str:
    wanted = asdict(predicted)
    wrong = [
        f"{name} {value}, not {wanted[name]}"
        for name, value in asdict(measured).items()
        if value != wanted[name]
    ]
    return ", ".join(wrong) or "the harness counted other cycles than the hardware"
