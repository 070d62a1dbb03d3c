"""What an array's gates take: terms, each for so many of one part, fitted to measured arrays.

A technology that was characterised from gates has them beside its table of operations. Each term
is proportional to one count of the geometry and holds, per counted unit, area, leakage, the energy
of a cycle in which nothing arrives (``clock_fj``), and what a step takes beyond that: one whose
weights are new, and one that keeps them.
"""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from bitnet_hw.gate_counts import check_count
from bitnet_hw.measured_arrays import MeasuredArray, Provenance, clock_limit_mhz
from bitnet_hw.schema import Block, Figure
from rtl.geometry import Geometry

__all__ = ["COMPONENTS", "STREAMS", "GateTerm", "Gates", "OperandStream", "Slopes", "StepEnergy"]

COMPONENTS = {
    "adder tree": "adder_tree",
    "lane select": "lane_select",
    "accumulator": "accumulators",
    "tile registers": "registers",
    "activation register": "registers",
    "weight decoder": "weight_decoder",
}
"""Component of an estimate for each group of cells."""

STREAMS = ("digits", "uniform", "relu2")
"""Operands with which energy is measured."""

# Groups whose energy follows the numbers that are added, not the bits that are stored.
_SUMS = ("adder tree", "lane select", "accumulator")

_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Group = Literal[
    "adder tree",
    "lane select",
    "accumulator",
    "tile registers",
    "activation register",
    "weight decoder",
]


class StepEnergy(Block):
    """Energy in fJ of a step beyond that of a cycle in which nothing arrives.

    Of a step that is the first with its weights, and of one that keeps those of the step before.
    """

    new_fj: _Number
    same_fj: _Number


class Slopes(Block):
    """Change of a step's energy with the share of zero weights, relative to the energy itself."""

    new: Annotated[float, Field(allow_inf_nan=False)]
    same: Annotated[float, Field(allow_inf_nan=False)]


class OperandStream(Block):
    """Operands: where they come from, and their share of zero weights."""

    source: str
    zero_fraction: Annotated[float, Field(ge=0, le=1)]


class GateTerm(Block):
    """Cells of one group that are as many as a count of the geometry says.

    Parameters
    ----------
    group : str
        What they belong to.
    count : str
        A product of sizes of the whole array, such as ``rows * tree_add_bits``.
    weight_encoding, lane_style : str, optional
        The only arrays that have them.
    area_um2, leakage_nw : float
        Of one unit.
    clock_fj : float
        Energy of one unit in each cycle, whether or not there is a step.
    step_fj : dict
        Energy of one unit in a step, by operand stream.
    """

    group: _Group
    count: str
    weight_encoding: str | None = None
    lane_style: str | None = None
    area_um2: _Number
    leakage_nw: _Number
    clock_fj: _Number
    step_fj: dict[str, StepEnergy]

    _known_count = field_validator("count")(check_count)

    @property
    def name(self) -> str:
        """Name that no other term has."""
        only = self.weight_encoding or self.lane_style
        return f"{self.group}{f' {only}' if only else ''}: {self.count}"

    def is_of(self, geometry: Geometry) -> bool:
        """Whether an array has such cells."""
        return self.weight_encoding in (None, geometry.weight_encoding) and self.lane_style in (
            None,
            geometry.lane_style,
        )


class Gates(Block):
    """All terms of a library, how they were found, and how fast the measured arrays are.

    Parameters
    ----------
    provenance : Provenance
        Library and tools.
    operands : dict
        The operand streams.
    ascending : tuple of str
        Their names, from the one with the least energy to the one with the most.
    zero_slopes : dict
        Change of each group's energy with the share of zero weights.
    terms : tuple of GateTerm
        What the array is made of.
    arrays : tuple of MeasuredArray
        What the terms were fitted to.
    """

    provenance: Provenance
    operands: dict[str, OperandStream]
    # YAML has lists only; everything else stays strict.
    ascending: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    zero_slopes: dict[_Group, Slopes]
    terms: Annotated[tuple[GateTerm, ...], Field(min_length=1, strict=False)]
    arrays: Annotated[tuple[MeasuredArray, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _same_streams(self) -> Self:
        if set(self.ascending) != self.operands.keys():
            raise ValueError("gates whose ascending names each of its operands")
        for term in self.terms:
            if term.step_fj.keys() != self.operands.keys():
                raise ValueError(f"gates whose term {term.name!r} has a step_fj for each operands")
            if term.group not in self.zero_slopes:
                raise ValueError(f"gates with zero_slopes of {term.group}")
        if len({term.name for term in self.terms}) < len(self.terms):
            raise ValueError("gates without two terms of the same group and count")
        return self

    def lacks(self, geometry: Geometry) -> str:
        """Return the first group of an array that no term describes; empty if there is none."""
        there = {term.group for term in self.terms if term.is_of(geometry)}
        return next((group for group in COMPONENTS if group not in there), "")

    def parts(self, weight_encoding: str, lane_style: str) -> tuple[tuple[str, str, str], ...]:
        """Return component, count and name of each term of an array."""
        return tuple(
            (COMPONENTS[term.group], term.count, term.name)
            for term in self.terms
            if term.weight_encoding in (None, weight_encoding)
            and term.lane_style in (None, lane_style)
        )

    def area_um2(self, name: str) -> float:
        """Return the area of one unit of a term."""
        return self._by_name[name].area_um2

    def leakage_nw(self, name: str) -> float:
        """Return the leakage of one unit of a term."""
        return self._by_name[name].leakage_nw

    def clock_fj(self, name: str) -> float:
        """Return the energy of one unit of a term in each cycle."""
        return self._by_name[name].clock_fj

    def step_fj(self, name: str, kind: str, operands: str, zeros: float, toggles: float) -> float:
        """Return the energy of one unit of a term in a step, beyond that of its clock.

        Parameters
        ----------
        name : str
            The term.
        kind : str
            ``"new"`` or ``"same"``: the weights of the step before, or others.
        operands : str
            The operand stream; ``"low"`` and ``"high"``: that with the least or most energy.
        zeros : float
            Share of zero weights.
        toggles : float
            Switching of sums relative to the stream's.
        """
        operands = {"low": self.ascending[0], "high": self.ascending[-1]}.get(operands, operands)
        term = self._by_name[name]
        energy: float = getattr(term.step_fj[operands], f"{kind}_fj")
        slope: float = getattr(self.zero_slopes[term.group], kind)
        change = 1 + slope * (zeros - self.operands[operands].zero_fraction)
        return energy * max(0.0, change) * (toggles if term.group in _SUMS else 1.0)

    def clock_limit_mhz(self, geometry: Geometry) -> float | None:
        """Return the highest clock of an array, between those of the measured ones."""
        return clock_limit_mhz(self.arrays, geometry)

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        found: dict[str, tuple[Figure, str]] = {}
        for term in self.terms:
            for key in ("area_um2", "leakage_nw", "clock_fj"):
                found[f"{term.name}.{key}"] = self._figure(getattr(term, key)), _unit(key)
            for kind in ("new_fj", "same_fj"):
                values = [getattr(term.step_fj[stream], kind) for stream in self.ascending]
                usual = getattr(term.step_fj.get("uniform", term.step_fj[self.ascending[-1]]), kind)
                figure = self._figure(usual, min(values), max(values))
                found[f"{term.name}.{kind}"] = figure, _unit(kind)
        return found

    @cached_property
    def _by_name(self) -> dict[str, GateTerm]:
        return {term.name: term for term in self.terms}

    def _figure(self, value: float, low: float | None = None, high: float | None = None) -> Figure:
        source = f"fitted to {len(self.arrays)} arrays in {self.provenance.title}"
        return Figure(nominal=value, low=low, high=high, source=source, status="measured")


def _unit(key: str) -> str:
    return {"area_um2": "um2", "leakage_nw": "nW"}.get(key, "fJ")
