"""Why no system does what is asked: which requirement binds, and by how much."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bitnet_hw.plan.design import Design, Margin, design, number
from bitnet_hw.plan.file import Plan
from bitnet_hw.plan.requirement import Requirement
from bitnet_hw.plan.search import Search
from bitnet_hw.quantity import format_number

__all__ = ["Binding", "Relaxed", "binding_of"]


@dataclass(frozen=True)
class Relaxed:
    """A requirement, and what is best of it where all others hold.

    Parameters
    ----------
    requirement : Requirement
        The requirement.
    design : Design or None
        The design that misses it least while it holds to all others; None if there is none, so that
        dropping this requirement alone is of no use.
    margin : Margin or None
        How that design stands to it.
    """

    requirement: Requirement
    design: Design | None
    margin: Margin | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        margin = self.margin
        return {
            "requirement": self.requirement.text,
            "best_where_all_others_hold": number(margin.value) if margin else None,
            "limit": number(margin.limit) if margin else None,
            "possible_without_it": self.design is not None,
            "design": self.design.to_dict() if self.design else None,
        }

    def sentence(self) -> str:
        """Return what binds, in words."""
        margin, at_most = self.margin, self.requirement.at_most
        if margin is None or margin.value is None or self.requirement.value is None:
            return f"'{self.requirement.text}' does not hold where all else does"
        if math.isnan(margin.value):
            return (
                f"'{self.requirement.text}' cannot be told: technology or memory lack the figures "
                f"for {self.requirement.value.text}"
            )
        edge = "at least" if at_most else "at most"
        return (
            f"'{self.requirement.text}' binds: {self.requirement.value.text} is {edge} "
            f"{format_number(margin.value)} where all else holds"
        )


@dataclass(frozen=True, kw_only=True)
class Binding:
    """What stands in the way.

    Parameters
    ----------
    searched_in : str
        The search file.
    relaxed : tuple of Relaxed
        What dropping each requirement would do.
    fewest : tuple of str
        The smallest set of requirements without which there is a design.
    closest : Design
        The design whose worst miss is the least.
    """

    searched_in: str
    relaxed: tuple[Relaxed, ...]
    fewest: tuple[str, ...]
    closest: Design

    @property
    def alone(self) -> tuple[Relaxed, ...]:
        """The requirements of which dropping one is enough, the least missed first."""
        able = [item for item in self.relaxed if item.design]
        return tuple(sorted(able, key=lambda item: -_room(item.margin)))

    def sentence(self) -> str:
        """Return in one sentence why there is no system."""
        start = f"No design of search file {self.searched_in} does it"
        if self.alone:
            first, *others = self.alone
            more = [f"'{item.requirement.text}'" for item in others]
            also = f"; dropping {_words(more, 'or')} instead is enough, too" if more else ""
            return f"{start}: {first.sentence()}{also}"
        missed = [margin for margin in self.closest.margins if not margin.holds]
        parts = [f"'{margin.requirement}' ({format_number(margin.value)})" for margin in missed]
        drop = [f"'{text}'" for text in self.fewest]
        return (
            f"{start}, whichever requirement is dropped: {len(drop)} must be, "
            f"such as {_words(drop, 'and')}; the closest design misses {_words(parts, 'and')}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "sentence": self.sentence(),
            "requirements": [item.to_dict() for item in self.relaxed],
            "dropping_one_is_enough": [item.requirement.text for item in self.alone],
            "fewest_to_drop": list(self.fewest),
            "closest": self.closest.to_dict(),
        }


def binding_of(plan: Plan, search: Search) -> Binding:
    """Return what stands in the way, after a search that found no system."""
    relaxed = []
    for place, (requirement, leaders) in enumerate(
        zip(plan.requirements, search.relaxed, strict=True)
    ):
        found = design(plan, leaders.indices[0]) if leaders.indices else None
        relaxed.append(Relaxed(requirement, found, found.margins[place] if found else None))
    fewest = design(plan, search.fewest.indices[0])
    return Binding(
        searched_in=plan.search,
        relaxed=tuple(relaxed),
        fewest=tuple(margin.requirement for margin in fewest.margins if not margin.holds),
        closest=design(plan, search.closest.indices[0]),
    )


def _room(margin: Margin | None) -> float:
    return -float("inf") if margin is None or margin.room is None else margin.room


def _words(texts: Sequence[str], junction: str) -> str:
    *first, last = texts
    return f"{', '.join(first)} {junction} {last}" if first else last
