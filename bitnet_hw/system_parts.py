"""What a machine is made of: compute units, memory, and the power they draw."""

from typing import Self

from pydantic import field_validator, model_validator

from bitnet_hw.schema import Block, Figure

__all__ = ["ComputeUnit", "Power", "PowerScopes", "SystemMemory", "a_share", "above_zero"]


class ComputeUnit(Block):
    """Something that multiplies and adds: an array, a set of cores, a processor.

    Parameters
    ----------
    macs_per_cycle : Figure, optional
        Multiply-accumulates in a clock cycle; for ternary weights, additions.
    clock_mhz : Figure, optional
        Clock.
    gmacs_per_second : Figure, optional
        10^9 multiply-accumulates per second, where that is what is published.
    """

    macs_per_cycle: Figure | None = None
    clock_mhz: Figure | None = None
    gmacs_per_second: Figure | None = None

    @field_validator("macs_per_cycle", "clock_mhz", "gmacs_per_second")
    @classmethod
    def _above_zero(cls, figure: Figure | None) -> Figure | None:
        return None if figure is None else above_zero(figure)

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        by_cycle = self.macs_per_cycle is not None and self.clock_mhz is not None
        if by_cycle == (self.gmacs_per_second is not None):
            raise ValueError("a unit with either macs_per_cycle and clock_mhz, or gmacs_per_second")
        return self

    @property
    def macs_per_second(self) -> float:
        """Peak rate."""
        if self.gmacs_per_second is not None:
            return self.gmacs_per_second.nominal * 1e9
        assert self.macs_per_cycle is not None
        return self.macs_per_cycle.nominal * self.clock_hz

    @property
    def clock_hz(self) -> float:
        """Clock in Hz; 0 if the unit does not state it."""
        return self.clock_mhz.nominal * 1e6 if self.clock_mhz else 0.0


class SystemMemory(Block):
    """What weights and KV cache come from, for each device.

    Parameters
    ----------
    peak_gb_per_s : Figure
        Peak transfer rate in 10^9 bytes per second.
    efficiency : Figure
        Share of it that is sustained.
    capacity_gb : Figure, optional
        Size in 10^9 bytes.
    """

    peak_gb_per_s: Figure
    efficiency: Figure = Figure(nominal=1, source="the peak where a system does not state it")
    capacity_gb: Figure | None = None

    @field_validator("peak_gb_per_s", "capacity_gb")
    @classmethod
    def _above_zero(cls, figure: Figure | None) -> Figure | None:
        return None if figure is None else above_zero(figure)

    @field_validator("efficiency")
    @classmethod
    def _share(cls, figure: Figure) -> Figure:
        return a_share(figure)


class Power(Block):
    """Power in one scope, in watts: of the whole board, or of the chip alone."""

    idle_w: Figure | None = None
    decode_w: Figure
    prefill_w: Figure | None = None

    def watts(self, phase: str) -> float:
        """Return the power of a phase; decoding stands in for a phase that is not stated."""
        figure = self.prefill_w if phase == "prefill" and self.prefill_w else self.decode_w
        return figure.nominal


class PowerScopes(Block):
    """Power by scope, where it is known.

    Parameters
    ----------
    board, chip : Power, optional
        The whole board, and the chip alone.
    """

    board: Power | None = None
    chip: Power | None = None

    @property
    def known(self) -> dict[str, Power]:
        """The scopes whose power is known."""
        scopes = {"board": self.board, "chip": self.chip}
        return {name: power for name, power in scopes.items() if power is not None}


def above_zero(figure: Figure) -> Figure:
    """Return a figure above 0; anything else is an error of its key."""
    if figure.nominal <= 0:
        raise ValueError("above 0")
    return figure


def a_share(figure: Figure) -> Figure:
    """Return a figure above 0 and at most 1; anything else is an error of its key."""
    if not 0 < figure.nominal <= 1:
        raise ValueError("above 0 and at most 1")
    return figure
