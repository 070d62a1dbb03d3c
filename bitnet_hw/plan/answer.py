"""The answer to a plan: the smallest systems, or what stands in the way of any."""

from dataclasses import dataclass
from typing import Any

from bitnet_hw.plan.binding import Binding
from bitnet_hw.plan.design import Design
from bitnet_hw.plan.file import Plan

__all__ = ["Answer", "Choice"]


@dataclass(frozen=True)
class Choice:
    """The best design for one value of the field of `Plan.each`.

    Parameters
    ----------
    value : object
        The value.
    design : Design or None
        The smallest design, or the closest if none holds to all requirements; None if no design
        with this value can be built.
    possible : bool
        Whether it holds to all requirements.
    """

    value: Any
    design: Design | None
    possible: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        found = self.design.to_dict() if self.design else None
        return {"value": self.value, "possible": self.possible, "design": found}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a search found.

    Parameters
    ----------
    plan : Plan
        The question.
    searched, wrong, possible : int
        Designs that exist; those of them that cannot be built; those that hold to all requirements.
    seconds : float
        How long it took.
    designs : tuple of Design
        The smallest that hold to all requirements, the smallest first.
    each : tuple of Choice
        The best design for each value of `plan.each`, in the order of the file.
    binding : Binding or None
        What stands in the way if there are none.
    """

    plan: Plan
    searched: int
    wrong: int
    possible: int
    seconds: float
    designs: tuple[Design, ...]
    each: tuple[Choice, ...]
    binding: Binding | None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        plan = self.plan
        designs = [found.to_dict() for found in self.designs]
        return {
            **plan.sweep.workload,
            "search": plan.search,
            "possible": self.possible > 0,
            "requirements": [requirement.text for requirement in plan.requirements],
            "smallest_by": [size.text for size in plan.smallest],
            "designs_searched": self.searched,
            "designs_that_cannot_be_built": self.wrong,
            "designs_possible": self.possible,
            "seconds": self.seconds,
            "smallest": designs[0] if designs else None,
            "alternatives": designs[1:],
            "each": {plan.each: [choice.to_dict() for choice in self.each]} if plan.each else {},
            "binding": self.binding.to_dict() if self.binding else None,
            "costs": {
                name: {**figure.model_dump(), "unit": unit}
                for name, (figure, unit) in plan.costs.figures.items()
            },
        }
