"""Figures that follow from a system: keys of a file of published figures."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from bitnet_hw.errors import ConfigError
from bitnet_hw.key_path import key_text
from bitnet_hw.reproduce.closed_forms import ModelReference, load_shape
from bitnet_hw.schema import Block, Count
from bitnet_hw.system import System, load_system
from bitnet_hw.system_capacity import most_sequences
from bitnet_hw.system_prediction import Prediction, predict, request_tokens_per_second
from bitnet_hw.system_routes import OPERATORS

__all__ = ["Capacity", "PeakRate", "Predict", "PredictRatio", "Request", "RequestRatio"]

_OF_A_MODEL = ("lm_head", "embedding")

_SystemReference = str | dict[str, Any]


class _OnSystem(Block):
    system: _SystemReference

    @property
    def system_name(self) -> str:
        """Name of the system, or of the one that it starts from."""
        if isinstance(self.system, str):
            return self.system
        return str(self.system.get("base", self.system.get("name", "inline")))


class _Run(_OnSystem):
    """What is run on what.

    Parameters
    ----------
    system : str or mapping
        The machine: a name, or a block with a ``base``.
    model : str or mapping
        Shapes.
    weights : str
        Format of the linear layers.
    kv_bits, kv_heads : optional
        Width of a cached number, and heads that are cached, if not the system's and the model's.
    """

    model: ModelReference
    weights: Literal["ternary", "fp16"] = "ternary"
    kv_bits: int | None = Field(default=None, ge=1, le=32)
    kv_heads: Count | None = None


class Predict(_Run):
    """A quantity of one step.

    Parameters
    ----------
    phase, batch, context : optional
        The step.
    quantity : str
        What of it: ``layer_cycles`` are those of the unit of the linear layers, without lm_head.
    operator : str, optional
        Only the time of this operator.
    scope : str, optional
        Scope of an energy or a power: ``"board"``, ``"chip"``, ``"board_over_idle"``.
    """

    phase: Literal["decode", "prefill"] = "decode"
    batch: Count = 1
    context: Count = 1
    quantity: Literal[
        "tokens_per_second",
        "milliseconds",
        "seconds",
        "layer_cycles",
        "joules_per_token",
        "millijoules_per_token",
        "milliwatts",
    ]
    operator: Literal[OPERATORS] | None = None  # type: ignore[valid-type]  # the one list of names
    scope: Literal["board", "chip", "board_over_idle", "chip_over_idle"] | None = None

    @model_validator(mode="after")
    def _energy_has_a_scope(self) -> Self:
        if (self.scope is None) != (self.quantity not in _BY_SCOPE):
            raise ValueError("a prediction with a scope for energy and power, and none for time")
        return self

    def value(self) -> float:
        """Return the quantity."""
        system = load_system(self.system)
        result = predict(
            system,
            load_shape(self.model),
            phase=self.phase,
            batch=self.batch,
            context=self.context,
            weights=self.weights,
            kv_bits=self.kv_bits,
            kv_heads=self.kv_heads,
        )
        if self.scope is not None:
            values = result.watts if self.quantity == "milliwatts" else result.energy_per_token_j
            if self.scope not in values:
                raise ConfigError(f"system {system.name}: power.{self.scope} must be given")
            return values[self.scope] * _BY_SCOPE[self.quantity]
        if self.quantity == "tokens_per_second":
            return result.tokens_per_second
        if self.quantity == "layer_cycles":
            return self._layer_cycles(system, result)
        seconds = result.operator(self.operator).seconds if self.operator else result.seconds
        return seconds * (1e3 if self.quantity == "milliseconds" else 1)

    def _layer_cycles(self, system: System, result: Prediction) -> float:
        layers = load_shape(self.model).layers
        clock = system.units[result.operator("linear").unit].clock_hz
        if self.operator:
            return result.operator(self.operator).seconds * clock / layers
        inside = (item for item in result.operators if item.operator not in _OF_A_MODEL)
        return sum(item.seconds for item in inside) * clock / layers


_BY_SCOPE = {"joules_per_token": 1.0, "millijoules_per_token": 1e3, "milliwatts": 1e3}


class PredictRatio(Block):
    """Ratio of two predictions."""

    of: Predict
    to: Predict

    @property
    def system_name(self) -> str:
        """Name of the system of the dividend."""
        return self.of.system_name

    def value(self) -> float:
        """Return the ratio."""
        return self.of.value() / self.to.value()


class Request(_Run):
    """Tokens per second of whole requests, prompt and generated tokens counted alike."""

    batch: Count
    prompt: Count
    generated: Count

    def value(self) -> float:
        """Return the throughput."""
        return request_tokens_per_second(
            load_system(self.system),
            load_shape(self.model),
            batch=self.batch,
            prompt=self.prompt,
            generated=self.generated,
            weights=self.weights,
            kv_bits=self.kv_bits,
            kv_heads=self.kv_heads,
        )


class RequestRatio(Block):
    """Ratio of two throughputs."""

    of: Request
    to: Request

    @property
    def system_name(self) -> str:
        """Name of the system of the dividend."""
        return self.of.system_name

    def value(self) -> float:
        """Return the ratio."""
        return self.of.value() / self.to.value()


class Capacity(_Run):
    """Most sequences of `tokens` tokens that fit into the memory."""

    tokens: Count

    def value(self) -> float:
        """Return their number."""
        return most_sequences(
            load_system(self.system),
            load_shape(self.model),
            tokens=self.tokens,
            weights=self.weights,
            kv_bits=self.kv_bits or 16,
            kv_heads=self.kv_heads,
        )


class PeakRate(_OnSystem):
    """Peak rate of a unit, in 10^9 multiply-accumulates per second."""

    unit: str

    def value(self) -> float:
        """Return the rate."""
        system = load_system(self.system)
        if self.unit not in system.units:
            raise ConfigError(
                f"system {system.name}: {key_text(('units', self.unit))} must be given"
            )
        return system.units[self.unit].macs_per_second / 1e9
