"""Whole networks of ternary layers: freeze them, see what each layer computed, put it back in."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from golden.bitlinear import BitLinear, FrozenBitLinear, Matmul

__all__ = ["LayerTrace", "freeze", "replay", "set_matmul", "ternary_layers", "trace"]


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """One call of one ternary layer: the job that an accelerator would get, and its result.

    Parameters
    ----------
    name : str
        Path of the layer in the network, as of ``named_modules``.
    activations : Tensor
        int8, [M, K].
    ternary : Tensor
        int8, [N, K]: the weights.
    accumulators : Tensor
        int32, [M, N].
    """

    name: str
    activations: Tensor
    ternary: Tensor
    accumulators: Tensor


def freeze(network: nn.Module) -> nn.Module:
    """Return a copy of `network` in evaluation mode with each `BitLinear` frozen to integers."""
    frozen = copy.deepcopy(network).eval()
    if isinstance(frozen, BitLinear):
        return frozen.freeze()
    for name, layer in list(frozen.named_modules()):
        if isinstance(layer, BitLinear):
            frozen.set_submodule(name, layer.freeze())
    return frozen


def ternary_layers(network: nn.Module) -> Iterator[tuple[str, FrozenBitLinear]]:
    """Walk the frozen layers of `network` with their paths, in the order of definition."""
    for name, layer in network.named_modules():
        if isinstance(layer, FrozenBitLinear):
            yield name, layer


def set_matmul(network: nn.Module, matmul: Matmul) -> None:
    """Let `matmul` multiply in every frozen layer of `network`, in place.

    ``network(x)`` afterwards returns what follows from the sums that `matmul` returned.
    """
    for _, layer in ternary_layers(network):
        layer.matmul = matmul


def trace(network: nn.Module, x: Tensor) -> tuple[Tensor, list[LayerTrace]]:
    """Run a frozen network and record what each ternary layer multiplied.

    Parameters
    ----------
    network : Module
        A network with `FrozenBitLinear` layers; unchanged on return.
    x : Tensor
        Its input.

    Returns
    -------
    output : Tensor
        ``network(x)``.
    calls : list of LayerTrace
        One for each call of a ternary layer, in the order of execution.
    """
    calls: list[LayerTrace] = []

    def recorder(name: str, multiply: Matmul) -> Matmul:
        def matmul(q: Tensor, ternary: Tensor) -> Tensor:
            accumulators = multiply(q, ternary)
            calls.append(LayerTrace(name, q, ternary, accumulators))
            return accumulators

        return matmul

    return _run(network, x, recorder), calls


def replay(network: nn.Module, x: Tensor, calls: Sequence[LayerTrace]) -> Tensor:
    """Run a frozen network on accumulators that were computed elsewhere.

    Parameters
    ----------
    network : Module
        The network that was traced; unchanged on return.
    x : Tensor
        The input that was traced.
    calls : sequence of LayerTrace
        What `trace` returned, with ``accumulators`` replaced (``dataclasses.replace``) by those of,
        say, a simulation.

    Returns
    -------
    Tensor
        The output that the network has with these accumulators.

    Raises
    ------
    ValueError
        If the network does not ask for exactly these calls. In particular, wrong accumulators of
        one layer change the activations of the next, for which nothing was computed.
    """
    remaining = list(calls)

    def player(name: str, _: Matmul) -> Matmul:
        def matmul(q: Tensor, ternary: Tensor) -> Tensor:
            if not remaining:
                raise ValueError(f"calls must include every layer, not end before {name!r}")
            call = remaining.pop(0)
            if call.name != name:
                raise ValueError(f"The next call must be of {name!r}, not {call.name!r}")
            if not (torch.equal(call.activations, q) and torch.equal(call.ternary, ternary)):
                raise ValueError(f"The operands of {name!r} must be those of the call, not others")
            return call.accumulators

        return matmul

    output = _run(network, x, player)
    if remaining:
        raise ValueError(f"calls must end with the last layer, not with {remaining[-1].name!r}")
    return output


def _run(network: nn.Module, x: Tensor, wrap: Callable[[str, Matmul], Matmul]) -> Tensor:
    """Run `network` while each layer multiplies by ``wrap(name, its own matmul)``."""
    layers = [(layer, layer.matmul) for _, layer in ternary_layers(network)]
    try:
        for name, layer in ternary_layers(network):
            layer.matmul = wrap(name, layer.matmul)
        with torch.no_grad():
            output: Tensor = network(x)
        return output
    finally:
        for layer, matmul in layers:
            layer.matmul = matmul
