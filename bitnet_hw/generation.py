"""The next token, again and again."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from transformers import PreTrainedModel

__all__ = ["generate"]


def generate(
    network: "PreTrainedModel",
    prompt: Sequence[int],
    count: int,
    *,
    temperature: float = 0.0,
    seed: int = 0,
) -> Iterator[int]:
    """Yield the tokens with which a model continues a prompt.

    The first token takes a pass over the whole prompt; each further one a pass over the token
    before it, with the keys and values of all earlier ones kept. A pass runs when its token is
    asked for.

    Parameters
    ----------
    network : PreTrainedModel
        A causal language model in evaluation mode.
    prompt : sequence of int
        At least one token.
    count : int
        Tokens to yield.
    temperature : float
        0: always the likeliest token, the first of several. Otherwise tokens are drawn with
        probabilities in proportion to ``exp(logit / temperature)``.
    seed : int
        Of the draws.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    tokens, cache = torch.tensor([list(prompt)]), None
    for _ in range(count):
        with torch.no_grad():
            output = network(
                input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1
            )
        token = _choose(output.logits[0, -1], temperature, generator)
        yield token
        tokens, cache = torch.tensor([[token]]), output.past_key_values


def _choose(logits: "Tensor", temperature: float, generator: "Generator") -> int:
    import torch

    if temperature == 0:
        return int(logits.argmax())
    # In fp64 a small temperature does not overflow.
    weights = torch.softmax(logits.to(torch.float64) / temperature, dim=-1)
    return int(torch.multinomial(weights, 1, generator=generator))
