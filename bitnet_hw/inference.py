"""Text out of a language model whose ternary layers run on an accelerator."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from bitnet_hw.config import Config
from bitnet_hw.cycles import CycleCount
from bitnet_hw.errors import ConfigError
from bitnet_hw.generation import generate
from bitnet_hw.inference_result import Inference, Phase
from bitnet_hw.language_model import LanguageModel
from bitnet_hw.metered_matmul import MeteredMatmul

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Hardware", "check_request", "infer"]


class Hardware(Protocol):
    """A simulated accelerator."""

    def __call__(self, q: "Tensor", ternary: "Tensor") -> "Tensor":
        """Multiply, as golden's `Matmul`."""
        ...

    @property
    def counters(self) -> Mapping[str, int]:
        """The hardware's counters so far, with weights at the rate of the array's memory.

        By the names of `bitnet_hw.cycles.CycleCount`.
        """
        ...


# Layers narrower than this are done before a second thread has begun.
_WORTH_THREADS = 1024


def check_request(model: LanguageModel, config: Config, prompt: str, tokens: int) -> list[int]:
    """Return the tokens of a prompt, if the model can continue it and the array runs the model.

    Raises
    ------
    ConfigError
        If a layer does not fit the array, or the prompt is empty, has a token that the model does
        not know, or does not leave room for `tokens` more.
    """
    model.check_fits(config.array.max_k)
    encoded = model.codec.encode(prompt)
    if not encoded:
        raise ConfigError("--prompt must hold at least one token, not none")
    if max(encoded) >= model.vocabulary:
        raise ConfigError(
            f"Tokens of {model.path} must be below the size of its vocabulary "
            f"({model.vocabulary}), not {max(encoded)}"
        )
    # The last token is not put in again.
    if len(encoded) + tokens - 1 > model.context:
        raise ConfigError(
            f"--prompt and --tokens must fit into the context ({model.context} tokens) of "
            f"{model.path}, not have {len(encoded)} and {tokens} tokens"
        )
    return encoded


def infer(
    model: LanguageModel,
    config: Config,
    prompt: str,
    tokens: int,
    *,
    hardware: Hardware | None,
    temperature: float = 0.0,
    seed: int = 0,
    show: Callable[[str], None] = lambda piece: None,
) -> Inference:
    """Generate text.

    Parameters
    ----------
    model : LanguageModel
        Its ternary layers multiply as told by `hardware` from then on.
    config : Config
        The accelerator.
    prompt : str
        What to continue.
    tokens : int
        The most tokens to generate, at least 1.
    hardware : Hardware or None
        The simulated accelerator, whose every sum is then compared with the golden model's; or None
        to let the golden model multiply.
    temperature, seed : float, int
        As of `bitnet_hw.generation.generate`.
    show : callable, optional
        Called with each piece of text as soon as it is certain.

    Raises
    ------
    ConfigError
        As `check_request`.
    SimulationFailed
        If a sum of the hardware differs from the golden model's.
    """
    from golden.matmul import ternary_matmul

    started = time.monotonic()
    encoded = check_request(model, config, prompt, tokens)
    matmul = MeteredMatmul(
        config, hardware or ternary_matmul, expected=ternary_matmul if hardware else None
    )
    layers = model.set_matmul(matmul)
    stream, pieces = model.codec.stream(encoded), [""]
    phases: list[Phase] = []
    phase_start, count, stopped = matmul.work(), 0, False
    # A copy: the hardware goes on counting.
    counters_start = dict(hardware.counters) if hardware else {}

    def end_phase(passed: int) -> None:
        nonlocal phase_start, counters_start
        work, counters = matmul.work(), dict(hardware.counters) if hardware else {}
        added = {name: value - counters_start[name] for name, value in counters.items()}
        simulated = CycleCount(**added) if hardware else None
        phases.append(Phase(passed, work.minus(phase_start), simulated))
        phase_start, counters_start = work, counters

    def take(piece: str) -> None:
        pieces.append(piece)
        show(piece)

    chosen = generate(model.network, encoded, tokens, temperature=temperature, seed=seed)
    with _threads(model):
        for token in chosen:
            if count == 0:
                end_phase(len(encoded))
            count += 1
            stopped = token in model.stop_tokens
            if stopped:
                break
            take(stream.push(token))
    take(stream.finish())
    end_phase(count - 1)
    prefill, decode = phases
    return Inference(
        checkpoint=model.path,
        config=config,
        backend="rtl" if hardware else "golden",
        layers=layers,
        prompt=prompt,
        text="".join(pieces),
        tokens=count,
        stopped=stopped,
        prefill=prefill,
        decode=decode,
        outputs_checked=matmul.outputs_checked,
        wall_seconds=time.monotonic() - started,
    )


def _threads(model: LanguageModel) -> AbstractContextManager[None]:
    """Return the context in which PyTorch uses as many threads as are worth while.

    Hardware and golden model get the same number, so that everything between the ternary layers
    rounds alike.
    """
    from golden.threads import one_thread

    return nullcontext() if model.network.config.hidden_size >= _WORTH_THREADS else one_thread()
