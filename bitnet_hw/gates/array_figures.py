"""What one characterised array says for a fit: area, leakage, clock and steps of each group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtl.geometry import Geometry

__all__ = ["KINDS_OF_STEP", "ArrayFigures", "array_figures"]

KINDS_OF_STEP = ("new", "same")
"""Steps whose weights are others than in the step before, and steps that keep them."""

_BETWEEN = {"row": "accumulator"}
_LOADER = ("tile registers", "weight decoder")


@dataclass(frozen=True)
class ArrayFigures:
    """Figures of one array, each by group of cells.

    Attributes
    ----------
    geometry : Geometry
        The array.
    area_um2, leakage_nw : dict
        Of the whole array.
    clock_fj : dict
        Energy of a cycle in which nothing arrives.
    step_fj : dict
        What a step takes beyond that, by operand stream and kind of step. An array for one token at
        a time has no steps that keep their weights.
    fmax_mhz_by_part : dict
        Highest clock of each part; empty if it was not measured.
    netlists_sha256 : dict
        Digest of each part.
    """

    geometry: Geometry
    area_um2: Mapping[str, float]
    leakage_nw: Mapping[str, float]
    clock_fj: Mapping[str, float]
    step_fj: Mapping[tuple[str, str], Mapping[str, float]]
    fmax_mhz_by_part: Mapping[str, float]
    netlists_sha256: Mapping[str, str]

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the operand streams."""
        return tuple(dict.fromkeys(stream for stream, _ in self.step_fj))


def array_figures(report: Mapping[str, Any]) -> ArrayFigures:
    """Return the figures of `Characterization.to_dict`.

    With M steps for each tile a step takes, on average, (new + (M - 1) same) / M: two measured M,
    of which one is 1, give both.
    """
    geometry = Geometry(**report["geometry"])
    clock = report["idle_fj_per_cycle"]
    beyond = {
        (row["operands"], row["tokens"]): _beyond_clock(geometry, row, clock)
        for row in report["energy"]
    }
    steps: dict[tuple[str, str], dict[str, float]] = {}
    most = geometry.max_tokens
    for (stream, tokens), first in beyond.items():
        if tokens == 1:
            steps[stream, "new"] = first
        if tokens == 1 and most > 1:
            average = beyond[stream, most]
            steps[stream, "same"] = {
                group: max(0.0, (most * average[group] - first[group]) / (most - 1))
                for group in first
            }
    return ArrayFigures(
        geometry=geometry,
        area_um2=_folded({row["group"]: row["area_um2"] for row in report["groups"]}),
        leakage_nw=_folded({row["group"]: row["leakage_nw"] for row in report["groups"]}),
        clock_fj=_folded(clock),
        step_fj={key: _folded(groups) for key, groups in steps.items()},
        fmax_mhz_by_part=report["fmax_mhz_by_part"],
        netlists_sha256=report["netlists_sha256"],
    )


def _folded(groups: Mapping[str, float]) -> dict[str, float]:
    """Return figures by group, those of cells between the parts of a row with its last part."""
    result = dict(groups)
    for group, into in _BETWEEN.items():
        if group in result:
            result[into] = result.get(into, 0.0) + result.pop(group)
    return result


def _beyond_clock(
    geometry: Geometry, row: Mapping[str, Any], clock: Mapping[str, float]
) -> dict[str, float]:
    """Return the energy in fJ of a step by group, without leakage and the clock of its cycles."""
    tokens = row["tokens"]
    # The loader needs a cycle for each word; the stimulus waits for it.
    cycles = max(tokens, geometry.words_per_tile) / tokens
    result = {}
    for group, kinds in row["by_group_fj_per_mac"].items():
        energy = geometry.macs_per_cycle * sum(
            value for kind, value in kinds.items() if kind != "leakage"
        )
        result[group] = max(0.0, energy - clock[group] * (cycles if group in _LOADER else 1))
    return result
