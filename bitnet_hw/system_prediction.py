"""Time, throughput and energy of a model on a machine that is described but not here."""

import math
from dataclasses import dataclass
from typing import Any

from bitnet_hw.errors import ConfigError
from bitnet_hw.model import Model
from bitnet_hw.notebook import NotebookResult
from bitnet_hw.system import System
from bitnet_hw.system_time import OperatorSeconds, operator_seconds
from bitnet_hw.system_work import model_work

__all__ = ["Prediction", "predict", "request_tokens_per_second"]


@dataclass(frozen=True, kw_only=True)
class Prediction(NotebookResult):
    """One step of a model on a machine.

    Parameters
    ----------
    system, model, phase, weights : str
        What runs where; `weights` is the format of the linear layers.
    batch, context, tokens : int
        Sequences, tokens of each at the end, and tokens that the step yields.
    operators : tuple of OperatorSeconds
        Time of each operator, in the order of their use.
    not_modelled : tuple of str
        Operators without a route, which take no time here.
    energy_per_token_j : mapping of str to float
        By scope: ``board`` and ``chip`` where their power is known, and ``board_over_idle``.
    watts : mapping of str to float
        Power of this phase by scope.
    """

    system: str
    model: str
    phase: str
    weights: str
    batch: int
    context: int
    tokens: int
    operators: tuple[OperatorSeconds, ...]
    not_modelled: tuple[str, ...]
    energy_per_token_j: dict[str, float]
    watts: dict[str, float]

    @property
    def seconds(self) -> float:
        """Duration of the step: operators run one after the other."""
        return math.fsum(operator.seconds for operator in self.operators)

    @property
    def seconds_per_token(self) -> float:
        """Duration of the step over its tokens."""
        return self.seconds / self.tokens

    @property
    def tokens_per_second(self) -> float:
        """Throughput of all sequences together."""
        return self.tokens / self.seconds

    @property
    def transferred_bytes(self) -> dict[str, float]:
        """Bytes that the step moves, by operator."""
        return {
            operator.operator: operator.transferred_bytes
            for operator in self.operators
            if operator.transferred_bytes
        }

    def operator(self, name: str) -> OperatorSeconds:
        """Return the time of one operator.

        Raises
        ------
        ConfigError
            If the system does not say how it runs it.
        """
        for operator in self.operators:
            if operator.operator == name:
                return operator
        raise ConfigError(f"system {self.system}: operators.{name} must be given")

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON-ready values."""
        return {
            "system": self.system,
            "model": self.model,
            "phase": self.phase,
            "weights": self.weights,
            "batch": self.batch,
            "context": self.context,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "seconds_per_token": self.seconds_per_token,
            "tokens_per_second": self.tokens_per_second,
            "energy_per_token_j": self.energy_per_token_j,
            "watts": self.watts,
            "transferred_bytes": self.transferred_bytes,
            "not_modelled": list(self.not_modelled),
            "operators": [operator.to_dict() for operator in self.operators],
        }


def predict(
    system: System,
    model: Model,
    *,
    phase: str = "decode",
    batch: int = 1,
    context: int = 512,
    weights: str = "ternary",
    kv_bits: float | None = None,
    kv_heads: int | None = None,
) -> Prediction:
    """Return time, throughput and energy of one step.

    With several devices the layers are divided among them and the batch into as many parts, so
    that each device always has a part to work on: the step takes as long as one device would take
    for one part of the batch and all layers.

    Parameters
    ----------
    system : System
        The machine.
    model : Model
        Shapes.
    phase : str
        ``"decode"`` or ``"prefill"``.
    batch, context : int
        Sequences, and tokens of each at the end.
    weights : str
        Format of the linear layers: ``"ternary"`` or ``"fp16"``.
    kv_bits, kv_heads : optional
        Width of a cached number, and heads that are cached, if not the system's and the model's.

    Raises
    ------
    ConfigError
        If the system does not run weights of that format.
    """
    if system.operators.route("linear", weights) is None:
        raise ConfigError(f"system {system.name}: operators.linear.{weights} must be given")
    part = -(-batch // system.devices)
    operators, missing = [], []
    for work in model_work(model, phase=phase, batch=part, context=context, kv_heads=kv_heads):
        route = system.operators.route(work.operator, weights)
        if route is None:
            missing.append(work.operator)
            continue
        time = operator_seconds(
            system, work, route, layers=model.layers, weights=weights, kv_bits=kv_bits
        )
        operators.append(time)
    tokens = batch if phase == "decode" else batch * context
    watts = {scope: power.watts(phase) for scope, power in system.power.known.items()}
    # Watts are those of one device.
    seconds = math.fsum(operator.seconds for operator in operators) * system.devices / tokens
    energy: dict[str, float] = {}
    for scope, power in system.power.known.items():
        energy[scope] = watts[scope] * seconds
        if power.idle_w is not None:
            energy[f"{scope}_over_idle"] = (watts[scope] - power.idle_w.nominal) * seconds
    return Prediction(
        system=system.name,
        model=model.name,
        phase=phase,
        weights=weights,
        batch=batch,
        context=context,
        tokens=tokens,
        operators=tuple(operators),
        not_modelled=tuple(missing),
        energy_per_token_j=energy,
        watts=watts,
    )


def request_tokens_per_second(
    system: System,
    model: Model,
    *,
    batch: int,
    prompt: int,
    generated: int,
    weights: str = "ternary",
    kv_bits: float | None = None,
    kv_heads: int | None = None,
) -> float:
    """Return the tokens per second of whole requests, prompt and generated tokens counted alike.

    All sequences start and end together. Decoding is taken at the mean length, which is exact as
    long as time is linear in the length.
    """

    def seconds(phase: str, context: int) -> float:
        return predict(
            system,
            model,
            phase=phase,
            batch=batch,
            context=context,
            weights=weights,
            kv_bits=kv_bits,
            kv_heads=kv_heads,
        ).seconds

    total = seconds("prefill", prompt) + generated * seconds("decode", prompt + generated // 2)
    return batch * (prompt + generated) / total
