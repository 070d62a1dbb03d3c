"""The sections of a report that show one estimate."""

from collections.abc import Mapping
from typing import Any

from bitnet_hw.baseline_report import baseline_sections
from bitnet_hw.design_report import design_sections
from bitnet_hw.estimate_result import Estimate
from bitnet_hw.quantity import quantity
from bitnet_hw.report_bars import stacked_bars
from bitnet_hw.report_sections import Chapter, Fact, Facts, Section
from bitnet_hw.source_report import source_sections

__all__ = ["estimate_sections"]

_BOUNDS = {
    "compute": "computing",
    "weights": "the stream of ternary weights",
    "memory": "other memory traffic",
    "link": "exchanges between chips",
}


def estimate_sections(
    estimate: Estimate, *, title: str = "", lead: str = "", link: str = "operators"
) -> list[Section]:
    """Return the sections of an estimate, from its summary to the sources of its numbers.

    Parameters
    ----------
    estimate : Estimate
        The estimate.
    title, lead : str
        Heading of the chapter and the sentence below it; without a title there is no chapter.
    link : str
        Name that ties the points of the roofline to the table of operators; a page with several
        estimates needs one for each.
    """
    result = estimate.to_dict()
    sections: list[Section] = [Chapter(title=title, lead=lead)] if title else []
    sections.append(_facts(result))
    if result["request"]:
        sections.append(_request(result["request"]))
    return [
        *sections,
        *design_sections(estimate, link=link),
        _energy(result),
        _memory(result),
        *baseline_sections(result),
        *source_sections(result),
    ]


def _facts(result: Mapping[str, Any]) -> Facts:
    energies = result["energy_per_token_range_j"]
    span = f"{_show('energy_j', energies['low'])} to {_show('energy_j', energies['high'])}"
    fp16 = result["baselines"]["fp16"]["ratios"]
    return Facts(
        title="Summary",
        facts=[
            Fact(
                label="throughput",
                value=f"{result['tokens_per_second']:.4g} tokens/s",
                note=f"{result['phase']}, batch {result['batch']}, context {result['context']}",
            ),
            Fact(
                label="energy per token",
                value=_show("energy_j", result["energy_per_token_j"]),
                note=f"{span} over published figures; scope: {result['scope']}",
            ),
            Fact(
                label="memory",
                value=_show("_bytes", result["memory_bytes"]["total"]),
                note=f"{result['bits_per_weight']:.4g} bits per ternary weight",
            ),
            Fact(
                label="limited by",
                value=_BOUNDS[result["bound"]],
                note=f"{result['utilization']:.1%} of the array's peak over the whole step, "
                f"{result['array_utilization']:.1%} in BitLinear layers",
            ),
            Fact(
                label="against FP16",
                value=f"{fp16['energy']:.2f}x less energy",
                note=f"{fp16['speed']:.2f}x faster, {fp16['memory']:.2f}x less memory, on a "
                "multiplier array of equal throughput",
            ),
        ],
    )


def _request(request: Mapping[str, Any]) -> Facts:
    load = request["load"]
    next_token = request["seconds_per_output_token"]
    energies = request["energy_range_j"]
    return Facts(
        title=f"A request: {request['prompt']} tokens in, {request['generate']} out",
        facts=[
            Fact(
                label="first token after",
                value=_show("time_s", request["seconds_to_first_token"]),
                note="alone"
                if next_token is None
                else f"alone; each further one {_show('time_s', next_token)} later",
            ),
            Fact(
                label="energy",
                value=_show("energy_j", request["energy_j"]["system"]),
                note=f"{_show('energy_j', energies['low'])} to "
                f"{_show('energy_j', energies['high'])} over published figures; "
                f"scope: {request['scope']}",
            ),
            Fact(
                label="energy per output token",
                value=_show("energy_j", request["energy_per_output_token_j"]),
                note=f"{_show('energy_j', request['energy_per_total_token_j'])} for each token "
                "read or written",
            ),
            Fact(
                label=f"{load['slots']} requests at once",
                value=f"{load['tokens_per_second']:.4g} tokens/s",
                note=f"{_show('energy_j', load['energy_per_output_token_j'])} per output token",
            ),
        ],
    )


def _energy(result: Mapping[str, Any]) -> Section:
    bars = [(f"ternary, {result['name']}", result["energy_breakdown_j"])]
    bars += [
        (f"{name.upper()} multipliers", baseline["energy_breakdown_j"])
        for name, baseline in reversed(result["baselines"].items())
        if not name.endswith("_same_area")
    ]
    return stacked_bars(
        "Energy per token",
        "energy_j",
        bars,
        note="Arrays of equal multiply-accumulates per cycle on the same memory.",
    )


def _memory(result: Mapping[str, Any]) -> Section:
    parts = {name: size for name, size in result["memory_bytes"].items() if name != "total"}
    return stacked_bars("Memory", "memory_bytes", [(result["model"], parts)])


def _show(field: str, value: float) -> str:
    display = quantity(field, [value])
    return f"{display.text(value)} {display.unit}"
