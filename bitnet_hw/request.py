"""A request: a prompt that is read and an answer that is written, alone or among others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bitnet_hw.chips import shard
from bitnet_hw.config import Config
from bitnet_hw.energy_scopes import EDGES
from bitnet_hw.errors import ConfigError
from bitnet_hw.estimate import Estimate, estimate
from bitnet_hw.model import Model
from bitnet_hw.notebook import NotebookResult
from bitnet_hw.request_steps import decode_contexts, mean_context, sum_over_contexts
from bitnet_hw.stored_bytes import fullest_chip_bytes, stored_bytes

__all__ = ["Load", "Request", "estimate_request"]


@dataclass(frozen=True, kw_only=True)
class Load:
    """A request in a continuous batch: whenever one ends, the next one takes its slot.

    In the time that a request takes, each slot reads one prompt, for which all others wait, and all
    slots together take as many decode steps as a request has.

    Parameters
    ----------
    slots : int
        Requests that are worked on at once.
    context : int
        Tokens of a sequence in the middle of its answer, for which a step is estimated.
    seconds : float
        Time of a request from the start of its prefill to its last token.
    tokens_per_second : float
        Output tokens of all slots together.
    seconds_per_output_token : float or None
        Mean time from one token of a sequence to its next; None if there is only one.
    energy_j : dict of str to float
        Energy of a request, by scope.
    chip_memory_bytes : int
        What the fullest chip stores if all slots are at the end of their answers.
    memory_fits : bool
        Whether its memory holds that.
    """

    slots: int
    context: int
    seconds: float
    tokens_per_second: float
    seconds_per_output_token: float | None
    energy_j: dict[str, float]
    chip_memory_bytes: int
    memory_fits: bool


@dataclass(frozen=True, kw_only=True)
class Request(NotebookResult):
    """What a request takes: first alone, then as one of many.

    Parameters
    ----------
    prompt, generate : int
        Tokens read, and tokens written. The first of these comes out of the prefill.
    seconds_to_first_token : float
        Time of the prefill.
    seconds_per_output_token : float or None
        Mean time of the decode steps; None if there is none.
    seconds : float
        Time to the last token.
    energy_j : dict of str to float
        Energy by scope.
    energy_range_j : dict of str to float
        Energy in scope `system` for the low, nominal and high end of the published figures.
    steps_estimated : int
        Decode steps of which the others are interpolated.
    load : Load
        The same request in a batch that is always full.
    """

    prompt: int
    generate: int
    seconds_to_first_token: float
    seconds_per_output_token: float | None
    seconds: float
    energy_j: dict[str, float]
    energy_range_j: dict[str, float]
    steps_estimated: int
    load: Load

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.prompt + self.generate

    @property
    def tokens_per_second(self) -> float:
        """Output tokens over the time of the request, alone."""
        return self.generate / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON; energies per token are of scope `system`."""
        return {
            **vars(self),
            "scope": "system",
            "tokens_per_second": self.tokens_per_second,
            **self._per_token(self.energy_j),
            "load": {**vars(self.load), **self._per_token(self.load.energy_j)},
        }

    def _per_token(self, energy_j: Mapping[str, float]) -> dict[str, float]:
        return {
            "energy_per_output_token_j": energy_j["system"] / self.generate,
            "energy_per_total_token_j": energy_j["system"] / self.tokens,
        }


def estimate_request(
    config: Config, model: Model, *, prompt: int, generate: int, slots: int = 1
) -> Request:
    """Return what a request takes on an accelerator.

    Parameters
    ----------
    config : Config
        The accelerator.
    model : Model
        The model.
    prompt, generate : int
        Tokens of the prompt, and of the answer.
    slots : int
        Requests that share the accelerator in the continuous batch.

    Raises
    ------
    ConfigError
        If prompt and answer are longer than a sequence of the model can be, or as `estimate`.
    """
    for name, tokens in (("prompt", prompt), ("generate", generate)):
        if tokens < 1:
            raise ConfigError(f"{name} must be at least 1, not {tokens}")
    if prompt + generate > model.context:
        raise ConfigError(
            f"prompt + generate must be at most {model.context}, "
            f"the longest sequence of {model.name}, not {prompt + generate}"
        )
    prefill = estimate(config, model, phase="prefill", context=prompt)
    steps = {
        context: estimate(config, model, context=context)
        for context in decode_contexts(prompt, generate)
    }

    def whole(what: Callable[[Estimate], float]) -> float:
        return what(prefill) + sum_over_contexts({
            context: what(step) for context, step in steps.items()
        })

    seconds = whole(lambda step: step.seconds)
    return Request(
        prompt=prompt,
        generate=generate,
        seconds_to_first_token=prefill.seconds,
        seconds_per_output_token=(seconds - prefill.seconds) / (generate - 1) if steps else None,
        seconds=seconds,
        energy_j={
            scope: whole(partial(Estimate.step_energy_j, scope=scope)) for scope in prefill.scopes
        },
        energy_range_j={edge: whole(partial(Estimate.step_energy_j, edge=edge)) for edge in EDGES},
        steps_estimated=len(steps),
        load=_under_load(prefill, prompt=prompt, generate=generate, slots=slots),
    )


def _under_load(prefill: Estimate, *, prompt: int, generate: int, slots: int) -> Load:
    config, model = prefill.config, prefill.model
    context = mean_context(prompt, generate)
    # Contexts differ from slot to slot; a step depends on their sum only, or nearly so.
    step = estimate(config, model, batch=slots, context=context)
    others = generate - 1
    seconds = slots * prefill.seconds + others * step.seconds
    part = shard(model, config.chips)
    stored = stored_bytes(config, part, slots * (prompt + others))
    fullest = fullest_chip_bytes(config, part, stored)
    return Load(
        slots=slots,
        context=context,
        seconds=seconds,
        tokens_per_second=slots * generate / seconds,
        seconds_per_output_token=(seconds - prefill.seconds) / others if others else None,
        energy_j={
            scope: prefill.step_energy_j(scope) + others * step.step_energy_j(scope) / slots
            for scope in prefill.scopes
        },
        chip_memory_bytes=fullest,
        memory_fits=fullest <= config.memory.capacity_bytes,
    )
