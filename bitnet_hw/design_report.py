"""The sections of a report that show how the operators of an estimate use the hardware."""

from dataclasses import replace

from bitnet_hw.estimate_result import Estimate
from bitnet_hw.layer_timeline import layer_timeline
from bitnet_hw.quantity import Quantity, quantity
from bitnet_hw.report_sections import Section, Table
from bitnet_hw.roofline import roofline
from bitnet_hw.roofline_figure import roofline_figure
from bitnet_hw.timeline_figure import timeline_figure

__all__ = ["design_sections"]


def design_sections(result: Estimate, *, link: str = "operators") -> list[Section]:
    """Return roofline, timeline of a layer, and table of the operators.

    Parameters
    ----------
    result : Estimate
        The estimate.
    link : str
        Name that ties the points of the roofline to the rows of the table; a page with several
        estimates needs one for each.
    """
    figure = roofline_figure(roofline(result), link=link)
    return [
        *([figure] if figure else []),
        timeline_figure(layer_timeline(result)),
        _operators(result, link),
    ]


def _operators(result: Estimate, link: str) -> Table:
    operators = result.operators

    def scaled(label: str, field: str, values: list[float]) -> Quantity:
        return replace(quantity(field, values), label=label)

    whole = sum(operator.seconds for operator in operators)
    return Table(
        title="Operators of one step",
        columns=[
            Quantity("operator"),
            Quantity("unit"),
            Quantity("bound"),
            Quantity("runs"),
            Quantity("cycles"),
            scaled("time", "time_s", [operator.seconds for operator in operators]),
            Quantity("share", "%", 100.0),
            Quantity("work", "MMAC", 1e-6),
            scaled("traffic", "_bytes", [operator.dram_bytes for operator in operators]),
            Quantity("intensity", "MAC/B"),
            scaled("energy", "energy_j", [operator.energy_j for operator in operators]),
        ],
        rows=[
            [
                operator.name,
                operator.unit,
                operator.bound,
                operator.runs,
                operator.cycles,
                operator.seconds,
                operator.seconds / whole,
                operator.macs,
                operator.dram_bytes,
                operator.macs_per_byte,
                operator.energy_j,
            ]
            for operator in operators
        ],
        link=link,
        note="Energy without leakage and the background power of the memory.",
    )
