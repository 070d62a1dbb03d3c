"""Turn the linear layers of a network into ternary ones."""

from collections.abc import Collection

import torch
from torch import nn

from golden.bitlinear import BitLinear

__all__ = ["ternarize"]


def ternarize(network: nn.Module, *, keep: Collection[str] = ()) -> int:
    """Replace each ``nn.Linear`` in `network` by a trainable `BitLinear`, in place.

    The layers keep their parameters, as master weights: the same objects, so that an optimiser or a
    tied layer which holds them is none the wiser.

    Parameters
    ----------
    network : Module
        Anything with linear layers in fp32; not itself one.
    keep : collection of str
        Paths, as of ``named_modules``, of layers that stay as they are; BitNet keeps ``lm_head``.

    Returns
    -------
    int
        Layers replaced.

    Raises
    ------
    ValueError
        If `keep` names something that is no linear layer of the network.
    TypeError
        If a layer is not fp32.
    """
    linear = {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) and not isinstance(layer, BitLinear)
    }
    for name in keep:
        if name not in linear:
            raise ValueError(f"keep must name linear layers of the network, not {name!r}")
    replaced = {name: layer for name, layer in linear.items() if name not in keep}
    for name, layer in replaced.items():
        network.set_submodule(name, _ternary(name, layer))
    return len(replaced)


def _ternary(name: str, layer: nn.Linear) -> BitLinear:
    if layer.weight.dtype != torch.float32:
        raise TypeError(f"Layer {name} must be float32, not {layer.weight.dtype}")
    ternary = BitLinear(layer.in_features, layer.out_features, layer.bias is not None)
    ternary.weight, ternary.bias = layer.weight, layer.bias
    return ternary.train(layer.training)
