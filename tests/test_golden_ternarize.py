import pytest
import torch
from torch import nn

from golden.bitlinear import BitLinear
from golden.ternarize import ternarize


def network():
    torch.manual_seed(0)
    return nn.ModuleDict({
        "body": nn.Sequential(nn.Linear(6, 8, bias=False), nn.ReLU(), nn.Linear(8, 4)),
        "head": nn.Linear(4, 3),
    })


def test_layers_keep_their_parameters():
    model = network()
    before = dict(model.named_parameters())
    assert ternarize(model, keep=("head",)) == 2
    assert type(model["body"][0]) is BitLinear
    assert type(model["body"][2]) is BitLinear
    assert type(model["head"]) is nn.Linear
    after = dict(model.named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)


def test_outputs_are_those_of_ternary_layers():
    model = network()
    ternarize(model)
    layer = model["body"][0]
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -1.0, 0.1, 0, 0, 0]] * 8))
    # The mean is 0.35; 1 and -1 become +-1, and 0.1 becomes 0.
    x = torch.tensor([[127.0, 0, 127.0, 0, 0, 0]])
    torch.testing.assert_close(layer(x), torch.full((1, 8), 127 * 0.35))


def test_a_second_time_changes_nothing_and_mode_is_kept():
    model = network().eval()
    assert ternarize(model) == 3
    assert ternarize(model) == 0
    assert not any(layer.training for layer in model.modules())


def test_keep_must_name_layers():
    with pytest.raises(
        ValueError, match=r"^keep must name linear layers of the network, not 'tail'$"
    ):
        ternarize(network(), keep=("tail",))


def test_other_types_are_refused():
    with pytest.raises(TypeError, match=r"^Layer body\.0 must be float32, not torch\.bfloat16$"):
        ternarize(network().to(torch.bfloat16))
