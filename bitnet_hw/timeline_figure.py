"""The timeline of a layer as a figure of a report."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bitnet_hw.layer_timeline import LayerTimeline, TimelineBar
from bitnet_hw.log_axis import log_ticks
from bitnet_hw.quantity import Quantity, format_number, quantity, with_unit
from bitnet_hw.report_sections import Figure
from bitnet_hw.report_text import plot_text

__all__ = ["timeline_figure"]

_STATES = {
    "busy": ("array: busy", "--series-1"),
    "weight_wait": ("array: waits for weights", "--series-7"),
    "activation_wait": ("array: waits for activations", "--series-5"),
    "output_wait": ("array: waits for the result stream", "--series-4"),
    "fill": ("array: fills and drains", "--series-8"),
}
_OTHERS = {
    ("vector", "compute"): ("vector unit: computes", "--series-2"),
    ("vector", "memory"): ("vector unit: waits for memory", "--series-6"),
    ("host", "compute"): ("host: computes", "--series-3"),
    ("host", "memory"): ("host: waits for memory", "--series-6"),
    ("link", "link"): ("link between chips", "--accent"),
}
_ROW_HEIGHT = 23


def timeline_figure(timeline: LayerTimeline) -> Figure:
    """Return a layer's operators from top to bottom, each as long as it takes, and their energy."""
    tokens = "1 token" if timeline.tokens == 1 else f"{timeline.tokens} tokens"
    layer_s = timeline.cycles / timeline.clock_hz
    unit, factor = _cycle_unit(timeline.cycles)
    energy = quantity("energy_j", [bar.energy_j for bar in timeline.bars])
    parts = [part for place, bar in enumerate(timeline.bars) for part in _parts(place, bar)]
    hovers = [_hover(timeline, bar) for bar in timeline.bars]
    traces: list[dict[str, Any]] = []
    for name, color in (*_STATES.values(), *_OTHERS.values()):
        chosen = [part for part in parts if part.name == name]
        if chosen:
            traces.append({
                **_bar_style(color, [hovers[part.place] for part in chosen]),
                "name": plot_text(name),
                "y": [part.place for part in chosen],
                "base": [part.start * factor for part in chosen],
                "x": [part.cycles * factor for part in chosen],
            })
    traces.append({
        **_bar_style("--muted", hovers),
        "name": "energy",
        "y": list(range(len(timeline.bars))),
        "x": [energy.scaled(bar.energy_j) for bar in timeline.bars],
        "xaxis": "x2",
        "showlegend": False,
    })
    return Figure(
        title="Timeline of one layer",
        traces=traces,
        layout={
            "barmode": "overlay",
            "hovermode": "closest",
            "xaxis": {"title": {"text": unit}, "domain": [0, 0.63], "rangemode": "tozero"},
            "xaxis2": {
                "title": {"text": f"energy ({energy.unit})"},
                "domain": [0.72, 1],
                # A phone has room for two numbers.
                "tickvals": _end_ticks(energy, timeline),
            },
            "yaxis": {
                "autorange": "reversed",
                "tickvals": list(range(len(timeline.bars))),
                "ticktext": [plot_text(bar.operator) for bar in timeline.bars],
                "tickfont": {"size": 12},
            },
            "legend": {"traceorder": "normal"},
        },
        height=160 + _ROW_HEIGHT * len(timeline.bars),
        note=f"{tokens} through one of {timeline.layers} layers: "
        f"{format_number(timeline.cycles)} cycles, {with_unit(layer_s, 's')}, "
        f"{with_unit(timeline.energy_j, 'J')} without leakage and background power. Stalls of the "
        "array are added up within its bars: they are spread over the whole operator.",
    )


@dataclass(frozen=True)
class _Part:
    """A piece of a bar: its row, where it starts, how long it is, and what it stands for."""

    place: int
    start: int
    cycles: int
    name: str


def _bar_style(color: str, hovers: list[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "width": 0.7,
        # A border of the same colour keeps the shortest bars visible.
        "marker": {"color": color, "line": {"color": color, "width": 1}},
        "hovertext": hovers,
        "hoverinfo": "text",
    }


def _parts(place: int, bar: TimelineBar) -> Iterator[_Part]:
    """Yield what a bar is made of, from left to right."""
    if not bar.states:
        yield _Part(place, bar.start, bar.cycles, _OTHERS[bar.unit, bar.bound][0])
    start = bar.start
    for state, cycles in bar.states.items():
        if cycles:
            yield _Part(place, start, cycles, _STATES[state][0])
        start += cycles


def _hover(timeline: LayerTimeline, bar: TimelineBar) -> str:
    share = bar.cycles / timeline.cycles
    energy_share = bar.energy_j / timeline.energy_j if timeline.energy_j else 0.0
    end = format_number(bar.start + bar.cycles)
    lines = [
        f"<b>{plot_text(bar.operator)}</b>: {plot_text(f'{bar.unit}, limited by {bar.bound}')}",
        f"cycles {format_number(bar.start)} to {end}: {format_number(bar.cycles)}, {share:.1%}",
        f"energy {with_unit(bar.energy_j, 'J')}, {energy_share:.1%}",
    ]
    lines += [
        f"{_STATES[state][0].removeprefix('array: ')}: {format_number(taken)} "
        f"({taken / bar.cycles:.1%})"
        for state, taken in bar.states.items()
        if taken
    ]
    return "<br>".join(lines)


def _cycle_unit(cycles: int) -> tuple[str, float]:
    """Return what the axis counts in, and the factor for it."""
    if cycles >= 10_000_000:
        return "Mcycles", 1e-6
    return ("kcycles", 1e-3) if cycles >= 10_000 else ("cycles", 1.0)


def _end_ticks(energy: Quantity, timeline: LayerTimeline) -> list[float]:
    """Return zero and the largest round number on the axis of energies."""
    largest = max(bar.energy_j for bar in timeline.bars) * energy.factor
    return [0, *([log_ticks(largest / 9, largest)[-1]] if largest else [])]
