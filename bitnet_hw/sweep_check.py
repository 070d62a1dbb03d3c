"""Whether what a sweep file asks for is what its evaluator reports."""

from collections.abc import Iterator, Mapping
from typing import Any

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import KeyPath, key_text, show, suggestion
from bitnet_hw.sweep import Sweep

__all__ = ["check_reported"]


def check_reported(sweep: Sweep, row: Mapping[str, Any]) -> None:
    """Make sure that objectives, constraints and wanted fields are among the fields of a row.

    Parameters
    ----------
    sweep : Sweep
        The sweep.
    row : mapping of str to object
        The row of a point that has results.

    Raises
    ------
    ConfigError
        If one is not, or an objective is no number.
    """
    numbers = [
        name
        for name, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    for name in sweep.objectives:
        if name not in numbers:
            raise ConfigError(
                f"{sweep.file.where(('objectives', name))}: {key_text(('objectives', name))} "
                f"must be a number that evaluate: {sweep.evaluate} reports; "
                f"{suggestion(name, numbers)}"
            )
    for keys, name in _read_fields(sweep):
        if name not in row:
            raise ConfigError(
                f"{sweep.file.where(keys)}: {key_text(keys)} must name fields that evaluate: "
                f"{sweep.evaluate} reports, not {show(name)}; {suggestion(name, list(row))}"
            )


def _read_fields(sweep: Sweep) -> Iterator[tuple[KeyPath, str]]:
    for index, constraint in enumerate(sweep.constraints):
        for name in sorted(constraint.fields):
            yield ("constraints", index), name
    for index, name in enumerate(sweep.fields or ()):
        yield ("fields", index), name
