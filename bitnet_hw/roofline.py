"""The roofline of an estimate: each operator's rate beside what its unit and the memory allow.

After Williams, Waterman and Patterson, CACM 52(4), 2009, with multiply-accumulates for operations.
"""

from dataclasses import dataclass

from bitnet_hw.config import Config
from bitnet_hw.estimate_result import Estimate

__all__ = ["Roofline", "RooflinePoint", "roofline"]


@dataclass(frozen=True, kw_only=True)
class RooflinePoint:
    """An operator that multiplies matrices and moves bytes.

    Parameters
    ----------
    row : int
        Its place among the operators of the estimate.
    operator, unit, bound : str
        As in `bitnet_hw.operator_estimate.OperatorEstimate`.
    macs_per_byte, macs_per_second : float
        Where it stands.
    roof_macs_per_second : float
        The most that its unit and the memory allow there.
    share : float
        Part of the time of all operators.
    """

    row: int
    operator: str
    unit: str
    bound: str
    macs_per_byte: float
    macs_per_second: float
    roof_macs_per_second: float
    share: float


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """Operators below their ceilings; rates of all chips that share a layer together.

    Parameters
    ----------
    points : tuple of RooflinePoint
        In the order of the estimate.
    ceilings : mapping of str to float
        Peak of each unit that has a point, in multiply-accumulates per second.
    bytes_per_second : mapping of str to float
        Sustained rate of the memory as ``"memory"``; as ``"weight port"`` what the array takes in,
        where that is less.
    absent : tuple of str
        Operators that multiply no matrices, or move no bytes.
    """

    points: tuple[RooflinePoint, ...]
    ceilings: dict[str, float]
    bytes_per_second: dict[str, float]
    absent: tuple[str, ...]


def roofline(result: Estimate) -> Roofline:
    """Return where the operators of an estimate stand."""
    config, sharing = result.config, result.config.chips.tensor
    rates = {"memory": sharing * config.memory.bytes_per_second}
    port = sharing * config.array.weight_bus_bits / 8 * config.clock_hz
    if port < rates["memory"]:
        rates["weight port"] = port
    ceilings: dict[str, float] = {}
    points, absent = [], []
    whole = sum(operator.seconds for operator in result.operators)
    for row, operator in enumerate(result.operators):
        if operator.macs_per_byte is None:
            absent.append(operator.name)
            continue
        peak = ceilings.setdefault(operator.unit, sharing * _peak(config, operator.unit))
        slope = min(rates.values()) if operator.unit == "array" else rates["memory"]
        points.append(
            RooflinePoint(
                row=row,
                operator=operator.name,
                unit=operator.unit,
                bound=operator.bound,
                macs_per_byte=operator.macs_per_byte,
                macs_per_second=operator.macs_per_second,
                roof_macs_per_second=min(peak, slope * operator.macs_per_byte),
                share=operator.seconds / whole,
            )
        )
    return Roofline(
        points=tuple(points),
        ceilings=ceilings,
        bytes_per_second=rates,
        absent=tuple(absent),
    )


def _peak(config: Config, unit: str) -> float:
    """Return the multiply-accumulates per second of a unit of one chip."""
    if unit == "host":
        assert config.host is not None
        return config.host.gmacs_per_second.nominal * 1e9
    per_cycle = (
        config.array.macs_per_cycle if unit == "array" else config.vector_unit.fp16_macs_per_cycle
    )
    return per_cycle * config.clock_hz
