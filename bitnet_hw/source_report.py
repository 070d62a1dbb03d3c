"""The sections of a report that say where its numbers come from, and what they leave out."""

from collections.abc import Mapping
from typing import Any

from bitnet_hw.quantity import Quantity
from bitnet_hw.report_sections import Section, Table, Text

__all__ = ["source_sections"]


def source_sections(result: Mapping[str, Any]) -> list[Section]:
    """Return assumptions, what is not counted or doubtful, and every number with its source.

    Parameters
    ----------
    result : mapping
        What `bitnet_hw.estimate.Estimate.to_dict` returns.
    """
    missing = ", ".join(result["not_counted"])
    return [
        Text(
            title="Assumptions",
            paragraphs=[*result["assumptions"], f"Not counted: {missing}.", *result["warnings"]],
        ),
        Table(
            title="Numbers from outside",
            columns=[
                Quantity("figure"),
                Quantity("nominal"),
                Quantity("low"),
                Quantity("high"),
                Quantity("unit"),
                Quantity("status"),
                Quantity("source"),
            ],
            rows=[
                [
                    source[key]
                    for key in ("figure", "nominal", "low", "high", "unit", "status", "source")
                ]
                for source in result["sources"]
            ],
        ),
    ]
