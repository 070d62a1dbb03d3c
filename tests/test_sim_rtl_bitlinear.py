"""Models of transformers whose ternary layers run in the Verilog."""

import copy

import pytest
import torch
from torch import nn

from golden.bitlinear import BitLinear, FrozenBitLinear
from golden.matmul import ternary_matmul
from golden.quantize import TernaryWeight, absmean_ternary
from rtl.geometry import Geometry
from sim.rtl_bitlinear import RtlBitLinear, replace_bitlinear
from sim.rtl_matmul import RtlMatmul

# transformers' module is compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

GEOMETRY = Geometry(
    rows=4, lanes=8, weight_bus_bits=56, max_k=128, max_tokens=4, output_bus_words=4
)
LAYERS, HIDDEN, FFN, VOCABULARY = 2, 64, 96, 50
AUTO_TOLERANCE = 1e-5
"""Of the root mean square of a token's outputs; rounding of K additions in fp32."""


@pytest.fixture(scope="module")
def matmul(build_root):
    return RtlMatmul(GEOMETRY, build_root=build_root)


@pytest.fixture
def bitnet():
    """Import transformers' layers and run them eagerly: compiling each shape takes seconds."""
    import transformers.integrations.bitnet as module

    with torch.compiler.set_stance("force_eager"):
        yield module


def language_model():
    from transformers import BitNetConfig, BitNetForCausalLM

    config = BitNetConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=FFN,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    torch.manual_seed(3)
    return BitNetForCausalLM(config).eval()


def quantized(bitnet, linear_class, *, online=False, use_rms_norm=False):
    """Return a model with transformers' layers and random weights, all scales different."""
    model = language_model()
    generator = torch.Generator().manual_seed(4)
    for name, layer in list(model.named_modules()):
        if not isinstance(layer, nn.Linear) or name == "lm_head":
            continue
        outputs, inputs = layer.weight.shape
        master = torch.randn(outputs, inputs, generator=generator) * 1.4
        weight = absmean_ternary(master)
        if linear_class == "bitlinear":
            new = bitnet.BitLinear(
                inputs, outputs, bias=False, dtype=torch.float32, use_rms_norm=use_rms_norm
            )
            new.weight.copy_(bitnet.pack_weights(weight.ternary.clone()))
            new.weight_scale.fill_(float(weight.inverse_mean))
        else:
            new = bitnet.AutoBitLinear(
                inputs, outputs, bias=False, online_quant=online, use_rms_norm=use_rms_norm
            )
            with torch.no_grad():
                new.weight.copy_(master if online else weight.ternary)
            if not online:
                new.weight_scale.fill_(float(weight.mean))
        if use_rms_norm:
            nn.init.uniform_(new.rms_norm.weight, 0.5, 1.5, generator=generator)
        model.set_submodule(name, new.eval())
    return model


def logits(model, tokens=4):
    """Return the logits of a prefill of two prompts, then of decode steps with its KV cache."""
    prompt = torch.arange(14).reshape(2, 7) * 3 % VOCABULARY
    steps = []
    with torch.no_grad():
        output = model(prompt, use_cache=True)
        steps.append(output.logits)
        for step in range(tokens):
            following = torch.tensor([[step], [2 * step + 1]])
            output = model(following, past_key_values=output.past_key_values, use_cache=True)
            steps.append(output.logits)
    return torch.cat(steps, 1)


@pytest.mark.parametrize("use_rms_norm", [False, True])
def test_bit_identical_to_bitlinear_of_transformers(bitnet, matmul, use_rms_norm):
    model = quantized(bitnet, "bitlinear", use_rms_norm=use_rms_norm)
    expected = logits(model)
    calls = len(matmul.calls)
    assert replace_bitlinear(model, matmul) == 7 * LAYERS
    assert not any(isinstance(layer, bitnet.BitLinear) for layer in model.modules())
    actual = logits(model)
    assert expected.abs().max() > 0.1
    assert torch.equal(actual, expected)
    # One call for each layer in the prefill of 14 tokens, and in each of 4 decode steps of 2.
    assert len(matmul.calls) - calls == 7 * LAYERS * 5
    assert {len(call) for call in matmul.calls[calls:]} == {4, 1}


@pytest.mark.parametrize("online", [False, True])
def test_close_to_autobitlinear_and_equal_to_bitlinear_of_the_same_weights(bitnet, matmul, online):
    model = quantized(bitnet, "autobitlinear", online=online)
    expected = logits(model)
    exact = quantized(bitnet, "bitlinear")
    for name, layer in model.named_modules():
        if isinstance(layer, bitnet.AutoBitLinear) and not online:
            # The scale that the other convention stores.
            exact.get_submodule(name).weight_scale.copy_(layer.weight_scale.reciprocal())
    assert replace_bitlinear(model, matmul) == 7 * LAYERS
    actual = logits(model)
    assert torch.equal(actual, logits(exact))
    # A quantised activation now and then falls on the other side of a half.
    assert (actual - expected).abs().max() <= 2e-2 * expected.abs().max()


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_one_autobitlinear(bitnet, matmul, online, bias):
    generator = torch.Generator().manual_seed(5)
    layer = bitnet.AutoBitLinear(96, 64, bias=bias, online_quant=online)
    with torch.no_grad():
        master = torch.randn(64, 96, generator=generator) * 0.02
        layer.weight.copy_(master if online else absmean_ternary(master).ternary)
        if bias:
            layer.bias.normal_(generator=generator)
    if not online:
        layer.weight_scale.fill_(0.37)
    model = nn.Sequential(layer)
    x = torch.randn(9, 96, generator=generator)
    with torch.no_grad():
        expected = model(x)
        assert replace_bitlinear(model, matmul) == 1
        actual = model(x)
    rms = expected.square().mean(-1, keepdim=True).sqrt()
    assert ((actual - expected).abs() <= AUTO_TOLERANCE * rms).all()


def test_one_bitlinear_with_bias(bitnet, matmul):
    generator = torch.Generator().manual_seed(6)
    layer = bitnet.BitLinear(48, 12, bias=True, dtype=torch.float32)
    layer.weight.copy_(
        bitnet.pack_weights(torch.randint(-1, 2, (12, 48), dtype=torch.int8, generator=generator))
    )
    layer.weight_scale.fill_(1.7)
    layer.bias.normal_(generator=generator)
    x = torch.randn(3, 5, 48, generator=generator)
    model = nn.Sequential(layer)
    expected = model(x)
    replace_bitlinear(model, matmul)
    assert torch.equal(model(x), expected)


def test_golden_layers(matmul):
    generator = torch.Generator().manual_seed(7)
    network = nn.ModuleDict({"trained": BitLinear(16, 8, bias=True), "frozen": BitLinear(8, 4)})
    network["frozen"] = network["frozen"].freeze()
    x = torch.randn(5, 16, generator=generator)
    with torch.no_grad():
        expected = network["frozen"](network["trained"](x))
    before = len(matmul.calls)
    assert replace_bitlinear(network, matmul) == 2
    assert all(isinstance(layer, RtlBitLinear) for layer in network.values())
    assert torch.equal(network["frozen"](network["trained"](x)), expected)
    assert len(matmul.calls) == before + 2


def test_replaced_layers_are_replaced_again():
    norm = nn.LayerNorm(4)
    weight = TernaryWeight(torch.eye(4, dtype=torch.int8), torch.tensor(2.0))
    network = nn.Sequential(RtlBitLinear(weight, matmul=ternary_matmul, norm=norm))
    expected = network(torch.arange(4.0)[None])
    calls = []
    assert replace_bitlinear(network, lambda q, t: calls.append(q) or ternary_matmul(q, t)) == 1
    assert torch.equal(network(torch.arange(4.0)[None]), expected)
    assert len(calls) == 1


def test_a_shared_layer_stays_shared():
    layer = BitLinear(4, 4)
    network = nn.Sequential(layer, nn.Sequential(layer), nn.Linear(4, 4))
    assert replace_bitlinear(network, ternary_matmul) == 1
    assert network[0] is network[1][0]
    assert isinstance(network[0], FrozenBitLinear)
    assert type(network[2]) is nn.Linear


def test_a_model_without_ternary_layers():
    network = nn.Sequential(nn.Linear(4, 4))
    assert replace_bitlinear(network, ternary_matmul) == 0


def test_wrong_layers_leave_the_model_alone(bitnet):
    half = bitnet.BitLinear(4, 4, bias=False, dtype=torch.bfloat16)
    illegal = bitnet.BitLinear(4, 4, bias=False, dtype=torch.float32)
    illegal.weight.fill_(0b11)
    fractions = bitnet.AutoBitLinear(4, 4, bias=False)
    for layer, error, message in (
        (half, TypeError, r"^weight_scale of a layer must be float32, not torch.bfloat16$"),
        (illegal, ValueError, r"^ternary must be -1, 0 or \+1, not from -1 to 2$"),
        (
            fractions,
            ValueError,
            r"^Weights of an AutoBitLinear must be -1, 0 or \+1, not fractions$",
        ),
    ):
        network = nn.Sequential(BitLinear(4, 4), copy.deepcopy(layer))
        with pytest.raises(error, match=message):
            replace_bitlinear(network, ternary_matmul)
        assert type(network[0]) is BitLinear
