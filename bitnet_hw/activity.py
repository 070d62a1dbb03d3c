"""How much of the array switches: zero weights and toggling operands."""

from typing import Literal, Self

from pydantic import model_validator

from bitnet_hw.schema import Block, Figure

__all__ = ["Activity"]

_ZEROS = Figure(
    nominal=1 / 3,
    low=0.25,
    high=0.45,
    source=(
        "absmean ternarisation leaves 25 % (uniform), 31 % (gaussian) to 39 % (Laplace) zeros, and "
        "trained checkpoints have 29 to 42 % (jacobzymet/natural-sparsity-ternary-llms); a third "
        "is what the FAQ of BitNet b1.58 calls nearly uniform"
    ),
    status="secondary",
)
_TOGGLES = Figure(
    nominal=1,
    source="operands as random as those of the published energies per operation",
    status="assumption",
)

# Most zeros, least energy: the edge of an estimate at which each edge of the zeros is used.
_ZERO_EDGE = {"low": "high", "nominal": "nominal", "high": "low"}


class Activity(Block):
    """Operands of the array.

    Parameters
    ----------
    operands : str
        Those that a technology with `gates` was measured with: ``"uniform"`` random numbers take
        the most of all, so that nothing is flattered; ``"relu2"``: activations after ReLU^2;
        ``"digits"``: those of a trained classifier. Without `gates` it changes nothing.
    zero_fraction : Figure
        Share of zeros among the ternary weights.
    toggle_density : Figure
        Switching of the sums relative to the operands of the figures: random ones where energies
        are published, `operands` where they are measured.
    """

    operands: Literal["uniform", "relu2", "digits"] = "uniform"
    zero_fraction: Figure = _ZEROS
    toggle_density: Figure = _TOGGLES

    @model_validator(mode="after")
    def _share(self) -> Self:
        if self.zero_fraction.at("high") > 1:
            raise ValueError("an activity whose zero_fraction is at most 1")
        return self

    def of_adder(self, level: int, tokens: int, edge: str = "nominal") -> float:
        """Return the switching of an adder relative to one whose operands are random numbers.

        An operand of an adder of tree level `level` is the sum of ``2 ** (level - 1)`` lanes, and
        is zero if all their weights are. It switches from one step to the next unless it is zero in
        both: the same weights in the steps of the tokens that share a tile, others at the next.

        Parameters
        ----------
        level : int
            From 1; 0 is an adder whose operands are never zero.
        tokens : int
            Steps in which a weight tile stays.
        edge : str
            ``"low"`` (most zeros), ``"nominal"`` or ``"high"``.
        """
        toggles = self.toggle_density.at(edge)
        if level == 0:
            return toggles
        zero = self.zeros(edge) ** (1 << level - 1)
        return toggles * (1 - (zero * zero + (tokens - 1) * zero) / tokens)

    def zeros(self, edge: str) -> float:
        """Return the share of zeros at an edge of energy: ``"low"`` is where most are."""
        return self.zero_fraction.at(_ZERO_EDGE[edge])

    @property
    def figures(self) -> dict[str, tuple[Figure, str]]:
        """Every number with its unit, by its key."""
        return {
            "zero_fraction": (self.zero_fraction, "share"),
            "toggle_density": (self.toggle_density, "of random operands"),
        }
