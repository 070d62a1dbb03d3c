"""Train a language model over bytes, and measure it in bits per byte."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.threads import one_thread

__all__ = ["BYTES", "LanguagePlan", "bits_per_byte", "train_language_model"]

BYTES = 256
"""Size of the vocabulary: every byte is a token."""

Logits = Callable[[Tensor], Tensor]
"""A model: int64 [batch, context] tokens to fp32 [batch, context, 256] logits of the next ones."""


@dataclass(frozen=True, kw_only=True)
class LanguagePlan:
    """How to train; the defaults suit a model of half a million weights for a few minutes.

    AdamW on random windows of the text. The learning rate rises linearly over the first twentieth
    of the steps and then falls linearly to zero, as in the first stage of the FAQ of BitNet b1.58;
    gradients are clipped to a norm of 1.

    Parameters
    ----------
    steps : int
        Updates.
    batch_size : int
        Windows per step.
    context : int
        Bytes that are predicted in each window.
    learning_rate : float
        The highest one.
    weight_decay : float
        Decoupled weight decay of AdamW.

    Raises
    ------
    ValueError
        If a number is not positive (weight decay: negative).
    """

    steps: int = 3000
    batch_size: int = 2
    context: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "context", "learning_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)!r}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay must not be negative, not {self.weight_decay!r}")

    def rate_factor(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0, in units of the highest one."""
        warm_up = max(1, self.steps // 20)
        if step < warm_up:
            return (step + 1) / warm_up
        # After the last step the schedule asks once more, also that of a single step.
        return max(0.0, (self.steps - step) / max(1, self.steps - warm_up))


def train_language_model(
    model: nn.Module,
    logits: Logits,
    text: Tensor,
    plan: LanguagePlan,
    *,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> nn.Module:
    """Train a model in place.

    The same arguments give the same model on the same machine, and the windows depend on `plan`,
    `seed` and the length of the text only: two models see the same bytes in the same order.

    Parameters
    ----------
    model : Module
        Whose parameters are trained.
    logits : callable
        Calls the model.
    text : Tensor
        uint8, [bytes].
    plan : LanguagePlan
        How to train.
    seed : int
        Of the windows.
    progress : callable, optional
        Called after each step with the number of steps done and the step's loss in bits per byte.

    Returns
    -------
    Module
        `model`, in evaluation mode.

    Raises
    ------
    ValueError
        If the text is not longer than the context.
    """
    _check_text(text, plan.context)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=plan.learning_rate,
        betas=(0.9, 0.95),
        weight_decay=plan.weight_decay,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, plan.rate_factor)
    model.train()
    with one_thread():
        for step in range(1, plan.steps + 1):
            starts = torch.randint(
                len(text) - plan.context, (plan.batch_size,), generator=generator
            )
            loss = _loss(logits, _windows(text, starts, plan.context))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if progress is not None:
                progress(step, float(loss.detach()) / math.log(2))
    return model.eval()


def bits_per_byte(logits: Logits, text: Tensor, *, context: int) -> float:
    """Return the mean of -log2 of the probability that a model gave to each next byte.

    The text is cut in windows of `context` predictions that share one byte: every byte but the
    first, and a rest shorter than a window, is predicted once, from the bytes of its window.

    Parameters
    ----------
    logits : callable
        Calls the model, which should be in evaluation mode.
    text : Tensor
        uint8, [bytes].
    context : int
        Bytes predicted in each window.

    Raises
    ------
    ValueError
        If the text is not longer than the context.
    """
    _check_text(text, context)
    starts = torch.arange(0, len(text) - context, context)
    with one_thread(), torch.no_grad():
        total = sum(
            float(_loss(logits, _windows(text, part, context))) * len(part)
            for part in _batches(starts)
        )
    return total / len(starts) / math.log(2)


def _batches(starts: Tensor) -> Iterator[Tensor]:
    yield from torch.split(starts, 16)


def _windows(text: Tensor, starts: Tensor, context: int) -> Tensor:
    """Return one byte more than `context` from each start; int64, [starts, context + 1]."""
    return text[starts[:, None] + torch.arange(context + 1)].to(torch.int64)


def _loss(logits: Logits, windows: Tensor) -> Tensor:
    """Return the mean cross-entropy of the next bytes in nats."""
    predicted = logits(windows[:, :-1])
    return functional.cross_entropy(predicted.reshape(-1, BYTES), windows[:, 1:].reshape(-1))


def _check_text(text: Tensor, context: int) -> None:
    if len(text) <= context:
        raise ValueError(f"text must be longer than the context ({context}), not {len(text)} bytes")
