"""A plan: what is asked of a system, and a search file that says which systems there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from bitnet_hw.errors import ConfigError
from bitnet_hw.expression import Expression, ExpressionError, parse_expression
from bitnet_hw.key_path import KeyPath, key_text, show, suggestion
from bitnet_hw.model import load_model
from bitnet_hw.plan.costs import Costs
from bitnet_hw.plan.requirement import CAPACITY, Requirement, parse_requirements
from bitnet_hw.plan.space import check_settings, field_choices, widest_layers, with_settings
from bitnet_hw.presets import find_file
from bitnet_hw.schema import Block, parse_block
from bitnet_hw.sweep import Sweep, base_document
from bitnet_hw.yaml_file import YamlFile, read_yaml

__all__ = ["DEFAULT_SEARCH", "SMALLEST", "Plan", "load_plan"]

DEFAULT_SEARCH = "systems"
SMALLEST = ("chips.count", "total_area_mm2", "total_power_w")
"""What decides which of two systems is smaller, unless a search file says otherwise."""


class _PlanFile(Block):
    """The keys of a search file.

    Parameters
    ----------
    base : str or dict
        The configuration that every design changes.
    sweep : dict
        Values of fields, as in a sweep file; ``array.max_k`` may be ``auto``.
    where : tuple of str
        Conditions over these fields: designs that break one do not exist.
    require : tuple of str
        Conditions over all reported fields, beside those of the command line.
    smallest : tuple of str
        Expressions, less of the first is smaller, then of the second.
    costs : Costs
        Prices of a chip.
    """

    base: str | dict[str, Any]
    sweep: dict[str, Any]
    where: tuple[str, ...] = Field(default=(), strict=False)
    require: tuple[str, ...] = Field(default=(), strict=False)
    smallest: tuple[str, ...] = Field(default=SMALLEST, min_length=1, strict=False)
    costs: Costs = Costs()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A question and where its answer is searched.

    Parameters
    ----------
    search : str
        The search file, as it was asked for.
    sweep : Sweep
        The designs, their workload included.
    base : str, optional
        Name or path of the configuration that they change; None if the file holds it.
    where : tuple of Expression
        Conditions over fields of the sweep, without which a design does not exist.
    requirements : tuple of Requirement
        What a system must do.
    smallest : tuple of Expression
        What decides which of two systems is smaller, the first first.
    costs : Costs
        Prices of a chip.
    settings : mapping of str to object
        Values of the base that the command line changed.
    each : str, optional
        A field of the sweep: the smallest system for each of its values is wanted too.
    """

    search: str
    sweep: Sweep
    base: str | None
    where: tuple[Expression, ...]
    requirements: tuple[Requirement, ...]
    smallest: tuple[Expression, ...]
    costs: Costs
    settings: Mapping[str, object]
    each: str | None = None


def load_plan(
    search: str,
    workload: Mapping[str, Any],
    *,
    limits: Mapping[str, str] | None = None,
    require: Sequence[str] = (),
    smallest: Sequence[str] = (),
    settings: Mapping[str, object] | None = None,
    each: str | None = None,
) -> Plan:
    """Return the plan of a search file and what the command line adds.

    Parameters
    ----------
    search : str
        Path of a search file, or name of a preset under ``configs/plans/``.
    workload : mapping of str to object
        ``model``, ``phase``, ``batch``, ``context``.
    limits : mapping of str to str
        Requirements by the option that gives them.
    require : sequence of str
        More requirements.
    smallest : sequence of str
        In the place of the file's.
    settings : mapping of str to object
        Values by dotted key, in the place of the file's.
    each : str, optional
        As of `Plan`.

    Raises
    ------
    ConfigError
        If file, model, a condition or a setting is wrong.
    """
    file = read_yaml(find_file("plans", search))
    block = parse_block(_PlanFile, file.data, where=file.where)
    if not block.sweep:
        raise ConfigError(f"{file.where(('sweep',))}: sweep must have at least one field, not none")
    settings = settings or {}
    base, values = with_settings(
        base_document(block.base, file), field_choices(block.sweep, file), settings
    )
    values, meant = widest_layers(values, base, load_model(workload["model"]), file)
    sweep = Sweep(
        file=file,
        text=file.path.read_text(encoding="utf-8-sig"),
        base=base,
        workload=dict(workload),
        values=values,
        objectives={},
    )
    check_settings(sweep, settings)
    if each is not None and each not in sweep.values:
        raise ConfigError(
            f"--each must be a field that {file.path} varies, not {show(each)}; "
            f"{suggestion(each, sweep.values)}"
        )
    conditions = [*(limits or {}).items(), *(("--require", text) for text in require)]
    conditions += [
        (_place(("require", index), file), text) for index, text in enumerate(block.require)
    ]
    sizes = [("--smallest", text) for text in smallest] or [
        (_place(("smallest", index), file), text) for index, text in enumerate(block.smallest)
    ]
    requirements = [
        part for origin, text in conditions for part in parse_requirements(text, origin)
    ]
    return Plan(
        search=search,
        sweep=sweep,
        base=block.base if isinstance(block.base, str) else None,
        where=(*meant, *_existing(block.where, sweep)),
        requirements=(*requirements, CAPACITY),
        smallest=tuple(_expression(text, origin) for origin, text in sizes),
        costs=block.costs,
        settings={key: value for key, value in settings.items() if key not in values},
        each=each,
    )


def _existing(texts: Sequence[str], sweep: Sweep) -> tuple[Expression, ...]:
    """Return the conditions on which a design exists; they read fields of the sweep only."""
    conditions = []
    for index, text in enumerate(texts):
        place = _place(("where", index), sweep.file)
        conditions.append(_expression(text, place))
        for name in conditions[-1].fields:
            if name not in sweep.values:
                raise ConfigError(
                    f"{place} must read fields of sweep only, not {show(name)}; "
                    f"{suggestion(name, sweep.values)}"
                )
    return tuple(conditions)


def _expression(text: str, origin: str) -> Expression:
    try:
        return parse_expression(text)
    except ExpressionError as error:
        raise ConfigError(f"{origin} must be {error}") from None


def _place(keys: KeyPath, file: YamlFile) -> str:
    return f"{file.where(keys)}: {key_text(keys)}"
