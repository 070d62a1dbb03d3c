import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch

from bitnet_hw.array_work import split_jobs
from bitnet_hw.checkpoint_export import export_checkpoint
from bitnet_hw.config import load_config
from bitnet_hw.cycles import CycleCount, cycles
from bitnet_hw.errors import ConfigError, SimulationFailed
from bitnet_hw.inference import check_request, infer
from bitnet_hw.language_model import load_language_model
from bitnet_hw.text_codec import BYTES_MARKER
from golden.matmul import ternary_matmul
from golden.network import freeze

# transformers' layers are compiled on import, and that import warns about PyTorch's own code.
pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)

EXAMPLE = Path(__file__).parents[1] / "examples" / "byte_language_model.py"
example = SimpleNamespace(**run_path(str(EXAMPLE)))
SHAPE = example.Shape(hidden=32, layers=2, ffn=48, head_dim=8, positions=32)
TINY = load_config("tiny")


@pytest.fixture(scope="module")
def frozen():
    return freeze(example.build("ternary", SHAPE, seed=1))


@pytest.fixture(scope="module")
def folder(frozen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    export_checkpoint(frozen, folder, extra=BYTES_MARKER)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return load_language_model(folder)


class Hardware:
    """Multiplies as the golden model does, and counts as the cycle model does."""

    def __init__(self, *, too_many=None, wrong=0):
        self.counters = Counter(dict.fromkeys(CycleCount.__dataclass_fields__, 1000))
        self.too_many = too_many or {}
        self.wrong = wrong

    def __call__(self, q, ternary):
        jobs = split_jobs(TINY.array, *q.shape, len(ternary))
        self.counters.update(asdict(cycles(TINY.array, jobs)))
        self.counters.update(self.too_many)
        return ternary_matmul(q, ternary) + self.wrong


def by_hand(frozen, prompt, count):
    """Continue a prompt without a cache: the whole text anew for each token."""
    tokens = list(prompt)
    with torch.no_grad():
        for _ in range(count):
            tokens.append(int(frozen(torch.tensor([tokens])).logits[0, -1].argmax()))
    return tokens[len(prompt) :]


def test_text_is_the_models_own(model, frozen):
    shown = []
    result = infer(model, TINY, "ab", 12, hardware=None, show=shown.append)
    assert result.text == bytes(by_hand(frozen, b"ab", 12)).decode("utf-8", "replace")
    assert "".join(shown) == result.text
    assert (result.tokens, result.layers, result.backend) == (12, 14, "golden")
    assert result.cycles_simulated is None
    assert result.passed


def test_hardware_gives_the_same_text_and_every_sum_is_compared(model):
    golden = infer(model, TINY, "ab", 6, hardware=None)
    result = infer(model, TINY, "ab", 6, hardware=Hardware())
    assert result.text == golden.text
    assert result.passed
    assert result.cycles_simulated == result.cycles_predicted == golden.cycles_predicted
    # Outputs of one layer: q 32, k and v 16, o 32, gate and up 48, down 32.
    assert result.outputs_checked == 2 * 224 * (2 + 5)


def test_phases(model):
    result = infer(model, TINY, "abc", 5, hardware=Hardware())
    prefill, decode = result.prefill, result.decode
    assert (prefill.tokens, decode.tokens) == (3, 4)
    # Three tokens are two jobs on an array that takes two at a time.
    assert (prefill.work.jobs, decode.work.jobs) == (14 * 2, 14 * 4)
    assert prefill.cycles_simulated == prefill.work.cycles
    assert decode.cycles_simulated == decode.work.cycles
    assert prefill.counters_simulated == prefill.work.counters
    assert decode.counters_simulated == decode.work.counters
    assert decode.work.macs == 4 * 2 * (32 * 32 * 2 + 2 * 32 * 16 + 3 * 32 * 48)


def test_report(model, folder):
    report = infer(model, TINY, "abc", 5, hardware=Hardware()).to_dict()
    json.dumps(report, allow_nan=False)
    decode = report["decode"]
    assert report["checkpoint"] == str(folder)
    assert report["prompt_tokens"] == 3
    assert report["tokens"] == 5
    assert report["cycles_simulated"] == report["cycles_predicted"]
    assert decode["counters_simulated"] == decode["counters_predicted"]
    assert list(decode["counters_simulated"]) == [
        "cycles",
        "busy",
        "weight_wait",
        "activation_wait",
        "output_wait",
    ]
    assert decode["counters_simulated"]["cycles"] == decode["cycles_simulated"]
    assert report["tokens_per_second"] == pytest.approx(4 / (decode["cycles_predicted"] / 1e9))
    assert report["energy_per_token_j"] == pytest.approx(decode["energy_j"] / 4)
    assert decode["energy_j"] == pytest.approx(sum(decode["energy_breakdown_j"].values()))
    assert report["scope"] == "system, BitLinear layers only"


def test_one_token_has_no_rate(model):
    report = infer(model, TINY, "abc", 1, hardware=None).to_dict()
    assert report["tokens_per_second"] is None
    assert report["energy_per_token_j"] is None
    assert report["decode"]["jobs"] == 0
    assert report["prefill"]["jobs"] == 28


@pytest.mark.parametrize("name", list(CycleCount.__dataclass_fields__))
def test_a_wrong_counter_is_found(model, name):
    result = infer(model, TINY, "a", 2, hardware=Hardware(too_many={name: 1}))
    assert not result.passed
    for phase in (result.prefill, result.decode):
        predicted = getattr(phase.work.counters, name)
        assert phase.differences == {name: (predicted + 14, predicted)}
    added = 28 if name == "cycles" else 0
    assert result.cycles_simulated == result.cycles_predicted + added


def test_without_hardware_there_are_no_counters(model):
    result = infer(model, TINY, "a", 2, hardware=None)
    assert result.prefill.counters_simulated is None
    assert result.prefill.differences == {}
    assert result.to_dict()["decode"]["counters_simulated"] is None


def test_wrong_sums_are_found(model):
    with pytest.raises(SimulationFailed, match=r"^Every sum must equal the golden model's, "):
        infer(model, TINY, "a", 2, hardware=Hardware(wrong=1))


def test_the_model_may_end_the_text(folder, frozen, tmp_path):
    stop = by_hand(frozen, b"ab", 12)[4]
    export_checkpoint(frozen, tmp_path, extra=BYTES_MARKER | {"eos_token_id": stop})
    result = infer(load_language_model(tmp_path), TINY, "ab", 12, hardware=None)
    expected = by_hand(frozen, b"ab", 12)
    first = expected.index(stop)
    assert result.stopped
    assert result.tokens == first + 1
    assert result.text == bytes(expected[:first]).decode("utf-8", "replace")


def test_temperature_draws_by_the_seed(model):
    def text(seed):
        return infer(model, TINY, "a", 8, hardware=None, temperature=2.0, seed=seed).text

    assert text(1) == text(1)
    assert text(1) != text(2)


def test_requests(model):
    assert check_request(model, TINY, "abc", 30) == [97, 98, 99]
    with pytest.raises(
        ConfigError,
        match=(
            r"^--prompt and --tokens must fit into the context \(32 tokens\) of .*, "
            r"not have 3 and 31 tokens$"
        ),
    ):
        check_request(model, TINY, "abc", 31)
    with pytest.raises(ConfigError, match=r"^--prompt must hold at least one token, not none$"):
        check_request(model, TINY, "", 1)


def test_tokens_that_the_model_does_not_know(model):
    class Codec:
        def encode(self, text):
            return [1, 256]

    with pytest.raises(
        ConfigError,
        match=r"^Tokens of .* must be below the size of its vocabulary \(256\), not 256$",
    ):
        check_request(replace(model, codec=Codec()), TINY, "a", 1)


def test_the_array_must_take_every_layer(model):
    narrow = load_config("tiny", {"array.max_k": 40})
    with pytest.raises(ConfigError, match=r"^array\.max_k must be at least 48, .*, not 40$"):
        check_request(model, narrow, "a", 1)
