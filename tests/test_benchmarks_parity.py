"""Checkpoints of every kind beside transformers' own, with the code of the benchmark."""

import json
from dataclasses import replace

import pytest
import torch

from benchmarks import parity, parity_check
from benchmarks.parity_cases import Case, all_cases, exact_copy, fused_copy
from bitnet_hw.checkpoint.reader import open_checkpoint
from bitnet_hw.errors import ConfigError
from sim.rtl_matmul import RtlMatmul

# transformers' module is compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

LAYERS = 2
LOGITS = 2 * (7 + 4) * 50
# The first is stored as bitnet-b1.58-2B-4T is.
SOME = [
    Case("bitnet", "autobitlinear", torch.bfloat16, tied=True, sharded=False, rms_norm=False),
    Case("falcon", "bitlinear", torch.bfloat16, tied=False, sharded=True, rms_norm=False),
    Case("llama", "autobitlinear online", torch.float16, tied=True, sharded=True, rms_norm=True),
]


@pytest.fixture(scope="module")
def matmul(build_root):
    return RtlMatmul(parity.GEOMETRY, build_root=build_root)


def check(cases, matmul):
    before = len(matmul.calls)
    results = parity_check.run_cases(cases, matmul)
    assert list(results) == cases
    # Each layer, in the prefill and in each of 4 decode steps.
    assert len(matmul.calls) - before == len(cases) * 7 * LAYERS * 5
    for case, result in results.items():
        online = case.packing == "autobitlinear online"
        assert result.passed, case.label
        assert result.checkpoints == 2 - online
        assert result.matrices == 7 * LAYERS * result.checkpoints
        assert result.logits == result.rtl_logits == LOGITS
        different = (result.matrices_different, result.logits_different)
        assert (*different, result.rtl_logits_different) == (0, 0, 0), case.label
        assert (result.layer_error == 0) == (case.packing == "bitlinear")
        assert result.layer_error <= 1e-5, case.label
        assert result.model_error <= 0.5, case.label


@pytest.mark.parametrize("case", SOME, ids=lambda case: case.label)
def test_a_checkpoint_equals_transformers(case, matmul):
    check([case], matmul)


@pytest.mark.long
def test_every_checkpoint_equals_transformers(matmul):
    cases = all_cases()
    # Families and heads, packings, types, sharded or not, with and without norms.
    assert len(cases) == len(set(cases)) == 5 * 3 * 3 * 2 * 2
    check(cases, matmul)


def test_a_wrong_sum_is_found(matmul):
    def wrong(q, ternary):
        sums = matmul(q, ternary)
        sums[0, 0] += 1
        return sums

    [result] = parity_check.run_cases([SOME[1]], wrong).values()
    assert result.logits_different == 0
    assert result.rtl_logits_different > 0
    assert not result.passed


def test_a_wrong_matrix_is_found(matmul, tmp_path):
    case = replace(SOME[1], sharded=False)
    checkpoint = case.checkpoint()
    folder = checkpoint.write(tmp_path / "stored")
    packed = checkpoint.tensors["model.layers.1.mlp.up_proj.weight"]
    packed[0, 0] += 1 if packed[0, 0] & 3 < 2 else -1
    checkpoint.tensors["model.layers.0.self_attn.q_proj.weight_scale"] *= 2
    changed = checkpoint.write(tmp_path / "changed")
    result = parity_check.Parity()
    with parity_check.eager(True):
        network = parity_check.load_with_transformers(folder)
        parity_check.compare_matrices(open_checkpoint(changed), network, result)
    assert (result.matrices, result.matrices_different) == (7 * LAYERS, 2)


def test_a_missing_weight_is_not_made_up(tmp_path):
    checkpoint = SOME[1].checkpoint()
    del checkpoint.tensors["model.norm.weight"]
    folder = checkpoint.write(tmp_path / "stored")
    with pytest.raises(ValueError, match=r"missing_keys must be empty, not .*model\.norm\.weight"):
        parity_check.load_with_transformers(folder)


def test_copies():
    with parity_check.eager(True):
        checkpoint = SOME[0].checkpoint()
        exact, fused = exact_copy(checkpoint), fused_copy(checkpoint)
    name = "model.layers.0.self_attn.q_proj.weight"
    assert exact.config["quantization_config"]["linear_class"] == "bitlinear"
    assert torch.equal(exact.tensors[name], checkpoint.tensors[name])
    stored = checkpoint.tensors[f"{name}_scale"]
    assert stored.dtype == torch.bfloat16
    assert exact.tensors[f"{name}_scale"].tolist() == [1 / stored.to(torch.float32)]
    assert name not in fused.tensors
    qkv = fused.tensors["model.layers.0.self_attn.qkv_proj.weight"]
    # 4 heads of queries, 2 of keys and 2 of values, 16 wide; 4 weights in a byte.
    assert list(qkv.shape) == [(4 + 2 + 2) * 16 // 4, 64]
    assert len(fused.tensors["model.layers.0.self_attn.qkv_proj.weight_scale"]) == 3


def test_the_command(monkeypatch, capsys, build_root):
    monkeypatch.setattr(parity, "all_cases", lambda: SOME)
    monkeypatch.setattr(
        parity, "RtlMatmul", lambda geometry, **_: RtlMatmul(geometry, build_root=build_root)
    )
    parity.main(packing=["bitlinear"], output_format=parity.Format.JSON)
    printed = json.loads(capsys.readouterr().out)
    assert printed["passed"] is True
    assert [case["case"] for case in printed["cases"]] == [SOME[1].label]
    assert printed["by_packing"]["all"]["logits"] == LOGITS
    parity.main(packing=["bitlinear"])
    assert "float, the model" in capsys.readouterr().out


def test_wrong_packing():
    with pytest.raises(ConfigError, match=r"^--packing must be one of bitlinear, .*, not gptq$"):
        parity.main(packing=["bitlinear", "gptq"])
