import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from bitnet_hw.checkpoint_export import export_checkpoint, pack_quarters
from bitnet_hw.text_codec import BYTES_MARKER
from golden.network import freeze

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "byte_language_model.py"
example = SimpleNamespace(**run_path(str(EXAMPLE)))
SHAPE = example.Shape(hidden=32, layers=2, ffn=48, head_dim=8, positions=32)


@pytest.fixture(scope="module")
def frozen():
    return freeze(example.build("ternary", SHAPE, seed=1))


def test_quarters_of_rows_in_one_byte():
    ternary = torch.tensor([[-1], [0], [1], [1], [0], [-1], [1], [0]], dtype=torch.int8)
    # Rows 0, 2, 4, 6 and 1, 3, 5, 7, plus one, lowest bits first.
    assert pack_quarters(ternary).tolist() == [[0b10_01_10_00], [0b01_00_10_01]]
    assert ternary.flatten().tolist() == [-1, 0, 1, 1, 0, -1, 1, 0]


def test_packs_as_transformers():
    from transformers.integrations.bitnet import pack_weights

    ternary = torch.randint(-1, 2, (64, 7), dtype=torch.int8)
    assert torch.equal(pack_quarters(ternary), pack_weights(ternary.clone()))


def test_transformers_loads_it_and_computes_the_same_bits(frozen, tmp_path):
    from transformers import AutoModelForCausalLM

    export_checkpoint(frozen, tmp_path, extra=BYTES_MARKER)
    loaded, info = AutoModelForCausalLM.from_pretrained(
        tmp_path, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert type(loaded.model.layers[0].mlp.down_proj).__name__ == "BitLinear"
    assert loaded.config.bitnet_hw_tokenizer == "bytes"
    tokens = torch.randint(256, (3, 20), generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        assert torch.equal(loaded(tokens).logits, frozen(tokens).logits)


def test_files(frozen, tmp_path):
    paths = export_checkpoint(frozen, tmp_path / "new", extra={"quantization_config": None})
    assert [path.name for path in paths] == ["config.json", "model.safetensors"]
    config = json.loads(paths[0].read_text())
    assert config["model_type"] == "bitnet"
    assert config["quantization_config"] == {
        "quant_method": "bitnet",
        "linear_class": "bitlinear",
        "quantization_mode": "offline",
    }
    tensors = load_file(paths[1])
    query = frozen.model.layers[0].self_attn.q_proj
    name = "model.layers.0.self_attn.q_proj"
    assert tensors[f"{name}.weight"].dtype == torch.uint8
    assert list(tensors[f"{name}.weight"].shape) == [8, 32]
    assert tensors[f"{name}.weight_scale"].tolist() == [float(query.inverse_mean)]
    others = [tensor for key, tensor in tensors.items() if "_proj" not in key]
    assert {tensor.dtype for tensor in others} == {torch.float32}
    assert "lm_head.weight" in tensors
    assert len(tensors) == 2 * 7 * 2 + 2 + 1 + 2 * 4


def test_outputs_in_quarters():
    with pytest.raises(
        ValueError, match=r"^The outputs of a packed layer must be a multiple of 4, not 6$"
    ):
        pack_quarters(torch.zeros(6, 3, dtype=torch.int8))


def test_biases_are_refused(frozen, tmp_path):
    model = freeze(frozen)
    model.model.layers[1].mlp.up_proj.bias = torch.zeros(48)
    with pytest.raises(
        ValueError, match=r"^Layer model\.layers\.1\.mlp\.up_proj must have no bias$"
    ):
        export_checkpoint(model, tmp_path / "none")
    assert not (tmp_path / "none").exists()
