"""What can be asked about a point of a sweep, by the name that a sweep file gives it.

Another question is one more entry of `EVALUATORS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bitnet_hw.sweep_point import Point, estimate_fields

__all__ = ["EVALUATORS", "Evaluator"]


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """A question about points.

    Parameters
    ----------
    fields : callable
        Returns what is reported about a point; nested mappings become dotted fields. Raises an
        error of the tool if there is no answer, and keeps to ``timeout_s`` of the point's settings.
        Runs in other processes: a function of a module, which imports what is heavy when called.
    objectives : mapping of str to str
        ``"min"`` or ``"max"`` by reported field, unless the sweep file says otherwise.
    settings : frozenset of str
        Keys of the sweep file that mean something to it alone.
    required : frozenset of str
        Those of them that must be given.
    needs_model : bool
        Whether a sweep must name a model, unless it lists shapes.
    """

    fields: Callable[[Point], Mapping[str, Any]]
    objectives: Mapping[str, str]
    settings: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    needs_model: bool = True


def _characterization_fields(point: Point) -> Mapping[str, Any]:
    from bitnet_hw.characterize_point import characterization_fields

    return characterization_fields(point)


def _simulation_fields(point: Point) -> Mapping[str, Any]:
    from bitnet_hw.simulate_point import simulation_fields

    return simulation_fields(point)


EVALUATORS: dict[str, Evaluator] = {
    "estimate": Evaluator(
        fields=estimate_fields,
        objectives={
            "tokens_per_second": "max",
            "energy_per_token_j": "min",
            "macs_per_cycle": "min",
        },
    ),
    "simulate": Evaluator(
        fields=_simulation_fields,
        objectives={"cycles_measured": "min", "macs_per_cycle": "min"},
        settings=frozenset({"shapes", "seed", "timeout_s"}),
    ),
    "characterize": Evaluator(
        fields=_characterization_fields,
        objectives={"area_um2_per_mac": "min", "fj_per_mac.new": "min"},
        settings=frozenset({"library", "operands"}),
        required=frozenset({"library"}),
        needs_model=False,
    ),
}
"""By the value of ``evaluate`` in a sweep file."""
