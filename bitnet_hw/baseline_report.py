"""The sections of a report that compare an estimate with multiplier arrays and with the paper."""

from collections.abc import Mapping
from typing import Any

from bitnet_hw.quantity import Quantity, quantity, with_unit
from bitnet_hw.report_sections import Figure, Section, Table, Text
from bitnet_hw.report_text import plot_text

__all__ = ["baseline_sections"]

_RATIOS = {
    "energy": ("energy per token", "--series-2"),
    "speed": ("time per token", "--series-1"),
    "memory": ("memory", "--series-3"),
}


def baseline_sections(result: Mapping[str, Any]) -> list[Section]:
    """Return bars and a table of the baselines; for decode also the paper's ratios.

    Parameters
    ----------
    result : mapping
        What `bitnet_hw.estimate.Estimate.to_dict` returns.
    """
    sections: list[Section] = [_bars(result), _table(result)]
    if result["paper"]:
        sections += [_paper(result), _reasons(result)]
    return sections


def _bars(result: Mapping[str, Any]) -> Figure:
    baselines = result["baselines"]
    names = [_name(name) for name in baselines]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": label,
            "y": list(range(len(names))),
            "x": [baseline["ratios"][ratio] for baseline in baselines.values()],
            "text": [f"{baseline['ratios'][ratio]:.2f}\u00d7" for baseline in baselines.values()],
            "textposition": "outside",
            "textfont": {"size": 12},
            "cliponaxis": False,
            "marker": {"color": color},
            "hovertext": [
                f"<b>{plot_text(name)}</b><br>{label}: {_amount(ratio, baseline)}<br>"
                f"ours: {_amount(ratio, _ours(result))}"
                for name, baseline in zip(names, baselines.values(), strict=True)
            ],
            "hoverinfo": "text",
        }
        for ratio, (label, color) in _RATIOS.items()
    ]
    largest = max(ratio for baseline in baselines.values() for ratio in baseline["ratios"].values())
    return Figure(
        title="Beside multiplier arrays",
        traces=traces,
        layout={
            "barmode": "group",
            "bargap": 0.3,
            "hovermode": "closest",
            "xaxis": {"title": {"text": "times ours"}, "range": [0, 1.12 * max(largest, 1)]},
            "yaxis": {
                "autorange": "reversed",
                "tickvals": list(range(len(names))),
                "ticktext": [plot_text(name) for name in names],
            },
            "legend": {"traceorder": "normal"},
            "shapes": [
                {
                    "type": "line",
                    "x0": 1,
                    "x1": 1,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": "--ink", "width": 1.5, "dash": "dot"},
                }
            ],
        },
        height=150 + 72 * len(names),
        note="The same model, clock, memory and vector unit. The dotted line is the ternary array.",
    )


def _table(result: Mapping[str, Any]) -> Table:
    rows = {f"ternary, {result['name']}": _ours(result)} | {
        _name(name): baseline for name, baseline in result["baselines"].items()
    }
    energy = quantity("energy_j", [row["energy_per_token_j"] for row in rows.values()])
    memory = quantity("_bytes", [row["memory_bytes"] for row in rows.values()])
    return Table(
        title="Ours and multiplier arrays",
        columns=[
            Quantity("array"),
            Quantity("peak", "MAC/cycle"),
            Quantity("throughput", "tokens/s"),
            Quantity("energy per token", energy.unit, energy.factor),
            Quantity("memory", memory.unit, memory.factor),
        ],
        rows=[
            [
                name,
                row["macs_per_cycle"],
                row["tokens_per_second"],
                row["energy_per_token_j"],
                row["memory_bytes"],
            ]
            for name, row in rows.items()
        ],
        marked=frozenset([0]),
        marked_name="",
    )


def _ours(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ternary array as a row beside the baselines."""
    return {
        "macs_per_cycle": result["macs_per_cycle"],
        "tokens_per_second": result["tokens_per_second"],
        "energy_per_token_j": result["energy_per_token_j"],
        "memory_bytes": result["memory_bytes"]["total"],
    }


def _amount(ratio: str, row: Mapping[str, Any]) -> str:
    if ratio == "energy":
        return with_unit(row["energy_per_token_j"], "J")
    if ratio == "memory":
        return with_unit(row["memory_bytes"], "B")
    return f"{with_unit(1 / row['tokens_per_second'], 's')} ({row['tokens_per_second']:.4g}/s)"


def _name(baseline: str) -> str:
    number = baseline.removesuffix("_same_area").upper()
    return f"{number}, same area" if baseline.endswith("_same_area") else f"{number}, same peak"


def _paper(result: Mapping[str, Any]) -> Table:
    return Table(
        title="Against FP16, beside arXiv 2402.17764",
        columns=[
            Quantity("ratio"),
            Quantity("ours"),
            Quantity("paper"),
            Quantity("the paper's rule on our shapes"),
        ],
        rows=[
            [claim["quantity"], claim["ours"], claim["paper"], claim["reproduced"]]
            for claim in result["paper"]
        ],
    )


def _reasons(result: Mapping[str, Any]) -> Text:
    return Text(
        title="Why the ratios differ",
        paragraphs=[
            f"{claim['quantity'].capitalize()}: {claim['why']}" for claim in result["paper"]
        ],
    )
