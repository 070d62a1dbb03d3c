"""What a notebook shows of each kind of result, and the rows that pandas gets."""

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

from bitnet_hw.estimate_result import Estimate
from bitnet_hw.exploration import Exploration
from bitnet_hw.notebook_html import facts_html, rows_html
from bitnet_hw.quantity import with_unit
from bitnet_hw.request import Request
from bitnet_hw.system_prediction import Prediction

__all__ = ["frame_rows", "html_view"]

# Of a long front, the best ones by the first objective.
_MAX_ROWS = 12


@singledispatch
def html_view(result: object) -> str:
    """Return a result as a small table."""
    raise TypeError(f"Result must be of a kind that notebooks show, not {result!r}")


@singledispatch
def frame_rows(result: object) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a result."""
    raise TypeError(f"Result must be of a kind that has rows, not {result!r}")


@html_view.register
def _(result: Estimate) -> str:
    low, high = (result.step_energy_j(edge=edge) / result.tokens for edge in ("low", "high"))
    facts = [
        ("step", _step(result.phase, result.batch, result.context)),
        ("throughput", f"{result.tokens_per_second:.4g} tokens/s"),
        ("time per token", with_unit(result.seconds_per_token, "s")),
        ("energy per token", f"{with_unit(result.energy_per_token_j, 'J')}, scope system"),
        ("over published figures", f"{with_unit(low, 'J')} to {with_unit(high, 'J')}"),
        ("power", with_unit(result.power_w, "W")),
        ("memory", with_unit(sum(result.memory_bytes.values()), "B")),
        ("limited by", result.bound),
        ("utilization", f"{result.utilization:.1%} of the array's peak"),
    ]
    for baseline in result.baselines[:1]:
        ratio = result.ratios(baseline)
        less = f"{ratio['energy']:.2f}x less energy, {ratio['memory']:.2f}x less memory"
        name = f"against {baseline.name.upper()} multipliers"
        facts.append((name, f"{less}, {ratio['speed']:.2f}x faster"))
    return facts_html(f"{result.model.name} on {result.config.name}", facts)


@frame_rows.register(Estimate)
@frame_rows.register(Prediction)
def _(result: Estimate | Prediction) -> list[dict[str, Any]]:
    return [operator.to_dict() for operator in result.operators]


@html_view.register
def _(request: Request) -> str:
    next_token, load = request.seconds_per_output_token, request.load
    facts = [("time to first token", with_unit(request.seconds_to_first_token, "s"))]
    if next_token is not None:
        facts.append(("time per output token", with_unit(next_token, "s")))
    energy_j = request.energy_j["system"]
    facts += [
        ("time", with_unit(request.seconds, "s")),
        ("energy", f"{with_unit(energy_j, 'J')}, scope system"),
        ("energy per output token", with_unit(energy_j / request.generate, "J")),
        (f"{load.slots} at once", f"{load.tokens_per_second:.4g} tokens/s"),
    ]
    return facts_html(f"A request: {request.prompt} tokens in, {request.generate} out", facts)


@frame_rows.register
def _(request: Request) -> list[dict[str, Any]]:
    fields = request.to_dict()
    load = fields.pop("load")
    return [
        {"requests_at_once": at_once, **_plain(row)}
        for at_once, row in ((1, fields), (request.load.slots, load))
    ]


@html_view.register
def _(prediction: Prediction) -> str:
    facts = [
        ("step", _step(prediction.phase, prediction.batch, prediction.context)),
        ("weights", prediction.weights),
        ("throughput", f"{prediction.tokens_per_second:.4g} tokens/s"),
        ("time per token", with_unit(prediction.seconds_per_token, "s")),
        *(
            (f"energy per token, {scope.replace('_', ' ')}", with_unit(energy_j, "J"))
            for scope, energy_j in prediction.energy_per_token_j.items()
        ),
    ]
    if prediction.not_modelled:
        facts.append(("not modelled", ", ".join(prediction.not_modelled)))
    return facts_html(f"{prediction.model} on {prediction.system}", facts)


@html_view.register
def _(exploration: Exploration) -> str:
    fields = exploration.summary_fields()
    displays = [exploration.displays[field] for field in fields]
    front = exploration.front
    title = f"{len(front)} of {exploration.points} points are on the Pareto front"
    if len(front) > _MAX_ROWS:
        title += f"; the first {_MAX_ROWS}"
    return rows_html(
        title,
        [display.title for display in displays],
        [
            [
                display.scaled(exploration.rows[index].get(field))
                for field, display in zip(fields, displays, strict=True)
            ]
            for index in front[:_MAX_ROWS]
        ],
    )


@frame_rows.register
def _(exploration: Exploration) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in exploration.columns} for row in exploration.rows]


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with nested ones by their dotted path."""
    plain: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            plain |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            plain[name] = value
    return plain


def _step(phase: str, batch: int, context: int) -> str:
    sequences = "1 sequence" if batch == 1 else f"{batch} sequences"
    return f"{phase}, {sequences} of {context} tokens"
