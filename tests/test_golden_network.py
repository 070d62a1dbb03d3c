"""Freezing, tracing and replaying whole networks."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from golden.bitlinear import BitLinear, FrozenBitLinear
from golden.matmul import ternary_matmul
from golden.network import freeze, replay, set_matmul, ternary_layers, trace


@pytest.fixture
def network() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(BitLinear(6, 5), nn.ReLU(), nn.Sequential(BitLinear(5, 3, bias=True)))


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(4, 6, generator=torch.Generator().manual_seed(1))


def test_freeze(network, x):
    frozen = freeze(network)
    assert isinstance(network[0], BitLinear)
    assert not frozen.training
    assert [name for name, _ in ternary_layers(frozen)] == ["0", "2.0"]
    assert not list(ternary_layers(network))
    assert torch.equal(frozen(x), network(x))
    assert isinstance(freeze(network[0]), FrozenBitLinear)


def test_trace(network, x):
    frozen = freeze(network)
    output, (first, second) = trace(frozen, x)
    assert torch.equal(output, frozen(x))
    assert (first.name, second.name) == ("0", "2.0")
    assert list(first.activations.shape) == [4, 6]
    assert list(first.ternary.shape) == [5, 6]
    assert list(second.accumulators.shape) == [4, 3]
    for call in (first, second):
        assert torch.equal(call.accumulators, ternary_matmul(call.activations, call.ternary))
    assert all(layer.matmul is ternary_matmul for _, layer in ternary_layers(frozen))


def test_trace_records_each_call_and_its_own_matmul(x):
    layer = freeze(BitLinear(6, 6))
    network = nn.Sequential(layer, layer)
    set_matmul(network, lambda q, ternary: ternary_matmul(q, ternary) * 2)
    _, calls = trace(network, x)
    assert [call.name for call in calls] == ["0", "0"]
    for call in calls:
        doubled = 2 * ternary_matmul(call.activations, call.ternary)
        assert torch.equal(call.accumulators, doubled)


def test_set_matmul(network, x):
    frozen = freeze(network)
    set_matmul(frozen, lambda q, ternary: torch.zeros(len(q), len(ternary), dtype=torch.int32))
    assert torch.equal(frozen(x), network[2][0].bias.expand(4, 3))


def test_trace_restores_after_an_error(network):
    frozen = freeze(network)
    with pytest.raises(ValueError, match=r"^x must be finite, not inf or nan$"):
        trace(frozen, torch.full((1, 6), float("nan")))
    assert all(layer.matmul is ternary_matmul for _, layer in ternary_layers(frozen))


def test_replay(network, x):
    frozen = freeze(network)
    output, calls = trace(frozen, x)
    assert torch.equal(replay(frozen, x, calls), output)
    # Nothing depends on the last layer, so other accumulators there are simply used.
    changed = [calls[0], replace(calls[1], accumulators=calls[1].accumulators + 1)]
    assert (replay(frozen, x, changed) > output).all()


def test_replay_wrong(network, x):
    frozen = freeze(network)
    _, calls = trace(frozen, x)
    with pytest.raises(
        ValueError, match=r"^calls must include every layer, not end before '2\.0'$"
    ):
        replay(frozen, x, calls[:1])
    with pytest.raises(ValueError, match=r"^calls must end with the last layer, not with '2\.0'$"):
        replay(frozen, x, [*calls, calls[1]])
    with pytest.raises(ValueError, match=r"^The next call must be of '0', not '2\.0'$"):
        replay(frozen, x, calls[::-1])
    wrong = replace(calls[0], accumulators=calls[0].accumulators.flip(1))
    with pytest.raises(
        ValueError, match=r"^The operands of '2\.0' must be those of the call, not others$"
    ):
        replay(frozen, x, [wrong, calls[1]])
