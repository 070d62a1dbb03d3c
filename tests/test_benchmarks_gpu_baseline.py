"""The GPU benchmark: its files with invented measurements, and a machine without a GPU."""

import datetime
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from bitnet_hw.model import Model, load_model
from bitnet_hw.reproduce.reproduction import reproduce
from bitnet_hw.system import load_system

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "gpu_baseline.py"
DATE = datetime.date(2026, 11, 25)


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("gpu_baseline", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def files(benchmark, tmp_path):
    device = benchmark.Device("NVIDIA H100", "580.1", "2.13.0+cu128", 85.0)
    model = load_model("bitnet-b1.58-3b")
    # 100 steps of 4 ms at 300 W; 16 sequences take 5 ms at 350 W.
    first = benchmark.Measurement(batch=1, context=512, steps=100, seconds=0.4, joules=120)
    second = benchmark.Measurement(batch=16, context=512, steps=100, seconds=0.5, joules=175)
    peaks = {"peak_tflops": 989, "peak_gb_per_s": 3350}
    system = benchmark.system_yaml(device, model, first, **peaks, date=DATE)
    (tmp_path / "gpu.yaml").write_text(system)
    figures = benchmark.figures_yaml(device, model, [first, second], tmp_path / "gpu.yaml", DATE)
    (tmp_path / "figures.yaml").write_text(figures)
    return tmp_path


def test_measurement(benchmark):
    second = benchmark.Measurement(batch=16, context=512, steps=100, seconds=0.5, joules=175)
    assert second.tokens_per_second == 3200
    assert second.watts == 350
    assert second.joules_per_token == pytest.approx(0.109375)


def test_system_file(files):
    system = load_system(str(files / "gpu.yaml"))
    assert system.units["gpu"].macs_per_second == pytest.approx(494.5e12)
    # 2 x (3,221,504,000 + 102,400,000) bytes of weights and 332,800 of cache for each of 512
    # tokens, 6.8182 GB, in 4 ms: half of 3350 GB/s.
    assert system.memory.efficiency.nominal == pytest.approx(0.508820, abs=1e-5)
    assert system.power.known["board"].decode_w.nominal == 300
    assert "2026-11-25: driver 580.1, torch 2.13.0+cu128" in system.source


def test_figures_of_the_file(files):
    rows = {row.figure: row for row in reproduce([str(files / "figures.yaml")]).rows}
    first = rows["bitnet-b1.58-3b in FP16, batch 1"]
    # The system was made from it.
    assert (first.published, first.kind) == (250, "calibration")
    assert first.ours == pytest.approx(250, rel=1e-4)
    second = rows["bitnet-b1.58-3b in FP16, batch 16"]
    # 6.8182 GB + 15 x 0.1704 GB at the rate of batch 1: 5.4996 ms.
    assert (second.published, second.kind) == (3200, "reproduced")
    assert second.ours == pytest.approx(2909.3, abs=1)


def test_decoding_loop(benchmark):
    model = Model(
        **{"hidden": 32, "layers": 2, "heads": 4, "kv_heads": 4, "head_dim": 8, "ffn": 64},
        **{"vocab": 50, "context": 64, "tied_embeddings": False},
        activation="silu",
        sub_norms=True,
    )
    runs = []

    def meter(work):
        runs.append(work())
        return 2.0, 10.0

    measured = benchmark.measure(model, steps=4, prompt=6, device="cpu", meter=meter)
    assert [(item.batch, item.context, item.tokens_per_second) for item in measured] == [
        (1, 16, 2),
        (16, 16, 32),
    ]
    assert len(runs) == 2


def test_without_a_gpu(tmp_path):
    result = subprocess.run(
        [sys.executable, BENCHMARK, "-o", tmp_path, "--peak-tflops=989", "--peak-gb-per-s=3350"],
        capture_output=True,
        text=True,
        env={"CUDA_VISIBLE_DEVICES": "", "PATH": ""},
    )
    assert result.returncode == 4
    assert result.stderr.startswith(
        "error: A GPU that PyTorch can use must be present to measure it: PyTorch "
    )
    assert "pip install torch" in result.stderr
    assert list(tmp_path.iterdir()) == []
