"""The ternary layers, bit for bit against transformers."""

import copy
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from golden.bitlinear import BitLinear, FrozenBitLinear
from golden.matmul import ternary_matmul
from golden.quantize import TernaryWeight, absmax_int8, absmean_ternary

# transformers' module is compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

SHAPES = [(1, 4), (3, 8), (64, 64), (257, 100), (2560, 640), (6912, 64), (28672, 8)]
"""Inputs and outputs; transformers packs four outputs into a byte."""


@pytest.fixture
def bitnet() -> Iterator[ModuleType]:
    """Import transformers' layers and run them eagerly: compiling each shape takes seconds."""
    import transformers.integrations.bitnet as module

    with torch.compiler.set_stance("force_eager"):
        yield module


def transformers_layer(
    bitnet: ModuleType, weight: TernaryWeight, bias: Tensor | None = None
) -> nn.Module:
    """Build transformers' packed BitLinear of the same weights."""
    outputs, inputs = weight.ternary.shape
    layer = bitnet.BitLinear(inputs, outputs, bias=bias is not None, dtype=torch.float32)
    # pack_weights adds 1 to its argument in place.
    layer.weight.copy_(bitnet.pack_weights(weight.ternary.clone()))
    layer.weight_scale.fill_(float(weight.inverse_mean))
    if bias is not None:
        layer.bias.copy_(bias)
    return layer


def awkward_inputs(inputs: int, generator: torch.Generator) -> Tensor:
    """Return tokens of every kind: ordinary, outliers, zeros, tiny, huge, ties, extremes."""
    x = torch.randn(10, inputs, generator=generator)
    x[1, 0] = 1000.0
    x[2] = 0.0
    x[3] *= 1e-6
    x[4] *= 1e-30
    x[5] *= 1e30
    x[6] = torch.randint(-127, 128, (inputs,), generator=generator) + 0.5
    x[6, 0] = 127.0
    x[7] = 5.0
    x[8] = -5.0
    x[9] = torch.relu(x[9]) ** 2
    return x


def test_by_hand():
    # W: mean 2, T = [[0, 0, 1, -1]]; x: scale 1, q = [127, 2, 2, -4]; acc = 6; y = 6 / (0.5 * 1).
    layer = BitLinear(4, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -1.0, 2.0, -4.0]]))
    x = torch.tensor([[127.0, 1.5, 2.5, -4.4]])
    assert layer(x).tolist() == [[12.0]]
    assert layer.freeze()(x).tolist() == [[12.0]]


@pytest.mark.parametrize(("inputs", "outputs"), SHAPES)
@pytest.mark.parametrize("has_bias", [False, True])
def test_bit_identical_to_transformers(bitnet, inputs, outputs, has_bias):
    generator = torch.Generator().manual_seed(inputs + outputs)
    for spread in (1e-8, 0.02, 1.4, 1e6):
        weight = absmean_ternary(torch.randn(outputs, inputs, generator=generator) * spread)
        bias = torch.randn(outputs, generator=generator) if has_bias else None
        oracle = transformers_layer(bitnet, weight, bias)
        layer = FrozenBitLinear(weight, bias)
        for x in (
            awkward_inputs(inputs, generator),
            awkward_inputs(inputs, generator).reshape(2, 5, inputs),
        ):
            assert torch.equal(layer(x), oracle(x))


def test_bit_identical_on_random_shapes(bitnet):
    generator = torch.Generator().manual_seed(7)
    for _ in range(100):
        inputs, quarter, tokens = torch.randint(1, 80, (3,), generator=generator).tolist()
        weight = absmean_ternary(torch.randn(4 * quarter, inputs, generator=generator))
        x = torch.randn(tokens, inputs, generator=generator) * 10.0 ** (tokens % 7 - 3)
        assert torch.equal(FrozenBitLinear(weight)(x), transformers_layer(bitnet, weight)(x))


@pytest.mark.long
def test_bit_identical_to_compiled_transformers():
    import transformers.integrations.bitnet as module
    from torch._dynamo.utils import counters

    counters.clear()
    generator = torch.Generator().manual_seed(8)
    weight = absmean_ternary(torch.randn(640, 2560, generator=generator))
    x = awkward_inputs(2560, generator)
    assert torch.equal(FrozenBitLinear(weight)(x), transformers_layer(module, weight)(x))
    # Its unpacking, its quantiser and its division were compiled indeed.
    assert counters["stats"]["unique_graphs"] == 3


@pytest.mark.parametrize("inputs", [2560, 28672])
def test_extreme_sums(bitnet, inputs):
    for sign in (1, -1):
        ternary = torch.full((4, inputs), sign, dtype=torch.int8)
        weight = TernaryWeight(ternary, torch.tensor(0.7))
        x = torch.full((1, inputs), -3.0)
        layer = FrozenBitLinear(weight)
        assert torch.equal(layer(x), transformers_layer(bitnet, weight)(x))
        q, scale = absmax_int8(x)
        assert q.unique().tolist() == [-127]
        assert ternary_matmul(q, ternary).tolist() == [[-127 * inputs * sign] * 4]
        expected = np.float32(-127 * inputs * sign) / (np.float32(0.7) * scale.numpy())
        assert (layer(x).numpy() == expected).all()


def test_unpack_weights_returns_ours(bitnet):
    weight = absmean_ternary(torch.randn(64, 33, generator=torch.Generator().manual_seed(9)))
    packed = bitnet.pack_weights(weight.ternary.clone())
    assert torch.equal(bitnet.unpack_weights(packed, dtype=torch.int8), weight.ternary)


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize(("inputs", "outputs"), [(64, 64), (2560, 640), (6912, 64)])
def test_close_to_autobitlinear(bitnet, inputs, outputs, online):
    # AutoBitLinear multiplies dequantised numbers, so its fp32 sums round: equality is impossible.
    # The error is that of K rounded additions.
    generator = torch.Generator().manual_seed(inputs)
    master = torch.randn(outputs, inputs, generator=generator) * 0.02
    weight = absmean_ternary(master)
    oracle = bitnet.AutoBitLinear(inputs, outputs, bias=False, online_quant=online)
    with torch.no_grad():
        if online:
            oracle.weight.copy_(master)
        else:
            oracle.weight.copy_(weight.ternary)
            oracle.weight_scale.fill_(float(weight.mean))
    x = torch.randn(16, inputs, generator=generator)
    with torch.no_grad():
        expected = oracle(x)
    error = (FrozenBitLinear(weight)(x) - expected).abs().amax(dim=-1)
    rms = expected.square().mean(dim=-1).sqrt()
    assert (error <= 1e-5 * rms).all()


def test_master_weights_are_fp32_whatever_the_default():
    torch.set_default_dtype(torch.float64)
    try:
        layer = BitLinear(4, 2, bias=True)
    finally:
        torch.set_default_dtype(torch.float32)
    assert layer.weight.dtype == layer.bias.dtype == torch.float32


def test_training_forward_is_the_frozen_forward():
    generator = torch.Generator().manual_seed(10)
    layer = BitLinear(65, 12, bias=True)
    x = awkward_inputs(65, generator)
    trained = layer.train()(x)
    assert trained.requires_grad
    assert torch.equal(trained, layer.eval()(x))
    assert torch.equal(trained, layer.freeze()(x))


def test_gradients_are_those_of_the_dequantised_operands():
    generator = torch.Generator().manual_seed(11)
    layer = BitLinear(33, 7, bias=True)
    x = torch.randn(4, 5, 33, generator=generator, requires_grad=True)
    gradient = torch.randn(4, 5, 7, generator=generator)
    layer(x).backward(gradient)

    q, scale = absmax_int8(x)
    x_dq = (q / scale).requires_grad_()
    w_dq = absmean_ternary(layer.weight).dequantized().requires_grad_()
    bias = torch.zeros(7, requires_grad=True)
    nn.functional.linear(x_dq, w_dq, bias).backward(gradient)
    torch.testing.assert_close(x.grad, x_dq.grad, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(layer.weight.grad, w_dq.grad, rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(layer.bias.grad, bias.grad, rtol=1e-6, atol=1e-6)


def test_gradients_by_hand():
    # T / s = [[0, 0, 2, -2]], q / s_x = [127, 2, 2, -4].
    layer = BitLinear(4, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -1.0, 2.0, -4.0]]))
    x = torch.tensor([[127.0, 1.5, 2.5, -4.4]], requires_grad=True)
    layer(x).backward(torch.tensor([[3.0]]))
    assert x.grad.tolist() == [[0.0, 0.0, 6.0, -6.0]]
    assert layer.weight.grad.tolist() == [[381.0, 6.0, 6.0, -12.0]]


def test_gradients_equal_autobitlinear(bitnet):
    generator = torch.Generator().manual_seed(12)
    oracle = bitnet.AutoBitLinear(48, 20, bias=False, online_quant=True)
    layer = BitLinear(48, 20)
    layer.load_state_dict(oracle.state_dict())
    x = torch.randn(6, 48, generator=generator)
    gradient = torch.randn(6, 20, generator=generator)
    x_of = {}
    for module in (oracle, layer):
        x_of[module] = x.clone().requires_grad_()
        module(x_of[module]).backward(gradient)
    torch.testing.assert_close(x_of[layer].grad, x_of[oracle].grad, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(layer.weight.grad, oracle.weight.grad, rtol=1e-6, atol=1e-6)


def test_gradient_only_where_needed():
    layer = BitLinear(4, 2)
    layer.weight.requires_grad_(False)
    x = torch.randn(1, 4, requires_grad=True)
    layer(x).sum().backward()
    assert layer.weight.grad is None
    assert x.grad is not None


def test_freeze_copies():
    layer = BitLinear(4, 2, bias=True)
    frozen = layer.freeze()
    x = torch.ones(1, 4)
    before = frozen(x)
    with torch.no_grad():
        layer.weight.neg_()
        layer.bias.add_(1)
    assert torch.equal(frozen(x), before)
    assert not list(frozen.parameters())
    assert frozen(x).requires_grad is False
    assert repr(frozen) == "FrozenBitLinear(in_features=4, out_features=2, bias=True)"


def test_state_dict_round_trip():
    generator = torch.Generator().manual_seed(13)
    first, second = (
        FrozenBitLinear(absmean_ternary(torch.randn(3, 5, generator=generator))) for _ in range(2)
    )
    x = torch.randn(2, 5, generator=generator)
    assert not torch.equal(first(x), second(x))
    assert sorted(first.state_dict()) == ["inverse_mean", "ternary"]
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize("frozen", [False, True])
def test_matmul_can_be_replaced(frozen):
    calls = []

    def matmul(q: Tensor, ternary: Tensor) -> Tensor:
        calls.append((q, ternary))
        return ternary_matmul(q, ternary) + 1

    layer = BitLinear(6, 3)
    x = torch.randn(2, 5, 6)
    expected = layer(x)
    layer.matmul = matmul
    changed = layer.freeze()(x) if frozen else layer(x)
    (q, ternary) = calls[0]
    assert q.dtype == ternary.dtype == torch.int8
    assert list(q.shape) == [10, 6]
    assert list(ternary.shape) == [3, 6]
    assert list(changed.shape) == [2, 5, 3]
    assert (changed > expected).all()


def test_matmul_wrong():
    layer = BitLinear(6, 3).freeze()
    layer.matmul = lambda q, ternary: ternary_matmul(q, ternary).to(torch.float32)
    with pytest.raises(TypeError, match=r"^matmul must return int32, not torch\.float32$"):
        layer(torch.ones(2, 6))
    layer.matmul = lambda q, ternary: ternary_matmul(q, ternary).T.contiguous()
    with pytest.raises(ValueError, match=r"^matmul must return shape \[2, 3\], not \[3, 2\]$"):
        layer(torch.ones(2, 6))


def test_wrong():
    weight = absmean_ternary(torch.ones(3, 6))
    with pytest.raises(TypeError, match=r"^bias must be float32, not torch\.bfloat16$"):
        FrozenBitLinear(weight, torch.zeros(3, dtype=torch.bfloat16))
    with pytest.raises(ValueError, match=r"^bias must have shape \[3\], not \[6\]$"):
        FrozenBitLinear(weight, torch.zeros(6))
    layer = FrozenBitLinear(weight)
    with pytest.raises(TypeError, match=r"^x must be float32, not torch\.bfloat16$"):
        layer(torch.zeros(1, 6, dtype=torch.bfloat16))
    with pytest.raises(
        ValueError, match=r"^q must have 6 inputs like ternary, not shape \[1, 5\]$"
    ):
        layer(torch.zeros(1, 5))


def test_whole_language_model(bitnet):
    from transformers import BitNetConfig, BitNetForCausalLM

    config = BitNetConfig(
        vocab_size=97,
        hidden_size=64,
        intermediate_size=160,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(14)
        plain = BitNetForCausalLM(config).eval()
    theirs, ours = copy.deepcopy(plain), copy.deepcopy(plain)
    replaced = 0
    for name, layer in plain.model.named_modules():
        if isinstance(layer, nn.Linear):
            weight = absmean_ternary(layer.weight)
            theirs.model.set_submodule(name, transformers_layer(bitnet, weight))
            ours.model.set_submodule(name, FrozenBitLinear(weight))
            replaced += 1
    assert replaced == 7 * 3
    tokens = torch.randint(0, 97, (2, 17), generator=torch.Generator().manual_seed(15))
    with torch.no_grad():
        logits = ours(tokens).logits
        assert torch.equal(logits, theirs(tokens).logits)
        assert not torch.allclose(logits, plain(tokens).logits, rtol=1e-2)
